import type Router from '@koa/router';
import { ControlError } from '../../../schemas/errors.ts';
import { allows } from '../../auth/scopes.ts';
import type { Control } from '../deps.ts';
import { checkFlow, flowSummary, runsScript } from '../flow-registry.ts';
import { readQuery, text } from '../query.ts';
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
    const asked = checkFlow(ctx.request.body, name);
    // Whoever may run it would run it with this client's script.
    if (runsScript(asked) && !allows(clientOf(ctx).scopes, 'script')) {
      throw new ControlError('SCRIPT_FORBIDDEN', { step: `flow '${name}'` });
    }
    const { flow, outcome } = await flows.put(name, asked);
    ctx.status = outcome === 'created' ? 201 : 200;
    ctx.body = flow;
  });
}
