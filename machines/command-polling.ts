/**
 * POLLING of a command: what its action waits for takes its time. It rests without a browser, then asks its session for
 * one and does the action again. The rests are timers of the journal: after a restart they go on where they were.
 */

import { says } from './command-telemetry.ts';
import { letGo, submit } from './command-tells.ts';
import { refused, words } from './command-words.ts';

export const polling = words.createStateConfig({
  initial: 'resting',
  on: {
    'command.cancel': { target: '#command.CANCELLED', actions: ['stopCancelled', 'takeStop'] },
    'command.expire': { target: '#command.FAILED', actions: ['stopExpired', 'takeStop'] }
  },
  states: {
    resting: {
      meta: says('status.changed', 'info', {
        action: 'current.name',
        looks: 'polling.looks',
        next_look_at: 'polling.nextLookAt'
      }),
      entry: letGo,
      after: { rest: 'asking' }
    },
    asking: {
      entry: [{ type: 'because', params: { why: 'waiting for its session, to look again' } }, submit],
      on: {
        'session.queued': { actions: 'noteQueue' },
        'session.granted': { target: '#command.RUNNING.PREPARING.choosing', actions: 'noteLease' },
        'tell.refused': { target: '#command.RUNNING.failing', actions: refused() }
      },
      after: {
        submitLimit: {
          target: '#command.RUNNING.failing',
          actions: {
            type: 'fail',
            params: { failure: { code: 'QUEUE_TIMEOUT', message: 'its session took no command in an hour' } }
          }
        }
      }
    }
  }
});
