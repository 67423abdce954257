import type Router from '@koa/router';
import type { ActorView, EventRow, LivingVersion } from '../../../actors/host/contract.ts';
import type { Definition } from '../../../actors/kernel/definition.ts';
import { outlineOf } from '../../../actors/kernel/outline.ts';
import { type KindVersions, Machines } from '../../../actors/kernel/versions.ts';
import { ControlError } from '../../../schemas/errors.ts';
import type { ActorSummary, EventEnvelope, MachineNode, MachineSummary } from '../../../schemas/generated/contracts.ts';
import { maySee, seenBy, withinAccounts } from '../../auth/accounts.ts';
import { allows } from '../../auth/scopes.ts';
import { type Format, type FormatName, formatNames, formats } from '../../inspector/export/formats.ts';
import { productionMoves, readCoverage, usesOf } from '../../inspector/heat.ts';
import { eventEnvelope } from '../../telemetry/event-view.ts';
import type { Control } from '../deps.ts';
import { masked } from '../masked.ts';
import { offersOf } from '../offers.ts';
import { demandPast, pastOf, readAt, shown, timeOf } from '../past.ts';
import { cursor, integer, oneOf, readQuery, text } from '../query.ts';
import { relativesOf } from '../relatives.ts';
import { asks, clientOf } from '../request.ts';
import { instantOf, pageOf } from '../views.ts';

const TRANSITIONS = 20;
/** Kinds with a read of their own: who may not have that does not get their context here either. */
const OWN_SCOPE: Record<string, string> = {
  command: 'read:commands',
  session: 'read:sessions',
  approval: 'read:approvals',
  selector: 'read:selectors'
};
/** How far back from an actor's newest event its others are looked for; each look is wider than the one before. */
const LOOKS = [500, 10_000, 200_000];

