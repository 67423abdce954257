/**
 * Lists from the newest row back, a page at a time: by (created_at, place), which no later write changes, so that a walk
 * along its pages repeats and skips nothing however many rows come meanwhile. A table that is listed has `created_at`,
 * and an index for each walk that ends in it.
 */
import { ControlError } from '../../schemas/errors.ts';
import type { Connection } from './connection.ts';
import { type Place, pageToken } from './page-token.ts';
import { branchSql, MAX_EXAMINED, matchesNothing, Params, type Plan, STRETCH, testsSql } from './search.ts';

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 500;

/** What every list is asked with. */
export interface Paged {
  /** ms since 1970, inclusive */
  createdSince?: number;
  /** Default 50, at most 500. */
  limit?: number;
  /** From the previous page's `next`. */
  page?: string;
}

export interface Range {
  /** Exclusive. */
  after: Place;
  /** Inclusive. */
  to: Place;
}

/** Where rows are: `place` breaks ties of `created_at`; the table's rowid under its name. */
export interface Listed {
  table: string;
  place: 'seq' | 'rowid';
  /** Default: all. */
  columns?: string;
  /** Tested row by row, beside the plan's own. */
  tests?: (params: Params) => string[];
  /** A further branch: rows from elsewhere within the same range. */
  also?: (params: Params, range: Range) => string;
  /** All of the walk is few rows, in another order than the list's: it is not cut into stretches. */
  isShort?: boolean;
}

export const NEWEST: Place = { createdAt: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };
export const oldest = (createdSince = -Number.MAX_SAFE_INTEGER): Place => ({ createdAt: createdSince, seq: 0 });

/** @throws ControlError QUERY_INVALID */
export function limitOf({ limit = DEFAULT_LIMIT }: Paged): number {
  if (Number.isSafeInteger(limit) && limit >= 1) return Math.min(limit, MAX_LIMIT);
  throw new ControlError('QUERY_INVALID', { parameter: 'limit', value: String(limit), expected: `1 to ${MAX_LIMIT}` });
}

export const rangeSql = (place: string, params: Params, { after, to }: Range, age = 'created_at'): string[] => {
  const [newest, below] = [params.add(after.createdAt), params.add(after.seq)];
  const [oldest, from] = [params.add(to.createdAt), params.add(to.seq)];
  return [
    `${age} <= ${newest} AND (${age} < ${newest} OR ${place} < ${below})`,
    `${age} >= ${oldest} AND (${age} > ${oldest} OR ${place} >= ${from})`
  ];
};

/** By the names that the columns have in every branch of a plan. */
export const ORDER = 'ORDER BY created_at DESC, seq DESC';

export function selectRows({ table, place, tests, also, ...of }: Listed, plan: Plan, range: Range, limit: number) {
  const params = new Params();
  const more = [...rangeSql(place, params, range), ...testsSql(plan.rest, params), ...(tests?.(params) ?? [])];
  const columns = of.columns ?? (place === 'seq' ? '*' : 'rowid AS seq, *');
  const branches = plan.branches.map((branch) => branchSql({ table, columns, plan, branch, more }, params));
  if (also) branches.push(also(params, range));
  return { sql: `${branches.join(' UNION ALL ')} ${ORDER} LIMIT ${params.add(limit)}`, params: params.list };
}

/** The place where a stretch of the walk ends; no row when the walk ends before. */
export function selectStretchEnd({ table, place }: Listed, plan: Plan, range: Range) {
  const params = new Params();
  const more = rangeSql(place, params, range);
  const columns = `created_at, ${place} AS seq`;
  const branches = plan.branches.map((branch) => branchSql({ table, columns, plan, branch, more }, params));
  return { sql: `${branches.join(' UNION ALL ')} ${ORDER} LIMIT 1 OFFSET ${STRETCH - 1}`, params: params.list };
}

export interface PlacedRow {
  created_at: number;
  seq: number;
}

/**
 * One page along a plan. `next` is null at the end of the list. A page may be shorter than the limit and still have a
 * `next`, when `MAX_EXAMINED` rows were looked at and few of them matched.
 */
export async function walkPage<Row extends PlacedRow>(
  reader: Connection,
  listed: Listed,
  plan: Plan,
  { after: first, to: end }: Range,
  query: Paged
): Promise<{ rows: Row[]; next: string | null }> {
  const limit = limitOf(query);
  if (matchesNothing(plan)) return { rows: [], next: null };
  const rows: Row[] = [];
  let after = first;
  for (let examined = 0; examined < MAX_EXAMINED; examined += STRETCH) {
    const to = await stretchEnd(reader, listed, plan, { after, to: end });
    const select = selectRows(listed, plan, { after, to: to ?? end }, limit + 1 - rows.length);
    rows.push(...(await reader.all<Row>(select.sql, select.params)));
    if (rows.length > limit || to === undefined) return pageOf(rows, limit, query);
    after = to;
  }
  return { rows, next: pageToken(after, query) };
}

async function stretchEnd(reader: Connection, listed: Listed, plan: Plan, range: Range): Promise<Place | undefined> {
  if (listed.isShort || (plan.rest.length === 0 && !listed.tests)) return undefined;
  const select = selectStretchEnd(listed, plan, range);
  const row = await reader.get<PlacedRow>(select.sql, select.params);
  return row && { createdAt: row.created_at, seq: row.seq };
}

/** `rows` holds one more than the page when there is a next one. */
export function pageOf<Row extends PlacedRow>(rows: Row[], limit: number, query: Paged) {
  if (rows.length <= limit) return { rows, next: null };
  const page = rows.slice(0, limit);
  const last = page.at(-1)!;
  return { rows: page, next: pageToken({ createdAt: last.created_at, seq: last.seq }, query) };
}
