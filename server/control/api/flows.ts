import type Router from '@koa/router';
import { ControlError } from '../../../schemas/errors.ts';
import type { Control } from '../deps.ts';
import { flowSummary } from '../flow-registry.ts';
import { readQuery, text } from '../query.ts';
import { asks, jsonBody } from '../request.ts';
import { pageOf } from '../views.ts';

/** GET /v1/flows; GET, PUT /v1/flows/{name}. */
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
    const { flow, outcome } = await flows.put(ctx.params.name as string, ctx.request.body);
    ctx.status = outcome === 'created' ? 201 : 200;
    ctx.body = flow;
  });
}