/** GET /v1/machines, /v1/machines/{kind}, /v1/actors, /v1/actors/{kind}/{id}. */
export function actorRoutes(router: Router, control: Control): void {
  const { host, kinds, intakes, tokens, limits } = control;
  const machines = new Machines(kinds);
  const known = machines.all.map(({ kind }) => kind);
  const coverage = readCoverage();
  const volatileKinds = machines.all.filter(({ durable }) => !durable).map(({ kind }) => kind);

  router.get('/v1/machines', asks(tokens, 'read:machines'), async (ctx) => {
    const { at } = readQuery(ctx.query, { at: cursor });
    const living = await livingAt(control, at);
    ctx.body = pageOf(await Promise.all(machines.all.map((one) => summary(control, one, living))), null);
  });

  router.get('/v1/machines/:kind', asks(tokens, 'read:machines'), async (ctx) => {
    const kind = ctx.params.kind as string;
    const versions = machines.get(kind);
    if (!versions) throw new ControlError('MACHINE_NOT_FOUND', { kind, known });
    const {
      version,
      at,
      format: [asked] = []
    } = readQuery(ctx.query, { version: text, at: cursor, format: oneOf(formatNames) });
    ctx.vary('Accept');
    const format = asked ?? formatOf(ctx.accepts(formatNames.map((name) => formats[name].type)));
    const definition = await definitionOf(control, versions, version);
    const of = version ?? (versions.current ?? versions.previous[0])?.version ?? '';
    const { type, extension, write }: Format = formats[format];
    if (write) {
      ctx.attachment(`${kind}.${extension}`);
      ctx.type = type;
      ctx.body = write(definition, kind, of);
      return;
    }
    const intake = intakes.get(kind);
    const tested = coverage[kind];
    ctx.body = {
      ...(await summary(control, versions, await livingAt(control, at))),
      ...(intake ? { schema: intake.schema } : {}),
      definition,
      taken: usesOf(definition, await productionMoves(host.journal, kind, of), tested?.moves ?? []),
      tested_version: tested?.version ?? null
    };
  });

  router.get('/v1/actors', asks(tokens, 'read:actors'), async (ctx) => {
    const {
      kind: [kind] = [],
      state,
      status,
      ...query
    } = readQuery(ctx.query, {
      kind: oneOf(known),
      state: text,
      status: oneOf<ActorView['status']>(['active', 'done', 'error']),
      session_id: text,
      account_id: text,
      correlation_id: text,
      platform: text,
      at: cursor,
      limit: integer(1, limits.pageMax),
      page: text
    });
    const { at } = query;
    await demandPast(control, at);
    const client = clientOf(ctx);
    const isStored = kind === undefined || machines.isDurable(kind);
    const volatile =
      query.page === undefined ? volatileKinds.filter((other) => kind === undefined || kind === other) : [];
    const there =
      at === undefined
        ? volatile.flatMap((kind) => host.volatileActors(kind))
        : await volatileAt(control, volatile, at);
    const living = there
      .filter((actor) => at === undefined || actor.status === (status?.[0] ?? 'active'))
      .filter((actor) => state === undefined || isIn(actor.state, state))
      .filter(({ subject }) => maySee(client, subject.account_id));
    const { items, next } = isStored
      ? await host.journal.queryActors(
          withinAccounts(client, {
            limit: limits.pageDefault,
            status: status?.[0] ?? 'active',
            ...query,
            ...(kind === undefined ? {} : { kind }),
            ...(state === undefined ? {} : { state })
          })
        )
      : { items: [], next: null };
    const addresses = items.map(({ address }) => address);
    const read =
      at === undefined ? await Promise.all(addresses.map(host.read, host)) : await host.readAt(addresses, at);
    const actors = [...living, ...read.filter((actor) => actor !== undefined)];
    const time = at === undefined ? undefined : await timeOf(control, at);
    const withPast = (actor: ActorView) => (at === undefined ? {} : { past: pastOf(machines, actor, at, time) });
    ctx.body = pageOf(
      actors.map((actor) => ({ ...actorSummary(actor), ...withPast(actor) })),
      next
    );
  });

  /** Of one that was: its own, as far as it is here. */
  const definitionAt = (actor: ActorView, at: number | undefined) =>
    at === undefined ? machines.get(actor.kind)?.current : machines.of({ ...actor, machineVersion: actor.version });

  router.get('/v1/actors/:kind/:id', asks(tokens, 'read:actors'), async (ctx) => {
    const address = `${ctx.params.kind}/${ctx.params.id}`;
    const { at } = readQuery(ctx.query, { at: cursor });
    const actor = seenBy(clientOf(ctx), await readAt(control, address, at));
    if (!actor) throw new ControlError('ACTOR_NOT_FOUND', { address, ...(at === undefined ? {} : { at: String(at) }) });
    const { scopes } = clientOf(ctx);
    const own = OWN_SCOPE[actor.kind];
    ctx.body = {
      ...actorSummary(actor),
      ...(own === undefined || allows(scopes, own)
        ? { context: masked(actor.context) as Record<string, unknown> }
        : {}),
      offers: at === undefined ? offersOf(control, actor) : [],
      relatives: relativesOf(actor),
      running: Object.values(actor.children).flatMap(({ src, address }) => (address === undefined ? [src] : [])),
      shows: shown(definitionAt(actor, at), actor),
      transitions: await lastTransitions(control, actor, at),
      ...(at === undefined ? {} : { past: pastOf(machines, actor, at, await timeOf(control, at)) })
    } satisfies ActorSummary;
  });
}

/** Of what the client says it takes; JSON for who takes anything. */
const formatOf = (type: string | false): FormatName =>
  formatNames.find((name) => formats[name].type === type) ?? 'json';

interface Living {
  /** undefined: now */
  at: number | undefined;
  versions: LivingVersion[];
  /** Of the past. */
  states: { kind: string; state: string; count: number }[];
}

/** @throws ControlError CURSOR_AHEAD, CURSOR_GONE */
async function livingAt(control: Control, at: number | undefined): Promise<Living> {
  await demandPast(control, at);
  const { journal } = control.host;
  return { at, versions: await journal.livingVersions(at), states: at === undefined ? [] : await journal.statesAt(at) };
}

const volatileAt = async ({ host }: Control, kinds: string[], at: number): Promise<ActorView[]> =>
  host.readAt(
    (await host.journal.volatileAt(kinds, at)).map(({ address }) => address),
    at
  );

