/** QUEUED of a command: it holds no browser. First its account lets it go, then its session takes it. */
import { askPlace, makeAccount, settlePlaces } from './command-places.ts';
import { says } from './command-telemetry.ts';
import { letGo, submit } from './command-tells.ts';
import { refused, words } from './command-words.ts';
import { routing } from './protocol.ts';

export const queued = words.createStateConfig({
  initial: 'admitting',
  on: {
    'command.cancel': { target: '#command.CANCELLED', actions: ['stopCancelled', 'takeStop', letGo] },
    'command.expire': { target: '#command.FAILED', actions: ['stopExpired', 'takeStop', letGo] }
  },
  states: {
    admitting: {
      meta: routing('status.changed'),
      always: [
        { guard: 'needsApproval', target: '#command.AWAITING_APPROVAL' },
        { guard: 'wantsPlace', target: 'asking' },
        { target: 'waiting' }
      ]
    },
    /** Its account says whether it may go, and whether a person has to be asked. */
    asking: {
      meta: routing('status.changed'),
      entry: [
        'countPlace',
        { type: 'because', params: { why: 'asking its account whether its limits leave a place' } },
        makeAccount,
        askPlace
      ],
      on: {
        'place.open': [
          { guard: 'isUnaskedOpen', target: '#command.AWAITING_APPROVAL.asking', actions: ['notePlace', settlePlaces] },
          { guard: 'isOurPlace', target: 'waiting', actions: 'notePlace' }
        ],
        'place.wait': { guard: 'isOurPlace', target: 'limited', actions: 'noteWait' }
      },
      after: { answerLimit: { target: 'asking', reenter: true } }
    },
    /** The site asked for slowness while it ran: its account says for how long. */
    slowing: {
      meta: routing('status.changed'),
      entry: { type: 'because', params: { why: 'the site asked it to be slower; its account says for how long' } },
      on: { 'place.wait': { guard: 'isOurPlace', target: 'limited', actions: 'noteWait' } },
      after: { answerLimit: 'asking' }
    },
    limited: {
      meta: says('rate.limited', 'warn', { retry_at: 'place.wait.retryAt', limit: 'place.wait.limit' }),
      on: { 'place.again': 'asking' },
      after: { retry: 'asking' }
    },
    waiting: {
      entry: [{ type: 'because', params: { why: 'waiting for its session' } }, submit],
      on: {
        'session.queued': { actions: 'noteQueue' },
        'session.granted': { target: '#command.RUNNING', actions: 'noteLease' },
        'session.closed': { target: '#command.SUCCEEDED', actions: 'succeed' },
        'session.refused': { target: '#command.FAILED', actions: refused() },
        'tell.refused': [
          { guard: 'isSessionClose', target: '#command.SUCCEEDED', actions: 'succeed' },
          { target: '#command.FAILED', actions: refused() }
        ],
        'place.again': { target: 'asking', actions: letGo }
      },
      after: {
        submitLimit: {
          target: '#command.FAILED',
          actions: [
            {
              type: 'fail',
              params: { failure: { code: 'QUEUE_TIMEOUT', message: 'its session took no command in an hour' } }
            },
            letGo
          ]
        }
      }
    }
  }
});
