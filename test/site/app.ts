import { setTimeout as sleep } from 'node:timers/promises';
import { bodyParser } from '@koa/bodyparser';
import Koa from 'koa';
import { readAssets } from './assets.ts';
import { type Context, type Parts, type RequestState, reset, SESSION_COOKIE } from './context.ts';
import { devRoutes } from './routes/dev.ts';
import { messageRoutes } from './routes/messages.ts';
import { pageRoutes } from './routes/pages.ts';
import { socialRoutes } from './routes/social.ts';
import { studioRoutes } from './routes/studio.ts';
import { videoRoutes } from './routes/videos.ts';
import { readVariants } from './variants.ts';

export function createApp(parts: Parts): Koa<RequestState> {
  const app = new Koa<RequestState>();
  const assets = readAssets();
  // A connection that was cut on purpose, or by a browser that was killed, is what the site is for.
  app.silent = true;

  app.use(async (ctx, next) => {
    const asset = assets.get(ctx.path);
    if (!asset) return next();
    ctx.type = asset.type;
    ctx.body = asset.body;
  });
  app.use(async (ctx, next) => {
    const row = parts.ledger.recordRequest(ctx.method, ctx.url);
    ctx.res.on('close', () =>
      parts.ledger.endRequest(row, ctx.res.statusCode, ctx.res.writableFinished ? 'answered' : 'cut')
    );
    ctx.state.row = row;
    ctx.state.account = parts.state.accountOf(ctx.cookies.get(SESSION_COOKIE)) ?? parts.state.account(parts.visitor);
    row.account = ctx.state.account?.name ?? null;
    ctx.set('cache-control', 'no-store');
    // One request a connection: a browser sends a request again by itself when a kept connection ends under it.
    ctx.set('connection', 'close');
    await next();
  });
  app.use(async (ctx, next) => {
    try {
      ctx.state.asked = readVariants(ctx.URL.searchParams);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      ctx.status = 400;
      ctx.body = error.message;
      return;
    }
    await next();
  });
  app.use((ctx, next) => (ctx.method === 'GET' ? hardToGet(parts, ctx as unknown as Context, next) : next()));
  app.use(bodyParser({ enableTypes: ['json', 'form'], parsedMethods: ['POST', 'DELETE'] }));
  for (const routes of [pageRoutes, socialRoutes, messageRoutes, videoRoutes, studioRoutes, devRoutes])
    app.use(routes(parts).routes());
  return app;
}

/** The variants in which the page itself comes late, broken, or never. */
async function hardToGet(parts: Parts, ctx: Context, next: () => Promise<unknown>): Promise<void> {
  const { names, numbers } = ctx.state.asked;
  if (names.has('slow')) await sleep(numbers.delay!, undefined, { signal: parts.closing });
  if (names.has('fail-reset')) return reset(ctx);
  if (names.has('never-answer')) {
    ctx.respond = false;
    return;
  }
  if (names.has('fail-500')) {
    ctx.status = 500;
    ctx.body = 'Internal Server Error';
    return;
  }
  await next();
  if (names.has('never-body') && typeof ctx.body === 'string') {
    ctx.respond = false;
    ctx.res.writeHead(ctx.status, { 'content-type': 'text/html; charset=utf-8' });
    ctx.res.write(ctx.body.slice(0, ctx.body.indexOf('</main>')));
  }
}
