/**
 * Faults on purpose, for tests only: while `TROUPE_SAFARIDRIVER_CONTROL` names a file that holds one or a list of them,
 * requests that match go wrong the way real ones do. The file is read at each request, so a test can change it at any
 * time. How often each was used is kept beside it, in `FILE.used`: the executable that a crash is followed by must not
 * meet the same one again.
 */
import { readFileSync, writeFileSync } from 'node:fs';

export interface Fault {
  /** A new id counts `times` anew. */
  id: string;
  /**
   * crash: SIGKILL to ourselves, so the browser is orphaned as by a real crash. hang: SIGSTOP to ourselves. slow: wait
   * `delayMs`, then go on. drop: do it, and close the connection without an answer. error: 500, not done.
   * lose-click: 200, not done.
   */
  kind: 'crash' | 'hang' | 'slow' | 'drop' | 'error' | 'lose-click';
  /** Regular expression over `METHOD /path`. Default: any. */
  match?: string;
  /** Only in this slot. Default: in any. */
  slot?: string;
  /** How often; default 1. */
  times?: number;
  delayMs?: number;
}

export class Faults {
  readonly #path: string | undefined;
  readonly #slot: string | undefined;

  constructor(path: string | undefined, slot?: string) {
    this.#path = path;
    this.#slot = slot;
  }

  /** The fault this request meets, counted as used. */
  take(method: string, path: string): Fault | undefined {
    const faults = read<Fault | Fault[]>(this.#path);
    if (faults === undefined) return undefined;
    const used = read<Record<string, number>>(`${this.#path}.used`) ?? {};
    const met = [faults]
      .flat()
      .find(
        ({ id, slot, times = 1, match = '' }) =>
          (used[id] ?? 0) < times &&
          (slot === undefined || slot === this.#slot) &&
          new RegExp(match).test(`${method} ${path}`)
      );
    if (met) writeFileSync(`${this.#path}.used`, JSON.stringify({ ...used, [met.id]: (used[met.id] ?? 0) + 1 }));
    return met;
  }
}

/** Undefined when it is not there, or is being written: no fault. */
function read<T>(path: string | undefined): T | undefined {
  try {
    return path === undefined ? undefined : (JSON.parse(readFileSync(path, 'utf8')) as T);
  } catch {
    return undefined;
  }
}
