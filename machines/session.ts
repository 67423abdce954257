import { assign } from 'xstate';
import { routing } from './protocol.ts';
import {
  closed,
  failed,
  grant,
  held,
  late,
  line,
  lost,
  refuse,
  release,
  request,
  tellClosers,
  unline,
  whileHeld,
  withdraw,
  words
} from './session-words.ts';

/**
 * One browser for one account: a line of commands, one of which drives at a time.
 *
 * ```
 * CREATED ─▶ QUEUED ──slot.granted──▶ STARTING ──slot.ready──▶ READY ⇄ BUSY
 *               │                        │ ▲                     │      │ slot.lost, host.resumed
 *               │ slot.refused           │ └──slot.granted── LOST ◀─────┘
 *               ▼                        ▼                     │ lost too often
 *             FAILED ◀──────────────────────────────────────────┘
 * READY ⇄ PAUSED_BY_HUMAN, HUMAN_DRIVING          READY ──session.close──▶ CLOSING ─▶ CLOSED
 *   │ idle, others wait    │ held too long            PARKED ──session.close, parked too long──▶ CLOSED
 *   └──────▶ PARKED ◀──────┘                          PARKED ──command.submitted──▶ QUEUED
 * ```
 * PARKED is how thousands of sessions share a few browsers: the session lives on and costs a row, its browser is another's.
 * The browser is leased: `lease.fencing` goes with every command, and word of an older lease is not ours.
 */
