/**
 * `node --import` of a manager that is to die at an exact statement: it counts what goes to SQLite and ends its own
 * process with SIGKILL at the nth. The program itself is not changed.
 *
 * CRASH_AT is JSON: `{ point, nth, mark }`. `mark` is a file, written when the point is reached: so a test knows that
 * the process died of this and of nothing else.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const sqlite3 = createRequire(import.meta.url)('sqlite3');
const { point, nth, mark } = JSON.parse(process.env.CRASH_AT ?? '{}');
let left = nth ?? 0;
/** Statements of the transaction that is open; only the journal's writer opens any. */
let transaction = null;

const isBegin = (sql) => sql.startsWith('BEGIN');
const isCommit = (sql) => sql.startsWith('COMMIT');
const has = (start) => transaction?.some((sql) => sql.startsWith(start));

/** Whether this moment is one of `point`; `when` is before the call, or after it and before anybody hears of it. */
const moments = {
  call: (when) => when === 'before',
  begin: (when, sql) => when === 'after' && isBegin(sql),
  statement: (when, sql) => when === 'after' && transaction !== null && !isBegin(sql) && !isCommit(sql),
  commit: (when, sql) => when === 'before' && isCommit(sql),
  committed: (when, sql) => when === 'after' && isCommit(sql),
  declared: (when, sql) => when === 'after' && isCommit(sql) && has('INSERT INTO effects'),
  settled: (when, sql) => when === 'after' && isCommit(sql) && has('DELETE FROM effects'),
  truncate: (when, sql) => when === 'before' && sql.startsWith('PRAGMA wal_checkpoint'),
  truncated: (when, sql) => when === 'after' && sql.startsWith('PRAGMA wal_checkpoint')
};

function reached(when, sql) {
  if (left === 0 || !moments[point](when, sql)) return;
  left -= 1;
  if (left > 0) return;
  const file = openSync(mark, 'a', 0o600);
  writeSync(file, `${point} ${nth} ${when} ${sql.slice(0, 60)}\n`);
  closeSync(file);
  process.kill(process.pid, 'SIGKILL');
}

function watched(sql, callback) {
  const text = sql.trim();
  reached('before', text);
  if (isBegin(text)) transaction = [];
  else transaction?.push(text);
  return function after(...result) {
    reached('after', text);
    if (isCommit(text) || text.startsWith('ROLLBACK')) transaction = null;
    return callback?.apply(this, result);
  };
}

if (point) {
  if (!(point in moments)) throw new Error(`CRASH_AT: no point '${point}'`);
  const { Database, Statement } = sqlite3;
  const { exec } = Database.prototype;
  Database.prototype.exec = function (sql, callback) {
    return exec.call(this, sql, watched(sql, callback));
  };
  for (const method of ['run', 'all']) {
    const real = Statement.prototype[method];
    Statement.prototype[method] = function (...args) {
      const callback = typeof args.at(-1) === 'function' ? args.pop() : undefined;
      return real.call(this, ...args, watched(this.sql, callback));
    };
  }
}
