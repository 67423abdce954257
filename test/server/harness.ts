/**
 * The planes over real sockets, on the real host, machines and SQLite journal. Only the browsers are made up: a
 * supervisor that grants at once (or never), and an executor whose actions a test can hold.
 */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import pino from 'pino';
import { assign, setup } from 'xstate';
import { commandKinds } from '../../actors/command/kinds.ts';
import { ArtifactStore } from '../../actors/executor/artifacts.ts';
import type { ActionRun, StepExecutor } from '../../actors/executor/contract.ts';
import type { Browsers } from '../../actors/executor/executor.ts';
import { loadFlows, loadRegistry } from '../../actors/executor/registry.ts';
import type { ActorHost, ActorKind } from '../../actors/host/contract.ts';
import { createEmbeddedHost } from '../../actors/host/embedded-host.ts';
import { openSqliteJournal } from '../../actors/journal/sqlite-journal.ts';
import { Accounts } from '../../actors/profile/accounts.ts';
import { KeyRing } from '../../actors/profile/key-ring.ts';
import type { Profiles } from '../../actors/profile/profiles.ts';
import { ProfileStore, type Rows } from '../../actors/profile/store.ts';
import { hostActions, type SlotRelease, type SlotRequest } from '../../machines/protocol.ts';
import type { CommandView, Flow } from '../../schemas/generated/contracts.ts';
import { createRefusals } from '../../server/auth/refusals.ts';
import { createSignIn } from '../../server/auth/sign-in.ts';
import { createTokens, type Tokens } from '../../server/auth/tokens.ts';
import { createControlPlane } from '../../server/control/app.ts';
import type { ControlDeps, ControlLimits } from '../../server/control/deps.ts';
import { openFlowRegistry } from '../../server/control/flow-registry.ts';
import { hostChecks, type ReadinessCheck } from '../../server/control/readiness.ts';
import { type HttpLimits, serve } from '../../server/control/serve.ts';
import { openSessionDirectory, type SessionDirectory } from '../../server/control/session-directory.ts';
import { actorTeller } from '../../server/control/tell-actor.ts';
import { createLayout } from '../../server/inspector/layout.ts';
import { createMetrics } from '../../server/metrics/metrics.ts';
import type { TelemetryLimits } from '../../server/telemetry/limits.ts';
import { createTelemetryPlane, type TelemetryPlane } from '../../server/telemetry/plane.ts';
import { assertDescribed } from '../support/described.ts';

export const greet: Flow = {
  name: 'greet',
  title: 'Say something',
  version: 3,
  platforms: ['instagram', 'x'],
  params: {
    type: 'object',
    required: ['text'],
    additionalProperties: false,
    properties: { text: { type: 'string', maxLength: 20 }, times: { type: 'integer', default: 1 } }
  },
  actions: [
    {
      attempt: 'GREET',
      effect: 'write',
      reaches: 'nobody',
      steps: [{ type: 'click', selectors: ['text/$' + '{params.text}'] }],
      verify: { as: 'GREETED', steps: [{ type: 'waitForElement', selectors: ['#done'] }] }
    }
  ]
};
const look: Flow = {
  name: 'look',
  platforms: ['*'],
  actions: [{ attempt: 'LOOK', effect: 'read', reaches: 'nobody', steps: [{ type: 'click', selectors: ['a'] }] }]
};
const asked: Flow = { ...greet, name: 'asked', approval: 'required' };
const scripted: Flow = {
  ...look,
  name: 'scripted',
  actions: [
    { attempt: 'RUN', effect: 'read', reaches: 'nobody', steps: [{ type: 'waitForExpression', expression: 'true' }] }
  ]
};

