/**
 * Run as a process of its own: commits ten batches to the journal in argv[2] with `synchronous` argv[3], says so, and
 * ends itself with SIGKILL. With the shim that is a power cut.
 */
import { openSqliteJournal, type Synchronous } from '../../actors/journal/sqlite-journal.ts';
import { batchOf, eventsFrom } from '../actors/journal/samples.ts';

const journal = openSqliteJournal({ directory: process.argv[2]!, synchronous: process.argv[3] as Synchronous });
await journal.open();
for (let n = 0; n < 10; n += 1) await journal.commit(batchOf({ events: eventsFrom(n + 1, 1) }));
process.stdout.write('committed\n');
process.kill(process.pid, 'SIGKILL');
