import { assign, setup } from 'xstate';
import type { ApprovalPreview } from '../schemas/generated/contracts.ts';
import {
  type ApprovalDecide,
  type ApprovalWithdraw,
  type EditedAction,
  hostActions,
  type Record_
} from './protocol.ts';

export interface ApprovalInput {
  approvalId: string;
  commandId: string;
  correlationId: string;
  sessionId: string | null;
  accountId: string | null;
  platform: string;
  /** SHA-256 of exactly what would be let out; an answer counts for nothing else. */
  actionHash: string;
  preview: ApprovalPreview;
  /** ms since 1970 */
  expiresAt: number;
  at: number;
}

export interface ApprovalContext extends Omit<ApprovalInput, 'at'> {
  /** What was allowed in its place. */
  edited: EditedAction | null;
  decidedBy: string | null;
  note: string | null;
  why: string | null;
  createdAt: number;
  decidedAt: number | null;
}

type Timed<E> = E & { at: number };

const answered = {
  telemetry: {
    type: 'approval.changed',
    take: { action_hash: 'actionHash', edited: 'edited', decided_by: 'decidedBy', note: 'note' }
  }
};

const tellCommand = (state: 'ALLOWED' | 'DENIED' | 'EXPIRED') => ({
  type: 'tell' as const,
  params: ({ context }: { context: ApprovalContext }) => ({
    to: `command/${context.commandId}`,
    event: {
      type: 'approval.resolved',
      approvalId: context.approvalId,
      actionHash: context.edited?.actionHash ?? context.actionHash,
      state,
      note: context.note,
      ...(context.edited ? { edited: { params: context.edited.params, reaches: context.edited.reaches } } : {})
    }
  })
});

/** In the audit log: who let out what, by its hash. */
const noted = (action: string, outcome: string) => ({
  type: 'record' as const,
  params: ({ context }: { context: ApprovalContext }): Record_ => ({
    into: 'audit',
    row: {
      action,
      outcome,
      service: context.decidedBy,
      detail: { action_hash: context.actionHash, edited_hash: context.edited?.actionHash ?? null }
    }
  })
});

/**
 * One question to a person: may exactly this reach other people?
 *
 * ```
 * PENDING ──approval.decide allow──▶ ALLOWED
 *    ├─────approval.decide deny────▶ DENIED
 *    ├─────after expiry────────────▶ EXPIRED
 *    └─────approval.withdraw───────▶ WITHDRAWN   (its command ended: cancelled, or late)
 * ```
 * The first answer wins: the answered states accept nothing more. Who allows may edit: then what counts is the edited
 * action and its hash, and both stay readable.
 */
export const approvalMachine = setup({
  types: {
    input: {} as ApprovalInput,
    context: {} as ApprovalContext,
    events: {} as Timed<ApprovalDecide> | Timed<ApprovalWithdraw>
  },
  actions: {
    ...hostActions,
    decide: assign(({ event }) =>
      event.type === 'approval.decide'
        ? {
            decidedBy: event.by,
            note: event.note ?? null,
            edited: event.decision === 'allow' ? (event.edited ?? null) : null,
            decidedAt: event.at,
            why: null
          }
        : {}
    ),
    close: assign({ decidedAt: ({ event }) => event.at, why: (_, params: { why: string }) => params.why }),
    withdraw: assign(({ event }) =>
      event.type === 'approval.withdraw'
        ? { decidedAt: event.at, why: `withdrawn: ${event.reason ?? 'its command was cancelled'}` }
        : {}
    )
  },
  guards: {
    allows: ({ event }) => event.type === 'approval.decide' && event.decision === 'allow'
  },
  delays: { expiry: ({ context }) => context.expiresAt - context.createdAt }
}).createMachine({
  id: 'approval',
  meta: {
    telemetry: { type: 'approval.changed', take: { action_hash: 'actionHash', preview: 'preview' } },
    subject: {
      correlation_id: 'correlationId',
      command_id: 'commandId',
      session_id: 'sessionId',
      account_id: 'accountId',
      platform: 'platform'
    }
  },
  context: ({ input: { at, ...input } }) => ({
    ...input,
    edited: null,
    decidedBy: null,
    note: null,
    why: 'waiting for a person to allow or deny it',
    createdAt: at,
    decidedAt: null
  }),
  initial: 'PENDING',
  states: {
    PENDING: {
      entry: noted('approval.asked', 'PENDING'),
      on: {
        'approval.decide': [
          { guard: 'allows', target: 'ALLOWED', actions: 'decide' },
          { target: 'DENIED', actions: 'decide' }
        ],
        'approval.withdraw': { target: 'WITHDRAWN', actions: 'withdraw' }
      },
      after: { expiry: { target: 'EXPIRED', actions: { type: 'close', params: { why: 'nobody answered in time' } } } }
    },
    ALLOWED: { type: 'final', meta: answered, entry: [tellCommand('ALLOWED'), noted('approval.decided', 'ALLOWED')] },
    DENIED: { type: 'final', meta: answered, entry: [tellCommand('DENIED'), noted('approval.decided', 'DENIED')] },
    EXPIRED: { type: 'final', meta: answered, entry: [tellCommand('EXPIRED'), noted('approval.expired', 'EXPIRED')] },
    WITHDRAWN: { type: 'final', meta: answered, entry: noted('approval.withdrawn', 'WITHDRAWN') }
  }
});
