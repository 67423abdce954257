import { assign, setup } from 'xstate';

export const AUDIT = 'audit/main';

/**
 * The keeper of what no other actor's transition says: a token made, an account set, a request refused. It keeps nothing
 * itself: its record goes into the chain in the transaction of its step, as everybody's does, and `audit.recorded` is
 * what the step says.
 */
export const auditMachine = setup({
  types: { context: {} as { noted: number }, events: {} as { type: 'audit.note'; action: string; at: number } },
  actions: { count: assign({ noted: ({ context }) => context.noted + 1 }) }
}).createMachine({
  id: 'audit',
  meta: { telemetry: { type: 'audit.changed', severity: 'debug' } },
  context: { noted: 0 },
  initial: 'OPEN',
  states: { OPEN: { on: { 'audit.note': { actions: 'count' } } } }
});
