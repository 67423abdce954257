/**
 * Takes one data directory after the other: for each of argv[2…] it waits for `<directory>.go`, tries, prints `taken` or
 * the error's code, and keeps what it has until it is killed.
 */
import { existsSync } from 'node:fs';
import { openDataDirectory } from '../../../actors/journal/data-directory.ts';
import { toFailure } from '../../../schemas/errors.ts';

process.stdin.resume().on('close', () => process.exit());
process.stdout.write('ready\n');
for (const directory of process.argv.slice(2)) {
  // Spins rather than polls, so that all who wait here start within microseconds of each other.
  const giveUpAt = performance.now() + 60_000;
  while (!existsSync(`${directory}.go`)) if (performance.now() > giveUpAt) process.exit(1);
  const answer = await openDataDirectory(directory).then(
    () => 'taken',
    (error) => toFailure(error).code
  );
  process.stdout.write(`${answer}\n`);
}
