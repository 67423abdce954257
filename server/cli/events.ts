/** The stream as an async iterable that comes back by itself where it was, without a gap or a repeat. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { EventEnvelope, GapFrame, ServerFrame, StreamFilters } from '../../schemas/generated/contracts.ts';
import type { Connection } from './connection.ts';
import { CliError, EXIT } from './exit.ts';

export type Heard = { type: 'event'; event: EventEnvelope } | { type: 'caught_up' } | GapFrame;

export interface EventOptions {
  /** After this one; absent: only what comes from now on. */
  cursor?: string;
  filters?: StreamFilters;
  signal: AbortSignal;
  /** Tries in a row that heard nothing, before it is given up. */
  retries?: number;
  /** Called once, when the server took the subscription: what happens from then on is heard. */
  onSubscribed?: () => void;
  /** Called when the connection was lost and is being made anew. */
  onLost?: (why: string) => void;
}

const RETRIES = 8;
const BACKOFF_MS = { first: 200, most: 5_000 };

/**
 * Ends when `signal` aborts.
 * @throws CliError denied for a token that is refused, unreachable when the connection does not come back
 */
export async function* events(connection: Connection, options: EventOptions): AsyncGenerator<Heard> {
  let { cursor } = options;
  let onSubscribed = options.onSubscribed;
  for (let tries = 0; ; tries++) {
    const heard = subscription(connection, { ...options, cursor });
    let lost: string;
    try {
      for (;;) {
        const next = await heard.next();
        if (next.done) {
          lost = next.value;
          break;
        }
        const frame = next.value;
        tries = 0;
        if (frame.type === 'subscribed') {
          // Without a cursor of ours the head now is where we begin, also after a lost connection.
          cursor ??= frame.cursor;
          onSubscribed?.();
          onSubscribed = undefined;
        } else if (frame.type === 'event') {
          cursor = frame.event.cursor;
          yield frame;
        } else if (frame.type === 'caught_up' || frame.type === 'gap') {
          yield frame;
        } else if (frame.type === 'error') {
          const denied = ['UNAUTHENTICATED', 'FORBIDDEN'].includes(frame.code);
          throw new CliError(`${frame.code}: ${frame.message}`, denied ? EXIT.denied : EXIT.usage);
        }
      }
    } finally {
      await heard.return('');
    }
    if (options.signal.aborted) return;
    if (tries >= (options.retries ?? RETRIES))
      throw new CliError(`the stream ${connection.telemetry} was lost: ${lost}`, EXIT.unreachable);
    options.onLost?.(lost);
    await sleep(Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** tries), undefined, { signal: options.signal }).catch(
      () => {}
    );
    if (options.signal.aborted) return;
  }
}

/** One connection: its frames in order; returns why it ended. */
async function* subscription(
  { telemetry, token }: Connection,
  { cursor, filters, signal }: EventOptions
): AsyncGenerator<ServerFrame, string, void> {
  if (signal.aborted) return 'ended by us';
  const socket = new WebSocket(`${telemetry}/v1/stream`, { headers: { authorization: `Bearer ${token}` } });
  const frames: ServerFrame[] = [];
  let ended: string | undefined;
  let wake = () => {};
  const end = (why: string) => {
    ended ??= why;
    wake();
  };
  const abort = () => end('ended by us');
  signal.addEventListener('abort', abort, { once: true });
  socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', cursor, filters })));
  socket.on('message', (data) => {
    frames.push(JSON.parse(String(data)) as ServerFrame);
    wake();
  });
  socket.on('unexpected-response', (_request, response) => {
    const denied = response.statusCode === 401 || response.statusCode === 403;
    if (denied) {
      frames.push({ type: 'error', code: 'UNAUTHENTICATED', message: `the stream answered ${response.statusCode}` });
    }
    end(`it answered ${response.statusCode}`);
  });
  socket.on('error', (error) => end(error.message || String((error as { code?: string }).code)));
  socket.on('close', (code, reason) => end(String(reason) || `closed with ${code}`));
  try {
    for (;;) {
      const frame = frames.shift();
      if (frame) yield frame;
      else if (ended !== undefined) return ended;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener('abort', abort);
    socket.on('error', () => {});
    socket.terminate();
  }
}
