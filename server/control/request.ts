/** What every request goes through before its route: an id, headers, who asks, its body. */
import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { bodyParser } from '@koa/bodyparser';
import type { Middleware } from 'koa';
import { ControlError } from '../../schemas/errors.ts';
import { isLoopback } from '../auth/bind-guard.ts';
import { demand } from '../auth/scopes.ts';
import { bearerOf, type Client, type Tokens } from '../auth/tokens.ts';
import { operations } from '../openapi/operations/index.ts';
import { assertForUs, type IsOurs } from './names.ts';
import { readQuery } from './query.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** A client's own `x-request-id` when it is one, else a new one; on the answer, in problems and in the log. */
export const requestId: Middleware = async (ctx, next) => {
  const given = ctx.get('x-request-id');
  ctx.state.requestId = REQUEST_ID.test(given) ? given : randomUUID();
  ctx.set('X-Request-Id', ctx.state.requestId);
  await next();
};

/** An API for programs: nothing it answers is to be sniffed, framed, run or kept. */
export const hygiene =
  (stub: boolean): Middleware =>
  async (ctx, next) => {
    ctx.set(SECURITY_HEADERS as Record<string, string>);
    if (stub) ctx.set('X-Troupe-Driver', 'stub');
    await next();
  };

/** Only what was meant for this server, and no page of another may have sent it to change something. */
export const forUs =
  (isOurs: IsOurs): Middleware =>
  async (ctx, next) => {
    assertForUs(ctx.req, isOurs);
    await next();
  };

/** While the process ends: reads go on, anything else is refused. */
export const refuseWhileDraining =
  (draining: AbortSignal): Middleware =>
  async (ctx, next) => {
    if (draining.aborted && !['GET', 'HEAD', 'OPTIONS'].includes(ctx.method)) throw new ControlError('DRAINING', {});
    await next();
  };

/** What a route's door says of it, for whoever looks through the routes. */
export interface Door {
  /** The scope it wants; null: the route decides itself, once it knows what is asked for. */
  needs: string | null;
  /** Open to whoever is on this machine. */
  openOnLoopback: boolean;
}

/** Who asks; `scope` is what the route needs, or nothing when it decides itself. */
export const asks = (tokens: Tokens, scope?: string): Middleware & Door =>
  Object.assign(
    async (ctx: Ctx, next: () => Promise<unknown>) => {
      const client = await tokens.authenticate(bearerOf(ctx.get('authorization')), fromOf(ctx.req));
      ctx.state.client = client;
      if (scope) demand(client.scopes, scope);
      if (takesNoQuery(ctx)) readQuery(ctx.query, {});
      await next();
    },
    { needs: scope ?? null, openOnLoopback: false }
  );

/** A parameter that nobody reads would be taken for one that is heard. Which routes read some is in their operations. */
const takesNoQuery = ({ method, _matchedRoute }: Ctx): boolean => {
  const operation = operations[`${method === 'HEAD' ? 'GET' : method} ${_matchedRoute}`];
  return operation !== undefined && operation.query === undefined;
};

/** Where it comes from, as the socket says; behind a gateway that is the gateway. */
export const fromOf = ({ socket }: { socket: Socket }): string => socket.remoteAddress ?? 'unknown';

/** The same for who is on another machine; on loopback nobody is asked. */
export const asksFromAfar = (tokens: Tokens, scope: string): Middleware & Door => {
  const needsToken = asks(tokens, scope);
  return Object.assign(
    (ctx: Ctx, next: () => Promise<unknown>) =>
      isLoopback(ctx.req.socket.remoteAddress ?? '') ? next() : needsToken(ctx, next),
    { needs: scope, openOnLoopback: true }
  );
};

export type Ctx = Parameters<Middleware>[0];

export const clientOf = (ctx: Ctx): Client => ctx.state.client as Client;

/** A JSON object as `ctx.request.body`. @throws MEDIA_TYPE_UNSUPPORTED, ENCODING_UNSUPPORTED, BODY_TOO_LARGE, JSON_MALFORMED */
export const jsonBody = (limitBytes: number, { optional = false } = {}): Middleware => {
  // Its bytes, inflated and counted, one a character: what is not UTF-8 is refused here and not patched up there.
  const read = bodyParser({
    enableTypes: ['text'],
    extendTypes: { text: ['application/json'] },
    encoding: 'latin1',
    textLimit: limitBytes as unknown as string,
    onError: (error) => {
      throw unreadable(error, limitBytes);
    }
  });
  const encodings = ['identity', 'gzip', 'deflate', 'br'];
  return async (ctx, next) => {
    const isEmpty = ctx.is('*/*') === null || ctx.get('content-length') === '0';
    if (isEmpty && optional) return next();
    if (isEmpty) throw new ControlError('JSON_MALFORMED', { reason: 'it is empty' });
    if (!ctx.is('application/json')) {
      throw new ControlError('MEDIA_TYPE_UNSUPPORTED', { mediaType: ctx.get('content-type').slice(0, 100) });
    }
    const encoding = ctx.get('content-encoding').toLowerCase() || 'identity';
    if (!encodings.includes(encoding)) {
      ctx.set('Accept-Encoding', encodings.slice(1).join(', '));
      throw new ControlError('ENCODING_UNSUPPORTED', { encoding: encoding.slice(0, 100) });
    }
    await read(ctx as Parameters<typeof read>[0], async () => {
      ctx.request.body = jsonOf(Buffer.from(ctx.request.body as string, 'latin1'));
      await next();
    });
  };
};

/** @throws ControlError JSON_MALFORMED */
function jsonOf(bytes: Buffer): object {
  const malformed = (reason: string, cause?: unknown) => new ControlError('JSON_MALFORMED', { reason }, cause);
  if (bytes.length === 0) throw malformed('it is empty');
  if (!isUtf8(bytes)) throw malformed('it is not UTF-8');
  const text = bytes.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed((cause as Error).message.slice(0, 200), cause);
  }
  if (value === null || typeof value !== 'object') throw malformed('it is neither an object nor an array');
  // Whoever copies such an object field by field would change what the copy is.
  if (PROTO.test(text) && hasProto(value)) throw malformed("a field is called '__proto__'");
  return value;
}

const PROTO = /"(?:_|\\u005[Ff])(?:_|\\u005[Ff])(?:p|\\u0070)/;

function hasProto(root: object): boolean {
  // No recursion: it may be nested deeper than that goes.
  const left: object[] = [root];
  for (let value = left.pop(); value; value = left.pop()) {
    if (Object.hasOwn(value, '__proto__')) return true;
    for (const inner of Object.values(value)) if (inner !== null && typeof inner === 'object') left.push(inner);
  }
  return false;
}

/** raw-body, inflation and the parser each fail in their own way. */
function unreadable(error: Error, limitBytes: number): Error {
  const { status, type, code } = error as { status?: number; type?: string; code?: string };
  if (type === 'entity.too.large') return new ControlError('BODY_TOO_LARGE', { limitBytes });
  if (status === 415) return new ControlError('MEDIA_TYPE_UNSUPPORTED', { mediaType: error.message.slice(0, 100) });
  if (status === 400) return new ControlError('JSON_MALFORMED', { reason: error.message.slice(0, 200) });
  // zlib has codes of its own for each of them: Z_DATA_ERROR, ERR__ERROR_FORMAT_PADDING_1 of Brotli.
  if (code?.startsWith('Z_') || /^ERR_+(BROTLI|ERROR_|UNREACHABLE)/.test(code ?? ''))
    return new ControlError('JSON_MALFORMED', { reason: `content-encoding: ${code}` });
  return error;
}
