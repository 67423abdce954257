/**
 * The last replies by request id, so that a request which comes again, because its sender did not hear, runs once. One
 * that still runs is answered when it has.
 */
export type Answer = (reply: string) => void;

interface Entry {
  /** `performance.now()` when it came. */
  at: number;
  /** In the ring. */
  place: number;
  reply: string | undefined;
  waiting: Answer[] | undefined;
}

export class Remembered {
  readonly #entries = new Map<string, Entry>();
  /** Ids in the order they came, around and around: the first key of a map that is often deleted from is slow to find. */
  readonly #ring: (string | undefined)[] = [];
  #place = 0;
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
    this.#makeRoom();
    this.#entries.set(id, { at: now, place: this.#place, reply: undefined, waiting: undefined });
    this.#ring[this.#place] = id;
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

  /** For the next one the oldest goes. It does not run any more: fewer may wait than are remembered. */
  #makeRoom() {
    this.#place = (this.#place + 1) % this.#most;
    const oldest = this.#ring[this.#place];
    // Its id may have come again since, and has another place then.
    if (oldest !== undefined && this.#entries.get(oldest)?.place === this.#place) this.#entries.delete(oldest);
  }
}
