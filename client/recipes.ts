/**
 * `troupe/recipes`: sends recipes from a program of the same machine and user.
 *
 * A datagram first: it is the quickest, and there is no connection to keep. When it cannot be sent, or its reply does
 * not come, the same request, with the same id, goes over the stream, which is connected again at most once. The server
 * remembers ids: a request that ran already is answered again and runs no second time.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DatagramSocket } from 'unix-dgram';
import type { RecipeCommand, RecipeMeta, RecipeReply } from '../schemas/generated/contracts.ts';

export type { RecipeCommand, RecipeReply };

export interface RecipeClientOptions {
  /** Path of `recipes.sock`; its datagram socket is beside it. */
  path: string;
  /** Said of every request. */
  source?: string;
  /** How long a datagram's reply is waited for before the stream is asked, ms. Default 250. */
  ackMs?: number;
  /** false: the stream alone. */
  datagrams?: boolean;
}

export interface SendOptions {
  /** Default: a random one. The same id again is the same request, for ten minutes; of a flow, for ever. */
  id?: string;
  meta?: RecipeMeta;
  /** Of the whole request, ms. Default 10,000. */
  timeoutMs?: number;
  /** false: no reply is asked for, and `send` resolves with null once it is on its way. */
  ack?: boolean;
}

export interface RecipeClient {
  /**
   * Commands in order; the first that fails stops the rest. A reply that says so is a reply: look at `ok`.
   * @throws RecipeUnreachable when nobody answers
   */
  send(commands: RecipeCommand | RecipeCommand[], options?: SendOptions): Promise<RecipeReply | null>;
  /** How requests went so far. `fallbacks`: first as a datagram, then over the stream. */
  readonly counts: Readonly<{ datagrams: number; streamed: number; fallbacks: number; reconnects: number }>;
  close(): void;
}

export class RecipeUnreachable extends Error {
  constructor(path: string, why: string, cause?: unknown) {
    super(`recipes at ${path} cannot be reached: ${why}`, { cause });
    this.name = 'RecipeUnreachable';
  }
}

/** What does not fit a datagram goes over the stream at once. */
const DATAGRAM_BYTES = 65_000;
/** After the request's own time, for the reply to come. */
const GRACE_MS = 1_000;

export function createRecipeClient(options: RecipeClientOptions): RecipeClient {
  return new Client(options);
}

class Client implements RecipeClient {
  readonly counts = { datagrams: 0, streamed: 0, fallbacks: 0, reconnects: 0 };
  readonly #options: Required<Omit<RecipeClientOptions, 'source'>> & Pick<RecipeClientOptions, 'source'>;
  /** Who waits for a reply, by id; told undefined when none will come this way. */
  readonly #waiting = new Map<string, (reply: RecipeReply | undefined) => void>();
  /** null: there are no datagrams here. */
  #bound: Bound | null | undefined;
  #binding: Promise<Bound | undefined> | undefined;
  #closed = false;
  #stream: Promise<Socket> | undefined;
  /** What is told to those that wait on the stream when it breaks. */
  readonly #lost = new Set<() => void>();

  constructor(options: RecipeClientOptions) {
    this.#options = { ackMs: 250, datagrams: true, ...options };
  }

