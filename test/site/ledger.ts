/**
 * What reached the server, kept at the server: the only witness that can say *exactly once*. A row of `writes` is a
 * change that was made, not one that was asked for; `requests` has every request, answered or not.
 */

export type WriteKind = 'comment' | 'like' | 'unlike' | 'login' | 'logout' | 'decoy' | 'story' | 'message' | 'video';

export interface WriteRow {
  /** w1, w2, … in the order they were made. */
  id: string;
  kind: WriteKind;
  /** ms since 1970 */
  at: number;
  account: string | null;
  post: string | null;
  text: string | null;
  /** Whom a message reached. */
  to: string | null;
  /**
   * What the page said this submit is: a new id for each press of a button, so that one press sent twice over the
   * wire can be told from two presses. A form without script carries the id of its rendering.
   */
  submitId: string | null;
  requestId: string;
  /** false: it was so already, like a second like. */
  changed: boolean;
}

export interface RequestRow {
  /** r1, r2, … in the order they came. */
  id: string;
  at: number;
  method: string;
  /** Path and query. */
  url: string;
  account: string | null;
  /** null while it is being answered. cut: the connection ended before the answer did. */
  ended: { at: number; status: number; how: 'answered' | 'cut' } | null;
}

export type WriteFilter = Partial<Pick<WriteRow, 'kind' | 'account' | 'post' | 'text' | 'to' | 'submitId'>>;

export class Ledger {
  #writes: WriteRow[] = [];
  #requests: RequestRow[] = [];
  #lastRequest = 0;
  readonly #watchers = new Set<() => void>();

  /** Copies, oldest first. */
  writes(filter: WriteFilter = {}): WriteRow[] {
    const wanted = Object.entries(filter).filter(([, value]) => value !== undefined) as [keyof WriteFilter, unknown][];
    return this.#writes.filter((row) => wanted.every(([key, value]) => row[key] === value)).map((row) => ({ ...row }));
  }

  counts(filter: WriteFilter = {}): Record<WriteKind, number> {
    const counts = {
      comment: 0,
      like: 0,
      unlike: 0,
      login: 0,
      logout: 0,
      decoy: 0,
      story: 0,
      message: 0,
      video: 0
    };
    for (const row of this.writes(filter)) counts[row.kind] += 1;
    return counts;
  }

  requests(): RequestRow[] {
    return this.#requests.map((row) => ({ ...row }));
  }

  recordWrite(row: Omit<WriteRow, 'id' | 'at'>): WriteRow {
    const full = { id: `w${this.#writes.length + 1}`, at: Date.now(), ...row };
    this.#writes.push(full);
    this.#notify();
    return full;
  }

  recordRequest(method: string, url: string): RequestRow {
    this.#lastRequest += 1;
    const row: RequestRow = { id: `r${this.#lastRequest}`, at: Date.now(), method, url, account: null, ended: null };
    this.#requests.push(row);
    this.#notify();
    return row;
  }

  endRequest(row: RequestRow, status: number, how: 'answered' | 'cut'): void {
    row.ended = { at: Date.now(), status, how };
    this.#notify();
  }

  /**
   * Resolves with the first answer of `look` that is not undefined, looked for now and after every write and request.
   * @throws Error after `timeoutMs`, saying what was awaited.
   */
  until<T>(look: () => T | undefined, { timeoutMs, what }: { timeoutMs: number; what: string }): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(limit);
        this.#watchers.delete(check);
      };
      const limit = setTimeout(() => {
        done();
        reject(new Error(`the site did not see ${what} in ${timeoutMs} ms`));
      }, timeoutMs);
      const check = () => {
        const found = look();
        if (found === undefined) return;
        done();
        resolve(found);
      };
      this.#watchers.add(check);
      check();
    });
  }

  reset(): void {
    this.#writes = [];
    this.#requests = [];
    this.#notify();
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
