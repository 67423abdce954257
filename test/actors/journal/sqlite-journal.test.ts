import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Connection } from '../../../actors/journal/connection.ts';
import { MAX_EXAMINED, STRETCH } from '../../../actors/journal/search.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { journalContract } from './contract.ts';
import { actorOf, batchOf, eventsFrom, withContext } from './samples.ts';

journalContract('the SQLite journal', async (t) => {
  const directory = await temporaryFolder(t);
  return { journal: () => openSqliteJournal({ directory, synchronous: 'OFF' }) };
});

describe('the SQLite journal', () => {
  it('finds the one old actor among many, in one page while they are few and in several when they are not', async (t) => {
    const journal = openSqliteJournal({ directory: await temporaryFolder(t), synchronous: 'OFF' });
    t.after(() => journal.close());
    await journal.open();
    const state = 'SUCCEEDED';
    const add = (from: number, to: number) =>
      journal.commit(
        batchOf({
          actors: Array.from({ length: to - from }, (_, index) =>
            actorOf(`command/c${from + index}`, { createdAt: from + index, state })
          )
        })
      );
    await journal.commit(batchOf({ actors: [withContext('command/rare', { n: 7 }, { createdAt: 0, state })] }));
    const query = { kind: 'command', state: [state, 'FAILED'], context: { n: 7 } };

    await add(1, 2 * STRETCH);
    const few = await journal.queryActors(query);
    assert.deepEqual(
      few.items.map((record) => record.id),
      ['rare']
    );
    assert.equal(few.next, null);

    await add(2 * STRETCH, MAX_EXAMINED + 10);
    const first = await journal.queryActors(query);
    assert.deepEqual(first.items, []);
    assert.ok(first.next, 'it says that there may be more');
    const second = await journal.queryActors({ ...query, page: first.next });
    assert.deepEqual(
      second.items.map((record) => record.id),
      ['rare']
    );
    assert.equal(second.next, null);
  });

  it('answers reads of every kind while a commit takes long', async (t) => {
    const directory = await temporaryFolder(t);
    const journal = openSqliteJournal({ directory, busyLimitMs: 60_000 });
    t.after(() => journal.close());
    await journal.open();
    await journal.commit(batchOf({ events: eventsFrom(1, 1), actors: [actorOf('command/c1')] }));
    const other = await Connection.open(join(directory, 'journal.db'), 'read-write');
    t.after(() => other.close());
    await other.exec('BEGIN IMMEDIATE');
    let done = false;
    const commit = journal.commit(batchOf({ events: eventsFrom(2, 1) })).then(() => {
      done = true;
    });
    assert.equal((await journal.loadActors(['command/c1'])).length, 1);
    assert.equal((await journal.queryActors({ kind: 'command' })).items.length, 1);
    assert.equal((await journal.readEvents(0, 10)).rows.length, 1);
    assert.deepEqual(await journal.find('ledger'), []);
    assert.deepEqual(await journal.bounds(), { tail: 1, head: 1 });
    assert.equal(done, false, 'it still waits for the lock');
    await other.exec('ROLLBACK');
    await commit;
    assert.deepEqual(await journal.bounds(), { tail: 1, head: 2 });
  });
});
