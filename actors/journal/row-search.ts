/** Lists of rows that are no actors: what each can be asked by, and the index that walks it. */
import { ControlError } from '../../schemas/errors.ts';
import type { ListedTable, RowQuery, Tables } from '../host/contract.ts';
import type { Connection } from './connection.ts';
import { type Listed, NEWEST, oldest, type PlacedRow, walkPage } from './newest-first.ts';
import { placeOf } from './page-token.ts';
import { type Condition, type Plan, planOf, type Walk } from './search.ts';
import { tables } from './tables.ts';

interface Listing extends Listed {
  /** Most selective first; the last binds nothing. */
  walks: Walk[];
  /** Columns without an index: tested on each row walked, so few rows are found among 40,000 at a time. */
  tested?: string[];
}

const by = (table: string, ...columns: [column: string, name?: string][]): Walk[] => [
  ...columns.map(([column, name = column]) => ({ index: `${table}_by_${name}`, columns: [column] })),
  { index: `${table}_by_age`, columns: [] }
];

const listings: { readonly [T in ListedTable]: Listing } = {
  actions: {
    table: 'actions',
    place: 'seq',
    walks: by(
      'actions',
      ['command_id', 'command'],
      ['correlation_id', 'correlation'],
      ['account_id', 'account'],
      ['outcome'],
      ['name'],
      ['platform']
    )
  },
  artifacts: {
    table: 'artifacts',
    place: 'rowid',
    walks: by('artifacts', ['command_id', 'command'], ['account_id', 'account'], ['kind'])
  },
  posts: { table: 'posts', place: 'rowid', walks: by('posts', ['account_id', 'account'], ['platform']) },
  post_stats: { table: 'post_stats', place: 'rowid', walks: by('post_stats', ['post_id', 'post']) },
  dm_threads: { table: 'dm_threads', place: 'rowid', walks: by('dm_threads', ['account_id', 'account'], ['platform']) },
  sora_drafts: {
    table: 'sora_drafts',
    place: 'rowid',
    walks: by('sora_drafts', ['account_id', 'account'], ['platform'])
  },
  sora_usage: { table: 'sora_usage', place: 'rowid', walks: by('sora_usage', ['account_id', 'account'], ['platform']) },
  audit: {
    table: 'audit',
    place: 'seq',
    walks: [
      { index: 'audit_by_command', columns: ['command_id'] },
      { index: 'audit_by_account', columns: ['account_id'] },
      { index: 'audit_by_service', columns: ['service'] },
      {
        index: 'audit_of_rare_outcome',
        columns: ['outcome'],
        only: { except: ['accepted', 'SUCCEEDED'], sql: "outcome NOT IN ('accepted', 'SUCCEEDED')" }
      },
      ...by('audit', ['action'])
    ],
    tested: ['correlation_id']
  }
};

export const listedTables = Object.keys(listings) as ListedTable[];
export const listingOf = (table: ListedTable): Listing => listings[table];

/** What a list can be asked by. Any other column would be tested on every row there is. */
export const askable = (table: ListedTable): string[] => [
  ...new Set([...listings[table].walks.flatMap(({ columns }) => columns), ...(listings[table].tested ?? [])])
];

/** @throws ControlError QUERY_INVALID for another column */
export function rowPlan<T extends ListedTable>(table: T, { where = {} }: RowQuery<T>): Plan {
  const conditions: Condition[] = [];
  for (const [column, wanted] of Object.entries(where) as [string, string | readonly string[] | undefined][]) {
    if (!askable(table).includes(column)) {
      const expected = `one of ${askable(table).join(', ')}`;
      throw new ControlError('QUERY_INVALID', { parameter: table, value: column, expected });
    }
    if (wanted !== undefined) conditions.push({ column, values: typeof wanted === 'string' ? [wanted] : wanted });
  }
  return planOf(conditions, listings[table].walks);
}

/** One page of a table, newest first; see `walkPage`. */
export async function searchRows<T extends ListedTable>(
  reader: Connection,
  table: T,
  query: RowQuery<T>
): Promise<{ items: Tables[T][]; next: string | null }> {
  const range = {
    after: query.page === undefined ? NEWEST : placeOf(query.page, query),
    to: oldest(query.createdSince)
  };
  const { rows, next } = await walkPage<PlacedRow>(reader, listings[table], rowPlan(table, query), range, query);
  return { items: rows.map((row) => rowOf(table, row)), next };
}

/** As `find` gives it: without its place. */
const rowOf = <T extends ListedTable>(table: T, row: PlacedRow): Tables[T] =>
  Object.fromEntries(
    tables[table].columns.map((column) => [column, (row as unknown as Record<string, unknown>)[column]])
  ) as unknown as Tables[T];