export const sessionMachine = words.createMachine({
  id: 'session',
  meta: {
    telemetry: { type: 'session.changed', take: { slot: 'lease.slot', fencing: 'lease.fencing', current: 'current' } },
    subject: { session_id: 'sessionId', account_id: 'accountId', platform: 'platform' }
  },
  context: ({ input: { at, ...input } }) => ({
    ...input,
    lease: null,
    current: null,
    queue: [],
    closers: [],
    closing: false,
    wanted: false,
    held: null,
    closeReason: null,
    losses: 0,
    why: null,
    createdAt: at,
    readyAt: null,
    closedAt: null
  }),
  on: {
    'command.submitted': line,
    'command.released': unline,
    'session.close': {
      actions: ['askForClose', { type: 'closeFor', params: { reason: 'asked' } }, ...refuse('waiting', closed)]
    },
    'session.pause': { actions: assign({ held: 'pause' }) },
    'session.takeover': { actions: assign({ held: 'takeover' }) },
    // Taken back before it came to be.
    'session.resume': { guard: ({ context }) => context.held === 'pause', actions: assign({ held: null }) },
    'session.handback': { guard: ({ context }) => context.held === 'takeover', actions: assign({ held: null }) },
    'slot.queued': late,
    'slot.granted': late,
    'slot.ready': late,
    'slot.lost': late,
    'slot.refused': late,
    'slot.released': late,
    'slot.wanted': { actions: assign({ wanted: true }) }
  },
  initial: 'CREATED',
  states: {
    CREATED: { always: 'QUEUED' },
    QUEUED: {
      entry: [{ type: 'because', params: { why: 'waiting for a browser' } }, request],
      on: {
        'slot.queued': {
          actions: {
            type: 'because',
            params: ({ event }) => ({ why: `waiting for a browser, ${event.position} in line` })
          }
        },
        'slot.granted': { target: 'STARTING', actions: 'lease' },
        'slot.refused': { target: 'FAILED', actions: 'refusedBecause' },
        'session.close': {
          target: 'CLOSED',
          actions: [withdraw, 'askForClose', { type: 'closeFor', params: { reason: 'asked' } }]
        },
        'host.resumed': { target: 'QUEUED', reenter: true }
      },
      after: {
        queueLimit: {
          target: 'FAILED',
          actions: [withdraw, { type: 'because', params: { why: 'no browser became free in time' } }]
        }
      }
    },
    STARTING: {
      entry: { type: 'because', params: { why: 'its browser is being opened' } },
      on: {
        'slot.ready': { guard: 'isOurLease', target: 'READY' },
        'slot.lost': { guard: 'isOurLease', target: 'LOST' },
        'slot.refused': { target: 'FAILED', actions: 'refusedBecause' },
        'host.resumed': 'LOST'
      },
      after: {
        startLimit: {
          target: 'FAILED',
          actions: [release, { type: 'because', params: { why: 'its browser did not open in time' } }]
        }
      }
    },
    READY: {
      entry: assign({ why: null, losses: 0, readyAt: ({ context, event }) => context.readyAt ?? event.at }),
      always: [
        { guard: 'mustClose', target: 'CLOSING' },
        { guard: 'wantsPause', target: 'PAUSED_BY_HUMAN' },
        { guard: 'wantsTakeover', target: 'HUMAN_DRIVING' },
        { guard: 'hasWork', target: 'BUSY' },
        {
          guard: ({ context }) => context.wanted,
          target: 'PARKED',
          actions: {
            type: 'because',
            params: { why: 'parked: it had nothing to do and others waited for its browser' }
          }
        }
      ],
      on: {
        'slot.lost': { guard: 'isOurLease', target: 'LOST' },
        'host.resumed': {
          target: 'PARKED.resting',
          actions: ['unlease', { type: 'because', params: { why: 'parked: the process was restarted' } }]
        }
      },
      after: {
        idleLimit: {
          target: 'PARKED',
          actions: {
            type: 'because',
            params: ({ context }) => ({ why: `parked: no command for ${context.idleLimitMs} ms` })
          }
        }
      }
    },
    BUSY: {
      entry: ['takeNext', grant],
      on: {
        'command.released': [
          { guard: ({ context, event }) => context.current === event.commandId, target: 'READY', actions: 'free' },
          unline
        ],
        'slot.lost': { guard: 'isOurLease', target: 'LOST' },
        'host.resumed': 'LOST'
      },
      after: { busyLimit: { target: 'CLOSING', actions: { type: 'closeFor', params: { reason: 'overrun' } } } }
    },
    PAUSED_BY_HUMAN: {
      ...held('a person paused it; commands wait', 'parked: the pause lasted too long'),
      on: {
        ...whileHeld,
        'session.resume': { target: 'READY', actions: assign({ held: null }) },
        'session.takeover': { target: 'HUMAN_DRIVING', actions: assign({ held: 'takeover' }) }
      }
    },
    HUMAN_DRIVING: {
      ...held('a person drives it; commands wait', 'parked: the person had it too long'),
      on: { ...whileHeld, 'session.handback': { target: 'READY', actions: assign({ held: null }) } }
    },
    PARKED: {
      initial: 'leaving',
      states: {
        leaving: {
          // Its account is in that browser until it has ended: no other may be asked for before.
          entry: release,
          exit: 'unlease',
          on: {
            'slot.released': { guard: 'isOurLease', target: 'resting' },
            'slot.lost': { guard: 'isOurLease', target: 'resting' },
            'host.resumed': 'resting'
          },
          after: { closeLimit: 'resting' }
        },
        resting: {
          always: [
            { guard: 'mustClose', target: '#session.CLOSED' },
            { guard: 'needsBrowser', target: '#session.QUEUED' }
          ],
          after: {
            parkLimit: { target: '#session.CLOSED', actions: { type: 'closeFor', params: { reason: 'idle' } } }
          }
        }
      }
    },
    LOST: {
      meta: { telemetry: { type: 'session.changed', severity: 'warn' } },
      entry: [
        assign(({ context, event }) => ({
          lease: null,
          losses: context.losses + 1,
          why: event.type === 'slot.lost' ? `its browser was lost: ${event.why}` : 'the process was restarted'
        })),
        lost
      ],
      initial: 'deciding',
      states: {
        deciding: {
          meta: routing('session.changed'),
          always: [
            { guard: 'lostTooOften', target: '#session.FAILED' },
            { guard: 'mustClose', target: '#session.CLOSED' },
            { target: 'waiting' }
          ]
        },
        waiting: {
          entry: request,
          on: {
            'slot.granted': { target: '#session.STARTING', actions: 'lease' },
            'slot.refused': { target: '#session.FAILED', actions: 'refusedBecause' },
            'session.close': {
              guard: 'isIdle',
              target: '#session.CLOSED',
              actions: [withdraw, 'askForClose', { type: 'closeFor', params: { reason: 'asked' } }]
            },
            'host.resumed': { target: 'waiting', reenter: true }
          },
          after: {
            queueLimit: {
              target: '#session.FAILED',
              actions: [withdraw, { type: 'because', params: { why: 'no browser became free in time' } }]
            }
          }
        }
      }
    },
    CLOSING: {
      entry: [
        { type: 'because', params: ({ context }) => ({ why: `closing: ${context.closeReason}` }) },
        ...refuse('all', closed),
        release
      ],
      on: {
        'command.submitted': { actions: ['enqueue', ...refuse('waiting', closed)] },
        'session.close': { actions: 'askForClose' },
        'slot.released': 'CLOSED',
        'slot.lost': { guard: 'isOurLease', target: 'CLOSED' },
        'host.resumed': 'CLOSED'
      },
      after: { closeLimit: 'CLOSED' }
    },
    CLOSED: {
      type: 'final',
      entry: [
        assign({ why: ({ context }) => `closed: ${context.closeReason ?? 'asked'}` }),
        ...refuse('all', closed),
        tellClosers,
        'noteClosed'
      ]
    },
    FAILED: {
      type: 'final',
      meta: { telemetry: { type: 'session.changed', severity: 'error' } },
      entry: [...refuse('all', failed), tellClosers, 'noteClosed']
    }
  }
});
