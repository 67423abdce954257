import { assign, setup } from 'xstate';

/** Red, green, yellow; a pedestrian's button shortens the green and is remembered until it is served. */
export const trafficLight = setup({
  types: {
    context: {} as { requested: boolean; crossings: number },
    events: {} as { type: 'button.pressed' } | { type: 'power.lost' } | { type: 'power.restored' }
  },
  guards: { requested: ({ context }) => context.requested },
  delays: { minimumGreen: 5_000, green: 20_000 }
}).createMachine({
  id: 'trafficLight',
  context: { requested: false, crossings: 0 },
  initial: 'working',
  states: {
    working: {
      initial: 'red',
      on: { 'power.lost': 'blinking' },
      states: {
        red: {
          initial: 'walk',
          states: {
            walk: {
              always: { guard: ({ context }) => !context.requested, target: 'wait' },
              exit: assign({ requested: false }),
              after: {
                6000: { target: 'flashing', actions: assign({ crossings: ({ context }) => context.crossings + 1 }) }
              }
            },
            flashing: { after: { 2000: 'wait' } },
            wait: {
              after: { 2000: 'over' },
              on: { 'button.pressed': { target: 'walk', actions: assign({ requested: true }) } }
            },
            over: { type: 'final' }
          },
          onDone: 'green'
        },
        green: {
          initial: 'held',
          states: {
            held: { after: { minimumGreen: 'free' } },
            free: { always: { guard: 'requested', target: '#yellow' } }
          },
          on: { 'button.pressed': { actions: assign({ requested: true }) } },
          after: { green: 'yellow' }
        },
        yellow: {
          id: 'yellow',
          after: { 3000: 'red' },
          on: { 'button.pressed': { actions: assign({ requested: true }) } }
        },
        hist: { type: 'history' }
      }
    },
    blinking: { on: { 'power.restored': 'working.hist' } }
  }
});
