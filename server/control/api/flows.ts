import type Router from '@koa/router';
import { acts } from '../../../actors/command/reaches.ts';
import { ControlError } from '../../../schemas/errors.ts';
import type { Flow, Reach } from '../../../schemas/generated/contracts.ts';
import { allows } from '../../auth/scopes.ts';
import { whoOf } from '../audited.ts';
import type { Control } from '../deps.ts';
import { checkFlow, flowSummary, runsScript } from '../flow-registry.ts';
import { choice, readQuery, text } from '../query.ts';
import { asks, clientOf, jsonBody } from '../request.ts';
import { pageOf } from '../views.ts';

/** GET /v1/flows; GET, PUT /v1/flows/{name}: a flow, or a recording of the Chrome DevTools Recorder as it is. */
export function flowRoutes(router: Router, { flows, tokens, limits }: Control): void {
  router.get('/v1/flows', asks(tokens, 'read:flows'), (ctx) => {
    const { platform } = readQuery(ctx.query, { platform: text });
    const found = flows
      .list()
      .filter(({ platforms }) => !platform || platforms.includes('*') || platforms.includes(platform));
    ctx.body = pageOf(found.map(flowSummary), null);
  });

  router.get('/v1/flows/:name', asks(tokens, 'read:flows'), (ctx) => {
    const name = ctx.params.name as string;
    const flow = flows.get(name);
    if (!flow) throw new ControlError('FLOW_NOT_FOUND', { flow: name });
    ctx.body = flow;
  });

  router.put('/v1/flows/:name', asks(tokens, 'flows:write'), jsonBody(limits.bodyBytes), async (ctx) => {
    const name = ctx.params.name as string;
    const { reaches } = readQuery(ctx.query, { reaches: choice(REACHES) });
    const asked = saying(checkFlow(ctx.request.body, name), reaches);
    // Whoever may run it would run it with this client's script.
    if (runsScript(asked) && !allows(clientOf(ctx).scopes, 'script')) {
      throw new ControlError('SCRIPT_FORBIDDEN', { step: `flow '${name}'` });
    }
    const claim = lessThanMessage(asked);
    if (claim && !flows.has(asked) && !allows(clientOf(ctx).scopes, 'admin')) {
      throw new ControlError('REACH_FORBIDDEN', { flow: name, action: claim.attempt, reaches: claim.reaches as Reach });
    }
    const { flow, outcome } = await flows.put(name, asked, whoOf(clientOf(ctx)));
    ctx.status = outcome === 'created' ? 201 : 200;
    ctx.body = flow;
  });
}

const REACHES: Reach[] = ['nobody', 'like', 'follow', 'comment', 'post', 'message'];

/** What a recording cannot say of itself: whom its clicks reach, where an action does not say. */
const saying = (flow: Flow, reaches: Reach | undefined): Flow =>
  reaches === undefined
    ? flow
    : { ...flow, actions: flow.actions.map((action) => (acts(action) ? { reaches, ...action } : action)) };

/** An action that acts and is said to be no message: whoever says so is believed. */
const lessThanMessage = ({ actions }: Flow) =>
  actions.find((action) => acts(action) && action.reaches !== undefined && action.reaches !== 'message');
