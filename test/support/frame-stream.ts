import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ServerFrame, StreamFilters } from '../../schemas/generated/contracts.ts';
import { assertFrame } from './described-frames.ts';

export interface Subscription {
  /** A decimal string; absent: only what comes from now on. */
  cursor?: string;
  consumer?: string;
  filters?: StreamFilters;
}

interface Reader {
  resolve(result: IteratorResult<ServerFrame>): void;
  reject(error: Error): void;
}

/**
 * One connection to the telemetry plane, its frames in the order they came. Nothing that came is lost to who reads
 * late: it waits here.
 */
export class FrameStream implements AsyncIterableIterator<ServerFrame> {
  readonly socket: WebSocket;
  /** How the connection ended; pending while it is open. */
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #waiting: ServerFrame[] = [];
  readonly #readers: Reader[] = [];
  /** Why a frame is not as the document of the stream has it: nothing more is read then. */
  #undescribed: Error | undefined;
  #ended = false;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as ServerFrame;
      try {
        assertFrame(frame as Parameters<typeof assertFrame>[0]);
      } catch (error) {
        this.#undescribed ??= error as Error;
        for (const { reject } of this.#readers.splice(0)) reject(this.#undescribed);
      }
      const reader = this.#readers.shift();
      if (reader) reader.resolve({ done: false, value: frame });
      else this.#waiting.push(frame);
    });
    // Not `once` of node:events, which rejects on 'error': a connection that breaks off also closes, and that is what
    // readers see.
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.#ended = true;
        for (const { resolve: end } of this.#readers.splice(0)) end({ done: true, value: undefined });
        resolve({ code, reason: String(reason) });
      });
    });
    socket.on('error', () => {});
  }

  /**
   * Connects, and subscribes unless `subscription` is null.
   * @param url ws://HOST:PORT/v1/stream, with a query or without
   * @throws Error when the connection is refused
   */
  static async open(url: string, token: string | null, subscription: Subscription | null): Promise<FrameStream> {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const socket = new WebSocket(url, { headers });
    const stream = new FrameStream(socket);
    await once(socket, 'open');
    if (subscription) stream.send({ type: 'subscribe', ...subscription });
    return stream;
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  next(): Promise<IteratorResult<ServerFrame>> {
    if (this.#undescribed) return Promise.reject(this.#undescribed);
    const frame = this.#waiting.shift();
    if (frame) return Promise.resolve({ done: false, value: frame });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /**
   * The frames up to and with the first that `is` it.
   * @throws Error after `timeoutMs`, or when the connection ends before, with the types of what came
   */
  async until(is: (frame: ServerFrame) => boolean, { timeoutMs = 60_000 } = {}): Promise<ServerFrame[]> {
    const frames: ServerFrame[] = [];
    const late = Symbol('late');
    let limit: NodeJS.Timeout | undefined;
    const timeout = new Promise<typeof late>((resolve) => {
      limit = setTimeout(resolve, timeoutMs, late);
    });
    try {
      for (;;) {
        const result = await Promise.race([this.next(), timeout]);
        if (result === late || result.done) {
          const why = result === late ? `not within ${timeoutMs} ms` : 'not before the connection ended';
          throw new Error(
            `the frame came ${why}; there came ${frames.map((frame) => frame.type).join(', ') || 'none'}`
          );
        }
        frames.push(result.value);
        if (is(result.value)) return frames;
      }
    } finally {
      clearTimeout(limit);
    }
  }

  /** Ends it in order; a loop over the frames ends with it. */
  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  /** The cable is pulled: no goodbye to the server. */
  async drop(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }

  async return(): Promise<IteratorResult<ServerFrame>> {
    await this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
