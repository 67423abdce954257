/**
 * A copy of a journal that may be in use: taken by another process in one read transaction, made ready to be opened, and
 * looked through from end to end.
 */
import { ControlError } from '../../schemas/errors.ts';
import { Connection } from './connection.ts';
import { sql } from './statements.ts';

export interface CopiedJournal {
  /** Cursors of the oldest and newest event. */
  tail: number;
  head: number;
  actors: number;
  living: number;
  artifacts: number;
}

/**
 * @param from a journal, of a running process or not; only read
 * @param to not there yet
 * @throws Error of the sqlite3 package
 */
export async function copyJournal(from: string, to: string): Promise<void> {
  let source: Connection | undefined;
  try {
    source = await Connection.open(from, 'read-only');
    await source.exec('PRAGMA busy_timeout = 10000');
    await source.backup(to);
  } finally {
    await source?.close().catch(() => {});
  }
}

/**
 * What the copy at `path` holds, after every page and index of it was looked at.
 * @param source what it is a copy of, for what is said when it is damaged
 * @param isGone of the SHA-256 of artifacts' files, those that were removed while the rest was being copied
 * @throws ControlError JOURNAL_DAMAGED; Error of the sqlite3 package
 */
export async function finishCopy(path: string, source: string, isGone: ReadonlySet<string>): Promise<CopiedJournal> {
  const copy = await Connection.open(path, 'read-write');
  try {
    // It was taken from a database in use; now it is whole.
    await copy.run(sql.setClean, [1]);
    await copy.run('DELETE FROM artifacts WHERE sha256 IN (SELECT value FROM json_each(?))', [
      JSON.stringify([...isGone])
    ]);
    const [vacuum] = await copy.all<{ auto_vacuum: number }>('PRAGMA auto_vacuum');
    // Of one that was made before it could shrink, the copy can.
    if (vacuum?.auto_vacuum !== INCREMENTAL) await copy.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM');
    const [first] = await copy.all<{ integrity_check: string }>('PRAGMA integrity_check(1)');
    if (first?.integrity_check !== 'ok') {
      const reason = first?.integrity_check ?? 'integrity_check is silent';
      throw new ControlError('JOURNAL_DAMAGED', { path: source, reason });
    }
    const held = (await copy.get<CopiedJournal>(`SELECT tail, head,
      (SELECT count(*) FROM actors) AS actors,
      (SELECT count(*) FROM actors WHERE status = 'active') AS living,
      (SELECT count(*) FROM artifacts) AS artifacts FROM (${sql.bounds})`))!;
    await copy.all('PRAGMA wal_checkpoint(TRUNCATE)');
    return held;
  } finally {
    await copy.close().catch(() => {});
  }
}

/** The SHA-256 of all files that artifacts of the journal at `path` name, so many at a time. */
export async function* namedFiles(path: string, limit = 500): AsyncGenerator<string[]> {
  const reader = await Connection.open(path, 'read-only');
  try {
    for (let last = ''; ; ) {
      const rows = await reader.all<{ sha256: string }>(
        'SELECT DISTINCT sha256 FROM artifacts WHERE sha256 > ? ORDER BY sha256 LIMIT ?',
        [last, limit]
      );
      if (rows.length > 0) yield rows.map(({ sha256 }) => sha256);
      if (rows.length < limit) return;
      last = rows.at(-1)!.sha256;
    }
  } finally {
    await reader.close();
  }
}

/** Whether an artifact of the journal at `path` names this file now. */
export async function isNamed(path: string, sha256: string): Promise<boolean> {
  const reader = await Connection.open(path, 'read-only');
  try {
    return (await reader.get('SELECT 1 FROM artifacts WHERE sha256 = ? LIMIT 1', [sha256])) !== undefined;
  } finally {
    await reader.close();
  }
}

const INCREMENTAL = 2;
