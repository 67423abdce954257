/**
 * The stream socket: many clients, many requests in flight of each, one line a request. Replies of version 1 and of the
 * newline JSON form carry their ids and come as they are ready; the line protocol has none, so its answers keep the
 * order of its lines.
 *
 * What one client does costs the others nothing. One that sends faster than it is served, or does not read its replies,
 * is not read from until it does; one that never does is closed, as is a line that does not end. When all places are
 * taken, the client that has been silent the longest makes room. Who connects from another user's process is not served.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { ControlError } from '../../schemas/errors.ts';
import { LINE_LIMIT, Lines } from './framing.ts';
import { idsOf, isOlder, lineOf, OPENS_JSON, olderReply, pongReply, readLine, readOlder } from './older.ts';
import { isWelcome, type PeerUid } from './peer.ts';
import { clearPath, inodeOf, removeOwn, withOwnMode } from './place.ts';
import { isRefusal, readObject, readRequest, refusal, unreadable } from './request.ts';
import type { RecipeService } from './service.ts';
import { TurnedAway } from './turned-away.ts';

export interface StreamLimits {
  clients: number;
  /** Requests of one client that may run or wait; then it is not read from. */
  inFlight: number;
  /** A line must end so soon after it began, and replies must be read, ms. */
  patienceMs: number;
  /** Who is turned away has so long for a first line, which says how it is to be told, ms. */
  farewellMs: number;
  lineBytes: number;
}

const defaults: StreamLimits = {
  clients: 256,
  inFlight: 64,
  patienceMs: 30_000,
  farewellMs: 1_000,
  lineBytes: LINE_LIMIT
};

export interface StreamOptions {
  limits?: Partial<StreamLimits> | undefined;
  /** Without it everybody who can connect is served. */
  uidOf?: PeerUid | undefined;
  /** Somebody else's process connected, and was turned away; uid null: the kernel did not say whose. */
  onStranger?: (uid: number | null, why: string) => void;
}

export interface StreamServer {
  close(): Promise<void>;
}

/** @throws ControlError RECIPES_SOCKET_IN_USE */
export async function serveStream(
  path: string,
  service: RecipeService,
  { limits: given, uidOf, onStranger }: StreamOptions = {}
): Promise<StreamServer> {
  const limits = { ...defaults, ...given };
  await clearPath(path, 'stream');
  const clients = new Set<StreamClient>();
  const turnedAway = new TurnedAway(limits.farewellMs);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const stranger = uidOf && strangerAt(socket, uidOf);
    if (stranger) {
      onStranger?.(stranger.uid, stranger.why);
      return turnedAway.add(socket, { code: 'not_permitted', message: stranger.why });
    }
    if (clients.size >= limits.clients && !closeMostSilent(clients)) {
      const message = `${limits.clients} clients are connected and all are at work; try again later`;
      return turnedAway.add(socket, { code: 'busy', message });
    }
    const client = new StreamClient(socket, service, limits);
    clients.add(client);
    socket.once('close', () => clients.delete(client));
  });
  const listening = once(server, 'listening');
  withOwnMode(path, () => server.listen({ path, backlog: 511 }));
  try {
    await listening;
  } catch (cause) {
    throw new ControlError('RECIPES_SOCKET_IN_USE', { path, by: `something: ${(cause as Error).message}` }, cause);
  }
  const inode = inodeOf(path);
  return {
    async close() {
      removeOwn(path, inode);
      const closed = new Promise((resolve) => server.close(resolve));
      turnedAway.close();
      for (const client of clients) client.end();
      const late = setTimeout(() => {
        for (const { socket } of clients) socket.destroy();
      }, CLOSE_MS);
      await closed;
      clearTimeout(late);
    }
  };
}

function closeMostSilent(clients: Set<StreamClient>): boolean {
  let silent: StreamClient | undefined;
  for (const client of clients) if (client.isIdle && (!silent || client.heardAt < silent.heardAt)) silent = client;
  silent?.socket.destroy();
  if (silent) clients.delete(silent);
  return silent !== undefined;
}

/** Nothing when it is a process of ours. */
function strangerAt(socket: Socket, uidOf: PeerUid): { uid: number | null; why: string } | undefined {
  let uid: number;
  try {
    uid = uidOf(socket);
  } catch (error) {
    return { uid: null, why: `whose process this is cannot be known: ${(error as Error).message}` };
  }
  if (isWelcome(uid)) return undefined;
  return { uid, why: `user ${uid} is not user ${process.getuid?.()}, whose recipes these are` };
}

/** Replies that are on their way at the end get so long to be read, ms. */
const CLOSE_MS = 300;

class StreamClient {
  readonly socket: Socket;
  readonly #service: RecipeService;
  readonly #limits: StreamLimits;
  readonly #lines: Lines;
  /** Answers of the line protocol in the order of its lines; null while one is not there yet. */
  readonly #ordered: { text: string | null }[] = [];
  #inFlight = 0;
  #paused = false;
  #resuming = false;
  #patience: NodeJS.Timeout | undefined;
  /** What is to be done about lines that came in a chunk together with the one that filled the client's places. */
  readonly #held: (() => void)[] = [];
  #ended = false;
  heardAt = performance.now();

