/**
 * `npx tsx scripts/inspector-pictures.ts`: the pictures of docs/inspector, every view in light and dark, taken of a real
 * process with the stub driver. The inspector must be built: `npx vite build --config inspector/vite.config.ts`.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bucketOf } from '../actors/host/stays.ts';
import { openSqliteJournal } from '../actors/journal/sqlite-journal.ts';
import { emptyBatch } from '../bench/support/parked-sessions.ts';
import { openTab } from '../test/inspector/page.ts';
import { launchChromium } from '../test/support/chromium.ts';
import { setStage } from '../test/support/inspector-stage.ts';

const folder = fileURLToPath(new URL('../docs/inspector', import.meta.url));
/** A README should not be heavy. */
const MOST_BYTES = 150_000;

const ends: (() => unknown)[] = [];

/** As days of use leave it: people answered within seconds, so that who waits for longer is stuck. */
async function usedData(): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), 'troupe-pictures-'));
  ends.push(() => rmSync(data, { recursive: true, force: true }));
  const journal = openSqliteJournal({ directory: data });
  await journal.open();
  const stay = { kind: 'command', state: 'AWAITING_APPROVAL.asking' };
  const stays = { 1200: 200, 2500: 90, 4000: 10 };
  const writes = Object.entries(stays).map(([ms, count]) => ({
    into: 'stays' as const,
    row: { ...stay, bucket: bucketOf(Number(ms)), count }
  }));
  await journal.commit({ ...emptyBatch(), writes });
  await journal.close();
  return data;
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { manager, ask, comment } = await setStage(
    { after: (end) => ends.push(end) },
    { args: ['--slots', '3'], data: await usedData() }
  );
  await Promise.all([comment('ada', 'Lovely 🎭'), comment('bo', 'Where was this?'), comment('cleo', 'Bravo!')]);
  const denied = await ask('bo', 'Buy my book');
  const { body } = await manager.request<{ items: { approval_id: string }[] }>(
    'GET',
    `/v1/approvals?command_id=${denied}`
  );
  const { body: then } = await manager.request<{ head: string }>('GET', '/v1/events?limit=1');
  await manager.request('POST', `/v1/approvals/${body.items[0]?.approval_id}`, { decision: 'deny' });
  await manager.commandEnd(denied);
  const waiting = await ask('ada', 'Will you come on Friday?\nThere will be cake.');
  await ask('cleo', 'Thank you for the kind words.');

  const views = {
    now: ['', 'Needs attention'],
    stuck: ['/stuck', '99 of 100 within'],
    approvals: ['/approvals', 'send_message'],
    sessions: ['/sessions', 'Take over'],
    actors: ['/actors', 'asking'],
    actor: [`/actors/command/${waiting}`, 'You may'],
    search: ['', 'Needs attention'],
    machines: ['/machines/command', 'RUNNING'],
    drivers: ['/drivers', 'slot-3'],
    timeline: ['/timeline', 'PENDING'],
    past: [`?at=${then.head}`, 'Then'],
    sequence: [`/sequence?command_id=${denied}`, 'approval'],
    'sign-in': ['', 'Token']
  } as const;
  const browser = await launchChromium();
  ends.push(() => browser.close());
  for (const theme of ['light', 'dark'] as const) {
    for (const [name, [path, text]] of Object.entries(views)) {
      const { page, open, close } = await openTab(browser, manager, {
        theme,
        height: 640,
        signedIn: name !== 'sign-in'
      });
      await open(path);
      if (name !== 'sign-in') await page.getByText('live', { exact: true }).waitFor();
      await page.getByText(text).first().waitFor();
      await page
        .getByText(/^(Reading|Laying)/)
        .first()
        .waitFor({ state: 'detached' });
      if (name === 'search') {
        await page.keyboard.press('/');
        await page.getByRole('combobox', { name: 'Any id' }).fill('a');
        await page.getByRole('option').first().waitFor();
      }
      if (name === 'approvals') await page.getByRole('button', { name: 'Edit…' }).first().click();
      const file = join(folder, `${name}-${theme}.png`);
      await page.screenshot({ path: file });
      await close();
      const { size } = statSync(file);
      if (size > MOST_BYTES) throw new Error(`${file} has ${size} bytes, more than ${MOST_BYTES}`);
    }
  }
}

main()
  .finally(async () => {
    for (const end of ends.reverse()) await end();
  })
  .catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
