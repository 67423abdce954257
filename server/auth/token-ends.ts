import type { Client } from './tokens.ts';

/** As far as a timer reaches. */
const FURTHEST_MS = 2 ** 31 - 1;

/** Who has something open with a token, a stream say, and must hear at once that it holds no longer. */
export class TokenEnds {
  readonly #now: () => number;
  readonly #watched = new Map<string, { runs: Set<() => void>; timer: NodeJS.Timeout | undefined }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  watch(client: Pick<Client, 'tokenId' | 'expiresAt'>, run: () => void): () => void {
    const { tokenId } = client;
    // One of its own: the same function may watch twice.
    const mine = () => run();
    const watched = this.#watched.get(tokenId) ?? { runs: new Set(), timer: undefined };
    watched.runs.add(mine);
    this.#watched.set(tokenId, watched);
    if (!watched.timer) this.changed(client);
    return () => {
      watched.runs.delete(mine);
      if (watched.runs.size > 0 || this.#watched.get(tokenId) !== watched) return;
      clearTimeout(watched.timer);
      this.#watched.delete(tokenId);
    };
  }

  /** Its expiry is another one now. */
  changed({ tokenId, expiresAt }: Pick<Client, 'tokenId' | 'expiresAt'>): void {
    const watched = this.#watched.get(tokenId);
    if (!watched) return;
    clearTimeout(watched.timer);
    watched.timer = undefined;
    if (expiresAt === null) return;
    const left = expiresAt - this.#now();
    if (left <= 0) {
      this.ended(tokenId);
      return;
    }
    // Looked at again when it is due: a timer may be early by a moment, and reaches only so far.
    watched.timer = setTimeout(() => this.changed({ tokenId, expiresAt }), Math.min(left, FURTHEST_MS));
    watched.timer.unref();
  }

  ended(tokenId: string): void {
    const watched = this.#watched.get(tokenId);
    if (!watched) return;
    this.#watched.delete(tokenId);
    clearTimeout(watched.timer);
    for (const run of watched.runs) run();
  }
}
