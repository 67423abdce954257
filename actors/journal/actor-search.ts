import { ControlError } from '../../schemas/errors.ts';
import type { ActorQuery } from '../host/contract.ts';
import type { Connection } from './connection.ts';
import { type Place, pageToken, placeOf } from './page-token.ts';
import type { StoredActor } from './rows.ts';
import {
  branchSql,
  type Condition,
  inList,
  MAX_EXAMINED,
  matchesNothing,
  Params,
  type Plan,
  planOf,
  STRETCH,
  testsSql,
  type Walk
} from './search.ts';

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 500;

/** Most selective first: of a million actors few are alive, and one account has more commands than one correlation. */
const alive = { values: ['active'], sql: "status = 'active'" };
const walks: Walk[] = [
  {
    index: 'actors_resuming',
    columns: ['kind', 'status', 'resumes'],
    only: { values: [1], sql: "status = 'active' AND resumes = 1" }
  },
  { index: 'actors_by_correlation', columns: ['correlation_id'] },
  { index: 'actors_alive_by_session', columns: ['session_id', 'status'], only: alive },
  { index: 'actors_alive_by_account', columns: ['account_id', 'status'], only: alive },
  { index: 'actors_by_session', columns: ['session_id'] },
  {
    index: 'actors_alive_by_version',
    columns: ['kind', 'machine_version', 'status'],
    only: { values: ['active'], sql: "status = 'active'" }
  },
  { index: 'actors_alive', columns: ['kind', 'status'], only: alive },
  { index: 'actors_by_account', columns: ['account_id'] },
  { index: 'actors_by_phase', columns: ['kind', 'phase'] },
  { index: 'actors_by_envelope_type', columns: ['kind', 'envelope_type'] },
  { index: 'actors_by_platform', columns: ['platform'] },
  { index: 'actors_by_kind', columns: ['kind'] },
  { index: 'actors_by_age', columns: [] }
];

/** Paths in context with a column, and so with an index, of their own. Another one takes a migration. */
const columnOfPath: Record<string, string> = { 'envelope.type': 'envelope_type' };

/** @throws ControlError QUERY_INVALID */
export function actorConditions(query: ActorQuery): Condition[] {
  const conditions: Condition[] = [];
  const add = (column: string, wanted: string | number | readonly string[] | undefined) => {
    if (wanted !== undefined) conditions.push({ column, values: typeof wanted === 'object' ? wanted : [wanted] });
  };
  add('kind', query.kind);
  add('machine_version', query.version);
  add('phase', query.state);
  // Who is told of a restart is alive; said twice, it matches nothing when something else was asked for.
  add('status', query.status ?? (query.resumes && 'active'));
  if (query.resumes && query.status !== undefined && query.status !== 'active') add('seq', []);
  add('resumes', query.resumes && 1);
  add('session_id', query.session_id);
  add('account_id', query.account_id);
  add('correlation_id', query.correlation_id);
  add('platform', query.platform);
  for (const [path, value] of Object.entries(query.context ?? {})) add(contextColumn(path), value);
  return conditions;
}

export const actorPlan = (query: ActorQuery): Plan => planOf(actorConditions(query), walks);

/** The path's own segments, with or without the leading `$.`. @throws ControlError QUERY_INVALID */
export function contextPath(path: string): string[] {
  const bare = path.replace(/^\$\./, '');
  // Also what keeps a caller's text from becoming SQL.
  if (!/^\w+(\.\w+)*$/.test(bare)) {
    throw new ControlError('QUERY_INVALID', {
      parameter: 'context',
      value: path,
      expected: 'a path like envelope.type'
    });
  }
  return bare.split('.');
}

function contextColumn(path: string): string {
  const segments = contextPath(path);
  const quoted = segments.map((segment) => `."${segment}"`).join('');
  return columnOfPath[segments.join('.')] ?? `json_extract(snapshot, '$.context${quoted}')`;
}

/** @throws ControlError QUERY_INVALID */
export function limitOf({ limit = DEFAULT_LIMIT }: ActorQuery): number {
  if (Number.isSafeInteger(limit) && limit >= 1) return Math.min(limit, MAX_LIMIT);
  throw new ControlError('QUERY_INVALID', { parameter: 'limit', value: String(limit), expected: `1 to ${MAX_LIMIT}` });
}

/** Newest first by (createdAt, seq). */
interface Range {
  /** Exclusive. */
  after: Place;
  /** Inclusive. */
  to: Place;
}
const NEWEST: Place = { createdAt: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };
const oldest = (createdSince = -Number.MAX_SAFE_INTEGER): Place => ({ createdAt: createdSince, seq: 0 });

