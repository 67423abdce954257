import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fromPromise, setup } from 'xstate';
import type { ActorHost, ActorKind, EventRow } from '../../../actors/host/contract.ts';
import { effect } from '../../../actors/host/effect.ts';
import { createEmbeddedHost, type EmbeddedHostOptions } from '../../../actors/host/embedded-host.ts';
import type { Clock } from '../../../actors/host/timer-queue.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { hostActions } from '../../../machines/protocol.ts';
import { isControlError } from '../../../schemas/errors.ts';

/** Work that the test answers, and everything it was asked. */
class Hands {
  readonly asked: { id: string; resumed: boolean; input: unknown; signal: AbortSignal }[] = [];
  #answers: ((output: unknown) => void)[] = [];
  #waiting: (() => void)[] = [];

  readonly work = effect<unknown, unknown>(({ input, signal, effect }) => {
    this.asked.push({ ...effect, input, signal });
    for (const resolve of this.#waiting.splice(0)) resolve();
    return new Promise((resolve, reject) => {
      this.#answers.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  });

  answer(index: number, output: unknown) {
    this.#answers[index]?.(output);
  }

  async askedTimes(count: number) {
    while (this.asked.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

const jobMachine = setup({
  types: { context: {} as { limitMs: number; to: string } },
  actors: { work: fromPromise<unknown, unknown>(async () => null) },
  actions: { ...hostActions },
  delays: { limit: ({ context }) => context.limitMs }
}).createMachine({
  id: 'job',
  context: ({ input }) => ({ limitMs: 60_000, to: 'tally/one', ...(input as object) }),
  initial: 'idle',
  states: {
    idle: { on: { go: 'working' } },
    working: {
      invoke: {
        id: 'work',
        src: 'work',
        input: ({ context }: { context: { to: string } }) => ({ to: context.to }),
        onDone: 'over',
        onError: 'idle'
      },
      on: { stop: 'idle' },
      after: { limit: 'late' }
    },
    over: {
      type: 'final',
      entry: { type: 'tell', params: ({ context }) => ({ to: context.to, event: { type: 'add' } }) }
    },
    late: {}
  }
});

const tallyMachine = setup({ types: { context: {} as { count: number } } }).createMachine({
  id: 'tally',
  context: { count: 0 },
  on: {
    add: {
      actions: setup({ types: { context: {} as { count: number } } }).assign({
        count: ({ context }) => context.count + 1
      })
    }
  }
});

/** A clock that is set, not waited for; what was due fires when it is moved. */
class ManualClock implements Clock {
  #now = Date.now();
  #set = new Map<number, { at: number; run: () => void }>();
  #next = 0;
  now = () => this.#now;
  setTimeout = (run: () => void, ms: number) => {
    this.#set.set(++this.#next, { at: this.#now + ms, run });
    return this.#next;
  };
  clearTimeout = (handle: unknown) => void this.#set.delete(handle as number);
  move(ms: number) {
    this.#now += ms;
    for (const [id, { at, run }] of [...this.#set].sort((a, b) => a[1].at - b[1].at)) {
      if (at > this.#now || !this.#set.delete(id)) continue;
      run();
    }
  }
}

class Process {
  readonly hands = new Hands();
  readonly rows: EventRow[] = [];
  readonly host: ActorHost;

  constructor(directory: string, options: Partial<EmbeddedHostOptions> = {}) {
    const kinds: ActorKind[] = [
      { kind: 'job', machine: jobMachine.provide({ actors: { work: this.hands.work } }), durable: true },
      { kind: 'tally', machine: tallyMachine, durable: true },
      { kind: 'fleeting', machine: tallyMachine, durable: false }
    ];
    this.host = createEmbeddedHost({ journal: openSqliteJournal({ directory }), kinds, letGoMs: 200, ...options });
    this.host.onCommit((rows) => this.rows.push(...rows));
  }

  /** As if the process were gone: its journal is closed under it first, so nothing it still does is written. */
  async crash() {
    await this.host.journal.close();
    await this.host.stop();
  }
}

async function directory(t: TestContext) {
  const path = await mkdtemp(join(tmpdir(), 'troupe-host-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function started(t: TestContext, path: string, options?: Partial<EmbeddedHostOptions>) {
  const process = new Process(path, options);
  t.after(() => process.host.stop());
  await process.host.start();
  return process;
}

const reaches = (host: ActorHost, address: string, state: string) =>
  host.waitFor(address, (view) => view.state === state, { timeoutMs: 200_000 });

describe('the embedded host', () => {
  it('answers a create once it is on disk, and never makes an address twice', async (t) => {
    const { host } = await started(t, await directory(t));
    const view = await host.create('job/a', {});
    assert.equal(view.state, 'idle');
    assert.deepEqual(view.accepts, ['go']);
    assert.equal((await host.journal.loadActors(['job/a'])).length, 1);
    await assert.rejects(host.create('job/a', {}), (e) => isControlError(e, 'ACTOR_EXISTS'));
  });

  it('starts an effect only after the transition that declares it is on disk', async (t) => {
    const { host, hands } = await started(t, await directory(t));
    await host.create('job/a', {});
    const sent = host.send('job/a', { type: 'go' });
    await hands.askedTimes(1);
    const [record] = await host.journal.loadActors(['job/a']);
    assert.equal(record?.state, 'working');
    await sent;
  });

  it('refuses what the state does not accept, with the alternatives, and logs it', async (t) => {
    const { host, rows } = await started(t, await directory(t));
    await host.create('job/a', {});
    await assert.rejects(host.send('job/a', { type: 'stop' }), (e) => {
      assert.ok(isControlError(e, 'EVENT_REJECTED'));
      assert.deepEqual((e.details as { legal: string[] }).legal, ['go']);
      return true;
    });
    assert.equal(rows.at(-1)?.type, 'event.rejected');
    await assert.rejects(host.send('job/none', { type: 'go' }), (e) => isControlError(e, 'ACTOR_NOT_FOUND'));
  });

  it('delivers what an actor tells exactly once', async (t) => {
    const { host, hands } = await started(t, await directory(t));
    await host.create('tally/one', {});
    await host.create('job/a', {});
    await host.send('job/a', { type: 'go' });
    await hands.askedTimes(1);
    hands.answer(0, 'x');
    await reaches(host, 'job/a', 'over');
    const tally = await host.waitFor('tally/one', (v) => v.context.count === 1, { timeoutMs: 60_000 });
    assert.equal(tally?.context.count, 1);
    assert.equal((await host.journal.pending()).tells, 0);
  });

  it('aborts the effect of a state that is left, and waits for it before the next', async (t) => {
    const { host, hands } = await started(t, await directory(t));
    await host.create('job/a', {});
    await host.send('job/a', { type: 'go' });
    await hands.askedTimes(1);
    await host.send('job/a', { type: 'stop' });
    assert.equal(hands.asked[0]?.signal.aborted, true);
    await host.send('job/a', { type: 'go' });
    await hands.askedTimes(2);
    assert.notEqual(hands.asked[0]?.id, hands.asked[1]?.id);
    hands.answer(0, 'too late');
    hands.answer(1, 'in time');
    assert.ok(await reaches(host, 'job/a', 'over'));
  });

  it('keeps a thousand concurrent sends in order, one writer an actor', async (t) => {
    const { host, rows } = await started(t, await directory(t), { maxBatch: 64 });
    await host.create('tally/one', {});
    const views = await Promise.all(Array.from({ length: 1000 }, () => host.send('tally/one', { type: 'add' })));
    assert.deepEqual(
      views.map(({ context }) => context.count),
      Array.from({ length: 1000 }, (_, i) => i + 1)
    );
    assert.deepEqual(
      rows.map(({ cursor }) => cursor),
      Array.from({ length: rows.length }, (_, i) => i + 1)
    );
  });
});

describe('after a crash', () => {
  it('an effect without a result is started again, with the same id and resumed', async (t) => {
    const path = await directory(t);
    const before = new Process(path);
    await before.host.start();
    await before.host.create('job/a', {});
    await before.host.send('job/a', { type: 'go' });
    await before.hands.askedTimes(1);
    await before.crash();

    const { host, hands } = await started(t, path);
    await hands.askedTimes(1);
    assert.equal(hands.asked[0]?.id, before.hands.asked[0]?.id);
    assert.deepEqual([before.hands.asked[0]?.resumed, hands.asked[0]?.resumed], [false, true]);
    assert.deepEqual(host.status.recovered, { actors: 1, timers: 1, effects: 1, tells: 0 });
    hands.answer(0, 'x');
    assert.ok(await reaches(host, 'job/a', 'over'));
  });

  it('a timer that fell due meanwhile fires at once, and one that did not keeps its time', async (t) => {
    const path = await directory(t);
    const clock = new ManualClock();
    const before = new Process(path, { clock });
    await before.host.start();
    await before.host.create('job/soon', { limitMs: 1_000 });
    await before.host.create('job/later', { limitMs: 100_000 });
    for (const id of ['soon', 'later']) await before.host.send(`job/${id}`, { type: 'go' });
    await before.crash();

    clock.move(50_000);
    const { host } = await started(t, path, { clock });
    const soon = reaches(host, 'job/soon', 'late');
    clock.move(0);
    assert.ok(await soon);
    assert.equal((await host.read('job/later'))?.state, 'working');
    const later = reaches(host, 'job/later', 'late');
    clock.move(50_000);
    assert.ok(await later);
  });

  it('cursors go on where they were, and a volatile actor is gone', async (t) => {
    const path = await directory(t);
    const before = new Process(path);
    await before.host.start();
    await before.host.create('fleeting/a', {});
    await before.host.create('job/a', {});
    const { head } = before.host;
    await before.crash();

    const { host } = await started(t, path);
    assert.equal(host.head, head);
    assert.equal(await host.read('fleeting/a'), undefined);
    assert.equal((await host.create('fleeting/a', {})).lastCursor, head + 1);
  });
});

describe('a journal that cannot be written', () => {
  it('accepts nothing, loses nothing from inside, and goes on when it can be again', async (t) => {
    const path = await directory(t);
    const journal = openSqliteJournal({ directory: path });
    let full = false;
    const commit = journal.commit.bind(journal);
    journal.commit = async (batch) => {
      if (full) {
        const { ControlError } = await import('../../../schemas/errors.ts');
        throw new ControlError('JOURNAL_UNAVAILABLE', { reason: 'no space left on device' });
      }
      return commit(batch);
    };
    const { host, hands } = await started(t, path, { journal, retryMs: 20 });
    await host.create('job/a', {});
    await host.send('job/a', { type: 'go' });
    await hands.askedTimes(1);
    full = true;
    await assert.rejects(host.create('job/b', {}), (e) => isControlError(e, 'JOURNAL_UNAVAILABLE'));
    hands.answer(0, 'kept');
    assert.match(host.status.journalError?.message ?? '', /no space left/);
    assert.equal((await host.read('job/a'))?.state, 'working');
    full = false;
    assert.ok(await reaches(host, 'job/a', 'over'), 'the result that came while the disk was full is not lost');
    assert.equal(host.status.journalError, null);
    await host.create('job/b', {});
  });
});

describe('stopping', () => {
  it('takes nothing new, lets effects go, and can be started again', async (t) => {
    const path = await directory(t);
    const { host, hands } = await started(t, path);
    await host.create('job/a', {});
    await host.send('job/a', { type: 'go' });
    await hands.askedTimes(1);
    const stopping = host.stop();
    await assert.rejects(host.create('job/b', {}), (e) => isControlError(e, 'DRAINING'));
    await stopping;
    assert.equal(hands.asked[0]?.signal.aborted, true);
    const again = await started(t, path);
    await again.hands.askedTimes(1);
    assert.equal(again.hands.asked[0]?.resumed, true);
  });
});
