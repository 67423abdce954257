/**
 * Clients that are not served are told why, in the dialect that they speak, and closed. Which one that is their first
 * line says; so it is waited for, a moment, and nothing of it is done. Of many at a time most hear it at once instead,
 * as a reply of version 1, for nobody who is turned away may hold a place for long.
 */
import type { Socket } from 'node:net';
import type { RecipeErrorCode } from '../../actors/desktop/contract.ts';
import type { RecipeReply } from '../../schemas/generated/contracts.ts';
import { Lines } from './framing.ts';
import { idsOf, isOlder, lineOf, OPENS_JSON, olderReply } from './older.ts';
import { readObject } from './request.ts';

const LINE_BYTES = 65_536;
/** Whose first line is waited for, at a time. */
const MOST_HEARD = 32;
/** One that does not read that it is turned away is gone after so long, ms. */
const CLOSE_MS = 1_000;

export class TurnedAway {
  readonly #sockets = new Set<Socket>();
  readonly #patienceMs: number;
  #heard = 0;

  /** @param patienceMs for the first line */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  add(socket: Socket, error: { code: RecipeErrorCode; message: string }): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
    const say = (text: string) => {
      socket.end(`${text}\n`, () => socket.destroy());
      setTimeout(() => socket.destroy(), CLOSE_MS).unref();
    };
    if (this.#heard >= MOST_HEARD) {
      say(inDialect(undefined, error));
      return;
    }
    this.#heard++;
    let isAnswered = false;
    const answer = (line?: Buffer) => {
      if (isAnswered) return;
      isAnswered = true;
      this.#heard--;
      clearTimeout(late);
      say(inDialect(line, error));
    };
    const late = setTimeout(answer, this.#patienceMs);
    const lines = new Lines(answer, (first) => answer(Buffer.of(first)), LINE_BYTES);
    socket.on('data', (chunk: Buffer) => !isAnswered && lines.push(chunk));
    socket.once('end', () => {
      lines.end();
      answer();
    });
    socket.once('close', () => answer());
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

const NO_TIME = { recv: 0, decode: 0, dispatch: 0, exec: 0, total: 0 };

function inDialect(line: Buffer | undefined, error: NonNullable<RecipeReply['error']>): string {
  const reply: RecipeReply = { v: 1, id: null, ok: false, timing_us: NO_TIME, error };
  if (!line) return JSON.stringify(reply);
  if (line[0] !== OPENS_JSON) return lineOf(reply);
  const object = readObject(line);
  if (typeof object === 'string') return JSON.stringify(reply);
  if (isOlder(object)) return olderReply(idsOf(object), reply, Date.now());
  const { id } = object;
  return JSON.stringify(typeof id === 'string' && id.length <= 128 ? { ...reply, id } : reply);
}
