/** When an action that polls is looked at again, and when no more: pure, over what the command remembers. */
import type { Failure } from '../schemas/errors.ts';
import type { CommandContext, PollingContext } from './command-context.ts';
import { timeOf } from './command-records.ts';

/** As the schema has them. */
const DEFAULTS = { everyMs: 5_000, backoff: 1.5, maxEveryMs: 60_000, limitMs: 1_800_000 };

/** The page could not be looked at just now: that says nothing about what it will show. */
const PASSING = ['NAVIGATION_FAILED', 'NAVIGATION_TIMEOUT', 'STEP_TIMEOUT'];

type With = { context: CommandContext; event: object };

const actionAt = ({ flow, index }: CommandContext) => flow?.actions[index];

/** Of the action at hand; null before its first rest. */
function pollingOf(context: CommandContext): PollingContext | null {
  const { polling = null } = context;
  return polling?.action === actionAt(context)?.attempt ? polling : null;
}

/** Nobody has asked it to end, and its time is not up. */
function hasTime({ context, event }: With): boolean {
  const poll = actionAt(context)?.poll;
  if (!poll || context.stop !== null) return false;
  const since = pollingOf(context)?.since ?? timeOf(event);
  return timeOf(event) < since + (poll.limitMs ?? DEFAULTS.limitMs);
}

/** It was looked at, and it is too early. */
export const isPending = ({ context, event }: With): boolean =>
  context.verdict?.pending === true && hasTime({ context, event });

/** It could not be looked at, and may be the next time. */
export const failedToLook = ({ context, event }: With): boolean =>
  PASSING.includes((event as { error?: Failure }).error?.code ?? '') && hasTime({ context, event });

/** In a dry run: what was to bring it about was looked at and not done, so there is nothing to wait for. */
export function awaitsSkipped({ context }: { context: CommandContext }): boolean {
  const { envelope, flow, index, actions } = context;
  if (!envelope.dry_run || !flow?.actions.slice(0, index + 1).some(({ poll }) => poll !== undefined)) return false;
  return actions.some(({ effect, outcome }) => effect === 'write' && outcome === null);
}

/** How long it rests now: longer each time, and never past its last look. */
export function notedRest({ context, event }: With): Partial<CommandContext> {
  const action = actionAt(context);
  if (!action?.poll) return {};
  const { everyMs, backoff, maxEveryMs, limitMs } = { ...DEFAULTS, ...action.poll };
  const now = timeOf(event);
  const { since, looks } = pollingOf(context) ?? { since: now, looks: 0 };
  const wanted = Math.min(everyMs * backoff ** looks, Math.max(everyMs, maxEveryMs));
  const restMs = Math.round(Math.max(1, Math.min(wanted, since + limitMs - now)));
  const nextLookAt = new Date(now + restMs).toISOString();
  const failure = (event as { error?: Failure }).error;
  const seen = failure ? `it could not be looked at (${failure.message})` : `'${action.verify?.as}' does not hold yet`;
  return {
    lease: null,
    // What is looked at again and again may lose a browser now and then.
    losses: 0,
    polling: { action: action.attempt, since, looks: looks + 1, restMs, nextLookAt },
    why: `${action.attempt}: ${seen}; it is looked at again at ${nextLookAt}`
  };
}

/** For the failure of what polled in vain: how long. */
export function polledFor(context: CommandContext, now: number): string {
  const polling = pollingOf(context);
  if (!polling) return '';
  return `, after ${polling.looks + 1} looks in ${Math.round((now - polling.since) / 1000)} s`;
}
