/** One request a datagram; its reply goes to the path that the sender is bound to. */
import { lstatSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { ControlError } from '../../schemas/errors.ts';
import { clearPath, inodeOf, removeOwn, withOwnMode } from './place.ts';
import { type Refusal, readObject, refusal } from './request.ts';
import type { RecipeService } from './service.ts';
import { type LoadDatagrams, loadDatagrams } from './unix-dgram.ts';

/** The module reads so many bytes and does not say whether there were more: an object that was cut is no JSON. */
const LIMIT = 65_536;
/** Requests of one sender that may run or wait. */
const IN_FLIGHT = 64;
/** Senders whose socket was looked at. */
const KNOWN_SENDERS = 4_096;

export interface DatagramServer {
  readonly status: { received: number; unanswered: number };
  close(): void;
}

/** @throws ControlError RECIPES_SOCKET_IN_USE, DATAGRAMS_UNAVAILABLE */
export async function serveDatagrams(
  path: string,
  service: RecipeService,
  load: LoadDatagrams = loadDatagrams
): Promise<DatagramServer> {
  const { module, why } = await load();
  if (!module) throw new ControlError('DATAGRAMS_UNAVAILABLE', { reason: why ?? 'no reason given' });
  await clearPath(path, 'datagram');
  const socket = module.createSocket('unix_dgram');
  let failure: Error | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  withOwnMode(path, () => socket.bind(path));
  if (failure) {
    socket.close();
    throw new ControlError('RECIPES_SOCKET_IN_USE', { path, by: `something: ${failure.message}` }, failure);
  }
  const inode = inodeOf(path);
  const senders = new Senders();
  const status = { received: 0, unanswered: 0 };
  const written = Buffer.allocUnsafe(LIMIT);
  const count = (error?: Error) => {
    if (error) status.unanswered++;
  };
  let open = true;

  socket.on('message', (bytes, { path: from }) => {
    const at = performance.now();
    status.received++;
    const sender = senders.of(from);
    const reply = (text: string) => {
      if (!open || !sender || !from) return;
      // Sent before `send` returns, so one buffer does for all.
      const answer = text.length * 3 <= written.length ? written : Buffer.from(text);
      const length = answer === written ? written.write(text) : answer.length;
      // A sender that does not read loses its reply and holds nobody up; it may ask again with the same id.
      socket.send(answer, 0, length, from, count);
    };
    const refuse = (why: Refusal) =>
      service.refuse(why, { at, readAt: at, transport: 'datagram' }, (one) => reply(JSON.stringify(one)));
    if (bytes.length === LIMIT && typeof readObject(bytes) === 'string') return refuse(refusal('too_large', MESSAGE));
    if (!sender) return service.take(bytes, at, 'datagram', () => {});
    if (sender.inFlight >= IN_FLIGHT) {
      const message = `${IN_FLIGHT} requests of this sender run or wait; send it again later`;
      return refuse(refusal('busy', message, idIn(bytes)));
    }
    sender.inFlight++;
    service.take(bytes, at, 'datagram', (text) => {
      sender.inFlight--;
      if (text !== null) reply(text);
    });
  });

  return {
    status,
    close() {
      open = false;
      removeOwn(path, inode);
      socket.close();
    }
  };
}

const MESSAGE = `a datagram has at most ${LIMIT} bytes; send more over the stream`;

function idIn(bytes: Buffer): string | null {
  const object = readObject(bytes);
  return typeof object === 'object' && typeof object.id === 'string' ? object.id.slice(0, 128) : null;
}

interface Sender {
  inFlight: number;
}

/** Senders by the path they are bound to. A reply goes to a socket of our user with an absolute path, and to no other. */
class Senders {
  readonly #known = new Map<string, Sender>();
  /** Who sent last is mostly who sends next. */
  #last: { path: string; sender: Sender } | undefined;

  of(path: string | null): Sender | undefined {
    if (!path) return undefined;
    if (this.#last?.path === path) return this.#last.sender;
    let sender = this.#known.get(path);
    if (!sender) {
      if (!isOurSocket(path)) return undefined;
      sender = { inFlight: 0 };
      this.#known.set(path, sender);
    }
    this.#last = { path, sender };
    if (this.#known.size > KNOWN_SENDERS) this.#forgetOldest();
    return sender;
  }

  #forgetOldest(): void {
    for (const [path, { inFlight }] of this.#known) {
      if (inFlight > 0) continue;
      this.#known.delete(path);
      return;
    }
  }
}

function isOurSocket(path: string): boolean {
  if (!isAbsolute(path)) return false;
  try {
    const found = lstatSync(path);
    return found.isSocket() && found.uid === process.getuid?.();
  } catch {
    return false;
  }
}
