/** An actor whose machine has a newer version: what becomes of its state, context, history, effects, children and timers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AnyStateMachine, assign, fromPromise, setup } from 'xstate';
import type { ActorKind, ContextSchema, Migration } from '../../../actors/host/contract.ts';
import { carry, type Origin, type Outcome } from '../../../actors/kernel/carry.ts';
import { outlineOf } from '../../../actors/kernel/outline.ts';
import { type Step, step } from '../../../actors/kernel/step.ts';
import { Machines } from '../../../actors/kernel/versions.ts';
import { compileForeign } from '../../../server/contracts.ts';
import { Rehearsal } from '../../support/rehearsal.ts';

const HOUR = 3_600_000;
const work = fromPromise<string, unknown>(async () => 'done');
const child = setup({}).createMachine({ id: 'child', initial: 'a', states: { a: {} } });
const kit = setup({
  types: { context: {} as Record<string, unknown> },
  actors: { work, other: work, child },
  delays: { patience: 2 * HOUR }
});
// biome-ignore lint/suspicious/noExplicitAny: configs of many machines
const machine = (config: any): AnyStateMachine => kit.createMachine({ id: 'job', ...config }) as AnyStateMachine;

/** An actor of a machine that is to become a former one. */
const born = (config: object, input = {}) => new Rehearsal('job', machine(config), input);

interface Asked {
  previous?: AnyStateMachine[];
  migrations?: Migration[];
  context?: ContextSchema;
  /** false: a journal from before versions were kept. */
  origin?: boolean;
}

function over(actor: Rehearsal, config: object, { previous = [], migrations, context, origin = true }: Asked = {}) {
  const kind: ActorKind = {
    kind: 'job',
    machine: machine(config),
    durable: true,
    foreign: true,
    previous: previous.map((former) => ({ machine: former })),
    ...(migrations ? { migrations } : {}),
    ...(context ? { context } : {})
  };
  const machines = new Machines([kind]);
  const { definition } = actor;
  const known: Origin = { ...definition, definition: outlineOf(definition.machine) };
  const outcome = carry(machines.get('job')!, actor.record, origin ? known : undefined, actor.now + 1_000);
  return { outcome, machines, at: actor.now + 1_000 };
}

function stepOf(outcome: Outcome, kind: 'went_on' | 'migrated'): Step {
  assert.equal(outcome.kind, kind, JSON.stringify(outcome));
  assert.ok('step' in outcome);
  assert.deepEqual(JSON.parse(JSON.stringify(outcome.step)), outcome.step, 'a step is JSON');
  return outcome.step;
}
const goesOn = (...args: Parameters<typeof over>) => stepOf(over(...args).outcome, 'went_on');
const migrated = (...args: Parameters<typeof over>) => stepOf(over(...args).outcome, 'migrated');
function misfitsOf(...args: Parameters<typeof over>): string[] {
  const { outcome } = over(...args);
  assert.equal(outcome.kind, 'held', JSON.stringify(outcome));
  return outcome.kind === 'held' ? outcome.misfits : [];
}
const held = (...args: Parameters<typeof over>) => misfitsOf(...args).join('\n');

const flat = { initial: 'a', context: { n: 1 }, states: { a: { on: { go: 'b' } }, b: { type: 'final' } } };
const flat2 = { ...flat, states: { ...flat.states, c: {} } };

