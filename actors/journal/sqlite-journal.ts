/**
 * The journal on SQLite: one file, written by one connection and read by two others.
 *
 * - *Group commit*: a batch is one transaction, BEGIN IMMEDIATE to COMMIT, and per table one statement that takes all of
 *   its rows as JSON (`statements.ts`). `synchronous=FULL` on the write-ahead log: when `commit` resolves, the batch
 *   survives kill -9 and a power cut (as far as the disk keeps its word).
 * - *Readers never delay a commit*: in WAL mode they see the last commit and take no lock a writer waits for. Lookups by
 *   key have a connection of their own, so that an actor's snapshot is not waited for behind somebody's long listing;
 *   and no search is one long statement (`search.ts`).
 * - *What a crash loses*: batches whose `commit` had not resolved; each of them is there whole or not at all.
 * - *When the disk is full or away*, the batch is rolled back, `commit` rejects with JOURNAL_UNAVAILABLE, reads go on,
 *   and the next commit that finds room works: nothing has to be reopened.
 */
import { strict as assert } from 'node:assert';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ControlError, describe, isControlError } from '../../schemas/errors.ts';
import type {
  ActorQuery,
  ActorRecord,
  Address,
  AuditMark,
  Batch,
  EffectRow,
  EventFilter,
  EventRow,
  IdMatches,
  Journal,
  ListedTable,
  LivingState,
  LivingVersion,
  Pending,
  Pruned,
  RetentionLimits,
  RowQuery,
  StayQuery,
  TableName,
  Tables,
  TellRow,
  TimerPlace,
  TimerRow,
  Where
} from '../host/contract.ts';
import { recordAt } from '../host/past.ts';
import { searchActors } from './actor-search.ts';
import { inspect } from './check.ts';
import { Connection } from './connection.ts';
import { searchEvents } from './event-search.ts';
import { openFailure, storageFailure, unavailable } from './failures.ts';
import { findStatement } from './find.ts';
import { searchIds } from './id-search.ts';
import { jsonChunks } from './json-chunks.ts';
import { migrate, migrations } from './migrations.ts';
import {
  closeStanding,
  countActorsAt,
  livingVersionsAt,
  pastFrom,
  searchActorsAt,
  statesAt,
  statesFrom,
  volatileAt
} from './past.ts';
import { pruneSlice, vacuumSlice } from './retention.ts';
import { searchRows } from './row-search.ts';
import { actorRecord, effectRow, eventRow, formerState, type StoredActor, tellRow, timerRow } from './rows.ts';
import { inSlices } from './slices.ts';
import { type Part, partsOf, sql } from './statements.ts';
import { searchStays } from './stay-search.ts';

export type Synchronous = 'OFF' | 'NORMAL' | 'FULL' | 'EXTRA';

export interface SqliteJournalOptions {
  /** The data directory: the database is `journal.db` in it. Made when missing. */
  directory?: string;
  /** The database itself, instead of `directory`. */
  path?: string;
  /** Files beside it that are only there once it is: without it they say that it was lost. */
  traces?: string[];
  /** FULL: a commit is on the disk when it resolves. NORMAL loses the newest commits in a power cut, never in a crash. */
  synchronous?: Synchronous;
  /** The database may grow to this and no further: then commits answer JOURNAL_UNAVAILABLE. Default: as the disk allows. */
  maxBytes?: number;
  /** Another process (a backup, `sqlite3` in a terminal) may hold the lock this long, ms, before a commit gives up. */
  busyLimitMs?: number;
}

const PAGE_BYTES = 4096;
const WRITER_CACHE_KIB = 32_768;
const READER_CACHE_KIB = 16_384;
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/** A journal that is not open yet: `open()` comes first. */
export const openSqliteJournal = (options: SqliteJournalOptions): Journal => new SqliteJournal(options);

interface Connections {
  writer: Connection;
  lookups: Connection;
  searches: Connection;
}

class SqliteJournal implements Journal {
  readonly #path: string;
  readonly #traces: string[];
  readonly #synchronous: Synchronous;
  readonly #maxBytes: number | undefined;
  readonly #busyLimitMs: number;
  #connections: Connections | undefined;
  /** The last thing the writer was asked for: a transaction never has another one's statements in it. */
  #writing: Promise<unknown> = Promise.resolve();
  #probing: Promise<{ ok: boolean; why: string | null }> | undefined;
  #closing: Promise<void> | undefined;
  #head = 0;

