import type Router from '@koa/router';
import { ControlError } from '../../../schemas/errors.ts';
import type { SignInLink, TokenView } from '../../../schemas/generated/contracts.ts';
import type { SignIn, SignInWish } from '../../auth/sign-in.ts';
import type { TokenInfo } from '../../auth/tokens.ts';
import { parse } from '../../contracts.ts';
import { whoOf } from '../audited.ts';
import type { Control } from '../deps.ts';
import { asks, clientOf, fromOf, jsonBody } from '../request.ts';
import { instantOf, pageOf } from '../views.ts';

/**
 * POST, GET /v1/tokens; GET /v1/tokens/self; POST /v1/tokens/{id}/rotate; DELETE /v1/tokens/{id}: for the command line
 * beside a running process. Scope admin.
 */
export function tokenRoutes(router: Router, { tokens, limits, now }: Control): void {
  router.post('/v1/tokens', asks(tokens, 'admin'), jsonBody(limits.bodyBytes), async (ctx) => {
    const { service, scopes, accounts, expires_at } = parse.tokenCreate(ctx.request.body);
    const expiresAt = expires_at === undefined ? null : Date.parse(expires_at);
    if (expiresAt !== null && expiresAt <= now()) {
      const errors = [{ path: '/expires_at', message: 'has passed already' }];
      throw new ControlError('VALIDATION_FAILED', { what: 'the token', errors });
    }
    const wish = { service, scopes, ...(accounts ? { accounts } : {}), expiresAt };
    const { token, ...info } = await tokens.create(wish, whoOf(clientOf(ctx)));
    ctx.status = 201;
    ctx.body = { ...tokenView(info), token };
  });

  router.get('/v1/tokens', asks(tokens, 'admin'), async (ctx) => {
    ctx.body = pageOf((await tokens.list()).map(tokenView), null);
  });

  // Any client: whose token this is, which it must say as requester.service of a command.
  router.get('/v1/tokens/self', asks(tokens), (ctx) => {
    const { tokenId, service, scopes, accounts, expiresAt } = clientOf(ctx);
    const expires_at = expiresAt === null ? null : instantOf(expiresAt);
    ctx.body = { token_id: tokenId, service, scopes, accounts, expires_at };
  });

  router.post(
    '/v1/tokens/:id/rotate',
    asks(tokens, 'admin'),
    jsonBody(limits.bodyBytes, { optional: true }),
    async (ctx) => {
      const tokenId = ctx.params.id as string;
      const { grace_ms } = parse.tokenRotate(ctx.request.body ?? {});
      const made = await tokens.rotate(tokenId, { graceMs: grace_ms }, whoOf(clientOf(ctx)));
      if (!made) throw new ControlError('TOKEN_NOT_FOUND', { tokenId });
      const { token, ...info } = made;
      ctx.status = 201;
      ctx.body = { ...tokenView(info), token };
    }
  );

  router.delete('/v1/tokens/:id', asks(tokens, 'admin'), async (ctx) => {
    const tokenId = ctx.params.id as string;
    if (!(await tokens.revoke(tokenId, whoOf(clientOf(ctx))))) throw new ControlError('TOKEN_NOT_FOUND', { tokenId });
    ctx.status = 204;
  });
}

/**
 * POST /v1/sign-in: a one-time code for a token. POST /v1/sign-in/links: such a code, for whoever asks and no more than
 * they may themselves.
 */
export function signInRoutes(router: Router, { tokens, signIn, refusals, limits }: Control): void {
  router.post('/v1/sign-in', jsonBody(limits.bodyBytes), async (ctx) => {
    const { code } = parse.signIn(ctx.request.body);
    const { token, ...info } = await refusals.counted(fromOf(ctx.req), () => signIn.exchange(code));
    ctx.status = 201;
    ctx.body = { ...tokenView(info), token };
  });

  router.post('/v1/sign-in/links', asks(tokens), async (ctx) => {
    ctx.status = 201;
    ctx.body = signInLink(signIn, clientOf(ctx));
  });
}

/** The fragment of an address is sent to no server and kept in no log; the page takes it out at once. */
export function signInLink(signIn: SignIn, wish: SignInWish): SignInLink {
  const { code, expiresAt } = signIn.mint(wish);
  return { code, path: `/inspector#sign-in=${code}`, expires_at: instantOf(expiresAt) };
}

const tokenView = (info: TokenInfo): TokenView => ({
  token_id: info.tokenId,
  service: info.service,
  scopes: [...info.scopes],
  accounts: info.accounts === null ? null : [...info.accounts],
  created_at: instantOf(info.createdAt),
  expires_at: info.expiresAt === null ? null : instantOf(info.expiresAt),
  revoked_at: info.revokedAt === null ? null : instantOf(info.revokedAt)
});
