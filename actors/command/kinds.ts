import { approvalMachine } from '../../machines/approval.ts';
import { commandMachine } from '../../machines/command.ts';
import type { ActionInput, AttemptedOutput, PreparedOutput, VerifiedOutput } from '../../machines/command-context.ts';
import { selectorMachine } from '../../machines/selector.ts';
import { sessionMachine } from '../../machines/session.ts';
import type { SessionInput as SessionBirth } from '../../machines/session-context.ts';
import type { ActionRun, StepExecutor } from '../executor/contract.ts';
import { resolveAction, withDefaults } from '../executor/resolve.ts';
import type { ActorKind, Journal } from '../host/contract.ts';
import { effect } from '../host/effect.ts';
import { keepLogin, sessionEffects } from '../profile/hands.ts';
import type { Profiles } from '../profile/profiles.ts';

/** What a session actor is born with; the host adds when. */
export type SessionInput = Omit<SessionBirth, 'at'>;

export interface CommandHands {
  executor: StepExecutor;
  /** For the ledger of what was attempted before. */
  journal: Pick<Journal, 'find'>;
  /** Stored logins; without them no session may be made that keeps its profile. */
  profiles?: Profiles;
}

/** The durable kinds: commands with the executor for hands, sessions and approvals, which touch nothing themselves. */
export const commandKinds = (hands: CommandHands): ActorKind[] => [
  { kind: 'command', machine: commandMachine.provide({ actors: commandEffects(hands) }), durable: true },
  {
    kind: 'session',
    machine: hands.profiles ? sessionMachine.provide({ actors: sessionEffects(hands.profiles) }) : sessionMachine,
    durable: true
  },
  { kind: 'approval', machine: approvalMachine, durable: true },
  { kind: 'selector', machine: selectorMachine, durable: true }
];

/** All outside work of one command. */
export const commandEffects = ({ executor, journal, profiles }: CommandHands) => ({
  prepare: effect<ActionInput, PreparedOutput>(async ({ input, signal }) => {
    const run = actionRun(input);
    const prepared = await executor.prepare(run, signal);
    return { ...prepared, earlier: await attemptedBefore(journal, prepared.dedupeKey, run) };
  }),
  attempt: effect<ActionInput, AttemptedOutput>(async ({ input, signal, effect }) =>
    executor.attempt(actionRun(input), effect, signal)
  ),
  verify: effect<ActionInput, VerifiedOutput>(async ({ input, signal }) =>
    keepLogin(profiles, input, await executor.verify(actionRun(input), signal), signal)
  ),
  reconcile: effect<ActionInput, VerifiedOutput>(async ({ input, signal }) =>
    keepLogin(profiles, input, await executor.reconcile(actionRun(input), signal), signal)
  )
});

/** Params are put in here, once: what a person wrote is never read as a placeholder again. */
function actionRun({ params, paramsSchema, action, before, ...input }: ActionInput): ActionRun {
  const all = withDefaults({ params: paramsSchema }, params);
  return {
    ...input,
    params: all,
    action: resolveAction(action, all),
    before: before.map((earlier) => resolveAction(earlier, all))
  };
}

/** Another command's try at this very action. One that provably did nothing does not stand in the way. */
async function attemptedBefore(journal: Pick<Journal, 'find'>, dedupeKey: string, run: ActionRun) {
  if (run.action.effect !== 'write') return null;
  const [row] = await journal.find('ledger', { dedupe_key: dedupeKey }, 1);
  if (!row || row.command_id === run.commandId || row.state === 'VERIFICATION_FAILED') return null;
  return { commandId: row.command_id, state: row.state };
}
