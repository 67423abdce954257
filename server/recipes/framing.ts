/**
 * Bytes to lines. A line that is too long is reported once, as soon as that is known, and skipped to its end; the next
 * one is read as usual. Its first byte says what it was to be. What is kept of a line that has no end yet is never more than the limit.
 */
export const LINE_LIMIT = 1024 * 1024;
const NEWLINE = 0x0a;

export class Lines {
  readonly #limit: number;
  readonly #onLine: (line: Buffer) => void;
  readonly #onTooLong: (first: number) => void;
  #parts: Buffer[] = [];
  #length = 0;
  #skipping = false;

  constructor(onLine: (line: Buffer) => void, onTooLong: (first: number) => void, limit = LINE_LIMIT) {
    this.#onLine = onLine;
    this.#onTooLong = onTooLong;
    this.#limit = limit;
  }

  /** A line has begun and not ended. */
  get isInside(): boolean {
    return this.#length > 0 || this.#skipping;
  }

  push(chunk: Buffer) {
    let from = 0;
    for (;;) {
      const to = chunk.indexOf(NEWLINE, from);
      if (to < 0) break;
      this.#take(chunk.subarray(from, to), true);
      from = to + 1;
    }
    if (from < chunk.length) this.#take(chunk.subarray(from), false);
  }

  /** The connection ended: what came without a newline is a line. */
  end() {
    if (this.#length > 0 && !this.#skipping) this.#take(Buffer.alloc(0), true);
  }

  #take(part: Buffer, ends: boolean) {
    if (this.#skipping) {
      if (ends) this.#skipping = false;
      return;
    }
    if (this.#length + part.length > this.#limit) {
      const first = (this.#parts[0] ?? part)[0] as number;
      this.#parts = [];
      this.#length = 0;
      this.#skipping = !ends;
      this.#onTooLong(first);
      return;
    }
    if (!ends) {
      this.#parts.push(part);
      this.#length += part.length;
      return;
    }
    const line = this.#parts.length === 0 ? part : Buffer.concat([...this.#parts, part]);
    this.#parts = [];
    this.#length = 0;
    if (line.length > 0) this.#onLine(line);
  }
}
