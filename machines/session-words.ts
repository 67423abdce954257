/** The vocabulary of the session machine: its actions, guards and delays by name, and what it tells. */
import { assign, fromPromise, setup } from 'xstate';
import { hostActions, SUPERVISOR, type Tell } from './protocol.ts';
import type {
  PersonNeed,
  ProfileInput,
  ProfileOutcome,
  SessionContext,
  SessionEvent,
  SessionInput
} from './session-context.ts';

/** A browser that dies this often without ever being ready again is given up. */
const LOSS_LIMIT = 5;

const notProvided = () => Promise.reject(new Error('actors/profile provides this'));
/** The browser is gone or silent, and `slot.lost` says so too. */
const BROWSER_FAULTS = ['DRIVER_LOST', 'DRIVER_TIMEOUT', 'LEASE_LOST'];
const NEED_LOGIN = ['expired', 'unreadable'];

const outcomeIn = (event: unknown) => (event as { output?: ProfileOutcome }).output;

const nextOf = ({ queue }: SessionContext) =>
  queue.reduce<SessionContext['queue'][number] | undefined>(
    (best, entry) => (best === undefined || entry.priority < best.priority ? entry : best),
    undefined
  );

const isIdle = ({ context }: { context: SessionContext }) => context.current === null || context.needs !== null;
const keeps = ({ keepsProfile, accountId, lease }: SessionContext) =>
  keepsProfile === true && accountId !== null && lease !== null;

