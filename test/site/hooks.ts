import type { WriteKind } from './ledger.ts';

/** What goes wrong with one write. Parts combine: they happen in the order of the fields. */
export interface WriteFault {
  /** Which write; absent: whichever comes next. */
  kind?: WriteKind;
  /** Waits this long before doing it, ms. */
  delayMs?: number;
  /** Stops there until `release()`: before doing it, or between doing it and answering. */
  hold?: 'before' | 'after';
  /** Does nothing and answers this status. */
  status?: number;
  /** Cuts the answer short: instead of doing it, or after doing it. Either way the browser never learns. */
  drop?: 'before' | 'after';
}

export interface Held {
  /** Resolves when a write has come to the hold. */
  arrived: Promise<void>;
  release(): void;
}

/** Faults wait here, each for one write. */
export class WriteHooks {
  #waiting: WriteFault[] = [];
  #held = new Set<() => void>();
  #arrivals = new Set<() => void>();

  /** The next write that fits gets it; faults queue up. */
  add(fault: WriteFault): void {
    this.#waiting.push({ ...fault });
  }

  /** The oldest fault that fits, taken out. */
  take(kind: WriteKind): WriteFault | undefined {
    const at = this.#waiting.findIndex((fault) => fault.kind === undefined || fault.kind === kind);
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0];
  }

  get waiting(): WriteFault[] {
    return this.#waiting.map((fault) => ({ ...fault }));
  }

  /** How many writes stand still now. */
  get heldNow(): number {
    return this.#held.size;
  }

  /** Called by a write that came to its hold. */
  standStill(): Promise<void> {
    return new Promise((resolve) => {
      this.#held.add(resolve);
      for (const tell of this.#arrivals) tell();
      this.#arrivals.clear();
    });
  }

  /** Resolves when a write stands still, at once if one does. */
  arrival(): Promise<void> {
    return this.#held.size > 0 ? Promise.resolve() : new Promise((resolve) => this.#arrivals.add(resolve));
  }

  /** Everything that stands still goes on. */
  release(): void {
    for (const go of this.#held) go();
    this.#held.clear();
  }

  /** Forgets what has not happened yet and lets go of what stands still. */
  clear(): void {
    this.#waiting = [];
    this.release();
  }
}
