import type { ActorView, Address } from './contract.ts';
import type { Clock } from './timer-queue.ts';

/** Who waits for an actor to become something. */
export class Watchers {
  readonly #clock: Clock;
  readonly #byAddress = new Map<Address, Set<(view: ActorView) => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param read what it is now, asked once the watch is set, so that nothing between is missed */
  async waitFor(
    address: Address,
    until: (view: ActorView) => boolean,
    { timeoutMs, signal, read }: { timeoutMs: number; signal?: AbortSignal; read(): Promise<ActorView | undefined> }
  ): Promise<ActorView | undefined> {
    let look: (view: ActorView) => void = () => {};
    let give = () => {};
    let handle: unknown;
    const answer = new Promise<ActorView | undefined>((resolve) => {
      look = (view) => until(view) && resolve(view);
      give = () => resolve(undefined);
      handle = this.#clock.setTimeout(give, timeoutMs);
    });
    const watchers = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, watchers.add(look));
    signal?.addEventListener('abort', give, { once: true });
    if (signal?.aborted) give();
    try {
      const now = await read();
      if (now) look(now);
      return await answer;
    } finally {
      this.#clock.clearTimeout(handle);
      signal?.removeEventListener('abort', give);
      watchers.delete(look);
      if (watchers.size === 0) this.#byAddress.delete(address);
    }
  }

  /** @param view made only when somebody watches */
  tell(address: Address, view: () => ActorView): void {
    const watchers = this.#byAddress.get(address);
    if (!watchers) return;
    const seen = view();
    for (const watcher of [...watchers]) watcher(seen);
  }
}
