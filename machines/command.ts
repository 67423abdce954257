import { assign, fromPromise, raise, setup } from 'xstate';
import type { Failure } from '../schemas/errors.ts';
import type {
  ActionResult,
  ApprovalPreview,
  CommandEnvelope,
  Flow,
  FlowAction,
  Proof
} from '../schemas/generated/contracts.ts';
import {
  type ApprovalResolved,
  type CommandCancel,
  type HostResumed,
  hostActions,
  type Lease,
  type SessionClosed,
  type SessionGranted,
  type SessionLost,
  type SessionQueued,
  type SessionRefused,
  type TellRefused
} from './protocol.ts';
import type { SessionInput } from './session.ts';

export interface CommandInput {
  commandId: string;
  correlationId: string;
  sessionId: string;
  /** The session to make if it is not there; null for one that exists. */
  createSession: Omit<SessionInput, 'at'> | null;
  envelope: CommandEnvelope;
  /** The flow as it was when the command was accepted: a later version does not change it. */
  flow: Flow | null;
  approval: { approvalId: string; actionHash: string; preview: ApprovalPreview; expiresAt: number } | null;
  /** ms since 1970 */
  deadlineAt: number | null;
  allowScript: boolean;
  at: number;
}

/** What the executor is handed for one action; its params are put in by the effect. */
export interface ActionInput {
  commandId: string;
  lease: Lease;
  platform: string;
  accountId: string | null;
  allowScript: boolean;
  dryRun: boolean;
  params: Record<string, unknown>;
  action: FlowAction;
  before: FlowAction[];
  intent: string;
}

export interface ArtifactRef {
  id: string;
  kind: string;
  media_type: string;
  sha256: string;
  size: number;
}
export interface PreparedOutput {
  dedupeKey: string;
  alreadyDone: boolean;
  /** This very action was attempted before, by whom and with what end. */
  earlier: { commandId: string; state: string } | null;
  proofs: Proof[];
  artifacts: ArtifactRef[];
}
export interface AttemptedOutput {
  witness: 'DELIVERED' | 'GONE' | 'UNKNOWN' | 'NONE';
  proofs: Proof[];
}
export interface VerifiedOutput {
  outcome: 'VERIFIED' | 'VERIFICATION_FAILED';
  why: string | null;
  extracted?: ActionResult['extracted'];
  proofs: Proof[];
  artifacts: ArtifactRef[];
}

export interface CommandContext {
  commandId: string;
  correlationId: string;
  sessionId: string;
  approvalId: string | null;
  createSession: CommandInput['createSession'];
  envelope: CommandEnvelope;
  flow: Flow | null;
  approval: CommandInput['approval'];
  approved: boolean;
  deadlineAt: number | null;
  allowScript: boolean;
  lease: Lease | null;
  /** Index of the action at hand. */
  index: number;
  /** One entry an action that was begun. */
  actions: ActionResult[];
  /** The action at hand; the same object as in `actions`. */
  current: ActionResult | null;
  /** How the last verification ended. */
  verdict: VerifiedOutput | null;
  /** What an attempt threw, kept while the verification looks what came of it. */
  attemptError: Failure | null;
  /** The attempt was broken off, or its answer never came: not finding the effect does not mean it did not happen. */
  doubtful: boolean;
  /** End after the verification at hand: cancelled by somebody, or its deadline passed. */
  stop: { state: 'CANCELLED' | 'FAILED'; failure: Failure } | null;
  /** Browsers lost under this command. */
  losses: number;
  queuePosition: number | null;
  why: string | null;
  result: Record<string, unknown> | null;
  error: Failure | null;
  createdAt: number;
  startedAt: number | null;
  completedAt: number | null;
}

type Done<Id extends string, T> = { type: `xstate.done.actor.${Id}`; output: T };
type Broke<Id extends string> = { type: `xstate.error.actor.${Id}`; error: Failure };

