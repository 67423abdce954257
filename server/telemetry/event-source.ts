/**
 * The log as Server-Sent Events, for whoever cannot speak WebSocket: `id:` is the cursor, so an EventSource that was cut
 * off comes back with `Last-Event-ID` and misses and repeats nothing.
 *
 * A row of the log is a message without a name, which `onmessage` hears; `subscribed`, `caught_up`, `gap` and `error`
 * have theirs. A dot in a row's own type keeps the two apart.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventFilter, EventRow } from '../../actors/host/contract.ts';
import { toFailure } from '../../schemas/errors.ts';
import type { EventLog } from './event-log.ts';
import { eventEnvelope } from './event-view.ts';

export interface EventSourceOptions {
  log: EventLog;
  /** The stream begins after it. */
  position: number;
  /** undefined: nothing can match. */
  filter: EventFilter | undefined;
  /** Ends it: the client is gone, or the process ends. */
  signal: AbortSignal;
  /** A comment after so long without a row, so that whatever is between keeps the connection open. ms */
  heartbeatMs: number;
  /** Its token has ended: `mayGoOn` is asked at once. */
  wake: AbortSignal;
  /** Asked at every heartbeat: rejects when its token holds no longer. */
  mayGoOn: () => Promise<unknown>;
}

/** Rows read at a time: a few ms of work, then others have their turn. */
const BATCH = 100;
/** What a client that was cut off waits, ms. */
const RETRY_MS = 1_000;

/** Text of the stream, piece by piece; whoever reads slowly is fed slowly, and nothing is kept for them. */
export async function* eventSource(options: EventSourceOptions): AsyncGenerator<string> {
  const { log, filter, signal, wake, mayGoOn } = options;
  let { position } = options;
  let isCaughtUp = false;
  yield `retry: ${RETRY_MS}\n\n${named('subscribed', { cursor: String(log.head) })}`;
  try {
    while (!signal.aborted) {
      if (wake.aborted) await mayGoOn();
      const read = await log.read(position, filter ? BATCH : 1, filter ?? {});
      if (read.gap) {
        const { from, to, reason } = read.gap;
        yield named('gap', { from: String(from), to: String(to), reason }, to);
      }
      const rows = filter ? read.rows : [];
      if (rows.length > 0) yield rows.map(message).join('');
      position = filter ? read.position : Math.max(read.position, log.head);
      if (!isCaughtUp && position >= log.head) {
        isCaughtUp = true;
        yield named('caught_up', { cursor: String(position) }, position);
      }
      if (position < log.head) await nextTurn();
      else yield* quiet(options, position);
    }
  } catch (error) {
    const { code, message: why } = toFailure(error);
    yield named('error', { code, message: why });
  }
}

/** Until there is something after `position`. */
async function* quiet({ log, signal, wake, heartbeatMs, mayGoOn }: EventSourceOptions, position: number) {
  while (log.head <= position && !signal.aborted && !wake.aborted) {
    const waiting = new AbortController();
    const stop = () => waiting.abort();
    const reasons = [signal, wake];
    for (const reason of reasons) reason.addEventListener('abort', stop, { once: true });
    const timer = setTimeout(stop, heartbeatMs);
    await log.grown(position, waiting.signal);
    clearTimeout(timer);
    for (const reason of reasons) reason.removeEventListener('abort', stop);
    if (log.head > position || signal.aborted) return;
    await mayGoOn();
    yield ': still here\n\n';
  }
}

const message = (row: EventRow) => `id: ${row.cursor}\ndata: ${JSON.stringify(eventEnvelope(row))}\n\n`;

const named = (event: string, data: Record<string, string>, id?: number) =>
  `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
