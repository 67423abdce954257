import type { Clock } from '../../actors/host/timer-queue.ts';

interface Entry {
  at: number;
  order: number;
  run: () => void;
}

/** Time that stands still until somebody asks what comes next. Equal times keep their order. */
export class VirtualTime {
  /** ms since 1970, and never back: what a stopwatch would say. */
  now: number;
  /** What the wall clock is wrong by, ms. */
  #error = 0;
  #entries: Entry[] = [];
  #order = 0;

  constructor(start = 1_700_000_000_000) {
    this.now = start;
  }

  /** What a clock on the wall says. */
  get wall(): number {
    return this.now + this.#error;
  }

  /** Somebody sets the clock, or a time service does. */
  jump(ms: number) {
    this.#error += ms;
  }

  at(ms: number, run: () => void): Entry {
    const entry = { at: this.now + Math.max(0, ms), order: this.#order++, run };
    let i = this.#entries.length;
    while (i > 0 && (this.#entries[i - 1] as Entry).at > entry.at) i--;
    this.#entries.splice(i, 0, entry);
    return entry;
  }

  cancel(entry: unknown) {
    const i = this.#entries.indexOf(entry as Entry);
    if (i >= 0) this.#entries.splice(i, 1);
  }

  /** Runs all there is to run until then, also what only comes up meanwhile; stops early when `done`. */
  async runFor(ms: number, done: () => boolean = () => false) {
    const until = this.now + ms;
    await settle();
    while (!done() && (await this.#step(until)));
    if (!done()) this.now = until;
  }

  /** Runs the next thing and lets every promise it settled run on; false when nothing is left before `until`. */
  async #step(until: number): Promise<boolean> {
    const next = this.#entries[0];
    if (!next || next.at > until) return false;
    this.#entries.shift();
    this.now = next.at;
    next.run();
    await settle();
    return true;
  }

  /** A clock for one life of a process: what it set is gone when `isAlive` is false. `late`: by how much a timer is. */
  clock(isAlive: () => boolean, late: () => number): Clock {
    return {
      now: () => this.wall,
      steady: () => this.now,
      setTimeout: (run, ms) => this.at(ms + late(), () => isAlive() && run()),
      clearTimeout: (handle) => this.cancel(handle)
    };
  }
}

/** Lets promises run on until each waits for time. */
const settle = () => new Promise((resolve) => setImmediate(resolve));
