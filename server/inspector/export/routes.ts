import { Readable } from 'node:stream';
import type Router from '@koa/router';
import type { EventFilter } from '../../../actors/host/contract.ts';
import type { EventEnvelope } from '../../../schemas/generated/contracts.ts';
import { withinAccounts } from '../../auth/accounts.ts';
import { asked } from '../../control/audited.ts';
import type { Control } from '../../control/deps.ts';
import { cursor, integer, oneOf, readQuery } from '../../control/query.ts';
import { asks, clientOf } from '../../control/request.ts';
import type { EventLog } from '../../telemetry/event-log.ts';
import { eventEnvelope } from '../../telemetry/event-view.ts';
import { filterParameters, intersect } from '../../telemetry/filters.ts';
import { EXPORTED_MOST, timelinePage } from './timeline.ts';

const DEFAULT = 10_000;
const BATCH = 500;

/**
 * GET /v1/events/export: what GET /v1/events gives, to take away. `format=jsonl` is an event a line, read from the log as
 * it is sent; `format=html` is one file for a person, without a script.
 */
export function exportRoutes(router: Router, { host, tokens }: Control, log: EventLog): void {
  router.get('/v1/events/export', asks(tokens, 'read:events'), async (ctx) => {
    const {
      format: [format] = ['jsonl' as const],
      cursor: after = 0,
      to,
      limit = DEFAULT,
      ...filters
    } = readQuery(ctx.query, {
      ...filterParameters,
      format: oneOf(['jsonl', 'html'] as const),
      cursor,
      to: cursor,
      limit: integer(1, EXPORTED_MOST)
    });
    const filter = withinAccounts(clientOf(ctx), intersect(filters, {}) ?? {});
    const events = pages(log, filter, { after, to: Math.min(to ?? log.head, log.head), limit });
    const detail = { format, after, ...filters };
    const about = { action: 'events.exported', outcome: 'done', subject: 'events/export', detail };
    await host.write([], asked(clientOf(ctx), about));
    ctx.attachment(`timeline.${format}`);
    if (format === 'html') {
      ctx.type = 'html';
      ctx.body = Readable.from(timelinePage(events, { ...filters, after: String(after) }));
    } else {
      ctx.type = 'application/jsonl';
      ctx.body = Readable.from(lines(events));
    }
  });
}

/** Of the log as it was when it was asked for, so that it ends. */
async function* pages(
  log: EventLog,
  filter: EventFilter,
  { after, to, limit }: { after: number; to: number; limit: number }
) {
  let left = limit;
  for (let position = after; position < to && left > 0; ) {
    const read = await log.read(position, Math.min(BATCH, left), filter);
    const rows = read.rows.filter((row) => row.cursor <= to);
    left -= rows.length;
    if (rows.length > 0) yield rows.map(eventEnvelope);
    if (read.position <= position) return;
    position = read.position;
  }
}

async function* lines(events: AsyncIterable<EventEnvelope[]>) {
  for await (const page of events) yield page.map((event) => `${JSON.stringify(event)}\n`).join('');
}
