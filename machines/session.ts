import { assign, setup } from 'xstate';
import {
  type CommandReleased,
  type CommandSubmitted,
  type HostResumed,
  hostActions,
  type Lease,
  routing,
  type SessionClose,
  type SessionHandback,
  type SessionPause,
  type SessionResume,
  type SessionTakeover,
  type SlotGranted,
  type SlotLost,
  type SlotQueued,
  type SlotReady,
  type SlotRefused,
  type SlotReleased,
  type SlotWanted,
  SUPERVISOR,
  type Tell
} from './protocol.ts';

export interface SessionInput {
  sessionId: string;
  accountId: string | null;
  platform: string;
  browser: string;
  device: string;
  /** READY this long without a command: closed, reason idle. ms */
  idleLimitMs: number;
  at: number;
}

export interface SessionContext extends Omit<SessionInput, 'at'> {
  lease: Lease | null;
  /** The command that drives now. */
  current: string | null;
  /** Waiting commands, in the order they came; the next is the most urgent, then the oldest. */
  queue: { commandId: string; priority: number }[];
  /** Commands to tell once the session is closed. */
  closers: string[];
  /** Close as soon as nothing runs. */
  closing: boolean;
  /** Others wait for a browser. */
  wanted: boolean;
  /** A person wants it as soon as nothing runs. */
  held: 'pause' | 'takeover' | null;
  closeReason: 'asked' | 'idle' | 'yielded' | 'overrun' | 'driver' | 'lost' | 'restart' | null;
  /** Browsers lost since the last one that was ready. */
  losses: number;
  why: string | null;
  createdAt: number;
  readyAt: number | null;
  closedAt: number | null;
}

export type SessionEvent = (
  | CommandSubmitted
  | CommandReleased
  | SessionClose
  | SessionPause
  | SessionResume
  | SessionTakeover
  | SessionHandback
  | SlotQueued
  | SlotGranted
  | SlotRefused
  | SlotReady
  | SlotLost
  | SlotReleased
  | SlotWanted
  | HostResumed
) & { at: number };

/** A browser that dies this often without ever being ready again is given up. */
const LOSS_LIMIT = 5;
/** Most commands that may wait for one session. */
export const SESSION_QUEUE_LIMIT = 100;

const nextOf = ({ queue }: SessionContext) =>
  queue.reduce<SessionContext['queue'][number] | undefined>(
    (best, entry) => (best === undefined || entry.priority < best.priority ? entry : best),
    undefined
  );

const words = setup({
  types: { input: {} as SessionInput, context: {} as SessionContext, events: {} as SessionEvent },
  actions: {
    ...hostActions,
    because: assign({ why: (_, params: { why: string | null }) => params.why }),
    closeFor: assign({
      closing: true,
      closeReason: ({ context }, params: { reason: SessionContext['closeReason'] }) =>
        context.closeReason ?? params.reason
    }),
    enqueue: assign(({ context, event }) =>
      event.type === 'command.submitted'
        ? { queue: [...context.queue, { commandId: event.commandId, priority: event.priority }] }
        : {}
    ),
    free: assign(({ context, event }) =>
      event.type === 'command.released'
        ? {
            current: context.current === event.commandId ? null : context.current,
            queue: context.queue.filter(({ commandId }) => commandId !== event.commandId)
          }
        : {}
    ),
    takeNext: assign(({ context }) => {
      const next = nextOf(context);
      if (context.current !== null || next === undefined) return {};
      return { current: next.commandId, queue: context.queue.filter((entry) => entry !== next) };
    }),
    lease: assign(({ event }) =>
      event.type === 'slot.granted' || event.type === 'slot.ready' ? { lease: event.lease } : {}
    ),
    refusedBecause: assign(({ event }) => (event.type === 'slot.refused' ? { why: event.message } : {})),
    noteClosed: assign({ closedAt: ({ event }) => event.at, lease: null }),
    askForClose: assign(({ context, event }) =>
      event.type === 'session.close' && event.commandId !== undefined
        ? { closers: [...context.closers, event.commandId] }
        : {}
    ),
    drop: assign({ queue: [], current: null }),
    dropWaiting: assign({ queue: [] })
  },
  guards: {
    isOurLease: ({ context, event }) =>
      'lease' in event && context.lease !== null && event.lease.fencing === context.lease.fencing,
    hasWork: ({ context }) => context.current !== null || context.queue.length > 0,
    isIdle: ({ context }) => context.current === null,
    mustClose: ({ context }) => context.closing && context.current === null,
    wantsPause: ({ context }) => context.held === 'pause' && context.current === null,
    wantsTakeover: ({ context }) => context.held === 'takeover' && context.current === null,
    lostTooOften: ({ context }) => context.losses >= LOSS_LIMIT
  },
  delays: {
    idleLimit: ({ context }) => context.idleLimitMs,
    queueLimit: 330_000,
    startLimit: 150_000,
    busyLimit: 3_600_000,
    holdLimit: 600_000,
    closeLimit: 20_000
  }
});

type With = { context: SessionContext };

const request = {
  type: 'tell' as const,
  params: ({ context }: With) => ({
    to: SUPERVISOR,
    event: {
      type: 'slot.request',
      sessionId: context.sessionId,
      accountId: context.accountId,
      platform: context.platform,
      browser: context.browser,
      device: context.device,
      priority: Math.min(3, ...context.queue.map(({ priority }) => priority))
    }
  })
};

