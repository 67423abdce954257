import type Router from '@koa/router';
import type { Control } from '../control/deps.ts';
import { asyncapiDocument } from './asyncapi.ts';
import { openapiDocument } from './document.ts';

/** GET /openapi.json, GET /asyncapi.json: what the API is, for whoever asks; they say nothing of what is in it. */
export function documentRoutes(router: Router, { kinds }: Pick<Control, 'kinds'>): void {
  const documents = {
    '/openapi.json': () => openapiDocument(),
    // With the events of registered machines.
    '/asyncapi.json': () => asyncapiDocument(kinds)
  };
  for (const [path, make] of Object.entries(documents)) {
    let text: string | undefined;
    router.get(path, (ctx) => {
      text ??= JSON.stringify(make());
      ctx.set({ 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' });
      ctx.body = text;
    });
  }
}
