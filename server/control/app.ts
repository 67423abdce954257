/** The control plane: REST over the actors. Routes parse, find, send and view; what may happen is in the machines. */
import { randomUUID } from 'node:crypto';
import Router from '@koa/router';
import Koa from 'koa';
import { countRefusals, createRefusals } from '../auth/refusals.ts';
import type { Tokens } from '../auth/tokens.ts';
import { exportRoutes } from '../inspector/export/routes.ts';
import { inspectorPage } from '../inspector/page.ts';
import { diagramRoutes } from '../inspector/routes.ts';
import { stuckRoutes } from '../inspector/stuck.ts';
import { documentRoutes } from '../openapi/routes.ts';
import { createEventLog } from '../telemetry/event-log.ts';
import { accountRoutes } from './api/accounts.ts';
import { actionRoutes } from './api/actions.ts';
import { actorIntakeRoutes } from './api/actor-intake.ts';
import { actorRoutes } from './api/actors.ts';
import { alertRoutes } from './api/alerts.ts';
import { approvalRoutes } from './api/approvals.ts';
import { artifactRoutes } from './api/artifacts.ts';
import { auditRoutes } from './api/audit.ts';
import { commandRoutes } from './api/commands.ts';
import { eventRoutes } from './api/events.ts';
import { flowRoutes } from './api/flows.ts';
import { healthRoutes } from './api/health.ts';
import { metricsRoutes } from './api/metrics.ts';
import { personRoutes } from './api/person.ts';
import { searchRoutes } from './api/search.ts';
import { seenRoutes } from './api/seen.ts';
import { selectorRoutes } from './api/selectors.ts';
import { sessionRoutes } from './api/sessions.ts';
import { streamRoutes } from './api/stream.ts';
import { signInRoutes, tokenRoutes } from './api/tokens.ts';
import { type Control, type ControlDeps, defaultLimits } from './deps.ts';
import { namesOf } from './names.ts';
import { problems } from './problem.ts';
import { auditRefusals, createRefusalLog } from './refused.ts';
import { forUs, hygiene, refuseWhileDraining, requestId } from './request.ts';
import { limitRequests } from './request-limit.ts';
import { unrouted } from './routes.ts';

/** With what may be left out filled in. */
export const controlOf = (deps: ControlDeps): Control => ({
  now: Date.now,
  newId: randomUUID,
  intakes: new Map(),
  refusals: createRefusals(),
  isOurs: namesOf([]),
  ...deps,
  limits: { ...defaultLimits, ...deps.limits }
});

/**
 * Every route there is.
 * @param unlimited tokens that count no request, for what goes on by itself
 */
export function controlRoutes(control: Control, unlimited: Tokens): Router {
  const router = new Router({ strict: false, sensitive: true });
  healthRoutes(router, control);
  commandRoutes(router, control);
  sessionRoutes(router, control);
  personRoutes(router, control);
  accountRoutes(router, control);
  approvalRoutes(router, control);
  flowRoutes(router, control);
  selectorRoutes(router, control);
  artifactRoutes(router, control);
  actionRoutes(router, control);
  auditRoutes(router, control);
  alertRoutes(router, control);
  seenRoutes(router, control);
  // Pages are read from the journal: who waits at the head of the log is a client of the stream.
  const pages = createEventLog(control.host, { tailRows: 0 });
  eventRoutes(router, control, pages);
  exportRoutes(router, control, pages);
  streamRoutes(router, control, createEventLog(control.host, { tailRows: 1_000 }), unlimited);
  actorRoutes(router, control);
  stuckRoutes(router, control);
  searchRoutes(router, control);
  actorIntakeRoutes(router, control);
  tokenRoutes(router, control);
  signInRoutes(router, control);
  diagramRoutes(router, control);
  metricsRoutes(router, control, control.metrics);
  documentRoutes(router, control);
  inspectorPage(router, control);
  return router;
}

export function createControlPlane(deps: ControlDeps): Koa {
  const whole = controlOf(deps);
  const control: Control = {
    ...whole,
    tokens: limitRequests(countRefusals(deps.tokens, whole.refusals), whole.limits.requests)
  };
  const router = controlRoutes(control, deps.tokens);

  const app = new Koa();
  // What a client breaks off is no error of ours.
  app.on('error', (error: NodeJS.ErrnoException) => {
    const isTheirs = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes(error.code ?? '');
    control.logger[isTheirs ? 'debug' : 'error']({ err: error }, 'connection failed');
  });
  app.use(requestId);
  app.use(deps.metrics.requests);
  app.use(hygiene(control.stub));
  app.use(problems(control.logger));
  const refused = control.refused ?? createRefusalLog(control.host, control.logger);
  control.draining.addEventListener('abort', () => void refused.flush(), { once: true });
  app.use(auditRefusals(refused));
  app.use(forUs(control.isOurs));
  app.use(refuseWhileDraining(control.draining));
  app.use(router.routes());
  app.use(unrouted(router));
  return app;
}
