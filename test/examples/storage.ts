import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Journal } from '../../actors/host/contract.ts';
import { openSqliteJournal } from '../../actors/journal/sqlite-journal.ts';
import { MemoryJournal } from '../support/memory-journal.ts';
import type { Storage } from './hosted-stage.ts';

export function memory(): Storage {
  let journal = new MemoryJournal();
  return {
    open: () => journal,
    crashed: async () => {
      journal = journal.crash();
    }
  };
}

/** The real one. Its lock is of this process, so it has to be closed before the next one takes over. */
export async function disk(t: TestContext): Promise<Storage> {
  const directory = await mkdtemp(join(tmpdir(), 'troupe-examples-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return { open: () => openSqliteJournal({ directory }), crashed: (journal: Journal) => journal.close() };
}
