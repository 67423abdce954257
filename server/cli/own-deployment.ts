/** A deployment of one's own to be rough with: `troupe start` on a temporary folder, driving nothing, behind a proxy. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../actors/package-root.ts';
import { type MishapProxy, openProxy } from '../../testing/fuzz/proxy.ts';
import type { Target } from '../../testing/fuzz/target.ts';
import { type Endpoints, readEndpoints } from '../endpoints.ts';
import { CliError, EXIT } from './exit.ts';

export interface OwnDeployment {
  target: Target;
  /** Its log, to look into when something was found. */
  data: string;
  /** Ends it and removes what it wrote. */
  close(): Promise<void>;
}

/** A slow machine compiles first, and one that was killed recovers. */
const START_LIMIT_MS = 120_000;
/** Of the connection that a kill broke: it comes back when the process does. */
const STREAM_RETRIES = 40;

/** @param machines the file it runs; null: it has the kinds that are always there */
export async function ownDeployment(
  machines: string | null,
  env: Record<string, string | undefined>
): Promise<OwnDeployment> {
  const data = mkdtempSync(join(tmpdir(), 'troupe-fuzz-'));
  let running = await started(data, machines, env).catch((error) => {
    rmSync(data, { recursive: true, force: true });
    throw error;
  });
  const proxy: MishapProxy = await openProxy(urlsOf(running.endpoints));
  const start = async () => {
    running = await started(data, machines, env);
    proxy.to(urlsOf(running.endpoints));
  };
  return {
    data,
    target: {
      endpoint: {
        url: proxy.url,
        telemetryUrl: proxy.telemetryUrl,
        token: readFileSync(join(data, 'admin.token'), 'utf8').trim(),
        streamRetries: STREAM_RETRIES
      },
      alone: true,
      proxy,
      kill: () => running.end('SIGKILL'),
      start,
      async restart() {
        await running.end('SIGTERM');
        await start();
      }
    },
    async close() {
      await running.end('SIGTERM');
      await proxy.close();
      rmSync(data, { recursive: true, force: true, maxRetries: 5 });
    }
  };
}

const urlsOf = ({ control, telemetry }: Endpoints) => ({ url: control, telemetryUrl: telemetry });

interface Running {
  endpoints: Endpoints;
  /** Resolves when it has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
}

async function started(
  data: string,
  machines: string | null,
  env: Record<string, string | undefined>
): Promise<Running> {
  const isSource = import.meta.url.endsWith('.ts');
  const program = isSource
    ? ['--import', import.meta.resolve('tsx'), join(packageRoot(), 'server/main.ts')]
    : [join(packageRoot(), 'dist/server/main.js')];
  const places = ['--data', data, '--control', '127.0.0.1:0', '--telemetry', '127.0.0.1:0'];
  const more = ['--driver', 'stub', '--no-recipes', ...(machines === null ? [] : ['--machines', machines])];
  const child = spawn(process.execPath, [...program, 'start', ...places, ...more], {
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TROUPE_'))),
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_000);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject).once('exit', () => resolve());
  });
  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);
  void ended.then(
    () => process.off('exit', killNow),
    () => process.off('exit', killNow)
  );
  const endpoints = await whereItListens(data, child);
  if (endpoints) {
    return {
      endpoints,
      async end(signal) {
        if (child.exitCode === null && child.signalCode === null) child.kill(signal);
        await ended;
      }
    };
  }
  killNow();
  throw new CliError(`the deployment of its own did not come up:\n${said}`, EXIT.failed);
}

/** endpoints.json of this very process: a killed predecessor may have left its own. */
async function whereItListens(data: string, child: ChildProcess): Promise<Endpoints | undefined> {
  for (const until = Date.now() + START_LIMIT_MS; Date.now() < until; await delay(25)) {
    if (child.exitCode !== null || child.signalCode !== null) return undefined;
    const endpoints = readEndpoints(data);
    if (endpoints?.pid === child.pid) return endpoints;
  }
  return undefined;
}
