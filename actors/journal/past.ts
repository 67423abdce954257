/**
 * What there was at a cursor. A state is in force at it when its span in `former` holds the cursor, or when it is the
 * newest of its actor and was so by then; each span of one moment is found by its node (`spans.ts`), whatever the log's
 * length. What was so at a cursor stays so: the answers of several statements belong together.
 */
import type { ActorQuery, Address, LivingVersion } from '../host/contract.ts';
import { actorConditions, actorPlan, listedActors } from './actor-search.ts';
import type { Connection } from './connection.ts';
import { NEWEST, oldest, type Range, rangeSql, walkPage } from './newest-first.ts';
import { type Place, placeOf } from './page-token.ts';
import { formerScalars, formerState, type Scalars, type StoredState } from './rows.ts';
import { type Condition, Params, type Plan, testsSql } from './search.ts';
import { nodesTo } from './spans.ts';
import { insertFormer, sql } from './statements.ts';

/** Clocks are put back; a row may be that much older than what was made before it. */
const CLOCK_MS = 24 * 3_600_000;

const FOREVER = Number.MAX_SAFE_INTEGER;
const SUBJECT = 'correlation_id, command_id, session_id, account_id, platform';
const STATE = `address, kind, id, machine_version, step, status, state, ${SUBJECT}, created_at, updated_at, entered_at, deadline_at, snapshot`;

/** `former` rows in force. */
const inForce = (params: Params, at: number, head: number, name = 'former') => {
  const cursor = params.add(at);
  const nodes = params.add(JSON.stringify(nodesTo(at, head)));
  return `${name}.node IN (SELECT value FROM json_each(${nodes})) AND ${name}.since <= ${cursor} AND ${name}.until > ${cursor}`;
};

const headOf = async (reader: Connection) => (await reader.get<{ head: number }>(sql.bounds))!.head;

/** The first cursor of which it can be told. Where nothing was removed yet that is 0, before anything there was. */
export async function pastFrom(reader: Connection): Promise<number> {
  const { tail, kept } = (await reader.get<{ tail: number; kept: number }>(sql.pastFrom))!;
  return Math.max(kept, tail <= 1 ? 0 : tail);
}

export const statesOfSql = `WITH wanted (address) AS (SELECT DISTINCT value FROM json_each(?1))
  SELECT former.since, former.until, former.undo, ${STATE.replace(/\b(?=\w)/g, 'former.')}
    FROM wanted CROSS JOIN former INDEXED BY former_by_address
    WHERE former.address = wanted.address AND former.until > ?2 AND former.until <= coalesce((
      SELECT whole.until FROM former AS whole INDEXED BY former_by_address
      WHERE whole.address = wanted.address AND whole.until > ?2 AND whole.snapshot IS NOT NULL ORDER BY whole.until LIMIT 1
    ), ${FOREVER})
  UNION ALL SELECT last_cursor, ${FOREVER}, NULL, ${STATE} FROM actors WHERE address IN wanted
  UNION ALL SELECT since, ${FOREVER}, NULL, ${STATE} FROM standing WHERE address IN wanted
  ORDER BY address, until`;

/** All that is kept of one actor, oldest first, the newest last. @param took whether the database has what made each another */
export const statesOf = (took: boolean): string =>
  `SELECT since, until, undo, ${took ? 'took' : 'NULL AS took'}, ${STATE} FROM former WHERE address = ?1
  UNION ALL SELECT last_cursor, ${FOREVER}, NULL, NULL, ${STATE} FROM actors WHERE address = ?1
  UNION ALL SELECT since, ${FOREVER}, NULL, NULL, ${STATE} FROM standing WHERE address = ?1
  ORDER BY until`;

/**
 * Of each actor what `recordAt` makes it from, in the order they were asked for. One statement: the states of an actor are
 * of one commit.
 */
export async function statesFrom(
  reader: Connection,
  addresses: readonly Address[],
  at: number
): Promise<StoredState[][]> {
  const rows = await reader.all<StoredState>(statesOfSql, [JSON.stringify(addresses), at]);
  const states = new Map(addresses.map((address): [Address, StoredState[]] => [address, []]));
  for (const row of rows) states.get(row.address)?.push(row);
  return [...states.values()];
}

/** A page of durable actors, as `searchActors` finds those of now. */
export async function searchActorsAt(
  reader: Connection,
  at: number,
  query: ActorQuery
): Promise<{ addresses: Address[]; next: string | null }> {
  const head = await headOf(reader);
  const row = await reader.get<{ emitted_at: number }>('SELECT emitted_at FROM events WHERE cursor = ?', [at]);
  const newest: Place = row ? { createdAt: row.emitted_at + CLOCK_MS, seq: FOREVER } : NEWEST;
  const after = query.page === undefined ? newest : placeOf(query.page, query);
  const { context, ...ofThen } = query;
  const [then, now] = [actorConditions(ofThen), actorConditions(context ? { context } : {})];
  const { rows, next } = await walkPage<{ address: Address; created_at: number; seq: number }>(
    reader,
    {
      ...listedActors,
      columns: 'seq, address, created_at',
      tests: (params) => [`last_cursor <= ${params.add(at)}`],
      also: (params, range) => formerSql(params, { at, head, range, then, now }),
      isShort: query.status === 'active'
    },
    query.status === 'active' ? { ...livingPlan, rest: actorConditions(query) } : actorPlan(query),
    { after, to: oldest(query.createdSince) },
    query
  );
  return { addresses: rows.map(({ address }) => address), next };
}

