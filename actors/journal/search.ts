/**
 * Searches that stay short in a journal of any size. Every filter that a caller may combine cannot have an index of its
 * own, so one indexed condition (the *driver*) walks its rows in order and the rest is tested on each. A walk that meets
 * few matches is cut into stretches of `STRETCH` rows, each a short statement of its own between which other readers
 * have their turn, and ends after `MAX_EXAMINED`: the answer then says how far it came.
 */
import type { Param } from './connection.ts';

/** Rows one statement may examine. */
export const STRETCH = 4_000;
/** Rows one call may examine before it answers with what it has. */
export const MAX_EXAMINED = 40_000;
/** A list longer than this is tested row by row instead of being walked value by value. */
const MAX_BRANCHES = 16;

/** `column` is one of `values`. */
export interface Condition {
  /** A column or an expression, never a caller's text. */
  column: string;
  values: readonly (string | number)[];
}

/** An index that walks `columns` (all of them equal to something) in the order wanted. */
export interface Walk {
  index: string;
  columns: readonly string[];
  /** The index holds only rows whose last column is one of `values`, or none of `except`; the planner takes it when it sees `sql` spelled out. */
  only?: { sql: string } & ({ values: readonly (string | number)[] } | { except: readonly (string | number)[] });
}

export interface Plan {
  walk: Walk | undefined;
  /** Per branch the conditions the walk is bound to; one branch without any when there is no walk. */
  branches: { column: string; value: string | number }[][];
  /** What is tested on each row walked. */
  rest: Condition[];
}

/** The first walk whose columns all have conditions, of `walks` in order of preference. */
export function planOf(conditions: readonly Condition[], walks: readonly Walk[]): Plan {
  const of = (column: string) => conditions.find((condition) => condition.column === column);
  for (const walk of walks) {
    const bound = walk.columns.map(of);
    if (!bound.every((condition) => condition !== undefined)) continue;
    const branches = product(bound);
    if (branches.length > MAX_BRANCHES) continue;
    if (walk.only && !bound.at(-1)!.values.every((value) => isHeld(walk.only!, value))) continue;
    return { walk, branches, rest: conditions.filter((condition) => !bound.includes(condition)) };
  }
  return { walk: undefined, branches: [[]], rest: [...conditions] };
}

const isHeld = (only: NonNullable<Walk['only']>, value: string | number) =>
  'values' in only ? only.values.includes(value) : !only.except.includes(value);

function product(bound: readonly Condition[]): Plan['branches'] {
  return bound.reduce<Plan['branches']>(
    (branches, { column, values }) =>
      branches.flatMap((branch) => [...new Set(values)].map((value) => [...branch, { column, value }])),
    [[]]
  );
}

/** A list means any of, and nothing is any of none. */
export const matchesNothing = (plan: Plan): boolean =>
  plan.branches.length === 0 || plan.rest.some(({ values }) => values.length === 0);

/** Collects a statement's parameters. */
export class Params {
  readonly list: Param[] = [];

  add(value: Param): string {
    this.list.push(value);
    return `?${this.list.length}`;
  }
}

/** SQL for the rows of one branch of a plan from `table`, `more` being further conditions; without ORDER BY. */
export function branchSql(
  {
    table,
    columns,
    plan,
    branch,
    more
  }: {
    table: string;
    columns: string;
    plan: Plan;
    branch: Plan['branches'][number];
    more: readonly string[];
  },
  params: Params
): string {
  const bound = branch.map(({ column, value }) => `${column} = ${params.add(value)}`);
  if (plan.walk?.only) bound.push(plan.walk.only.sql);
  const by = plan.walk ? `INDEXED BY ${plan.walk.index}` : '';
  const where = [...bound, ...more];
  return `SELECT ${columns} FROM ${table} ${by} WHERE ${where.length > 0 ? where.join(' AND ') : 'true'}`;
}

/** Conditions tested row by row. */
export const testsSql = (conditions: readonly Condition[], params: Params): string[] =>
  conditions.map(({ column, values }) =>
    values.length === 1 ? `${column} = ${params.add(values[0]!)}` : inList(column, values, params)
  );

/** One parameter however long the list, so that lists do not make a statement each. */
export const inList = (column: string, values: readonly (string | number)[], params: Params): string =>
  `${column} IN (SELECT value FROM json_each(${params.add(JSON.stringify(values))}))`;