export type CommandEvent = (
  | CommandCancel
  | { type: 'command.expire' }
  | SessionQueued
  | SessionGranted
  | SessionRefused
  | SessionLost
  | SessionClosed
  | ApprovalResolved
  | TellRefused
  | HostResumed
  | Done<'prepare', PreparedOutput>
  | Done<'attempt', AttemptedOutput>
  | Done<'verify', VerifiedOutput>
  | Done<'reconcile', VerifiedOutput>
  | Broke<'prepare'>
  | Broke<'attempt'>
  | Broke<'verify'>
  | Broke<'reconcile'>
) & { at: number };

const notProvided = () => Promise.reject(new Error('no executor was provided'));

/** A browser lost this often under one command: it is not tried again. */
const LOSS_LIMIT = 3;
/** A command without a deadline of its own. ms */
const DEFAULT_LIMIT = 24 * 3_600_000;

/** The browser is gone or silent; the fault is not the action's. */
const BROWSER_FAULTS = ['DRIVER_LOST', 'DRIVER_TIMEOUT', 'LEASE_LOST'];

/** Every event the host delivers carries when it was taken. */
const timeOf = (event: unknown): number => (event as { at: number }).at;
const failureIn = (event: unknown): Failure | null => (event as { error?: Failure }).error ?? null;
const actionAt = ({ flow, index }: CommandContext) => flow?.actions[index];
const isWrite = ({ context }: { context: CommandContext }) => context.current?.effect === 'write';

