import type { ActorHost } from '../../actors/host/contract.ts';

/**
 * How far named consumers have got. Acks that come faster than the disk are written as one; a consumer never goes back.
 */
export class Consumers {
  readonly #host: ActorHost;
  readonly #now: () => number;
  readonly #writing = new Map<string, { cursor: number; written: Promise<void> }>();

  constructor(host: ActorHost, now: () => number) {
    this.#host = host;
    this.#now = now;
  }

  /** What it acknowledged last; undefined when it never did. */
  async position(service: string, name: string): Promise<number | undefined> {
    await this.#writing.get(keyOf(service, name))?.written.catch(() => {});
    const [row] = await this.#host.journal.find('consumers', { service, name }, 1);
    return row?.cursor;
  }

  /** Resolves with what is durable, which is the greatest acknowledged. @throws ControlError JOURNAL_UNAVAILABLE */
  async ack(service: string, name: string, cursor: number): Promise<number> {
    const key = keyOf(service, name);
    const pending = this.#writing.get(key);
    if (pending) {
      pending.cursor = Math.max(pending.cursor, cursor);
      await pending.written;
      return pending.cursor;
    }
    const writing = { cursor, written: Promise.resolve() };
    writing.written = this.#write(service, name, writing);
    this.#writing.set(key, writing);
    await writing.written;
    return writing.cursor;
  }

  async #write(service: string, name: string, wish: { cursor: number }): Promise<void> {
    try {
      const [row] = await this.#host.journal.find('consumers', { service, name }, 1);
      let durable = row?.cursor ?? -1;
      wish.cursor = Math.max(wish.cursor, durable);
      while (durable < wish.cursor) {
        const { cursor } = wish;
        await this.#host.write([{ into: 'consumers', row: { service, name, cursor, updated_at: this.#now() } }]);
        durable = cursor;
      }
    } finally {
      // In the same turn as the last look at `wish`: an ack that comes later begins a write of its own.
      this.#writing.delete(keyOf(service, name));
    }
  }
}

const keyOf = (service: string, name: string) => `${service} ${name}`;
