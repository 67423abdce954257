import sqlite3 from 'sqlite3';
import { ControlError, describe } from '../../schemas/errors.ts';

/** SQLite's primary result code of an error of the `sqlite3` package; undefined for any other thrown thing. */
export function sqliteCode(error: unknown): number | undefined {
  const errno = error instanceof Error ? (error as { errno?: unknown }).errno : undefined;
  return typeof errno === 'number' && errno > 0 ? errno & 0xff : undefined;
}

const damage = new Set([sqlite3.CORRUPT, sqlite3.NOTADB]);
/** The disk, the file system or another process is in the way; the same call may work later. */
const outside = new Set([
  sqlite3.FULL,
  sqlite3.IOERR,
  sqlite3.READONLY,
  sqlite3.BUSY,
  sqlite3.LOCKED,
  sqlite3.CANTOPEN,
  sqlite3.PERM,
  sqlite3.AUTH,
  sqlite3.NOMEM,
  sqlite3.PROTOCOL,
  sqlite3.NOLFS,
  sqlite3.INTERRUPT,
  // A call on a connection that was closed meanwhile.
  sqlite3.MISUSE
]);

const isDamage = (error: unknown) => damage.has(sqliteCode(error) ?? -1);
const isOutside = (error: unknown) => outside.has(sqliteCode(error) ?? -1);

/** SQLite's words, and what they mean where they do not say it. */
function reasonOf(error: unknown): string {
  const code = sqliteCode(error);
  const isLocked = code === sqlite3.BUSY || code === sqlite3.LOCKED;
  return isLocked ? `${describe(error)}: another process holds it (a backup, a shell); end that` : describe(error);
}

/** What a commit or a read answers. Anything that is not the storage's fault (a constraint, a type) is ours: as it is. */
export function storageFailure(error: unknown, path: string): unknown {
  if (isDamage(error)) return new ControlError('JOURNAL_DAMAGED', { path, reason: describe(error) }, error);
  if (isOutside(error)) return unavailable(reasonOf(error), error);
  return error;
}

/** What `open()` answers: a database that cannot be opened or written is a directory to be mended. */
export function openFailure(error: unknown, path: string): unknown {
  if (isDamage(error)) return new ControlError('JOURNAL_DAMAGED', { path, reason: describe(error) }, error);
  if (isOutside(error)) return new ControlError('DATA_DIR_UNWRITABLE', { path, reason: reasonOf(error) }, error);
  return error;
}

export const unavailable = (reason: string, cause?: unknown) =>
  new ControlError('JOURNAL_UNAVAILABLE', { reason }, cause);
