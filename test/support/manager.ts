/** The real program as a child process, for tests from end to end. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CommandAccepted, CommandEnvelope, CommandView } from '../../schemas/generated/contracts.ts';
import { assertDescribed } from './described.ts';
import { FrameStream, type Subscription } from './frame-stream.ts';
import { killAllOf } from './processes.ts';

export interface ManagerOptions {
  /** Default: a temporary folder, removed afterwards. One that is given is kept; start again on it after a kill. */
  data?: string;
  /** Default stub. */
  driver?: 'safari' | 'stub';
  /** Further arguments of `troupe start`. */
  args?: string[];
  /** Beside this process's own, without its TROUPE_ variables. */
  env?: Record<string, string>;
  /** For endpoints.json, ms. Default 60 s: a slow machine compiles first. */
  startLimitMs?: number;
}

export interface Answer<T = unknown> {
  status: number;
  headers: Headers;
  /** Parsed when it is JSON, otherwise text. */
  body: T;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Manager {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** ws://127.0.0.1:PORT */
  readonly wsUrl: string;
  readonly token: string;
  readonly pid: number;
  readonly data: string;
  readonly ended: Promise<Ended>;
  /** A string or bytes go as they are, anything else as JSON. A header that is given as '' is not sent. */
  request<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>
  ): Promise<Answer<T>>;
  /** POST /v1/commands with what is usual for the rest. @throws AssertionError when it is not a 202 */
  send(command: Partial<CommandEnvelope> & Pick<CommandEnvelope, 'target' | 'payload'>): Promise<CommandAccepted>;
  /** The command once it has ended. @throws Error after `timeoutMs`, with how it stands */
  commandEnd(commandId: string, options?: { timeoutMs?: number }): Promise<CommandView>;
  /** @param query of the address: `session_id=…` */
  subscribe(subscription?: Subscription, query?: string): Promise<FrameStream>;
  /** Default SIGKILL, to the manager alone, as a crash would be. Resolves when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<Ended>;
  /** SIGTERM, the end, and its exit code. @throws AssertionError when that is not `code`, default 0 */
  stop(code?: number): Promise<void>;
  /** What it has written to stdout and stderr. */
  output(): string;
}

/** It ended, or did not come up in time. */
export class ManagerNotStarted extends Error {
  readonly ended: Ended | null;
  readonly output: string;

  constructor(ended: Ended | null, output: string) {
    super(`the manager ${ended ? `ended with ${ended.code ?? ended.signal}` : 'did not come up'}:\n${output}`);
    this.ended = ended;
    this.output = output;
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url));
/** SIGTERM promises an end within 10 s; more only says that the machine is slow. */
const STOP_LIMIT_MS = 60_000;

/**
 * @param t a test's context, or `{ after }` of node:test in a suite: whatever was started is ended there
 * @throws ManagerNotStarted
 */
export async function startManager(
  t: { after(fn: () => unknown): unknown },
  options: ManagerOptions = {}
): Promise<Manager> {
  const { driver = 'stub', args = [], env = {}, startLimitMs = 60_000 } = options;
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'troupe-test-'));
  const { child, ended, output } = launch(
    ['start', '--data', data, '--control', '127.0.0.1:0', '--telemetry', '127.0.0.1:0', '--driver', driver, ...args],
    // Also in the environment, so that whatever comes of it can be told by it: see processes.ts.
    { ...env, TROUPE_DATA: data }
  );
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await Promise.race([ended, delay(STOP_LIMIT_MS, undefined, { ref: false })]);
    }
    await killAllOf(data);
    if (options.data === undefined) rmSync(data, { recursive: true, force: true });
  });

  const endpoints = await whereItListens(data, child.pid!, ended, startLimitMs);
  if ('code' in endpoints) throw new ManagerNotStarted(endpoints, output());
  if ('late' in endpoints) throw new ManagerNotStarted(null, output());
  const token = readFileSync(join(data, 'admin.token'), 'utf8').trim();
  const { control: url, telemetry: wsUrl } = endpoints;

  const manager: Manager = {
    url,
    wsUrl,
    token,
    pid: child.pid!,
    data,
    ended,
    output,
    async request<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const isRaw = typeof body === 'string' || body instanceof Uint8Array;
      const all: Record<string, string> = {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers
      };
      const response = await fetch(url + path, {
        method,
        headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '')),
        ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) })
      });
      const text = await response.text();
      const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
      const answer: unknown = isJson ? JSON.parse(text) : text;
      const type = response.headers.get('content-type') ?? '';
      assertDescribed(method, path, { status: response.status, type, body: answer });
      return { status: response.status, headers: response.headers, body: answer as T };
    },
    async send(command) {
      const envelope = {
        version: '1.0',
        requester: { service: 'admin', instance_id: 'test' },
        idempotency_key: randomUUID(),
        type: 'flow.run',
        ...command
      };
      const answer = await manager.request<CommandAccepted>('POST', '/v1/commands', envelope);
      assert.equal(answer.status, 202, JSON.stringify(answer.body));
      return answer.body;
    },
    async commandEnd(commandId, { timeoutMs = 120_000 } = {}) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const waitS = Math.max(1, Math.min(30, Math.ceil((deadline - Date.now()) / 1000)));
        const { status, body } = await manager.request<CommandView>('GET', `/v1/commands/${commandId}?wait=${waitS}`);
        assert.equal(status, 200, JSON.stringify(body));
        if (['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(body.state)) return body;
        if (Date.now() > deadline) {
          throw new Error(
            `command ${commandId} has not ended in ${timeoutMs} ms: ${JSON.stringify(body)}\n${output()}`
          );
        }
      }
    },
    async subscribe(subscription = {}, query = '') {
      const stream = await FrameStream.open(`${wsUrl}/v1/stream${query && `?${query}`}`, token, subscription);
      t.after(() => stream.drop());
      return stream;
    },
    kill(signal = 'SIGKILL') {
      child.kill(signal);
      return ended;
    },
    async stop(code = 0) {
      child.kill('SIGTERM');
      const result = await Promise.race([ended, delay(STOP_LIMIT_MS, null, { ref: false })]);
      if (result === null) throw new Error(`the manager has not ended ${STOP_LIMIT_MS} ms after SIGTERM:\n${output()}`);
      assert.equal(result.code ?? result.signal, code, output());
    }
  };
  return manager;
}

