import type Router from '@koa/router';
import { isLoopback } from '../../auth/bind-guard.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Control } from '../deps.ts';
import { asks } from '../request.ts';

/** GET /metrics for Prometheus: open on loopback, as /ready is; elsewhere with the scope read:metrics. */
export function metricsRoutes(router: Router, { tokens }: Control, metrics: Metrics): void {
  const needsToken = asks(tokens, 'read:metrics');
  router.get(
    '/metrics',
    (ctx, next) => (isLoopback(ctx.req.socket.remoteAddress ?? '') ? next() : needsToken(ctx, next)),
    async (ctx) => {
      ctx.set('Content-Type', metrics.contentType);
      ctx.body = await metrics.text();
    }
  );
}
