/**
 * What a commit runs: per table one statement that takes a whole batch as one JSON parameter. A row then costs no trip
 * to SQLite's thread and back: two to four times the rows a second on a quiet machine (`bench/journal.ts`).
 */
import type { Batch, Put, TableName } from '../host/contract.ts';
import {
  actorColumns,
  actorIndexedColumns,
  actorIndexScalars,
  actorScalars,
  actorStayColumns,
  actorStayScalars,
  actorUnindexedColumns,
  effectColumns,
  effectScalars,
  eventColumns,
  eventScalars,
  formerColumns,
  formerScalars,
  type Scalars,
  standingColumns,
  standingScalars,
  tellColumns,
  tellScalars,
  timerColumns,
  timerScalars
} from './rows.ts';
import { shapeOf, tableNames, tables } from './tables.ts';

/** One statement and the rows it takes. Rows are made as they are read, so a large batch is never in memory twice. */
export interface Part {
  sql: string;
  rows: Iterable<Scalars>;
}

/** The parts of a batch in the order they have to run; tables the batch does not touch have none. */
export function partsOf(batch: Batch): Part[] {
  const parts: Part[] = [];
  const add = <Row>(sql: string, rows: readonly Row[], scalars: (row: Row) => Scalars) => {
    if (rows.length > 0) parts.push({ sql, rows: mapped(rows, scalars) });
  };
  add(insertEvents, batch.events, eventScalars);
  add(putActors, batch.actors, actorScalars);
  add(reindexActors, batch.actors, actorIndexScalars);
  add(moveActors, batch.actors, actorStayScalars);
  add(insertFormer, batch.former ?? [], formerScalars);
  add(putStanding, batch.standing ?? [], standingScalars);
  // Cleared before set, and made before over: a state that is left and entered again in one batch has its new timer,
  // and an effect or tell that began and ended in one batch leaves nothing.
  add(clearTimers, batch.timers.cleared, ({ address, id }) => [address, id]);
  add(putTimers, batch.timers.set, timerScalars);
  add(putEffects, batch.effects.declared, effectScalars);
  add(settleEffects, batch.effects.settled, (id) => [id]);
  add(putTells, batch.tells.sent, tellScalars);
  add(consumeTells, batch.tells.consumed, (id) => [id]);
  for (const table of tableNames) {
    add(
      putRows[table],
      batch.writes.filter((write) => write.into === table),
      (write) => scalarsOf(write)
    );
  }
  return parts;
}

function* mapped<Row>(rows: readonly Row[], scalars: (row: Row) => Scalars): Iterable<Scalars> {
  for (const row of rows) yield scalars(row);
}

const scalarsOf = ({ into, row }: Put): Scalars =>
  tables[into].columns.map((column) => (row as Record<string, string | number | null>)[column] ?? null);

const values = (columns: readonly string[]) => columns.map((_, index) => `value ->> ${index}`).join(', ');

const insert = (table: string, columns: readonly string[]) =>
  `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values(columns)} FROM json_each(?) WHERE true`;

const upsert = (
  table: string,
  columns: readonly string[],
  key: readonly string[],
  {
    where = '',
    changed = columns.filter((column) => !key.includes(column)) as readonly string[],
    added = [] as readonly string[]
  } = {}
) => {
  const set = [
    ...changed.map((column) => `${column} = excluded.${column}`),
    ...added.map((column) => `${column} = ${table}.${column} + excluded.${column}`)
  ].join(', ');
  return `${insert(table, columns)} ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${set}${where}`;
};

const insertEvents = insert('events', eventColumns);

// SQLite writes anew every index that has a column in SET, changed or not, and a command's steps rarely change what it
// is found by: setting that apart and only where it differs makes a step write a quarter of the pages (measured).
const putActors = upsert('actors', actorColumns, ['address'], { changed: actorUnindexedColumns });
const whereDifferent = (columns: readonly string[]) =>
  `UPDATE actors SET ${columns
    .map((column, index) => `${column} = row.value ->> ${index + 1}`)
    .join(', ')} FROM json_each(?) AS row WHERE actors.address = row.value ->> 0 AND (${columns
    .map((column, index) => `actors.${column} IS NOT row.value ->> ${index + 1}`)
    .join(' OR ')})`;
const reindexActors = whereDifferent(actorIndexedColumns);
const moveActors = whereDifferent(actorStayColumns);

export const insertFormer = insert('former', formerColumns);
const putStanding = upsert('standing', standingColumns, ['address']);

