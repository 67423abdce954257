import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AnyStateMachine, and, assign, fromPromise, raise, sendTo, setup } from 'xstate';
import type { MachineSamples } from '../../actors/user-config/define.ts';
import { hostActions } from '../../machines/protocol.ts';
import type { Trace } from '../../schemas/generated/contracts.ts';
import { testedKind } from '../../testing/kinds.ts';
import { type Criterion, pathsOf, walk } from '../../testing/paths.ts';
import { replay } from '../../testing/trace.ts';

const kindOf = (machine: AnyStateMachine, samples: MachineSamples = {}) =>
  testedKind({ kind: machine.id, machine, samples });

/** `open:push→shut,pull→open`: where it begins, then each event with where it leads. */
const written = ({ start, steps }: Trace): string => {
  const short = (type: string) => type.replace(/^xstate\.(\w+)\.(?:actor\.)?([^.]+).*$/s, '$1 $2');
  const said = steps.map(
    ({ event, timer, expect }) => `${short(timer ?? event.type)}→${expect.rejected ? 'refused' : expect.state}`
  );
  return `${start.expect?.state}: ${said.join(', ')}`;
};
const covers = (machine: AnyStateMachine, criterion: Criterion, expected: string[], samples?: MachineSamples) => {
  const set = pathsOf(kindOf(machine, samples), { criterion });
  assert.deepEqual(set.paths.map(written).sort(), [...expected].sort());
  assert.deepEqual(set.uncovered, []);
  assert.equal(set.covered, set.total);
  return set;
};

const work = fromPromise<unknown, unknown>(async () => null);

const door = setup({}).createMachine({
  id: 'door',
  initial: 'open',
  states: { open: { on: { push: 'shut' } }, shut: { on: { pull: 'open', lock: 'locked' } }, locked: { type: 'final' } }
});
const gate = setup({ guards: { pays: ({ event }) => (event as { coins?: number }).coins === 2 } }).createMachine({
  id: 'gate',
  initial: 'shut',
  states: { shut: { on: { coin: { guard: 'pays', target: 'open' } } }, open: { type: 'final' } }
});
const job = setup({ actors: { work } }).createMachine({
  id: 'job',
  initial: 'busy',
  states: {
    busy: {
      invoke: { id: 'work', src: 'work', onDone: 'done', onError: 'broken' },
      after: { 5000: 'late' }
    },
    done: { type: 'final' },
    broken: { type: 'final' },
    late: { type: 'final' }
  }
});

