/** A small machine with a guard, an effect that may fail and a timer, and deployments of it that are honest or not. */
import { assign, fromPromise, setup } from 'xstate';
import type { RegisteredMachine, UserConfig } from '../../actors/user-config/define.ts';

interface Variant {
  /** From what amount on an order is paid. Default 10. */
  enough?: number;
  /** The shop forgets to refuse a second payment. */
  paysTwice?: boolean;
  /** An event by which a paid order is given back. */
  label?: string;
}

export const orderMachine = ({ enough = 10, paysTwice = false, label = '1' }: Variant = {}) =>
  setup({
    types: {
      input: {} as { item: string },
      context: {} as { item: string; paid: number; receipt: string | null; why: string | null },
      events: {} as { type: 'order.pay'; amount: number } | { type: 'order.cancel' }
    },
    actors: {
      charge: fromPromise<{ receipt: string }, { amount: number }>(async () => {
        throw new Error('charge is given by the config');
      })
    },
    guards: { isEnough: ({ context, event }) => context.paid + (event as { amount?: number }).amount! >= enough }
  }).createMachine({
    id: 'order',
    version: label,
    meta: { telemetry: { type: 'order.changed', take: { paid: 'paid', receipt: 'receipt' } } },
    context: ({ input }) => ({ item: input.item, paid: 0, receipt: null, why: null }),
    initial: 'OPEN',
    states: {
      OPEN: {
        on: {
          'order.pay': [
            {
              guard: 'isEnough',
              target: 'PAYING',
              actions: assign({ paid: ({ context, event }) => context.paid + event.amount })
            },
            { actions: assign({ paid: ({ context, event }) => context.paid + event.amount }) }
          ],
          'order.cancel': 'CANCELLED'
        }
      },
      PAYING: {
        invoke: {
          id: 'charge',
          src: 'charge',
          input: ({ context }) => ({ amount: context.paid }),
          onDone: { target: 'PAID', actions: assign({ receipt: ({ event }) => event.output.receipt }) },
          onError: { target: 'FAILED' }
        }
      },
      PAID: {
        on: { 'order.cancel': 'CANCELLED', ...(paysTwice ? { 'order.pay': 'PAYING' } : {}) },
        after: { 3600000: 'KEPT' }
      },
      KEPT: { type: 'final' },
      CANCELLED: { type: 'final' },
      FAILED: { type: 'final' }
    }
  });

const closed = { type: 'object', additionalProperties: false };

export const orderKind = (variant: Variant = {}): RegisteredMachine => ({
  kind: 'order',
  machine: orderMachine(variant),
  schema: {
    input: { ...closed, required: ['item'], properties: { item: { type: 'string', minLength: 1 } } },
    events: {
      'order.pay': { ...closed, required: ['amount'], properties: { amount: { type: 'integer', minimum: 1 } } },
      'order.cancel': closed
    }
  },
  samples: {
    inputs: [{ item: 'tea' }],
    events: { 'order.pay': [{ amount: 4 }, { amount: 10 }] },
    outcomes: { charge: { done: [{ receipt: 'r' }] } }
  }
});

/** @param charge how the outside does; default: well */
export const orderConfig = (
  variant: Variant = {},
  charge: (amount: number) => Promise<{ receipt: string }> = async (amount) => ({ receipt: `r-${amount}` })
): UserConfig => ({
  machines: [orderKind(variant)],
  effects: { order: { charge: ({ input }) => charge((input as { amount: number }).amount) } }
});
