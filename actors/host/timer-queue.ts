import type { Address, TimerPlace, TimerRow } from './contract.ts';

/** Time as the host sees it; a test's clock moves only when told to. */
export interface Clock {
  /** ms since 1970 */
  now(): number;
  /** ms since whenever, never put back; absent where `now` never is either. */
  steady?(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout)
};

export interface TimerQueueOptions {
  clock: Clock;
  fire(row: TimerRow): void;
  /** Timers of this actor are in the journal, so that they need not all be in memory. */
  isKept(address: Address): boolean;
  /** The next kept timers after this place; all of them when there are fewer than `limit`. */
  load(place: TimerPlace | null, limit: number): Promise<TimerRow[]>;
  /** A load failed; another follows in `retryMs`. */
  onTrouble(error: unknown): void;
  /** The clock was put back by so much while timers ran. */
  onClockBack(ms: number): void;
  retryMs: number;
  /** Kept timers read at a time; at most twice as many are in memory. Default 5,000. */
  window?: number;
}

/** The clock is looked at so often at least, ms: it may have been moved, or the machine have slept. */
const LOOK_MS = 60_000;
/** Less is a clock being kept right; more is one that was moved. */
const JUMP_MS = 1_000;
/** Entries of the heap that are over, beside those that live, before they are thrown out. */
const LEFTOVERS = 1_000;

/** The place before all. */
const START: TimerPlace = { dueAt: Number.NEGATIVE_INFINITY, address: '', id: '' };

/**
 * Every actor's timers under one real one: a binary heap by due time, then by age.
 *
 * A hundred thousand resting actors have a timer each, due in hours. Of kept timers only the *window* is in memory: all up
 * to the place `#horizon` in the journal's order. What is set beyond it is left to the journal; when the window runs low,
 * the next are read; when it has grown to twice its size, its farther half is let go. Timers of actors that the journal
 * does not keep are always here.
 *
 * A timer fires when its time has come by the clock, or the time it was set for has passed, whichever is first: a clock that
 * is put forward, or a machine that slept, makes late timers fire at once, and one that is put back makes none later. What
 * the journal holds beyond the window knows the clock alone.
 *
 * While a read is under way its answer may already be old: what was set or cleared meanwhile counts, not what was read.
 */
export class TimerQueue {
  readonly #options: TimerQueueOptions;
  readonly #window: number;
  readonly #live = new Map<string, TimerRow>();
  #kept = 0;
  #heap: Entry[] = [];
  #order = 0;
  /** Kept timers up to here are in memory; null: all of them. */
  #horizon: TimerPlace | null = START;
  /** While a read is under way: each timer that was set (its row), or cleared or fired (null), since it began. */
  #meanwhile: Map<string, TimerRow | null> | undefined;
  /** The clock ahead of the steady one, when last looked at. */
  #offset: number;
  #handle: unknown;
  #handleDueAt = Number.POSITIVE_INFINITY;
  #retry: unknown;
  #stopped = false;

  constructor(options: TimerQueueOptions) {
    this.#options = options;
    this.#window = options.window ?? 5_000;
    this.#offset = this.#offsetNow();
  }

  /** In memory. */
  get size(): number {
    return this.#live.size;
  }

  /**
   * From now on kept timers fire, too; resolves when the first are in memory. Those that are late fire at once, in order.
   * @param behindMs by so much the clock was put back since they were set
   */
  start(behindMs = 0): Promise<void> {
    return this.#read(behindMs);
  }

  set(row: TimerRow) {
    this.#meanwhile?.set(key(row), row);
    if (this.#isBeyond(row)) {
      this.#drop(key(row));
      return;
    }
    this.#noteClock();
    this.#put(row);
    this.#shrink();
    this.#arm();
  }

