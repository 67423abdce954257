import type Router from '@koa/router';
import { type EditedAction, planApproval } from '../../../actors/command/approval-plan.ts';
import { reachesOf } from '../../../actors/command/reaches.ts';
import type { ActorView } from '../../../actors/host/contract.ts';
import { openParams, sealParams, unmasked } from '../../../actors/profile/secret-params.ts';
import { ControlError, isControlError } from '../../../schemas/errors.ts';
import type {
  ApprovalDecision,
  ApprovalPreview,
  CommandEnvelope,
  Reach
} from '../../../schemas/generated/contracts.ts';
import { seenBy, withinAccounts } from '../../auth/accounts.ts';
import { demand } from '../../auth/scopes.ts';
import type { Client } from '../../auth/tokens.ts';
import { parse } from '../../contracts.ts';
import { canonical } from '../canonical.ts';
import type { Control } from '../deps.ts';
import type { PinnedFlow } from '../flow-registry.ts';
import { actorQuery, listParameters } from '../listing.ts';
import { demandPast, readAt } from '../past.ts';
import { cursor, readQuery, text } from '../query.ts';
import { asks, clientOf, jsonBody } from '../request.ts';
import { approvalView, factsOf, pageOf } from '../views.ts';

const STATES = ['PENDING', 'ALLOWED', 'DENIED', 'EXPIRED', 'WITHDRAWN'];
const MEANS = { allow: 'ALLOWED', deny: 'DENIED' } as const;

/** GET /v1/approvals; GET, POST /v1/approvals/{id}. */
export function approvalRoutes(router: Router, control: Control): void {
  const { host, tokens, limits } = control;

  router.get('/v1/approvals', asks(tokens, 'read:approvals'), async (ctx) => {
    const { command_id, ...query } = readQuery(ctx.query, {
      ...listParameters(limits, STATES),
      command_id: text,
      session_id: text,
      correlation_id: text
    });
    await demandPast(control, query.at);
    const { items, next } = await host.journal.queryActors({
      ...withinAccounts(clientOf(ctx), actorQuery('approval', limits, query)),
      ...(command_id === undefined ? {} : { context: { commandId: command_id } })
    });
    ctx.body = pageOf(
      items.map((record) => approvalView(factsOf(record))),
      next
    );
  });

  router.get('/v1/approvals/:id', asks(tokens, 'read:approvals'), async (ctx) => {
    const { at } = readQuery(ctx.query, { at: cursor });
    ctx.body = approvalView(await find(control, ctx.params.id as string, clientOf(ctx), at));
  });

  router.post('/v1/approvals/:id', asks(tokens), jsonBody(limits.bodyBytes), async (ctx) => {
    const client = clientOf(ctx);
    const approval = await find(control, ctx.params.id as string, client);
    demand(client.scopes, `approve:${approvalView(approval).preview.flow}`);
    ctx.body = approvalView(await decide(control, approval, parse.approvalDecision(ctx.request.body), client));
  });
}

async function find(control: Control, approvalId: string, client: Client, at?: number) {
  const approval = seenBy(client, await readAt(control, `approval/${approvalId}`, at));
  if (!approval) throw new ControlError('APPROVAL_NOT_FOUND', { approvalId });
  return approval;
}

/** The first answer wins; the same answer again finds it given. */
async function decide(
  control: Control,
  approval: ActorView,
  { decision, note, edited }: ApprovalDecision,
  client: Client
): Promise<ActorView> {
  const edit = edited === undefined ? null : await editOf(control, approval, edited);
  const answer = { decision, hash: edit?.actionHash ?? approvalView(approval).action_hash };
  if (approval.status !== 'active') return settled(approval, answer);
  try {
    const event = {
      type: 'approval.decide',
      decision,
      by: client.service,
      ...(note === undefined ? {} : { note }),
      ...(edit ? { edited: edit } : {})
    };
    return await control.host.send(approval.address, event);
  } catch (error) {
    if (!isControlError(error, 'EVENT_REJECTED')) throw error;
    return settled(await find(control, approval.id, client), answer);
  }
}

/** Who allows another text than was allowed gives another answer. */
function settled(
  approval: ActorView,
  { decision, hash }: { decision: ApprovalDecision['decision']; hash: string }
): ActorView {
  const { state, action_hash, edited } = approvalView(approval);
  const isSame = state === MEANS[decision] && (decision === 'deny' || hash === (edited?.action_hash ?? action_hash));
  if (!isSame) throw new ControlError('APPROVAL_DECIDED', { approvalId: approval.id, state });
  return approval;
}

/**
 * What would go out with these params instead; null when they are what was asked for.
 * @throws ControlError VALIDATION_FAILED with places under /edited
 */
async function editOf(
  { host, flows, selectors, profiles }: Control,
  approval: ActorView,
  edited: Record<string, unknown>
): Promise<EditedAction | null> {
  const { command_id } = approvalView(approval);
  // As it is kept: in what is shown, secrets are masked.
  const { preview } = approval.context as { preview: ApprovalPreview };
  const command = await host.read(`command/${command_id}`);
  const { flow, envelope } = (command?.context ?? {}) as { flow?: PinnedFlow; envelope?: CommandEnvelope };
  if (!flow || !envelope) throw new ControlError('COMMAND_NOT_FOUND', { commandId: command_id });
  // Of the question as it was asked: an edit that was let out is no longer what is edited.
  const { params: asked } = openParams(profiles.ring, flow.params, structuredClone(preview.params), command_id);
  const params = { ...asked, ...(unmasked(edited, asked) as Record<string, unknown>) };
  const errors = flows
    .misfits(flow, params)
    .map(({ path, message }) => ({ path: path.replace(/^\/payload\/params/, '/edited'), message }));
  if (errors.length > 0) throw new ControlError('VALIDATION_FAILED', { what: `the edit of '${flow.name}'`, errors });
  const differs = (name: string) => canonical(params[name]) !== canonical(asked[name]);
  if (!Object.keys(params).some(differs)) return null;
  // What stays keeps its seal, so that the same edit again is the same answer but for a secret.
  const fresh = sealParams(profiles, flow.params, params, command_id);
  const sealed = Object.fromEntries(
    Object.keys(params).map((name) => [name, differs(name) ? fresh[name] : preview.params[name]])
  );
  const changed = Object.fromEntries(Object.entries(sealed).filter(([name]) => differs(name)));
  const registry = selectors.get(envelope.target.platform);
  // What was a message stays one, and what was none becomes one where the edit leads it among messages.
  const before = (command?.context.reaches ?? []) as Reach[];
  const now = reachesOf(flow, { params, registry, isTrusted: true });
  const reaches = now.map((reach, i) => (before[i] === 'message' ? 'message' : reach));
  const read = flow.actions.find(({ effect }, i) => effect === 'read' && reaches[i] !== 'nobody');
  if (read) {
    const message = `would make a message of ${read.attempt}, which is only read; send a new command instead`;
    throw new ControlError('VALIDATION_FAILED', { what: 'the edit', errors: [{ path: '/edited', message }] });
  }
  const next = { ...envelope, payload: { ...envelope.payload, params: sealed } };
  return { params: sealed, changed, ...planApproval(flow, next, reaches), reaches };
}