const words = setup({
  types: { input: {} as CommandInput, context: {} as CommandContext, events: {} as CommandEvent },
  actors: {
    prepare: fromPromise<PreparedOutput, ActionInput>(notProvided),
    attempt: fromPromise<AttemptedOutput, ActionInput>(notProvided),
    verify: fromPromise<VerifiedOutput, ActionInput>(notProvided),
    reconcile: fromPromise<VerifiedOutput, ActionInput>(notProvided)
  },
  actions: {
    ...hostActions,
    because: assign({ why: (_, params: { why: string | null }) => params.why }),
    noteQueue: assign(({ event }) =>
      event.type === 'session.queued' ? { queuePosition: event.position, why: event.why } : {}
    ),
    noteLease: assign(({ context, event }) =>
      event.type === 'session.granted'
        ? { lease: event.lease, queuePosition: null, why: null, startedAt: context.startedAt ?? event.at }
        : {}
    ),
    noteLoss: assign(({ context, event }) => ({
      lease: null,
      losses: context.losses + 1,
      why: event.type === 'session.lost' ? event.why : 'waiting for a browser: the one it had was lost'
    })),
    fail: assign({ error: (_, params: { failure: Failure }) => params.failure }),
    failWithEvent: assign(({ event }) => {
      const failure = failureIn(event);
      return failure ? { error: failure, why: failure.message } : {};
    }),
    stopCancelled: assign(({ event }) => ({
      stop: {
        state: 'CANCELLED' as const,
        failure: {
          code: 'CANCELLED',
          message: `cancelled${event.type === 'command.cancel' && event.reason ? `: ${event.reason}` : ''}`
        }
      }
    })),
    stopExpired: assign(({ context }) => ({
      stop: context.stop ?? { state: 'FAILED' as const, failure: expired(context) }
    })),
    takeStop: assign(({ context }) =>
      context.stop ? { error: context.stop.failure, why: context.stop.failure.message } : {}
    ),
    /** Reads are walked again, for a new browser stands on no page; a write that is VERIFIED is never repeated. */
    rewind: assign({ index: 0, current: null }),
    beginAction: assign(({ context }) => {
      const action = actionAt(context);
      if (!action) return {};
      const known = context.actions.find(({ name }) => name === action.attempt);
      const current: ActionResult = known ?? {
        name: action.attempt,
        ...(action.verify ? { verify_as: action.verify.as } : {}),
        effect: action.effect,
        attempts: 0,
        outcome: null,
        proofs: []
      };
      return { ...put(context, current), verdict: null, attemptError: null, doubtful: false };
    }),
    skipAction: assign(({ context }) => ({ index: context.index + 1 })),
    notePrepared: assign(({ context, event }) => {
      if (event.type !== 'xstate.done.actor.prepare' || !context.current) return {};
      const { dedupeKey, alreadyDone, proofs, artifacts } = event.output;
      const found = { outcome: 'VERIFIED' as const, already_done: true, proofs };
      return {
        ...put(context, { ...context.current, dedupe_key: dedupeKey, ...(alreadyDone ? found : {}) }),
        verdict: { outcome: 'VERIFIED' as const, why: null, proofs, artifacts }
      };
    }),
    refuseRepeat: assign(({ context, event }) => {
      if (event.type !== 'xstate.done.actor.prepare' || !event.output.earlier) return {};
      const { earlier, dedupeKey } = event.output;
      const message = `command ${earlier.commandId} has already attempted ${context.current?.name} (${earlier.state}); it is not attempted again`;
      return { error: { code: 'DEDUPE_CONFLICT', message, details: { dedupeKey, ...earlier } }, why: message };
    }),
    countAttempt: assign(({ context }) =>
      context.current ? put(context, { ...context.current, attempts: context.current.attempts + 1 }) : {}
    ),
    noteAttempt: assign(({ context, event }) => {
      if (event.type !== 'xstate.done.actor.attempt' || !context.current) return {};
      const { proofs, witness } = event.output;
      return {
        ...put(context, { ...context.current, proofs: [...context.current.proofs, ...proofs] }),
        doubtful: witness === 'UNKNOWN'
      };
    }),
    noteAttemptError: assign(({ event }) => ({ attemptError: failureIn(event) })),
    doubt: assign({ doubtful: true }),
    noteVerdict: assign(({ context, event }) => {
      if (!('output' in event) || !context.current) return {};
      const verdict = event.output as VerifiedOutput;
      const { extracted, proofs, why } = verdict;
      return {
        verdict,
        why,
        ...put(context, {
          ...context.current,
          ...(extracted ? { extracted } : {}),
          proofs: [...context.current.proofs, ...proofs]
        })
      };
    }),
    noteOutcome: assign(({ context }, params: { outcome: ActionResult['outcome'] }) =>
      context.current ? { ...put(context, { ...context.current, outcome: params.outcome }), why: null } : {}
    ),
    explainFailure: assign(({ context }) => {
      const failure = context.attemptError ?? verificationFailure(context);
      return { error: failure, why: failure.message };
    }),
    explainUnknown: assign(({ context }) => {
      const failure = unknownOutcome(context);
      return { error: failure, why: failure.message };
    }),
    succeed: assign(({ context }) => ({
      why: null,
      result: {
        session_id: context.sessionId,
        extracted: Object.assign({}, ...context.actions.map(({ extracted }) => extracted ?? {}))
      }
    })),
    end: assign({ completedAt: ({ event }) => event.at, queuePosition: null, lease: null, createSession: null })
  },
  guards: {
    needsApproval: ({ context }) => context.approval !== null && !context.approved,
    isSessionClose: ({ context }) => context.envelope.type === 'session.close',
    isAllowed: ({ context, event }) =>
      event.type === 'approval.resolved' &&
      event.state === 'ALLOWED' &&
      event.approvalId === context.approval?.approvalId &&
      event.actionHash === context.approval?.actionHash,
    isOurApproval: ({ context, event }) =>
      event.type === 'approval.resolved' && event.approvalId === context.approval?.approvalId,
    isOver: ({ context }) => actionAt(context) === undefined,
    isProvenWrite: ({ context }) => {
      const action = actionAt(context);
      const known = context.actions.find(({ name }) => name === action?.attempt);
      return known?.effect === 'write' && known.outcome === 'VERIFIED';
    },
    isDone: ({ event }) => event.type === 'xstate.done.actor.prepare' && event.output.alreadyDone,
    wasTried: ({ event }) => event.type === 'xstate.done.actor.prepare' && event.output.earlier !== null,
    isDryWrite: ({ context }) => context.envelope.dry_run === true && context.current?.effect === 'write',
    isWrite,
    lostBrowser: ({ event }) => BROWSER_FAULTS.includes(failureIn(event)?.code ?? ''),
    lostBrowserInRead: ({ context, event }) =>
      !isWrite({ context }) && BROWSER_FAULTS.includes(failureIn(event)?.code ?? ''),
    lostTooOften: ({ context }) => context.losses >= LOSS_LIMIT,
    /** Nothing of the attempt reached the page: there is nothing to look for. */
    neverSent: ({ event }) => failureIn(event)?.details?.sent === false,
    hasArtifacts: ({ context }) => (context.verdict?.artifacts.length ?? 0) > 0,
    isVerified: ({ context }) => context.verdict?.outcome === 'VERIFIED',
    isDoubtful: ({ context }) => context.doubtful && isWrite({ context }),
    isCancelled: ({ context }) => context.stop?.state === 'CANCELLED',
    isStopped: ({ context }) => context.stop !== null,
    missedSelector: ({ context }) => context.error?.code === 'SELECTOR_MISSING',
    needsPerson: ({ context }) => context.error?.code === 'HUMAN_REQUIRED'
  },
  delays: {
    deadline: ({ context }) => (context.deadlineAt ?? context.createdAt + DEFAULT_LIMIT) - context.createdAt,
    regrantLimit: 300_000,
    submitLimit: 3_600_000
  }
});

