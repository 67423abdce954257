/**
 * A connection that is fed from the log: who it is, whether it still lives, how much of what was sent is not yet gone. What
 * it says and what it is told is its kind's: `StreamClient`, `InspectClient`.
 *
 * Frames are handled one after the other. While more than the high-water mark is unsent, whoever feeds it waits for
 * `drained`, so what is in memory for a client is bounded, and nothing is left out.
 */
import type { ParsedUrlQuery } from 'node:querystring';
import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import { demand } from '../auth/scopes.ts';
import type { Client, Tokens } from '../auth/tokens.ts';
import type { EventLog } from './event-log.ts';
import type { TelemetryLimits } from './limits.ts';

export interface LogClientDeps {
  socket: WebSocket;
  /** Asked once. @throws ControlError when what was to be exchanged for it is none */
  bearer: () => Promise<string | undefined>;
  query: ParsedUrlQuery;
  log: EventLog;
  tokens: Tokens;
  /** The peer's address. */
  from: string;
  /** Whether one more of the client may come in. @throws ControlError CLIENT_STREAMS_FULL */
  join: (client: Client) => void;
  /** It, or something it said, was refused; of whatever else goes wrong nothing comes of this. @param client once it is known */
  refused: (error: unknown, client?: Client) => void;
  logger: Logger;
  limits: TelemetryLimits;
  now: () => number;
}

export const CLOSE = { token: 4001, scope: 4003, late: 4008, frame: 4009, ours: 1011, later: 1013 };
const SCOPE = 'read:events';
/** Rows read at a time: a few ms of work, then others have their turn. */
export const BATCH = 100;

