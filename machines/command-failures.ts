/** Why a command failed, and what its effects failed with. */
import type { Failure } from '../schemas/errors.ts';
import { actionHash } from './action-hash.ts';
import type { ArtifactRef, CommandContext } from './command-context.ts';
import { polledFor } from './poll-rest.ts';
import type { ApprovalResolved } from './protocol.ts';
import type { Finding } from './selector-context.ts';

/** A browser lost this often under one command: it is not tried again. */
export const LOSS_LIMIT = 3;
/** The browser is gone or silent; the fault is not the action's. */
export const BROWSER_FAULTS = ['DRIVER_LOST', 'DRIVER_TIMEOUT', 'LEASE_LOST'];

export const failureIn = (event: unknown): Failure | null => (event as { error?: Failure }).error ?? null;

export function refusal(context: CommandContext, { state, note, actionHash: allowed }: ApprovalResolved): Failure {
  if (state === 'ALLOWED') return altered(context, allowed);
  return state === 'EXPIRED'
    ? { code: 'APPROVAL_EXPIRED', message: 'nobody answered its approval in time; send it again to ask anew' }
    : { code: 'APPROVAL_DENIED', message: `a person denied it${note ? `: ${note}` : ''}` };
}

export const altered = ({ flow, envelope }: CommandContext, allowed: string): Failure => ({
  code: 'APPROVAL_VOID',
  message: 'what was allowed is not what would go out; nothing was attempted, send it again to ask anew',
  details: { allowed, action_hash: flow ? actionHash(flow, envelope) : null }
});

export const expired = ({ deadlineAt }: CommandContext): Failure => ({
  code: 'DEADLINE_EXCEEDED',
  message: `not done by its deadline ${deadlineAt === null ? '(24 h)' : new Date(deadlineAt).toISOString()}`
});

export function verificationFailure(context: CommandContext, now: number): Failure {
  const { current, verdict, flow, index } = context;
  const predicate = flow?.actions[index]?.verify?.as ?? 'its steps';
  return {
    code: 'VERIFICATION_FAILED',
    message: `${current?.name} was attempted and '${predicate}' did not hold: ${verdict?.why ?? 'no reason given'}${polledFor(context, now)}`,
    details: { action: current?.name, predicate }
  };
}

export function unknownOutcome({ current, verdict, attemptError, stop }: CommandContext): Failure {
  const why = verdict?.why ?? attemptError?.message ?? stop?.failure.message ?? 'the browser was lost during it';
  return {
    code: 'OUTCOME_UNKNOWN',
    message: `whether ${current?.name} happened is not known (${why}); look at the page, then send a new command if it did not`,
    details: { action: current?.name, why }
  };
}

export const findingsIn = (failure: Failure | null): Finding[] => (failure?.details?.findings ?? []) as Finding[];
/** They are the registry's; a client reads what was tried. */
export function withoutFindings({ details, ...failure }: Failure): Failure {
  if (!details) return failure;
  const { findings: _, ...rest } = details;
  return { ...failure, details: rest };
}
/** A failure carries the picture of its page. */
export const picturesOf = ({ error }: CommandContext) => (error?.details?.artifacts ?? []) as ArtifactRef[];
export const healedIn = ({ findings }: CommandContext): Finding[] =>
  (findings ?? []).filter(({ state }) => state === 'healed');
export const describeHealed = ({ name, healed }: Finding) =>
  `@${name} (nothing matches it; the nearest is ${healed?.selector}, likeness ${healed?.likeness})`;

export function quarantineFailure(context: CommandContext, name: string, why: string): Failure {
  const { platform } = context.envelope.target;
  const finding = healedIn(context).find((one) => one.name === name);
  return {
    code: 'SELECTOR_QUARANTINED',
    message: `nothing on the page matches '@${name}' of '${platform}'; the nearest is ${finding?.healed?.selector}, and ${why}`,
    details: { name, platform, selector: finding?.healed?.selector, tried: finding?.tried }
  };
}

export const lostTooOften: Failure = {
  code: 'DRIVER_LOST',
  message: `its browser was lost ${LOSS_LIMIT} times; see the driver's log`
};

export const noBrowser: Failure = {
  code: 'QUEUE_TIMEOUT',
  message: 'its browser was lost and no other became free in time'
};
