/** What answers a request no route took: OPTIONS, 405 with Allow, 404. */
import type Router from '@koa/router';
import type { Middleware } from 'koa';
import { ControlError } from '../../schemas/errors.ts';

export const unrouted =
  (router: Router): Middleware =>
  async (ctx) => {
    const path = ctx.path;
    const allowed = methodsOf(router, path);
    if (allowed.length === 0)
      throw new ControlError('ROUTE_NOT_FOUND', { method: ctx.method, path: path.slice(0, 200) });
    ctx.set('Allow', allowed.join(', '));
    if (ctx.method !== 'OPTIONS') throw new ControlError('METHOD_NOT_ALLOWED', { method: ctx.method, path, allowed });
    ctx.status = 204;
  };

const methodsOf = (router: Router, path: string): string[] => {
  const methods = router.stack.filter((layer) => layer.match(path)).flatMap((layer) => layer.methods);
  return methods.length > 0 ? [...new Set([...methods, 'OPTIONS'])].sort() : [];
};
