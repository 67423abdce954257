/** A `troupe.config.ts`: counts what it is told, and writes it down outside. */
export const tallyConfig = ({ version = '1', most = 1_000 } = {}) => `
import { assign, fromPromise, setup } from 'xstate';
import { defineConfig } from 'troupe/config';
const tally = setup({
  types: { context: {} as { sum: number }, events: {} as { type: 'tally.add'; n: number } | { type: 'tally.close' } },
  actors: { write: fromPromise<object, { sum: number }>(async () => { throw new Error('given below'); }) },
  guards: { isRoom: ({ context, event }) => context.sum + (event as { n: number }).n <= ${most} }
}).createMachine({
  id: 'tally', version: '${version}', context: { sum: 0 }, initial: 'OPEN',
  states: {
    OPEN: {
      on: {
        'tally.add': { guard: 'isRoom', actions: assign({ sum: ({ context, event }) => context.sum + event.n }) },
        'tally.close': 'WRITING'
      }
    },
    WRITING: { invoke: { id: 'write', src: 'write', input: ({ context }) => ({ sum: context.sum }), onDone: 'WRITTEN' } },
    WRITTEN: { type: 'final' }
  }
});
const closed = { type: 'object', additionalProperties: false };
export default defineConfig({
  machines: [{ kind: 'tally', machine: tally, schema: { events: {
    'tally.add': { ...closed, required: ['n'], properties: { n: { type: 'integer', minimum: 1, maximum: 3 } } },
    'tally.close': closed
  } } }],
  effects: { tally: { write: async () => ({}) } }
});
`;
