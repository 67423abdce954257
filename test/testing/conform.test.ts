import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { builtInMachines } from '../../actors/built-in-machines.ts';
import { defineAll } from '../../actors/kernel/definition.ts';
import { outlineOf } from '../../actors/kernel/outline.ts';
import { Conformance, type ConformFinding, type LogRow } from '../../testing/conform.ts';
import { movesFinder } from '../../testing/conform-machines.ts';
import { mutants } from '../simulation/mutants.ts';
import { World } from '../simulation/world.ts';

const MESSAGE = 'a message never goes out without an ALLOWED approval for its hash';
const moves = movesFinder(builtInMachines, { assume: true });

function judged(rows: readonly LogRow[], options: { filtered?: boolean } = {}) {
  const judge = new Conformance({ moves, ...options });
  const found: ConformFinding[] = rows.flatMap((row) => judge.take(row));
  const { findings, verdict } = judge.end();
  return { found: [...found, ...findings], verdict };
}

const violations = (rows: readonly LogRow[], options = {}) =>
  judged(rows, options).found.filter(({ violates }) => violates);

async function rowsOf(seed: number, mutant = {}): Promise<LogRow[]> {
  const world = new World(seed, mutant);
  await world.run();
  return world.storage.rows.map(({ row }) => row);
}

/** Of the row that is such a one, in a copy. */
function changed(rows: readonly LogRow[], find: (row: LogRow) => boolean, change: (row: LogRow) => LogRow): LogRow[] {
  const at = rows.findIndex(find);
  assert.ok(at >= 0, 'there is such a row');
  return rows.with(at, change(structuredClone(rows[at] as LogRow)));
}