  constructor({
    directory,
    path,
    traces = [],
    synchronous = 'FULL',
    maxBytes,
    busyLimitMs = 5_000
  }: SqliteJournalOptions) {
    assert(path ?? directory, 'a journal has a directory or a path');
    this.#path = path ?? join(directory!, 'journal.db');
    this.#traces = traces;
    this.#synchronous = synchronous;
    this.#maxBytes = maxBytes;
    this.#busyLimitMs = busyLimitMs;
  }

  async open(): Promise<{ head: number; tail: number; boot: number }> {
    assert(!this.#connections && !this.#closing, 'a journal is opened once');
    const all = migrations();
    await this.#makeFolder();
    const version = await inspect(this.#path, all.length, this.#traces);
    const opened: Connection[] = [];
    const connect = async (setup: string) => {
      const connection = await Connection.open(this.#path, 'create');
      opened.push(connection);
      await connection.exec(`PRAGMA busy_timeout = ${this.#busyLimitMs}; ${setup}`);
      return connection;
    };
    try {
      // In force only before the first table: an older database stays as it was made, see docs/operations.md.
      const writer = await connect(
        `PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -${WRITER_CACHE_KIB};
         PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES}`
      );
      await migrate(writer, version, all);
      const boot = await countBoot(writer);
      await writer.exec(`PRAGMA synchronous = ${this.#synchronous}`);
      if (this.#maxBytes !== undefined) {
        await writer.exec(`PRAGMA max_page_count = ${Math.floor(this.#maxBytes / PAGE_BYTES)}`);
      }
      const readOnly = `PRAGMA query_only = ON; PRAGMA cache_size = -${READER_CACHE_KIB}`;
      const lookups = await connect(readOnly);
      const searches = await connect(readOnly);
      const { tail, head } = (await lookups.get<{ tail: number; head: number }>(sql.bounds))!;
      this.#head = head;
      this.#connections = { writer, lookups, searches };
      return { head, tail, boot };
    } catch (error) {
      for (const connection of opened.reverse()) await connection.close().catch(() => {});
      throw openFailure(error, this.#path);
    }
  }

  async #makeFolder() {
    const folder = dirname(this.#path);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new ControlError('DATA_DIR_UNWRITABLE', { path: folder, reason: describe(error) }, error);
    }
  }

  // Writing

  commit(batch: Batch): Promise<void> {
    return this.#exclusively(async (writer) => {
      const head = this.#headAfter(batch);
      await transaction(writer, partsOf(batch));
      this.#head = head;
    });
  }

  /** The log has no hole: a batch goes on right where the last one ended. */
  #headAfter({ events }: Batch): number {
    let head = this.#head;
    for (const { cursor } of events) {
      if (cursor !== head + 1) assert.fail(`cursor ${cursor} is not the one after ${head}`);
      head = cursor;
    }
    return head;
  }

