/** From bytes to a request whose every part fits the contract, or to the reply that says what does not. */
import { isUtf8 } from 'node:buffer';
import type { RecipeErrorCode } from '../../actors/desktop/contract.ts';
import { commandTypes, isRecipeCommand, isRecipeRequest, misfit, quote } from '../../actors/desktop/recipe-schema.ts';
import type { RecipeCommand, RecipeMeta } from '../../schemas/generated/contracts.ts';

export interface Request {
  id: string | null;
  commands: RecipeCommand[];
  meta: RecipeMeta | undefined;
  ack: boolean;
  timeoutMs: number;
}

/** Why a request is not taken, with whatever of it could be read. */
export interface Refusal {
  id: string | null;
  ack: boolean;
  meta: RecipeMeta | undefined;
  code: RecipeErrorCode;
  message: string;
  index?: number;
}

/** Of a request of which no more than its id could be read. */
export const refusal = (code: RecipeErrorCode, message: string, id: string | null = null): Refusal => ({
  id,
  ack: true,
  meta: undefined,
  code,
  message
});

/** @param why from `readObject` */
export const unreadable = (why: string): Refusal => refusal('malformed', `the request ${why}`);

export const DEFAULT_TIMEOUT_MS = 10_000;

/** An object of JSON in UTF-8, or why it is none. */
export function readObject(bytes: Buffer): Record<string, unknown> | string {
  if (!isUtf8(bytes)) return 'is not UTF-8';
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (error) {
    return `is not JSON: ${(error as Error).message}`;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return 'is not one JSON object';
  return value as Record<string, unknown>;
}

/** @param object what `readObject` gave; a request is made of its own parts, so it is not to be used again */
export function readRequest(object: Record<string, unknown>): Request | Refusal {
  const { v, id: givenId, type } = object;
  const id = typeof givenId === 'string' && givenId.length <= 128 ? givenId : null;
  const ack = object.ack !== false;
  const refuse = (code: RecipeErrorCode, message: string, index?: number): Refusal => ({
    id,
    ack,
    meta: undefined,
    code,
    message,
    ...(index === undefined ? {} : { index })
  });
  if (v !== 1) {
    return v === undefined
      ? refuse('malformed', 'v is missing; send "v": 1')
      : refuse('unsupported_version', `version ${quote(v)} is not spoken here; send "v": 1`);
  }
  if (typeof type === 'string' && type !== 'batch' && !commandTypes.has(type)) {
    return refuse('unknown_command', unknown(type), 0);
  }
  if (!isRecipeRequest(object)) {
    const stranger = unknownIn(object.commands);
    if (stranger) return refuse('unknown_command', unknown(stranger.type), stranger.index);
    const error = isRecipeRequest.errors?.[0];
    const at = /^\/commands\/(\d+)/.exec(error?.instancePath ?? '')?.[1];
    return refuse('invalid_argument', misfit(isRecipeRequest.errors), at === undefined ? undefined : Number(at));
  }
  const { meta, timeout_ms: timeoutMs = DEFAULT_TIMEOUT_MS } = object;
  if (type !== 'batch') {
    if (object.commands !== undefined) return refuse('invalid_argument', '/commands is of a batch alone');
    const command: Record<string, unknown> = { type };
    for (const key in object) if (!ENVELOPE.has(key)) command[key] = object[key];
    if (!isRecipeCommand(command)) return refuse('invalid_argument', misfit(isRecipeCommand.errors), 0);
    return { id, commands: [command], meta, ack, timeoutMs };
  }
  if (object.commands === undefined) return refuse('invalid_argument', '/commands is missing');
  for (const key in object) {
    if (!ENVELOPE.has(key)) return refuse('invalid_argument', `${quote(key)} is not a known field of a batch`);
  }
  return { id, commands: object.commands, meta, ack, timeoutMs };
}

const ENVELOPE = new Set(['v', 'id', 'type', 'commands', 'meta', 'ack', 'timeout_ms']);

export const isRefusal = (request: Request | Refusal): request is Refusal => 'code' in request;

const unknown = (type: unknown) => `no command ${quote(type)}; known: ${[...commandTypes].join(', ')}`;

/** The first command of a batch whose type is nobody's. */
function unknownIn(commands: unknown): { type: unknown; index: number } | undefined {
  if (!Array.isArray(commands)) return undefined;
  const index = commands.findIndex((command) => typeof command?.type === 'string' && !commandTypes.has(command.type));
  return index < 0 ? undefined : { type: commands[index].type, index };
}