describe('an actor of a former version whose state is legal in the newest', () => {
  it('goes on where it is, in a step of its own with a row that says from which version to which', () => {
    const actor = born(flat);
    const { record, rows, effects, settled, timers, cleared, tells } = goesOn(actor, flat2);
    assert.deepEqual([record.state, record.step, record.status], ['a', 2, 'active']);
    assert.notEqual(record.machineVersion, actor.record.machineVersion);
    assert.equal(rows.length, 1);
    const [row] = rows;
    assert.deepEqual([row!.type, row!.severity, row!.step], ['actor.upgraded', 'info', 2]);
    assert.deepEqual(row!.payload, {
      actor: { kind: 'job', id: 'one' },
      from: 'a',
      to: 'a',
      event: 'actor.upgraded',
      step: 2,
      version: { from: actor.record.machineVersion, to: record.machineVersion },
      how: 'went_on'
    });
    assert.deepEqual([effects, settled, timers, cleared, tells], [[], [], [], [], []]);
  });

  it('moves on by the transitions of the newest', () => {
    const actor = born(flat);
    const newest = { ...flat, states: { ...flat.states, a: { on: { jump: 'b' } } } };
    const { machines } = over(actor, newest);
    const { record } = goesOn(actor, newest);
    const send = (type: string) => step(machines.get('job')!.current!, record, { type }, {}, actor.now);
    assert.equal(send('go').kind, 'rejected');
    assert.equal(send('jump').kind, 'stepped');
  });

  it('is looked at for nothing when it is of the newest', () => {
    assert.deepEqual(over(born(flat), flat).outcome.kind, 'stays');
  });

  it('is warned of where its context is not of the shape that the newest begins with', () => {
    const { outcome } = over(born(flat), { ...flat2, context: { n: 'one', list: [] } });
    assert.deepEqual(outcome.kind === 'went_on' && outcome.warnings, [
      "context 'n' is a number; the machine begins with a string",
      "context has no 'list'; the machine begins with []"
    ]);
    const row = 'step' in outcome ? outcome.step.rows[0] : undefined;
    assert.equal((row!.payload.warnings as string[]).length, 2);
  });

  it('hears of it where the machine listens, and what always holds is taken', () => {
    const listens = { ...flat2, on: { 'actor.upgraded': { actions: assign({ n: 2 }) } } };
    assert.deepEqual(goesOn(born(flat), listens).record.snapshot.context, { n: 2 });
    const always = { ...flat2, states: { ...flat2.states, a: { always: 'c' } } };
    const { record, rows } = goesOn(born(flat), always);
    assert.equal(record.state, 'c');
    assert.deepEqual(
      rows.map(({ type, payload }) => [type, payload.from, payload.to]),
      [
        ['actor.upgraded', 'a', 'a'],
        ['job.changed', 'a', 'c']
      ]
    );
    const wild = { ...flat2, on: { '*': { actions: assign({ n: 3 }) } } };
    assert.deepEqual(goesOn(born(flat), wild).record.snapshot.context, { n: 1 }, 'no wildcard hears it');
  });
});

