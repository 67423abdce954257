import type { EventFilter } from '../host/contract.ts';
import type { Connection } from './connection.ts';
import type { StoredEvent } from './rows.ts';
import {
  branchSql,
  type Condition,
  MAX_EXAMINED,
  matchesNothing,
  Params,
  type Plan,
  planOf,
  STRETCH,
  testsSql,
  type Walk
} from './search.ts';

/** Most selective first. */
const walks: Walk[] = [
  { index: 'events_by_command', columns: ['command_id'] },
  { index: 'events_by_correlation', columns: ['correlation_id'] },
  { index: 'events_by_actor', columns: ['actor_id'] },
  { index: 'events_by_session', columns: ['session_id'] },
  {
    index: 'events_of_trouble',
    columns: ['severity'],
    only: { values: ['warn', 'error'], sql: "severity IN ('warn', 'error')" }
  },
  { index: 'events_by_account', columns: ['account_id'] },
  { index: 'events_by_type', columns: ['type'] }
];

const columnOf: Record<keyof EventFilter, string> = {
  severity: 'severity',
  event_types: 'type',
  session_id: 'session_id',
  account_id: 'account_id',
  platform: 'platform',
  command_id: 'command_id',
  correlation_id: 'correlation_id',
  actor_kinds: 'actor_kind',
  actor_id: 'actor_id'
};

export function eventConditions(filter: EventFilter): Condition[] {
  const conditions: Condition[] = [];
  for (const [name, column] of Object.entries(columnOf)) {
    const wanted = filter[name as keyof EventFilter];
    if (wanted !== undefined) conditions.push({ column, values: typeof wanted === 'string' ? [wanted] : wanted });
  }
  return conditions;
}

export const eventPlan = (filter: EventFilter): Plan => planOf(eventConditions(filter), walks);

interface Range {
  /** Exclusive. */
  after: number;
  /** Inclusive. */
  to: number;
}

/** Rows of the range that match, oldest first. */
export function selectEvents(plan: Plan, { after, to }: Range, limit: number) {
  const params = new Params();
  const range = rangeSql(params, { after, to });
  const more = [...range, ...testsSql(plan.rest, params)];
  const branches = plan.branches.map((branch) =>
    branchSql({ table: 'events', columns: '*', plan, branch, more }, params)
  );
  return { sql: `${branches.join(' UNION ALL ')} ORDER BY cursor LIMIT ${params.add(limit)}`, params: params.list };
}

/** The cursor where a stretch of the walk ends; no row when the walk ends before. */
export function selectStretchEnd(plan: Plan, range: Range) {
  const params = new Params();
  const more = rangeSql(params, range);
  const branches = plan.branches.map((branch) =>
    branchSql({ table: 'events', columns: 'cursor', plan, branch, more }, params)
  );
  return { sql: `${branches.join(' UNION ALL ')} ORDER BY cursor LIMIT 1 OFFSET ${STRETCH - 1}`, params: params.list };
}

const rangeSql = (params: Params, { after, to }: Range) => [
  `cursor > ${params.add(after)}`,
  `cursor <= ${params.add(to)}`
];

/**
 * Rows with `cursor > after` that match, oldest first, and how far the log was looked through. `bounds` are the log's
 * own: rows committed after they were read are left for the next call.
 */
export async function searchEvents(
  reader: Connection,
  {
    after,
    limit,
    filter,
    bounds
  }: { after: number; limit: number; filter: EventFilter; bounds: { tail: number; head: number } }
): Promise<{ rows: StoredEvent[]; scannedTo: number }> {
  const plan = eventPlan(filter);
  if (matchesNothing(plan)) return { rows: [], scannedTo: Math.max(after, bounds.head) };
  const rows: StoredEvent[] = [];
  let from = after;
  for (let examined = 0; from < bounds.head && examined < MAX_EXAMINED; examined += STRETCH) {
    const to = await stretchEnd(reader, plan, { after: from, to: bounds.head }, bounds.tail);
    const select = selectEvents(plan, { after: from, to }, limit - rows.length);
    rows.push(...(await reader.all<StoredEvent>(select.sql, select.params)));
    if (rows.length >= limit) return { rows, scannedTo: rows.at(-1)!.cursor };
    from = to;
  }
  return { rows, scannedTo: from };
}

async function stretchEnd(reader: Connection, plan: Plan, range: Range, tail: number): Promise<number> {
  if (plan.rest.length === 0) return range.to;
  // Without a walk every row is examined, and cursors have no holes.
  if (!plan.walk) return Math.min(range.to, Math.max(range.after, tail - 1) + STRETCH);
  const select = selectStretchEnd(plan, range);
  return (await reader.get<{ cursor: number }>(select.sql, select.params))?.cursor ?? range.to;
}
