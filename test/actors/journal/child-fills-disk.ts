/**
 * Run on a file system of its own that is small: fills it through the journal in argv[2], makes room, goes on; prints
 * one line of JSON with what happened. argv[3] says who makes room: `ballast` (a file beside it) or `limit` (this
 * process's own file size limit).
 */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { toFailure } from '../../../schemas/errors.ts';
import { actorOf, batchOf, eventAt, eventsFrom } from './samples.ts';

const [directory, how] = [process.argv[2]!, process.argv[3]!];
const ballast = join(directory, 'ballast');
if (how === 'ballast') writeFileSync(ballast, Buffer.alloc(6_000_000));

const journal = openSqliteJournal({ directory });
await journal.open();
const payload = { ...eventAt(1).payload, text: 'x'.repeat(2_000) };
let head = 0;
const commit = async () => {
  await journal.commit(
    batchOf({ events: eventsFrom(head + 1, 50, { payload }), actors: [actorOf(`command/c${head}`)] })
  );
  head += 50;
};

let refused: unknown;
while (!refused && head < 100_000) {
  await commit().catch((error) => {
    refused = error;
  });
}
// A probe writes one page, and there may be room for some.
let probes = 0;
while (how === 'limit' && probes < 1_000 && (await journal.probe()).ok) probes += 1;
const whileFull = {
  refused: toFailure(refused),
  bounds: await journal.bounds(),
  read: (await journal.readEvents(head - 1, 10)).rows.length,
  ghost: (await journal.loadActors([`command/c${head}`])).length,
  again: await commit().then(
    () => 'written',
    (error) => toFailure(error).code
  ),
  probe: await journal.probe()
};

if (how === 'ballast') rmSync(ballast);
else spawnSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited'], { stdio: 'inherit' });
const before = head;
await commit();
const probe = await journal.probe();
await journal.close();
const reopened = openSqliteJournal({ directory });
const opened = await reopened.open();
await reopened.close();
process.stdout.write(`${JSON.stringify({ before, whileFull, after: { head, probe, opened } })}\n`);