describe('a state that the newest machine has not', () => {
  const nested = {
    initial: 'run',
    states: { run: { initial: 'one', states: { one: {}, two: {} } }, stop: {} }
  };
  const cases: [what: string, from: object, to: object, misfit: RegExp][] = [
    [
      'is gone',
      flat,
      { ...flat, initial: 'c', states: { c: {} } },
      /state 'a' is not in the machine; the machine has c/
    ],
    [
      'is gone inside another',
      nested,
      { ...nested, states: { ...nested.states, run: { initial: 'two', states: { two: {} } } } },
      /state 'run.one' is not in the machine; state 'run' has two/
    ],
    [
      'has states of its own now',
      flat,
      { ...flat, states: { ...flat.states, a: { initial: 'x', states: { x: {}, y: {} } } } },
      /state 'a' has states of its own now \(x, y\): none is named/
    ],
    [
      'has none any more',
      nested,
      { ...nested, states: { ...nested.states, run: {} } },
      /state 'run' has no states of its own, and "one" is named/
    ],
    ['is final now', flat, { ...flat, states: { a: { type: 'final' } } }, /state 'a' is a final one/],
    [
      'has another region',
      { type: 'parallel', states: { l: { initial: 'x', states: { x: {} } }, r: {} } },
      { type: 'parallel', states: { l: { initial: 'x', states: { x: {} } }, r: {}, m: {} } },
      /the machine has a region 'm', in which the actor has no state/
    ],
    [
      'has a region less',
      { type: 'parallel', states: { l: { initial: 'x', states: { x: {} } }, r: {} } },
      { type: 'parallel', states: { l: { initial: 'x', states: { x: {} } } } },
      /state 'r' is not in the machine; the machine has l/
    ],
    [
      'was parallel',
      { type: 'parallel', states: { l: {}, r: {} } },
      { initial: 'l', states: { l: {}, r: {} } },
      /the machine has one state at a time, and l, r are named/
    ],
    [
      'is a history state now',
      flat,
      { initial: 'b', states: { b: { initial: 'x', states: { x: {} } }, a: { type: 'history' } } },
      /state 'a' is not/
    ]
  ];
  for (const [what, from, to, misfit] of cases) {
    it(`holds the actor: it ${what}`, () => assert.match(held(born(from), to), misfit));
  }

  it('holds it with its version, the reason and the cure', () => {
    const actor = born({ ...flat, version: '1' });
    const { outcome } = over(actor, { ...flat, version: '2', initial: 'c', states: { c: {} } });
    assert.deepEqual(outcome, {
      kind: 'held',
      misfits: ["state 'a' is not in the machine; the machine has c"],
      cure: "register the machine of that version under previous of 'job', or give a migration from '1'",
      why: `made by version 1 (${actor.record.machineVersion}); the newest is 2: state 'a' is not in the machine; the machine has c; register the machine of that version under previous of 'job', or give a migration from '1'`
    });
  });

  it('is no matter where a region keeps its own', () => {
    const two = (more: object) => ({
      type: 'parallel',
      states: {
        l: { initial: 'x', states: { x: { on: { go: 'y' } }, y: {} } },
        r: { initial: 'x', states: { x: {}, ...more } }
      }
    });
    const actor = born(two({}));
    actor.send({ type: 'go' });
    assert.equal(goesOn(actor, two({ z: {} })).record.state, 'l.y,r.x');
  });
});

describe('what history states remember', () => {
  const player = (playing: object) => ({
    initial: 'playing',
    states: {
      playing: {
        initial: 'one',
        states: { one: { on: { next: 'two' } }, two: {}, last: { type: 'history' }, ...playing },
        on: { pause: 'paused' }
      },
      paused: { on: { play: 'playing.last' } }
    }
  });
  const paused = () => {
    const actor = born(player({}));
    actor.send({ type: 'next' });
    actor.send({ type: 'pause' });
    return actor;
  };

  it('is kept', () => {
    const actor = paused();
    const { machines } = over(actor, player({ three: {} }));
    const { record } = goesOn(actor, player({ three: {} }));
    const result = step(machines.get('job')!.current!, record, { type: 'play' }, {}, actor.now);
    assert.equal(result.kind === 'stepped' && result.step.record.state, 'playing.two');
  });

  it('holds the actor where that state is gone, and is left out by a migration that does not give it', () => {
    const gone = player({ three: {} });
    delete (gone.states.playing.states as Record<string, unknown>).two;
    gone.states.playing.states.one = { on: { next: 'three' } };
    assert.match(held(paused(), gone), /history state 'job.playing.last' remembers 'job.playing.two', which is not/);
    const from = paused().record.machineVersion;
    const without = migrated(paused(), gone, {
      migrations: [{ from, migrate: ({ value, context }) => ({ value, context }) }]
    });
    assert.equal(without.record.snapshot.historyValue, undefined);
    const history = { 'job.playing.last': ['job.playing.three'] };
    const given = migrated(paused(), gone, {
      migrations: [{ from, migrate: ({ value, context }) => ({ value, context, history }) }]
    });
    assert.deepEqual(given.record.snapshot.historyValue, history);
    const wrong = { 'job.playing.last': ['job.playing.four'] };
    assert.match(
      held(paused(), gone, {
        migrations: [{ from, migrate: ({ value, context }) => ({ value, context, history: wrong }) }]
      }),
      /remembers 'job.playing.four'/
    );
  });
});

