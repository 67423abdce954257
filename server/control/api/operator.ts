import type Router from '@koa/router';
import { ControlError } from '../../../schemas/errors.ts';
import { demandAccount } from '../../auth/accounts.ts';
import { demand } from '../../auth/scopes.ts';
import { assertShallow, compileForeign, parse } from '../../contracts.ts';
import { builtInKinds } from '../built-in-kinds.ts';
import type { Control } from '../deps.ts';
import { operatorEvents } from '../operator-events.ts';
import { asks, clientOf, jsonBody } from '../request.ts';
import { actorSummary } from './actors.ts';

const told = Object.fromEntries(
  Object.entries(operatorEvents).map(([kind, events]) => [
    kind,
    Object.fromEntries(Object.entries(events).map(([type, schema]) => [type, compileForeign(schema)]))
  ])
);

/** POST /v1/actors/supervisor/main/events and /v1/actors/driver/{slot}/events; scopes actor:supervisor, actor:driver. */
export function operatorRoutes(router: Router, { host, tokens, limits }: Control): void {
  for (const [kind, events] of Object.entries(told)) {
    router.post(`/v1/actors/${kind}/:id/events`, asks(tokens), jsonBody(limits.bodyBytes), async (ctx) => {
      demand(clientOf(ctx).scopes, `actor:${kind}`);
      // They serve all accounts.
      demandAccount(clientOf(ctx), null);
      const sent = ctx.request.body;
      assertShallow(sent, 'the event');
      const { type, ...fields } = parse.actorEvent(sent);
      const check = Object.hasOwn(events, type) ? events[type] : undefined;
      if (!check) throw new ControlError('KIND_CLOSED', { kind, way: builtInKinds[kind] as string });
      const errors = check(fields, '');
      if (errors.length > 0) throw new ControlError('VALIDATION_FAILED', { what: `the event '${type}'`, errors });
      ctx.body = actorSummary(await host.send(`${kind}/${ctx.params.id}`, { type, ...fields }));
      ctx.status = 202;
    });
  }
}
