import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isControlError } from '../../../schemas/errors.ts';
import { MemoryJournal } from '../../support/memory-journal.ts';
import { journalContract } from './contract.ts';
import { actorOf, batchOf, eventsFrom } from './samples.ts';

journalContract('the journal in memory', () => {
  let last: MemoryJournal | undefined;
  return {
    journal: () => {
      last = last ? last.crash() : new MemoryJournal();
      return last;
    }
  };
});

describe('the journal in memory', () => {
  const gate = () => {
    let apply = () => {};
    let resolve = () => {};
    const reached = withResolvers();
    const onCommit = (now: () => void) => {
      apply = now;
      const { promise, resolve: release } = withResolvers();
      resolve = release;
      reached.resolve();
      return promise;
    };
    return { onCommit, reached: reached.promise, apply: () => apply(), resolve: () => resolve() };
  };

  it('has nothing of a batch when the process ends before it is durable', async () => {
    const { onCommit, reached, apply, resolve } = gate();
    const journal = new MemoryJournal({ onCommit });
    await journal.open();
    const commit = journal.commit(batchOf({ events: eventsFrom(1, 2), actors: [actorOf('command/c1')] }));
    await reached;
    const next = journal.crash({});
    apply();
    resolve();
    await assert.rejects(commit, (error) => isControlError(error, 'JOURNAL_UNAVAILABLE'));
    assert.deepEqual(await next.open(), { head: 0, tail: 0, boot: 2 });
    assert.deepEqual(await next.loadActors(['command/c1']), []);
  });

  it('has all of it when the process ends after that and before the host hears of it', async () => {
    const { onCommit, reached, apply } = gate();
    const journal = new MemoryJournal({ onCommit });
    await journal.open();
    void journal.commit(batchOf({ events: eventsFrom(1, 2), actors: [actorOf('command/c1')] }));
    await reached;
    const before = journal.fork({});
    apply();
    const after = journal.crash({});
    assert.deepEqual(await before.open(), { head: 0, tail: 0, boot: 2 });
    assert.deepEqual(await after.open(), { head: 2, tail: 1, boot: 2 });
    assert.equal((await after.loadActors(['command/c1'])).length, 1);
  });

  it('refuses writes while it is told to', async () => {
    const journal = new MemoryJournal();
    await journal.open();
    journal.refuse('database or disk is full');
    await assert.rejects(journal.commit(batchOf({ events: eventsFrom(1, 1) })), /disk is full/);
    assert.deepEqual(await journal.probe(), { ok: false, why: 'database or disk is full' });
    journal.refuse(null);
    await journal.commit(batchOf({ events: eventsFrom(1, 1) }));
  });

  it('keeps what it was given then, whatever becomes of it later', async () => {
    const journal = new MemoryJournal();
    await journal.open();
    const record = actorOf('command/c1');
    await journal.commit(batchOf({ actors: [record] }));
    record.state = 'changed';
    const [read] = await journal.loadActors(['command/c1']);
    assert.equal(read?.state, 'RUNNING.PREPARING');
    read!.state = 'changed';
    assert.equal((await journal.loadActors(['command/c1']))[0]?.state, 'RUNNING.PREPARING');
  });
});

/** `Promise.withResolvers` is not in Node 20. */
function withResolvers() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
