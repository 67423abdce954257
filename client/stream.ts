/** The stream as an async iterable that comes back by itself where it was, without a gap or a repeat. */

import { catalogue, type ErrorCode } from '../schemas/errors.ts';
import type { EventEnvelope, GapFrame, ServerFrame, StreamFilters } from '../schemas/generated/contracts.ts';
import { backoffMs, pause } from './backoff.ts';
import { TroupeError } from './errors.ts';
import { type OpenSocket, openSocket, type Socket } from './socket.ts';
import type { TlsOptions } from './tls.ts';

export interface StreamEndpoint {
  /** ws://HOST:PORT */
  telemetryUrl: string;
  token: string;
  tls?: TlsOptions;
}

export type Heard = { type: 'event'; event: EventEnvelope } | { type: 'caught_up' } | GapFrame;

export interface StreamOptions {
  /** After this one; '0': from the beginning; absent: only what comes from now on. */
  cursor?: string;
  /** Applied at the server. */
  filters?: StreamFilters;
  /** Ends the iteration, without an error. */
  signal?: AbortSignal;
  /** Tries in a row that heard nothing, before it is given up. Default 20, some three minutes. */
  retries?: number;
  /** Called once, when the server took the subscription: what happens from then on is heard. */
  onSubscribed?: () => void;
  /** Called when the connection was lost and is being made anew. */
  onLost?: (why: string) => void;
}

/** Frames kept for a slow reader before the socket is held back, and where it is let go again. */
const HIGH = 500;
const LOW = 100;

/**
 * What was heard, in order. Each frame is taken by the reader before the position moves past it, so a connection made anew
 * goes on where the reader is.
 * @throws TroupeError the server's for a token or filter that it refuses, UNREACHABLE when the connection does not come back
 */
export async function* listen(
  endpoint: StreamEndpoint,
  options: StreamOptions,
  open: OpenSocket = openSocket
): AsyncGenerator<Heard, void, void> {
  const { signal, retries = 20 } = options;
  let { cursor, onSubscribed } = options;
  for (let tries = 0; !signal?.aborted; tries++) {
    const frames = connection(endpoint, { ...options, ...(cursor === undefined ? {} : { cursor }) }, open);
    let lost: string;
    try {
      for (;;) {
        const next = await frames.next();
        if (signal?.aborted) return;
        if (next.done) {
          lost = next.value;
          break;
        }
        const frame = next.value;
        if (frame.type === 'error') {
          if (!isPassing(frame.code)) throw new TroupeError(frame.code as ErrorCode, frame.message);
          lost = `${frame.code}: ${frame.message}`;
          break;
        }
        tries = 0;
        if (frame.type === 'subscribed') {
          // Without a cursor of ours the head now is where we begin, also after a lost connection.
          cursor ??= frame.cursor;
          onSubscribed?.();
          onSubscribed = undefined;
        } else if (frame.type === 'event') {
          cursor = frame.event.cursor;
          yield frame;
        } else if (frame.type === 'caught_up') {
          // What no filter let through was looked at too, and need not be again.
          cursor = frame.cursor;
          yield { type: 'caught_up' };
        } else if (frame.type === 'gap') {
          cursor = frame.to;
          yield frame;
        }
      }
    } finally {
      await frames.return('');
    }
    if (tries >= retries)
      throw new TroupeError('UNREACHABLE', `the stream ${endpoint.telemetryUrl} was lost: ${lost}`, {});
    options.onLost?.(lost);
    await pause(backoffMs(tries), signal).catch(() => {});
  }
}

/** It ends this connection and says nothing against the next. */
const isPassing = (code: string): boolean => {
  const known = catalogue[code as ErrorCode];
  return code === 'SUBSCRIBE_TIMEOUT' || (known !== undefined && (known.retryable || known.status >= 500));
};

/** One connection: its frames in order; returns why it ended. */
async function* connection(
  { telemetryUrl, token, tls }: StreamEndpoint,
  { cursor, filters, signal }: StreamOptions,
  open: OpenSocket
): AsyncGenerator<ServerFrame, string, void> {
  const frames: ServerFrame[] = [];
  let ended: string | undefined;
  let socket: Socket | undefined;
  let held = false;
  let wake = () => {};
  const end = (why: string) => {
    ended ??= why;
    wake();
  };
  const abort = () => end('ended by us');
  signal?.addEventListener('abort', abort, { once: true });
  try {
    socket = await open(
      `${telemetryUrl.replace(/\/+$/, '')}/v1/stream`,
      token,
      {
        open: () => socket?.send(JSON.stringify({ type: 'subscribe', cursor, filters })),
        message: (text) => {
          let frame: ServerFrame;
          try {
            frame = JSON.parse(text) as ServerFrame;
          } catch {
            return end('it sent what is not JSON');
          }
          frames.push(frame);
          if (!held && frames.length >= HIGH) {
            held = true;
            socket?.hold();
          }
          wake();
        },
        end: (why, refused) => {
          if (refused === 401 || refused === 403) {
            const code = refused === 401 ? 'UNAUTHENTICATED' : 'FORBIDDEN';
            frames.push({ type: 'error', code, message: `the stream answered ${refused}` });
          }
          end(why);
        }
      },
      tls
    );
    for (;;) {
      const frame = signal?.aborted ? undefined : frames.shift();
      if (held && frames.length <= LOW) {
        held = false;
        socket.go();
      }
      if (frame) yield frame;
      else if (ended !== undefined || signal?.aborted) return ended ?? 'ended by us';
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    socket?.close();
  }
}
