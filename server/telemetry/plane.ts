/**
 * The telemetry plane: `WS /v1/stream`. Each client is a pump over the log with a position of its own, so what it gets
 * is the log in order, and how fast it reads is nobody else's concern.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import Koa from 'koa';
import koaWebsocket from 'koa-websocket';
import type { Logger } from 'pino';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { VerifyClientCallbackAsync } from 'ws';
import type { ActorHost, ActorKind } from '../../actors/host/contract.ts';
import { defineAll } from '../../actors/kernel/definition.ts';
import { outlineOf } from '../../actors/kernel/outline.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { BindAddress } from '../auth/bind-guard.ts';
import { countRefusals, createRefusals, type Refusals } from '../auth/refusals.ts';
import type { SignIn } from '../auth/sign-in.ts';
import type { Tls } from '../auth/tls.ts';
import { bearerOf, type Client, type Tokens } from '../auth/tokens.ts';
import { assertForUs, type IsOurs, namesOf } from '../control/names.ts';
import { problems } from '../control/problem.ts';
import { answerRaw } from '../control/raw-answer.ts';
import { auditRefusals, createRefusalLog, noteRefusal, type RefusalLog } from '../control/refused.ts';
import { forUs, fromOf, hygiene, requestId } from '../control/request.ts';
import { httpServer, listen, type Served } from '../control/serve.ts';
import type { TellActor } from '../control/tell-actor.ts';
import { Consumers } from './consumers.ts';
import { createEventLog } from './event-log.ts';
import { InspectClient } from './inspect-client.ts';
import { defaultTelemetryLimits, type TelemetryLimits } from './limits.ts';
import type { LogClient } from './log-client.ts';
import { StreamClient } from './stream-client.ts';

export interface TelemetryDeps {
  host: ActorHost;
  tokens: Tokens;
  /** As of the control plane. */
  refusals?: Refusals;
  refused?: RefusalLog;
  isOurs?: IsOurs;
  logger: Logger;
  stub: boolean;
  version: string;
  /** What Stately's inspector is told of, and how it tells an actor something. */
  kinds: readonly ActorKind[];
  signIn: SignIn;
  tell: TellActor;
  limits?: Partial<TelemetryLimits>;
  /** ms since 1970 */
  now?: () => number;
}

export interface TelemetryPlane {
  app: koaWebsocket.App;
  /** @throws ControlError PORT_IN_USE */
  listen(at: BindAddress, tls?: Tls | null): Promise<Served>;
  /** Connected clients. */
  readonly size: number;
  /** Rows of the log that the furthest behind of them has still to get. */
  readonly mostBehind: number;
}

const STREAM = '/v1/stream';
/** Stately's inspector: see InspectClient. */
const INSPECT = '/v1/inspect';
const PATHS = [STREAM, INSPECT];
const GOING_AWAY = 1001;
const CLOSE_MS = 5_000;