async function summary(
  { host }: Control,
  { kind, durable, current, previous }: KindVersions,
  { at, versions, states }: Living
): Promise<MachineSummary> {
  const isStored = durable || at !== undefined;
  const live: Record<string, number> = isStored ? await host.journal.countActors(kind, at) : {};
  for (const { state } of isStored ? [] : host.volatileActors(kind)) live[state] = (live[state] ?? 0) + 1;
  const counts = new Map(versions.filter((one) => one.kind === kind).map(({ version, count }) => [version, count]));
  if (current && !isStored) counts.set(current.version, host.volatileActors(kind).length);
  const here = [...(current ? [current] : []), ...previous];
  const newest = here[0] as Definition;
  const held = [...counts.keys()].filter((version) => !here.some((one) => one.version === version));
  return {
    kind,
    version: newest.version,
    label: newest.label,
    durable,
    live,
    ...(at === undefined
      ? {}
      : {
          states: Object.fromEntries(
            states.filter((one) => one.kind === kind).map(({ state, count }) => [state, count])
          )
        }),
    versions: [
      ...here.map((one) => ({
        version: one.version,
        label: one.label,
        role: one === current ? ('newest' as const) : ('former' as const),
        live: counts.get(one.version) ?? 0
      })),
      ...held.map((version) => ({ version, label: null, role: 'held' as const, live: counts.get(version) ?? 0 }))
    ]
  };
}

/** Of the newest version, or of any other that ever ran here. @throws ControlError QUERY_INVALID */
async function definitionOf(
  { host }: Control,
  { kind, current, previous }: KindVersions,
  version: string | undefined
): Promise<MachineNode> {
  const here = [...(current ? [current] : []), ...previous];
  const found = version === undefined ? here[0] : here.find((one) => one.version === version);
  if (found) return outlineOf(found.machine);
  const [row] = await host.journal.find('machines', { kind, version: version ?? '' }, 1);
  if (row) return JSON.parse(row.definition) as MachineNode;
  const expected = 'a version that GET /v1/machines or an actor of the kind shows';
  throw new ControlError('QUERY_INVALID', { parameter: 'version', value: version ?? '', expected });
}

/** The name of a region may be left out: `READY` finds `health.healthy,slot.READY.idle`. */
function isIn(path: string, state: string): boolean {
  const regions = path.split(',');
  const within = (one: string) => one === state || one.startsWith(`${state}.`);
  return regions.some((one) => within(one) || (regions.length > 1 && within(one.slice(one.indexOf('.') + 1))));
}

export const actorSummary = (actor: ActorView): ActorSummary => ({
  address: actor.address,
  kind: actor.kind,
  id: actor.id,
  state: actor.state,
  status: actor.status,
  step: actor.step,
  version: actor.version,
  held: actor.held,
  accepts: actor.accepts,
  why: actor.why,
  deadline_at: actor.deadlineAt === null ? null : instantOf(actor.deadlineAt),
  created_at: instantOf(actor.createdAt),
  updated_at: instantOf(actor.updatedAt),
  entered_at: instantOf(actor.enteredAt),
  last_cursor: String(actor.lastCursor)
});

/** The actor's newest events, oldest first. The log is read forwards, so it is looked through in growing pieces of its end. */
async function lastTransitions(
  { host }: Control,
  { kind, id, step, lastCursor }: ActorView,
  at = Number.POSITIVE_INFINITY
): Promise<EventEnvelope[]> {
  let rows: EventRow[] = [];
  for (const reach of LOOKS) {
    const after = Math.max(0, lastCursor - reach);
    rows = [];
    for (let position = after; position < lastCursor; ) {
      const read = await host.journal.readEvents(position, 500, { actor_kinds: [kind], actor_id: id });
      rows = [...rows, ...read.rows.filter(({ cursor }) => cursor <= at)].slice(-TRANSITIONS);
      if (read.scannedTo <= position) break;
      position = read.scannedTo;
    }
    if (rows.length >= Math.min(TRANSITIONS, step) || after === 0) break;
  }
  return rows.map(eventEnvelope);
}
