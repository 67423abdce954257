import type Router from '@koa/router';
import type { Control } from '../deps.ts';
import { type CheckResult, runChecks } from '../readiness.ts';
import { asksFromAfar } from '../request.ts';

/** GET /health, open to all: the process is up. GET /ready, open on loopback: it can do its work. */
export function healthRoutes(router: Router, control: Control): void {
  const { host, checks, limits, tokens, version, stub } = control;
  const driver = stub ? { driver: 'stub' } : {};

  router.get('/health', (ctx) => {
    ctx.body = { status: 'up', version, ...driver };
  });

  // Nobody needs a token for it on loopback, so however many ask, the checks run once at a time.
  let running: Promise<CheckResult[]> | undefined;
  const run = () => {
    running ??= runChecks(checks, limits.checkMs).finally(() => {
      running = undefined;
    });
    return running;
  };

  router.get('/ready', asksFromAfar(tokens, 'read:ready'), async (ctx) => {
    const results = await run();
    const draining = control.draining.aborted;
    const isReady = !draining && results.every(({ state }) => state === 'up');
    ctx.status = isReady ? 200 : 503;
    ctx.body = {
      status: draining ? 'draining' : isReady ? 'ready' : 'not_ready',
      version,
      ...driver,
      checks: results,
      recovered: host.status.recovered
    };
  });
}
