import type Router from '@koa/router';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Control } from '../deps.ts';
import { asksFromAfar } from '../request.ts';

/** GET /metrics for Prometheus: open on loopback, as /ready is; elsewhere with the scope read:metrics. */
export function metricsRoutes(router: Router, { tokens }: Control, metrics: Metrics): void {
  router.get('/metrics', asksFromAfar(tokens, 'read:metrics'), async (ctx) => {
    ctx.set('Content-Type', metrics.contentType);
    ctx.body = await metrics.text();
  });
}
