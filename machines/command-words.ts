/** The vocabulary of the command machine: its actions, guards and delays by name, and the data its actions declare. */
import { assign, fromPromise, setup } from 'xstate';
import type { Failure } from '../schemas/errors.ts';
import type { ActionResult, FlowAction, Reach } from '../schemas/generated/contracts.ts';
import { actionHash } from './action-hash.ts';
import type {
  ActionInput,
  ArtifactRef,
  AttemptedOutput,
  CommandContext,
  CommandEvent,
  CommandInput,
  PreparedOutput,
  VerifiedOutput
} from './command-context.ts';
import {
  altered,
  BROWSER_FAULTS,
  describeHealed,
  expired,
  failureIn,
  findingsIn,
  healedIn,
  LOSS_LIMIT,
  picturesOf,
  quarantineFailure,
  refusal,
  unknownOutcome,
  verificationFailure,
  withoutFindings
} from './command-failures.ts';
import {
  counted,
  demandsAnswer,
  gaveBack,
  hasAccount,
  isOurPlace,
  keptPlace,
  notedPlace,
  notedWait,
  takesPlace,
  wantsPlace
} from './command-places.ts';
import { awaitsSkipped, failedToLook, isPending, notedRest } from './poll-rest.ts';
import { type ApprovalResolved, hostActions, type Lease } from './protocol.ts';

const notProvided = () => Promise.reject(new Error('no executor was provided'));

/** A command without a deadline of its own. ms */
const DEFAULT_LIMIT = 24 * 3_600_000;

export const actionAt = ({ flow, index }: CommandContext) => flow?.actions[index];
/** Nobody has to be asked, or somebody has allowed exactly what it is about to do. */
const isFree = (context: CommandContext) =>
  context.approval === null || context.waived || (context.approved && isWhatWasAsked(context));
const isWhatWasAsked = ({ approval, flow, envelope }: CommandContext) =>
  flow !== null && approval?.actionHash === actionHash(flow, envelope);
const isWrite = ({ context }: { context: CommandContext }) => context.current?.effect === 'write';