export abstract class LogClient<Deps extends LogClientDeps = LogClientDeps> {
  protected readonly deps: Deps;
  protected readonly socket: WebSocket;
  /** Whom it was let in as. */
  protected client!: Client;
  /** How far the log was sent. */
  protected position = 0;
  protected over = false;
  #isIn = false;
  #bearer: string | undefined;
  #heardAt: number;
  /** Ends hearing of the end of its token. */
  #unwatch: (() => void) | undefined;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(deps: Deps) {
    this.deps = deps;
    this.socket = deps.socket;
    this.#heardAt = deps.now();
  }

  /** It is let in. @throws ControlError: it is told, and closed */
  protected abstract begin(): Promise<void> | void;
  /** A frame, parsed. @throws ControlError: it is told, and closed */
  protected abstract handle(frame: unknown): Promise<void> | void;
  /** What feeds it stops. */
  protected abstract stop(): void;
  /** Rows of the log it has still to look through. */
  abstract get behind(): number;

  /** Resolves once the client is let in; from then on its frames drive it. */
  async run(): Promise<void> {
    const { socket } = this;
    // ws closes a frame that is too large or is not UTF-8 by itself, with codes of its own: ours come instead.
    const close = socket.close.bind(socket);
    socket.close = (code, reason) => {
      const tooLarge = new ControlError('FRAME_TOO_LARGE', { limitBytes: this.deps.limits.frameBytes });
      const malformed = new ControlError('FRAME_MALFORMED', { reason: 'it breaks the WebSocket protocol' });
      if (!this.over && code === 1009) this.fail(tooLarge, CLOSE.frame);
      else if (!this.over && (code === 1002 || code === 1007)) this.fail(malformed, CLOSE.frame);
      else close(code, reason);
    };
    socket.on('error', (error) => this.deps.logger.debug({ err: error }, 'stream broke off'));
    socket.once('close', () => this.#finish());
    socket.on('pong', () => this.#heard());
    socket.on('ping', () => this.#heard());

    // A frame may come at once; it is handled when those before it are, and its sender is known.
    let last: Promise<void> = this.#letIn();
    socket.on('message', (data, isBinary) => {
      this.#heard();
      socket.pause();
      last = last.then(() => this.#take(data, isBinary)).finally(() => socket.resume());
    });
    await last;
  }

  /** Of the client, as long as it is in; undefined before, and once it is told that it is over. */
  get service(): string | undefined {
    return this.#isIn && !this.over ? this.client.service : undefined;
  }

  /** Says no more and closes. */
  end(code: number, reason: string): void {
    this.over = true;
    this.stop();
    this.socket.close(code, reason);
  }

  cut(): void {
    this.socket.terminate();
  }

  async #letIn(): Promise<void> {
    const { limits } = this.deps;
    try {
      this.#bearer = await this.deps.bearer();
    } catch (error) {
      return this.fail(error, isControlError(error) && error.status < 500 ? CLOSE.token : CLOSE.ours);
    }
    if (!(await this.#authenticate(this.deps.from))) return;
    try {
      this.deps.join(this.client);
      this.#isIn = true;
      await this.begin();
    } catch (error) {
      return this.fail(error, closeCodeOf(error));
    }
    if (this.over) return;
    this.#timers.push(setInterval(() => void this.#ping(), limits.pingMs));
    // By itself and not with the pings, so that it holds whatever their pace is.
    this.#timers.push(setInterval(() => this.#closeIfSilent(), Math.max(10, limits.silentMs / 4)));
  }

  /** false: it was told and closed. Asked again with every ping, so a revoked token ends what it began. */
  async #authenticate(from?: string): Promise<boolean> {
    try {
      this.client = await this.deps.tokens.authenticate(this.#bearer, from);
      demand(this.client.scopes, SCOPE);
      this.#unwatch ??= this.deps.tokens.onEnd(this.client, () => void this.#authenticate());
      if (this.over) this.#unwatch();
      return !this.over;
    } catch (error) {
      const isToken = isControlError(error, 'UNAUTHENTICATED') || isControlError(error, 'REFUSED_TOO_OFTEN');
      const code = isToken ? CLOSE.token : CLOSE.scope;
      this.fail(error, isControlError(error) ? code : CLOSE.ours);
      return false;
    }
  }

  async #ping(): Promise<void> {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.socket.ping();
    await this.#authenticate();
  }

  #closeIfSilent(): void {
    if (this.deps.now() - this.#heardAt >= this.deps.limits.silentMs) this.socket.terminate();
  }

  #heard(): void {
    this.#heardAt = this.deps.now();
  }

  protected after(ms: number, run: () => void): void {
    this.#timers.push(setTimeout(run, ms));
  }

  async #take(data: RawData, isBinary: boolean): Promise<void> {
    if (this.over) return;
    try {
      await this.handle(jsonOf(data, isBinary));
    } catch (error) {
      this.fail(asFrameError(error), closeCodeOf(error));
    }
  }

  protected get isBehind(): boolean {
    return this.socket.bufferedAmount > this.deps.limits.highWaterBytes;
  }

  /** Resolves when what was sent is with the peer's kernel, which is a sign of life too. */
  protected drained(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      // Behind everything that waits: its callback comes when that is gone, or the connection is.
      this.socket.ping(undefined, undefined, (error?: Error) => {
        if (!error) this.#heard();
        done();
      });
    });
  }

  protected send(frame: object): void {
    this.sendText(JSON.stringify(frame));
  }

  protected sendText(text: string): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(text);
  }

  /** The `error` frame, then the close. What is not of the catalogue is told as INTERNAL and logged. */
  protected fail(thrown: unknown, closeCode: number): void {
    if (this.over) return;
    this.deps.refused(thrown, this.client);
    this.send(this.errorFrame(thrown));
    this.end(closeCode, isControlError(thrown) ? thrown.code : 'INTERNAL');
  }

  protected errorFrame(thrown: unknown): { type: 'error'; code: string; message: string } {
    const error = isControlError(thrown) ? thrown : new ControlError('INTERNAL', {}, thrown);
    if (error.code === 'INTERNAL') this.deps.logger.error({ err: thrown }, 'stream failed');
    return { type: 'error', code: error.code, message: error.message };
  }

  #finish(): void {
    this.over = true;
    this.stop();
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
