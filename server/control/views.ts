/** Actors as the contract's views. One place, so that REST, pages and the stream say the same. */

import type { ActorRecord, ActorView } from '../../actors/host/contract.ts';
import { withoutSealed } from '../../actors/profile/secret-params.ts';
import type {
  ActionResult,
  AlertState,
  AlertView,
  ApprovalPreview,
  ApprovalState,
  ApprovalView,
  CommandAccepted,
  CommandEnvelope,
  CommandError,
  CommandPhase,
  CommandResult,
  CommandState,
  CommandView,
  SessionState,
  SessionView
} from '../../schemas/generated/contracts.ts';

import { payloadOf } from './command-types.ts';
import { lineOf } from './queue-place.ts';

/** What views are made of: a live actor and a stored one alike. */
export interface ActorFacts {
  id: string;
  state: string;
  status: ActorView['status'];
  context: Record<string, unknown>;
  createdAt: number;
  updatedAt: number;
  deadlineAt: number | null;
  lastCursor: number;
}

export const factsOf = (record: ActorRecord): ActorFacts => ({ ...record, context: record.snapshot.context });

interface CommandContext {
  correlationId: string;
  sessionId: string | null;
  approvalId: string | null;
  envelope: CommandEnvelope;
  why: string | null;
  queuePosition: number | null;
  actions: ActionResult[];
  result: CommandResult | null;
  error: CommandError | null;
  createdAt: number;
  startedAt: number | null;
  completedAt: number | null;
}

interface SessionContext {
  accountId: string | null;
  platform: string;
  browser: string;
  device: string;
  lease: { slot: string; fencing: number } | null;
  current: string | null;
  queue: { commandId: string; priority: number }[];
  profile?: SessionView['profile'];
  needs?: { failure: { code: string; message: string; details?: { artifacts?: { id: string }[] } } } | null;
  heldBy?: string | null;
  why: string | null;
  readyAt: number | null;
  closedAt: number | null;
}

interface ApprovalContext {
  commandId: string;
  actionHash: string;
  preview: ApprovalPreview;
  edited?: { changed: Record<string, unknown>; actionHash: string; preview: ApprovalPreview } | null;
  decidedBy: string | null;
  note: string | null;
  expiresAt: number | null;
  decidedAt: number | null;
}

interface AlertContext {
  rule: string;
  about: string[];
  atCursor: string;
  found: string;
  source: string | null;
  raisedBy: string;
  acknowledgedBy: string | null;
  note: string | null;
  expiresAt: number;
  acknowledgedAt: number | null;
}

export const instantOf = (ms: number): string => new Date(ms).toISOString();
const instantOrNull = (ms: number | null | undefined): string | null => (typeof ms === 'number' ? instantOf(ms) : null);
const segments = (state: string) => state.split(',', 1)[0]?.split('.') ?? [];

/** An actor whose machine threw has no state of the contract: it has failed. */
const stateOf = (actor: ActorFacts): string => (actor.status === 'error' ? 'FAILED' : (segments(actor.state)[0] ?? ''));

const commandError = (actor: ActorFacts, context: CommandContext): CommandError | null => {
  if (actor.status === 'error') return { code: 'INTERNAL', message: 'the command broke; the log has it' };
  if (!context.error) return null;
  const { code, message, details } = context.error;
  return { code, message, ...(details ? { details } : {}) };
};

const PHASES: CommandPhase[] = ['PREPARING', 'ACTION_ATTEMPTED', 'VERIFIED', 'VERIFICATION_FAILED', 'POLLING'];

