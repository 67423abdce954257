import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TimerRow } from '../../../actors/host/contract.ts';
import { type Clock, TimerQueue } from '../../../actors/host/timer-queue.ts';

const DAY_MS = 86_400_000;

/** Time passes, and beside it somebody sets the clock. */
class MovableClock implements Clock {
  #steady = 0;
  #shown = 1_000_000_000;
  #waiting: { at: number; run: () => void }[] = [];

  now = () => this.#shown;
  steady = () => this.#steady;

  setTimeout(run: () => void, ms: number) {
    const entry = { at: this.#steady + ms, run };
    this.#waiting.push(entry);
    return entry;
  }

  clearTimeout(handle: unknown) {
    this.#waiting = this.#waiting.filter((entry) => entry !== handle);
  }

  set(byMs: number) {
    this.#shown += byMs;
  }

  pass(ms: number) {
    const until = this.#steady + ms;
    for (;;) {
      const next = this.#waiting.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      const to = next?.at ?? until;
      this.#shown += to - this.#steady;
      this.#steady = to;
      if (!next) return;
      this.clearTimeout(next);
      next.run();
    }
  }
}

function queueOf(clock: MovableClock, kept: TimerRow[] = []) {
  const fired: string[] = [];
  const back: number[] = [];
  const queue = new TimerQueue({
    clock,
    fire: ({ id }) => fired.push(id),
    isKept: () => true,
    load: async () => kept,
    onTrouble: (error) => assert.fail(String(error)),
    onClockBack: (ms) => back.push(ms),
    retryMs: 500
  });
  const row = (id: string, ms: number): TimerRow => ({
    address: 'a/b',
    id,
    dueAt: clock.now() + ms,
    event: { type: id }
  });
  return { queue, fired, back, row };
}

describe('timers under a clock that is moved', () => {
  it('back keep the time they had left, those set before and those set after', async () => {
    const clock = new MovableClock();
    const { queue, fired, back, row } = queueOf(clock);
    await queue.start();
    queue.set(row('early', 1_000));
    queue.set(row('late', 5_000));
    clock.pass(500);
    clock.set(-DAY_MS);
    queue.set(row('between', 2_000));
    assert.deepEqual(back, [DAY_MS]);
    clock.pass(499);
    assert.deepEqual(fired, []);
    clock.pass(1);
    assert.deepEqual(fired, ['early']);
    clock.pass(1_500);
    assert.deepEqual(fired, ['early', 'between']);
    clock.pass(2_500);
    assert.deepEqual(fired, ['early', 'between', 'late']);
  });

  it('back, while nothing is set: they fire in their time all the same', async () => {
    const clock = new MovableClock();
    const { queue, fired, row } = queueOf(clock);
    await queue.start();
    queue.set(row('only', 30_000));
    clock.set(-DAY_MS);
    clock.pass(30_000);
    assert.deepEqual(fired, ['only']);
  });

  it('forward are late and fire within a minute', async () => {
    const clock = new MovableClock();
    const { queue, fired, back, row } = queueOf(clock);
    await queue.start();
    queue.set(row('hour', 3_600_000));
    queue.set(row('week', 7 * DAY_MS));
    clock.set(DAY_MS);
    clock.pass(60_000);
    assert.deepEqual(fired, ['hour']);
    assert.deepEqual(back, []);
  });

  it('forward by mistake and back again fire neither early nor late', async () => {
    const clock = new MovableClock();
    const { queue, fired, row } = queueOf(clock);
    await queue.start();
    queue.set(row('before', 50_000));
    clock.set(DAY_MS);
    queue.set(row('meanwhile', 10_000));
    clock.set(-DAY_MS);
    clock.pass(10_000);
    assert.deepEqual(fired, ['meanwhile']);
    clock.pass(39_999);
    assert.deepEqual(fired, ['meanwhile']);
    clock.pass(1);
    assert.deepEqual(fired, ['meanwhile', 'before']);
  });

  it('back while nothing ran go on with the time they had left then', async () => {
    const clock = new MovableClock();
    const kept: TimerRow[] = [];
    const { queue, fired, row } = queueOf(clock, kept);
    kept.push(row('kept', 1_500));
    clock.set(-DAY_MS);
    await queue.start(DAY_MS);
    clock.pass(1_499);
    assert.deepEqual(fired, []);
    clock.pass(1);
    assert.deepEqual(fired, ['kept']);
  });
});