/** Runs `troupe ARGS` to its end, as a person would. What it started is its own to end. */
export async function runTroupe(
  args: string[],
  env: Record<string, string> = {}
): Promise<Ended & { stdout: string; stderr: string }> {
  const { ended, streams } = launch(args, env);
  return { ...(await ended), ...streams };
}

export interface LaunchOptions {
  /** Options of node itself: `['--import', FILE]`. */
  nodeArgs?: string[];
  /** A command that runs it: `['nsenter', '-t', PID, '-m']`. */
  wrapper?: string[];
}

/** `troupe ARGS`, in a process group of its own: a Ctrl-C at the test is not a Ctrl-C at it. */
export function launch(
  args: string[],
  env: Record<string, string>,
  { nodeArgs = [], wrapper = [] }: LaunchOptions = {}
) {
  const [command, ...rest] = [...wrapper, process.execPath, ...nodeArgs, ...program(), ...args];
  const child: ChildProcess = spawn(command!, rest, {
    cwd: root,
    env: { ...withoutTroupe(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  });
  const streams = { stdout: '', stderr: '' };
  let output = '';
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      streams[name] += text;
      output += text;
    });
  }
  // 'close' comes when the streams are read to their end too, but waits for whoever inherited them.
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => setImmediate(resolve, { code, signal }));
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  void ended.finally(() => process.off('exit', kill)).catch(() => {});
  return { child, ended, streams, output: () => output };
}

/** Arguments of node for `troupe`: what is shipped when it is as new as its sources, otherwise the sources. */
export function program(): string[] {
  const stamp = join(root, 'dist/.build-stamp');
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const newest = Math.max(
    ...['schemas', 'machines', 'actors', 'client', 'testing', 'server'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => statSync(join(root, folder, name)).mtimeMs)
    )
  );
  if (built > newest) return [join(root, 'dist/server/main.js')];
  return ['--import', import.meta.resolve('tsx'), join(root, 'server/main.ts')];
}

function withoutTroupe(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('TROUPE_') && name !== 'NODE_TEST_CONTEXT')
  );
}

export type Endpoints = { pid: number; control: string; telemetry: string };

/** endpoints.json of this very process: a killed predecessor may have left its own. */
export async function whereItListens(
  data: string,
  pid: number,
  ended: Promise<Ended>,
  limitMs: number
): Promise<Endpoints | Ended | { late: true }> {
  let end: Ended | undefined;
  void ended.then((how) => {
    end = how;
  });
  for (const deadline = Date.now() + limitMs; Date.now() < deadline; await delay(25)) {
    if (end) return end;
    try {
      const endpoints = JSON.parse(readFileSync(join(data, 'endpoints.json'), 'utf8')) as Endpoints;
      if (endpoints.pid === pid) return endpoints;
    } catch {
      // not there yet
    }
  }
  return { late: true };
}