const expired = ({ deadlineAt }: CommandContext): Failure => ({
  code: 'DEADLINE_EXCEEDED',
  message: `not done by its deadline ${deadlineAt === null ? '(24 h)' : new Date(deadlineAt).toISOString()}`
});

function verificationFailure({ current, verdict, flow, index }: CommandContext): Failure {
  const predicate = flow?.actions[index]?.verify?.as ?? 'its steps';
  return {
    code: 'VERIFICATION_FAILED',
    message: `${current?.name} was attempted and '${predicate}' did not hold: ${verdict?.why ?? 'no reason given'}`,
    details: { action: current?.name, predicate }
  };
}

function unknownOutcome({ current, verdict, attemptError, stop }: CommandContext): Failure {
  const why = verdict?.why ?? attemptError?.message ?? stop?.failure.message ?? 'the browser was lost during it';
  return {
    code: 'OUTCOME_UNKNOWN',
    message: `whether ${current?.name} happened is not known (${why}); look at the page, then send a new command if it did not`,
    details: { action: current?.name, why }
  };
}

/** The action at hand, kept in the list and beside it. */
function put({ actions }: CommandContext, current: ActionResult): Pick<CommandContext, 'current' | 'actions'> {
  const at = actions.findIndex(({ name }) => name === current.name);
  return { current, actions: at < 0 ? [...actions, current] : actions.with(at, current) };
}

type With = { context: CommandContext };

const actionInput = ({ context }: With): ActionInput => ({
  commandId: context.commandId,
  lease: context.lease as Lease,
  platform: context.envelope.target.platform,
  accountId: context.envelope.target.account_id ?? null,
  allowScript: context.allowScript,
  dryRun: context.envelope.dry_run ?? false,
  params: (context.envelope.payload.params ?? {}) as Record<string, unknown>,
  action: actionAt(context) as FlowAction,
  before: context.flow?.actions.slice(0, context.index) ?? [],
  intent: context.envelope.idempotency_key ?? context.commandId
});

const tellSession = (event: (context: CommandContext) => { type: string; [key: string]: unknown }) => ({
  type: 'tell' as const,
  params: ({ context }: With) => ({ to: `session/${context.sessionId}`, event: event(context) })
});
const submit = tellSession(({ commandId, envelope }) =>
  envelope.type === 'session.close'
    ? { type: 'session.close', reason: 'asked', commandId }
    : { type: 'command.submitted', commandId, priority: envelope.priority ?? 3 }
);
const letGo = tellSession(({ commandId }) => ({ type: 'command.released', commandId }));

const withdrawApproval = {
  type: 'tell' as const,
  params: ({ context }: With) => ({ to: `approval/${context.approvalId}`, event: { type: 'approval.withdraw' } })
};