export function createTelemetryPlane(deps: TelemetryDeps): TelemetryPlane {
  const limits = { ...defaultTelemetryLimits, ...deps.limits };
  const now = deps.now ?? Date.now;
  const log = createEventLog(deps.host, { tailRows: limits.tailRows });
  const consumers = new Consumers(deps.host, now);
  const definitions = new Map(deps.kinds.flatMap(defineAll).map((definition) => [definition.kind, definition]));
  const inspected = {
    volatileKinds: [...definitions.values()].filter(({ durable }) => !durable).map(({ kind }) => kind),
    machineOf: (kind: string) => {
      const definition = definitions.get(kind);
      return definition && outlineOf(definition.machine);
    }
  };
  const clients = new Set<LogClient>();

  const refusals = deps.refusals ?? createRefusals();
  const tokens = countRefusals(deps.tokens, refusals);
  const refused = deps.refused ?? createRefusalLog(deps.host, deps.logger);
  const isOurs = deps.isOurs ?? namesOf([]);
  const subscribes = new RateLimiterMemory({ points: limits.subscribesPerMinute, duration: 60 });
  const isIn = (client: LogClient) => client.service !== undefined;

  /** Those that were let in and those that were not yet, or are on their way out, take no place of each other's. */
  function assertRoom(): void {
    let inside = 0;
    for (const client of clients) if (isIn(client)) inside++;
    if (Math.max(inside, clients.size - inside) < limits.connections) return;
    throw new ControlError('STREAMS_FULL', { limit: limits.connections });
  }

  /** A connection, or what came over it, was refused: the audit log has it, as of a request. */
  const note = (req: IncomingMessage, error: unknown, client?: Client) =>
    void noteRefusal(refused, error, { by: 'websocket', method: 'GET', path: pathOf(req), from: fromOf(req), client });

  const verifyClient: VerifyClientCallbackAsync = ({ req }, answer) => {
    try {
      assertForUs(req, isOurs, true);
      if (!PATHS.includes(pathOf(req))) {
        throw new ControlError('ROUTE_NOT_FOUND', { method: 'GET', path: pathOf(req).slice(0, 200) });
      }
      assertRoom();
    } catch (error) {
      note(req, error);
      // Where ws would write an answer of its own.
      answerRaw(req.socket, error as ControlError);
      return;
    }
    answer(true);
  };

  /** @throws ControlError CLIENT_STREAMS_FULL */
  function join(client: Client): void {
    let own = 0;
    for (const { service } of clients) if (service === client.service) own++;
    const limit = limits.clientConnections;
    if (own >= limit) throw new ControlError('CLIENT_STREAMS_FULL', { client: client.service, limit });
  }

  /** @throws ControlError SUBSCRIBED_TOO_OFTEN */
  async function subscribed({ service }: Client): Promise<void> {
    await subscribes.consume(service).catch((over) => {
      if (!(over instanceof RateLimiterRes)) throw over;
      const retryAfter = Math.max(1, Math.ceil(over.msBeforeNext / 1000));
      throw new ControlError('SUBSCRIBED_TOO_OFTEN', {
        client: service,
        limit: limits.subscribesPerMinute,
        retryAfter
      });
    });
  }
  const sockets = {
    verifyClient,
    // Refused by the receiver before it is in memory; the client hears 4009, see StreamClient.
    maxPayload: limits.frameBytes,
    // Who was told that it is over, and does not go, is let go of.
    closeTimeout: CLOSE_MS,
    // A browser drops the connection unless one of the protocols it offered is named back.
    handleProtocols: (protocols: Set<string>) =>
      [...protocols].find((name) => !name.startsWith('bearer.')) ?? [...protocols][0] ?? false
  };
  const app = koaWebsocket(new Koa());

  app.use(requestId);
  app.use(hygiene(deps.stub));
  app.use(problems(deps.logger));
  app.use(auditRefusals(refused));
  app.use(forUs(isOurs));
  app.use(({ method, path }) => {
    if (PATHS.includes(path)) throw new ControlError('UPGRADE_REQUIRED', { path });
    throw new ControlError('ROUTE_NOT_FOUND', { method, path: path.slice(0, 200) });
  });
  app.on('error', (error) => deps.logger.debug({ err: error }, 'connection failed'));
  app.ws.use(async ({ websocket, req, query }) => {
    const given = bearerOf(req.headers.authorization) ?? protocolToken(req);
    const fed = {
      socket: websocket,
      bearer: async () => given,
      query,
      log,
      tokens,
      from: fromOf(req),
      join,
      refused: (error: unknown, client?: Client) => note(req, error, client),
      logger: deps.logger,
      limits,
      now
    };
    const client: LogClient =
      pathOf(req) === STREAM
        ? new StreamClient({ ...fed, consumers, subscribed })
        : new InspectClient({
            ...fed,
            bearer: async () =>
              given ?? (await refusals.counted(fromOf(req), () => bearerOfCode(deps.signIn, query.code))),
            host: deps.host,
            ...inspected,
            tell: deps.tell
          });
    clients.add(client);
    websocket.once('close', () => clients.delete(client));
    await client.run();
  });

  return {
    app,
    get size() {
      return clients.size;
    },

    get mostBehind() {
      let most = 0;
      for (const client of clients) most = Math.max(most, client.behind);
      return most;
    },

    async listen(at, tls = null) {
      const server = httpServer(app.callback(), {}, tls);
      app.ws.listen({ server, ...sockets });
      // ws hears the server's errors too, and throws them when nobody listens; they are taken below.
      app.ws.server?.on('error', () => {});
      app.ws.server?.on('wsClientError', (error: Error, socket: Duplex) =>
        answerRaw(socket, new ControlError('REQUEST_MALFORMED', { reason: error.message }))
      );
      const served = await listen(server, at);
      return {
        ...served,
        async close(graceMs = 1_000) {
          log.close();
          for (const client of clients) client.end(GOING_AWAY, 'the process is shutting down');
          const cut = setTimeout(() => {
            for (const client of clients) client.cut();
          }, graceMs);
          await served.close(graceMs);
          clearTimeout(cut);
        }
      };
    }
  };
}

const pathOf = (req: IncomingMessage) => (req.url ?? '').split('?', 1)[0] ?? '';

/** A receiver that can name nothing but an address has a code in it that is good once, see POST /v1/sign-in/links. */
async function bearerOfCode(signIn: SignIn, code: string | string[] | undefined): Promise<string | undefined> {
  return typeof code === 'string' ? (await signIn.exchange(code)).token : undefined;
}

/** Browsers cannot set a header: they offer the protocol `bearer.<token>`. */
const protocolToken = (req: IncomingMessage): string | undefined =>
  (req.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .find((name) => name.startsWith('bearer.'))
    ?.slice('bearer.'.length);