const putTimers = upsert('timers', timerColumns, ['address', 'id']);
const clearTimers = 'DELETE FROM timers WHERE (address, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))';
const putEffects = upsert('effects', effectColumns, ['id']);
const settleEffects = 'DELETE FROM effects WHERE id IN (SELECT value ->> 0 FROM json_each(?))';
const putTells = upsert('tells', tellColumns, ['id']);
const consumeTells = 'DELETE FROM tells WHERE id IN (SELECT value ->> 0 FROM json_each(?))';

/**
 * The ledger says who attempted what first: a row of another command stays as it is, unless nothing came of that. Then who
 * attempts it now has the row, and whoever had it finds that out before trying once more.
 */
const ownRowOnly = " WHERE ledger.command_id = excluded.command_id OR ledger.state = 'VERIFICATION_FAILED'";

/** What a row that comes again brings anew. */
function changedColumns(table: TableName): readonly string[] {
  const { columns, key, kept, added } = shapeOf(table);
  return columns.filter((column) => ![...key, ...kept, ...added].includes(column));
}

// A record of the audit log that is there is never written over: the commit fails.
const putRows = Object.fromEntries(
  tableNames.map((table) => [
    table,
    table === 'audit'
      ? insert(table, tables[table].columns)
      : upsert(table, tables[table].columns, tables[table].key, {
          changed: changedColumns(table),
          added: shapeOf(table).added,
          ...(table === 'ledger' ? { where: ownRowOnly } : {})
        })
  ])
) as Record<TableName, string>;

const kindOf = (address: string) => `substr(${address}, 1, instr(${address}, '/') - 1)`;

const countByKind = (table: string, column: string) =>
  `SELECT '${table}' AS kept, ${kindOf(column)} AS kind, count(*) AS count FROM ${table} GROUP BY 2`;

// Every resting actor has a timer, so these are many: from kind to kind along the key ('0' follows '/'), and each kind's
// counted as a stretch of it, in a tenth of the time of a GROUP BY.
const timersByKind = `SELECT 'timers' AS kept, kind,
    (SELECT count(*) FROM timers WHERE address > kind || '/' AND address < kind || '0') AS count
  FROM (WITH RECURSIVE kinds (kind) AS (
    SELECT (SELECT ${kindOf('min(address)')} FROM timers)
    UNION ALL
    SELECT (SELECT ${kindOf('min(address)')} FROM timers WHERE address > kind || '0') FROM kinds WHERE kind IS NOT NULL
  ) SELECT kind FROM kinds WHERE kind IS NOT NULL)`;

export const sql = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  boot: "UPDATE meta SET value = value + 1 WHERE key = 'boot'",
  readBoot: "SELECT value FROM meta WHERE key = 'boot'",
  setClean: "UPDATE meta SET value = ? WHERE key = 'clean'",
  // A row set to what it is already would not be written at all.
  probe: "UPDATE meta SET value = value + 1 WHERE key = 'probe'",
  bounds:
    'SELECT coalesce((SELECT min(cursor) FROM events), 0) AS tail, coalesce((SELECT max(cursor) FROM events), 0) AS head',
  pastFrom: `SELECT coalesce((SELECT min(cursor) FROM events), 0) AS tail,
    coalesce((SELECT value FROM meta WHERE key = 'past'), 0) AS kept`,
  loadActors: 'SELECT * FROM actors WHERE address IN (SELECT value FROM json_each(?))',
  countActors: 'SELECT phase, count(*) AS count FROM actors WHERE kind = ? GROUP BY phase',
  livingVersions:
    "SELECT kind, machine_version AS version, count(*) AS count FROM actors INDEXED BY actors_alive_by_version WHERE status = 'active' GROUP BY kind, machine_version",
  livingStates: `SELECT kind, state, count(*) AS count, min(entered_at) AS oldest FROM actors INDEXED BY actors_alive_by_stay
    WHERE status = 'active' GROUP BY kind, state`,
  living: "SELECT count(*) AS count FROM actors INDEXED BY actors_alive WHERE status = 'active'",
  waiting: `${timersByKind} UNION ALL ${countByKind('effects', 'address')} UNION ALL ${countByKind('tells', 'recipient')}`,
  readAudit: 'SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?',
  auditBefore: 'SELECT seq, hash FROM audit WHERE created_at < ? ORDER BY created_at DESC, seq DESC LIMIT 1',
  timersAfter:
    'SELECT address, id, due_at, event FROM timers WHERE (due_at, address, id) > (?, ?, ?) ORDER BY due_at, address, id LIMIT ?',
  unsettled:
    'SELECT rowid AS place, id, address, child, src, input FROM effects WHERE rowid > ? ORDER BY rowid LIMIT ?',
  outbox: `SELECT seq AS place, id, sender, recipient, event FROM tells
    WHERE seq > ? AND substr(recipient, 1, instr(recipient, '/') - 1) IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?`
};
