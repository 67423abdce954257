import type { ActorRecord, Address } from './contract.ts';

/**
 * Committed records in memory. Those of durable actors are bounded, least recently used first out: the journal has
 * them. Those of volatile actors are here and nowhere else.
 */
export class RecordCache {
  readonly #limit: number;
  readonly #durable = new Map<Address, ActorRecord>();
  readonly #volatile = new Map<Address, ActorRecord>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(address: Address): ActorRecord | undefined {
    const record = this.#durable.get(address);
    if (!record) return this.#volatile.get(address);
    this.#durable.delete(address);
    this.#durable.set(address, record);
    return record;
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
    this.#durable.delete(record.address);
    this.#durable.set(record.address, record);
  }

  /** Records read for a batch stay, over the bound if need be, until `trim`. */
  pin(records: ActorRecord[]) {
    for (const record of records) this.set(record, true);
  }

  trim() {
    for (const address of this.#durable.keys()) {
      if (this.#durable.size <= this.#limit) return;
      this.#durable.delete(address);
    }
  }
}