const rangeSql = (params: Params, { after, to }: Range): string[] => {
  const [newest, seqBelow] = [params.add(after.createdAt), params.add(after.seq)];
  const [oldest, seqFrom] = [params.add(to.createdAt), params.add(to.seq)];
  return [
    `created_at <= ${newest} AND (created_at < ${newest} OR seq < ${seqBelow})`,
    `created_at >= ${oldest} AND (created_at > ${oldest} OR seq >= ${seqFrom})`
  ];
};

const ORDER = 'ORDER BY created_at DESC, seq DESC';

export function selectActors(plan: Plan, range: Range, limit: number) {
  const params = new Params();
  const more = [...rangeSql(params, range), ...testsSql(plan.rest, params)];
  const branches = plan.branches.map((branch) =>
    branchSql({ table: 'actors', columns: '*', plan, branch, more }, params)
  );
  return { sql: `${branches.join(' UNION ALL ')} ${ORDER} LIMIT ${params.add(limit)}`, params: params.list };
}

export function selectStretchEnd(plan: Plan, range: Range) {
  const params = new Params();
  const more = rangeSql(params, range);
  const branches = plan.branches.map((branch) =>
    branchSql({ table: 'actors', columns: 'created_at, seq', plan, branch, more }, params)
  );
  return { sql: `${branches.join(' UNION ALL ')} ${ORDER} LIMIT 1 OFFSET ${STRETCH - 1}`, params: params.list };
}

/** Actors of a list of ids: as many rows as ids, so they are sorted and not walked. */
export function selectByIds({ kind, ids = [] }: ActorQuery, plan: Plan, range: Range, limit: number) {
  const params = new Params();
  const [index, which] =
    kind === undefined
      ? ['actors_by_id', inList('id', ids, params)]
      : [
          'actors_by_address',
          inList(
            'address',
            ids.map((id) => `${kind}/${id}`),
            params
          )
        ];
  const where = [which, ...rangeSql(params, range), ...testsSql(plan.rest, params)];
  return {
    sql: `SELECT * FROM actors INDEXED BY ${index} WHERE ${where.join(' AND ')} ${ORDER} LIMIT ${params.add(limit)}`,
    params: params.list
  };
}

/**
 * One page, newest first. `next` is null at the end of the list. A page may be shorter than the limit and still have a
 * `next`, when `MAX_EXAMINED` actors were looked at and few of them matched.
 */
export async function searchActors(
  reader: Connection,
  query: ActorQuery
): Promise<{ rows: StoredActor[]; next: string | null }> {
  const limit = limitOf(query);
  const end = oldest(query.createdSince);
  let after = query.page === undefined ? NEWEST : placeOf(query.page, query);
  if (query.ids !== undefined) {
    const all: Plan = { walk: undefined, branches: [[]], rest: actorConditions(query) };
    if (matchesNothing(all)) return { rows: [], next: null };
    const select = selectByIds(query, all, { after, to: end }, limit + 1);
    return pageOf(await reader.all<StoredActor>(select.sql, select.params), limit, query);
  }
  const plan = actorPlan(query);
  if (matchesNothing(plan)) return { rows: [], next: null };
  const rows: StoredActor[] = [];
  for (let examined = 0; examined < MAX_EXAMINED; examined += STRETCH) {
    const to = await stretchEnd(reader, plan, { after, to: end });
    const select = selectActors(plan, { after, to: to ?? end }, limit + 1 - rows.length);
    rows.push(...(await reader.all<StoredActor>(select.sql, select.params)));
    if (rows.length > limit || to === undefined) return pageOf(rows, limit, query);
    after = to;
  }
  return { rows, next: pageToken(after, query) };
}

async function stretchEnd(reader: Connection, plan: Plan, range: Range): Promise<Place | undefined> {
  if (plan.rest.length === 0) return undefined;
  const select = selectStretchEnd(plan, range);
  const row = await reader.get<{ created_at: number; seq: number }>(select.sql, select.params);
  return row && { createdAt: row.created_at, seq: row.seq };
}

/** `rows` holds one more than the page when there is a next one. */
function pageOf(rows: StoredActor[], limit: number, query: ActorQuery) {
  if (rows.length <= limit) return { rows, next: null };
  const page = rows.slice(0, limit);
  const last = page.at(-1)!;
  return { rows: page, next: pageToken({ createdAt: last.created_at, seq: last.seq }, query) };
}
