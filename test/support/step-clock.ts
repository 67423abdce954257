import type { Clock } from '../../actors/host/timer-queue.ts';

/** A clock that is moved, for several processes one after another: what a dead one had set never runs. */
export class StepClock {
  #now: number;
  #order = 0;
  readonly #set = new Map<number, { at: number; run: () => void }>();

  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  /** Whatever is due by then runs, in order; what that sets anew counts from the new time. */
  move(ms: number) {
    this.#now += ms;
    const due = [...this.#set].filter(([, { at }]) => at <= this.#now).sort(([, a], [, b]) => a.at - b.at);
    for (const [id, { run }] of due) if (this.#set.delete(id)) run();
  }

  of(isAlive: () => boolean): Clock {
    return {
      now: () => this.#now,
      setTimeout: (run, ms) => {
        this.#set.set(++this.#order, { at: this.#now + ms, run: () => isAlive() && run() });
        return this.#order;
      },
      clearTimeout: (handle) => void this.#set.delete(handle as number)
    };
  }
}