  clear(timer: { address: string; id: string }) {
    this.#meanwhile?.set(key(timer), null);
    this.#drop(key(timer));
    if (this.#heap.length > 2 * this.#live.size + LEFTOVERS) this.#rebuild();
    this.#readIfLow();
  }

  stop() {
    this.#stopped = true;
    this.#options.clock.clearTimeout(this.#handle);
    this.#options.clock.clearTimeout(this.#retry);
  }

  #isBeyond = (row: TimerRow) =>
    this.#horizon !== null && this.#options.isKept(row.address) && compare(row, this.#horizon) > 0;

  #put(row: TimerRow, dueAt = row.dueAt) {
    this.#drop(key(row));
    this.#live.set(key(row), row);
    if (this.#options.isKept(row.address)) this.#kept++;
    push(this.#heap, { row, order: this.#order++, dueAt, steadyDueAt: dueAt - this.#offset });
  }

  #drop(id: string) {
    const row = this.#live.get(id);
    if (!row) return;
    this.#live.delete(id);
    if (this.#options.isKept(row.address)) this.#kept--;
  }

  #arm() {
    const next = this.#heap[0];
    if (this.#stopped || !next || next.dueAt >= this.#handleDueAt) return;
    const { clock } = this.#options;
    clock.clearTimeout(this.#handle);
    this.#handleDueAt = next.dueAt;
    const wait = Math.min(LOOK_MS, Math.max(0, next.dueAt - clock.now()));
    this.#handle = clock.setTimeout(() => this.#run(), wait);
  }

  #run() {
    this.#handleDueAt = Number.POSITIVE_INFINITY;
    if (this.#stopped) return;
    this.#noteClock();
    const now = this.#options.clock.now();
    while (this.#heap[0] && this.#heap[0].dueAt <= now) {
      const { row } = pop(this.#heap);
      if (this.#live.get(key(row)) !== row) continue;
      this.#drop(key(row));
      this.#meanwhile?.set(key(row), null);
      this.#options.fire(row);
    }
    this.#arm();
    this.#readIfLow();
  }

  #offsetNow(): number {
    const { clock } = this.#options;
    return clock.steady ? clock.now() - clock.steady() : 0;
  }

  /** Looks whether the clock was moved. Put back, each timer keeps the time it still had; put forward, some are late. */
  #noteClock() {
    const offset = this.#offsetNow();
    const backMs = this.#offset - offset;
    this.#offset = offset;
    if (Math.abs(backMs) < JUMP_MS) return;
    if (backMs > 0) {
      for (const entry of this.#heap) entry.dueAt = Math.min(entry.dueAt, entry.steadyDueAt + offset);
      this.#rebuild();
      this.#options.onClockBack(backMs);
    }
    this.#options.clock.clearTimeout(this.#handle);
    this.#handleDueAt = Number.POSITIVE_INFINITY;
    this.#arm();
  }

  // The window

  #readIfLow() {
    // Before the start nothing kept is to fire.
    if (this.#horizon === null || this.#horizon === START || this.#kept > this.#window / 2) return;
    void this.#read();
  }

  async #read(behindMs = 0) {
    if (this.#meanwhile || this.#stopped) return;
    const from = this.#horizon;
    if (from === null) return;
    const meanwhile = new Map<string, TimerRow | null>();
    this.#meanwhile = meanwhile;
    try {
      const rows = await this.#options.load(from === START ? null : from, this.#window);
      this.#horizon = rows.length < this.#window ? null : (rows.at(-1) as TimerRow);
      for (const row of rows) if (!meanwhile.has(key(row))) this.#put(row, row.dueAt - behindMs);
      for (const row of meanwhile.values()) if (row && !this.#isBeyond(row)) this.#put(row);
      this.#shrink();
    } catch (error) {
      if (this.#stopped) return;
      this.#options.onTrouble(error);
      this.#retry = this.#options.clock.setTimeout(() => void this.#read(behindMs), this.#options.retryMs);
      return;
    } finally {
      this.#meanwhile = undefined;
    }
    this.#arm();
    this.#readIfLow();
  }

  /** Lets the farther half of a window that has doubled go: the journal has it. */
  #shrink() {
    if (this.#kept <= 2 * this.#window) return;
    const kept = [...this.#live.values()].filter((row) => this.#options.isKept(row.address)).sort(compare);
    this.#horizon = kept[this.#window - 1] as TimerRow;
    for (const row of kept.slice(this.#window)) this.#drop(key(row));
    this.#rebuild();
  }

  /** Without what is over. */
  #rebuild() {
    // Sorted is a heap, too.
    this.#heap = this.#heap
      .filter(({ row }) => this.#live.get(key(row)) === row)
      .sort((a, b) => (before(a, b) ? -1 : 1));
  }
}

interface Entry {
  row: TimerRow;
  order: number;
  /** By the clock as it is now: earlier than the row's own once the clock was put back. */
  dueAt: number;
  /** By the steady clock. */
  steadyDueAt: number;
}

const key = ({ address, id }: { address: string; id: string }) => `${address} ${id}`;

const before = (a: Entry, b: Entry) => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);

/** The journal's order. */
function compare(a: TimerPlace, b: TimerPlace): number {
  if (a.dueAt !== b.dueAt) return a.dueAt - b.dueAt;
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}

function push(heap: Entry[], entry: Entry) {
  heap.push(entry);
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(heap[at]!, heap[parent]!)) break;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function pop(heap: Entry[]): Entry {
  const top = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  heap[0] = last;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    let least = at;
    if (left < heap.length && before(heap[left]!, heap[least]!)) least = left;
    if (left + 1 < heap.length && before(heap[left + 1]!, heap[least]!)) least = left + 1;
    if (least === at) return top;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}