const ledger = (state: 'ATTEMPTED' | 'VERIFIED' | 'VERIFICATION_FAILED' | 'UNKNOWN') => ({
  type: 'record' as const,
  params: ({ context: { current, commandId }, event }: With & { event: unknown }) =>
    current?.effect === 'write' && current.dedupe_key
      ? [
          {
            into: 'ledger',
            row: {
              dedupe_key: current.dedupe_key,
              command_id: commandId,
              action: current.name,
              effect_id: null,
              state,
              updated_at: timeOf(event)
            }
          }
        ]
      : []
});

const keepArtifacts = {
  type: 'record' as const,
  params: ({ context: { verdict, commandId }, event }: With & { event: unknown }) =>
    (verdict?.artifacts ?? []).map((artifact) => ({
      into: 'artifacts',
      row: { ...artifact, command_id: commandId, created_at: timeOf(event) }
    }))
};

const action = { action: 'current.name', effect: 'current.effect', attempts: 'current.attempts' };
const proof = { ...action, dedupe_key: 'current.dedupe_key', verify_as: 'current.verify_as', proofs: 'current.proofs' };
const says = (type: string, severity: 'info' | 'warn' | 'error', take: Record<string, string> = {}) => ({
  telemetry: { type, severity, take }
});

const captured = says('artifact.captured', 'info', { action: 'current.name', artifacts: 'verdict.artifacts' });

/** After the evidence is kept: what it says. */
const byVerdict = [
  { guard: 'isVerified' as const, target: '#command.RUNNING.VERIFIED' },
  { target: '#command.RUNNING.VERIFICATION_FAILED' }
];
/** Word that belongs to a state already left. */
const late = {};

/**
 * One command: what somebody asked for, and what came of it.
 *
 * ```
 * CREATED ─▶ QUEUED ⇄ AWAITING_APPROVAL
 *              │ session.granted
 *              ▼
 * RUNNING  PREPARING ──not done yet──▶ ACTION_ATTEMPTED ──the predicate holds──▶ VERIFIED ──more──▶ PREPARING
 *            │    └──already done──────────────────────────────────────────────────▲   └──no more──▶ SUCCEEDED
 *            │                               └──it does not──▶ VERIFICATION_FAILED ──▶ FAILED
 *            └──failed──▶ FAILED
 * command.cancel: CANCELLED at once; while an action is being attempted, after looking what came of it.
 * ```
 * A write is attempted once. When the browser or the process dies under it, the command gets another browser, walks
 * back to the page (`reconciling`) and looks; what is not there then is UNKNOWN, and a person decides.
 */
