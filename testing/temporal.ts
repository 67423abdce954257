/**
 * Temporal properties over a log, in plain functions. A property looks at the rest of a log from one row on and says
 * whether it holds there, is broken, or is inconclusive: a log that ends early can refute an `always` and prove an
 * `eventually`, and cannot do more.
 *
 * ```ts
 * const answered = whenever(isPending, within(600_000, eventually(now(isAnswered))));
 * judge(answered, rows, { timeOf: (row) => row.emittedAt });
 * ```
 */
export type Verdict = 'holds' | 'broken' | 'inconclusive';

/** The rest of a log: its rows from `from` on. */
export interface Rest<Row> {
  rows: readonly Row[];
  from: number;
  /** Nothing more will come: then nothing is inconclusive. */
  ended: boolean;
  /** Up to when the log is known to be whole, ms. */
  wholeUntil: number;
  timeOf(row: Row): number;
}

export interface Judgement<Row> {
  verdict: Verdict;
  /** Where it was decided; undefined when the end of the log decided, or its lack. */
  row?: Row;
}

export type Property<Row> = (rest: Rest<Row>) => Judgement<Row>;
export type Predicate<Row> = (row: Row) => boolean;

export interface JudgeOptions<Row> {
  /** ms; only `within` asks */
  timeOf(row: Row): number;
  /** Nothing more will come. Default false. */
  ended?: boolean;
  /** The log is known to have all rows up to then, ms. Default: the time of its last row. */
  wholeUntil?: number;
}

export function judge<Row>(
  property: Property<Row>,
  rows: readonly Row[],
  { timeOf, ended = false, wholeUntil }: JudgeOptions<Row>
): Judgement<Row> {
  const last = rows.at(-1);
  const until = wholeUntil ?? (last === undefined ? Number.NEGATIVE_INFINITY : timeOf(last));
  return property({ rows, from: 0, ended, wholeUntil: until, timeOf });
}

const holds = { verdict: 'holds' } as const;
const broken = { verdict: 'broken' } as const;
const inconclusive = { verdict: 'inconclusive' } as const;

/** The row at hand is such a one. Where there is no row yet: inconclusive, or broken when none will come. */
export const now =
  <Row>(predicate: Predicate<Row>): Property<Row> =>
  ({ rows, from, ended }) => {
    const row = rows[from];
    if (row === undefined) return ended ? broken : inconclusive;
    return { verdict: predicate(row) ? 'holds' : 'broken', row };
  };

export const not =
  <Row>(property: Property<Row>): Property<Row> =>
  (rest) => {
    const { verdict, ...where } = property(rest);
    return { ...where, verdict: verdict === 'holds' ? 'broken' : verdict === 'broken' ? 'holds' : verdict };
  };

export const both =
  <Row>(...properties: Property<Row>[]): Property<Row> =>
  (rest) =>
    foremost(rest, properties, ['broken', 'inconclusive', 'holds']);

export const either =
  <Row>(...properties: Property<Row>[]): Property<Row> =>
  (rest) =>
    foremost(rest, properties, ['holds', 'inconclusive', 'broken']);

/** If the row at hand is the trigger, the consequence holds from there on. */
export const implies =
  <Row>(trigger: Predicate<Row>, consequence: Property<Row>): Property<Row> =>
  (rest) => {
    const row = rest.rows[rest.from];
    return row !== undefined && trigger(row) ? consequence(rest) : holds;
  };

/** From every row on. */
export const always =
  <Row>(property: Property<Row>): Property<Row> =>
  (rest) => {
    for (let { from } = rest; from < rest.rows.length; from++) {
      const there = property({ ...rest, from });
      if (there.verdict === 'broken') return there;
    }
    return rest.ended ? holds : inconclusive;
  };

/** From some row on. */
export const eventually =
  <Row>(property: Property<Row>): Property<Row> =>
  (rest) => {
    for (let { from } = rest; from < rest.rows.length; from++) {
      const there = property({ ...rest, from });
      if (there.verdict === 'holds') return there;
    }
    return rest.ended ? broken : inconclusive;
  };

/** No such row from here on. */
export const never = <Row>(predicate: Predicate<Row>): Property<Row> => always(implies(predicate, not(now(predicate))));

/** Each time it happens. */
export const whenever = <Row>(trigger: Predicate<Row>, consequence: Property<Row>): Property<Row> =>
  always(implies(trigger, consequence));

/** From the next row on. */
export const next =
  <Row>(property: Property<Row>): Property<Row> =>
  (rest) =>
    property({ ...rest, from: rest.from + 1 });

/** The first holds at every row before the one where the second does; that one need not come. */
export const unless =
  <Row>(first: Predicate<Row>, second: Predicate<Row>): Property<Row> =>
  ({ rows, from, ended }) => {
    for (let i = from; i < rows.length; i++) {
      const row = rows[i] as Row;
      if (second(row)) return { verdict: 'holds', row };
      if (!first(row)) return { verdict: 'broken', row };
    }
    return ended ? holds : inconclusive;
  };

/** The first holds at every row before the one where the second does, and that one comes. */
export const until = <Row>(first: Predicate<Row>, second: Predicate<Row>): Property<Row> =>
  both(unless(first, second), eventually(now(second)));

/** The second does not come before the first has. */
export const before = <Row>(first: Predicate<Row>, second: Predicate<Row>): Property<Row> =>
  unless((row) => !second(row), first);

/** Decided by the rows of the next `ms`, as if nothing came after them; inconclusive while that time is not over. */
export const within =
  <Row>(ms: number, property: Property<Row>): Property<Row> =>
  (rest) => {
    const { rows, from, timeOf, wholeUntil } = rest;
    const start = rows[from];
    if (start === undefined) return rest.ended ? broken : inconclusive;
    const limit = timeOf(start) + ms;
    let end = from;
    while (end < rows.length && timeOf(rows[end] as Row) <= limit) end++;
    return property({
      ...rest,
      rows: rows.slice(0, end),
      ended: rest.ended || end < rows.length || wholeUntil > limit
    });
  };

/** The rows by what they are about, so that a property is judged for each actor, or each command, on its own. */
export function groupBy<Row>(rows: readonly Row[], keyOf: (row: Row) => string | null): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key === null) continue;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

function foremost<Row>(rest: Rest<Row>, properties: Property<Row>[], order: [Verdict, Verdict, Verdict]) {
  const judgements = properties.map((property) => property(rest));
  for (const verdict of order) {
    const found = judgements.find((one) => one.verdict === verdict);
    if (found) return found;
  }
  return { verdict: order[2] };
}
