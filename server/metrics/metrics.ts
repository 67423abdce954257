/**
 * What Prometheus scrapes. Names and units are its conventions: base units, `_seconds`, `_bytes`, `_total`. No label is an
 * id, so a series more is a state, a kind or a route more, and never an actor. What costs a query is asked at most every
 * `FRESH_MS`, however often somebody scrapes.
 */
import type { Middleware } from 'koa';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ActorHost, EventRow } from '../../actors/host/contract.ts';

export interface MetricsDeps {
  host: ActorHost;
  /** Durable kinds. */
  kinds: string[];
  /** Of the stream: who listens, and how many rows each has still to get. */
  streams: () => { clients: number; mostBehind: number };
  /** When the certificate of the planes ends, ms since 1970; null without one. */
  certificateEnd?: () => number | null;
  version: string;
  /** ms since 1970 */
  now?: () => number;
}

export interface Metrics {
  contentType: string;
  /** The text a scrape gets. */
  text(): Promise<string>;
  /** Measures every request of the plane it is used in. */
  requests: Middleware;
  /** A token or code was refused. */
  refused: () => void;
  close(): void;
}

const FRESH_MS = 5_000;
/** Actors whose last entry is remembered, to know how long they stayed; more are simply not measured. */
const REMEMBERED = 20_000;
const DWELL_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400];
const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ENDS = ['SUCCEEDED', 'FAILED', 'CANCELLED'];

