/**
 * A write was sent, and then the site asked for slowness. What came of it is looked for once its account has cooled down,
 * and until then it holds no browser. Nothing of it is sent again; where the look meets the limit too, it waits again.
 */

import { says } from './command-telemetry.ts';
import { letGo, submit } from './command-tells.ts';
import { words } from './command-words.ts';
import { routing } from './protocol.ts';

/** Word of a browser that is not its any more. */
const late = {};
const unknown = { target: '#command.RUNNING.VERIFICATION_FAILED', actions: 'doubt' } as const;

export const cooling = words.createStateConfig({
  initial: 'telling',
  on: {
    // Who ends it now does not wait for the look either.
    'command.cancel': { ...unknown, actions: ['stopCancelled', 'doubt'] },
    'command.expire': { ...unknown, actions: ['stopExpired', 'doubt'] },
    'session.lost': late,
    'host.resumed': late
  },
  states: {
    telling: {
      meta: routing('status.changed'),
      entry: [
        {
          type: 'because',
          params: { why: 'the site asked it to be slower; its account says when it may be looked at' }
        },
        letGo
      ],
      on: { 'place.wait': { guard: 'isOurPlace', target: 'limited', actions: 'noteWait' } },
      after: { answerLimit: unknown }
    },
    limited: {
      meta: says('rate.limited', 'warn', {
        action: 'current.name',
        retry_at: 'place.wait.retryAt',
        limit: 'place.wait.limit'
      }),
      after: { retry: 'asking' }
    },
    asking: {
      entry: [{ type: 'because', params: { why: 'waiting for its session, to look what came of it' } }, submit],
      on: {
        'session.queued': { actions: 'noteQueue' },
        'session.granted': { target: '#command.RUNNING.ACTION_ATTEMPTED.reconciling', actions: 'noteLease' },
        'tell.refused': unknown
      },
      after: { submitLimit: unknown }
    }
  }
});
