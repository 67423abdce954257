import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import type { EventEnvelope, ServerFrame } from '../../schemas/generated/contracts.ts';
import { assertFrame } from '../support/described-frames.ts';
import type { Harness } from './harness.ts';

export type Frame<T extends ServerFrame['type'] = ServerFrame['type']> = Extract<ServerFrame, { type: T }>;

export interface StreamOptions extends ClientOptions {
  /** null: none. Default the admin's. */
  token?: string | null;
  query?: string;
  protocols?: string[];
}

/** A client of the stream that keeps every frame it was sent. */
export class Stream {
  readonly socket: WebSocket;
  readonly frames: ServerFrame[] = [];
  /** Code and reason, once it is closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #woken = () => {};
  #isClosed = false;
  /** Why a frame is not as the document of the stream has it. */
  #undescribed: Error | undefined;

  constructor(h: Harness, { token = h.admin, query = '', protocols = [], ...options }: StreamOptions = {}) {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    this.socket = new WebSocket(h.stream + query, protocols, { headers, ...options });
    this.socket.on('message', (data) => {
      const frame = JSON.parse(data.toString()) as ServerFrame;
      this.frames.push(frame);
      try {
        assertFrame(frame as Parameters<typeof assertFrame>[0]);
      } catch (error) {
        this.#undescribed ??= error as Error;
      }
      this.#woken();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        this.#isClosed = true;
        this.#woken();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  async send(frame: object | string | Buffer): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
    this.socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
    return this;
  }

  get events(): EventEnvelope[] {
    return this.frames.filter((frame) => frame.type === 'event').map(({ event }) => event);
  }

  get cursors(): number[] {
    return this.events.map(({ cursor }) => Number(cursor));
  }

  /** Resolves once `holds`; rejects when the connection ended before. */
  async until(holds: (stream: this) => boolean): Promise<this> {
    while (!holds(this)) {
      if (this.#undescribed) throw this.#undescribed;
      if (this.#isClosed) throw new Error(`closed first; heard ${JSON.stringify(this.frames.slice(-3))}`);
      await new Promise<void>((resolve) => {
        this.#woken = resolve;
      });
    }
    return this;
  }

  /** The first frame of a type, `skip` of them left out. */
  async frame<T extends ServerFrame['type']>(type: T, skip = 0): Promise<Frame<T>> {
    const found = () => this.frames.filter((frame) => frame.type === type)[skip];
    await this.until(() => found() !== undefined);
    return found() as Frame<T>;
  }

  /** All events up to a cursor were heard, or left out by a filter: the last that matters has come. */
  upTo(cursor: number): Promise<this> {
    return this.until(({ cursors }) => (cursors.at(-1) ?? 0) >= cursor);
  }

  end(): void {
    this.socket.terminate();
  }
}
