/** What every request goes through before its route: an id, headers, who asks, its body. */
import { randomUUID } from 'node:crypto';
import { bodyParser } from '@koa/bodyparser';
import type { Middleware } from 'koa';
import { ControlError } from '../../schemas/errors.ts';
import { isLoopback } from '../auth/bind-guard.ts';
import { demand } from '../auth/scopes.ts';
import { bearerOf, type Client, type Tokens } from '../auth/tokens.ts';

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
    ctx.set({
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cache-Control': 'no-store',
      ...(stub ? { 'X-Troupe-Driver': 'stub' } : {})
    });
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
      const client = await tokens.authenticate(bearerOf(ctx.get('authorization')));
      ctx.state.client = client;
      if (scope) demand(client.scopes, scope);
      await next();
    },
    { needs: scope ?? null, openOnLoopback: false }
  );

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

/** A JSON object as `ctx.request.body`. @throws MEDIA_TYPE_UNSUPPORTED, BODY_TOO_LARGE, JSON_MALFORMED */
export const jsonBody = (limitBytes: number, { optional = false } = {}): Middleware => {
  const read = bodyParser({
    enableTypes: ['json'],
    jsonLimit: limitBytes,
    onError: (error) => {
      throw unreadable(error, limitBytes);
    }
  });
  return async (ctx, next) => {
    const isEmpty = ctx.is('*/*') === null || ctx.get('content-length') === '0';
    if (isEmpty && optional) return next();
    if (isEmpty) throw new ControlError('JSON_MALFORMED', { reason: 'it is empty' });
    if (!ctx.is('application/json')) {
      throw new ControlError('MEDIA_TYPE_UNSUPPORTED', { mediaType: ctx.get('content-type').slice(0, 100) });
    }
    await read(ctx as Parameters<typeof read>[0], async () => {
      if (ctx.request.rawBody === '') throw new ControlError('JSON_MALFORMED', { reason: 'it is empty' });
      await next();
    });
  };
};

/** raw-body, inflation and the parser each fail in their own way. */
function unreadable(error: Error, limitBytes: number): Error {
  const { status, type, code } = error as { status?: number; type?: string; code?: string };
  if (type === 'entity.too.large') return new ControlError('BODY_TOO_LARGE', { limitBytes });
  if (status === 415) return new ControlError('MEDIA_TYPE_UNSUPPORTED', { mediaType: error.message.slice(0, 100) });
  if (status === 400) return new ControlError('JSON_MALFORMED', { reason: error.message.slice(0, 200) });
  if (code?.startsWith('Z_')) return new ControlError('JSON_MALFORMED', { reason: `content-encoding: ${code}` });
  return error;
}