  send(commands: RecipeCommand | RecipeCommand[], options: SendOptions = {}): Promise<RecipeReply | null> {
    const { id = randomUUID(), meta, timeoutMs = 10_000, ack = true } = options;
    const { source } = this.#options;
    const said = source === undefined && meta === undefined ? {} : { meta: { ...(source ? { source } : {}), ...meta } };
    const command = Array.isArray(commands) ? { type: 'batch', commands } : commands;
    const line = JSON.stringify({ v: 1, id, ...said, ack, timeout_ms: timeoutMs, ...command });
    const until = performance.now() + timeoutMs + GRACE_MS;
    // Characters are no bytes, and never more than three of them.
    if (!this.#options.datagrams || line.length * 3 > DATAGRAM_BYTES) return this.#overStream(id, line, ack, until);
    return this.#asDatagram(id, line, ack, until);
  }

  close() {
    this.#closed = true;
    if (this.#bound) {
      this.#bound.socket.close();
      rmSync(this.#bound.path, { force: true });
    }
    this.#bound = null;
    void this.#stream?.then(
      (socket) => socket.destroy(),
      () => {}
    );
  }

  /** On the hot path there is one promise, the reply's own. */
  #asDatagram(id: string, line: string, ack: boolean, until: number): Promise<RecipeReply | null> {
    const bound = this.#bound;
    if (bound === undefined) return this.#bind().then(() => this.#asDatagram(id, line, ack, until));
    if (bound === null) return this.#fallBack(id, line, ack, until);
    let reply: Promise<RecipeReply | null> | undefined;
    if (ack) {
      reply = new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          this.#waiting.delete(id);
          this.#fallBack(id, line, ack, until).then(resolve, reject);
        }, this.#options.ackMs);
        this.#waiting.set(id, (heard) => {
          clearTimeout(timer);
          this.#waiting.delete(id);
          if (heard) resolve(heard);
          else this.#fallBack(id, line, ack, until).then(resolve, reject);
        });
      });
    }
    const isSent = bound.send(Buffer.from(line));
    if (isSent) this.counts.datagrams++;
    else if (ack) this.#waiting.get(id)?.(undefined);
    if (reply) return reply;
    return isSent ? Promise.resolve(null) : this.#fallBack(id, line, ack, until);
  }

  #fallBack(id: string, line: string, ack: boolean, until: number): Promise<RecipeReply | null> {
    this.counts.fallbacks++;
    return this.#overStream(id, line, ack, until);
  }

  async #bind(): Promise<void> {
    this.#binding ??= bindDatagram(this.#options.path, (reply) => this.#heard(reply));
    const bound = await this.#binding;
    this.#bound ??= bound ?? null;
    if (this.#closed) this.close();
  }

  async #overStream(id: string, line: string, ack: boolean, until: number): Promise<RecipeReply | null> {
    for (let attempt = 0; ; attempt++) {
      let onLost = () => {};
      try {
        const socket = await this.#connected();
        const lost = new Promise<'lost'>((resolve) => {
          onLost = () => resolve('lost');
          this.#lost.add(onLost);
        });
        const reply = ack ? this.#reply(id, until - performance.now()) : null;
        await new Promise<void>((resolve, reject) => {
          socket.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
        });
        if (attempt === 0) this.counts.streamed++;
        if (reply === null) return null;
        const answer = await Promise.race([reply, lost]);
        if (answer && answer !== 'lost') return answer;
        if (answer === undefined) throw new Error('no reply came in time');
        throw Object.assign(new Error('the connection was lost'), { code: 'LOST' });
      } catch (error) {
        this.#waiting.delete(id);
        const again = ['LOST', 'EPIPE', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? '');
        if (attempt > 0 || !again) throw new RecipeUnreachable(this.#options.path, (error as Error).message, error);
        this.#stream = undefined;
        this.counts.reconnects++;
      } finally {
        this.#lost.delete(onLost);
      }
    }
  }

  #connected(): Promise<Socket> {
    this.#stream ??= connectStream(this.#options.path, (reply) => this.#heard(reply)).then(
      (socket) => {
        socket.once('close', () => {
          this.#stream = undefined;
          for (const lost of this.#lost) lost();
        });
        return socket;
      },
      (error) => {
        this.#stream = undefined;
        throw error;
      }
    );
    return this.#stream;
  }

  #reply(id: string, withinMs: number): Promise<RecipeReply | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        resolve(undefined);
      }, withinMs);
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(reply);
      });
    });
  }

  #heard(reply: RecipeReply) {
    // One without an id is about what could not be read: not ours, or all that waits.
    if (reply.id !== null) this.#waiting.get(reply.id)?.(reply);
  }
}

/** A datagram socket that is bound, so that there is somewhere to answer to. */
class Bound {
  readonly path: string;
  readonly socket: DatagramSocket;
  readonly #to: string;
  /** To the socket that the server had when it was last looked up: a path each time costs as much as the sending. */
  #connected = false;
  /** Of what failed last; 0: nothing did. */
  #code = 0;

  constructor(socket: DatagramSocket, path: string, to: string) {
    this.socket = socket;
    this.path = path;
    this.#to = to;
    socket.on('error', this.#note);
  }

  /** False when it could not be sent, and then it was not. */
  send(bytes: Buffer): boolean {
    if (this.#connected) {
      const code = this.#try(bytes);
      // Positive: the server's queue is full. An errno: one that was started anew has another socket there.
      if (code >= 0) return code === 0;
    }
    this.#code = 0;
    this.socket.connect(this.#to);
    this.#connected = this.#code === 0;
    return this.#connected && this.#try(bytes) === 0;
  }

  #try(bytes: Buffer): number {
    this.#code = 0;
    this.socket.send(bytes, this.#note);
    return this.#code;
  }

  #note = (error?: { code: number }) => {
    if (error) this.#code = error.code;
  };
}

/** In the folder of the server's own socket. */
async function bindDatagram(path: string, heard: (reply: RecipeReply) => void): Promise<Bound | undefined> {
  const module = await import('unix-dgram').then(
    (loaded) => loaded.default,
    () => undefined
  );
  if (!module) return undefined;
  const own = join(dirname(path), `c${process.pid}-${randomUUID().slice(0, 8)}`);
  const socket = module.createSocket('unix_dgram');
  let failed = false;
  socket.once('error', () => {
    failed = true;
  });
  const before = process.umask(0o177);
  socket.bind(own);
  process.umask(before);
  if (failed) {
    socket.close();
    return undefined;
  }
  socket.on('message', (bytes) => take(bytes.toString(), heard));
  return new Bound(socket, own, `${path}.dgram`);
}

function connectStream(path: string, heard: (reply: RecipeReply) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.on('error', () => {}); // its close says it
      createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => take(line, heard));
      resolve(socket);
    });
  });
}

function take(text: string, heard: (reply: RecipeReply) => void) {
  let reply: RecipeReply;
  try {
    reply = JSON.parse(text);
  } catch {
    return; // no server of ours
  }
  heard(reply);
}