/** Grants every request at once, or keeps it in line for ever. */
const browsers = (grants: boolean) =>
  setup({
    types: {
      context: {} as { fencing: number },
      events: {} as SlotRequest | SlotRelease | { type: 'slot.withdraw'; sessionId: string }
    },
    actions: { ...hostActions, next: assign({ fencing: ({ context }) => context.fencing + 1 }) },
    guards: { grants: () => grants }
  }).createMachine({
    id: 'supervisor',
    meta: { telemetry: { type: 'supervisor.changed' } },
    context: { fencing: 1 },
    initial: 'RUNNING',
    states: {
      RUNNING: {
        on: {
          'slot.request': [
            {
              guard: 'grants',
              actions: [
                'next',
                {
                  type: 'tell',
                  params: ({ context, event }) =>
                    ['slot.granted', 'slot.ready'].map((type) => ({
                      to: `session/${(event as SlotRequest).sessionId}`,
                      event: { type, lease: { slot: 'made-up', fencing: context.fencing } }
                    })) as never
                }
              ]
            },
            {}
          ],
          'slot.release': {
            actions: {
              type: 'tell',
              params: ({ event }) => ({
                to: `session/${event.sessionId}`,
                event: { type: 'slot.released', lease: { slot: 'made-up', fencing: (event as SlotRelease).fencing } }
              })
            }
          },
          'slot.withdraw': {}
        }
      }
    }
  });

/** Says on the stream what it is told, as often as it is told. */
const notes = setup({
  types: { context: {} as { text: string }, events: {} as { type: 'note.add'; text: string } },
  actions: { keep: assign({ text: ({ event }) => event.text }) }
}).createMachine({
  id: 'notes',
  meta: { telemetry: { type: 'note.added', take: { text: 'text' } } },
  context: { text: '' },
  initial: 'TICK',
  states: {
    TICK: { on: { 'note.add': { target: 'TOCK', actions: 'keep' } } },
    TOCK: { on: { 'note.add': { target: 'TICK', actions: 'keep' } } }
  }
});

/** Every action succeeds, once it is let go. */
export class HeldExecutor implements StepExecutor {
  readonly attempts: ActionRun[] = [];
  #gate: Promise<void> = Promise.resolve();
  #open = () => {};

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  letGo(): void {
    this.#open();
  }

  async prepare(run: ActionRun) {
    const dedupeKey = createHash('sha256').update(`${run.intent} ${run.action.attempt}`).digest('hex');
    return { dedupeKey, alreadyDone: false, proofs: [], artifacts: [] };
  }

  async attempt(run: ActionRun, _effect: unknown, signal: AbortSignal) {
    this.attempts.push(run);
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
    );
    await Promise.race([this.#gate, aborted]);
    return { witness: 'DELIVERED' as const, proofs: [] };
  }

  async verify() {
    return { outcome: 'VERIFIED' as const, why: null, proofs: [], artifacts: [] };
  }

  reconcile = () => this.verify();
}

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  body: any;
}

export interface Harness {
  /** http://127.0.0.1:… */
  url: string;
  /** ws://127.0.0.1:…/v1/stream */
  stream: string;
  dataDir: string;
  admin: string;
  host: ActorHost;
  tokens: Tokens;
  sessions: SessionDirectory;
  executor: HeldExecutor;
  files: ArtifactStore;
  profiles: ProfileStore;
  plane: TelemetryPlane;
  /** Open to the control plane. */
  connections(): Promise<number>;
  /** Writes one event each, at once. */
  note(...texts: string[]): Promise<void>;
  logged: string[];
  /** How far the planes' clock is ahead of the host's, ms. */
  ahead(ms: number): void;
  drain(): void;
  api(method: string, path: string, options?: ApiOptions): Promise<Answer>;
  /** @param accounts it is bound to; default none */
  token(scopes: string[], service?: string, accounts?: string[]): Promise<string>;
  deps: ControlDeps;
  /** A command of the flow `greet`, sent and accepted. */
  send(overrides?: Record<string, unknown>): Promise<Answer>;
  ended(commandId: string): Promise<CommandView>;
  /** Resolves once the command waits for a person and the approval it asks with is there, which is a moment later. */
  asked(commandId: string): Promise<{ approvalId: string; sessionId: string }>;
}

