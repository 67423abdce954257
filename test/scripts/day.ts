/**
 * One person's day with Troupe, as the README shows it: the commands are run, one after the other, against an instance of
 * their own, and what they print for people is the transcript. `npx tsx test/scripts/day.ts` prints it anew.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '../../client/client.ts';
import { stubInstance, troupe } from '../server/cli/harness.ts';

/** Nothing is really driven, which is said where it is shown: so it runs anywhere, and the same every time. */
export async function day(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-day-'));
  const up = await stubInstance(join(folder, 'data'));
  const client = createClient({ url: up.endpoints.control, token: up.adminToken.token });
  const lines: string[] = [];
  /** What a person types, and what they read. */
  const types = async (line: string) => {
    lines.push(`$ npx troupe ${line}`);
    const words = (line.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map((word) => word.replaceAll("'", ''));
    const { out, err, code } = await troupe([...words, '--data', up.dataDir], { columns: 100, env: { NO_COLOR: '1' } });
    if (code !== 0) throw new Error(`${line} ended with ${code}: ${err}`);
    lines.push(
      ...out
        .trimEnd()
        .split('\n')
        .map((printed) => printed.trimEnd())
    );
  };
  try {
    // At any time of day.
    const message = { per_hour: null, per_day: null, apart_s: null, hours: null };
    await client.request('PUT', '/v1/accounts/ada', { body: { platform: 'x', limits: { message } } });
    await types("run examples/flows/welcome.json --account ada --param to=bob --param text='Welcome, Bob'");
    const [command] = (await client.commands().page()).items;
    if (!command) throw new Error('the command is not there');
    let approval = '';
    while (approval === '')
      approval = (await client.approvals({ state: 'PENDING' }).page()).items[0]?.approval_id ?? '';
    await types('approvals --state PENDING');
    await types(`approve ${approval.slice(0, 8)} --text 'Welcome, Bob!' --note 'more cheerful'`);
    await client.wait(command.command_id);
    await types(
      `tail --cursor 0 --until caught-up --command ${command.command_id} --type action.attempted action.verified`
    );
    await types('commands --account ada');
    await types(`audit --command ${command.command_id}`);
    await types('audit verify');
  } finally {
    await up.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return lines.join('\n');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.stdout.write(`${await day()}\n`);
