import type { ActorRecord, Address } from './contract.ts';

/**
 * Committed records in memory. Those of durable actors are bounded by number and by size, least recently used first out:
 * the journal has them. Those of volatile actors are here and nowhere else.
 */
export class RecordCache {
  readonly #maxRecords: number;
  readonly #maxBytes: number;
  readonly #durable = new Map<Address, { record: ActorRecord; bytes: number }>();
  readonly #volatile = new Map<Address, ActorRecord>();
  #bytes = 0;

  constructor(maxRecords: number, maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxRecords = maxRecords;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#durable.size + this.#volatile.size;
  }

  /** About what the records of durable actors take. */
  get bytes(): number {
    return this.#bytes;
  }

  get(address: Address): ActorRecord | undefined {
    const held = this.#durable.get(address);
    if (!held) return this.#volatile.get(address);
    this.#durable.delete(address);
    this.#durable.set(address, held);
    return held.record;
  }

  has(address: Address): boolean {
    return this.#durable.has(address) || this.#volatile.has(address);
  }

  volatile(): ActorRecord[] {
    return [...this.#volatile.values()];
  }

  set(record: ActorRecord, durable: boolean) {
    if (!durable) {
      this.#volatile.set(record.address, record);
      return;
    }
    this.forget(record.address);
    const bytes = roughBytes(record);
    this.#durable.set(record.address, { record, bytes });
    this.#bytes += bytes;
  }

  forget(address: Address) {
    const held = this.#durable.get(address);
    if (!held) return;
    this.#durable.delete(address);
    this.#bytes -= held.bytes;
  }

  /** Records read for a batch stay, over the bounds if need be, until `trim`. */
  pin(records: ActorRecord[]) {
    for (const record of records) this.set(record, true);
  }

  trim() {
    for (const address of this.#durable.keys()) {
      if (this.#durable.size <= this.#maxRecords && this.#bytes <= this.#maxBytes) return;
      this.forget(address);
    }
  }
}

/** What a value of JSON takes in memory, within a factor of two; a quarter of the time of making its text. */
export function roughBytes(value: unknown): number {
  let bytes = 0;
  const stack = [value];
  while (stack.length > 0) {
    const one = stack.pop();
    if (typeof one === 'string') bytes += 16 + one.length;
    else if (typeof one !== 'object' || one === null) bytes += 8;
    else {
      bytes += 32;
      for (const key in one) {
        bytes += 8;
        stack.push((one as Record<string, unknown>)[key]);
      }
    }
  }
  return bytes;
}
