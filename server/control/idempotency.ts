import type { Journal, Tables } from '../../actors/host/contract.ts';

type Row = Tables['idempotency'];

interface Asked {
  service: string;
  key: string;
  commandId: string | null;
  resolve(row: Row | undefined): void;
  reject(error: unknown): void;
}

/** More than any batch can find. */
const ALL = 1_000_000;

/**
 * Reads of the idempotency table. Every command with a key needs one, so those that come while one is under way are
 * asked for together: many senders cost as many reads as one.
 */
export class IdempotencyRows {
  readonly #journal: Pick<Journal, 'find'>;
  #asked: Asked[] = [];
  #isReading = false;

  constructor(journal: Pick<Journal, 'find'>) {
    this.#journal = journal;
  }

  /** The row of a service's key. */
  ofKey(service: string, key: string): Promise<Row | undefined> {
    return this.#ask({ service, key, commandId: null });
  }

  /** The row of a key that is made of a command id, whichever service sent it. */
  ofCommand(commandId: string, key: string): Promise<Row | undefined> {
    return this.#ask({ service: '', key, commandId });
  }

  #ask(wish: Pick<Asked, 'service' | 'key' | 'commandId'>): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ ...wish, resolve, reject });
      if (!this.#isReading) void this.#read();
    });
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    while (this.#asked.length > 0) {
      const asked = this.#asked;
      this.#asked = [];
      try {
        await this.#answer(asked);
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    this.#isReading = false;
  }

  async #answer(asked: Asked[]): Promise<void> {
    const byKey = asked.filter(({ commandId }) => commandId === null);
    const commandIds = asked.map(({ commandId }) => commandId).filter((id) => id !== null);
    const [ofKeys, ofCommands] = await Promise.all([
      byKey.length === 0
        ? []
        : this.#journal.find(
            'idempotency',
            { service: distinct(byKey.map(({ service }) => service)), key: distinct(byKey.map(({ key }) => key)) },
            ALL
          ),
      commandIds.length === 0 ? [] : this.#journal.find('idempotency', { command_id: distinct(commandIds) }, ALL)
    ]);
    const rowsByKey = new Map(ofKeys.map((row) => [`${row.service} ${row.key}`, row]));
    const rowsByCommand = new Map(ofCommands.map((row) => [row.key, row]));
    for (const { service, key, commandId, resolve } of asked) {
      resolve(commandId === null ? rowsByKey.get(`${service} ${key}`) : rowsByCommand.get(key));
    }
  }
}

const distinct = (values: string[]): string[] => [...new Set(values)];
