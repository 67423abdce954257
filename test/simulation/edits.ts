import { type EditedAction, planApproval } from '../../actors/command/approval-plan.ts';
import type { ActorView } from '../../actors/host/contract.ts';
import type { CommandEnvelope, Flow, Reach } from '../../schemas/generated/contracts.ts';

/** What somebody lets out instead of what was asked for, as `POST /v1/approvals/{id}` says it to the approval. */
export function editedMessage(command: ActorView, text: string): EditedAction {
  const { flow, envelope, reaches } = command.context as { flow: Flow; envelope: CommandEnvelope; reaches: Reach[] };
  const params = { ...(envelope.payload.params as Record<string, unknown>), text };
  const next = { ...envelope, payload: { ...envelope.payload, params } };
  return { params, changed: { text }, ...planApproval(flow, next, reaches), reaches };
}
