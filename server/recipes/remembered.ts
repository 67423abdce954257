/**
 * The last replies by request id, so that a request which comes again, because its sender did not hear, runs once. One
 * that still runs is answered when it has.
 *
 * Two generations: when the young one is full, it becomes the old one, and what was old is forgotten as a whole. So at
 * least the last `most` are here, at most twice as many, and none is ever looked for to be taken away.
 */
export type Answer = (reply: string) => void;

/** A request that is remembered. */
export interface Entry {
  /** `performance.now()` when it came. */
  readonly at: number;
  reply: string | undefined;
  waiting: Answer[] | undefined;
}

export class Remembered {
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  readonly #most: number;
  readonly #keepMs: number;

  constructor({ most = 10_000, keepMs = 10 * 60_000 } = {}) {
    this.#most = most;
    this.#keepMs = keepMs;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** False when it is new. Else it is answered as the first one was, now or once that is. */
  isRepeated(id: string, now: number, answer: Answer): boolean {
    const before = this.#young.get(id) ?? this.#old.get(id);
    if (!before || (before.reply !== undefined && now - before.at >= this.#keepMs)) return false;
    if (before.reply !== undefined) answer(before.reply);
    else if (before.waiting) before.waiting.push(answer);
    else before.waiting = [answer];
    return true;
  }

  add(id: string, entry: Entry): void {
    // What runs is not forgotten with the old ones: fewer may wait than a generation has.
    if (this.#young.size >= this.#most) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, entry);
  }

  /** Whoever waits hears it, too. */
  settle(entry: Entry, reply: string): void {
    entry.reply = reply;
    const { waiting } = entry;
    entry.waiting = undefined;
    if (waiting) for (const answer of waiting) answer(reply);
  }

  /** Nothing of it ran and it may be sent again. */
  forget(id: string): void {
    this.#young.delete(id);
    this.#old.delete(id);
  }
}