/** What lives is few among all that ever did, so that it is all met and sorted. */
const livingPlan: Plan = {
  walk: { index: 'actors_alive', columns: [], only: { values: ['active'], sql: "status = 'active'" } },
  branches: [[]],
  rest: []
};

function formerSql(
  params: Params,
  { at, head, range, then, now }: { at: number; head: number; range: Range; then: Condition[]; now: Condition[] }
): string {
  const of = (table: string, conditions: Condition[]) =>
    testsSql(
      conditions.map(({ column, values }) => ({ column: column.replace(/^(json_extract\()?/, `$1${table}.`), values })),
      params
    );
  const where = [
    inForce(params, at, head),
    ...of('former', then),
    ...of('actors', now),
    ...rangeSql('actors.seq', params, range, 'actors.created_at')
  ];
  return `SELECT actors.seq, actors.address, actors.created_at
    FROM former INDEXED BY former_by_node CROSS JOIN actors INDEXED BY actors_by_address
    WHERE actors.address = former.address AND ${where.join(' AND ')}`;
}

/** What there was of all kinds, or of those given: living ones, and with `ended` the others too. */
export function allAt(
  params: Params,
  { at, head, columns, kind, ended }: { at: number; head: number; columns: string; kind?: string; ended: boolean }
): string {
  const ofKind = kind === undefined ? '' : ` AND kind = ${params.add(kind)}`;
  const cursor = params.add(at);
  const living = `status = 'active'`;
  const parts = [
    `SELECT ${columns} FROM former INDEXED BY former_by_node WHERE ${inForce(params, at, head)}${ofKind}${ended ? '' : ` AND ${living}`}`,
    `SELECT ${columns} FROM actors INDEXED BY actors_alive WHERE ${living} AND last_cursor <= ${cursor}${ofKind}`,
    `SELECT ${columns} FROM standing WHERE since <= ${cursor}${ofKind}${ended ? '' : ` AND ${living}`}`
  ];
  if (ended) {
    parts.push(
      `SELECT ${columns} FROM actors INDEXED BY actors_ended_by_phase WHERE status <> 'active' AND last_cursor <= ${cursor}${ofKind}`
    );
  }
  return parts.join(' UNION ALL ');
}

export async function countActorsAt(reader: Connection, kind: string, at: number): Promise<Record<string, number>> {
  const params = new Params();
  const all = allAt(params, { at, head: await headOf(reader), columns: 'phase', kind, ended: true });
  const rows = await reader.all<{ phase: string; count: number }>(
    `SELECT phase, count(*) AS count FROM (${all}) GROUP BY phase`,
    params.list
  );
  return Object.fromEntries(rows.map(({ phase, count }) => [phase, count]));
}

export async function livingVersionsAt(reader: Connection, at: number): Promise<LivingVersion[]> {
  const params = new Params();
  const columns = 'kind, machine_version AS version';
  const all = allAt(params, { at, head: await headOf(reader), columns, ended: false });
  return reader.all<LivingVersion>(
    `SELECT kind, version, count(*) AS count FROM (${all}) GROUP BY kind, version`,
    params.list
  );
}

export async function statesAt(reader: Connection, at: number) {
  const params = new Params();
  const all = allAt(params, { at, head: await headOf(reader), columns: 'kind, state', ended: false });
  return reader.all<{ kind: string; state: string; count: number }>(
    `SELECT kind, state, count(*) AS count FROM (${all}) GROUP BY kind, state ORDER BY kind, state`,
    params.list
  );
}

export async function volatileAt(reader: Connection, kinds: string[], at: number): Promise<Address[]> {
  const params = new Params();
  const head = await headOf(reader);
  const among = `kind IN (SELECT value FROM json_each(${params.add(JSON.stringify(kinds))}))`;
  const rows = await reader.all<{ address: Address }>(
    `SELECT address FROM former INDEXED BY former_by_node WHERE ${inForce(params, at, head)} AND ${among}
     UNION SELECT address FROM standing WHERE since <= ${params.add(at)} AND ${among} ORDER BY address`,
    params.list
  );
  return rows.map(({ address }) => address);
}

/** Volatile actors are gone with their process: what they were last was so until whatever the log has next. */
export async function closeStanding(writer: Connection): Promise<void> {
  const until = (await headOf(writer)) + 1;
  const rows = await writer.all<StoredState>('SELECT * FROM standing');
  if (rows.length === 0) return;
  const scalars: Scalars[] = rows.map((row) => formerScalars({ ...formerState({ ...row, undo: null }), until }));
  await writer.run(insertFormer, [JSON.stringify(scalars)]);
  await writer.run('DELETE FROM standing');
}
