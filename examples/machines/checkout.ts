import { assign, fromPromise, sendTo, setup } from 'xstate';

interface Card {
  number: string;
}

/** Authorise, perhaps ask for a code, capture. Its output is the receipt, or why there is none. */
export const payment = setup({
  types: {
    input: {} as { amount: number; card: Card },
    context: {} as {
      amount: number;
      card: Card;
      authorization: string | null;
      receipt: string | null;
      reason: string | null;
    },
    events: {} as { type: 'code.entered'; code: string } | { type: 'payment.abandon' },
    output: {} as { paid: boolean; receipt: string | null; reason: string | null }
  },
  actors: {
    authorize: fromPromise<{ id: string; challenge: boolean }, { amount: number; card: Card }>(async () => {
      throw new Error('no payment provider');
    }),
    capture: fromPromise<{ receipt: string }, { authorization: string; code: string | null }>(async () => {
      throw new Error('no payment provider');
    })
  },
  actions: {
    refuse: assign({ reason: (_, params: { reason: string }) => params.reason })
  }
}).createMachine({
  id: 'payment',
  context: ({ input }) => ({ ...input, authorization: null, receipt: null, reason: null }),
  initial: 'authorizing',
  states: {
    authorizing: {
      invoke: {
        id: 'authorize',
        src: 'authorize',
        input: ({ context: { amount, card } }) => ({ amount, card }),
        onDone: [
          {
            guard: ({ event }) => event.output.challenge,
            target: 'challenged',
            actions: assign({ authorization: ({ event }) => event.output.id })
          },
          { target: 'capturing', actions: assign({ authorization: ({ event }) => event.output.id }) }
        ],
        onError: {
          target: 'over',
          actions: { type: 'refuse', params: ({ event }) => ({ reason: (event.error as Error).message }) }
        }
      }
    },
    challenged: {
      on: { 'code.entered': 'capturing' },
      after: { 60000: { target: 'over', actions: { type: 'refuse', params: { reason: 'no code within a minute' } } } }
    },
    capturing: {
      invoke: {
        id: 'capture',
        src: 'capture',
        input: ({ context, event }) => ({
          authorization: context.authorization ?? '',
          code: event.type === 'code.entered' ? event.code : null
        }),
        onDone: { target: 'over', actions: assign({ receipt: ({ event }) => event.output.receipt }) },
        onError: {
          target: 'over',
          actions: { type: 'refuse', params: ({ event }) => ({ reason: (event.error as Error).message }) }
        }
      }
    },
    over: { type: 'final' }
  },
  on: { 'payment.abandon': { target: '.over', actions: { type: 'refuse', params: { reason: 'abandoned' } } } },
  output: ({ context: { receipt, reason } }) => ({ paid: receipt !== null, receipt, reason })
});

/** A basket, an address, and a payment that is a machine of its own. */
export const checkout = setup({
  types: {
    context: {} as {
      items: { sku: string; price: number }[];
      address: string | null;
      problem: string | null;
      receipt: string | null;
    },
    events: {} as
      | { type: 'item.added'; sku: string; price: number }
      | { type: 'item.removed'; sku: string }
      | { type: 'checkout.begin' }
      | { type: 'address.given'; address: string }
      | { type: 'card.given'; card: Card }
      | { type: 'code.given'; code: string }
      | { type: 'back' },
    output: {} as { receipt: string | null; total: number }
  },
  actors: { payment },
  guards: {
    hasItems: ({ context }) => context.items.length > 0,
    paid: (_, params: { paid: boolean }) => params.paid
  }
}).createMachine({
  id: 'checkout',
  context: { items: [], address: null, problem: null, receipt: null },
  initial: 'basket',
  states: {
    basket: {
      on: {
        'item.added': {
          actions: assign({ items: ({ context, event }) => [...context.items, { sku: event.sku, price: event.price }] })
        },
        'item.removed': {
          actions: assign({ items: ({ context, event }) => context.items.filter(({ sku }) => sku !== event.sku) })
        },
        'checkout.begin': { guard: 'hasItems', target: 'delivery' }
      }
    },
    delivery: {
      on: {
        'address.given': { target: 'paying', actions: assign({ address: ({ event }) => event.address }) },
        back: 'basket'
      }
    },
    paying: {
      initial: 'card',
      states: {
        card: { on: { 'card.given': 'charging' } },
        charging: {
          invoke: {
            id: 'payment',
            src: 'payment',
            input: ({ context, event }) => ({
              amount: context.items.reduce((sum, { price }) => sum + price, 0),
              card: event.type === 'card.given' ? event.card : { number: '' }
            }),
            onDone: [
              {
                guard: { type: 'paid', params: ({ event }) => ({ paid: event.output.paid }) },
                target: 'paid',
                actions: assign({ receipt: ({ event }) => event.output.receipt, problem: null })
              },
              { target: 'card', actions: assign({ problem: ({ event }) => event.output.reason }) }
            ]
          },
          on: {
            'code.given': { actions: sendTo('payment', ({ event }) => ({ type: 'code.entered', code: event.code })) }
          }
        },
        paid: { type: 'final' }
      },
      on: { back: { target: 'delivery', actions: assign({ problem: null }) } },
      onDone: 'complete'
    },
    complete: { type: 'final' }
  },
  output: ({ context }) => ({
    receipt: context.receipt,
    total: context.items.reduce((sum, { price }) => sum + price, 0)
  })
});
