import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { type AnyStateMachine, assign } from 'xstate';
import { builtInMachines } from '../../actors/built-in-machines.ts';
import type { Trace } from '../../schemas/generated/contracts.ts';
import { conforms } from '../../server/contracts.ts';
import { masked } from '../../server/control/masked.ts';
import { type RecordedLife, traceOf } from '../../testing/recorded-life.ts';
import { definitionOf, replay } from '../../testing/trace.ts';
import { World } from '../simulation/world.ts';

const KINDS = ['account', 'approval', 'command', 'driver', 'session', 'supervisor'];

async function livesOf(seed: number): Promise<Map<string, RecordedLife>> {
  const world = new World(seed);
  await world.run();
  const rows = world.storage.rows.map(({ row }) => row);
  const lives = [...world.storage.lives].map(([address, states]): [string, RecordedLife] => [
    address,
    { rows: rows.filter(({ actorKind, actorId }) => `${actorKind}/${actorId}` === address), states }
  ]);
  return new Map(lives.filter(([address]) => !address.startsWith('audit/')));
}

const kindOf = (address: string) => address.split('/', 1)[0] as string;
const traced = (address: string, life: RecordedLife, mask?: (value: unknown) => unknown): Trace =>
  JSON.parse(JSON.stringify(traceOf(definitionOf(kindOf(address), builtInMachines), life, mask)));

describe('a recorded life', () => {
  const lives = new Map<string, RecordedLife>();
  const attempting = () => [...lives].find(([, { rows }]) => rows.some(({ type }) => type === 'action.attempted'));
  before(async () => {
    // As many as have every kind, and a command that attempted something.
    const has = (kind: string) => [...lives.keys()].some((address) => kindOf(address) === kind);
    for (let seed = 1; !KINDS.every(has) || !attempting(); seed++)
      for (const [address, life] of await livesOf(seed)) lives.set(address, life);
  });
  const longest = (kind: string): [string, RecordedLife] => {
    const own = [...lives].filter(([address]) => kindOf(address) === kind);
    return own.sort(([, a], [, b]) => b.states.length - a.states.length)[0] as [string, RecordedLife];
  };

  it('of every kind is replayed by its machine, from a run where everything goes wrong', () => {
    let whole = 0;
    for (const [address, life] of lives) {
      const trace = traced(address, life, masked);
      assert.deepEqual(replay(trace, ...builtInMachines).difference, null, address);
      assert.equal(trace.steps.at(-1)?.expect.state ?? trace.start.expect?.state, life.states.at(-1)?.state, address);
      if (!trace.gaps) whole += 1;
      // How many slots there are and which start it is are in no state of it.
      else assert.deepEqual([kindOf(address), trace.gaps.length], ['supervisor', 1], `${address}: ${trace.gaps}`);
    }
    assert.ok(whole >= 5, `${whole} of ${lives.size}`);
  });

  it('is not passed by a machine that was changed, which is told at the first step that differs', () => {
    const trace = traced(...(attempting() as [string, RecordedLife]));
    const command = builtInMachines.find(({ kind }) => kind === 'command')?.machine as AnyStateMachine;
    const mutant = command.provide({ actions: { countAttempt: assign({ index: 7 }) } } as never);
    const attempted = trace.steps.findIndex(({ expect }) => expect.events?.includes('action.attempted'));
    const { difference } = replay(trace, { kind: 'command', machine: mutant });
    assert.equal(difference?.step, attempted);
    assert.match(difference?.at ?? '', /^context/);
  });

  it('without what an event said goes on from the state it led to, and says so', () => {
    const [address, life] = longest('command');
    const states = life.states.map((state) => {
      const { took: _, ...bare } = state as typeof state & { took?: unknown };
      return bare as typeof state;
    });
    const trace = traced(address, { ...life, states });
    assert.ok(trace.steps.some(({ becomes }) => becomes !== undefined));
    assert.ok(trace.gaps?.some((gap) => /all that is kept of it is its type/.test(gap)));
    assert.equal(replay(trace, ...builtInMachines).difference, null);
    assert.equal(trace.steps.at(-1)?.expect.state, life.states.at(-1)?.state);
  });

  it('whose beginning is not kept any more begins with the first state that is', () => {
    const [address, life] = longest('session');
    const cut = life.states.slice(3);
    const first = cut[0]?.lastCursor as number;
    const trace = traced(address, { rows: life.rows.filter(({ cursor }) => cursor >= first), states: cut });
    assert.ok(trace.start.snapshot);
    assert.match(trace.gaps?.[0] ?? '', /its beginning is not kept/);
    assert.equal(replay(trace, ...builtInMachines).difference, null);
    assert.throws(() => traced(address, { rows: life.rows, states: [] }), /nothing is kept of what it was/);
  });

  it('has no secrets in it, and is replayed as it was all the same', () => {
    const [address, life] = longest('command');
    const secret = 'hunter2-hunter2';
    const text = JSON.stringify(life.states).replaceAll('"text":"text ', `"password":"${secret}","text":"text `);
    const trace = traced(address, { rows: life.rows, states: JSON.parse(text) }, masked);
    assert.ok(text.includes(secret));
    assert.ok(!JSON.stringify(trace).includes(secret));
    assert.equal(replay(trace, ...builtInMachines).difference, null);
  });

  it('is of the documented format', () => {
    for (const kind of KINDS) {
      const trace = traced(...longest(kind), masked);
      assert.deepEqual(conforms('troupe:trace#/$defs/Trace', trace), []);
    }
  });
});
