/**
 * Run as a process of its own: commits batches to the journal in argv[2] until it is killed, and says which are durable.
 * Batch n has n % 7 + 1 events, the newest record of `command/c<n>`, a tell and a ledger row.
 */
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { actorOf, batchOf, eventsFrom } from './samples.ts';

const journal = openSqliteJournal({ directory: process.argv[2]! });
let { head } = await journal.open();
for (let n = Number(process.argv[3]); ; n += 1) {
  const count = (n % 7) + 1;
  await journal.commit(
    batchOf({
      events: eventsFrom(head + 1, count, { actorId: `c${n}` }),
      actors: [actorOf(`command/c${n}`, { step: count, lastCursor: head + count })],
      tells: {
        sent: [{ id: `command/c${n}#1.0`, from: null, to: 'session/s', event: { type: 'x', n } }],
        consumed: []
      },
      writes: [
        {
          into: 'ledger',
          row: {
            dedupe_key: `d${n}`,
            command_id: `c${n}`,
            action: 'A',
            effect_id: null,
            state: 'ATTEMPTED',
            updated_at: n
          }
        }
      ]
    })
  );
  head += count;
  process.stdout.write(`${n}\n`);
}
