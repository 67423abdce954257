/**
 * What older clients say on the stream socket, beside version 1.
 *
 * The line protocol: `RUN name`, `OPEN_APP app`, `OPEN_APP_TOGGLE app`, `OPEN_WITH_APP app:target`, `PING`, answered in
 * order by `OK`, `PONG` or `ERR reason`. The newline JSON form: `{op, request_id, run_id, tool_call_id, args}`, answered
 * by `{ok, op, ids…, ts_ms, dur_us, result|error}`.
 */

import { quote } from '../../actors/desktop/recipe-schema.ts';
import type { RecipeReply } from '../../schemas/generated/contracts.ts';
import { type Refusal, type Request, readRequest, refusal } from './request.ts';

/** A line of the line protocol as an object of version 1, 'ping', or why it is neither. */
export function readLine(line: string): Record<string, unknown> | 'ping' | { why: string } {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  const space = text.indexOf(' ');
  const word = space < 0 ? text : text.slice(0, space);
  const rest = space < 0 ? '' : text.slice(space + 1).trim();
  if (word === 'PING' && rest === '') return 'ping';
  if (rest === '' && WORDS.includes(word)) return { why: `${word} needs ${word === 'RUN' ? 'a name' : 'an app'}` };
  switch (word) {
    case 'RUN':
      return { v: 1, type: 'run_macro', name: rest };
    case 'OPEN_APP':
      return { v: 1, type: 'open_app', app: rest };
    case 'OPEN_APP_TOGGLE':
      return { v: 1, type: 'open_app', app: rest, toggle: true };
    case 'OPEN_WITH_APP': {
      const colon = rest.indexOf(':');
      if (colon < 1 || colon === rest.length - 1) return { why: 'OPEN_WITH_APP needs app:target' };
      return { v: 1, type: 'open_with_app', app: rest.slice(0, colon), target: rest.slice(colon + 1) };
    }
    default:
      return { why: `no command ${quote(word)}; known: ${WORDS.join(', ')}, PING` };
  }
}

const WORDS = ['RUN', 'OPEN_APP', 'OPEN_APP_TOGGLE', 'OPEN_WITH_APP'];

/** One line: a reason has no line breaks, nor what moves a terminal. */
export const lineOf = ({ ok, error }: Pick<RecipeReply, 'ok' | 'error'>): string =>
  ok ? 'OK' : `ERR ${error?.code}: ${error?.message}`.replace(/\p{Cc}+/gu, ' ');

/** What it says comes back with the answer. */
export interface OlderIds {
  op: unknown;
  request_id?: unknown;
  run_id?: unknown;
  tool_call_id?: unknown;
}

export function idsOf(object: Record<string, unknown>): OlderIds {
  const ids: OlderIds = { op: briefly(object.op) };
  for (const key of ['request_id', 'run_id', 'tool_call_id'] as const) {
    if (object[key] !== undefined) ids[key] = briefly(object[key]);
  }
  return ids;
}

/** `{`: no line of the line protocol begins so. */
export const OPENS_JSON = 0x7b;

/** The newline JSON form, and not version 1. */
export const isOlder = ({ v, op }: Record<string, unknown>): boolean => v === undefined && op !== undefined;

/** The newline JSON form as a request of version 1. */
export function readOlder({ op, args = {} }: Record<string, unknown>): Request | Refusal {
  if (args === null || typeof args !== 'object' || Array.isArray(args)) {
    return refusal('invalid_argument', '/args is not an object');
  }
  const stranger = ['v', 'id', 'meta', 'ack', 'type'].find((key) => key in args);
  if (stranger) return refusal('invalid_argument', `/args/${stranger} is not a known field`);
  return readRequest({ v: 1, type: op, ...args });
}

/** @param at ms since 1970 */
export const olderReply = (ids: OlderIds, reply: RecipeReply, at: number): string =>
  JSON.stringify({
    ok: reply.ok,
    ...ids,
    ts_ms: at,
    dur_us: reply.timing_us.total,
    ...(reply.ok ? { result: reply.results ?? [] } : { error: `${reply.error?.code}: ${reply.error?.message}` })
  });

export const pongReply = (ids: OlderIds, at: number): string =>
  JSON.stringify({ ok: true, ...ids, ts_ms: at, dur_us: 0, result: 'pong' });

/** Ids are echoed as they came unless they are no ids. */
const briefly = (value: unknown): unknown =>
  (typeof value === 'string' && value.length <= 256) || typeof value === 'number' || value === null ? value : null;
