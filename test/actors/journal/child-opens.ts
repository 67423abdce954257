/** Opens the journal in argv[2] and prints the code of the error, or `opened`. */
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { toFailure } from '../../../schemas/errors.ts';

const journal = openSqliteJournal({ directory: process.argv[2]! });
const answer = await journal.open().then(
  () => 'opened',
  (error) => toFailure(error).code
);
await journal.close();
process.stdout.write(`${answer}\n`);