describe('context with a schema', () => {
  const schema = (properties: object): ContextSchema => {
    const whole = { type: 'object', required: Object.keys(properties), properties };
    const validate = compileForeign(whole);
    return {
      schema: whole,
      check(given) {
        const context = structuredClone(given);
        return { context, errors: validate(context, '').map(({ path, message }) => `${path} ${message}`) };
      }
    };
  };
  it('must fit it, and is filled with its defaults', () => {
    assert.match(held(born(flat), flat2, { context: schema({ n: { type: 'string' } }) }), /context \/n must be string/);
    const { record } = goesOn(born(flat), flat2, {
      context: schema({ n: { type: 'number' }, note: { type: 'string', default: 'none' } })
    });
    assert.deepEqual(record.snapshot.context, { n: 1, note: 'none' });
    assert.match(record.machineVersion, /-/);
  });

  it('is looked at again when only the schema is another', () => {
    assert.equal(over(born(flat), flat, { context: schema({ n: { type: 'number' } }) }).outcome.kind, 'went_on');
    assert.match(held(born(flat), flat, { context: schema({ m: { type: 'number' } }) }), /context \/m is missing/);
  });
});

describe('a migration', () => {
  const renamed = { initial: 'A', context: { count: 0 }, states: { A: { on: { go: 'B' } }, B: { type: 'final' } } };
  const from = () => born(flat).record.machineVersion;
  const rename: Migration['migrate'] = ({ context }) => ({ value: 'A', context: { count: context.n } });

  it('gives another state and context, and its row says so', () => {
    const { record, rows } = migrated(born(flat), renamed, { migrations: [{ from: from(), migrate: rename }] });
    assert.deepEqual([record.state, record.snapshot.context], ['A', { count: 1 }]);
    assert.deepEqual([rows[0]!.payload.from, rows[0]!.payload.to, rows[0]!.payload.how], ['a', 'A', 'migrated']);
  });

  it('is applied also where the state would be legal as it is', () => {
    const migrations = [{ from: from(), migrate: () => ({ value: 'a', context: { n: 100 } }) }];
    assert.deepEqual(migrated(born(flat), flat2, { migrations }).record.snapshot.context, { n: 100 });
  });

  it('is found by the label of the former machine', () => {
    const actor = born({ ...flat, version: 'first' });
    assert.equal(migrated(actor, renamed, { migrations: [{ from: 'first', migrate: rename }] }).record.state, 'A');
    assert.match(
      held(actor, renamed, { migrations: [{ from: 'first', migrate: rename }], origin: false }),
      /^state 'a' is not/,
      'a label of which the journal knows nothing'
    );
  });

  it('leads on to another', () => {
    const seen: string[] = [];
    const next = (from: string, to: string | undefined): Migration => ({
      from,
      ...(to ? { to } : {}),
      migrate({ context, version, id }) {
        seen.push(`${id} ${version}`);
        return { value: to ? 'between' : 'A', context: { ...context, [from]: true } };
      }
    });
    const actor = born({ ...flat, version: 'v1' });
    const migrations = [next('v2', 'v3'), next('v3', undefined), next('v1', 'v2')];
    const { record } = migrated(actor, renamed, { migrations });
    assert.deepEqual(record.snapshot.context, { n: 1, v1: true, v2: true, v3: true });
    assert.deepEqual(seen, [`one ${actor.record.machineVersion}`, 'one v2', 'one v3']);
    const short = migrated(born({ ...flat, version: 'v2' }), renamed, { migrations });
    assert.deepEqual(short.record.snapshot.context, { n: 1, v2: true, v3: true });
  });

  const failures: [what: string, migrate: () => unknown, why: RegExp][] = [
    [
      'throws',
      () => {
        throw new Error('no such order');
      },
      /the migration from .* does not do: no such order/
    ],
    ['returns nothing', () => undefined, /does not return \{ value, context \}/],
    ['returns a promise', async () => ({ value: 'A', context: {} }), /returns a promise/],
    ['fails late', () => Promise.reject(new Error('late')), /returns a promise/],
    ['names no state', () => ({ value: 'C', context: {} }), /state 'C' is not in the machine/],
    ['names a prototype', () => ({ value: 'constructor', context: {} }), /state 'constructor' is not in the machine/],
    ['names a final state', () => ({ value: 'B', context: {} }), /state 'B' is a final one/],
    ['gives a value that is none', () => ({ value: 7, context: {} }), /states of its own now \(A, B\): none is named/],
    ['gives a context that is none', () => ({ value: 'A', context: [] }), /context is \[\], no object/],
    [
      'gives what is not JSON',
      () => ({ value: 'A', context: { when: new Date(0) } }),
      /context \/when is an instance of Date/
    ],
    ['gives no names to restart', () => ({ value: 'A', context: {}, restart: 'work' }), /restart is no list/],
    ['gives no history', () => ({ value: 'A', context: {}, history: ['x'] }), /history is not ids/]
  ];
  for (const [what, migrate, why] of failures) {
    it(`that ${what} leaves the actor as it is, and says why`, () => {
      const actor = born(flat);
      const before = structuredClone(actor.record);
      const migrations = [{ from: from(), migrate: migrate as Migration['migrate'] }];
      assert.match(held(actor, renamed, { migrations }), why);
      assert.deepEqual(actor.record, before);
      const { outcome } = over(actor, renamed, { migrations, previous: [machine(flat)] });
      assert.ok(outcome.kind === 'stays' && why.test(outcome.failed ?? ''), 'its former machine takes it');
    });
  }

  it('is given a copy', () => {
    const actor = born(flat);
    const migrate: Migration['migrate'] = ({ context }) => {
      context.n = 'spoilt';
      throw new Error('after all');
    };
    held(actor, renamed, { migrations: [{ from: from(), migrate }] });
    assert.deepEqual(actor.context, { n: 1 });
  });
});

