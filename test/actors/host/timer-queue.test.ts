import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { TimerPlace, TimerRow } from '../../../actors/host/contract.ts';
import { type Clock, TimerQueue, type TimerQueueOptions } from '../../../actors/host/timer-queue.ts';
import { VirtualTime } from '../../simulation/virtual-time.ts';

const rowOf = (id: string, dueAt: number, address = 'job/a'): TimerRow => ({ address, id, dueAt, event: { type: id } });
const keyOf = ({ address, id }: TimerRow) => `${address} ${id}`;
const compare = (a: TimerPlace, b: TimerPlace) =>
  a.dueAt - b.dueAt ||
  (a.address < b.address ? -1 : a.address > b.address ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** A queue over a journal of timers: what is set or cleared is in the journal first, as a commit has it. */
class Stage {
  readonly time: VirtualTime;
  readonly journal = new Map<string, TimerRow>();
  readonly fired: string[] = [];
  readonly loads: number[] = [];
  readonly troubles: unknown[] = [];
  /** How long a read of the journal takes, ms; its answer is from when it began. */
  readMs = 0;
  fails = 0;
  readonly queue: TimerQueue;

  constructor(options: Partial<TimerQueueOptions> = {}, time = new VirtualTime(0)) {
    this.time = time;
    this.queue = new TimerQueue({
      clock: this.time.clock(
        () => true,
        () => 0
      ),
      fire: (row) => {
        this.fired.push(row.id);
        // The step it makes clears it, in a commit a little later.
        this.time.at(1, () => this.clear(row));
      },
      isKept: (address) => !address.startsWith('fleeting/'),
      load: async (place, limit) => {
        if (this.fails-- > 0) throw new Error('away');
        const rows = [...this.journal.values()]
          .filter((row) => place === null || compare(row, place) > 0)
          .sort(compare)
          .slice(0, limit);
        this.loads.push(rows.length);
        if (this.readMs > 0) await new Promise<void>((resolve) => this.time.at(this.readMs, resolve));
        return rows;
      },
      onTrouble: (error) => this.troubles.push(error),
      onClockBack: () => {},
      retryMs: 500,
      window: 10,
      ...options
    });
  }

  set(row: TimerRow) {
    if (!row.address.startsWith('fleeting/')) this.journal.set(keyOf(row), row);
    this.queue.set(row);
  }

  clear(row: TimerRow) {
    // Set anew meanwhile: that one stays.
    if (this.journal.get(keyOf(row)) !== row && !row.address.startsWith('fleeting/')) return;
    this.journal.delete(keyOf(row));
    this.queue.clear(row);
  }
}

describe('the queue of timers', () => {
  it('has the nearest of a hundred thousand in memory, and fires each once, in order', async () => {
    const stage = new Stage({ window: 1_000 });
    const rows = Array.from({ length: 100_000 }, (_, i) => rowOf(`t${i}`, 10 + ((i * 7919) % 100_003)));
    for (const row of rows) stage.journal.set(keyOf(row), row);
    await stage.queue.start();
    assert.equal(stage.queue.size, 1_000);
    let most = 0;
    for (let ms = 0; ms < 100_100; ms += 500) {
      await stage.time.runFor(500);
      most = Math.max(most, stage.queue.size);
    }
    assert.ok(most <= 2_000, `${most} were in memory`);
    assert.deepEqual(
      stage.fired,
      rows.toSorted(compare).map(({ id }) => id)
    );
    assert.equal(stage.journal.size, 0);
  });

  it('fires those that are late at once and in order, however many windows they fill', async () => {
    const stage = new Stage();
    const rows = Array.from({ length: 95 }, (_, i) => rowOf(`t${i}`, -1_000 + i));
    for (const row of rows) stage.journal.set(keyOf(row), row);
    await stage.queue.start();
    await stage.time.runFor(0);
    assert.deepEqual(
      stage.fired,
      rows.map(({ id }) => id)
    );
  });

  it('fires nothing kept before it is started', async () => {
    const stage = new Stage();
    stage.set(rowOf('kept', 5));
    stage.set(rowOf('fleeting', 5, 'fleeting/a'));
    await stage.time.runFor(10);
    assert.deepEqual(stage.fired, ['fleeting']);
    await stage.queue.start();
    await stage.time.runFor(0);
    assert.deepEqual(stage.fired, ['fleeting', 'kept']);
  });

  it('waits longer than a timeout of Node can, and looks at a clock that was moved within a minute', async () => {
    const stage = new Stage();
    await stage.queue.start();
    const month = 31 * 86_400_000;
    stage.set(rowOf('next month', month));
    stage.set(rowOf('tomorrow', 86_400_000));
    // The wall clock jumps by two days; what is timed goes on as if nothing had been.
    let jumped = 0;
    const time = new VirtualTime(0);
    const clock: Clock = {
      now: () => time.now + jumped,
      steady: () => time.now,
      setTimeout: (run, ms) => {
        assert.ok(ms <= 60_000);
        return time.at(ms, run);
      },
      clearTimeout: (handle) => time.cancel(handle)
    };
    const moved = new Stage({ clock }, time);
    await moved.queue.start();
    moved.set(rowOf('tomorrow', 86_400_000));
    jumped = 2 * 86_400_000;
    await moved.time.runFor(60_000);
    assert.deepEqual(moved.fired, ['tomorrow']);
    jumped = -86_400_000;
    moved.set(rowOf('soon', moved.time.now + jumped + 5_000));
    await moved.time.runFor(4_999);
    assert.deepEqual(moved.fired, ['tomorrow']);
    await moved.time.runFor(1);
    assert.deepEqual(moved.fired, ['tomorrow', 'soon']);

    await stage.time.runFor(month - 1);
    assert.deepEqual(stage.fired, ['tomorrow']);
    await stage.time.runFor(1);
    assert.deepEqual(stage.fired, ['tomorrow', 'next month']);
  });

  it('tries again when the journal cannot be read', async () => {
    const stage = new Stage();
    stage.fails = 3;
    stage.journal.set('job/a t', rowOf('t', 5));
    await stage.queue.start();
    assert.equal(stage.troubles.length, 1);
    await stage.time.runFor(1_499);
    assert.deepEqual(stage.fired, []);
    await stage.time.runFor(1);
    assert.deepEqual(stage.fired, ['t']);
  });

  it('keeps nothing of timers that are set and cleared over and over', async () => {
    const stage = new Stage({ window: 1_000 });
    await stage.queue.start();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 300_000; i++) {
      const row = rowOf(`t${i % 50}`, 1_000_000 + i);
      stage.set(row);
      if (i % 3 > 0) stage.clear(row);
    }
    assert.ok(stage.queue.size <= 50);
    const grown = process.memoryUsage().heapUsed - before;
    assert.ok(grown < 150e6, `${grown} bytes more`);
  });

  it('loses and doubles none, whatever is set, moved and cleared while it reads', async () => {
    const id = fc.integer({ min: 0, max: 70 }).map((n) => `t${n}`);
    const act = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ do: fc.constant('set' as const), id, in: fc.integer({ min: 0, max: 300 }) })
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('clear' as const), id, in: fc.constant(0) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), id, in: fc.integer({ min: 0, max: 60 }) }) }
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -20, max: 400 }), { maxLength: 60 }),
        fc.array(act, { maxLength: 80 }),
        fc.integer({ min: 0, max: 20 }),
        async (first, acts, readMs) => {
          const stage = new Stage({ window: 4 });
          stage.readMs = readMs;
          const due = new Map<string, TimerRow>();
          const over: TimerRow[] = [];
          const expire = () => {
            for (const row of [...due.values()].sort(compare)) {
              if (row.dueAt > stage.time.now) break;
              due.delete(keyOf(row));
              over.push(row);
            }
          };
          for (const [i, dueAt] of first.entries()) {
            const row = rowOf(`t${i}`, dueAt);
            due.set(keyOf(row), row);
            stage.journal.set(keyOf(row), row);
          }
          void stage.queue.start();
          await stage.time.runFor(readMs);
          for (const one of acts) {
            // Reads take time: what fell due meanwhile fires by the end of it.
            await stage.time.runFor(one.do === 'wait' ? one.in : 0);
            expire();
            const known = due.get(`job/a ${one.id}`);
            const times = (ids: string[]) => ids.filter((fired) => fired === one.id).length;
            // It is due and waits for the read: its actor has not heard of it and would not do anything with it yet.
            if (times(over.map((row) => row.id)) > times(stage.fired)) continue;
            if (one.do === 'set') {
              const row = rowOf(one.id, stage.time.now + 1 + one.in);
              due.set(keyOf(row), row);
              stage.set(row);
            } else if (one.do === 'clear' && known) {
              due.delete(keyOf(known));
              stage.clear(known);
            }
            assert.ok(stage.queue.size <= 9, `${stage.queue.size} are in memory`);
          }
          await stage.time.runFor(10_000);
          expire();
          const count = (ids: string[]) => [...ids].sort();
          assert.deepEqual(count(stage.fired), count(over.map((row) => row.id)));
        }
      ),
      { numRuns: 2000, seed: 20261121 }
    );
  });
});
