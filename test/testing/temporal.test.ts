import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  always,
  before,
  both,
  either,
  eventually,
  groupBy,
  implies,
  judge,
  never,
  next,
  not,
  now,
  type Property,
  unless,
  until,
  whenever,
  within
} from '../../testing/temporal.ts';

/** A row is a letter, and the time it came at. */
interface Row {
  is: string;
  at: number;
}
/** `a b@5 c`: without a time, one later than the row before. */
const log = (text: string): Row[] => {
  let at = 0;
  return text
    .split(' ')
    .filter(Boolean)
    .map((word) => {
      const [is = '', time] = word.split('@');
      at = time === undefined ? at + 1 : Number(time);
      return { is, at };
    });
};
const is =
  (...letters: string[]) =>
  (row: Row) =>
    letters.includes(row.is);
const timeOf = ({ at }: Row) => at;

/** Of a log that goes on, then of the same log when it has ended. */
const cases: [what: string, property: Property<Row>, log: string, open: string, ended: string][] = [
  ['always', always(now(is('a'))), 'a a a', 'inconclusive', 'holds'],
  ['always', always(now(is('a'))), 'a b a', 'broken', 'broken'],
  ['always', always(now(is('a'))), '', 'inconclusive', 'holds'],
  ['never', never(is('b')), 'a a', 'inconclusive', 'holds'],
  ['never', never(is('b')), 'a b', 'broken', 'broken'],
  ['eventually', eventually(now(is('b'))), 'a a b', 'holds', 'holds'],
  ['eventually', eventually(now(is('b'))), 'a a', 'inconclusive', 'broken'],
  ['eventually', eventually(now(is('b'))), '', 'inconclusive', 'broken'],
  ['until', until(is('a'), is('b')), 'a a b c', 'holds', 'holds'],
  ['until', until(is('a'), is('b')), 'a c b', 'broken', 'broken'],
  ['until', until(is('a'), is('b')), 'a a', 'inconclusive', 'broken'],
  ['until', until(is('a'), is('b')), 'b', 'holds', 'holds'],
  ['unless', unless(is('a'), is('b')), 'a a', 'inconclusive', 'holds'],
  ['before', before(is('a'), is('b')), 'c a b', 'holds', 'holds'],
  ['before', before(is('a'), is('b')), 'c b a', 'broken', 'broken'],
  ['before', before(is('a'), is('b')), 'c c', 'inconclusive', 'holds'],
  ['within', within(5, eventually(now(is('b')))), 'a@0 b@5', 'holds', 'holds'],
  ['within', within(5, eventually(now(is('b')))), 'a@0 b@6', 'broken', 'broken'],
  ['within', within(5, eventually(now(is('b')))), 'a@0 c@5', 'inconclusive', 'broken'],
  ['within', within(5, always(now(is('a')))), 'a@0 a@5 b@6', 'holds', 'holds'],
  ['whenever', whenever(is('a'), within(5, eventually(now(is('b'))))), 'a@0 b@1 a@10 b@11', 'inconclusive', 'holds'],
  ['whenever', whenever(is('a'), within(5, eventually(now(is('b'))))), 'a@0 b@1 a@10 c@20', 'broken', 'broken'],
  ['whenever … next never', always(implies(is('z'), next(never(is('a'))))), 'a z b', 'inconclusive', 'holds'],
  ['whenever … next never', always(implies(is('z'), next(never(is('a'))))), 'a z a', 'broken', 'broken'],
  ['not', not(eventually(now(is('b')))), 'a', 'inconclusive', 'holds'],
  ['not', not(eventually(now(is('b')))), 'b', 'broken', 'broken'],
  ['both', both(eventually(now(is('a'))), eventually(now(is('b')))), 'a', 'inconclusive', 'broken'],
  ['both', both(eventually(now(is('a'))), never(is('c'))), 'a c', 'broken', 'broken'],
  ['either', either(eventually(now(is('a'))), never(is('c'))), 'c a', 'holds', 'holds'],
  ['either', either(eventually(now(is('a'))), never(is('c'))), 'c', 'inconclusive', 'broken']
];

describe('a temporal property', () => {
  for (const [what, property, text, open, ended] of cases) {
    it(`${what} over '${text}': ${open} while it goes on, ${ended} once it has ended`, () => {
      assert.equal(judge(property, log(text), { timeOf }).verdict, open);
      assert.equal(judge(property, log(text), { timeOf, ended: true }).verdict, ended);
    });
  }

  it('says at which row it was decided', () => {
    const rows = log('a a b a b');
    assert.equal(judge(never(is('b')), rows, { timeOf }).row, rows[2]);
    assert.equal(judge(eventually(now(is('b'))), rows, { timeOf }).row, rows[2]);
  });

  it('is broken without a row when the log is known to be whole past its limit', () => {
    const answered = within(5, eventually(now(is('b'))));
    assert.equal(judge(answered, log('a@0'), { timeOf, wholeUntil: 5 }).verdict, 'inconclusive');
    assert.deepEqual(judge(answered, log('a@0'), { timeOf, wholeUntil: 6 }), { verdict: 'broken' });
  });

  it('is judged for each of what the rows are about', () => {
    const groups = groupBy(log('a b a c'), ({ is }) => (is === 'c' ? null : is));
    assert.deepEqual(
      [...groups].map(([key, rows]) => [key, rows.length]),
      [
        ['a', 2],
        ['b', 1]
      ]
    );
  });
});