describe('effects under way', () => {
  const invokes = (state: string, invoke: object, more: object = {}) => ({
    initial: state,
    states: { [state]: { invoke: { onDone: 'over', ...invoke }, ...more }, over: { type: 'final' } }
  });
  const to =
    (value: string, more: object = {}): Migration['migrate'] =>
    ({ context }) => ({ value, context, ...more });
  const from = (config: object) => born(config).record.machineVersion;
  const old = invokes('a', { id: 'w', src: 'work' });

  it('go on where the state still wants them, with the id they have', () => {
    const actor = born(old);
    const { effect } = actor.record.snapshot.children.w!;
    const { record, effects, settled } = goesOn(actor, { ...old, version: '2' });
    assert.deepEqual([record.snapshot.children, effects, settled], [{ w: { src: 'work', effect } }, [], []]);
  });

  for (const [what, config] of [
    ['no state wants them', invokes('a', { id: 'w', src: 'other' })],
    ['the state invokes nothing', { ...old, states: { ...old.states, a: {} } }],
    ['the name is that of a machine now', invokes('a', { id: 'w', src: 'child' })]
  ] as const) {
    it(`hold the actor where ${what}, and a migration ends them without running them`, () => {
      const actor = born(old);
      assert.match(held(actor, config), /'w' is under way, and/);
      const { effect } = actor.record.snapshot.children.w!;
      const { record, settled } = migrated(actor, config, { migrations: [{ from: from(old), migrate: to('a') }] });
      assert.deepEqual(settled, [effect]);
      assert.ok(!Object.values(record.snapshot.children).some((one) => one.effect === effect));
    });
  }

  it('go on under the new id where only the name of the state, or of the invoke, is another', () => {
    const nameless = invokes('a', { src: 'work' });
    const actor = born(nameless);
    const { effect } = Object.values(actor.record.snapshot.children)[0]!;
    const next = invokes('A', { src: 'work' });
    const { machines } = over(actor, next, { migrations: [{ from: from(nameless), migrate: to('A') }] });
    const { record, effects, settled } = migrated(actor, next, {
      migrations: [{ from: from(nameless), migrate: to('A') }]
    });
    assert.deepEqual([record.snapshot.children, effects, settled], [{ '0.job.A': { src: 'work', effect } }, [], []]);
    // Its result comes under the name it was begun with.
    const told = { type: 'xstate.done.actor.0.job.a', output: 'x', actorId: '0.job.a' };
    const result = step(machines.get('job')!.current!, record, told, { effect: effect! }, actor.now);
    assert.equal(result.kind === 'stepped' && result.step.record.state, 'over');
  });

  it('are not guessed at where two could be meant', () => {
    const two = (ids: string[]) => ({
      initial: 'a',
      states: { a: { invoke: ids.map((id) => ({ id, src: 'work' })) } }
    });
    assert.match(held(born(two(['x', 'y'])), two(['X', 'Y'])), /'x' is under way.*\n'y' is under way/);
    const { record } = goesOn(born(two(['x', 'y'])), two(['x', 'Y']));
    assert.deepEqual(Object.keys(record.snapshot.children), ['x', 'Y']);
  });

  it('begin where the newest wants some that never ran, with input from the context', () => {
    const { a, b } = flat.states;
    const wants = {
      ...flat,
      states: { a: { ...a, invoke: { id: 'w', src: 'work', input: ({ context }: { context: object }) => context } }, b }
    };
    const actor = born(flat);
    const { effects, record } = goesOn(actor, wants);
    assert.deepEqual(effects, [{ id: 'job/one#2.0', address: 'job/one', child: 'w', src: 'work', input: { n: 1 } }]);
    assert.deepEqual(record.snapshot.children, { w: { src: 'work', effect: 'job/one#2.0' } });
  });

  it('do not begin again where they have ended in the state', () => {
    const stays = { initial: 'a', states: { a: { invoke: { id: 'w', src: 'work' } } } };
    const actor = born(stays).done('w', 1);
    const { effects, record } = goesOn(actor, { ...stays, version: '2' });
    assert.deepEqual([effects, record.snapshot.children], [[], { w: { src: 'work' } }]);
  });

  it('begin in a state that a migration names, and anew where it says so', () => {
    const both = {
      initial: 'a',
      states: {
        a: { invoke: { id: 'w', src: 'work' } },
        b: { invoke: { id: 'w', src: 'work' } },
        c: { invoke: { id: 'o', src: 'other' } }
      }
    };
    const ask = (migrate: Migration['migrate']) => {
      const actor = born(both).done('w', 1);
      return migrated(actor, { ...both, version: '2' }, { migrations: [{ from: from(both), migrate }] });
    };
    assert.deepEqual(
      ask(to('c')).effects.map(({ child }) => child),
      ['o']
    );
    assert.deepEqual(
      ask(to('b')).effects.map(({ child }) => child),
      []
    );
    assert.deepEqual(
      ask(to('b', { restart: ['w'] })).effects.map(({ child }) => child),
      ['w']
    );
  });

  it('that ran and begin anew are ended first', () => {
    const actor = born(old);
    const { effect } = actor.record.snapshot.children.w!;
    const { effects, settled, record } = migrated(
      actor,
      { ...old, version: '2' },
      {
        migrations: [{ from: from(old), migrate: to('a', { restart: ['w'] }) }]
      }
    );
    assert.deepEqual([settled, effects.map(({ id }) => id)], [[effect], ['job/one#2.0']]);
    assert.equal(record.snapshot.children.w?.effect, 'job/one#2.0');
  });

  it('whose input cannot be worked out hold the actor', () => {
    const reads = {
      ...flat2,
      states: {
        ...flat2.states,
        a: { invoke: { src: 'work', input: ({ event }: { event: { x: { y: 1 } } }) => event.x.y } }
      }
    };
    assert.match(held(born(flat), reads), /the newest machine fails on it: .*undefined/);
  });
});