  constructor(socket: Socket, service: RecipeService, limits: StreamLimits) {
    this.socket = socket;
    this.#service = service;
    this.#limits = limits;
    this.#lines = new Lines(
      (line) => this.#line(line),
      (first) => this.#tooLong(first),
      limits.lineBytes
    );
    socket.on('data', (chunk: Buffer) => {
      this.heardAt = performance.now();
      this.#lines.push(chunk);
      this.#watch();
    });
    socket.on('end', () => {
      this.#lines.end();
      this.end();
    });
    socket.on('drain', () => {
      this.#watch();
      this.#resume();
    });
    socket.on('error', () => {});
    socket.on('close', () => clearTimeout(this.#patience));
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && !this.#lines.isInside && this.socket.writableLength === 0;
  }

  /** Once what runs is answered. */
  end() {
    this.#ended = true;
    if (this.#inFlight === 0 && this.#held.length === 0) this.socket.destroySoon();
    this.#watch();
  }

  #line(line: Buffer) {
    if (this.#hasPlace) return this.#handle(line);
    // The bytes are those of the chunk, which lives as long as they do: a copy holds only the line.
    const copy = Buffer.from(line);
    this.#hold(() => this.#handle(copy));
  }

  get #hasPlace(): boolean {
    return this.#inFlight < this.#limits.inFlight && this.#held.length === 0;
  }

  #hold(work: () => void) {
    this.#held.push(work);
    this.#pause();
  }

  #handle(line: Buffer) {
    this.#inFlight++;
    const at = this.heardAt;
    if (line[0] !== OPENS_JSON) return this.#older(line, at);
    const readAt = performance.now();
    const done = (text: string | null) => this.#done(text);
    if (this.#service.takeFamiliar(line, { at, readAt, transport: 'stream' }, done)) return;
    const object = readObject(line);
    if (typeof object === 'string') {
      const arrival = { at, readAt, transport: 'stream' } as const;
      return this.#service.refuse(unreadable(object), arrival, (one) => this.#done(JSON.stringify(one)));
    }
    if (!isOlder(object)) {
      return this.#service.takeObject(object, line, { at, readAt, transport: 'stream' }, done);
    }
    const ids = idsOf(object);
    const came = Date.now();
    if (object.op === 'ping') return this.#done(pongReply(ids, came));
    const request = readOlder(object);
    const arrival = { at, readAt, transport: 'json' } as const;
    if (isRefusal(request)) {
      return this.#service.refuse(request, arrival, (one) => this.#done(olderReply(ids, one, came)));
    }
    this.#service.submit(request, arrival, (one) => this.#done(olderReply(ids, one, came)));
  }

  #older(line: Buffer, at: number) {
    const answer = this.#place();
    const arrival = { at, readAt: performance.now(), transport: 'line' } as const;
    const read = readLine(line.toString('utf8'));
    if (read === 'ping') return answer('PONG');
    const request = 'why' in read ? refusal('malformed', String(read.why)) : readRequest(read);
    if (isRefusal(request)) return this.#service.refuse(request, arrival, (one) => answer(lineOf(one)));
    this.#service.submit(request, arrival, (one) => answer(lineOf(one)));
  }

  /** The next place in the order of the line protocol's answers, and how it is filled. */
  #place(): (text: string) => void {
    const place: { text: string | null } = { text: null };
    this.#ordered.push(place);
    return (text) => {
      place.text = text;
      this.#inFlight--;
      while (this.#ordered.length > 0 && this.#ordered[0]!.text !== null) this.#write(this.#ordered.shift()!.text!);
      this.#resume();
    };
  }

  /** @param first byte of the line */
  #tooLong(first: number) {
    if (!this.#hasPlace) return this.#hold(() => this.#refuseLong(first));
    this.#refuseLong(first);
  }

  #refuseLong(first: number) {
    this.#inFlight++;
    const at = this.heardAt;
    const why = refusal('too_large', `a line has at most ${this.#limits.lineBytes} bytes`);
    if (first === OPENS_JSON) {
      const arrival = { at, readAt: at, transport: 'stream' } as const;
      return this.#service.refuse(why, arrival, (one) => this.#done(JSON.stringify(one)));
    }
    const answer = this.#place();
    this.#service.refuse(why, { at, readAt: at, transport: 'line' }, (one) => answer(lineOf(one)));
  }

  #done(text: string | null) {
    this.#inFlight--;
    if (text !== null) this.#write(text);
    this.#resume();
  }

  #write(text: string) {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    if (!this.socket.write(`${text}\n`)) {
      this.#pause();
      this.#watch();
    }
  }

  #pause() {
    if (this.#paused) return;
    this.#paused = true;
    this.socket.pause();
  }

  /** Goes on with what is held, then with the socket, as far as there are places and the client reads. */
  #resume() {
    if (this.#resuming) return;
    this.#resuming = true;
    while (this.#held.length > 0 && this.#mayGoOn) this.#held.shift()!();
    this.#resuming = false;
    if (this.#held.length > 0 || !this.#mayGoOn) return;
    if (this.#ended && this.#inFlight === 0) return this.socket.destroySoon();
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
  }

  get #mayGoOn(): boolean {
    return this.#inFlight < this.#limits.inFlight && !this.socket.writableNeedDrain;
  }

  /** A client that neither ends its line nor reads its replies is closed after a while. */
  #watch() {
    const isOwing = this.#lines.isInside || this.socket.writableNeedDrain;
    if (isOwing && !this.#patience) {
      this.#patience = setTimeout(() => this.socket.destroy(), this.#limits.patienceMs).unref();
    } else if (!isOwing && this.#patience) {
      clearTimeout(this.#patience);
      this.#patience = undefined;
    }
  }
}