export interface ApiOptions {
  body?: unknown;
  /** Sent as it is, instead of `body` as JSON. */
  raw?: string | Uint8Array;
  /** null: none. Default the admin's. */
  token?: string | null;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface HarnessOptions {
  /** false: sessions stay QUEUED. */
  grants?: boolean;
  limits?: Partial<ControlLimits>;
  telemetry?: Partial<TelemetryLimits>;
  http?: Partial<HttpLimits>;
  checks?: ReadinessCheck[];
  stub?: boolean;
  /** With the flows and platforms that ship, beside those of the harness. */
  shipped?: boolean;
  /** Wraps what the planes see of the host. */
  around?: (host: ActorHost) => ActorHost;
  /** Where there are some, sessions of accounts keep their logins. */
  browsers?: Browsers;
  profiles?: Profiles;
}

export const envelope = (overrides: Record<string, unknown> = {}) => ({
  version: '1.0',
  requester: { service: 'orchestrator', instance_id: 'one' },
  target: { account_id: 'ada', platform: 'instagram' },
  type: 'flow.run',
  payload: { flow: 'greet', params: { text: 'hello' } },
  ...overrides
});

/** One for all tests of a `describe`. */
export function sharedHarness(options: HarnessOptions = {}): { readonly h: Harness } {
  const ends: (() => Promise<void>)[] = [];
  let harness: Harness;
  before(async () => {
    harness = await openHarness({ after: (end) => void ends.push(end) }, options);
  });
  after(async () => {
    for (const end of ends) await end();
  });
  return {
    get h() {
      return harness;
    }
  };
}

export async function openHarness(
  t: { after(end: () => Promise<void>): void },
  options: HarnessOptions = {}
): Promise<Harness> {
  const dataDir = await mkdtemp(join(tmpdir(), 'troupe-planes-'));
  const journal = openSqliteJournal({ directory: dataDir, synchronous: 'OFF' });
  const executor = new HeldExecutor();
  const ring = KeyRing.open(join(dataDir, 'profile-keys.json'));
  const kinds: ActorKind[] = [
    ...commandKinds({ executor, journal, ring, ...(options.profiles ? { profiles: options.profiles } : {}) }),
    { kind: 'supervisor', machine: browsers(options.grants ?? true), durable: false },
    { kind: 'notes', machine: notes, durable: false }
  ];
  const real = createEmbeddedHost({
    journal,
    kinds,
    roots: () => ['supervisor/main', 'notes/main'].map((address) => ({ address, input: {} }))
  });
  await real.start();
  const host = options.around?.(real) ?? real;

  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;
  const logged: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
  const tokens = createTokens(host, { now });
  const { token: admin } = await tokens.mintAdmin(dataDir);
  const signIn = createSignIn(tokens, { now });
  const layout = createLayout();
  const metrics = createMetrics({
    host,
    kinds: kinds.filter(({ durable }) => durable).map(({ kind }) => kind),
    streams: () => ({ clients: plane.size, mostBehind: plane.mostBehind }),
    version: '0.0.0-test',
    now
  });
  let telemetryUrl = 'ws://127.0.0.1:1';
  const sessions = await openSessionDirectory(host);
  const files = new ArtifactStore(dataDir);
  const draining = new AbortController();
  const rows: Rows = { find: (...asked) => journal.find(...asked), write: (...asked) => host.write(...asked) };
  // Tests of who is refused refuse often.
  const refusals = createRefusals({ perMinute: 1_000_000 });
  const deps: ControlDeps = {
    host,
    tokens,
    refusals,
    signIn,
    layout,
    metrics,
    telemetry: () => telemetryUrl,
    sessions,
    selectors: loadRegistry(),
    flows: await openFlowRegistry(host, [...(options.shipped ? loadFlows() : []), greet, look, asked, scripted]),
    artifacts: files,
    accounts: new Accounts(rows),
    profiles: new ProfileStore(ring, rows, { now }),
    ...(options.browsers ? { browsers: options.browsers } : {}),
    kinds,
    platforms: ['instagram', 'tiktok', 'x', ...(options.shipped ? ['sora'] : [])],
    checks: [...hostChecks(host), ...(options.checks ?? [])],
    logger,
    draining: draining.signal,
    stub: options.stub ?? false,
    version: '0.0.0-test',
    now,
    ...(options.limits ? { limits: options.limits } : {})
  };
  const control = await serve(createControlPlane(deps).callback(), { host: '127.0.0.1', port: 0 }, options.http);
  const plane = createTelemetryPlane({
    host,
    tokens,
    refusals,
    logger,
    stub: deps.stub,
    version: deps.version,
    kinds,
    signIn,
    tell: actorTeller({ host, kinds, intakes: deps.intakes ?? new Map() }),
    now,
    ...(options.telemetry ? { limits: options.telemetry } : {})
  });
  const telemetry = await plane.listen({ host: '127.0.0.1', port: 0 });
  telemetryUrl = `ws://127.0.0.1:${telemetry.port}`;
  t.after(async () => {
    executor.letGo();
    await Promise.all([control.close(100), telemetry.close(100)]);
    sessions.close();
    await layout.close();
    metrics.close();
    await real.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const url = `http://127.0.0.1:${control.port}`;
  const api: Harness['api'] = async (method, path, { body, raw, token = admin, headers = {}, signal } = {}) => {
    const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(content === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers
      },
      ...(content === undefined ? {} : { body: content }),
      ...(signal ? { signal } : {})
    });
    const type = response.headers.get('content-type') ?? '';
    const text = Buffer.from(await response.arrayBuffer());
    const answer = /json(;|$)/.test(type) && text.length > 0 ? JSON.parse(text.toString()) : text;
    assertDescribed(method, path, { status: response.status, type, body: answer });
    return { status: response.status, headers: response.headers, body: answer };
  };
  return {
    url,
    stream: `ws://127.0.0.1:${telemetry.port}/v1/stream`,
    dataDir,
    admin,
    host,
    tokens,
    sessions,
    executor,
    files,
    profiles: deps.profiles,
    plane,
    connections: () => new Promise((resolve) => control.server.getConnections((_, count) => resolve(count ?? 0))),
    note: async (...texts) => {
      await Promise.all(texts.map((text) => host.send('notes/main', { type: 'note.add', text })));
    },
    logged,
    ahead: (ms) => {
      aheadMs = ms;
    },
    drain: () => draining.abort(),
    api,
    token: async (scopes, service = 'orchestrator', accounts) =>
      (await tokens.create({ service, scopes, ...(accounts ? { accounts } : {}) })).token,
    deps,
    send: (overrides) => api('POST', '/v1/commands', { body: envelope(overrides) }),
    ended: async (commandId) => {
      for (const until = Date.now() + 120_000; ; ) {
        const view = (await api('GET', `/v1/commands/${commandId}?wait=30`)).body as CommandView;
        if (view.completed_at !== null || Date.now() > until) return view;
      }
    },
    asked: async (commandId) => {
      const command = await host.waitFor(
        `command/${commandId}`,
        ({ state, status }) => state === 'AWAITING_APPROVAL.asking' || status !== 'active',
        { timeoutMs: 60_000 }
      );
      assert.equal(command?.state, 'AWAITING_APPROVAL.asking');
      const { approvalId, sessionId } = command.context as { approvalId: string; sessionId: string };
      assert.ok(
        await host.waitFor(`approval/${approvalId}`, () => true, { timeoutMs: 60_000 }),
        'the approval is there'
      );
      return { approvalId, sessionId };
    }
  };
}

export const uuid = randomUUID;
