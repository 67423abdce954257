/** How a person is asked about a command: exactly what it would let out, and the hash that their answer is bound to. */
import { createHash } from 'node:crypto';
import { actionHash, canonical } from '../../machines/action-hash.ts';
import type { CommandInput } from '../../machines/command-context.ts';
import type { ApprovalPreview, CommandEnvelope, Flow, Reach } from '../../schemas/generated/contracts.ts';
import type { Params } from '../executor/placeholders.ts';
import { pagesOf } from './reaches.ts';

export type { EditedAction } from '../../machines/protocol.ts';
export { canonical };

/** SHA-256 of the canonical text, hex. */
export const canonicalHash = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('hex');

export type ApprovalPlan = NonNullable<CommandInput['approval']>;

/** @param flow as the command is pinned to it */
export function planApproval(
  flow: Flow,
  envelope: CommandEnvelope,
  reaches: Reach[]
): Pick<ApprovalPlan, 'actionHash' | 'preview'> {
  const params = (envelope.payload.params ?? {}) as Params;
  const writes = flow.actions.flatMap(({ attempt, effect }, i) =>
    effect === 'write' ? [[attempt, reaches[i] ?? 'nobody'] as const] : []
  );
  const preview: ApprovalPreview = {
    flow: flow.name,
    ...(flow.version === undefined ? {} : { flow_version: flow.version }),
    account_id: envelope.target.account_id ?? null,
    platform: envelope.target.platform,
    params,
    writes: writes.map(([name]) => name),
    reaches: Object.fromEntries(writes),
    pages: pagesOf(flow, params)
  };
  return { actionHash: actionHash(flow, envelope, canonicalHash), preview };
}