export function commandView(actor: ActorFacts): CommandView {
  const context = actor.context as unknown as CommandContext;
  const { envelope } = context;
  const state = stateOf(actor) as CommandState;
  return {
    command_id: actor.id,
    correlation_id: context.correlationId,
    ...(envelope.idempotency_key === undefined ? {} : { idempotency_key: envelope.idempotency_key }),
    type: envelope.type,
    state,
    phase: PHASES.find((phase) => state === 'RUNNING' && phase === segments(actor.state)[1]) ?? null,
    why: context.why ?? null,
    queue_position: context.queuePosition ?? null,
    target: envelope.target,
    requester: envelope.requester,
    payload: withoutSealed(payloadOf(envelope)),
    priority: envelope.priority ?? 3,
    dry_run: envelope.dry_run ?? false,
    session_id: context.sessionId ?? null,
    approval_id: context.approvalId ?? null,
    deadline_at: envelope.deadline_at ?? null,
    actions: context.actions ?? [],
    result: context.result ?? null,
    error: commandError(actor, context),
    created_at: instantOf(context.createdAt ?? actor.createdAt),
    started_at: instantOrNull(context.startedAt),
    completed_at: instantOrNull(context.completedAt ?? (actor.status === 'error' ? actor.updatedAt : null)),
    last_cursor: String(actor.lastCursor)
  };
}

export function commandAccepted(actor: ActorFacts): CommandAccepted {
  const context = actor.context as unknown as CommandContext;
  const self = `/v1/commands/${actor.id}`;
  return {
    command_id: actor.id,
    correlation_id: context.correlationId,
    ...(context.sessionId ? { session_id: context.sessionId } : {}),
    state: stateOf(actor) as CommandState,
    accepted_at: instantOf(actor.createdAt),
    links: { self, cancel: `${self}/cancel`, events: `/v1/events?command_id=${actor.id}` }
  };
}

export function sessionView(actor: ActorFacts): SessionView {
  const context = actor.context as unknown as SessionContext;
  return {
    session_id: actor.id,
    account_id: context.accountId ?? null,
    platform: context.platform,
    browser: context.browser,
    device: context.device,
    state: stateOf(actor) as SessionState,
    why: context.why ?? null,
    driver: context.lease ? { slot: context.lease.slot, fencing: context.lease.fencing } : null,
    current_command_id: context.current ?? null,
    queue: lineOf(context.queue ?? []),
    profile: context.profile ?? null,
    needs: needsView(context),
    driven_by: stateOf(actor) === 'HUMAN_DRIVING' ? (context.heldBy ?? null) : null,
    created_at: instantOf(actor.createdAt),
    ready_at: instantOrNull(context.readyAt),
    closed_at: instantOrNull(context.closedAt),
    deadline_at: instantOrNull(actor.deadlineAt),
    last_cursor: String(actor.lastCursor)
  };
}

function needsView({ needs }: SessionContext): SessionView['needs'] {
  if (!needs) return null;
  const { code, message, details } = needs.failure;
  return { code, message, artifact_id: details?.artifacts?.[0]?.id ?? null };
}

export function approvalView(actor: ActorFacts): ApprovalView {
  const context = actor.context as unknown as ApprovalContext;
  return {
    approval_id: actor.id,
    command_id: context.commandId,
    state: stateOf(actor) as ApprovalState,
    action_hash: context.actionHash,
    preview: withoutSealed(context.preview),
    edited: context.edited
      ? {
          params: withoutSealed(context.edited.changed),
          action_hash: context.edited.actionHash,
          preview: withoutSealed(context.edited.preview),
          by: context.decidedBy ?? ''
        }
      : null,
    decided_by: context.decidedBy ?? null,
    note: context.note ?? null,
    created_at: instantOf(actor.createdAt),
    expires_at: instantOrNull(context.expiresAt),
    decided_at: instantOrNull(context.decidedAt),
    last_cursor: String(actor.lastCursor)
  };
}

export function alertView(actor: ActorFacts): AlertView {
  const context = actor.context as unknown as AlertContext;
  return {
    alert_id: actor.id,
    state: stateOf(actor) as AlertState,
    rule: context.rule,
    about: context.about,
    cursor: context.atCursor,
    why: context.found,
    source: context.source,
    raised_by: context.raisedBy,
    acknowledged_by: context.acknowledgedBy,
    note: context.note,
    created_at: instantOf(actor.createdAt),
    expires_at: instantOf(context.expiresAt),
    acknowledged_at: instantOrNull(context.acknowledgedAt),
    last_cursor: String(actor.lastCursor)
  };
}

/** A page of a list: `next_page` is what to send as `page` for more, null at the end. */
export const pageOf = <T>(items: T[], next: string | null) => ({ items, next_page: next });
