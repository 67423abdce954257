import { assign, fromPromise, setup } from 'xstate';

export interface Work {
  errand: string;
  action: string;
}

/**
 * Two pieces of outside work with a timer between them: what a crash must not do twice, and must not forget.
 * GOING ─▶ RESTING ─▶ RETURNING ─▶ DONE
 */
export const errand = setup({
  types: {
    input: {} as { name: string; rest_ms: number },
    context: {} as { name: string; restMs: number; receipts: string[]; why: string | null },
    events: {} as { type: 'errand.noop' }
  },
  actors: {
    work: fromPromise<{ receipt: string }, Work>(async () => {
      throw new Error('work is given in troupe.config.ts');
    })
  },
  actions: {
    keep: assign({ receipts: ({ context }, { receipt }: { receipt: string }) => [...context.receipts, receipt] }),
    because: assign({ why: (_, { why }: { why: string }) => why })
  },
  delays: { rest: ({ context }) => context.restMs }
}).createMachine({
  id: 'errand',
  meta: { telemetry: { type: 'errand.changed' } },
  context: ({ input }) => ({ name: input.name, restMs: input.rest_ms, receipts: [], why: null }),
  initial: 'GOING',
  states: {
    GOING: {
      invoke: {
        id: 'go',
        src: 'work',
        input: ({ context }) => ({ errand: context.name, action: 'go' }),
        onDone: { target: 'RESTING', actions: { type: 'keep', params: ({ event }) => event.output } },
        onError: {
          target: 'FAILED',
          actions: { type: 'because', params: ({ event }) => ({ why: String(event.error) }) }
        }
      }
    },
    RESTING: { after: { rest: 'RETURNING' } },
    RETURNING: {
      invoke: {
        id: 'return',
        src: 'work',
        input: ({ context }) => ({ errand: context.name, action: 'return' }),
        onDone: { target: 'DONE', actions: { type: 'keep', params: ({ event }) => event.output } },
        onError: {
          target: 'FAILED',
          actions: { type: 'because', params: ({ event }) => ({ why: String(event.error) }) }
        }
      }
    },
    DONE: { type: 'final' },
    FAILED: { type: 'final' }
  }
});