const withdraw = {
  type: 'tell' as const,
  params: ({ context }: With) => ({
    to: SUPERVISOR,
    event: { type: 'slot.withdraw', sessionId: context.sessionId }
  })
};

const grant = {
  type: 'tell' as const,
  params: ({ context }: With) => ({
    to: `command/${context.current}`,
    event: { type: 'session.granted', sessionId: context.sessionId, lease: context.lease }
  })
};

const lost = {
  type: 'tell' as const,
  params: ({ context }: With) =>
    toCommands(context.current === null ? [] : [context.current], context, () => ({
      type: 'session.lost',
      why: context.why ?? 'its browser was lost'
    }))
};

/**
 * A command that joins the line hears its place. It is not told each time the line moves, which would be as many
 * messages as the square of its length: whoever asks for a command's place finds it in the session's queue.
 */
const announce = {
  type: 'tell' as const,
  params: ({ context }: With) => {
    const joined = context.queue.at(-1)?.commandId;
    return toCommands(joined === undefined ? [] : [joined], context, () => ({
      type: 'session.queued',
      position: inLine(context).indexOf(joined as string) + 1,
      why: context.current ? 'another command runs in its session' : (context.why ?? 'its session is starting')
    }));
  }
};

/** Nobody waits for what will not come. */
const refuse = (who: 'waiting' | 'all', because: (context: SessionContext) => { code: string; message: string }) =>
  [
    {
      type: 'tell' as const,
      params: ({ context }: With) =>
        toCommands(
          who === 'all' && context.current !== null ? [context.current, ...inLine(context)] : inLine(context),
          context,
          () => ({ type: 'session.refused', ...because(context) })
        )
    },
    who === 'all' ? ('drop' as const) : ('dropWaiting' as const)
  ] as const;

const tellClosers = {
  type: 'tell' as const,
  params: ({ context }: With) => toCommands(context.closers, context, () => ({ type: 'session.closed' }))
};

const release = {
  type: 'tell' as const,
  params: ({ context: { lease, sessionId, closeReason } }: With) =>
    lease === null
      ? []
      : [
          {
            to: SUPERVISOR,
            event: { type: 'slot.release', sessionId, fencing: lease.fencing, reason: closeReason ?? 'closed' }
          }
        ]
};

const toCommands = (
  ids: string[],
  { sessionId }: SessionContext,
  event: () => { type: string; [key: string]: unknown }
): Tell[] => ids.map((id) => ({ to: `command/${id}`, event: { ...event(), sessionId } }));

/** The next first: the most urgent, then the oldest. */
export const inLine = ({ queue }: SessionContext) =>
  [...queue].sort((a, b) => a.priority - b.priority).map(({ commandId }) => commandId);

const closed = () => ({ code: 'SESSION_CLOSED', message: 'its session was closed; send the command again' });
const failed = ({ why }: SessionContext) => ({ code: 'SESSION_CLOSED', message: `its session failed: ${why}` });
const line = { actions: ['enqueue' as const, announce] };
const unline = { actions: 'free' as const };
/** Word of a lease that is no longer ours, or that came twice. */
const late = {};

/**
 * One browser for one account: a line of commands, one of which drives at a time.
 *
 * ```
 * CREATED ─▶ QUEUED ──slot.granted──▶ STARTING ──slot.ready──▶ READY ⇄ BUSY
 *               │                        │ ▲                     │      │ slot.lost, host.resumed
 *               │ slot.refused           │ └──slot.granted── LOST ◀─────┘
 *               ▼                        ▼                     │ lost too often
 *             FAILED ◀──────────────────────────────────────────┘
 * READY ⇄ PAUSED_BY_HUMAN, HUMAN_DRIVING          READY ──session.close, idle──▶ CLOSING ─▶ CLOSED
 * ```
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
          target: 'CLOSING',
          actions: { type: 'closeFor', params: { reason: 'yielded' } }
        }
      ],
      on: {
        'slot.lost': { guard: 'isOurLease', target: 'LOST' },
        'host.resumed': 'LOST'
      },
      after: { idleLimit: { target: 'CLOSING', actions: { type: 'closeFor', params: { reason: 'idle' } } } }
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
      meta: { telemetry: { type: 'session.changed', severity: 'warn' } },
      entry: { type: 'because', params: { why: 'a person paused it; commands wait' } },
      on: {
        'session.resume': { target: 'READY', actions: assign({ held: null }) },
        'session.takeover': { target: 'HUMAN_DRIVING', actions: assign({ held: 'takeover' }) },
        'session.close': {
          target: 'CLOSING',
          actions: ['askForClose', { type: 'closeFor', params: { reason: 'asked' } }]
        },
        'slot.lost': { guard: 'isOurLease', target: 'LOST' },
        'host.resumed': 'LOST'
      },
      after: { holdLimit: { target: 'READY', actions: assign({ held: null }) } }
    },
    HUMAN_DRIVING: {
      meta: { telemetry: { type: 'session.changed', severity: 'warn' } },
      entry: { type: 'because', params: { why: 'a person drives it; commands wait' } },
      on: {
        'session.handback': { target: 'READY', actions: assign({ held: null }) },
        'session.close': {
          target: 'CLOSING',
          actions: ['askForClose', { type: 'closeFor', params: { reason: 'asked' } }]
        },
        'slot.lost': { guard: 'isOurLease', target: 'LOST' },
        'host.resumed': 'LOST'
      },
      after: { holdLimit: { target: 'READY', actions: assign({ held: null }) } }
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
