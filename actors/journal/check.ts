/**
 * What is found out about a database before anything is written to it.
 *
 * A whole `PRAGMA quick_check` reads the whole file, seconds for a log of a million rows, so it runs whole only on a
 * small file. On a large one that was closed in order the header and the schema are enough (a damaged page met later
 * answers JOURNAL_DAMAGED when it is read); after a crash every table is checked but the two that grow without bound,
 * of which the ends are read. A crash by itself damages nothing: the write-ahead log is replayed by SQLite.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import sqlite3 from 'sqlite3';
import { ControlError, describe } from '../../schemas/errors.ts';
import { Connection } from './connection.ts';
import { openFailure, sqliteCode } from './failures.ts';
import { tableNames } from './tables.ts';
import { walDamage } from './wal.ts';

/** Up to this a whole check takes a fraction of a second. */
const SMALL_BYTES = 64 * 1024 * 1024;

const boundedTables = ['meta', 'timers', 'effects', 'tells', ...tableNames];
const endsOfUnbounded = [
  'SELECT * FROM events ORDER BY cursor LIMIT 1',
  'SELECT * FROM events ORDER BY cursor DESC LIMIT 100',
  'SELECT * FROM actors ORDER BY seq LIMIT 1',
  'SELECT * FROM actors ORDER BY seq DESC LIMIT 100'
];

/**
 * The schema version of the database at `path`, 0 for one that is not there yet. Changes no byte of it: a read-only
 * connection does not even move the write-ahead log into the file when it closes.
 * @param traces names of files that nobody makes before the database is made: they tell a lost one from a first start
 * @throws ControlError JOURNAL_DAMAGED, JOURNAL_MISSING, JOURNAL_TOO_NEW, DATA_DIR_UNWRITABLE
 */
export async function inspect(path: string, known: number, traces: string[] = []): Promise<number> {
  const bytes = await sizeOf(path);
  if (bytes === 0) {
    await expectNothingElse(path, traces);
    return 0;
  }
  const reason = await walDamage(`${path}-wal`).catch((error) => {
    throw new ControlError('DATA_DIR_UNWRITABLE', { path: `${path}-wal`, reason: describe(error) }, error);
  });
  if (reason !== null) throw new ControlError('JOURNAL_DAMAGED', { path, reason });
  let reader: Connection | undefined;
  try {
    reader = await Connection.open(path, 'read-only');
    const version = (await reader.get<{ user_version: number }>('PRAGMA user_version'))!.user_version;
    if (version > known) throw new ControlError('JOURNAL_TOO_NEW', { path, version, known });
    if (version > 0) await check(reader, path, bytes);
    else await expectEmpty(reader, path);
    return version;
  } catch (error) {
    throw openFailure(error, path);
  } finally {
    await reader?.close().catch(() => {});
  }
}

/** SQLite would make a new one without a word, and throw the write-ahead log of the old one away. */
async function expectNothingElse(path: string, traces: string[]) {
  for (const other of [`${path}-wal`, ...traces.map((name) => join(dirname(path), name))]) {
    if ((await sizeOf(other)) > 0) throw new ControlError('JOURNAL_MISSING', { path, found: basename(other) });
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 0;
    throw new ControlError('DATA_DIR_UNWRITABLE', { path, reason: message }, error);
  }
}

async function check(reader: Connection, path: string, bytes: number) {
  try {
    const clean = (await reader.get<{ value: number }>("SELECT value FROM meta WHERE key = 'clean'"))?.value === 1;
    if (bytes <= SMALL_BYTES) return await quickCheck(reader, path);
    if (!clean) for (const table of boundedTables) await quickCheck(reader, path, table);
    for (const read of endsOfUnbounded) await reader.all(read);
  } catch (error) {
    // A table or column that a migration made and that is not there any more.
    if (sqliteCode(error) !== sqlite3.ERROR) throw error;
    throw new ControlError('JOURNAL_DAMAGED', { path, reason: (error as Error).message }, error);
  }
}

async function quickCheck(reader: Connection, path: string, table?: string) {
  const [first] = await reader.all<{ quick_check: string }>(`PRAGMA quick_check(${table ?? 1})`);
  if (first?.quick_check === 'ok') return;
  throw new ControlError('JOURNAL_DAMAGED', { path, reason: first?.quick_check ?? 'quick_check says nothing' });
}

/** Version 0 with tables is a database of something else. */
async function expectEmpty(reader: Connection, path: string) {
  const found = await reader.get<{ name: string }>('SELECT name FROM sqlite_schema LIMIT 1');
  if (found) throw new ControlError('JOURNAL_DAMAGED', { path, reason: `'${found.name}' in it is not of a journal` });
}
