/** What a command's effects ask of a browser. The real executor drives WebDriver; the stub answers at once. */

import type { Lease } from '../../machines/protocol.ts';
import type { Finding } from '../../machines/selector-context.ts';
import type { ActionResult, Fingerprint, FlowAction, Proof, Reach } from '../../schemas/generated/contracts.ts';

/** What the registry knows of a name beside the candidates that ship. */
export interface LiveSelector {
  fingerprint: Fingerprint | null;
  /** Accepted ones, tried after those that ship. */
  promoted: string[];
  rejected: string[];
  /** A look found it so, and no later one found it well. */
  isBroken: boolean;
  /** When it was last found, ms since 1970. */
  lastSeenAt: number | null;
}

/** One action of one command, params already put in (`${params.text}` is resolved by `resolve.ts`). */
export interface ActionRun {
  commandId: string;
  lease: Lease;
  platform: string;
  accountId: string | null;
  /** Scope `script`: waitForExpression may run. */
  allowScript: boolean;
  /** Whom it was found to reach, and was let out as; without it that is not held against the page it acts on. */
  reach?: Reach;
  /** Writes are looked at and not attempted. */
  dryRun?: boolean;
  action: FlowAction;
  /** The command's params, for selectors of the registry that are about them: the comment with this text. */
  params: Record<string, unknown>;
  /** Actions before this one, for finding the way back to its page after a browser was lost. */
  before: FlowAction[];
  /** What makes this attempt this attempt and not another wish for the same: idempotency key or command id. */
  intent: string;
  /** Of the names the action uses; without it nothing is healed, and the registry learns nothing. */
  selectors?: ReadonlyMap<string, LiveSelector>;
}

export interface Artifact {
  id: string;
  kind: 'screenshot' | 'html' | 'download';
  media_type: string;
  sha256: string;
  size: number;
}

export interface Prepared {
  /** sha256(account, site, canonical target, verb, normalised payload, intent), hex */
  dedupeKey: string;
  /** The page shows that it is done already; nothing need be attempted. */
  alreadyDone: boolean;
  proofs: Proof[];
  artifacts: Artifact[];
  /** How the names it acts on stand on the page: those found by likeness alone, and what is news to the registry. */
  findings?: Finding[];
}

/**
 * What the armed click's witness saw over the action's steps.
 * DELIVERED: the target had it. GONE: the document changed under the listeners; as delivered. UNKNOWN: no answer.
 */
export interface Attempted {
  witness: 'DELIVERED' | 'GONE' | 'UNKNOWN' | 'NONE';
  proofs: Proof[];
}

export interface Verified {
  outcome: 'VERIFIED' | 'VERIFICATION_FAILED';
  /** Why it failed, with what was tried and seen. */
  why: string | null;
  extracted?: ActionResult['extracted'];
  proofs: Proof[];
  artifacts: Artifact[];
  /** Of an action that polls: it does not hold yet, and nothing on the page says that it never will. */
  pending?: boolean;
  /** The same of the names that were read; of a sweep, of all it looked for. */
  findings?: Finding[];
}

export interface Attempt {
  id: string;
  resumed: boolean;
  /** Called and waited for before the first thing that may have an effect is sent; when it rejects, nothing is. */
  sending?: () => Promise<void>;
}

/**
 * Every call honours `signal` and rejects with a ControlError. LEASE_LOST, DRIVER_LOST and DRIVER_TIMEOUT mean the
 * browser is gone or silent; for a write in `attempt` they mean that what happened is not known. A rejection of
 * `attempt` says in `details.sent` whether anything of it may have reached the page (false: certainly nothing did), and
 * a missing selector says in `details.findings: Finding[]` how the registry's names in its step stand, and
 * every rejection may carry `details.artifacts: Artifact[]`, what the page was like.
 */
export interface StepExecutor {
  /** Reads only: resolves registry names, computes the dedupe key, evaluates the dedupe predicate. */
  prepare(run: ActionRun, signal: AbortSignal): Promise<Prepared>;
  /** The action's steps, once. A click is armed, sent, and collected; typed text is read back before anything after it. */
  attempt(run: ActionRun, effect: Attempt, signal: AbortSignal): Promise<Attempted>;
  /** The action's predicate, polled; then screenshot, and what it extracts. */
  verify(run: ActionRun, signal: AbortSignal): Promise<Verified>;
  /**
   * After a lost browser: walks the reads of `before` and this action's own page again, and looks whether the action
   * is done. Attempts nothing.
   */
  reconcile(run: ActionRun, signal: AbortSignal): Promise<Verified>;
}
