import { assign, enqueueActions, setup } from 'xstate';

/** One car, a queue of floors in context, doors that wait and are held open. */
export const elevator = setup({
  types: {
    input: {} as { floors: number },
    context: {} as { floors: number; floor: number; queue: number[]; served: number[]; ignored: number },
    events: {} as
      | { type: 'floor.called'; floor: number }
      | { type: 'door.held' }
      | { type: 'alarm' }
      | { type: 'alarm.over' }
  },
  guards: {
    isHere: ({ context }) => context.queue[0] === context.floor,
    hasCalls: ({ context }) => context.queue.length > 0,
    above: ({ context }) => (context.queue[0] ?? context.floor) > context.floor
  },
  delays: { perFloor: 1_500, doors: 3_000 }
}).createMachine({
  id: 'elevator',
  context: ({ input }) => ({ floors: input.floors, floor: 0, queue: [], served: [], ignored: 0 }),
  initial: 'car',
  on: {
    'floor.called': {
      guard: ({ context, event }) =>
        event.floor >= 0 && event.floor < context.floors && !context.queue.includes(event.floor),
      actions: enqueueActions(({ enqueue, context, event, check }) => {
        enqueue.assign({ queue: [...context.queue, event.floor] });
        if (check(({ context }) => context.queue.length > context.floors)) enqueue.raise({ type: 'alarm' });
      })
    }
  },
  states: {
    car: {
      initial: 'idle',
      on: { alarm: 'stopped' },
      states: {
        idle: {
          always: [
            { guard: 'isHere', target: 'open' },
            { guard: 'hasCalls', target: 'moving' }
          ]
        },
        moving: {
          initial: 'choosing',
          states: {
            choosing: {
              always: [{ guard: 'isHere', target: 'arrived' }, { guard: 'above', target: 'up' }, { target: 'down' }]
            },
            up: {
              after: {
                perFloor: { target: 'choosing', actions: assign({ floor: ({ context }) => context.floor + 1 }) }
              }
            },
            down: {
              after: {
                perFloor: { target: 'choosing', actions: assign({ floor: ({ context }) => context.floor - 1 }) }
              }
            },
            arrived: { type: 'final' }
          },
          onDone: 'open'
        },
        open: {
          entry: assign({
            queue: ({ context }) => context.queue.filter((floor) => floor !== context.floor),
            served: ({ context }) => [...context.served, context.floor]
          }),
          after: { doors: 'idle' },
          on: { 'door.held': { target: 'held' } }
        },
        held: { after: { 5000: 'idle' } },
        hist: { type: 'history', history: 'deep' }
      }
    },
    stopped: {
      on: { 'alarm.over': 'car.hist', '*': { actions: assign({ ignored: ({ context }) => context.ignored + 1 }) } }
    }
  }
});