describe('paths through a machine', () => {
  it('cover all states with as few events as that takes', () => {
    covers(door, 'states', ['open: push→shut, lock→locked']);
  });

  it('cover all transitions; none is the beginning of another', () => {
    covers(door, 'transitions', ['open: push→shut, pull→open', 'open: push→shut, lock→locked']);
  });

  it('cover every two transitions in a row', () => {
    covers(door, 'pairs', ['open: push→shut, pull→open, push→shut', 'open: push→shut, lock→locked']);
  });

  it('cover what each guard says, also where that refuses the event', () => {
    const told = { told: { coin: [{ coins: 1 }, { coins: 2 }] } };
    covers(gate, 'guards', ['shut: coin→refused, coin→open'], told);
    covers(gate, 'transitions', ['shut: coin→open'], told);
  });

  it('have the ends of effects and timers as events, and virtual time passes', () => {
    const expected = ['busy: done work→done', 'busy: error work→broken', 'busy: after 5000→late'];
    const { paths } = covers(job, 'transitions', expected);
    assert.deepEqual(
      paths.map(({ steps }) => steps.map(({ by, after_ms }) => [by, after_ms])),
      [[['effect', 0]], [['effect', 0]], [['timer', 5_000]]]
    );
  });

  it('let timers come in the order in which they are due', () => {
    const race = setup({}).createMachine({
      id: 'race',
      type: 'parallel',
      states: {
        slow: { initial: 'runs', states: { runs: { after: { 2000: 'there' } }, there: { type: 'final' } } },
        fast: {
          initial: 'runs',
          states: {
            runs: { after: { 1000: 'there' }, on: { stop: 'fell' } },
            there: { type: 'final' },
            fell: { type: 'final' }
          }
        }
      }
    });
    covers(race, 'transitions', [
      'fast.runs,slow.runs: after 1000→fast.there,slow.runs',
      'fast.runs,slow.runs: stop→fast.fell,slow.runs, after 2000→fast.fell,slow.there'
    ]);
  });

  it('go through parallel states, with one event for all regions that take it', () => {
    const lamp = setup({}).createMachine({
      id: 'lamp',
      type: 'parallel',
      states: {
        light: { initial: 'off', states: { off: { on: { power: 'on' } }, on: {} } },
        fan: { initial: 'off', states: { off: { on: { power: 'on' } }, on: {} } }
      }
    });
    covers(lamp, 'transitions', ['fan.off,light.off: power→fan.on,light.on']);
  });

  it('come back to what a history state remembers', () => {
    const player = setup({}).createMachine({
      id: 'player',
      initial: 'on',
      states: {
        on: {
          initial: 'slow',
          states: { slow: { on: { up: 'fast' } }, fast: { on: { off: '#player.off' } }, last: { type: 'history' } }
        },
        off: { on: { on: 'on.last' } }
      }
    });
    covers(player, 'transitions', ['on.slow: up→on.fast, off→off, on→on.fast']);
  });

  it('say which states are only passed through', () => {
    const sorter = setup({
      types: { context: {} as { n: number } },
      actions: { note: assign({ n: ({ event }) => (event as unknown as { n: number }).n }) },
      guards: { isMany: ({ context }) => context.n > 1 }
    }).createMachine({
      id: 'sorter',
      context: { n: 0 },
      initial: 'waiting',
      states: {
        waiting: { on: { put: { target: 'weighing', actions: 'note' } } },
        weighing: { always: [{ guard: 'isMany', target: 'many' }, { target: 'few' }] },
        many: { type: 'final' },
        few: { type: 'final' }
      }
    });
    const { paths } = covers(sorter, 'transitions', ['waiting: put→many', 'waiting: put→few'], {
      told: { put: [{ n: 1 }, { n: 2 }] }
    });
    for (const { steps } of paths) assert.deepEqual(steps[0]?.expect.through, ['weighing']);
  });

  it('have word of child machines and their ends, and what an actor sends itself', () => {
    const child = setup({}).createMachine({ id: 'child', initial: 'a', states: { a: {} } });
    const parent = setup({ actors: { child }, actions: { ...hostActions } }).createMachine({
      id: 'parent',
      initial: 'asking',
      states: {
        asking: {
          invoke: { id: 'kid', src: 'child', onDone: 'thinking', onError: 'alone' },
          on: { 'child.shouts': 'thinking' }
        },
        thinking: { entry: sendTo(({ self }) => self, { type: 'thought' }), on: { thought: 'sure' } },
        sure: { type: 'final' },
        alone: { type: 'final' }
      }
    });
    const { paths } = covers(
      parent,
      'transitions',
      ['asking: done kid→thinking', 'asking: error kid→alone', 'asking: child.shouts→thinking, thought→sure'],
      { told: { thought: [] } }
    );
    assert.deepEqual([...new Set(paths.flatMap(({ steps }) => steps.map(({ by }) => by)))].sort(), [
      'actor',
      'child',
      'self'
    ]);
  });

  it('give a timer that raises another event its name', () => {
    const bell = setup({}).createMachine({
      id: 'bell',
      initial: 'set',
      entry: raise({ type: 'ring' }, { delay: 1_000, id: 'alarm' }),
      states: { set: { on: { ring: 'rang' } }, rang: { type: 'final' } }
    });
    const { paths } = covers(bell, 'states', ['set: alarm→rang'], { told: { ring: [] } });
    assert.deepEqual(paths[0]?.steps[0]?.event, { type: 'ring' });
  });

  it('ask guards that are made of guards as XState does', () => {
    const both = setup({
      guards: {
        a: ({ event }) => (event as { a?: boolean }).a === true,
        b: ({ event }) => (event as { b?: boolean }).b === true
      }
    }).createMachine({
      id: 'both',
      initial: 'shut',
      states: { shut: { on: { knock: { guard: and(['a', 'b']), target: 'open' } } }, open: { type: 'final' } }
    });
    covers(both, 'guards', ['shut: knock→refused, knock→open'], {
      told: { knock: [{ a: true }, { a: true, b: true }] }
    });
  });
});

