import { randomUUID } from 'node:crypto';
import type Router from '@koa/router';
import { shapePart } from '../../../actors/kernel/outline.ts';
import { Machines } from '../../../actors/kernel/versions.ts';
import { ControlError } from '../../../schemas/errors.ts';
import { demandAccount, seenBy } from '../../auth/accounts.ts';
import { demand } from '../../auth/scopes.ts';
import { assertShallow, parse } from '../../contracts.ts';
import type { ActorIntake } from '../../user-config/intake.ts';
import { builtInKinds } from '../built-in-kinds.ts';
import type { Control } from '../deps.ts';
import { asks, clientOf, jsonBody } from '../request.ts';
import { actorSummary } from './actors.ts';

/** POST /v1/actors/{kind}, POST /v1/actors/{kind}/{id}/events: for kinds that were registered with a schema. */
export function actorIntakeRoutes(router: Router, { host, kinds, intakes, tokens, limits }: Control): void {
  const known = new Machines(kinds).all.map(({ kind }) => kind);

  /** @throws ControlError MACHINE_NOT_FOUND, KIND_CLOSED */
  const intakeOf = (kind: string): ActorIntake => {
    const intake = intakes.get(kind);
    if (intake) return intake;
    if (!known.includes(kind)) throw new ControlError('MACHINE_NOT_FOUND', { kind, known });
    const parent = [...intakes.keys()].find((other) => kind.startsWith(`${other}_`));
    const way =
      builtInKinds[kind] ??
      (kinds.some((registered) => registered.kind === kind)
        ? 'its machine was registered without a schema; give it schema: { input, events } in troupe.config.ts'
        : `they are children${parent ? ` of '${parent}'` : ''}; send to the parent, which makes and moves them`);
    throw new ControlError('KIND_CLOSED', { kind, way });
  };

  /** One that stays with a former machine takes what that one took. */
  const intakeFor = async (address: string, intake: ActorIntake): Promise<ActorIntake> => {
    if (intake.former.size === 0) return intake;
    const version = (await host.read(address))?.version;
    return (version && intake.former.get(shapePart(version))) || intake;
  };

  router.post('/v1/actors/:kind', asks(tokens), jsonBody(limits.bodyBytes, { optional: true }), async (ctx) => {
    const kind = ctx.params.kind as string;
    demand(clientOf(ctx).scopes, `actor:${kind}`);
    // What account a new one is about is known when it is made, which is too late to refuse it.
    demandAccount(clientOf(ctx), null);
    const intake = intakeOf(kind);
    const { id = randomUUID(), input = {} } = parse.actorCreate(ctx.request.body ?? {});
    const actor = await host.create(`${kind}/${id}`, intake.input(input));
    ctx.status = 201;
    ctx.set('Location', `/v1/actors/${kind}/${encodeURIComponent(id)}`);
    ctx.body = actorSummary(actor);
  });

  router.post('/v1/actors/:kind/:id/events', asks(tokens), jsonBody(limits.bodyBytes), async (ctx) => {
    const kind = ctx.params.kind as string;
    demand(clientOf(ctx).scopes, `actor:${kind}`);
    const intake = intakeOf(kind);
    const sent = ctx.request.body;
    assertShallow(sent, 'the event');
    const address = `${kind}/${ctx.params.id}`;
    if (clientOf(ctx).accounts && !seenBy(clientOf(ctx), await host.read(address))) {
      throw new ControlError('ACTOR_NOT_FOUND', { address });
    }
    const event = (await intakeFor(address, intake)).event(parse.actorEvent(sent));
    const actor = await host.send(address, event);
    ctx.status = 202;
    ctx.body = actorSummary(actor);
  });
}
