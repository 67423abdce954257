/**
 * The living actors of a database, read and nothing else: of one that a process has open, of one that was closed, of a
 * copy. All that is read is of one moment. No lock is taken that a writer waits for, and no file is made beside it.
 */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ControlError, describe } from '../../schemas/errors.ts';
import type { ActorRecord, LivingVersion, Tables } from '../host/contract.ts';
import { Connection } from './connection.ts';
import { storageFailure } from './failures.ts';
import { migrations } from './migrations.ts';
import { actorRecord, type StoredActor } from './rows.ts';

/** Actors read at a time. */
const PAGE = 500;

export interface LivingReader {
  /** Of the database. */
  path: string;
  versions(): Promise<LivingVersion[]>;
  /** What is known of versions that ran on it; empty for a database from before they were kept. */
  machines(): Promise<Tables['machines'][]>;
  /** Living actors of one version, oldest first. */
  actors(kind: string, version: string): AsyncGenerator<ActorRecord, void>;
  close(): Promise<void>;
}

/**
 * @param place a data directory, or the database itself
 * @throws ControlError JOURNAL_DAMAGED, JOURNAL_TOO_NEW, JOURNAL_UNAVAILABLE
 */
export async function openLivingReader(place: string): Promise<LivingReader> {
  const { path, connection } = await openUnchanged(place);
  return reader(path, connection);
}

/**
 * A connection in a transaction, so that all it reads is of one moment.
 * @throws ControlError JOURNAL_DAMAGED, JOURNAL_TOO_NEW, JOURNAL_UNAVAILABLE
 */
export async function openUnchanged(place: string): Promise<{ path: string; connection: Connection }> {
  const path = databaseAt(place);
  let connection: Connection | undefined;
  try {
    connection = await Connection.open(...whole(path));
    const version = (await connection.get<{ user_version: number }>('PRAGMA user_version'))!.user_version;
    const known = migrations().length;
    if (version > known) throw new ControlError('JOURNAL_TOO_NEW', { path, version, known });
    if (version === 0) throw new ControlError('JOURNAL_DAMAGED', { path, reason: 'it is no journal' });
    await connection.exec('BEGIN');
    return { path, connection };
  } catch (error) {
    await connection?.close().catch(() => {});
    throw storageFailure(error, path);
  }
}

function databaseAt(place: string): string {
  const path = resolve(place);
  const database = existsSync(path) && statSync(path).isDirectory() ? join(path, 'journal.db') : path;
  if (existsSync(database)) return database;
  throw new ControlError('JOURNAL_UNAVAILABLE', { reason: `there is no ${database}` });
}

/** Without a log beside it nobody has it open, and all is in the file: SQLite need not make a log to read it by. */
const whole = (path: string): [file: string, mode: 'read-only' | 'unchanging'] =>
  existsSync(`${path}-wal`) ? [path, 'read-only'] : [`${pathToFileURL(path).href}?immutable=1`, 'unchanging'];

function reader(path: string, connection: Connection): LivingReader {
  const read = async <T>(sql: string, params: (string | number)[] = []): Promise<T[]> => {
    try {
      return await connection.all<T>(sql, params);
    } catch (error) {
      throw storageFailure(error, path);
    }
  };
  const parsed = (row: StoredActor): ActorRecord => {
    try {
      return actorRecord(row);
    } catch (error) {
      throw new ControlError('JOURNAL_DAMAGED', { path, reason: describe(error) }, error);
    }
  };
  return {
    path,
    versions: () =>
      read<LivingVersion>(
        `SELECT kind, machine_version AS version, count(*) AS count FROM actors WHERE status = 'active'
         GROUP BY kind, machine_version ORDER BY kind, machine_version`
      ),
    async machines() {
      const [table] = await read("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'machines'");
      return table ? read<Tables['machines']>('SELECT * FROM machines') : [];
    },
    async *actors(kind, version) {
      for (let after = 0; ; ) {
        const rows = await read<StoredActor>(
          `SELECT * FROM actors WHERE kind = ? AND machine_version = ? AND status = 'active' AND seq > ?
           ORDER BY seq LIMIT ${PAGE}`,
          [kind, version, after]
        );
        for (const row of rows) yield parsed(row);
        if (rows.length < PAGE) return;
        after = rows.at(-1)!.seq;
      }
    },
    close: () => connection.close()
  };
}
