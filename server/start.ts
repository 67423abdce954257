/**
 * One whole process: the journal, the actors on it, the browsers under them, the two planes over them.
 *
 * ```
 * lock ─▶ journal ─▶ what a killed predecessor left ─▶ host, and all unfinished goes on ─▶ token ─▶ planes ─▶ endpoints.json
 * ```
 * It stops the other way round, within `STOP_LIMIT_MS`: no new work is taken; what runs may end, then it is aborted (it
 * goes on at the next start) and the log is written; the browsers end; then the planes, so that who listens hears all of
 * it; last the lock.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { commandKinds } from '../actors/command/kinds.ts';
import { openDesktop } from '../actors/desktop/desktop.ts';
import { createDrivers, type Drivers, SUPERVISOR, stubDrivers } from '../actors/driver/drivers.ts';
import { ArtifactStore } from '../actors/executor/artifacts.ts';
import { createStepExecutor } from '../actors/executor/executor.ts';
import { createHealingExecutor } from '../actors/executor/healing.ts';
import { loadFlows, loadRegistry } from '../actors/executor/registry.ts';
import { createStubExecutor } from '../actors/executor/stub.ts';
import type { ActorHost, AuditEntry, Write } from '../actors/host/contract.ts';
import { createEmbeddedHost } from '../actors/host/embedded-host.ts';
import { openDataDirectory } from '../actors/journal/data-directory.ts';
import { openSqliteJournal } from '../actors/journal/sqlite-journal.ts';
import { Accounts } from '../actors/profile/accounts.ts';
import { KeyRing } from '../actors/profile/key-ring.ts';
import { withObstacles } from '../actors/profile/obstacles.ts';
import { createProfiles } from '../actors/profile/profiles.ts';
import type { Owner } from '../actors/profile/seal.ts';
import { ProfileStore, type Rows } from '../actors/profile/store.ts';
import type { Config } from '../schemas/generated/contracts.ts';
import { bindGuard } from './auth/bind-guard.ts';
import { createRefusals } from './auth/refusals.ts';
import { createSignIn } from './auth/sign-in.ts';
import { openTls } from './auth/tls.ts';
import { createTokens } from './auth/tokens.ts';
import { commandAcceptor } from './control/accept-command.ts';
import { signInLink } from './control/api/tokens.ts';
import { controlOf, createControlPlane } from './control/app.ts';
import type { ControlDeps } from './control/deps.ts';
import { openFlowRegistry } from './control/flow-registry.ts';
import { type IsOurs, namesOf } from './control/names.ts';
import { diskCheck, hostChecks } from './control/readiness.ts';
import { createRefusalLog } from './control/refused.ts';
import { type Served, serve } from './control/serve.ts';
import { openSessionDirectory } from './control/session-directory.ts';
import { actorTeller } from './control/tell-actor.ts';
import { driverCheck } from './driver-check.ts';
import { driverLimits } from './driver-limits.ts';
import { type Endpoints, endpointUrl, removeEndpoints, writeEndpoints } from './endpoints.ts';
import { createLayout } from './inspector/layout.ts';
import { createMetrics } from './metrics/metrics.ts';
import { flowRunner } from './recipes/flows.ts';
import { recipePaths } from './recipes/place.ts';
import { startRecipes } from './recipes/recipes.ts';
import { startRetention } from './retention.ts';
import { createTelemetryPlane } from './telemetry/plane.ts';
import { nothingRegistered, type Registered } from './user-config/read.ts';

export interface Troupe {
  config: Config;
  /** Absolute. */
  dataDir: string;
  endpoints: Endpoints;
  adminToken: { path: string; token: string };
  /** Signs whoever opens it first in to the inspector; once. */
  inspector: string;
  /** Ends everything in order; resolves within `STOP_LIMIT_MS`, also when something hangs. Again is nothing. */
  stop(): Promise<void>;
}

export interface StartOptions {
  logger: Logger;
  /** What browsers and their drivers inherit. */
  environment: NodeJS.ProcessEnv;
  /** Of this program, for /health. */
  version: string;
  /** Machines, flows and platforms of the user's own. */
  registered?: Registered;
}

/** Commands in the middle of something get this long to end by themselves. */
const DRAIN_MS = 3_000;
/** An aborted effect may take this long to let go. */
const LET_GO_MS = 1_500;
/** Desktop commands that run get this long. */
const RECIPES_MS = 500;
/** Answers being sent get this long. */
const PLANES_MS = 500;
/** SIGTERM promises an end within 10 s. */
const STOP_LIMIT_MS = 9_000;

/**
 * @throws ControlError DATA_DIR_IN_USE, DATA_DIR_UNWRITABLE, JOURNAL_DAMAGED, JOURNAL_TOO_NEW, PORT_IN_USE, BIND_REFUSED,
 *   CONFIG_INVALID, MACHINE_UNFIT; nothing is left running then
 */