  prune(limits: RetentionLimits, slice: number): Promise<Pruned> {
    return this.#exclusively(async (writer) => {
      await writer.run(sql.begin);
      try {
        const pruned = await pruneSlice(writer, limits, slice);
        await writer.run(sql.commit);
        return pruned;
      } catch (error) {
        await writer.run(sql.rollback).catch(() => {});
        throw error;
      }
    });
  }

  vacuum(bytes: number): Promise<{ bytes: number; freeBytes: number }> {
    return this.#exclusively((writer) => vacuumSlice(writer, bytes));
  }

  probe(): Promise<{ ok: boolean; why: string | null }> {
    this.#probing ??= this.#exclusively((writer) => transaction(writer, [], sql.probe))
      .then(
        () => ({ ok: true, why: null }),
        (error: unknown) => ({ ok: false, why: isControlError(error) ? error.message : describe(error) })
      )
      .finally(() => {
        this.#probing = undefined;
      });
    return this.#probing;
  }

  #exclusively<T>(work: (writer: Connection) => Promise<T>): Promise<T> {
    const done = this.#writing.then(async () => {
      try {
        return await work(this.#open().writer);
      } catch (error) {
        throw storageFailure(error, this.#path);
      }
    });
    this.#writing = done.catch(() => {});
    return done;
  }

  // Reading

  async loadActors(addresses: Address[]): Promise<ActorRecord[]> {
    const rows = await this.#read('lookups', (reader) =>
      reader.all<StoredActor>(sql.loadActors, [JSON.stringify(addresses)])
    );
    return this.#parsed(rows, actorRecord);
  }

  async queryActors(query: ActorQuery): Promise<{ items: ActorRecord[]; next: string | null }> {
    const { at } = query;
    if (at !== undefined) {
      const { addresses, next } = await this.#read('searches', (reader) => searchActorsAt(reader, at, query));
      return { items: await this.actorsAt(addresses, at), next };
    }
    const { rows, next } = await this.#read('searches', (reader) => searchActors(reader, query));
    return { items: await this.#parsed(rows, actorRecord), next };
  }

  searchIds(beginning: string, limit: number): Promise<IdMatches> {
    return this.#read('searches', (reader) => searchIds(reader, beginning, limit));
  }

  async countActors(kind: string, at?: number): Promise<Record<string, number>> {
    if (at !== undefined) return this.#read('searches', (reader) => countActorsAt(reader, kind, at));
    const rows = await this.#read('searches', (reader) =>
      reader.all<{ phase: string; count: number }>(sql.countActors, [kind])
    );
    return Object.fromEntries(rows.map(({ phase, count }) => [phase, count]));
  }

  livingVersions(at?: number): Promise<LivingVersion[]> {
    return this.#read('searches', (reader) =>
      at === undefined ? reader.all<LivingVersion>(sql.livingVersions) : livingVersionsAt(reader, at)
    );
  }

  pastFrom(): Promise<number> {
    return this.#read('lookups', pastFrom);
  }

  async actorsAt(addresses: Address[], at: number): Promise<ActorRecord[]> {
    const states = await this.#read('searches', (reader) => statesFrom(reader, addresses, at));
    const found = await this.#parsed(states, (rows) => recordAt(at, rows.map(formerState)));
    return found.filter((record) => record !== undefined);
  }

  async volatileAt(kinds: string[], at: number): Promise<ActorRecord[]> {
    const addresses = await this.#read('searches', (reader) => volatileAt(reader, kinds, at));
    return this.actorsAt(addresses, at);
  }

  statesAt(at: number): Promise<{ kind: string; state: string; count: number }[]> {
    return this.#read('searches', (reader) => statesAt(reader, at));
  }

  livingStates(): Promise<LivingState[]> {
    return this.#read('searches', (reader) => reader.all<LivingState>(sql.livingStates));
  }

  async longStays(query: StayQuery): Promise<{ items: ActorRecord[]; next: string | null; total: number }> {
    const { rows, ...found } = await this.#read('searches', (reader) => searchStays(reader, query));
    return { ...found, items: await this.#parsed(rows, actorRecord) };
  }

  async pending(): Promise<Pending> {
    return this.#read('lookups', async (reader) => {
      const found: Pending = { actors: 0, timers: 0, effects: 0, tells: 0, byKind: {} };
      found.actors = (await reader.get<{ count: number }>(sql.living))!.count;
      const rows = await reader.all<{ kept: 'timers' | 'effects' | 'tells'; kind: string; count: number }>(sql.waiting);
      for (const { kept, kind, count } of rows) {
        found[kept] += count;
        found.byKind[kind] = (found.byKind[kind] ?? 0) + count;
      }
      return found;
    });
  }

  async timersAfter(place: TimerPlace | null, limit: number): Promise<TimerRow[]> {
    const { dueAt, address, id } = place ?? { dueAt: -Number.MAX_VALUE, address: '', id: '' };
    const rows = await this.#read('lookups', (reader) =>
      reader.all<Parameters<typeof timerRow>[0]>(sql.timersAfter, [dueAt, address, id, limit])
    );
    return this.#parsed(rows, timerRow);
  }

  async unsettled(place: number, limit: number): Promise<{ rows: EffectRow[]; next: number | null }> {
    const rows = await this.#read('lookups', (reader) =>
      reader.all<Parameters<typeof effectRow>[0] & Placed>(sql.unsettled, [place, limit])
    );
    return { rows: await this.#parsed(rows, effectRow), next: placeAfter(rows, limit) };
  }

  async outbox(kinds: string[], place: number, limit: number): Promise<{ rows: TellRow[]; next: number | null }> {
    const rows = await this.#read('lookups', (reader) =>
      reader.all<Parameters<typeof tellRow>[0] & Placed>(sql.outbox, [place, JSON.stringify(kinds), limit])
    );
    return { rows: await this.#parsed(rows, tellRow), next: placeAfter(rows, limit) };
  }

  async readEvents(
    after: number,
    limit: number,
    filter: EventFilter = {}
  ): Promise<{ rows: EventRow[]; scannedTo: number }> {
    const { rows, scannedTo } = await this.#read('searches', async (reader) => {
      const bounds = (await reader.get<{ tail: number; head: number }>(sql.bounds))!;
      return searchEvents(reader, { after, limit, filter, bounds });
    });
    return { rows: await this.#parsed(rows, eventRow), scannedTo };
  }

  async bounds(): Promise<{ tail: number; head: number }> {
    return this.#read('lookups', async (reader) => (await reader.get<{ tail: number; head: number }>(sql.bounds))!);
  }

  async find<T extends TableName>(table: T, where: Where<T> = {}, limit?: number): Promise<Tables[T][]> {
    const { sql, params } = findStatement(table, where, limit);
    return this.#read('lookups', (reader) => reader.all<Tables[T]>(sql, params));
  }

  async list<T extends ListedTable>(
    table: T,
    query: RowQuery<T> = {}
  ): Promise<{ items: Tables[T][]; next: string | null }> {
    return this.#read('searches', (reader) => searchRows(reader, table, query));
  }

  readAudit(after: number, limit: number): Promise<Tables['audit'][]> {
    return this.#read('searches', (reader) => reader.all<Tables['audit']>(sql.readAudit, [after, limit]));
  }

  async auditBefore(at: number): Promise<AuditMark | null> {
    return (await this.#read('searches', (reader) => reader.get<AuditMark>(sql.auditBefore, [at]))) ?? null;
  }

  async #read<T>(lane: 'lookups' | 'searches', read: (reader: Connection) => Promise<T>): Promise<T> {
    try {
      return await read(this.#open()[lane]);
    } catch (error) {
      throw storageFailure(error, this.#path);
    }
  }

  async #parsed<Row, Parsed>(rows: readonly Row[], parse: (row: Row) => Parsed): Promise<Parsed[]> {
    try {
      return await inSlices(rows, parse);
    } catch (error) {
      // A flipped bit in the middle of a text is nothing that SQLite notices.
      throw new ControlError('JOURNAL_DAMAGED', { path: this.#path, reason: describe(error) }, error);
    }
  }

  #open(): Connections {
    if (!this.#connections) throw unavailable(this.#closing ? 'it is closed' : 'it is not open yet');
    return this.#connections;
  }

  /** Writes what was asked for before, moves the write-ahead log into the database, and lets go. Again is nothing. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    await this.#writing;
    const open = this.#connections;
    this.#connections = undefined;
    if (!open) return;
    await open.searches.close();
    await open.lookups.close();
    try {
      await open.writer.run(sql.setClean, [1]);
      await open.writer.all('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Closed all the same: the write-ahead log keeps what was committed, and the next open checks it.
    }
    await open.writer.close();
  }
}

interface Placed {
  place: number;
}

const placeAfter = (rows: Placed[], limit: number): number | null =>
  rows.length < limit ? null : (rows.at(-1) as Placed).place;

/** On disk before anything else is done under this number, whatever `synchronous` is: a fencing number never comes again. */
async function countBoot(writer: Connection): Promise<number> {
  await writer.exec(sql.begin);
  await writer.run(sql.boot);
  await writer.run(sql.setClean, [0]);
  await closeStanding(writer);
  await writer.exec(sql.commit);
  return (await writer.get<{ value: number }>(sql.readBoot))!.value;
}

/**
 * All of it or nothing. One statement at a time, never all of them queued at once: some failures (a full disk) end the
 * transaction by themselves, and what came after would then be committed on its own.
 */
async function transaction(writer: Connection, parts: Part[], ...statements: string[]) {
  await writer.run(sql.begin);
  try {
    for (const statement of statements) await writer.run(statement);
    for (const part of parts) {
      for (const json of jsonChunks(part.rows)) await writer.run(part.sql, [json]);
    }
    await writer.run(sql.commit);
  } catch (error) {
    // "no transaction is active" after such a failure is what was wanted.
    await writer.run(sql.rollback).catch(() => {});
    throw error;
  }
}