export const words = setup({
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
      return failure ? { error: withoutFindings(failure), why: failure.message, findings: findingsIn(failure) } : {};
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
    noteFindings: assign(({ event }) => {
      const failure = failureIn(event);
      const artifacts = (failure?.details?.artifacts ?? []) as ArtifactRef[];
      const verdict = { outcome: 'VERIFICATION_FAILED' as const, why: failure?.message ?? null, proofs: [], artifacts };
      return { findings: findingsIn(failure), verdict };
    }),
    explainQuarantine: assign(({ context }) => ({
      lease: null,
      why: `waiting for a person to accept or reject ${healedIn(context).map(describeHealed).join(', ')}, or for three clean sweeps`
    })),
    failRejected: assign(({ context, event }) => {
      if (event.type !== 'selector.settled') return {};
      const failure = quarantineFailure(context, event.name, 'a person rejected it');
      return { error: failure, why: failure.message };
    }),
    failQuarantined: assign(({ context }) => {
      const failure = quarantineFailure(context, healedIn(context)[0]?.name ?? '', 'nobody accepted it in 24 h');
      return { error: failure, why: failure.message };
    }),
    /** A sweep's own result; looked at again after a lost browser, a name counts once. */
    noteSwept: assign(({ context }) => {
      const names = actionAt(context)?.sweep?.names ?? [];
      const now = (context.findings ?? []).filter(({ name }) => names.includes(name));
      const before = (context.swept ?? []).filter(({ name }) => !now.some((one) => one.name === name));
      return {
        swept: [
          ...before,
          ...now.map(({ name, state, selector, tried, why }) => ({ name, state, selector, tried, why }))
        ],
        findings: []
      };
    }),
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
      return { ...put(context, current), verdict: null, attemptError: null, doubtful: false, findings: [] };
    }),
    /** From here on it is what the person let out, word for word. */
    noteAllowed: assign(({ context, event }) => {
      if (event.type !== 'approval.resolved' || !context.approval) return {};
      const { edited, actionHash } = event;
      if (!edited) return { approved: true };
      const payload = { ...context.envelope.payload, params: edited.params };
      return {
        approved: true,
        envelope: { ...context.envelope, payload },
        reaches: edited.reaches,
        approval: { ...context.approval, actionHash }
      };
    }),
    noteRefusal: assign(({ context, event }) => {
      if (event.type !== 'approval.resolved') return {};
      const failure = refusal(context, event);
      return { error: failure, why: failure.message };
    }),
    failAltered: assign(({ context }) => {
      const failure = altered(context, context.approval?.actionHash ?? '');
      return { error: failure, why: failure.message };
    }),
    countPlace: assign(counted),
    notePlace: assign(notedPlace),
    noteWait: assign(notedWait),
    keepPlace: assign(keptPlace),
    giveBackPlace: assign(gaveBack),
    noteRest: assign(notedRest),
    skipAction: assign(({ context }) => ({ index: context.index + 1 })),
    notePrepared: assign(({ context, event }) => {
      if (event.type !== 'xstate.done.actor.prepare' || !context.current) return {};
      const { dedupeKey, alreadyDone, proofs, artifacts } = event.output;
      const found = { outcome: 'VERIFIED' as const, already_done: true, proofs };
      return {
        ...put(context, { ...context.current, dedupe_key: dedupeKey, ...(alreadyDone ? found : {}) }),
        findings: event.output.findings ?? [],
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
    noteAttemptError: assign(({ context, event }) => {
      const failure = failureIn(event);
      return {
        attemptError: failure && withoutFindings(failure),
        findings: [...(context.findings ?? []), ...findingsIn(failure)]
      };
    }),
    notePerson: assign(({ context, event }) => {
      const needs = failureIn(event);
      return {
        needs,
        why: `waiting for a person: ${needs?.details?.reason ?? needs?.message}; take session ${context.sessionId} over, do it, hand it back`
      };
    }),
    failForPerson: assign(({ context }) => ({
      error: context.needs,
      why: context.needs?.message ?? null,
      needs: null
    })),
    noteCame: assign({ needs: null, why: null }),
    doubt: assign({ doubtful: true }),
    noteVerdict: assign(({ context, event }) => {
      if (!('output' in event) || !context.current) return {};
      const verdict = event.output as VerifiedOutput;
      const { extracted, proofs, why } = verdict;
      return {
        verdict,
        why,
        doubtful: (context.doubtful || verdict.unproved === true) && verdict.sent !== false,
        findings: [...(context.findings ?? []), ...(verdict.findings ?? [])],
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
    explainFailure: assign(({ context, event }) => {
      const failure = context.attemptError ?? verificationFailure(context, event.at);
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
        ...extractedResult(context),
        ...(context.flow?.actions.some(({ sweep }) => sweep) ? sweepResult(context.swept ?? []) : {})
      }
    })),
    end: assign({ completedAt: ({ event }) => event.at, queuePosition: null, lease: null, createSession: null })
  },
  guards: {
    needsApproval: ({ context }) => context.approval !== null && !context.approved && !context.waived,
    /** Right before it is attempted: nothing that waits for a person goes past here. */
    wantsPlace: ({ context }) => wantsPlace(context),
    takesPlace: ({ context }) => takesPlace(context),
    isOurPlace,
    isUnaskedOpen: (given) => isOurPlace(given) && demandsAnswer(given),
    /** The site asked for slowness; its account can be told. */
    metSiteLimit: ({ context, event }) => failureIn(event)?.code === 'SITE_RATE_LIMITED' && hasAccount(context),
    /** The same, of what was cancelled or is late. */
    metSiteLimitStopped: ({ context, event }) =>
      failureIn(event)?.code === 'SITE_RATE_LIMITED' && hasAccount(context) && context.stop !== null,
    /** The same, and nothing has been done that would have to be looked for afterwards. */
    metSiteLimitFirst: ({ context, event }) => {
      const failure = failureIn(event);
      return (
        failure?.code === 'SITE_RATE_LIMITED' &&
        hasAccount(context) &&
        (failure.details?.sent === false || !isWrite({ context }))
      );
    },
    isUnasked: ({ context }) => !isFree(context) && !context.approved,
    isAltered: ({ context }) => !isFree(context),
    isSessionClose: ({ context }) => context.envelope.type === 'session.close',
    isAllowed: ({ context, event }) =>
      event.type === 'approval.resolved' &&
      event.state === 'ALLOWED' &&
      event.approvalId === context.approval?.approvalId &&
      event.actionHash === hashAllowed(context, event),
    isOurApproval: ({ context, event }) =>
      event.type === 'approval.resolved' && event.approvalId === context.approval?.approvalId,
    isOver: ({ context }) => actionAt(context) === undefined,
    isPending,
    failedToLook,
    awaitsSkipped,
    isProvenWrite: ({ context }) => {
      const action = actionAt(context);
      const known = context.actions.find(({ name }) => name === action?.attempt);
      return known?.effect === 'write' && known.outcome === 'VERIFIED';
    },
    isDone: ({ event }) => event.type === 'xstate.done.actor.prepare' && event.output.alreadyDone,
    wasTried: ({ event }) => event.type === 'xstate.done.actor.prepare' && event.output.earlier !== null,
    foundHealed: ({ event }) =>
      event.type === 'xstate.done.actor.prepare' &&
      (event.output.findings ?? []).some(({ state }) => state === 'healed'),
    /** A read may be walked again whatever was sent. */
    neverSentToHealed: ({ context, event }) => {
      const failure = failureIn(event);
      const isClean = failure?.details?.sent === false || !isWrite({ context });
      return isClean && findingsIn(failure).some(({ state }) => state === 'healed');
    },
    isRejected: ({ context, event }) =>
      event.type === 'selector.settled' &&
      event.outcome === 'rejected' &&
      healedIn(context).some(({ name }) => name === event.name),
    isOfOurSelectors: ({ context, event }) =>
      event.type === 'selector.settled' && healedIn(context).some(({ name }) => name === event.name),
    /** A captcha, a login wall, a second factor: nothing of ours gets past it. */
    meetsPerson: ({ event }) => failureIn(event)?.code === 'HUMAN_REQUIRED',
    /** The same, and nothing has been done that would have to be looked for afterwards. */
    meetsPersonFirst: ({ context, event }) => {
      const failure = failureIn(event);
      return failure?.code === 'HUMAN_REQUIRED' && (failure.details?.sent === false || !isWrite({ context }));
    },
    isDryWrite: ({ context }) =>
      context.envelope.dry_run === true && (context.current?.effect === 'write' || reachOf(context) !== 'nobody'),
    isWrite,
    lostBrowser: ({ event }) => BROWSER_FAULTS.includes(failureIn(event)?.code ?? ''),
    lostBrowserInRead: ({ context, event }) =>
      !isWrite({ context }) && BROWSER_FAULTS.includes(failureIn(event)?.code ?? ''),
    lostTooOften: ({ context }) => context.losses >= LOSS_LIMIT,
    /** Nothing of the attempt reached the page: there is nothing to look for. */
    neverSent: ({ event }) => failureIn(event)?.details?.sent === false,
    hasPicture: ({ context }) => picturesOf(context).length > 0,
    showsReady: ({ context }) => context.current?.verify_as === 'SORA_VIDEO_READY',
    showsDownloaded: ({ context }) => context.current?.verify_as === 'SORA_VIDEO_DOWNLOADED',
    hasArtifacts: ({ context }) => (context.verdict?.artifacts.length ?? 0) > 0,
    isVerified: ({ context }) => context.verdict?.outcome === 'VERIFIED',
    /** Nothing of it left this process before the browser, or the process, was lost: it may be attempted. */
    isUnsent: ({ context, event }) =>
      event.type === 'xstate.done.actor.reconcile' &&
      event.output.outcome === 'VERIFICATION_FAILED' &&
      event.output.sent === false &&
      context.stop === null,
    isDoubtful: ({ context }) => context.doubtful && isWrite({ context }),
    isCancelled: ({ context }) => context.stop?.state === 'CANCELLED',
    isStopped: ({ context }) => context.stop !== null,
    missedSelector: ({ context }) => context.error?.code === 'SELECTOR_MISSING',
    needsPerson: ({ context }) => context.error?.code === 'HUMAN_REQUIRED'
  },
  delays: {
    deadline: ({ context }) => (context.deadlineAt ?? context.createdAt + DEFAULT_LIMIT) - context.createdAt,
    regrantLimit: 300_000,
    /** Verifying, or walking back and looking: each of its exchanges is bounded, and so is all of it. */
    lookLimit: 900_000,
    /** For a person; the command's own deadline may be nearer. */
    personLimit: DEFAULT_LIMIT,
    selectorLimit: DEFAULT_LIMIT,
    submitLimit: 3_600_000,
    retry: ({ context }) => context.place.wait?.waitMs ?? 0,
    rest: ({ context }) => context.polling?.restMs ?? 0,
    /** Its account answers at once; a process that was killed in between hands the question out again. */
    answerLimit: 60_000
  }
});

/** Of the action at hand. */
export const reachOf = ({ reaches, index }: CommandContext): Reach => reaches?.[index] ?? 'nobody';

/** What an answer has to be bound to: without an edit what was asked for, with one what would go out then. */
function hashAllowed({ approval, flow, envelope }: CommandContext, { edited }: ApprovalResolved): string | undefined {
  if (!edited || !flow) return approval?.actionHash;
  return actionHash(flow, { ...envelope, payload: { ...envelope.payload, params: edited.params } });
}

/** All that was read, and beside it what the flow calls its result. */
function extractedResult({ actions, flow }: CommandContext) {
  const extracted: NonNullable<ActionResult['extracted']> = Object.assign(
    {},
    ...actions.map((action) => action.extracted ?? {})
  );
  const named = Object.entries(flow?.result ?? {}).filter(([, name]) => Object.hasOwn(extracted, name));
  return { ...Object.fromEntries(named.map(([field, name]) => [field, extracted[name]])), extracted };
}

function sweepResult(swept: CommandContext['swept']) {
  const counts = { ok: 0, ambiguous: 0, healed: 0, missing: 0 };
  for (const { state } of swept) counts[state] += 1;
  return { counts, selectors: swept };
}

/** The action at hand, kept in the list and beside it. */
function put({ actions }: CommandContext, current: ActionResult): Pick<CommandContext, 'current' | 'actions'> {
  const at = actions.findIndex(({ name }) => name === current.name);
  return { current, actions: at < 0 ? [...actions, current] : actions.with(at, current) };
}

export type With = { context: CommandContext };

export const actionInput = ({ context }: With): ActionInput => ({
  commandId: context.commandId,
  lease: context.lease as Lease,
  platform: context.envelope.target.platform,
  accountId: context.envelope.target.account_id ?? null,
  allowScript: context.allowScript,
  dryRun: context.envelope.dry_run ?? false,
  reach: reachOf(context),
  params: (context.envelope.payload.params ?? {}) as Record<string, unknown>,
  paramsSchema: (context.flow?.params ?? {}) as Record<string, unknown>,
  action: actionAt(context) as FlowAction,
  before: context.flow?.actions.slice(0, context.index) ?? [],
  intent: context.envelope.idempotency_key ?? context.commandId,
  dedupeKey: context.current?.dedupe_key ?? null,
  brokenOff: context.doubtful || context.attemptError !== null
});

/** The session said no, or could not be told. */
export function refused() {
  return words.assign(({ event }) => {
    const failure =
      event.type === 'session.refused'
        ? { code: event.code, message: event.message }
        : { code: 'SESSION_CLOSED', message: 'its session is not there any more; send it again' };
    return { error: failure, why: failure.message };
  });
}
