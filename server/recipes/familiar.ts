/**
 * Requests that are one that came before, but for their id: a program that hangs on a key press sends the same bytes all
 * day. What those mean was found out once, by the parser and the schema, and is looked up from then on.
 *
 * Only what cannot mean anything else is looked up: the text begins with `{"v":1,"id":"`, the id is ASCII without
 * escapes, and the rest is byte for byte one that was taken, in which no second id can hide. All else goes the long way.
 * What is typed or pasted is not kept: this memory would hold it for as long as the process lives.
 */
import type { RecipeCommand } from '../../schemas/generated/contracts.ts';
import type { Request } from './request.ts';

const HEAD = '{"v":1,"id":"';
const ID = /^[ !#-[\]-~]{1,128}$/;
/** ASCII, no escapes. */
const PLAIN = /^[ -[\]-~]*$/;
const KEPT_TYPES: ReadonlySet<RecipeCommand['type']> = new Set(['keystroke', 'run_macro', 'open_app']);

export class Familiar {
  readonly #byRest = new Map<string, Request>();
  readonly #most: number;
  readonly #bytes: number;

  constructor({ most = 256, bytes = 512 } = {}) {
    this.#most = most;
    this.#bytes = bytes;
  }

  /** What the bytes ask for, when they are familiar. */
  find(bytes: Buffer): Request | undefined {
    if (bytes.length > this.#bytes) return undefined;
    const parts = split(bytes);
    const known = parts && this.#byRest.get(parts.rest);
    if (!known || !ID.test(parts.id)) return undefined;
    return { id: parts.id, commands: known.commands, meta: known.meta, ack: known.ack, timeoutMs: known.timeoutMs };
  }

  /** They were read as this request. Its parts are shared from now on, and frozen for that. */
  keep(bytes: Buffer, request: Request): void {
    if (bytes.length > this.#bytes || !request.commands.every(({ type }) => KEPT_TYPES.has(type))) return;
    const parts = split(bytes);
    if (!parts || parts.id !== request.id || !ID.test(parts.id)) return;
    const { rest } = parts;
    if (!PLAIN.test(rest) || rest.includes('"id"')) return;
    for (const command of request.commands) freeze(command);
    Object.freeze(request.commands);
    if (request.meta) Object.freeze(request.meta);
    if (this.#byRest.size >= this.#most) this.#byRest.clear();
    this.#byRest.set(rest, request);
  }
}

/** A byte a character: what is no ASCII matches nothing that is kept. */
function split(bytes: Buffer): { id: string; rest: string } | undefined {
  const text = bytes.toString('latin1');
  if (!text.startsWith(HEAD)) return undefined;
  const end = text.indexOf('"', HEAD.length);
  return end < 0 ? undefined : { id: text.slice(HEAD.length, end), rest: text.slice(end) };
}

function freeze(command: RecipeCommand) {
  for (const value of Object.values(command)) Object.freeze(value);
  Object.freeze(command);
}
