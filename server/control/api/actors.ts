import type Router from '@koa/router';
import type { ActorView, EventRow } from '../../../actors/host/contract.ts';
import { type Definition, defineAll } from '../../../actors/kernel/definition.ts';
import { ControlError } from '../../../schemas/errors.ts';
import type { ActorSummary, EventEnvelope, MachineSummary } from '../../../schemas/generated/contracts.ts';
import { eventEnvelope } from '../../telemetry/event-view.ts';
import type { Control } from '../deps.ts';
import { machineDefinition } from '../machine-definition.ts';
import { integer, oneOf, readQuery, text } from '../query.ts';
import { asks } from '../request.ts';
import { instantOf, pageOf } from '../views.ts';

const TRANSITIONS = 20;
/** How far back from an actor's newest event its others are looked for; each look is wider than the one before. */
const LOOKS = [500, 10_000, 200_000];

/** GET /v1/machines, /v1/machines/{kind}, /v1/actors, /v1/actors/{kind}/{id}. */
export function actorRoutes(router: Router, control: Control): void {
  const { host, kinds, intakes, tokens, limits } = control;
  const definitions = new Map(kinds.flatMap(defineAll).map((definition) => [definition.kind, definition]));
  const volatileKinds = [...definitions.values()].filter(({ durable }) => !durable).map(({ kind }) => kind);

  router.get('/v1/machines', asks(tokens, 'read:machines'), async (ctx) => {
    ctx.body = pageOf(
      await Promise.all([...definitions.values()].map((definition) => summary(control, definition))),
      null
    );
  });

  router.get('/v1/machines/:kind', asks(tokens, 'read:machines'), async (ctx) => {
    const kind = ctx.params.kind as string;
    const definition = definitions.get(kind);
    if (!definition) throw new ControlError('MACHINE_NOT_FOUND', { kind, known: [...definitions.keys()] });
    const intake = intakes.get(kind);
    ctx.body = {
      ...(await summary(control, definition)),
      ...(intake ? { schema: intake.schema } : {}),
      definition: machineDefinition(definition.machine)
    };
  });

  router.get('/v1/actors', asks(tokens, 'read:actors'), async (ctx) => {
    const {
      kind: [kind] = [],
      state,
      status,
      ...query
    } = readQuery(ctx.query, {
      kind: oneOf([...definitions.keys()]),
      state: text,
      status: oneOf<ActorView['status']>(['active', 'done', 'error']),
      session_id: text,
      account_id: text,
      correlation_id: text,
      platform: text,
      limit: integer(1, limits.pageMax),
      page: text
    });
    const isStored = kind === undefined || definitions.get(kind)?.durable;
    const volatile =
      query.page === undefined ? volatileKinds.filter((other) => kind === undefined || kind === other) : [];
    const living = volatile
      .flatMap((kind) => host.volatileActors(kind))
      .filter((actor) => state === undefined || isIn(actor.state, state));
    const { items, next } = isStored
      ? await host.journal.queryActors({
          limit: limits.pageDefault,
          status: status?.[0] ?? 'active',
          ...query,
          ...(kind === undefined ? {} : { kind }),
          ...(state === undefined ? {} : { state })
        })
      : { items: [], next: null };
    const read = await Promise.all(items.map(({ address }) => host.read(address)));
    const actors = [...living, ...read.filter((actor) => actor !== undefined)];
    ctx.body = pageOf(actors.map(actorSummary), next);
  });

  router.get('/v1/actors/:kind/:id', asks(tokens, 'read:actors'), async (ctx) => {
    const address = `${ctx.params.kind}/${ctx.params.id}`;
    const actor = await host.read(address);
    if (!actor) throw new ControlError('ACTOR_NOT_FOUND', { address });
    ctx.body = { ...actorSummary(actor), transitions: await lastTransitions(control, actor) };
  });
}

async function summary({ host }: Control, { kind, version, durable }: Definition): Promise<MachineSummary> {
  const live: Record<string, number> = durable ? await host.journal.countActors(kind) : {};
  for (const { state } of durable ? [] : host.volatileActors(kind)) live[state] = (live[state] ?? 0) + 1;
  return { kind, version, durable, live };
}

const isIn = (path: string, state: string) => path.split(',').some((p) => p === state || p.startsWith(`${state}.`));

export const actorSummary = (actor: ActorView): ActorSummary => ({
  address: actor.address,
  kind: actor.kind,
  id: actor.id,
  state: actor.state,
  status: actor.status,
  step: actor.step,
  accepts: actor.accepts,
  why: actor.why,
  deadline_at: actor.deadlineAt === null ? null : instantOf(actor.deadlineAt),
  created_at: instantOf(actor.createdAt),
  updated_at: instantOf(actor.updatedAt),
  last_cursor: String(actor.lastCursor)
});

/** The actor's newest events, oldest first. The log is read forwards, so it is looked through in growing pieces of its end. */
async function lastTransitions({ host }: Control, { kind, id, step, lastCursor }: ActorView): Promise<EventEnvelope[]> {
  let rows: EventRow[] = [];
  for (const reach of LOOKS) {
    const after = Math.max(0, lastCursor - reach);
    rows = [];
    for (let position = after; position < lastCursor; ) {
      const read = await host.journal.readEvents(position, 500, { actor_kinds: [kind], actor_id: id });
      rows = [...rows, ...read.rows].slice(-TRANSITIONS);
      if (read.scannedTo <= position) break;
      position = read.scannedTo;
    }
    if (rows.length >= Math.min(TRANSITIONS, step) || after === 0) break;
  }
  return rows.map(eventEnvelope);
}
