import type Router from '@koa/router';
import type { Control } from '../control/deps.ts';
import { asyncapiDocument } from './asyncapi.ts';
import { openapiDocument } from './document.ts';
import { asyncapiPage, openapiPage, pagePolicy } from './page.ts';

/**
 * GET /openapi.json, /asyncapi.json: what the API is, for whoever asks; GET /docs, /docs/stream: the same for people. They
 * say nothing of what is in it.
 */
export function documentRoutes(router: Router, { kinds }: Pick<Control, 'kinds'>): void {
  const asyncapi = () => asyncapiDocument(kinds);
  const answers: Record<string, { type: string; make: () => string }> = {
    '/openapi.json': { type: 'application/json', make: () => JSON.stringify(openapiDocument()) },
    // With the events of registered machines.
    '/asyncapi.json': { type: 'application/json', make: () => JSON.stringify(asyncapi()) },
    '/docs': { type: 'text/html; charset=utf-8', make: () => openapiPage(openapiDocument()) },
    '/docs/stream': { type: 'text/html; charset=utf-8', make: () => asyncapiPage(asyncapi()) }
  };
  for (const [path, { type, make }] of Object.entries(answers)) {
    let text: string | undefined;
    router.get(path, (ctx) => {
      text ??= make();
      ctx.set({ 'Content-Type': type, 'Cache-Control': 'no-cache' });
      if (type.startsWith('text/html')) ctx.set('Content-Security-Policy', pagePolicy);
      ctx.body = text;
    });
  }
}