describe('a log', () => {
  /** In it a message is sent; its clock is never put back. */
  let rows: LogRow[] = [];
  before(async () => {
    const isMessage = ({ type, payload }: LogRow) => type === 'action.attempted' && payload.action === 'SEND';
    for (let seed = 1; !rows.some(isMessage); seed++) rows = await rowsOf(seed);
    let latest = 0;
    rows = rows.map((row) => {
      latest = Math.max(latest, row.emittedAt);
      return { ...row, emittedAt: latest };
    });
  });

  it('of our own machines conforms, and each of its rows is counted', () => {
    const { found, verdict } = judged(rows);
    assert.deepEqual(found, []);
    assert.equal(verdict.conforms, true);
    assert.equal(verdict.legal + verdict.aside, rows.length);
    assert.deepEqual(verdict.not_judged, []);
    assert.ok(verdict.legal > 50, `${verdict.legal}`);
  });

  it('with a transition that there is none of says the first illegal row, and what was legal', () => {
    const wrong = changed(
      rows,
      ({ payload }) => payload.from === 'QUEUED.asking' || String(payload.from).startsWith('QUEUED'),
      (row) => ({ ...row, payload: { ...row.payload, to: 'SUCCEEDED' } })
    );
    const [first] = violations(wrong);
    const row = wrong.find((one, at) => one !== rows[at]) as LogRow;
    assert.deepEqual([first?.type, first?.cursor, first?.about], ['illegal', row.cursor, [`command/${row.actorId}`]]);
    assert.match(first?.why ?? '', /there is no transition QUEUED\S* ─▶ SUCCEEDED on '/);
    assert.ok(first?.legal?.some(({ event, to }) => event === 'command.cancel' || to === 'CANCELLED' || event === ''));
  });

  it('with a state that is not in the machine, or a birth elsewhere, is illegal there', () => {
    const nowhere = changed(
      rows,
      ({ actorKind, payload }) => actorKind === 'session' && payload.from !== null,
      (row) => ({
        ...row,
        payload: { ...row.payload, to: 'NOWHERE' }
      })
    );
    assert.match(violations(nowhere)[0]?.why ?? '', /state NOWHERE is not in the machine/);
    const born = changed(
      rows,
      ({ payload, actorKind }) => payload.from === null && actorKind === 'command',
      (row) => ({
        ...row,
        payload: { ...row.payload, to: 'SUCCEEDED' }
      })
    );
    assert.match(violations(born)[0]?.why ?? '', /it was made in SUCCEEDED, where the machine does not begin/);
  });

  it('with a row that is gone says which cursor is missing, unless it is a part of a log', () => {
    const at = rows.findIndex(({ type }) => type === 'event.rejected' || type === 'audit.recorded');
    const holed = rows.toSpliced(at, 1);
    const found = violations(holed);
    assert.deepEqual(
      found.map(({ type, why }) => [type, why]),
      [['cursor', `cursor ${(rows[at] as LogRow).cursor} is missing`]]
    );
    assert.deepEqual(violations(holed, { filtered: true }), []);
  });

  it('whose rows come twice or out of order is told so', () => {
    const [a, b] = [rows[5] as LogRow, rows[6] as LogRow];
    assert.ok(
      violations(rows.with(5, b).with(6, a)).some(({ type, why }) => type === 'cursor' && /comes after/.test(why))
    );
    assert.ok(
      violations(rows.toSpliced(6, 0, a)).some(({ type, why }) => type === 'cursor' && /is there twice/.test(why))
    );
  });

  it('tells a clock that was put right from time that runs backwards', () => {
    const back = (ms: number) =>
      rows.map((row, at) =>
        at < 10 ? row : { ...row, emittedAt: row.emittedAt - ms - (row.emittedAt - (rows[9] as LogRow).emittedAt) }
      );
    const little = judged(back(500)).found;
    assert.deepEqual(
      little.map(({ type, violates }) => [type, violates]),
      [['clock_adjusted', false]]
    );
    assert.equal(judged(back(500)).verdict.conforms, true);
    assert.deepEqual(
      violations(back(120_000)).map(({ type }) => type),
      ['time_backwards']
    );
  });

  it('of a machine that is not known is not judged, and counted', () => {
    const strange = rows.map((row) => (row.actorKind === 'session' ? { ...row, actorKind: 'spaceship' } : row));
    const { verdict } = judged(strange);
    const counted = rows.filter(
      ({ actorKind, type, payload }) =>
        actorKind === 'session' && type !== 'audit.recorded' && (payload.legal as [] | undefined)?.length !== 0
    );
    assert.deepEqual(verdict.not_judged, [
      { kind: 'spaceship', version: null, rows: counted.length, why: 'no machine of its kind is known here' }
    ]);
  });

  it('that breaks off leaves open what can still come, and judges the rest', () => {
    const end = rows.findIndex(({ type }) => type === 'action.attempted');
    const { verdict, found } = judged(rows.slice(0, end));
    assert.deepEqual(found, []);
    const open = verdict.inconclusive.map(({ invariant }) => invariant);
    assert.deepEqual(open, ['exactly one terminal state', 'every accepted command ends']);
    assert.ok(verdict.inconclusive[1]?.first[0]?.startsWith('command/'));
    assert.ok(judged(rows.slice(20)).verdict.inconclusive.some(({ invariant }) => invariant === MESSAGE));
  });

  it('in which a message goes out that nobody allowed, or another than was allowed, is found', () => {
    const isSent = ({ type, payload }: LogRow) => type === 'action.attempted' && payload.action === 'SEND';
    const other = changed(rows, isSent, (row) => ({
      ...row,
      payload: { ...row.payload, action_hash: 'f'.repeat(64) }
    }));
    assert.deepEqual(
      violations(other).map(({ invariant }) => invariant),
      [MESSAGE]
    );
    const denied = changed(
      rows,
      ({ payload }) => payload.to === 'ALLOWED',
      (row) => ({ ...row, payload: { ...row.payload, to: 'DENIED' } })
    );
    assert.ok(violations(denied).some(({ invariant, why }) => invariant === MESSAGE && /is not ALLOWED$/.test(why)));
  });

  it('in which an attempt is committed twice is found', () => {
    const at = rows.findIndex(({ type }) => type === 'action.attempted');
    const again = { ...(rows[at] as LogRow), step: (rows[at] as LogRow).step };
    const renumbered = rows.toSpliced(at + 2, 0, again).map((row, i) => ({ ...row, cursor: i + 1 }));
    const names = violations(renumbered).map(({ invariant }) => invariant);
    assert.ok(names.includes('a step is committed once'), names.join());
    assert.ok(names.includes('an effect id commits at most once'), names.join());
  });

  it('in which something moves after its end, or is attempted after CANCELLED, is found', () => {
    const at = rows.findIndex(({ payload, actorKind }) => actorKind === 'command' && payload.to === 'SUCCEEDED');
    const end = rows[at] as LogRow;
    const more = {
      ...end,
      type: 'action.attempted',
      step: end.step + 1,
      payload: { ...end.payload, from: 'CANCELLED', to: 'CANCELLED' }
    };
    const cancelled = rows
      .with(at, { ...end, payload: { ...end.payload, to: 'CANCELLED' } })
      .toSpliced(at + 1, 0, more)
      .map((row, i) => ({ ...row, cursor: i + 1 }));
    const names = violations(cancelled).map(({ invariant }) => invariant);
    for (const name of ['exactly one terminal state', 'no effect starts after CANCELLED'])
      assert.ok(names.includes(name), names.join());
  });

  for (const name of ['nobody is asked', 'every answer is a yes']) {
    it(`of a program in which ${name} is found by the log alone`, { timeout: 120_000 }, async () => {
      for (let seed = 1; seed <= 150; seed++) {
        if (violations(await rowsOf(seed, mutants[name])).some(({ invariant }) => invariant === MESSAGE)) return;
      }
      assert.fail('not found in 150 seeds');
    });
  }

  it('is judged by the machine of each row, with code or as it is remembered, and by no other', () => {
    const definitions = builtInMachines.flatMap(defineAll);
    const command = definitions.find(({ kind }) => kind === 'command');
    assert.ok(command);
    const definition = outlineOf(command.machine);
    const known = movesFinder(builtInMachines, { remembered: [{ kind: 'command', version: 'old', definition }] });
    assert.notEqual(typeof known('command', command.version), 'string');
    assert.notEqual(typeof known('command', 'old'), 'string');
    assert.equal(known('command', 'older'), 'the machine of its version is not known here');
    assert.notEqual(typeof known('command', null), 'string', 'there was but one');
    assert.equal(known('session', null), 'its version is unknown');
  });

  it('that is judged as it comes, with memory for few actors, conforms as well', async () => {
    const inTime = (own: readonly LogRow[], memory = { living: 3, ended: 2 }) => {
      const judge = new Conformance({ moves, memory });
      let most = 0;
      const found = own.flatMap((row) => {
        const now = judge.take(row);
        most = Math.max(most, judge.kept);
        return now.filter(({ violates }) => violates);
      });
      const { findings, verdict } = judge.end();
      return { found: [...found, ...findings.filter(({ violates }) => violates)], verdict, most };
    };
    for (const one of [rows, await rowsOf(101), await rowsOf(102), await rowsOf(103)]) {
      const { found, verdict } = inTime(one);
      assert.deepEqual(
        found.filter(({ type }) => type !== 'time_backwards'),
        []
      );
      assert.ok(verdict.inconclusive.some(({ why }) => why.includes('that had not moved for long were forgotten')));
      const whole = judged(one).verdict;
      assert.deepEqual([verdict.rows, verdict.legal], [whole.rows, whole.legal]);
    }
    // It is said with the row that shows it, and not when its actor ends.
    const illegal = changed(
      rows,
      ({ actorKind, payload }) => actorKind === 'command' && payload.from !== null,
      (row) => ({
        ...row,
        payload: { ...row.payload, from: 'NOWHERE' }
      })
    );
    const at = illegal.findIndex(({ payload }) => payload.from === 'NOWHERE');
    const chain = inTime(illegal.slice(0, at + 1), { living: 1_000, ended: 1_000 }).found;
    assert.deepEqual(
      chain.map(({ type, cursor, invariant = null }) => [type, cursor, invariant]),
      [
        ['illegal', illegal[at]?.cursor, null],
        ['invariant', illegal[at]?.cursor, 'an actor goes on from where it was']
      ]
    );
    // Of actors that end, a monitor that runs for long keeps few.
    const many = Array.from({ length: 40 }, (_, n) => n).flatMap((n) =>
      rows.map((row, i) => ({ ...row, cursor: n * rows.length + i + 1, actorId: `${row.actorId}-${n}` }))
    );
    const few = { living: 50, ended: 10 };
    const { most } = inTime(
      many.map((row, i) => ({ ...row, emittedAt: i })),
      few
    );
    const living = inTime(rows, { living: 10_000, ended: 10_000 }).most;
    assert.ok(most < 20 * living, `${most} rows for 40 times as long a log, and ${living} for one`);
  });

  it('with a gap that is told is judged anew behind it, at whatever row that is', () => {
    for (let at = 1; at < rows.length - 2; at += 7) {
      const judge = new Conformance({ moves, memory: { living: 1_000, ended: 1_000 } });
      const found = rows.slice(0, at).flatMap((row) => judge.take(row));
      found.push(...judge.gap('rows are gone'));
      for (const row of rows.slice(at + 2)) found.push(...judge.take(row));
      const { findings, verdict } = judge.end();
      assert.deepEqual([...found, ...findings], [], `behind row ${at}`);
      assert.ok(verdict.inconclusive.some(({ why }) => why === 'rows are gone; all after it is judged anew'));
    }
  });

  it('needs memory for its actors and not for its rows', () => {
    const judge = new Conformance({ moves });
    const loop = (n: number) => {
      for (let i = 0; i < n; i++) {
        const cursor = ++at;
        const [from, to] = i % 2 === 0 ? ['TICK', 'TOCK'] : ['TOCK', 'TICK'];
        judge.take({
          ...(rows[0] as LogRow),
          cursor,
          actorKind: 'clock',
          actorId: 'one',
          step: cursor,
          payload: { actor: { kind: 'clock', id: 'one' }, from, to, event: 'tick' } as LogRow['payload']
        });
      }
    };
    let at = 0;
    loop(20_000);
    assert.ok(judge.kept <= 500, `${judge.kept} rows are kept`);
    const { verdict } = judge.end();
    assert.deepEqual([verdict.rows, verdict.actors, verdict.violations], [20_000, 1, 0]);
  });
});
