import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactStore } from '../../../actors/executor/artifacts.ts';
import type { ActionRun, StepExecutor } from '../../../actors/executor/contract.ts';
import { createStepExecutor } from '../../../actors/executor/executor.ts';
import { loadFlows, loadRegistry } from '../../../actors/executor/registry.ts';
import { resolveFlow } from '../../../actors/executor/resolve.ts';
import { ControlError } from '../../../schemas/errors.ts';
import type { Flow, FlowAction } from '../../../schemas/generated/contracts.ts';
import { openWebKit, type WebKit } from '../../support/webkit.ts';

export const never = new AbortController().signal;

export interface Bench {
  webkit: WebKit;
  executor: StepExecutor;
  artifacts: ArtifactStore;
  /** Folder of the files flows may put into pages. */
  uploads: string;
  /** Reasons of the losses that were reported. */
  losses: string[];
  /** Set to be told that the lease is not valid any more. */
  leaseLost: boolean;
  /** Serves this body as a page and opens it. Resolves with its address. */
  show(body: string): Promise<string>;
  /** A run of one action on the example platform. */
  run(action: Partial<FlowAction> & Pick<FlowAction, 'steps'>, more?: Partial<ActionRun>): ActionRun;
  /** `run`, attempted. */
  attempt(steps: FlowAction['steps'], more?: Partial<ActionRun>): ReturnType<StepExecutor['attempt']>;
  /** What a script of the test says in the page, at the top. */
  ask<T>(script: string): Promise<T>;
  close(): Promise<void>;
}

/** A real WebKit with an executor over it, and a server for small pages. */
export async function openBench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-executor-'));
  const pages: string[] = [];
  const server = createServer((request, response) => {
    const page = pages[Number(/^\/page\/(\d+)/.exec(request.url ?? '')?.[1])];
    response.setHeader('connection', 'close');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.statusCode = page === undefined ? 404 : 200;
    response.end(page ?? 'none');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const webkit = await openWebKit();
  const artifacts = new ArtifactStore(folder);
  const uploads = join(folder, 'uploads');
  await mkdir(uploads);
  const bench: Bench = {
    webkit,
    artifacts,
    uploads,
    losses: [],
    leaseLost: false,
    executor: createStepExecutor({
      pool: {
        get({ fencing }) {
          if (bench.leaseLost) throw new ControlError('LEASE_LOST', { fencing });
          return webkit.session;
        },
        reportLoss: (_, reason) => void bench.losses.push(reason)
      },
      registry: loadRegistry(),
      artifacts,
      uploads
    }),
    async show(body) {
      pages.push(`<!doctype html><title>test</title><body style="margin:0">${body}`);
      const url = `${origin}/page/${pages.length - 1}`;
      await bench.attempt([{ type: 'navigate', url }]);
      return url;
    },
    run: (action, more = {}) => ({
      commandId: 'command-1',
      lease: { slot: 'slot-1', fencing: 1 },
      platform: 'example',
      accountId: 'alice',
      allowScript: false,
      params: {},
      before: [],
      intent: 'command-1',
      action: { attempt: 'ACT', effect: 'write', ...action },
      ...more
    }),
    attempt: (steps, more) =>
      bench.executor.attempt(bench.run({ steps }, more), { id: 'command/1#1.0', resumed: false }, never),
    async ask<T>(script: string) {
      await webkit.session.switchToFrame(null);
      return (await webkit.session.executeSync(script)) as T;
    },
    async close() {
      await webkit.close();
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    }
  };
  return bench;
}

const flows = loadFlows();

/** Runs of a built-in flow's actions, in order. */
export function flowRuns(
  bench: Bench,
  name: string,
  params: Record<string, unknown>,
  more: Partial<ActionRun> = {}
): ActionRun[] {
  const flow = flows.find((one) => one.name === name) as Flow;
  const actions = resolveFlow(flow, params);
  return actions.map((action, i) => bench.run(action, { before: actions.slice(0, i), params, ...more }));
}

/** Prepares, attempts and verifies each run, as the command machine does. */
export async function perform(bench: Bench, runs: ActionRun[]) {
  const done: {
    name: string;
    alreadyDone: boolean;
    witness: string | null;
    outcome: string | null;
    why: string | null;
  }[] = [];
  for (const run of runs) {
    const { alreadyDone } = await bench.executor.prepare(run, never);
    const name = run.action.attempt;
    if (alreadyDone) {
      done.push({ name, alreadyDone, witness: null, outcome: 'VERIFIED', why: null });
      continue;
    }
    const { witness } = await bench.executor.attempt(run, { id: `${name}#1`, resumed: false }, never);
    const { outcome, why } = await bench.executor.verify(run, never);
    done.push({ name, alreadyDone, witness, outcome, why });
    if (outcome !== 'VERIFIED') break;
  }
  return done;
}

export { failsWith } from './failures.ts';

/** The bytes of what was kept, as text. */
export async function textOf({ artifacts }: Bench, { sha256 }: { sha256: string }): Promise<string> {
  const { handle } = await artifacts.open(sha256);
  try {
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** What was kept with a failure. */
export const kindsOf = (artifacts: unknown): string[] => (artifacts as { kind: string }[]).map(({ kind }) => kind);
