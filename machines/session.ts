import { and, assign } from 'xstate';
import { routing } from './protocol.ts';
import type { SessionContext } from './session-context.ts';
import { checking, driven, driving, humanRequired, resolved, restoring, saving } from './session-person.ts';
import {
  byKeeping,
  closed,
  failed,
  grant,
  held,
  hold,
  late,
  line,
  lost,
  refuse,
  release,
  request,
  tellClosers,
  unhold,
  unline,
  whenLost,
  whileHeld,
  withdraw,
  words
} from './session-words.ts';

const paused = 'a person paused it; commands wait';
const taken = 'a person took its window out of automation; commands wait for session.resume, then go on in another';
/** Its slot says so. */
const hadTooLong = [
  'letGo' as const,
  { type: 'because' as const, params: ({ event }: { event: { why: string } }) => ({ why: event.why }) }
];
const yielding = {
  type: 'because' as const,
  params: { why: 'parked: it had nothing to do and others waited for its browser' }
};

/**
 * One browser for one account: a line of commands, one of which drives at a time.
 *
 * ```
 * CREATED ─▶ QUEUED ──slot.granted──▶ STARTING ──slot.ready──▶ READY ⇄ BUSY
 *               │                        │ ▲                     │      │ slot.lost, host.resumed
 *               │ slot.refused           │ └──slot.granted── LOST ◀─────┘
 *               ▼                        ▼                     │ lost too often
 *             FAILED ◀──────────────────────────────────────────┘
 * STARTING ──no login──▶ HUMAN_REQUIRED ──session.takeover──▶ HUMAN_DRIVING ──session.handback──▶ STARTING.checking
 * BUSY ──command.blocked──▶ HUMAN_REQUIRED
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
    heldBy: null,
    input: null,
    needs: null,
    profile: null,
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
    'session.takeover': { actions: 'take' },
    'session.input_done': late,
    // A command that gave up while it was told to go on.
    'command.blocked': late,
    // Taken back before it came to be.
    'session.resume': { guard: ({ context }) => context.held === 'pause', actions: assign({ held: null }) },
    'session.handback': { guard: ({ context }) => context.held === 'takeover', actions: assign({ held: null }) },
    'slot.queued': late,
    'slot.granted': late,
    'slot.ready': late,
    'slot.lost': late,
    'slot.refused': late,
    'slot.released': late,
    'slot.wanted': { actions: assign({ wanted: true }) },
    'slot.parked': late
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
      initial: 'opening',
      states: {
        opening: {
          entry: { type: 'because', params: { why: 'its browser is being opened' } },
          on: {
            'slot.ready': [
              { guard: 'opensAnew', target: 'restoring' },
              { guard: 'isOurLease', target: '#session.READY' }
            ]
          }
        },
        restoring,
        checking,
        resolved
      },
      on: {
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
        { guard: and(['mustClose', 'keepsProfile']), target: 'CLOSING.saving' },
        { guard: 'mustClose', target: 'CLOSING' },
        { guard: 'wantsPause', target: 'PAUSED_BY_HUMAN' },
        { guard: 'wantsTakeover', target: 'HUMAN_DRIVING' },
        { guard: 'needsPerson', target: 'HUMAN_REQUIRED' },
        { guard: 'hasWork', target: 'BUSY' },
        { guard: and(['isWanted', 'keepsProfile']), target: 'PARKED.saving', actions: yielding },
        { guard: 'isWanted', target: 'PARKED', actions: yielding }
      ],
      on: {
        'slot.lost': whenLost,
        'host.resumed': {
          target: 'PARKED.resting',
          actions: ['unlease', { type: 'because', params: { why: 'parked: the process was restarted' } }]
        }
      },
      after: {
        idleLimit: byKeeping('PARKED', [
          {
            type: 'because',
            params: ({ context }: { context: SessionContext }) => ({
              why: `parked: no command for ${context.idleLimitMs} ms`
            })
          }
        ])
      }
    },
    BUSY: {
      entry: ['takeNext', grant],
      on: {
        'command.released': [
          { guard: ({ context, event }) => context.current === event.commandId, target: 'READY', actions: 'free' },
          unline
        ],
        'command.blocked': [{ guard: 'isBlocked', target: 'HUMAN_REQUIRED', actions: 'needForCommand' }, late],
        'slot.lost': whenLost,
        'host.resumed': 'LOST'
      },
      after: { busyLimit: { target: 'CLOSING', actions: { type: 'closeFor', params: { reason: 'overrun' } } } }
    },
    PAUSED_BY_HUMAN: {
      ...held(paused, 'parked: the pause lasted too long'),
      entry: { type: 'because', params: ({ context }) => ({ why: context.lease === null ? taken : paused }) },
      on: {
        ...whileHeld,
        'session.resume': [
          { guard: 'hasNoBrowser', target: 'QUEUED', actions: 'letGo' },
          { target: 'READY', actions: assign({ held: null }) }
        ],
        'session.takeover': [
          { guard: 'hasNoBrowser', target: 'QUEUED', actions: 'take' },
          { target: 'HUMAN_DRIVING', actions: 'take' }
        ]
      }
    },
    HUMAN_REQUIRED: humanRequired,
    HUMAN_DRIVING: {
      ...held('a person drives it; commands wait', 'parked: the person had it too long'),
      ...driving,
      entry: [{ type: 'because', params: { why: 'a person drives it; commands wait' } }, hold, 'beginDriving'],
      exit: [unhold, driven],
      on: {
        ...whileHeld,
        'slot.parked': [
          { guard: and(['isOurLease', 'keepsProfile']), target: 'PARKED.saving', actions: hadTooLong },
          { guard: 'isOurLease', target: 'PARKED', actions: hadTooLong },
          late
        ],
        'command.released': [{ guard: 'endsNeed', actions: ['free', 'needNobody'] }, unline],
        'session.takeover': { actions: 'take' },
        // What they left is looked at, never taken for granted: here the login, in a command its page.
        'session.handback': [
          { guard: 'keepsProfile', target: 'STARTING.checking', actions: assign({ held: null, input: null }) },
          { guard: 'needsPerson', target: 'STARTING.resolved', actions: assign({ held: null, input: null }) },
          { target: 'READY', actions: 'letGo' }
        ]
      }
    },
    PARKED: {
      initial: 'leaving',
      states: {
        saving: saving('leaving', 'resting'),
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
        ...refuse('all', closed)
      ],
      initial: 'leaving',
      states: { saving: saving('leaving', '#session.CLOSED'), leaving: { entry: release } },
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
