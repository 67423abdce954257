import type { Put } from '../../../actors/host/contract.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import type { Rows } from '../../../actors/profile/store.ts';
import { batchOf } from '../journal/samples.ts';

/** The rows of a journal in this folder, without a host over it. */
export async function rowsIn(directory: string): Promise<Rows & { close(): Promise<void> }> {
  const journal = openSqliteJournal({ directory });
  await journal.open();
  return {
    find: (...asked) => journal.find(...asked),
    write: (writes) => journal.commit(batchOf({ writes: writes as Put[] })),
    close: () => journal.close()
  };
}
