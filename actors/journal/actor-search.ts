import { ControlError } from '../../schemas/errors.ts';
import type { ActorQuery } from '../host/contract.ts';
import type { Connection } from './connection.ts';
import { limitOf, NEWEST, ORDER, oldest, pageOf, type Range, rangeSql, walkPage } from './newest-first.ts';
import { placeOf } from './page-token.ts';
import type { StoredActor } from './rows.ts';
import { type Condition, inList, matchesNothing, Params, type Plan, planOf, testsSql, type Walk } from './search.ts';

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

/** Where actors are listed. */
export const listedActors = { table: 'actors', place: 'seq' } as const;

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
  const where = [which, ...rangeSql('seq', params, range), ...testsSql(plan.rest, params)];
  return {
    sql: `SELECT * FROM actors INDEXED BY ${index} WHERE ${where.join(' AND ')} ${ORDER} LIMIT ${params.add(limit)}`,
    params: params.list
  };
}

/** One page, newest first; see `walkPage`. */
export async function searchActors(
  reader: Connection,
  query: ActorQuery
): Promise<{ rows: StoredActor[]; next: string | null }> {
  const limit = limitOf(query);
  const to = oldest(query.createdSince);
  const after = query.page === undefined ? NEWEST : placeOf(query.page, query);
  if (query.ids === undefined) return walkPage(reader, listedActors, actorPlan(query), { after, to }, query);
  const all: Plan = { walk: undefined, branches: [[]], rest: actorConditions(query) };
  if (matchesNothing(all)) return { rows: [], next: null };
  const select = selectByIds(query, all, { after, to }, limit + 1);
  return pageOf(await reader.all<StoredActor>(select.sql, select.params), limit, query);
}
