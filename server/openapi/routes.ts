import type Router from '@koa/router';
import { openapiDocument } from './document.ts';

/** GET /openapi.json: what the API is, for whoever asks; it says nothing of what is in it. */
export function documentRoutes(router: Router): void {
  let openapi: string | undefined;
  router.get('/openapi.json', (ctx) => {
    openapi ??= JSON.stringify(openapiDocument());
    ctx.set({ 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' });
    ctx.body = openapi;
  });
}
