/**
 * One connection: what it asks for, and the pump that feeds it.
 *
 * ```
 * connected ──subscribe──▶ subscribed, (gap), event…, caught_up, event… ──unsubscribe──▶ unsubscribed
 *     │ token, scope, query, frame, time           └──subscribe──▶ anew, from its own cursor
 *     ▼
 * error {code, message}, then close: 4001 token · 4003 scope · 4008 no subscribe in time · 4009 frame
 * ```
 * Frames are handled one after the other. The pump reads the log from its position, sends, and reads on; while more than
 * the high-water mark is unsent it waits, so what is in memory for a client is bounded, and nothing is left out.
 */
import type { ParsedUrlQuery } from 'node:querystring';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';
import type { EventFilter } from '../../actors/host/contract.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { ServerFrame, StreamFilters, SubscribeFrame } from '../../schemas/generated/contracts.ts';
import { withinAccounts } from '../auth/accounts.ts';
import { demand } from '../auth/scopes.ts';
import type { Client, Tokens } from '../auth/tokens.ts';
import { parse } from '../contracts.ts';
import { readQuery } from '../control/query.ts';
import type { Consumers } from './consumers.ts';
import type { EventLog } from './event-log.ts';
import { eventFrame } from './event-view.ts';
import { filterParameters, intersect } from './filters.ts';
import type { TelemetryLimits } from './limits.ts';

export interface StreamClientDeps {
  socket: WebSocket;
  bearer: string | undefined;
  query: ParsedUrlQuery;
  log: EventLog;
  consumers: Consumers;
  tokens: Tokens;
  /** The peer's address. */
  from: string;
  /** Whether one more of the client may come in. @throws ControlError CLIENT_STREAMS_FULL */
  join: (client: Client) => void;
  /** @throws ControlError SUBSCRIBED_TOO_OFTEN */
  subscribed: (client: Client) => Promise<void>;
  logger: Logger;
  limits: TelemetryLimits;
  now: () => number;
}

const CLOSE = { token: 4001, scope: 4003, late: 4008, frame: 4009, ours: 1011, later: 1013 };
const SCOPE = 'read:events';
/** Rows read at a time: a few ms of work, then others have their turn. */
const BATCH = 100;

