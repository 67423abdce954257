import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { journalContract } from './contract.ts';

journalContract('the SQLite journal', async (t) => {
  const directory = await temporaryFolder(t);
  return { journal: () => openSqliteJournal({ directory, synchronous: 'OFF' }) };
});
