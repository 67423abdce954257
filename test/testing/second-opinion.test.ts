/** `@xstate/graph` knows nothing of hosts and walks a machine its own way: it must find the same states as near. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getShortestPaths } from '@xstate/graph';
import { type AnyMachineSnapshot, type AnyStateMachine, assign, fromPromise, setup } from 'xstate';
import { stateOf } from '../../actors/kernel/definition.ts';
import { trafficLight } from '../../examples/machines/traffic-light.ts';
import { testedKind } from '../../testing/kinds.ts';
import { pathsOf } from '../../testing/paths.ts';

const parcel = setup({
  types: { context: {} as { tries: number } },
  actors: { carry: fromPromise<{ at: string }>(async () => ({ at: '' })) },
  guards: {
    isTired: ({ context }) => context.tries >= 2,
    isHome: ({ event }) => (event as unknown as { output: { at: string } }).output.at === 'home'
  }
}).createMachine({
  id: 'parcel',
  context: { tries: 0 },
  initial: 'waiting',
  on: { recall: '.recalled' },
  states: {
    waiting: { on: { carry: 'carried' }, after: { 1000: 'carried' } },
    carried: {
      entry: assign({ tries: ({ context }) => Math.min(context.tries + 1, 3) }),
      invoke: {
        id: 'carry',
        src: 'carry',
        onDone: [{ guard: 'isHome', target: 'delivered' }, { target: 'astray' }],
        onError: [{ guard: 'isTired', target: 'lost' }, { target: 'waiting' }]
      }
    },
    astray: {
      initial: 'asked',
      states: { asked: { on: { found: 'kept' } }, kept: { after: { 50: '#parcel.waiting' } } }
    },
    delivered: { type: 'final' },
    lost: { type: 'final' },
    recalled: { type: 'final' }
  }
});

/** Each with the events there are, as `@xstate/graph` wants them: it is told of ends and timers by their names. */
const machines: { machine: AnyStateMachine; events: { type: string; [key: string]: unknown }[]; outcomes?: object }[] =
  [
    {
      machine: parcel,
      events: [
        { type: 'carry' },
        { type: 'recall' },
        { type: 'found' },
        { type: 'xstate.done.actor.carry', output: { at: 'home' } },
        { type: 'xstate.done.actor.carry', output: { at: 'elsewhere' } },
        { type: 'xstate.error.actor.carry', error: { code: 'RAIN', message: 'it rains' } },
        { type: 'xstate.after.1000.parcel.waiting' },
        { type: 'xstate.after.50.parcel.astray.kept' }
      ],
      outcomes: {
        carry: { done: [{ at: 'home' }, { at: 'elsewhere' }], error: [{ code: 'RAIN', message: 'it rains' }] }
      }
    },
    {
      machine: trafficLight,
      events: [...trafficLight.events].map((type) => ({ type }))
    }
  ];

/** With what the guards ask; a light counts its crossings without end. */
const placeOf = (snapshot: AnyMachineSnapshot) =>
  `${stateOf(snapshot)} ${snapshot.context.tries} ${snapshot.context.requested}`;

/** How many events are needed to be in each state. */
function nearest(found: Iterable<readonly [string, number]>): Record<string, number> {
  const least = new Map<string, number>();
  for (const [state, events] of found) least.set(state, Math.min(events, least.get(state) ?? events));
  return Object.fromEntries([...least].sort());
}

describe('what @xstate/graph finds in a machine', () => {
  for (const { machine, events, outcomes = {} } of machines) {
    it(`is what is found here: ${machine.id}`, () => {
      const theirs = getShortestPaths(machine, { events: events as never, limit: 5_000, serializeState: placeOf }).map(
        ({ state, steps }) => [stateOf(state as AnyMachineSnapshot), steps.length - 1] as const
      );
      const kind = testedKind({ kind: machine.id, machine, samples: { outcomes } as never });
      const { paths } = pathsOf(kind, { criterion: 'states' });
      const ours = paths.flatMap(({ start, steps }) =>
        [start.expect?.state ?? '', ...steps.map(({ expect }) => expect.state)].map((state, i) => [state, i] as const)
      );
      const [near, least] = [nearest(ours), nearest(theirs)];
      assert.deepEqual(Object.keys(near), Object.keys(least));
      for (const [state, events] of Object.entries(least)) {
        assert.ok(near[state]! >= events, `${state} is reached by ${near[state]} events, and there by ${events}`);
      }
    });
  }
});