export class StreamClient {
  readonly #deps: StreamClientDeps;
  readonly #socket: WebSocket;
  #client: Client | undefined;
  #queryFilters: StreamFilters = {};
  #consumer: string | undefined;
  /** Aborts when another subscription takes its place, or the connection ends. */
  #subscription: AbortController | undefined;
  /** How far the log was sent. */
  #position = 0;
  #heardAt: number;
  #over = false;
  #isIn = false;
  /** Ends hearing of the end of its token. */
  #unwatch: (() => void) | undefined;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(deps: StreamClientDeps) {
    this.#deps = deps;
    this.#socket = deps.socket;
    this.#heardAt = deps.now();
  }

  /** Resolves once the client is let in; from then on its frames drive it. */
  async run(): Promise<void> {
    const socket = this.#socket;
    // ws closes a frame that is too large or is not UTF-8 by itself, with codes of its own: ours come instead.
    const close = socket.close.bind(socket);
    socket.close = (code, reason) => {
      const tooLarge = new ControlError('FRAME_TOO_LARGE', { limitBytes: this.#deps.limits.frameBytes });
      const malformed = new ControlError('FRAME_MALFORMED', { reason: 'it breaks the WebSocket protocol' });
      if (!this.#over && code === 1009) this.#fail(tooLarge, CLOSE.frame);
      else if (!this.#over && (code === 1002 || code === 1007)) this.#fail(malformed, CLOSE.frame);
      else close(code, reason);
    };
    socket.on('error', (error) => this.#deps.logger.debug({ err: error }, 'stream broke off'));
    socket.once('close', () => this.#finish());
    socket.on('pong', () => this.#heard());
    socket.on('ping', () => this.#heard());

    // A frame may come at once; it is handled when those before it are, and its sender is known.
    let last: Promise<void> = this.#letIn();
    socket.on('message', (data, isBinary) => {
      this.#heard();
      socket.pause();
      last = last.then(() => this.#handle(data, isBinary)).finally(() => socket.resume());
    });
    await last;
  }

  /** Of the client, as long as it is in; undefined before, and once it is told that it is over. */
  get service(): string | undefined {
    return this.#isIn && !this.#over ? this.#client?.service : undefined;
  }

  /** Rows of the log it has still to look through; 0 before it subscribed. */
  get behind(): number {
    return this.#subscription && !this.#over ? Math.max(0, this.#deps.log.head - this.#position) : 0;
  }

  /** Says no more and closes. */
  end(code: number, reason: string): void {
    this.#over = true;
    this.#subscription?.abort();
    this.#socket.close(code, reason);
  }

  cut(): void {
    this.#socket.terminate();
  }

  async #letIn(): Promise<void> {
    const { limits } = this.#deps;
    if (!(await this.#authenticate(this.#deps.from))) return;
    try {
      this.#deps.join(this.#client as Client);
      this.#isIn = true;
      this.#queryFilters = readQuery(this.#deps.query, filterParameters);
      withinAccounts(this.#client as Client, this.#queryFilters);
    } catch (error) {
      return this.#fail(error, closeCodeOf(error));
    }
    const late = new ControlError('SUBSCRIBE_TIMEOUT', { waitedMs: limits.subscribeMs });
    this.#after(limits.subscribeMs, () => this.#subscription ?? this.#fail(late, CLOSE.late));
    this.#timers.push(setInterval(() => void this.#ping(), limits.pingMs));
    // By itself and not with the pings, so that it holds whatever their pace is.
    this.#timers.push(setInterval(() => this.#closeIfSilent(), Math.max(10, limits.silentMs / 4)));
  }

  /** false: it was told and closed. Asked again with every ping, so a revoked token ends what it began. */
  async #authenticate(from?: string): Promise<boolean> {
    try {
      this.#client = await this.#deps.tokens.authenticate(this.#deps.bearer, from);
      demand(this.#client.scopes, SCOPE);
      this.#unwatch ??= this.#deps.tokens.onEnd(this.#client, () => void this.#authenticate());
      if (this.#over) this.#unwatch();
      return !this.#over;
    } catch (error) {
      const isToken = isControlError(error, 'UNAUTHENTICATED') || isControlError(error, 'REFUSED_TOO_OFTEN');
      const code = isToken ? CLOSE.token : CLOSE.scope;
      this.#fail(error, isControlError(error) ? code : CLOSE.ours);
      return false;
    }
  }

  async #ping(): Promise<void> {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.ping();
    await this.#authenticate();
  }

  #closeIfSilent(): void {
    if (this.#deps.now() - this.#heardAt >= this.#deps.limits.silentMs) this.#socket.terminate();
  }

  #heard(): void {
    this.#heardAt = this.#deps.now();
  }

  #after(ms: number, run: () => void): void {
    this.#timers.push(setTimeout(run, ms));
  }

  // Frames

  async #handle(data: RawData, isBinary: boolean): Promise<void> {
    if (this.#over) return;
    try {
      const frame = parse.clientFrame(jsonOf(data, isBinary));
      switch (frame.type) {
        case 'subscribe':
          return await this.#subscribe(frame);
        case 'unsubscribe':
          this.#subscription?.abort();
          return this.#send({ type: 'unsubscribed' });
        case 'ack':
          return this.#ack(frame.cursor);
        case 'ping':
          return this.#send({ type: 'pong' });
        case 'pong':
          return;
      }
    } catch (error) {
      this.#fail(asFrameError(error), closeCodeOf(error));
    }
  }

  async #subscribe({ cursor, consumer, filters = {} }: SubscribeFrame): Promise<void> {
    const { log, consumers } = this.#deps;
    await this.#deps.subscribed(this.#client as Client);
    this.#subscription?.abort();
    const subscription = new AbortController();
    this.#subscription = subscription;
    this.#consumer = consumer;
    const kept =
      cursor === undefined && consumer !== undefined
        ? await consumers.position((this.#client as Client).service, consumer)
        : undefined;
    if (this.#over) return;
    const filter = intersect(this.#queryFilters, filters);
    const own = filter && withinAccounts(this.#client as Client, filter);
    this.#position = cursor === undefined ? (kept ?? log.head) : Number(cursor);
    this.#send({ type: 'subscribed', cursor: String(log.head) });
    this.#pump(own, subscription.signal).catch((error) => {
      if (!subscription.signal.aborted) this.#fail(error, CLOSE.ours);
    });
  }

  /** Answered once it is durable; frames that follow need not wait for that. */
  #ack(text: string): void {
    const cursor = Number(text);
    if (this.#consumer === undefined) {
      throw new ControlError('FRAME_MALFORMED', { reason: 'ack is for a subscription that names a consumer' });
    }
    if (cursor > this.#position) throw new ControlError('CURSOR_INVALID', { cursor: text });
    const { service } = this.#client as Client;
    this.#deps.consumers.ack(service, this.#consumer, cursor).then(
      (kept) => this.#send({ type: 'acked', cursor: String(kept) }),
      (error) => {
        // Reads go on where nothing can be written: it is not answered, and the next one, once it is kept, covers it.
        if (!isControlError(error, 'JOURNAL_UNAVAILABLE')) this.#fail(error, CLOSE.ours);
      }
    );
  }

  // The pump

  async #pump(filter: EventFilter | undefined, signal: AbortSignal): Promise<void> {
    const { log } = this.#deps;
    let isCaughtUp = false;
    while (!signal.aborted) {
      const read = filter
        ? await log.read(this.#position, BATCH, filter)
        : // Nothing can match: it hears of gaps and of the end of the replay all the same.
          { ...(await log.read(this.#position, 1, {})), rows: [], position: Math.max(this.#position, log.head) };
      if (signal.aborted) return;
      if (read.gap) {
        const { from, to, reason } = read.gap;
        this.#send({ type: 'gap', from: String(from), to: String(to), reason });
      }
      for (const row of read.rows) {
        this.#sendText(eventFrame(row));
        this.#position = row.cursor;
        if (this.#isBehind()) await this.#drained(signal);
        if (signal.aborted) return;
      }
      this.#position = read.position;
      if (!isCaughtUp && this.#position >= log.head) {
        isCaughtUp = true;
        this.#send({ type: 'caught_up', cursor: String(this.#position) });
      }
      if (this.#position < log.head) await nextTurn();
      else await log.grown(this.#position, signal);
    }
  }

  #isBehind(): boolean {
    return this.#socket.bufferedAmount > this.#deps.limits.highWaterBytes;
  }

  /** Resolves when what was sent is with the peer's kernel, which is a sign of life too. */
  #drained(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      // Behind everything that waits: its callback comes when that is gone, or the connection is.
      this.#socket.ping(undefined, undefined, (error?: Error) => {
        if (!error) this.#heard();
        done();
      });
    });
  }

  #send(frame: ServerFrame): void {
    this.#sendText(JSON.stringify(frame));
  }

  #sendText(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }

  // Ends

  /** The `error` frame, then the close. What is not of the catalogue is told as INTERNAL and logged. */
  #fail(thrown: unknown, closeCode: number): void {
    if (this.#over) return;
    const error = isControlError(thrown) ? thrown : new ControlError('INTERNAL', {}, thrown);
    if (error.code === 'INTERNAL') this.#deps.logger.error({ err: thrown }, 'stream failed');
    this.#send({ type: 'error', code: error.code, message: error.message });
    this.end(closeCode, error.code);
  }

  #finish(): void {
    this.#over = true;
    this.#subscription?.abort();
    this.#unwatch?.();
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

function closeCodeOf(error: unknown): number {
  if (isControlError(error, 'ACCOUNT_FORBIDDEN')) return CLOSE.scope;
  if (isControlError(error) && error.status === 429) return CLOSE.later;
  return isControlError(error) && error.status < 500 ? CLOSE.frame : CLOSE.ours;
}

function jsonOf(data: RawData, isBinary: boolean): unknown {
  if (isBinary) throw new ControlError('FRAME_MALFORMED', { reason: 'it is binary; send JSON as text' });
  try {
    return JSON.parse(data.toString());
  } catch (error) {
    throw new ControlError('FRAME_MALFORMED', { reason: (error as Error).message.slice(0, 200) }, error);
  }
}

/** A frame that does not fit its schema is FRAME_MALFORMED, with what does not fit. */
const asFrameError = (error: unknown): unknown =>
  isControlError(error, 'VALIDATION_FAILED')
    ? new ControlError('FRAME_MALFORMED', { reason: error.message.replace(/^the frame /, 'it ') }, error)
    : error;