describe('child machines', () => {
  const parent = (invoke: object) => ({ initial: 'a', states: { a: { invoke }, b: {} } });
  const old = parent({ id: 'c', src: 'child' });
  const from = born(old).record.machineVersion;

  it('go on, and their end is heard under the name they have now', () => {
    const actor = born(old);
    const { address } = actor.record.snapshot.children.c!;
    const next = { initial: 'a', states: { a: { invoke: { id: 'C', src: 'child', onDone: 'b' } }, b: {} } };
    const { record, tells } = goesOn(actor, next);
    assert.deepEqual([record.snapshot.children, tells], [{ C: { src: 'child', address } }, []]);
    const { machines } = over(actor, next);
    const told = { type: 'xstate.done.actor.c', output: 1, actorId: 'c' };
    const result = step(machines.get('job')!.current!, record, told, { child: address! }, actor.now);
    assert.equal(result.kind === 'stepped' && result.step.record.state, 'b');
  });

  it('that nothing wants hold the actor, and are stopped by a migration', () => {
    const actor = born(old);
    const { address } = actor.record.snapshot.children.c!;
    assert.match(held(actor, parent([])), /'c' is under way, and no state/);
    const { tells, record } = migrated(actor, parent([]), {
      migrations: [{ from, migrate: ({ context }) => ({ value: 'b', context }) }]
    });
    assert.deepEqual(
      tells.map(({ to, event }) => [to, event.type]),
      [[address, 'actor.stop']]
    );
    assert.deepEqual(record.snapshot.children, {});
  });

  it('are made of the machine that their parent names', () => {
    const actor = born(old);
    const made = actor.tells.find(({ event }) => event.type === 'actor.create');
    assert.equal(made?.event.version, actor.definition.children.get('child'));
  });
});

