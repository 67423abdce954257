import type { TimerRow } from './contract.ts';

/** Time as the host sees it; a test's clock moves only when told to. */
export interface Clock {
  /** ms since 1970 */
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout)
};

/** Node's own limit of a timeout; a later one is looked at again then. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Every actor's timers under one real one: a binary heap by due time, then by age. A cleared timer stays in the heap
 * until its turn and is passed over then, so that clearing is cheap.
 */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #fire: (row: TimerRow) => void;
  readonly #heap: { row: TimerRow; order: number }[] = [];
  readonly #live = new Map<string, TimerRow>();
  #order = 0;
  #handle: unknown;
  #handleDueAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(clock: Clock, fire: (row: TimerRow) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  get size(): number {
    return this.#live.size;
  }

  set(row: TimerRow) {
    this.#live.set(key(row), row);
    this.#push({ row, order: this.#order++ });
    this.#arm();
  }

  clear(timer: { address: string; id: string }) {
    this.#live.delete(key(timer));
  }

  stop() {
    this.#stopped = true;
    this.#clock.clearTimeout(this.#handle);
  }

  #arm() {
    const next = this.#heap[0];
    if (this.#stopped || !next || next.row.dueAt >= this.#handleDueAt) return;
    this.#clock.clearTimeout(this.#handle);
    this.#handleDueAt = next.row.dueAt;
    const wait = Math.min(LONGEST_MS, Math.max(0, next.row.dueAt - this.#clock.now()));
    this.#handle = this.#clock.setTimeout(() => this.#run(), wait);
  }

  #run() {
    this.#handleDueAt = Number.POSITIVE_INFINITY;
    if (this.#stopped) return;
    const now = this.#clock.now();
    while (this.#heap[0] && this.#heap[0].row.dueAt <= now) {
      const { row } = this.#pop();
      if (this.#live.get(key(row)) !== row) continue;
      this.#live.delete(key(row));
      this.#fire(row);
    }
    this.#arm();
  }

  #push(entry: { row: TimerRow; order: number }) {
    const heap = this.#heap;
    heap.push(entry);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(heap[at]!, heap[parent]!)) break;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  #pop() {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      let at = 0;
      for (;;) {
        const left = 2 * at + 1;
        let least = at;
        if (left < heap.length && before(heap[left]!, heap[least]!)) least = left;
        if (left + 1 < heap.length && before(heap[left + 1]!, heap[least]!)) least = left + 1;
        if (least === at) break;
        [heap[at], heap[least]] = [heap[least]!, heap[at]!];
        at = least;
      }
    }
    return top;
  }
}

const key = ({ address, id }: { address: string; id: string }) => `${address} ${id}`;

const before = (a: { row: TimerRow; order: number }, b: { row: TimerRow; order: number }) =>
  a.row.dueAt < b.row.dueAt || (a.row.dueAt === b.row.dueAt && a.order < b.order);
