/**
 * The last replies by request id, so that a request which comes again, because its sender did not hear, runs once. One
 * that still runs is answered when it has.
 */
export type Answer = (reply: string) => void;

interface Entry {
  /** `performance.now()` when it came. */
  at: number;
  reply: string | undefined;
  waiting: Answer[] | undefined;
}

export class Remembered {
  readonly #entries = new Map<string, Entry>();
  readonly #most: number;
  readonly #keepMs: number;

  constructor({ most = 10_000, keepMs = 10 * 60_000 } = {}) {
    this.#most = most;
    this.#keepMs = keepMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** True when it was here before: it is answered with the first one's reply, now or once there is one. */
  isRepeated(id: string, now: number, answer: Answer): boolean {
    const entry = this.#entries.get(id);
    if (entry && (entry.reply === undefined || now - entry.at < this.#keepMs)) {
      if (entry.reply !== undefined) answer(entry.reply);
      else if (entry.waiting) entry.waiting.push(answer);
      else entry.waiting = [answer];
      return true;
    }
    // Deleted first: a map keeps the place of a key that is set anew.
    if (entry) this.#entries.delete(id);
    this.#entries.set(id, { at: now, reply: undefined, waiting: undefined });
    if (this.#entries.size > this.#most) this.#forgetOldest();
    return false;
  }

  settle(id: string, reply: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.reply = reply;
    const { waiting } = entry;
    entry.waiting = undefined;
    if (waiting) for (const answer of waiting) answer(reply);
  }

  /** Nothing of it ran and it may be sent again; whoever waits hears the same. */
  forget(id: string, reply: string): void {
    this.settle(id, reply);
    this.#entries.delete(id);
  }

  /** One that still runs is kept: there are never as many of those as there is room. */
  #forgetOldest(): void {
    for (const [id, { reply }] of this.#entries) {
      if (reply === undefined) continue;
      this.#entries.delete(id);
      return;
    }
  }
}