describe('children that no state invoked', () => {
  it('stay while the machine has their logic', async () => {
    const { spawnChild } = await import('xstate');
    const spawns = (more: object) => ({
      initial: 'a',
      states: {
        a: { entry: [spawnChild('work', { id: 's' }), spawnChild('child', { id: 'm' })], on: { go: 'b' } },
        b: {}
      },
      ...more
    });
    const actor = born(spawns({}));
    actor.send({ type: 'go' });
    const { record, settled, tells } = goesOn(actor, spawns({ version: '2' }));
    assert.deepEqual([Object.keys(record.snapshot.children), settled, tells], [['s', 'm'], [], []]);
    const lone = setup({ actors: { child } }).createMachine({ id: 'job', initial: 'b', states: { b: {} } });
    const machines = new Machines([{ kind: 'job', machine: lone as unknown as AnyStateMachine, durable: true }]);
    const known: Origin = { ...actor.definition, definition: outlineOf(actor.definition.machine) };
    const outcome = carry(machines.get('job')!, actor.record, known, actor.now);
    assert.deepEqual(outcome.kind === 'held' && outcome.misfits, [
      "'s' is under way, and the machine has no actor 'work' of that kind"
    ]);
  });
});

describe('timers', () => {
  const waits = (after: object, state = 'a') => ({ initial: state, states: { [state]: { after }, late: {} } });
  const old = waits({ [HOUR]: 'late' });
  const from = born(old).record.machineVersion;
  const to = (value: string, more: object = {}): Migration => ({
    from,
    migrate: ({ context }) => ({ value, context, ...more })
  });

  it('keep their time where the state still waits so long', () => {
    const actor = born(old);
    const { record, timers, cleared } = goesOn(actor, { ...old, version: '2' });
    assert.deepEqual([record.snapshot.timers, timers, cleared], [actor.record.snapshot.timers, [], []]);
  });

  it('are cleared where no state waits any more', () => {
    const { record, cleared } = goesOn(born(old), waits({}));
    assert.deepEqual([record.snapshot.timers, cleared, record.deadlineAt], [{}, [`xstate.after.${HOUR}.job.a`], null]);
  });

  it('are armed from now where the state waits as it did not before', () => {
    const actor = born(old);
    const { at } = over(actor, waits({ patience: 'late' }));
    const { record, timers, cleared } = goesOn(actor, waits({ patience: 'late' }));
    const id = 'xstate.after.patience.job.a';
    assert.deepEqual(cleared, [`xstate.after.${HOUR}.job.a`]);
    assert.deepEqual(timers, [{ address: 'job/one', id, dueAt: at + 2 * HOUR, event: { type: id } }]);
    assert.deepEqual([record.snapshot.timers, record.deadlineAt], [{ [id]: at + 2 * HOUR }, at + 2 * HOUR]);
  });

  it('go on under the new name, with the time they had, where a migration renames the state', () => {
    const actor = born(old);
    const [dueAt] = Object.values(actor.record.snapshot.timers);
    const { timers, cleared, record } = migrated(actor, waits({ [HOUR]: 'late' }, 'A'), { migrations: [to('A')] });
    const id = `xstate.after.${HOUR}.job.A`;
    assert.deepEqual(timers, [{ address: 'job/one', id, dueAt, event: { type: id } }]);
    assert.deepEqual([cleared, record.snapshot.timers], [[`xstate.after.${HOUR}.job.a`], { [id]: dueAt }]);
  });

  it('begin anew where a migration says so', () => {
    const actor = born(old);
    const { at } = over(actor, { ...old, version: '2' }, { migrations: [to('a')] });
    const { record } = migrated(
      actor,
      { ...old, version: '2' },
      { migrations: [to('a', { restart: [String(HOUR)] })] }
    );
    assert.deepEqual(Object.values(record.snapshot.timers), [at + HOUR]);
  });

  it('that have fired and were refused are not armed again', () => {
    const never = waits({ [HOUR]: { target: 'late', guard: () => false } });
    const actor = born(never).advance(HOUR);
    const { [`xstate.after.${HOUR}.job.a`]: _, ...timers } = actor.record.snapshot.timers;
    // As the host keeps it.
    actor.record = { ...actor.record, snapshot: { ...actor.record.snapshot, timers } };
    assert.deepEqual(goesOn(actor, { ...never, version: '2' }).timers, []);
    assert.equal(
      goesOn(actor, { ...never, version: '2' }, { origin: false }).timers.length,
      1,
      'nothing is known of it'
    );
  });

  it('of the actor’s own, a raise with a delay, go on', async () => {
    const { raise } = await import('xstate');
    const own = { ...flat, entry: raise({ type: 'go' }, { id: 'mine', delay: HOUR }) };
    const actor = born(own);
    const { record } = goesOn(actor, { ...own, version: '2' });
    assert.deepEqual(record.snapshot.timers, actor.record.snapshot.timers);
  });
});

describe('a former machine that is registered beside', () => {
  it('keeps its actors, also those that would be legal in the newest', () => {
    const actor = born(flat);
    const { outcome, machines } = over(actor, flat2, { previous: [machine(flat)] });
    assert.ok(outcome.kind === 'stays' && outcome.failed === null);
    assert.equal(machines.of(actor.record)?.version, actor.record.machineVersion);
  });

  it('gives them up to a migration', () => {
    const migrations = [{ from: born(flat).record.machineVersion, migrate: () => ({ value: 'a', context: { n: 5 } }) }];
    assert.deepEqual(migrated(born(flat), flat2, { previous: [machine(flat)], migrations }).record.snapshot.context, {
      n: 5
    });
  });
});
