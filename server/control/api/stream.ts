import { Readable } from 'node:stream';
import type Router from '@koa/router';
import { ControlError } from '../../../schemas/errors.ts';
import { withinAccounts } from '../../auth/accounts.ts';
import { bearerOf, type Tokens } from '../../auth/tokens.ts';
import type { EventLog } from '../../telemetry/event-log.ts';
import { eventSource } from '../../telemetry/event-source.ts';
import { filterParameters, intersect } from '../../telemetry/filters.ts';
import type { Control } from '../deps.ts';
import { cursor, readQuery } from '../query.ts';
import { asks, clientOf } from '../request.ts';

const HEARTBEAT_MS = 15_000;
/** Each holds a socket and its place in the log. */
const MOST_STREAMS = 500;
const TYPE = 'text/event-stream';

/**
 * GET /v1/stream with `Accept: text/event-stream`: the log as Server-Sent Events, resumed by `Last-Event-ID`.
 * `holds` says whether a token still does; a heartbeat is no request of its client's, so it is not counted as one.
 */
export function streamRoutes(
  router: Router,
  { tokens, limits, draining }: Control,
  log: EventLog,
  holds: Tokens
): void {
  let open = 0;
  const ofClient = new Map<string, number>();

  router.get('/v1/stream', asks(tokens, 'read:events'), async (ctx) => {
    if (!ctx.accepts(TYPE))
      throw new ControlError('NOT_ACCEPTABLE', { asked: ctx.get('accept').slice(0, 100), offered: TYPE });
    const { cursor: asked, ...filters } = readQuery(ctx.query, { ...filterParameters, cursor });
    // A reconnecting EventSource repeats its address as it was: where it got to is in the header.
    const last = ctx.get('last-event-id');
    const position = last === '' ? (asked ?? log.head) : cursor(last, 'Last-Event-ID');
    const client = clientOf(ctx);
    const filter = withinAccounts(client, intersect(filters, {}) ?? {});
    if (open >= MOST_STREAMS) throw new ControlError('STREAMS_FULL', { limit: MOST_STREAMS });
    const { service } = client;
    const own = ofClient.get(service) ?? 0;
    if (own >= limits.streams)
      throw new ControlError('CLIENT_STREAMS_FULL', { client: service, limit: limits.streams });

    const ended = new AbortController();
    const revoked = new AbortController();
    const signal = AbortSignal.any([ended.signal, draining]);
    const token = bearerOf(ctx.get('authorization'));
    const text = eventSource({
      log,
      position,
      filter,
      signal,
      heartbeatMs: HEARTBEAT_MS,
      wake: revoked.signal,
      mayGoOn: () => holds.authenticate(token)
    });
    // Its end wakes the stream, which asks whether it may go on, and says why not.
    const stop = holds.onEnd(client, () => revoked.abort());
    open++;
    ofClient.set(service, own + 1);
    const body = Readable.from(text, { objectMode: false, highWaterMark: 64 * 1024 });
    // The response's and not the body's, which ends only when the log has something to say again.
    ctx.res.once('close', () => {
      open--;
      const left = (ofClient.get(service) ?? 1) - 1;
      if (left > 0) ofClient.set(service, left);
      else ofClient.delete(service);
      stop();
      ended.abort();
    });
    ctx.set({ 'Content-Type': `${TYPE}; charset=utf-8`, 'X-Accel-Buffering': 'no' });
    ctx.body = body;
  });
}