export const commandMachine = words.createMachine({
  id: 'command',
  meta: {
    telemetry: { type: 'status.changed', take: { queue_position: 'queuePosition' } },
    subject: {
      correlation_id: 'correlationId',
      command_id: 'commandId',
      session_id: 'sessionId',
      account_id: 'envelope.target.account_id',
      platform: 'envelope.target.platform'
    }
  },
  context: ({ input: { at, ...input } }) => ({
    ...input,
    approvalId: input.approval?.approvalId ?? null,
    approved: false,
    lease: null,
    index: 0,
    actions: [],
    current: null,
    verdict: null,
    attemptError: null,
    doubtful: false,
    stop: null,
    losses: 0,
    queuePosition: null,
    why: null,
    result: null,
    error: null,
    createdAt: at,
    startedAt: null,
    completedAt: null
  }),
  after: { deadline: { actions: raise(({ event }) => ({ type: 'command.expire', at: event.at })) } },
  on: { 'session.queued': late, 'session.granted': late, 'session.lost': late, 'tell.refused': late },
  initial: 'CREATED',
  states: {
    CREATED: {
      entry: {
        type: 'create',
        params: ({ context }) => ({
          address: `session/${context.sessionId}`,
          input: { ...(context.createSession ?? {}) },
          ifAbsent: true
        })
      },
      always: 'QUEUED'
    },
    QUEUED: {
      initial: 'admitting',
      on: {
        'command.cancel': { target: 'CANCELLED', actions: ['stopCancelled', 'takeStop', letGo] },
        'command.expire': { target: 'FAILED', actions: ['stopExpired', 'takeStop', letGo] }
      },
      states: {
        admitting: {
          always: [{ guard: 'needsApproval', target: '#command.AWAITING_APPROVAL' }, { target: 'waiting' }]
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
            ]
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
    },
    AWAITING_APPROVAL: {
      entry: [
        { type: 'because', params: { why: 'waiting for a person to allow it' } },
        {
          type: 'create',
          params: ({ context }) => ({
            address: `approval/${context.approvalId}`,
            input: {
              ...context.approval,
              commandId: context.commandId,
              correlationId: context.correlationId,
              sessionId: context.sessionId,
              accountId: context.envelope.target.account_id ?? null,
              platform: context.envelope.target.platform
            },
            ifAbsent: true
          })
        }
      ],
      on: {
        'approval.resolved': [
          { guard: 'isAllowed', target: 'QUEUED.waiting', actions: assign({ approved: true }) },
          {
            guard: 'isOurApproval',
            target: 'FAILED',
            actions: assign(({ event }) => {
              const failure =
                event.state === 'EXPIRED'
                  ? {
                      code: 'APPROVAL_EXPIRED',
                      message: 'nobody answered its approval in time; send it again to ask anew'
                    }
                  : { code: 'APPROVAL_DENIED', message: `a person denied it${event.note ? `: ${event.note}` : ''}` };
              return { error: failure, why: failure.message };
            })
          }
        ],
        'command.cancel': { target: 'CANCELLED', actions: ['stopCancelled', 'takeStop', withdrawApproval] },
        'command.expire': { target: 'FAILED', actions: ['stopExpired', 'takeStop', withdrawApproval] }
      }
    },
    RUNNING: {
      initial: 'PREPARING',
      exit: letGo,
      on: {
        'session.refused': { target: '.failing', actions: refused() }
      },
      states: {
        PREPARING: {
          initial: 'choosing',
          on: {
            'command.cancel': { target: '#command.CANCELLED', actions: ['stopCancelled', 'takeStop'] },
            'command.expire': { target: '#command.FAILED', actions: ['stopExpired', 'takeStop'] },
            'session.lost': { target: '.waiting', actions: 'noteLoss' },
            'host.resumed': { target: '.waiting', actions: 'noteLoss' }
          },
          states: {
            choosing: {
              always: [
                { guard: 'isOver', target: '#command.SUCCEEDED', actions: 'succeed' },
                { guard: 'isProvenWrite', target: 'choosing', actions: 'skipAction', reenter: true },
                { target: 'looking' }
              ]
            },
            looking: {
              entry: 'beginAction',
              invoke: {
                id: 'prepare',
                src: 'prepare',
                input: actionInput,
                onDone: [
                  { guard: 'isDone', target: 'found', actions: 'notePrepared' },
                  { guard: 'wasTried', target: '#command.RUNNING.failing', actions: ['notePrepared', 'refuseRepeat'] },
                  { guard: 'isDryWrite', target: 'choosing', actions: ['notePrepared', 'skipAction'] },
                  { target: '#command.RUNNING.ACTION_ATTEMPTED', actions: 'notePrepared' }
                ],
                onError: [
                  { guard: 'lostBrowser', target: 'waiting', actions: 'noteLoss' },
                  { target: '#command.RUNNING.failing', actions: 'failWithEvent' }
                ]
              }
            },
            /** The page shows it done already: nothing is attempted. */
            found: {
              always: [{ guard: 'hasArtifacts', target: 'captured' }, { target: '#command.RUNNING.VERIFIED' }]
            },
            captured: {
              meta: captured,
              entry: keepArtifacts,
              always: '#command.RUNNING.VERIFIED'
            },
            waiting: {
              always: {
                guard: 'lostTooOften',
                target: '#command.RUNNING.failing',
                actions: { type: 'fail', params: { failure: lostTooOften() } }
              },
              on: {
                'session.granted': { target: 'choosing', actions: ['noteLease', 'rewind'] },
                'session.lost': late,
                'host.resumed': late
              },
              after: {
                regrantLimit: {
                  target: '#command.RUNNING.failing',
                  actions: { type: 'fail', params: { failure: noBrowser() } }
                }
              }
            }
          }
        },
        ACTION_ATTEMPTED: {
          initial: 'attempting',
          on: {
            'command.cancel': { actions: 'stopCancelled' },
            'command.expire': { actions: 'stopExpired' },
            'session.lost': [
              { guard: 'isWrite', target: '.recovering', actions: ['noteLoss', 'doubt'] },
              { target: 'PREPARING.waiting', actions: 'noteLoss' }
            ],
            'session.refused': [
              { guard: 'isWrite', target: 'VERIFICATION_FAILED', actions: 'doubt' },
              { target: 'failing', actions: refused() }
            ],
            'host.resumed': [
              { guard: 'isWrite', target: '.recovering', actions: ['noteLoss', 'doubt'] },
              { target: 'PREPARING.waiting', actions: 'noteLoss' }
            ]
          },
          states: {
            attempting: {
              meta: says('action.attempted', 'info', { ...action, dedupe_key: 'current.dedupe_key' }),
              entry: ['countAttempt', ledger('ATTEMPTED')],
              invoke: {
                id: 'attempt',
                src: 'attempt',
                input: actionInput,
                onDone: { target: 'verifying', actions: 'noteAttempt' },
                onError: [
                  {
                    guard: 'lostBrowserInRead',
                    target: '#command.RUNNING.PREPARING.waiting',
                    actions: 'noteLoss'
                  },
                  { guard: 'lostBrowser', target: 'recovering', actions: ['noteAttemptError', 'noteLoss', 'doubt'] },
                  {
                    guard: 'neverSent',
                    target: '#command.RUNNING.failing',
                    actions: [
                      'failWithEvent',
                      { type: 'noteOutcome', params: { outcome: 'VERIFICATION_FAILED' } },
                      ledger('VERIFICATION_FAILED')
                    ]
                  },
                  { guard: 'isWrite', target: 'verifying', actions: 'noteAttemptError' },
                  { target: '#command.RUNNING.failing', actions: 'failWithEvent' }
                ]
              },
              on: {
                'command.cancel': { target: 'verifying', actions: ['stopCancelled', 'doubt'] },
                'command.expire': { target: 'verifying', actions: ['stopExpired', 'doubt'] }
              }
            },
            verifying: {
              invoke: {
                id: 'verify',
                src: 'verify',
                input: actionInput,
                onDone: { target: 'judging', actions: 'noteVerdict' },
                onError: [
                  {
                    guard: 'lostBrowserInRead',
                    target: '#command.RUNNING.PREPARING.waiting',
                    actions: 'noteLoss'
                  },
                  { guard: 'lostBrowser', target: 'recovering', actions: ['noteLoss', 'doubt'] },
                  {
                    guard: 'isWrite',
                    target: '#command.RUNNING.VERIFICATION_FAILED',
                    actions: ['doubt', 'noteAttemptError']
                  },
                  { target: '#command.RUNNING.failing', actions: 'failWithEvent' }
                ]
              }
            },
            /** A write whose browser is gone: another one is needed to look what came of it. */
            recovering: {
              always: { guard: 'lostTooOften', target: '#command.RUNNING.VERIFICATION_FAILED' },
              on: {
                'session.granted': { target: 'reconciling', actions: 'noteLease' },
                'session.lost': late,
                'host.resumed': late
              },
              after: { regrantLimit: '#command.RUNNING.VERIFICATION_FAILED' }
            },
            reconciling: {
              invoke: {
                id: 'reconcile',
                src: 'reconcile',
                input: actionInput,
                onDone: { target: 'judging', actions: 'noteVerdict' },
                onError: [
                  { guard: 'lostBrowser', target: 'recovering', actions: 'noteLoss' },
                  { target: '#command.RUNNING.VERIFICATION_FAILED', actions: 'noteAttemptError' }
                ]
              }
            },
            judging: { always: [{ guard: 'hasArtifacts', target: 'captured' }, ...byVerdict] },
            captured: {
              meta: captured,
              entry: keepArtifacts,
              always: byVerdict
            }
          }
        },
        VERIFIED: {
          meta: says('action.verified', 'info', {
            ...proof,
            already_done: 'current.already_done',
            extracted: 'current.extracted'
          }),
          entry: [{ type: 'noteOutcome', params: { outcome: 'VERIFIED' } }, ledger('VERIFIED')],
          always: [
            { guard: 'isCancelled', target: '#command.CANCELLED', actions: 'takeStop' },
            { guard: 'isStopped', target: '#command.FAILED', actions: 'takeStop' },
            { target: 'PREPARING', actions: 'skipAction' }
          ]
        },
        VERIFICATION_FAILED: {
          initial: 'deciding',
          states: {
            deciding: {
              meta: says('action.verification_failed', 'warn', proof),
              always: [{ guard: 'isDoubtful', target: 'unknown' }, { target: 'absent' }]
            },
            /** It was looked for and is not there. */
            absent: {
              entry: [
                { type: 'noteOutcome', params: { outcome: 'VERIFICATION_FAILED' } },
                ledger('VERIFICATION_FAILED'),
                'explainFailure'
              ],
              always: [
                { guard: 'isCancelled', target: '#command.CANCELLED', actions: 'takeStop' },
                { guard: 'isStopped', target: '#command.FAILED', actions: 'takeStop' },
                { target: '#command.RUNNING.failing' }
              ]
            },
            /** Nobody can say. The program does not try again; a person looks. */
            unknown: {
              meta: says('human.required', 'error', { ...proof, error: 'error' }),
              entry: [{ type: 'noteOutcome', params: { outcome: 'UNKNOWN' } }, ledger('UNKNOWN'), 'explainUnknown'],
              always: [{ guard: 'isCancelled', target: '#command.CANCELLED' }, { target: '#command.FAILED' }]
            }
          }
        },
        /** On the way to FAILED: what operators look for has an event of its own. */
        failing: {
          initial: 'sorting',
          states: {
            sorting: {
              always: [
                { guard: 'missedSelector', target: 'selector' },
                { guard: 'needsPerson', target: 'person' },
                { target: '#command.FAILED' }
              ]
            },
            selector: {
              meta: says('selector.missing', 'error', { action: 'current.name', error: 'error' }),
              always: '#command.FAILED'
            },
            person: {
              meta: says('human.required', 'warn', { action: 'current.name', error: 'error' }),
              always: '#command.FAILED'
            }
          }
        }
      }
    },
    SUCCEEDED: { type: 'final', meta: says('status.changed', 'info', { result: 'result' }), entry: 'end' },
    FAILED: {
      type: 'final',
      meta: says('status.changed', 'error', { error: 'error' }),
      entry: ['end', assign({ why: ({ context }) => context.error?.message ?? context.why })]
    },
    CANCELLED: {
      type: 'final',
      meta: says('status.changed', 'warn', { error: 'error' }),
      entry: ['end', assign({ why: ({ context }) => context.error?.message ?? context.why })]
    }
  }
});

/** The session said no, or could not be told. */
function refused() {
  return words.assign(({ event }) => {
    const failure =
      event.type === 'session.refused'
        ? { code: event.code, message: event.message }
        : { code: 'SESSION_CLOSED', message: 'its session is not there any more; send it again' };
    return { error: failure, why: failure.message };
  });
}

function lostTooOften(): Failure {
  return { code: 'DRIVER_LOST', message: `its browser was lost ${LOSS_LIMIT} times; see the driver's log` };
}

function noBrowser(): Failure {
  return { code: 'QUEUE_TIMEOUT', message: 'its browser was lost and no other became free in time' };
}
