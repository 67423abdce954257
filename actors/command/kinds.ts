import { accountMachine } from '../../machines/account.ts';
import { alertMachine } from '../../machines/alert.ts';
import { approvalMachine } from '../../machines/approval.ts';
import { commandMachine } from '../../machines/command.ts';
import {
  type ActionInput,
  type AttemptedOutput,
  type PreparedOutput,
  UNSENT,
  type VerifiedOutput
} from '../../machines/command-context.ts';
import { type RecipeInput as RecipeBirth, recipeMachine } from '../../machines/recipe.ts';
import { selectorMachine } from '../../machines/selector.ts';
import { sessionMachine } from '../../machines/session.ts';
import type { SessionInput as SessionBirth } from '../../machines/session-context.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { ActionRun, StepExecutor } from '../executor/contract.ts';
import { resolveAction, withDefaults } from '../executor/resolve.ts';
import type { ActorKind, Journal, Write } from '../host/contract.ts';
import { effect } from '../host/effect.ts';
import { keepLogin, sessionEffects } from '../profile/hands.ts';
import type { KeyRing } from '../profile/key-ring.ts';
import type { Profiles } from '../profile/profiles.ts';
import { openParams, withoutSecrets } from '../profile/secret-params.ts';

/** What a session actor is born with; the host adds when. */
export type SessionInput = Omit<SessionBirth, 'at'>;
/** The same of a recipe. */
export type RecipeInput = Omit<RecipeBirth, 'at'>;

export interface CommandHands {
  executor: StepExecutor;
  /** For the ledger of what was attempted before. */
  journal: Pick<Journal, 'find'>;
  /**
   * Writes rows durably. With it an attempt notes in the ledger that it is about to send, so that one that was cut off
   * before is known to have done nothing.
   */
  write?: (writes: Write[]) => Promise<void>;
  /** Opens what is sealed among a command's params; without it nothing is. */
  ring?: KeyRing;
  /** Stored logins; without them no session may be made that keeps its profile. */
  profiles?: Profiles;
}

/** The durable kinds: commands with the executor for hands, the others, which touch nothing themselves. */
export const commandKinds = (hands: CommandHands): ActorKind[] => [
  { kind: 'command', machine: commandMachine.provide({ actors: commandEffects(hands) }), durable: true },
  {
    kind: 'session',
    machine: hands.profiles ? sessionMachine.provide({ actors: sessionEffects(hands.profiles) }) : sessionMachine,
    durable: true
  },
  { kind: 'approval', machine: approvalMachine, durable: true },
  { kind: 'account', machine: accountMachine, durable: true },
  { kind: 'selector', machine: selectorMachine, durable: true },
  { kind: 'recipe', machine: recipeMachine, durable: true },
  { kind: 'alert', machine: alertMachine, durable: true }
];

