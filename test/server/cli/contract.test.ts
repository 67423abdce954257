/** The command line against its contract: each command and flag is there, each ending has its code. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { configOptions } from '../../../server/config.ts';
import type { Troupe } from '../../../server/start.ts';
import { stubInstance, temporaryFolder, troupe } from './harness.ts';

const ends: (() => unknown)[] = [];
const folder = temporaryFolder({ after: (end) => void ends.push(end as () => unknown) });
let up: Troupe;
before(async () => {
  up = await stubInstance(join(folder, 'data'));
});
after(async () => {
  await up.stop();
  for (const end of ends) await end();
});

const CLIENT = ['--data', '--url', '--telemetry-url', '--token', '--ca', '--cert', '--key', '--json'];
const commands: [command: string, flags: string[]][] = [
  ['start', ['--data', '--control', '--telemetry', '--driver', '--slots', '--no-recipes', '--config']],
  ['demo', ['--keep']],
  [
    'run',
    ['--param', '--account', '--platform', '--session', '--follow', '--wait', '--timeout', '--dry-run', ...CLIENT]
  ],
  [
    'tail',
    [
      '--cursor',
      '--until',
      '--severity',
      '--type',
      '--kind',
      '--session',
      '--account',
      '--platform',
      '--command',
      '--correlation',
      ...CLIENT
    ]
  ],
  ['sessions', ['--state', '--account', '--platform', '--since', '--limit', ...CLIENT]],
  ['commands', ['--state', '--type', '--session', '--correlation', '--account', '--platform', '--since', ...CLIENT]],
  ['approvals', ['--state', ...CLIENT]],
  ['flows', ['--platform', ...CLIENT]],
  ['approve', ['--note', '--text', ...CLIENT]],
  ['deny', ['--note', ...CLIENT]],
  ['takeover', CLIENT],
  ['handback', CLIENT],
  ['cancel', ['--reason', ...CLIENT]],
  ['token create', ['--service', '--allow', '--account', '--expires', ...CLIENT]],
  ['token list', CLIENT],
  ['token rotate', ['--grace', ...CLIENT]],
  ['token revoke', CLIENT],
  ['backup', ['--data']],
  ['doctor', ['--data', '--config', '--quick', '--json']],
  ['check-upgrade', []],
  ['inspect', CLIENT]
];

describe('each command of the contract', () => {
  for (const [command, flags] of commands) {
    it(`troupe ${command} is there, with ${flags.length} flags`, async () => {
      const { code, out } = await troupe([...command.split(' '), '--help']);
      assert.equal(code, 0);
      for (const flag of flags) assert.match(out, new RegExp(`^ .*${flag}\\b`, 'm'), flag);
    });
  }

  it('refuses a flag and an argument that there is not, by its name, with the code for wrong usage', async () => {
    for (const [command] of commands) {
      const { code, err } = await troupe([...command.split(' '), '--no-such-flag']);
      assert.equal(code, 2, command);
      // What has to be there is asked for first.
      assert.match(err, /--no-such-flag|required option/);
    }
    const { code, err } = await troupe(['dance']);
    assert.deepEqual([code, /dance/.test(err)], [2, true]);
  });
});

describe('each option of start', () => {
  for (const { key, flag, variable } of configOptions) {
    it(`${key} is a flag, a variable and a key, and refused by the name its user gave it`, async () => {
      const wrong = key === 'data' ? '' : key === 'recipes' || key === 'insecure' ? 'perhaps' : '\u0000';
      const { out } = await troupe(['start', '--help']);
      assert.match(out, new RegExp(`${flag.replace('--', '--(no-)?')}\\b`));
      const isText = [
        'machines',
        'profile_keys',
        'recipe_apps',
        'recipe_targets',
        'hosts',
        'tls_cert',
        'tls_key',
        'client_ca',
        'data'
      ].includes(key);
      const file = join(folder, `${key}.json`);
      writeFileSync(file, JSON.stringify({ [key]: isText ? 7 : { wrong: true } }));
      const byFile = await troupe(['start', '--config', file]);
      assert.equal(byFile.code, 2, byFile.err);
      assert.ok(byFile.err.includes(`'${key}' in ${file}`), byFile.err);
      if (isText) return;
      const byVariable = await troupe(['start'], { env: { [variable]: wrong } });
      assert.equal(byVariable.code, 2, byVariable.err);
      assert.ok(byVariable.err.includes(variable), byVariable.err);
    });
  }
});

describe('an exit code', () => {
  const run = (...more: string[]) =>
    troupe([
      'run',
      'comment_on_post',
      '--param',
      'post_url=https://x.test/1',
      '--param',
      `text=${more.join(' ')}`,
      ...more,
      '--data',
      up.dataDir
    ]);

  it('is 0 when it is done, also when it is only looked at', async () => {
    assert.equal((await run('--platform', 'x', '--account', 'ada', '--wait')).code, 0);
    const dry = await run('--platform', 'x', '--account', 'ada', '--dry-run', '--wait');
    assert.equal(dry.code, 0);
    assert.equal(dry.json.at(-1).dry_run, true);
    const writes = dry.json.at(-1).actions.filter(({ effect }: { effect: string }) => effect === 'write');
    assert.deepEqual(
      writes.map(({ attempts }: { attempts: number }) => attempts),
      [0]
    );
  });

  it('is 1 for what failed, 2 for what was asked wrongly, 3 where nobody is, 4 for who may not, 5 for what takes too long', async () => {
    const none = '00000000-0000-4000-8000-000000000000';
    assert.equal((await troupe(['cancel', none, '--data', up.dataDir])).code, 1);
    assert.equal((await run('--platform', 'myspace')).code, 2);
    assert.equal((await troupe(['flows', '--data', join(folder, 'nobody')])).code, 3);
    assert.equal((await troupe(['flows', '--url', 'http://127.0.0.1:1', '--token', 'x'])).code, 3);
    assert.equal((await troupe(['flows', '--token', 'trp_guess', '--data', up.dataDir])).code, 4);
    const asks = {
      name: 'asks',
      platforms: ['x'],
      approval: 'required',
      actions: [{ attempt: 'SAY', effect: 'write', steps: [{ type: 'click', selectors: ['#say'] }] }]
    };
    const put = await fetch(`${up.endpoints.control}/v1/flows/asks`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${up.adminToken.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(asks)
    });
    assert.equal(put.status, 201, await put.text());
    // It runs in one place, so that need not be said.
    const late = await troupe(['run', 'asks', '--account', 'eve', '--wait', '--timeout', '0.01', '--data', up.dataDir]);
    assert.equal(late.code, 5, late.err);
    const denied = troupe(['run', 'asks', '--account', 'fay', '--wait', '--data', up.dataDir]);
    for (let ended = false; !ended; ) {
      const { json } = await troupe(['approvals', '--state', 'PENDING', '--data', up.dataDir]);
      for (const { approval_id } of json) await troupe(['deny', approval_id, '--data', up.dataDir]);
      ended = await Promise.race([
        denied.then(() => true),
        new Promise<false>((resolve) => setTimeout(resolve, 20, false))
      ]);
    }
    assert.equal((await denied).code, 4);
  });

  it('of a run that names no platform is 2 where several are meant, with their names', async () => {
    const { code, err } = await run('--account', 'nobody-yet');
    assert.equal(code, 2);
    assert.match(err, /which platform\?.*--platform/);
  });
});

describe('what is printed', () => {
  it('is a table for people, without colours where they are not wanted, and JSON lines for programs', async () => {
    const flows = ['flows', '--data', up.dataDir];
    const people = await troupe(flows, { columns: 120 });
    assert.match(people.out, /^\S*FLOW/);
    const plain = await troupe(flows, { columns: 120, env: { NO_COLOR: '1' } });
    assert.ok(!plain.out.includes('\u001b['));
    assert.ok((await troupe(flows)).json.length >= 2);
    assert.ok((await troupe([...flows, '--json'], { columns: 120 })).json.length >= 2);
  });
});
