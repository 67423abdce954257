import type Router from '@koa/router';
import type { EventPage } from '../../../schemas/generated/contracts.ts';
import { withinAccounts } from '../../auth/accounts.ts';
import type { EventLog, Gap } from '../../telemetry/event-log.ts';
import { eventEnvelope } from '../../telemetry/event-view.ts';
import { filterParameters, intersect } from '../../telemetry/filters.ts';
import type { Control } from '../deps.ts';
import { cursor, integer, readQuery } from '../query.ts';
import { asks, clientOf } from '../request.ts';

/** How far one request looks through a log in which little matches, before it answers with where it got to. */
const READS = 20;

/** GET /v1/events?cursor&limit&filters: the log as pages, oldest first. */
export function eventRoutes(router: Router, { tokens, limits }: Control, log: EventLog): void {
  router.get('/v1/events', asks(tokens, 'read:events'), async (ctx) => {
    const query = readQuery(ctx.query, { ...filterParameters, cursor, limit: integer(1, limits.pageMax) });
    const { cursor: asked, limit = limits.pageDefault, ...filters } = query;
    const filter = withinAccounts(clientOf(ctx), intersect(filters, {}) ?? {});
    const page: EventPage = { items: [], next_cursor: '0', head: '0' };
    let position = asked ?? 0;
    let gap: Gap | undefined;
    for (let reads = 0; reads < READS && page.items.length < limit; reads++) {
      const read = await log.read(position, limit - page.items.length, filter);
      // Who asked for no cursor asked for what there is.
      if (read.gap && asked !== undefined) gap ??= read.gap;
      for (const row of read.rows) page.items.push(eventEnvelope(row));
      const moved = read.position !== position;
      position = read.position;
      if (!moved || position >= log.head) break;
    }
    page.next_cursor = String(position);
    page.head = String(log.head);
    if (gap) page.gap = { from: String(gap.from), to: String(gap.to), reason: gap.reason };
    ctx.body = page;
  });
}
