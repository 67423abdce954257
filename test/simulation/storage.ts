/**
 * A journal on a disk that outlives the process: commits take time, fail, meet a full disk, and are cut short by a kill
 * before the sync, with the batch torn, or between the sync and its answer. What is durable is noted on the side, for
 * whoever judges the run.
 */
import type { Batch, EventRow, Journal } from '../../actors/host/contract.ts';
import { unavailable } from '../../actors/journal/failures.ts';
import { MemoryJournal } from '../support/memory-journal.ts';
import { killPoint, type Life, wait } from './life.ts';

/** Mutants: what a storage must never do. */
export interface StorageFlaws {
  /** Answers before it has synced. */
  answersEarly?: boolean;
  /** Of a torn batch it keeps the first half. */
  keepsTorn?: boolean;
  /** Does not remember what was heard: after a restart it is told again. */
  forgetsConsumed?: boolean;
  /** Loses timers. */
  losesTimers?: boolean;
}

export interface DurableRow {
  row: EventRow;
  /** When it became durable, ms; never back. */
  at: number;
  life: number;
}

export class SimulatedStorage {
  readonly rows: DurableRow[] = [];
  /** Steps that are durable, by `<address>#<step>`, and in which life they were taken. */
  readonly steps = new Map<string, number>();
  /** Commands whose end is durable, and which. */
  readonly ended = new Map<string, string>();
  readonly #flaws: StorageFlaws;
  readonly #onBatch: (batch: Batch) => void;
  #journal = new MemoryJournal();
  #fullUntil = 0;

  constructor(onBatch: (batch: Batch) => void, flaws: StorageFlaws = {}) {
    this.#onBatch = onBatch;
    this.#flaws = flaws;
  }

  /** All that is kept of each actor. */
  get lives() {
    return this.#journal.lives;
  }

  get head(): number {
    return this.rows.at(-1)?.row.cursor ?? 0;
  }

  /** The journal as a new process finds it. */
  open(life: Life): Journal {
    const journal = this.#journal.crash();
    this.#journal = journal;
    let writing: Promise<void> = Promise.resolve();
    const commit = (batch: Batch) => {
      const done = writing.then(() => this.#commit(journal, life, batch));
      writing = done.catch(() => {});
      return this.#flaws.answersEarly ? Promise.resolve() : done;
    };
    const changed: Partial<Journal> = {
      commit,
      loadActors: async (addresses) => {
        if (life.faults.strikes('a read fails')) throw unavailable('SQLITE_IOERR: disk I/O error');
        return journal.loadActors(addresses);
      },
      outbox: async (...asked) => {
        const page = await journal.outbox(...asked);
        return { ...page, rows: this.#disorder(page.rows, life) };
      }
    };
    return new Proxy<Journal>(journal, {
      get: (target, name: keyof Journal) => {
        const value = changed[name] ?? target[name];
        return typeof value === 'function' ? value.bind(target) : value;
      }
    });
  }

  /** For whoever judges: the disk as it is. */
  async inspect(): Promise<Journal> {
    this.#journal = this.#journal.crash();
    await this.#journal.open();
    return this.#journal;
  }

  async #commit(journal: MemoryJournal, life: Life, batch: Batch) {
    const { time, faults, random } = life;
    await wait(life, random.between(0, 30));
    await killPoint(life, 'killed before the sync');
    if (faults.strikes('the disk is full')) this.#fullUntil = time.now + random.between(1_000, 60_000);
    if (time.now < this.#fullUntil) throw unavailable('SQLITE_FULL: database or disk is full');
    if (faults.strikes('a commit fails')) throw unavailable('SQLITE_IOERR: disk I/O error');
    if (faults.strikes('killed with the batch torn')) {
      if (this.#flaws.keepsTorn) await journal.commit(firstHalf(batch));
      life.kill();
      return new Promise<void>(() => {});
    }
    await journal.commit(this.#flawed(batch));
    this.#note(batch, life);
    await killPoint(life, 'killed between the sync and its answer');
    await wait(life, random.between(0, 10));
  }

  #flawed(batch: Batch): Batch {
    const { forgetsConsumed, losesTimers } = this.#flaws;
    return {
      ...batch,
      ...(forgetsConsumed ? { tells: { ...batch.tells, consumed: [] } } : {}),
      ...(losesTimers ? { timers: { set: [], cleared: [] } } : {})
    };
  }

  #note(batch: Batch, life: Life) {
    for (const row of batch.events) {
      this.rows.push({ row, at: life.time.now, life: life.number });
      this.steps.set(`${row.actorKind}/${row.actorId}#${row.step}`, life.number);
      const isEnd = row.type !== 'event.rejected' && ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(row.payload.to);
      if (row.actorKind === 'command' && isEnd) this.ended.set(row.actorId, row.payload.to);
    }
    this.#onBatch(batch);
  }

  #disorder<T>(rows: T[], { faults, random }: Life): T[] {
    if (!faults.strikes('the outbox is handed out twice and in disorder')) return rows;
    const twice = rows.flatMap((row) => (random.chance(0.5) ? [row, row] : [row]));
    return twice
      .map((row) => ({ row, at: random.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ row }) => row);
  }
}

const firstHalf = (batch: Batch): Batch => ({
  ...batch,
  actors: batch.actors.slice(0, batch.actors.length / 2),
  tells: { ...batch.tells, sent: [] },
  effects: { declared: [], settled: [] },
  timers: { set: [], cleared: [] }
});
