/** Living actors that have been in their states for longer than is asked, those that came first into theirs first. */
import type { StayQuery } from '../host/contract.ts';
import type { Connection } from './connection.ts';
import { limitOf, type Paged } from './newest-first.ts';
import { pageToken, placeOf } from './page-token.ts';
import type { StoredActor } from './rows.ts';
import { inList, Params } from './search.ts';

/** A page is a place in this one order, whatever has become of the limits since: they move with the clock. */
export const stayKey = ({ account_id }: StayQuery): Paged & object => ({ account_id, by: 'entered_at' }) as Paged;
/** Before any. */
const FIRST = { createdAt: -Number.MAX_SAFE_INTEGER, seq: 0 };

/** Rows are met along `actors_alive_by_stay`, one stretch of it for each state that is asked for. */
function conditions({ states, account_id }: StayQuery, params: Params): string {
  const asked = states.map(({ kind, state, enteredBefore }) => [kind, state, enteredBefore]);
  const accounts = account_id === undefined ? [] : [inList('account_id', [account_id].flat(), params)];
  return [
    `json_each(${params.add(JSON.stringify(asked))}) AS asked CROSS JOIN actors INDEXED BY actors_alive_by_stay
    WHERE status = 'active' AND actors.kind = asked.value ->> 0 AND state = asked.value ->> 1 AND entered_at < asked.value ->> 2`,
    ...accounts
  ].join(' AND ');
}

export function selectStays(query: StayQuery, limit: number) {
  const params = new Params();
  const from = conditions(query, params);
  const { createdAt, seq } = query.page === undefined ? FIRST : placeOf(query.page, stayKey(query));
  const after = `(entered_at, seq) > (${params.add(createdAt)}, ${params.add(seq)})`;
  const found = `SELECT seq, entered_at FROM ${from} AND ${after} ORDER BY entered_at, seq LIMIT ${params.add(limit)}`;
  return {
    sql: `SELECT actors.* FROM (${found}) AS found CROSS JOIN actors ON actors.seq = found.seq ORDER BY found.entered_at, found.seq`,
    params: params.list
  };
}

export function countStays(query: StayQuery) {
  const params = new Params();
  return { sql: `SELECT count(*) AS count FROM ${conditions(query, params)}`, params: params.list };
}

/** @throws ControlError QUERY_INVALID */
export async function searchStays(
  reader: Connection,
  query: StayQuery
): Promise<{ rows: StoredActor[]; next: string | null; total: number }> {
  const limit = limitOf(query);
  const select = selectStays(query, limit + 1);
  const rows = await reader.all<StoredActor>(select.sql, select.params);
  const count = countStays(query);
  const total = (await reader.get<{ count: number }>(count.sql, count.params))?.count ?? 0;
  if (rows.length <= limit) return { rows, next: null, total };
  const page = rows.slice(0, limit);
  const { entered_at: createdAt, seq } = page.at(-1) as StoredActor;
  return { rows: page, next: pageToken({ createdAt, seq }, stayKey(query)), total };
}
