import type Router from '@koa/router';
import type { ActorView } from '../../../actors/host/contract.ts';
import { ControlError, isControlError } from '../../../schemas/errors.ts';
import type { ApprovalDecision } from '../../../schemas/generated/contracts.ts';
import { seenBy, withinAccounts } from '../../auth/accounts.ts';
import { demand } from '../../auth/scopes.ts';
import type { Client } from '../../auth/tokens.ts';
import { parse } from '../../contracts.ts';
import type { Control } from '../deps.ts';
import { actorQuery, listParameters } from '../listing.ts';
import { readQuery, text } from '../query.ts';
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
    ctx.body = approvalView(await find(control, ctx.params.id as string, clientOf(ctx)));
  });

  router.post('/v1/approvals/:id', asks(tokens), jsonBody(limits.bodyBytes), async (ctx) => {
    const client = clientOf(ctx);
    const approval = await find(control, ctx.params.id as string, client);
    demand(client.scopes, `approve:${approvalView(approval).preview.flow}`);
    ctx.body = approvalView(await decide(control, approval, parse.approvalDecision(ctx.request.body), client));
  });
}

async function find({ host }: Control, approvalId: string, client: Client) {
  const approval = seenBy(client, await host.read(`approval/${approvalId}`));
  if (!approval) throw new ControlError('APPROVAL_NOT_FOUND', { approvalId });
  return approval;
}

/** The first answer wins; the same answer again finds it given. */
async function decide(
  control: Control,
  approval: ActorView,
  { decision, note }: ApprovalDecision,
  client: Client
): Promise<ActorView> {
  if (approval.status !== 'active') return settled(approval, decision);
  try {
    const event = { type: 'approval.decide', decision, by: client.service, ...(note === undefined ? {} : { note }) };
    return await control.host.send(approval.address, event);
  } catch (error) {
    if (!isControlError(error, 'EVENT_REJECTED')) throw error;
    return settled(await find(control, approval.id, client), decision);
  }
}

function settled(approval: ActorView, decision: ApprovalDecision['decision']): ActorView {
  const { state } = approvalView(approval);
  if (state !== MEANS[decision]) throw new ControlError('APPROVAL_DECIDED', { approvalId: approval.id, state });
  return approval;
}