/** All outside work of one command. */
export const commandEffects = ({ executor, journal, profiles, write, ring }: CommandHands) => {
  /** Only who notes what is sent can say that something was not. */
  const isUnsent = async ({ action, commandId, dedupeKey }: ActionInput): Promise<boolean> => {
    if (!write || action.effect !== 'write' || dedupeKey === null) return false;
    const [row] = await journal.find('ledger', { dedupe_key: dedupeKey }, 1);
    return row?.command_id === commandId && row.effect_id === UNSENT;
  };
  /** Of an attempt that was broken off: whether anything of it was sent, where nothing proves that it was done. */
  const withSent = async (found: VerifiedOutput, input: ActionInput): Promise<VerifiedOutput> =>
    found.outcome === 'VERIFICATION_FAILED' && input.brokenOff && (await isUnsent(input))
      ? { ...found, sent: false }
      : found;

  /** What comes of an action, without the secrets that went into it: a page may show them again, and so may an error. */
  const running = async <T>(input: ActionInput, use: (run: ActionRun) => Promise<T>): Promise<T> => {
    const { run, secrets } = actionRun(input, ring);
    try {
      const came = await use(run);
      return secrets.length === 0 ? came : (withoutSecrets(came, secrets) as T);
    } catch (error) {
      throw secrets.length === 0 ? error : silenced(error, secrets);
    }
  };

  return {
    prepare: effect<ActionInput, PreparedOutput>(async ({ input, signal }) =>
      running(input, async (run) => {
        const prepared = await executor.prepare(run, signal);
        return { ...prepared, earlier: await attemptedBefore(journal, prepared.dedupeKey, run) };
      })
    ),
    attempt: effect<ActionInput, AttemptedOutput>(async ({ input, signal, effect }) =>
      running(input, (run) =>
        executor.attempt(
          run,
          { ...effect, ...(write && { sending: () => noteSending(write, input, effect.id) }) },
          signal
        )
      )
    ),
    verify: effect<ActionInput, VerifiedOutput>(async ({ input, signal }) => {
      const verified = await running(input, (run) => executor.verify(run, signal));
      // Without a predicate anything is verified that did not fail; this did.
      const isUnproved = input.action.effect === 'write' && input.brokenOff && input.action.verify === undefined;
      const found = isUnproved
        ? { ...verified, outcome: 'VERIFICATION_FAILED' as const, why: verified.why ?? NO_PREDICATE, unproved: true }
        : verified;
      return keepLogin(profiles, input, await withSent(found, input), signal);
    }),
    reconcile: effect<ActionInput, VerifiedOutput>(async ({ input, signal }) => {
      let found: VerifiedOutput;
      try {
        found = await running(input, (run) => executor.reconcile(run, signal));
      } catch (error) {
        // The flow says nothing by which it could be seen; the ledger may.
        if (!isControlError(error, 'OUTCOME_UNKNOWN') || !(await isUnsent(input))) throw error;
        found = { outcome: 'VERIFICATION_FAILED', why: NOTHING_SENT, proofs: [], artifacts: [] };
      }
      return keepLogin(profiles, input, await withSent(found, input), signal);
    })
  };
};

const NO_PREDICATE = 'the flow says nothing that would prove it';
const NOTHING_SENT = 'it was broken off before anything of it was sent';

/** In the ledger before anything leaves: a crash after this may have sent, one before certainly has not. */
const noteSending = (
  write: NonNullable<CommandHands['write']>,
  { commandId, action, dedupeKey }: ActionInput,
  effectId: string
): Promise<void> =>
  action.effect === 'write' && dedupeKey !== null
    ? write([
        {
          into: 'ledger',
          row: {
            dedupe_key: dedupeKey,
            command_id: commandId,
            action: action.attempt,
            effect_id: effectId,
            state: 'ATTEMPTED',
            updated_at: Date.now()
          }
        }
      ])
    : Promise.resolve();

/** Params are put in here, once: what a person wrote is never read as a placeholder again. */
function actionRun({ params, paramsSchema, action, before, ...input }: ActionInput, ring: KeyRing | undefined) {
  const given = withDefaults({ params: paramsSchema }, params);
  const { params: all, secrets } = ring
    ? openParams(ring, paramsSchema, given, input.commandId)
    : { params: given, secrets: [] };
  const run: ActionRun = {
    ...input,
    params: all,
    action: resolveAction(action, all),
    before: before.map((earlier) => resolveAction(earlier, all))
  };
  return { run, secrets };
}

/** The same failure in other words: its text is made of its details. */
function silenced(error: unknown, secrets: string[]): Error {
  if (isControlError(error)) {
    return new ControlError(error.code, withoutSecrets(error.details, secrets) as typeof error.details);
  }
  return new Error(String(withoutSecrets((error as Error)?.message ?? String(error), secrets)));
}

/** Another command's try at this very action. One that provably did nothing does not stand in the way. */
async function attemptedBefore(journal: Pick<Journal, 'find'>, dedupeKey: string, run: ActionRun) {
  if (run.action.effect !== 'write') return null;
  const [row] = await journal.find('ledger', { dedupe_key: dedupeKey }, 1);
  if (!row || row.command_id === run.commandId || row.state === 'VERIFICATION_FAILED') return null;
  return { commandId: row.command_id, state: row.state };
}
