import type Router from '@koa/router';
import { ControlError } from '../../../schemas/errors.ts';
import { demandAccount } from '../../auth/accounts.ts';
import { demand } from '../../auth/scopes.ts';
import { assertShallow, compileForeign, parse } from '../../contracts.ts';
import { builtInKinds } from '../built-in-kinds.ts';
import type { Control } from '../deps.ts';
import { asks, clientOf, jsonBody } from '../request.ts';
import { actorSummary } from './actors.ts';

const nothing = { type: 'object', additionalProperties: false, properties: {} };

/** What an operator may tell the actors that keep the browsers, and what may come with it. */
const told: Record<string, Record<string, ReturnType<typeof compileForeign>>> = {
  supervisor: {
    // No new sessions; what runs may finish. The process stays up, and gives no more browsers.
    'supervisor.drain': compileForeign({
      ...nothing,
      properties: { within_ms: { type: 'integer', minimum: 0, maximum: 86_400_000 } }
    })
  },
  driver: {
    // What a slot waits for a person for is mended; or its quarantine should end now.
    'driver.retry': compileForeign(nothing)
  }
};

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