export function createMetrics({
  host,
  kinds,
  streams,
  certificateEnd = () => null,
  version,
  now = Date.now
}: MetricsDeps): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const fresh = once(FRESH_MS, now, () => countAll(host, kinds));

  new Gauge({
    name: 'troupe_build_info',
    help: 'Always 1; the version is its label.',
    labelNames: ['version'],
    registers
  })
    .labels(version)
    .set(1);
  new Gauge({
    name: 'troupe_actors',
    help: 'Actors in the journal by kind and the first segment of their state, ended ones until retention removes them.',
    labelNames: ['kind', 'state'],
    registers,
    async collect() {
      this.reset();
      for (const { kind, state, count } of await fresh()) this.labels(kind, state).set(count);
    }
  });
  new Gauge({
    name: 'troupe_commands',
    help: 'Commands by state.',
    labelNames: ['state'],
    registers,
    async collect() {
      this.reset();
      for (const { kind, state, count } of await fresh()) if (kind === 'command') this.labels(state).set(count);
    }
  });
  new Gauge({
    name: 'troupe_approvals_waiting',
    help: 'Approvals nobody has answered.',
    registers,
    async collect() {
      const waiting = (await fresh()).find(({ kind, state }) => kind === 'approval' && state === 'PENDING');
      this.set(waiting?.count ?? 0);
    }
  });
  new Gauge({
    name: 'troupe_journal_backlog',
    help: 'Events taken by the host and not yet durable.',
    registers,
    collect() {
      this.set(host.status.backlog);
    }
  });
  new Gauge({
    name: 'troupe_journal_writable',
    help: '1 while the journal takes writes, 0 while it does not.',
    registers,
    collect() {
      this.set(host.status.journalError === null ? 1 : 0);
    }
  });
  new Gauge({
    name: 'troupe_log_head',
    help: 'Cursor of the newest row of the log.',
    registers,
    collect() {
      this.set(host.head);
    }
  });
  new Gauge({
    name: 'troupe_driver_slots',
    help: 'Browser slots by state and health.',
    labelNames: ['state', 'health'],
    registers,
    collect() {
      this.reset();
      for (const { state } of host.volatileActors('driver')) {
        this.labels(mainState(state), regionOf(state, 'health') ?? 'unknown').inc();
      }
    }
  });
  new Gauge({
    name: 'troupe_driver_queue_length',
    help: 'Sessions that wait for a browser.',
    registers,
    collect() {
      const [supervisor] = host.volatileActors('supervisor');
      this.set(Array.isArray(supervisor?.context.waiting) ? supervisor.context.waiting.length : 0);
    }
  });
  new Gauge({
    name: 'troupe_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the planes ends; no sample without one.',
    registers,
    collect() {
      this.reset();
      const end = certificateEnd();
      // Without a label, a gauge that was reset says 0.
      if (end === null) this.remove();
      else this.set(end / 1000);
    }
  });
  new Gauge({
    name: 'troupe_stream_clients',
    help: 'Clients of the WebSocket stream.',
    registers,
    collect() {
      this.set(streams().clients);
    }
  });
  new Gauge({
    name: 'troupe_stream_lag_rows',
    help: 'Rows of the log that the furthest behind of the stream clients has still to get.',
    registers,
    collect() {
      this.set(streams().mostBehind);
    }
  });

  const rowsTotal = new Counter({
    name: 'troupe_events_total',
    help: 'Rows written to the log.',
    labelNames: ['kind', 'severity'],
    registers
  });
  const endedTotal = new Counter({
    name: 'troupe_commands_ended_total',
    help: 'Commands that ended, by how.',
    labelNames: ['state'],
    registers
  });
  const lag = new Histogram({
    name: 'troupe_journal_commit_lag_seconds',
    help: 'From the transition to its being durable, of the oldest row of each commit.',
    buckets: LATENCY_SECONDS,
    registers
  });
  const dwell = new Histogram({
    name: 'troupe_state_duration_seconds',
    help: 'How long actors stayed in a state, counted when they leave it.',
    labelNames: ['kind', 'state'],
    buckets: DWELL_SECONDS,
    registers
  });
  const http = new Histogram({
    name: 'troupe_http_request_duration_seconds',
    help: 'Requests of the control plane by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: LATENCY_SECONDS,
    registers
  });

  const refusedTotal = new Counter({
    name: 'troupe_auth_refusals_total',
    help: 'Tokens and sign-in codes that were refused.',
    registers
  });

  const entered = new Map<string, number>();
  const stop = host.onCommit((rows) => {
    const oldest = rows[0] as EventRow;
    lag.observe(Math.max(0, now() - oldest.emittedAt) / 1_000);
    for (const row of rows) {
      rowsTotal.labels(row.actorKind, row.severity).inc();
      measureStay(row);
    }
  });

  function measureStay({ actorKind, actorId, emittedAt, payload }: EventRow): void {
    const from = payload.from === null ? null : mainState(payload.from);
    const to = mainState(payload.to);
    if (from === to) return;
    const address = `${actorKind}/${actorId}`;
    const since = entered.get(address);
    if (from !== null && since !== undefined) {
      dwell.labels(actorKind, from).observe(Math.max(0, emittedAt - since) / 1_000);
    }
    entered.delete(address);
    const ends = ENDS.includes(to);
    if (actorKind === 'command' && ends) endedTotal.labels(to).inc();
    if (ends) return;
    entered.set(address, emittedAt);
    if (entered.size > REMEMBERED) entered.delete(entered.keys().next().value as string);
  }

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    close: stop,
    refused: () => refusedTotal.inc(),
    requests: async (ctx, next) => {
      const stopTimer = http.startTimer();
      try {
        await next();
      } finally {
        // The pattern, never the path: an id in it would be a series of its own.
        const route = (ctx as { _matchedRoute?: unknown })._matchedRoute;
        stopTimer({
          method: ctx.method,
          route: typeof route === 'string' ? route : 'none',
          status: String(ctx.status)
        });
      }
    }
  };
}

/** `RUNNING.PREPARING` → `RUNNING`; a driver's is that of its slot, beside which runs its health. */
const mainState = (path: string) => regionOf(path, 'slot') ?? (path.split(/[.,]/, 1)[0] as string);

/** `health.healthy,slot.READY.idle` → of `slot` `READY`. */
const regionOf = (path: string, region: string) =>
  path
    .split(',')
    .find((one) => one.startsWith(`${region}.`))
    ?.split('.')[1];

async function countAll(host: ActorHost, kinds: string[]) {
  const counted = await Promise.all(
    kinds.map(async (kind) =>
      Object.entries(await host.journal.countActors(kind)).map(([state, count]) => ({ kind, state, count }))
    )
  );
  return counted.flat();
}

/** Asks again only when the last answer is older; those who ask meanwhile share one. */
function once<T>(forMs: number, now: () => number, ask: () => Promise<T>): () => Promise<T> {
  let asked: { at: number; answer: Promise<T> } | undefined;
  return () => {
    if (!asked || now() - asked.at > forMs) {
      const answer = ask();
      asked = { at: now(), answer };
      answer.catch(() => {
        asked = undefined;
      });
    }
    return asked.answer;
  };
}
