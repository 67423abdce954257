/** What a command leaves in the tables beside its own record, each row in the transaction of the step that says so. */
import type { Failure } from '../schemas/errors.ts';
import type { ActionResult } from '../schemas/generated/contracts.ts';
import { type CommandContext, UNSENT } from './command-context.ts';
import type { Record_ } from './protocol.ts';
import { seenRecords } from './seen-records.ts';

type With = { context: CommandContext };
type State = 'ATTEMPTED' | 'VERIFIED' | 'VERIFICATION_FAILED' | 'UNKNOWN';

/** Every event the host delivers carries when it was taken. */
export const timeOf = (event: unknown): number => (event as { at: number }).at;

/** Of a write: that it was attempted, and what came of it. */
function ledgerRow({ current, commandId }: CommandContext, at: number, state: State): Record_[] {
  if (current?.effect !== 'write' || !current.dedupe_key) return [];
  return [
    {
      into: 'ledger',
      row: {
        dedupe_key: current.dedupe_key,
        command_id: commandId,
        action: current.name,
        effect_id: state === 'ATTEMPTED' ? UNSENT : null,
        state,
        updated_at: at
      }
    }
  ];
}

interface Reason {
  code: string | null;
  message: string | null;
}
const reasonOf = (failure: Failure | null): Reason => ({
  code: failure?.code ?? null,
  message: failure?.message ?? null
});

/** Of any action: what GET /v1/actions shows. */
function actionRow(context: CommandContext, current: ActionResult, at: number, outcome: string, why: Reason): Record_ {
  const { commandId, correlationId, sessionId, envelope, flow, verdict } = context;
  return {
    into: 'actions',
    row: {
      command_id: commandId,
      name: current.name,
      effect: current.effect,
      flow: flow?.name ?? null,
      correlation_id: correlationId,
      session_id: sessionId,
      account_id: envelope.target.account_id ?? null,
      platform: envelope.target.platform,
      attempts: current.attempts,
      outcome,
      already_done: current.already_done ? 1 : 0,
      verify_as: current.verify_as ?? null,
      dedupe_key: current.dedupe_key ?? null,
      why: why.message,
      error_code: why.code,
      proofs: JSON.stringify(current.proofs),
      artifacts: JSON.stringify((verdict?.artifacts ?? []).map(({ id }) => id)),
      extracted: current.extracted ? JSON.stringify(current.extracted) : null,
      created_at: at,
      updated_at: at
    }
  };
}

function whyOf({ attemptError, verdict }: CommandContext, state: State): Reason {
  if (state === 'ATTEMPTED' || state === 'VERIFIED') return reasonOf(null);
  const code = state === 'UNKNOWN' ? 'OUTCOME_UNKNOWN' : 'VERIFICATION_FAILED';
  return { code: attemptError?.code ?? code, message: verdict?.why ?? attemptError?.message ?? null };
}

/** The ledger and the list of actions hear of each turn of the action at hand. */
export const ledger = (state: State) => ({
  type: 'record' as const,
  params: ({ context, event }: With & { event: unknown }): Record_[] => {
    const { current } = context;
    if (!current) return [];
    const at = timeOf(event);
    const outcome = state === 'ATTEMPTED' ? 'PENDING' : state;
    return [
      ...ledgerRow(context, at, state),
      actionRow(context, current, at, outcome, whyOf(context, state)),
      ...(state === 'VERIFIED' ? seenRecords(context, at) : [])
    ];
  }
});

/** What came of it, for the audit log. */
export const ended = (state: 'SUCCEEDED' | 'FAILED' | 'CANCELLED') => ({
  type: 'record' as const,
  params: ({ context: { actions, error } }: With): Record_ => ({
    into: 'audit',
    row: {
      action: 'command.ended',
      outcome: state,
      detail: {
        code: error?.code ?? null,
        actions: actions.map(({ name, outcome, attempts }) => ({ name, outcome, attempts }))
      }
    }
  })
});

/** The command ends with an action at hand: what is not known of it by now will not be. */
export const closeAction = {
  type: 'record' as const,
  params: ({ context, event }: With & { event: unknown }): Record_[] => {
    const { current, error } = context;
    if (!current) return [];
    const why = current.outcome === null ? reasonOf(error) : whyOf(context, current.outcome);
    return [actionRow(context, current, timeOf(event), current.outcome ?? 'NONE', why)];
  }
};