describe('what no path reaches', () => {
  const trap = setup({ guards: { never: () => false } }).createMachine({
    id: 'trap',
    initial: 'in',
    states: { in: { on: { go: { guard: 'never', target: 'out' } } }, out: { on: { back: 'in' } } }
  });

  it('is named, as not reachable where all there is was looked at', () => {
    const set = pathsOf(kindOf(trap), { criterion: 'states' });
    assert.deepEqual(set.uncovered, [{ goal: 'out', why: 'unreachable' }]);
    assert.equal(set.explored.exhausted, true);
    const guards = pathsOf(kindOf(trap), { criterion: 'guards' });
    assert.deepEqual(guards.uncovered, [{ goal: 'in go [never] → out : never is true', why: 'unreachable' }]);
  });

  it('is named as beyond the bound where the search ended before', () => {
    const counter = setup({
      types: { context: {} as { n: number } },
      actions: { count: assign({ n: ({ context }) => context.n + 1 }) },
      guards: { isFar: ({ context }) => context.n >= 40 }
    }).createMachine({
      id: 'counter',
      context: { n: 0 },
      initial: 'counting',
      states: {
        counting: { always: { guard: 'isFar', target: 'far' }, on: { one: { actions: 'count' } } },
        far: { type: 'final' }
      }
    });
    const near = pathsOf(kindOf(counter), { criterion: 'states', limit: 10 });
    assert.deepEqual(near.uncovered, [{ goal: 'far', why: 'bound' }]);
    const far = pathsOf(kindOf(counter), { criterion: 'states' });
    assert.deepEqual(far.uncovered, []);
    assert.equal(far.paths[0]?.steps.length, 40);
  });

  it('is a transition behind another that always comes first', () => {
    const hidden = setup({}).createMachine({
      id: 'hidden',
      initial: 'a',
      states: { a: { on: { go: [{ target: 'b' }, { target: 'c' }] } }, b: {}, c: {} }
    });
    const { uncovered } = pathsOf(kindOf(hidden));
    assert.deepEqual(uncovered, [{ goal: 'a go → c', why: 'unreachable' }]);
  });
});

describe('a set of paths', () => {
  it('is refused for a criterion that is none', () => {
    const criterion = 'lines' as Criterion;
    assert.throws(
      () => pathsOf(kindOf(door), { criterion }),
      /criterion 'lines' is none; there are states, transitions/
    );
  });

  it('is the same each time', () => {
    assert.deepEqual(pathsOf(kindOf(job)), pathsOf(kindOf(job)));
  });

  it('is replayed by the trace kit as it stands', () => {
    for (const path of pathsOf(kindOf(job)).paths) {
      const { ok, difference } = replay(path, { kind: 'job', machine: job });
      assert.ok(ok, JSON.stringify(difference));
    }
  });

  it('leaves the machine as it was', () => {
    pathsOf(kindOf(gate), { criterion: 'guards' });
    assert.equal(gate.root.states.shut?.transitions.get('coin')?.[0]?.guard, 'pays');
    assert.equal(Object.getOwnPropertyDescriptor(gate.root, 'always')?.get, undefined);
  });

  it('has what the actor failed of, and inputs that the machine does not take', () => {
    const picky = setup({ types: { input: {} as { n: number } } }).createMachine({
      id: 'picky',
      context: ({ input }) => {
        if (input.n < 0) throw new Error('n is below 0');
        return { n: input.n };
      },
      initial: 'a',
      states: {
        a: {
          on: {
            go: {
              target: 'b',
              actions: assign(() => {
                throw new Error('it breaks');
              })
            }
          }
        },
        b: {}
      }
    });
    const set = pathsOf(kindOf(picky, { inputs: [{ n: -1 }, { n: 1 }] }));
    assert.deepEqual(set.refused, [{ input: { n: -1 }, why: 'n is below 0' }]);
    assert.deepEqual(set.failures, [{ path: 1, why: 'go in a: it breaks' }]);
    assert.throws(
      () => pathsOf(kindOf(picky, { inputs: [{ n: -1 }] })),
      /'picky' begins with no input there is \(n is below 0\)/
    );
  });

  it('is judged by the invariants, and by those that are given', () => {
    const invariants = {
      'nobody opens it': ({ rows }: { rows: readonly { payload: { to: string } }[] }) =>
        rows.flatMap(({ payload }) =>
          payload.to === 'open'
            ? [{ invariant: 'nobody opens it', why: 'it is open', about: ['gate/one'], cursor: null }]
            : []
        )
    };
    const { violations } = pathsOf(kindOf(gate, { told: { coin: [{ coins: 2 }] } }), { invariants });
    assert.deepEqual(
      violations.map(({ invariant, path }) => [invariant, path]),
      [['nobody opens it', 1]]
    );
    // An approval that goes on after its end: the machine thinks it right, the invariants do not.
    const lax = setup({}).createMachine({
      id: 'approval',
      initial: 'PENDING',
      states: { PENDING: { on: { yes: 'ALLOWED' } }, ALLOWED: { on: { no: 'DENIED' } }, DENIED: {} }
    });
    const judged = pathsOf(kindOf(lax)).violations.map(({ invariant }) => invariant);
    assert.deepEqual([...new Set(judged)], ['exactly one terminal state']);
    const [path] = pathsOf(kindOf(lax)).paths;
    assert.deepEqual(
      walk(kindOf(lax), path!).violations.map(({ invariant }) => invariant),
      ['exactly one terminal state']
    );
    assert.deepEqual(walk(kindOf(lax), path!).states, ['PENDING', 'ALLOWED', 'DENIED']);
  });
});
