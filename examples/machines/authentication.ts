import { assign, fromPromise, raise, setup } from 'xstate';

interface Tokens {
  access: string;
  refresh: string;
  /** ms */
  expiresIn: number;
}

/** Who is signed in, and beside it whether anybody is at the keyboard: a token is refreshed before it ends. */
export const authentication = setup({
  types: {
    context: {} as { user: string | null; tokens: Tokens | null; refreshes: number; problem: string | null },
    events: {} as
      | { type: 'user.login'; user: string; password: string }
      | { type: 'user.logout' }
      | { type: 'user.active' }
      | { type: 'request.refused' }
      | { type: 'session.ended' },
    tags: {} as 'signed-in'
  },
  actors: {
    login: fromPromise<Tokens, { user: string; password: string }>(async () => {
      throw new Error('no identity provider');
    }),
    refresh: fromPromise<Tokens, { refresh: string }>(async () => {
      throw new Error('no identity provider');
    })
  },
  delays: {
    beforeExpiry: ({ context }) => Math.max(0, (context.tokens?.expiresIn ?? 0) - 10_000),
    idle: 15 * 60_000
  },
  actions: {
    forget: assign({ user: null, tokens: null, refreshes: 0 }),
    keep: assign({ tokens: (_, tokens: Tokens) => tokens, problem: null })
  }
}).createMachine({
  id: 'authentication',
  type: 'parallel',
  context: { user: null, tokens: null, refreshes: 0, problem: null },
  states: {
    session: {
      initial: 'signedOut',
      states: {
        signedOut: {
          entry: 'forget',
          on: { 'user.login': { target: 'signingIn', actions: assign({ user: ({ event }) => event.user }) } }
        },
        signingIn: {
          invoke: {
            id: 'login',
            src: 'login',
            input: ({ event }) =>
              event.type === 'user.login' ? { user: event.user, password: event.password } : { user: '', password: '' },
            onDone: { target: 'signedIn', actions: { type: 'keep', params: ({ event }) => event.output } },
            onError: {
              target: 'signedOut',
              actions: assign({ problem: ({ event }) => (event.error as Error).message })
            }
          },
          after: { 10000: { target: 'signedOut', actions: assign({ problem: 'no answer' }) } }
        },
        signedIn: {
          tags: 'signed-in',
          initial: 'fresh',
          states: {
            fresh: { after: { beforeExpiry: 'refreshing' }, on: { 'request.refused': 'refreshing' } },
            refreshing: {
              invoke: {
                id: 'refresh',
                src: 'refresh',
                input: ({ context }) => ({ refresh: context.tokens?.refresh ?? '' }),
                onDone: {
                  target: 'fresh',
                  actions: [
                    { type: 'keep', params: ({ event }) => event.output },
                    assign({ refreshes: ({ context }) => context.refreshes + 1 })
                  ]
                },
                onError: {
                  actions: [
                    assign({ problem: ({ event }) => (event.error as Error).message }),
                    raise({ type: 'session.ended' })
                  ]
                }
              }
            }
          },
          on: {
            'user.*': { target: '.fresh', reenter: true },
            'user.logout': 'signedOut',
            'session.ended': 'signedOut'
          }
        }
      }
    },
    presence: {
      initial: 'away',
      states: {
        away: { on: { 'user.*': 'present' } },
        present: {
          on: { 'user.logout': 'away', 'user.*': { target: 'present', reenter: true } },
          after: { idle: { target: 'away', actions: raise({ type: 'session.ended' }) } }
        }
      }
    }
  }
});
