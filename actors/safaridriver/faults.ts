/**
 * Faults on purpose, for tests only: while `TROUPE_SAFARIDRIVER_CONTROL` names a file that holds one, requests that
 * match it go wrong the way real ones do. The file is read at each request, so a test can change it at any time.
 */
import { readFileSync } from 'node:fs';

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
  /** How often; default 1. */
  times?: number;
  delayMs?: number;
}

export class Faults {
  readonly #path: string | undefined;
  readonly #used = new Map<string, number>();

  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** The fault this request meets, counted as used. */
  take(method: string, path: string): Fault | undefined {
    const fault = this.#read();
    if (!fault) return undefined;
    const used = this.#used.get(fault.id) ?? 0;
    if (used >= (fault.times ?? 1) || !new RegExp(fault.match ?? '').test(`${method} ${path}`)) return undefined;
    this.#used.set(fault.id, used + 1);
    return fault;
  }

  #read(): Fault | undefined {
    if (!this.#path) return undefined;
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as Fault;
    } catch {
      return undefined; // not there, or being written: no fault
    }
  }
}
