import type { Failure } from '../schemas/errors.ts';
import type {
  ActionResult,
  ApprovalPreview,
  CommandEnvelope,
  CommandResult,
  Flow,
  FlowAction,
  Proof,
  Reach
} from '../schemas/generated/contracts.ts';
import type {
  ApprovalResolved,
  CommandCancel,
  HostResumed,
  Lease,
  PlaceAgain,
  PlaceGiven,
  PlaceOpen,
  PlaceWait,
  SelectorSettled,
  SessionClosed,
  SessionGranted,
  SessionLost,
  SessionQueued,
  SessionRefused,
  TellRefused
} from './protocol.ts';
import type { Finding } from './selector-context.ts';
import type { SessionInput } from './session-context.ts';

/** What a command is made with, what it remembers, and what it can be told. */

export interface CommandInput {
  commandId: string;
  correlationId: string;
  sessionId: string;
  /** The session to make if it is not there; null for one that exists. */
  createSession: Omit<SessionInput, 'at'> | null;
  envelope: CommandEnvelope;
  /** The flow as it was when the command was accepted: a later version does not change it. */
  flow: Flow | null;
  /** How a person would be asked; null: nobody ever has to be. */
  approval: { approvalId: string; actionHash: string; preview: ApprovalPreview; expiresAt: number } | null;
  /** Nobody has to be asked as things stand: its account is for tests, or it reaches nobody by message. */
  waived?: boolean;
  /** Whom each action of the flow reaches, in order. What is missing reaches nobody. */
  reaches?: Reach[];
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
  /** Whom it reaches, as it was judged before anybody was asked. */
  reach: Reach;
  params: Record<string, unknown>;
  /** The flow's schema of its params: where their defaults stand. */
  paramsSchema: Record<string, unknown>;
  action: FlowAction;
  before: FlowAction[];
  intent: string;
  /** As `prepare` computed it; null before. */
  dedupeKey: string | null;
  /** Its attempt did not end as it should: it may be done, done by half, or not begun. */
  brokenOff: boolean;
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
  /** How names of the registry did, where the registry should hear of it. */
  findings?: Finding[];
}
/**
 * In the ledger in place of an effect's id: the write is declared and certainly nothing of it has been sent. The effect
 * puts its id there, durably, before the first thing it sends.
 */
export const UNSENT = 'unsent';
export interface AttemptedOutput {
  witness: 'DELIVERED' | 'GONE' | 'UNKNOWN' | 'NONE';
  proofs: Proof[];
}
export interface VerifiedOutput {
  /** What became of the account's login on the page that proves it: saved, unchanged, nothing, or the code of a failure. */
  profile?: string;
  outcome: 'VERIFIED' | 'VERIFICATION_FAILED';
  why: string | null;
  extracted?: ActionResult['extracted'];
  proofs: Proof[];
  artifacts: ArtifactRef[];
  findings?: Finding[];
  /** false: the ledger says that nothing of the attempt was ever sent, so what is not there did not happen. */
  sent?: boolean;
  /** It was broken off, and the flow says nothing by which it could be seen what came of it. */
  unproved?: boolean;
  /** Of an action that polls: it does not hold yet, and nothing on the page says that it never will. */
  pending?: boolean;
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
  waived: boolean;
  reaches: Reach[];
  place: PlaceContext;
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
  /** Of the action at hand, while it waits for what takes its time. */
  polling: PollingContext | null;
  /** Names of the registry as they were found on the way of the action at hand. */
  findings: Finding[];
  /** What a sweep has found so far. */
  swept: Pick<Finding, 'name' | 'state' | 'selector' | 'tried' | 'why'>[];
  /** What only a person gets past, while it waits for one. */
  needs: Failure | null;
  /** Browsers lost under this command. */
  losses: number;
  queuePosition: number | null;
  why: string | null;
  result: CommandResult | null;
  error: Failure | null;
  createdAt: number;
  startedAt: number | null;
  completedAt: number | null;
}

/** How often it has looked, and when it looks next. */
export interface PollingContext {
  /** Name of the action. */
  action: string;
  /** The first look that had to be taken again, ms since 1970. */
  since: number;
  looks: number;
  /** ms */
  restMs: number;
  /** RFC 3339 */
  nextLookAt: string;
}

/** How it stands with its account. */
export interface PlaceContext {
  /** Questions it has put; an answer to another is none. */
  n: number;
  /** It has put one: at its end the account is told what counts. */
  asked: boolean;
  /** Actions that were given a place. */
  given: string[];
  /** Those of them that were, or may have been, sent. */
  kept: string[];
  /** What it waits for, or waited for last. */
  wait: { retryAt: string; waitMs: number; limit: string } | null;
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
  | PlaceOpen
  | PlaceGiven
  | PlaceWait
  | PlaceAgain
  | SelectorSettled
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
