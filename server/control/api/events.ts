import type Router from '@koa/router';
import type { EventFilter } from '../../../actors/host/contract.ts';
import { ControlError } from '../../../schemas/errors.ts';
import type { EventPage } from '../../../schemas/generated/contracts.ts';
import { seenBy, withinAccounts } from '../../auth/accounts.ts';
import type { EventLog, Gap } from '../../telemetry/event-log.ts';
import { eventEnvelope } from '../../telemetry/event-view.ts';
import { filterParameters, intersect } from '../../telemetry/filters.ts';
import type { Control } from '../deps.ts';
import { cursor, integer, readQuery } from '../query.ts';
import { asks, clientOf } from '../request.ts';

/** How far one request looks through a log in which little matches, before it answers with where it got to. */
const READS = 20;

/** GET /v1/events?cursor&limit&filters, and /v1/actors/{kind}/{id}/events?cursor&limit: the log as pages, oldest first. */
export function eventRoutes(router: Router, { host, tokens, limits }: Control, log: EventLog): void {
  const limit = integer(1, limits.pageMax);

  router.get('/v1/events', asks(tokens, 'read:events'), async (ctx) => {
    const { cursor: after, limit: most, ...filters } = readQuery(ctx.query, { ...filterParameters, cursor, limit });
    const filter = withinAccounts(clientOf(ctx), intersect(filters, {}) ?? {});
    ctx.body = await pageOf(log, filter, after, most ?? limits.pageDefault);
  });

  router.get('/v1/actors/:kind/:id/events', asks(tokens, 'read:events'), async (ctx) => {
    const { kind, id } = ctx.params as { kind: string; id: string };
    const { cursor: after, limit: most } = readQuery(ctx.query, { cursor, limit });
    const filter = withinAccounts(clientOf(ctx), { actor_kinds: [kind], actor_id: id });
    const page = await pageOf(log, filter, after, most ?? limits.pageDefault);
    const address = `${kind}/${id}`;
    // Its rows may outlive it: a browser slot that a later start does not have.
    if (page.items.length === 0 && !seenBy(clientOf(ctx), await host.read(address)))
      throw new ControlError('ACTOR_NOT_FOUND', { address });
    ctx.body = page;
  });
}

async function pageOf(
  log: EventLog,
  filter: EventFilter,
  after: number | undefined,
  limit: number
): Promise<EventPage> {
  const page: EventPage = { items: [], next_cursor: '0', head: '0' };
  let position = after ?? 0;
  let gap: Gap | undefined;
  for (let reads = 0; reads < READS && page.items.length < limit; reads++) {
    const read = await log.read(position, limit - page.items.length, filter);
    // Who asked for no cursor asked for what there is.
    if (read.gap && after !== undefined) gap ??= read.gap;
    for (const row of read.rows) page.items.push(eventEnvelope(row));
    const moved = read.position !== position;
    position = read.position;
    if (!moved || position >= log.head) break;
  }
  page.next_cursor = String(position);
  page.head = String(log.head);
  if (gap) page.gap = { from: String(gap.from), to: String(gap.to), reason: gap.reason };
  return page;
}
