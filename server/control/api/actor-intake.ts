import { randomUUID } from 'node:crypto';
import type Router from '@koa/router';
import { demandAccount } from '../../auth/accounts.ts';
import { demand } from '../../auth/scopes.ts';
import { parse } from '../../contracts.ts';
import { audited } from '../audited.ts';
import { canonicalHash } from '../canonical.ts';
import type { Control } from '../deps.ts';
import { asks, clientOf, jsonBody } from '../request.ts';
import { actorTeller, intakeFinder, operatedKinds } from '../tell-actor.ts';
import { actorSummary } from './actors.ts';

/**
 * POST /v1/actors/{kind}, for kinds that were registered with a schema; POST /v1/actors/{kind}/{id}/events, for these and for
 * what an operator tells the supervisor and the drivers. Scope actor:KIND.
 */
export function actorIntakeRoutes(router: Router, control: Control): void {
  const { host, tokens, limits } = control;
  const intakeOf = intakeFinder(control);
  const tell = actorTeller(control);

  router.post('/v1/actors/:kind', asks(tokens), jsonBody(limits.bodyBytes, { optional: true }), async (ctx) => {
    const kind = ctx.params.kind as string;
    demand(clientOf(ctx).scopes, `actor:${kind}`);
    // What account a new one is about is known when it is made, which is too late to refuse it.
    demandAccount(clientOf(ctx), null);
    const intake = intakeOf(kind);
    const { id = randomUUID(), input = {} } = parse.actorCreate(ctx.request.body ?? {});
    const actor = await host.create(
      `${kind}/${id}`,
      intake.input(input),
      audited(clientOf(ctx), {
        action: 'actor.created',
        outcome: 'accepted',
        detail: { body_hash: canonicalHash(input) }
      })
    );
    ctx.status = 201;
    ctx.set('Location', `/v1/actors/${kind}/${encodeURIComponent(id)}`);
    ctx.body = actorSummary(actor);
  });

  for (const kind of [...operatedKinds, ':kind']) {
    router.post(`/v1/actors/${kind}/:id/events`, asks(tokens), jsonBody(limits.bodyBytes), async (ctx) => {
      const { kind: named, id } = ctx.params as { kind?: string; id: string };
      ctx.body = actorSummary(await tell(clientOf(ctx), named ?? kind, id, ctx.request.body));
      ctx.status = 202;
    });
  }
}
