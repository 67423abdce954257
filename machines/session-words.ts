/** The vocabulary of the session machine: its actions, guards and delays by name, and what it tells. */
import { assign, setup } from 'xstate';
import { hostActions, SUPERVISOR, type Tell } from './protocol.ts';
import type { SessionContext, SessionEvent, SessionInput } from './session-context.ts';

/** A browser that dies this often without ever being ready again is given up. */
const LOSS_LIMIT = 5;

const nextOf = ({ queue }: SessionContext) =>
  queue.reduce<SessionContext['queue'][number] | undefined>(
    (best, entry) => (best === undefined || entry.priority < best.priority ? entry : best),
    undefined
  );

export const words = setup({
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
      event.type === 'slot.granted' || event.type === 'slot.ready' ? { lease: event.lease, wanted: false } : {}
    ),
    unlease: assign({ lease: null }),
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
    /** A parked session asks for a browser again. */
    needsBrowser: ({ context }) => context.queue.length > 0 || context.held === 'takeover',
    lostTooOften: ({ context }) => context.losses >= LOSS_LIMIT
  },
  delays: {
    idleLimit: ({ context }) => context.idleLimitMs,
    parkLimit: ({ context }) => context.parkLimitMs,
    queueLimit: 330_000,
    startLimit: 150_000,
    busyLimit: 3_600_000,
    holdLimit: 600_000,
    closeLimit: 20_000
  }
});

type With = { context: SessionContext };

export const request = {
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

export const withdraw = {
  type: 'tell' as const,
  params: ({ context }: With) => ({
    to: SUPERVISOR,
    event: { type: 'slot.withdraw', sessionId: context.sessionId }
  })
};

export const grant = {
  type: 'tell' as const,
  params: ({ context }: With) => ({
    to: `command/${context.current}`,
    event: { type: 'session.granted', sessionId: context.sessionId, lease: context.lease }
  })
};

export const lost = {
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
export const announce = {
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
export const refuse = (
  who: 'waiting' | 'all',
  because: (context: SessionContext) => { code: string; message: string }
) =>
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

export const tellClosers = {
  type: 'tell' as const,
  params: ({ context }: With) => toCommands(context.closers, context, () => ({ type: 'session.closed' }))
};

export const release = {
  type: 'tell' as const,
  params: ({ context: { lease, sessionId, closeReason } }: With) =>
    lease === null
      ? []
      : [
          {
            to: SUPERVISOR,
            event: { type: 'slot.release', sessionId, fencing: lease.fencing, reason: closeReason ?? 'parked' }
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

export const closed = () => ({ code: 'SESSION_CLOSED', message: 'its session was closed; send the command again' });
export const failed = ({ why }: SessionContext) => ({ code: 'SESSION_CLOSED', message: `its session failed: ${why}` });
export const line = { actions: ['enqueue' as const, announce] };
export const unline = { actions: 'free' as const };
/** Word of a lease that is no longer ours, or that came twice. */
export const late = {};

/** A person has it, for a while at most: then the browser is given back, and commands go on in another. */
export const held = (why: string, parked: string) => ({
  meta: { telemetry: { type: 'session.changed', severity: 'warn' } },
  entry: { type: 'because' as const, params: { why } },
  after: {
    holdLimit: {
      target: 'PARKED',
      actions: [words.assign({ held: null }), { type: 'because' as const, params: { why: parked } }]
    }
  }
});
export const whileHeld = {
  'session.close': {
    target: 'CLOSING',
    actions: ['askForClose' as const, { type: 'closeFor' as const, params: { reason: 'asked' as const } }]
  },
  'slot.lost': { guard: 'isOurLease' as const, target: 'LOST' },
  'host.resumed': 'LOST'
};