export const words = setup({
  types: { input: {} as SessionInput, context: {} as SessionContext, events: {} as SessionEvent },
  actors: {
    restoreProfile: fromPromise<ProfileOutcome, ProfileInput>(notProvided),
    checkProfile: fromPromise<ProfileOutcome, ProfileInput>(notProvided),
    saveProfile: fromPromise<null, ProfileInput>(notProvided)
  },
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
    take: assign(({ event }) =>
      event.type === 'session.takeover' ? { held: 'takeover' as const, heldBy: event.by ?? null } : {}
    ),
    letGo: assign({ held: null, heldBy: null, input: null }),
    noteTaken: assign(({ event }) =>
      event.type === 'slot.lost' ? { lease: null, held: 'pause' as const, why: event.why } : {}
    ),
    noteProfile: assign(({ event }) => {
      const outcome = outcomeIn(event);
      return outcome ? { profile: { state: outcome.state, why: outcome.why } } : {};
    }),
    noteNoProfile: assign(({ event }) => ({
      profile: {
        state: 'unproved' as const,
        why: `unproved: ${(event as { error?: { message: string } }).error?.message ?? 'it took longer than its limit'}`
      }
    })),
    needLogin: assign(({ event }) => {
      const { failure, artifacts } = outcomeIn(event) ?? {};
      if (!failure) return {};
      const needs: PersonNeed = { by: 'login', failure: { ...failure, details: { ...failure.details, artifacts } } };
      return { needs, why: failure.message };
    }),
    needForCommand: assign(({ event }) =>
      event.type === 'command.blocked' ? { needs: { by: 'command' as const, failure: event.failure } } : {}
    ),
    needNobody: assign({ needs: null }),
    beginDriving: assign({ inputs: 0 }),
    noteInput: assign(({ context, event }) =>
      event.type === 'session.input' ? { input: event.input, heldBy: event.by, inputs: (context.inputs ?? 0) + 1 } : {}
    ),
    drop: assign({ queue: [], current: null }),
    dropWaiting: assign({ queue: [] })
  },
  guards: {
    isOurLease: ({ context, event }) =>
      'lease' in event && context.lease !== null && event.lease.fencing === context.lease.fencing,
    isTaken: ({ context, event }) =>
      event.type === 'slot.lost' && event.code === 'BROWSER_TAKEN' && context.lease?.fencing === event.lease.fencing,
    hasNoBrowser: ({ context }) => context.lease === null,
    hasWork: ({ context }) => context.current !== null || context.queue.length > 0,
    /** Nothing drives it: a command that waits for a person does not. */
    isIdle,
    mustClose: ({ context }) => context.closing && isIdle({ context }),
    wantsPause: ({ context }) => context.held === 'pause' && context.current === null,
    wantsTakeover: ({ context }) => context.held === 'takeover' && isIdle({ context }),
    /** A parked session asks for a browser again: for a command that nothing but a browser is missing to, or a person. */
    needsBrowser: ({ context }) =>
      context.held === 'takeover' || (context.needs === null && (context.queue.length > 0 || context.current !== null)),
    keepsProfile: ({ context }) => keeps(context),
    opensAnew: ({ context, event }) =>
      keeps(context) && 'lease' in event && context.lease !== null && event.lease.fencing === context.lease.fencing,
    isWanted: ({ context }) => context.wanted,
    needsPerson: ({ context }) => context.needs !== null,
    needsLogin: ({ context }) => context.needs?.by === 'login',
    foundNoLogin: ({ event }) => NEED_LOGIN.includes(outcomeIn(event)?.state ?? ''),
    lostBrowser: ({ event }) => BROWSER_FAULTS.includes((event as { error?: { code: string } }).error?.code ?? ''),
    isBlocked: ({ context, event }) => event.type === 'command.blocked' && context.current === event.commandId,
    /** The command that a person was needed for wants nothing any more. */
    endsNeed: ({ context, event }) =>
      event.type === 'command.released' && context.needs?.by === 'command' && context.current === event.commandId,
    lostTooOften: ({ context }) => context.losses >= LOSS_LIMIT
  },
  delays: {
    idleLimit: ({ context }) => context.idleLimitMs,
    parkLimit: ({ context }) => context.parkLimitMs,
    queueLimit: 330_000,
    startLimit: 150_000,
    busyLimit: 3_600_000,
    holdLimit: 600_000,
    closeLimit: 20_000,
    /** Up to ten origins, each opened and read back. */
    restoreLimit: 60_000,
    saveLimit: 10_000,
    inputLimit: 30_000
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
      why:
        context.current && context.needs === null
          ? 'another command runs in its session'
          : (context.why ?? 'its session is starting')
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

export const toCommands = (
  ids: string[],
  { sessionId }: SessionContext,
  event: (id: string) => { type: string; [key: string]: unknown }
): Tell[] => ids.map((id) => ({ to: `command/${id}`, event: { ...event(id), sessionId } }));

/** The next first: the most urgent, then the oldest. */
export const inLine = ({ queue }: SessionContext) =>
  [...queue].sort((a, b) => a.priority - b.priority).map(({ commandId }) => commandId);

export const closed = ({ needs }: SessionContext) =>
  needs
    ? { code: 'HUMAN_REQUIRED', message: `its session was closed before anybody came: ${needs.failure.message}` }
    : { code: 'SESSION_CLOSED', message: 'its session was closed; send the command again' };
export const failed = ({ why }: SessionContext) => ({ code: 'SESSION_CLOSED', message: `its session failed: ${why}` });
export const line = { actions: ['enqueue' as const, announce] };
export const unline = { actions: 'free' as const };
/** Word of a lease that is no longer ours, or that came twice. */
export const late = {};

/** A window that a person took for good is theirs: no other is opened over it before they say so. */
export const whenLost = [
  { guard: 'isTaken' as const, target: '#session.PAUSED_BY_HUMAN', actions: ['noteTaken' as const, lost] },
  { guard: 'isOurLease' as const, target: '#session.LOST' }
];

export const whileHeld = {
  'session.close': byKeeping('CLOSING', [
    'askForClose',
    { type: 'closeFor' as const, params: { reason: 'asked' as const } }
  ]),
  'slot.lost': whenLost,
  'host.resumed': '#session.LOST'
};

/** On the way out of a browser: what it shows of its account is kept first, where there is something to keep. */
export function byKeeping<const A extends readonly unknown[]>(target: 'PARKED' | 'CLOSING', actions: A) {
  return [
    { guard: 'keepsProfile' as const, target: `#session.${target}.saving` as const, actions },
    { target: `#session.${target}` as const, actions }
  ] as const;
}

const tellHolding = (type: 'slot.hold' | 'slot.unhold') => ({
  type: 'tell' as const,
  params: ({ context: { lease, sessionId } }: With) =>
    lease === null ? [] : [{ to: SUPERVISOR, event: { type, sessionId, fencing: lease.fencing } }]
});
/** The slot is a person's too: it is kept for them, and says when they have had it too long. */
export const hold = tellHolding('slot.hold');
export const unhold = tellHolding('slot.unhold');

/** A person has it, for a while at most: then the browser is given back, and commands go on in another. */
export const held = (why: string, parked: string) => ({
  meta: { telemetry: { type: 'session.changed', severity: 'warn' } },
  entry: { type: 'because' as const, params: { why } },
  after: { holdLimit: byKeeping('PARKED', ['letGo', { type: 'because' as const, params: { why: parked } }]) }
});
