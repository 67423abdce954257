import { assign, fromPromise, setup } from 'xstate';

/** What was booked, in order, for whoever has to undo it in reverse. */
interface Booking {
  service: 'flight' | 'hotel' | 'car';
  reference: string;
}

/** Flight, hotel and car, all or none: what fails, or is called off, undoes what was booked, the newest first. */
export const tripSaga = setup({
  types: {
    input: {} as { traveller: string },
    context: {} as { traveller: string; booked: Booking[]; undone: string[]; problem: string | null; tries: number },
    events: {} as { type: 'trip.book' } | { type: 'trip.cancel' } | { type: 'operator.retry' },
    output: {} as { ok: boolean; references: string[]; problem: string | null }
  },
  actors: {
    book: fromPromise<{ reference: string }, { service: Booking['service']; traveller: string }>(async () => {
      throw new Error('no travel agent');
    }),
    undo: fromPromise<void, Booking>(async () => {
      throw new Error('no travel agent');
    })
  },
  actions: {
    note: assign({ booked: ({ context }, booking: Booking) => [...context.booked, booking] }),
    fail: assign({ problem: (_, params: { message: string }) => params.message })
  }
}).createMachine({
  id: 'trip',
  context: ({ input }) => ({ traveller: input.traveller, booked: [], undone: [], problem: null, tries: 0 }),
  initial: 'planned',
  states: {
    planned: { on: { 'trip.book': 'booking', 'trip.cancel': 'undone' } },
    booking: {
      initial: 'flight',
      on: { 'trip.cancel': { target: 'undoing', actions: assign({ problem: 'called off' }) } },
      onDone: 'booked',
      states: {
        flight: {
          invoke: {
            id: 'flight',
            src: 'book',
            input: ({ context }) => ({ service: 'flight', traveller: context.traveller }),
            onDone: {
              target: 'hotel',
              actions: {
                type: 'note',
                params: ({ event }) => ({ service: 'flight' as const, reference: event.output.reference })
              }
            },
            onError: {
              target: '#trip.undoing',
              actions: { type: 'fail', params: ({ event }) => ({ message: (event.error as Error).message }) }
            }
          }
        },
        hotel: {
          invoke: {
            id: 'hotel',
            src: 'book',
            input: ({ context }) => ({ service: 'hotel', traveller: context.traveller }),
            onDone: {
              target: 'car',
              actions: {
                type: 'note',
                params: ({ event }) => ({ service: 'hotel' as const, reference: event.output.reference })
              }
            },
            onError: {
              target: '#trip.undoing',
              actions: { type: 'fail', params: ({ event }) => ({ message: (event.error as Error).message }) }
            }
          }
        },
        car: {
          invoke: {
            id: 'car',
            src: 'book',
            input: ({ context }) => ({ service: 'car', traveller: context.traveller }),
            onDone: {
              target: 'complete',
              actions: {
                type: 'note',
                params: ({ event }) => ({ service: 'car' as const, reference: event.output.reference })
              }
            },
            onError: {
              target: '#trip.undoing',
              actions: { type: 'fail', params: ({ event }) => ({ message: (event.error as Error).message }) }
            }
          }
        },
        complete: { type: 'final' }
      }
    },
    undoing: {
      initial: 'next',
      onDone: 'undone',
      states: {
        next: {
          always: [{ guard: ({ context }) => context.booked.length === 0, target: 'nothingLeft' }, { target: 'one' }]
        },
        one: {
          invoke: {
            id: 'undo',
            src: 'undo',
            input: ({ context }) => context.booked.at(-1) as Booking,
            onDone: {
              target: 'next',
              actions: assign({
                undone: ({ context }) => [...context.undone, context.booked.at(-1)?.reference ?? ''],
                booked: ({ context }) => context.booked.slice(0, -1),
                tries: 0
              })
            },
            onError: [
              { guard: ({ context }) => context.tries >= 2, target: 'stuck' },
              { target: 'waiting', actions: assign({ tries: ({ context }) => context.tries + 1 }) }
            ]
          }
        },
        waiting: { after: { 10000: 'one' } },
        stuck: { on: { 'operator.retry': { target: 'one', actions: assign({ tries: 0 }) } } },
        nothingLeft: { type: 'final' }
      }
    },
    booked: { type: 'final' },
    undone: { type: 'final' }
  },
  output: ({ context: { booked, problem } }) => ({
    ok: booked.length > 0,
    references: booked.map(({ reference }) => reference),
    problem
  })
});