export async function startTroupe(config: Config, options: StartOptions): Promise<Troupe> {
  // Undone in reverse, whether the start fails or the process ends.
  const undo: (() => unknown)[] = [];
  try {
    const troupe = await bringUp(config, options, undo);
    let stopping: Promise<void> | undefined;
    return {
      ...troupe,
      stop() {
        stopping ??= within(STOP_LIMIT_MS, undoAll(undo, options.logger), options.logger);
        return stopping;
      }
    };
  } catch (error) {
    await within(STOP_LIMIT_MS, undoAll(undo, options.logger), options.logger);
    throw error;
  }
}

async function bringUp(
  config: Config,
  { logger, environment, version, registered = nothingRegistered }: StartOptions,
  undo: (() => unknown)[]
): Promise<Omit<Troupe, 'stop'>> {
  const isStub = config.driver === 'stub';
  const tls = openTls(config, logger);
  const exposure = { tls: tls !== null, insecure: config.insecure };
  const control = bindGuard(config.control, exposure);
  const telemetry = bindGuard(config.telemetry, exposure);
  if (config.insecure && !tls)
    logger.warn('--insecure: whoever reaches the ports sees and sends everything unencrypted');

  const directory = await openDataDirectory(config.data);
  const { path: dataDir } = directory;
  undo.push(() => directory.release());
  const limits = driverLimits(config);
  const drivers = isStub ? stubDrivers(limits.slots) : createDrivers({ dataDir, environment, limits: limits.slots });
  undo.push(
    lastResort(() => {
      drivers.killNow();
      removeEndpoints(dataDir, process.pid);
      directory.releaseSync();
    })
  );

  undo.push(() => tls?.close());

  // Made once the journal is: without it they say that it was lost.
  const journal = openSqliteJournal({ directory: dataDir, traces: ['admin.token'] });
  const store = new ArtifactStore(dataDir);
  const registry = loadRegistry(undefined, registered.platforms);
  const rows: Rows = { find: (...asked) => journal.find(...asked), write: (...asked) => host.write(...asked) };
  const accounts = new Accounts(rows);
  const profiles = new ProfileStore(KeyRing.open(config.profile_keys || join(dataDir, 'profile-keys.json')), rows);
  const { pool } = drivers;
  const executor = isStub
    ? createStubExecutor()
    : withObstacles(
        createHealingExecutor(
          createStepExecutor({ pool, registry, artifacts: store, uploads: join(dataDir, 'uploads') }),
          { pool, registry, journal }
        ),
        { pool, registry }
      );
  const settings = (owner: Owner) => accounts.settings(owner);
  const logins = isStub
    ? {}
    : { profiles: createProfiles({ store: profiles, pool, registry, artifacts: store, settings }) };
  const kinds = [
    ...commandKinds({ executor, journal, write: rows.write, ring: profiles.ring, ...logins }),
    ...drivers.kinds,
    ...registered.kinds
  ];
  const host: ActorHost = createEmbeddedHost({
    journal,
    kinds,
    roots: ({ boot }) => [
      {
        address: SUPERVISOR,
        input: { slots: config.slots, epoch: boot, limits: limits.line, ...drivers.supervised }
      }
    ],
    letGoMs: LET_GO_MS,
    ...(isStub ? { mark: { driver: 'stub' } } : {}),
    onTrouble: (failure, what) => logger.error({ failure }, what)
  });
  await sweep(drivers, logger);
  const draining = new AbortController();
  undo.push(() => drivers.stop());
  undo.push(async () => {
    // No browser is opened any more, and those that nobody has end while what runs may finish.
    const writes: Write[] = [{ into: 'audit', row: processEntry('process.stopping', { version }) }];
    const event = { type: 'supervisor.drain', leaving: true, within_ms: DRAIN_MS };
    await host.send(SUPERVISOR, event, { writes }).catch(() => {});
    await host.stop({ graceMs: DRAIN_MS });
  });
  await host.start();
  const { recovered, versions } = host.status;
  if (Object.values(recovered).some((count) => count > 0)) logger.info(recovered, 'taken up again');
  if (versions.wentOn + versions.migrated + versions.stayed > 0) logger.info(versions, 'made by former machines');

  await host.write([], processEntry('process.started', { version, driver: config.driver }));
  const tokens = createTokens(host);
  const adminToken = await tokens.mintAdmin(dataDir);
  const signIn = createSignIn(tokens);
  const metrics = createMetrics({
    host,
    kinds: kinds.filter(({ durable }) => durable).map(({ kind }) => kind),
    certificateEnd: () => tls?.current.expiresAt ?? null,
    streams: () => ({ clients: stream.size, mostBehind: stream.mostBehind }),
    version
  });
  undo.push(() => metrics.close());
  const layout = createLayout();
  undo.push(() => layout.close());
  const flows = await openFlowRegistry(host, [...loadFlows(), ...registered.flows]);
  const sessions = await openSessionDirectory(host);
  undo.push(() => sessions.close());
  const { retention_days: days, retention_events: events, audit_days: auditDays } = config;
  const retention = startRetention({ host, store, days, events, auditDays, logger });
  undo.push(() => retention.stop());
  const own = namesOf([...namesIn(config.hosts), control.host, telemetry.host]);
  const isOurs: IsOurs = (name) => own(name) || tls?.current.isFor(name) === true;
  const refusals = createRefusals({
    onRefused: metrics.refused,
    onFlood: (from, perMinute) => logger.warn({ from }, `over ${perMinute} refused tokens or codes within a minute`)
  });
  const refused = createRefusalLog(host, logger);
  const plane = { host, tokens, refusals, refused, isOurs, logger, stub: isStub, version };
  const stream = createTelemetryPlane({
    ...plane,
    kinds,
    signIn,
    tell: actorTeller({ host, kinds, intakes: registered.intakes })
  });
  const deps: ControlDeps = {
    ...plane,
    signIn,
    layout,
    metrics,
    telemetry: () => endpointUrl(tls ? 'wss' : 'ws', telemetry.host, served[1]?.port ?? telemetry.port),
    flows,
    selectors: registry,
    sessions,
    artifacts: store,
    accounts,
    profiles,
    ...(isStub ? {} : { browsers: pool }),
    kinds,
    intakes: registered.intakes,
    platforms: registry.platforms,
    checks: [
      ...hostChecks(host),
      diskCheck(dataDir),
      driverCheck(host),
      retention.check,
      ...(tls ? [tls.check] : []),
      {
        name: 'selectors',
        check: async () => ({ ok: registry.platforms.length > 0, why: `loaded for ${registry.platforms.join(', ')}` })
      }
    ],
    draining: draining.signal,
    limits: { requests: config.request_limit }
  };
  const recipes = config.recipes
    ? await startRecipes({
        host,
        dataDir,
        paths: recipePaths(dataDir, environment.XDG_RUNTIME_DIR),
        desktop: openDesktop({
          stub: isStub,
          environment,
          allowed: namesIn(config.recipe_apps),
          targets: namesIn(config.recipe_targets)
        }),
        runFlow: flowRunner(commandAcceptor(controlOf(deps)), flows),
        refused,
        logger
      })
    : null;
  deps.checks.push(recipes?.check ?? { name: 'recipes', check: async () => ({ ok: true, why: 'off: --no-recipes' }) });
  // What they hand to the log must be there before the host stops.
  undo.push(() => recipes?.close(RECIPES_MS));
  const app = createControlPlane(deps);
  const served: Served[] = [];
  // The planes outlive the host at the end: they go on answering and telling what it still writes.
  undo.splice(2, 0, () => Promise.all(served.map((one) => one.close(PLANES_MS))));
  served.push(await serve(app.callback(), control, {}, tls));
  served.push(await stream.listen(telemetry, tls));
  const [controlPort, telemetryPort] = served.map(({ port }) => port) as [number, number];
  const endpoints = {
    pid: process.pid,
    control: endpointUrl(tls ? 'https' : 'http', control.host, controlPort),
    telemetry: endpointUrl(tls ? 'wss' : 'ws', telemetry.host, telemetryPort),
    recipes: recipes ? { stream: recipes.stream, datagram: recipes.datagram } : null
  };
  writeEndpoints(dataDir, endpoints);
  undo.push(() => {
    draining.abort();
    removeEndpoints(dataDir, process.pid);
  });
  logger.info({ ...endpoints, data: dataDir, driver: config.driver }, 'up');
  const link = signInLink(signIn, { service: 'inspector', scopes: ['admin'] });
  return { config, dataDir, endpoints, adminToken, inspector: endpoints.control + link.path };
}

const processEntry = (action: string, detail: Record<string, unknown>): AuditEntry => ({
  action,
  outcome: 'done',
  subject: 'process/troupe',
  detail
});

const namesIn = (list: string): string[] =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

/** Runs on every way out of the process but SIGKILL. @returns how it is taken back, once all ended in order */
function lastResort(kill: () => void): () => void {
  process.once('exit', kill);
  return () => process.off('exit', kill);
}

async function sweep(drivers: Drivers, logger: Logger): Promise<void> {
  const killed = await drivers.start();
  if (killed > 0) logger.warn({ killed }, 'ended what a killed predecessor had left running');
}

/** One that fails does not keep the others from being undone. */
async function undoAll(undo: (() => unknown)[], logger: Logger): Promise<void> {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (error) {
      logger.error({ err: error }, 'while ending');
    }
  }
}

/** What hangs is left to the handlers of `exit`. */
async function within(limitMs: number, task: Promise<void>, logger: Logger): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, limitMs, 'late');
  });
  const first = await Promise.race([task, late]);
  clearTimeout(timer);
  if (first === 'late') logger.error({ limitMs }, 'did not end in time; the rest is killed');
}
