/**
 * The log as every client gets it: `WS /v1/stream`, resumed by cursor. What arrives close together is handed on together,
 * with a frame of the screen, so two thousand rows a second are ten updates.
 */
import { signal } from '@preact/signals';
import type { EventEnvelope, ServerFrame } from '../../schemas/generated/contracts.ts';
import { connection, identity } from './connection.ts';

export type StreamState = 'connecting' | 'replaying' | 'live' | 'lost';

export interface StreamListener {
  /** In order, without gap or repeat, over every reconnect. */
  events(batch: EventEnvelope[]): void;
  /** Rows that are not in the log any more. */
  gap(from: string, to: string): void;
}

export const streamState = signal<StreamState>('connecting');
/** What keeps it from being live, in the server's words. */
export const streamTrouble = signal<string | null>(null);

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** Between two updates of the page, at least. */
const PACE_MS = 100;
/** A tab in the background draws no frames; it is handed what came all the same. */
const FRAME_MS = 250;

export class LogStream {
  readonly #listener: StreamListener;
  #socket: WebSocket | undefined;
  #cursor: string;
  #pending: EventEnvelope[] = [];
  #scheduled = false;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #retryMs = FIRST_RETRY_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  /** `cursor`: the replay starts after it. */
  constructor(cursor: string, listener: StreamListener) {
    this.#cursor = cursor;
    this.#listener = listener;
    this.#connect();
  }

  close(): void {
    this.#over = true;
    clearTimeout(this.#retry);
    this.#socket?.close();
  }

  #connect(): void {
    const at = connection.value;
    const who = identity.value;
    if (!at || !who || this.#over) return;
    streamState.value = 'connecting';
    const socket = new WebSocket(`${at.telemetry}/v1/stream`, [`bearer.${who.token}`]);
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: 'subscribe', cursor: this.#cursor }));
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data as string) as ServerFrame);
    socket.onclose = () => this.#lost();
  }

  #take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'subscribed':
        streamState.value = 'replaying';
        return;
      case 'event':
        this.#cursor = frame.event.cursor;
        this.#pending.push(frame.event);
        this.#schedule();
        return;
      case 'caught_up':
        this.#retryMs = FIRST_RETRY_MS;
        streamTrouble.value = null;
        streamState.value = 'live';
        return;
      case 'gap':
        this.#flush();
        this.#listener.gap(frame.from, frame.to);
        return;
      case 'error':
        streamTrouble.value = frame.message;
        return;
      default:
        return;
    }
  }

  /** With the next frame; while rows keep coming, not with every frame: nobody reads so fast, and drawing is not free. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const rest = this.#flushedAt + PACE_MS - performance.now();
    if (rest > 0) setTimeout(() => this.#withFrame(), rest);
    else this.#withFrame();
  }

  #withFrame(): void {
    let timer: ReturnType<typeof setTimeout>;
    const frame = requestAnimationFrame(() => {
      clearTimeout(timer);
      this.#flush();
    });
    timer = setTimeout(() => {
      cancelAnimationFrame(frame);
      this.#flush();
    }, FRAME_MS);
  }

  #flush(): void {
    this.#scheduled = false;
    this.#flushedAt = performance.now();
    const batch = this.#pending;
    this.#pending = [];
    if (batch.length > 0) this.#listener.events(batch);
  }

  #lost(): void {
    this.#flush();
    if (this.#over) return;
    streamState.value = 'lost';
    // Full jitter: a hundred open pages do not come back in the same moment.
    this.#retry = setTimeout(() => this.#connect(), Math.random() * this.#retryMs);
    this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2);
  }
}
