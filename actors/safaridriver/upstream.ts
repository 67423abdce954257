/**
 * One WebKitWebDriver, for one session. It leads a group that holds every WebKit process, so that ending the group ends
 * the browser whatever state it is in. A new one for each session, because WebKitWebDriver takes 50 ms to start, its
 * browser lingers for two seconds after DELETE, and after a page crash it answers DELETE with 200 and leaves the browser.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../driver/free-port.ts';
import type { ProcessLedger } from '../driver/ledger.ts';
import { endGroup, signalGroup } from '../driver/process-group.ts';

export interface Upstream {
  port: number;
  group: number;
  /** Settles when WebKitWebDriver itself has ended. */
  ended: Promise<void>;
  /** True once `end` was called: it did not end by itself. */
  readonly ending: boolean;
  /** Resolves when no process of the group is left. */
  end(): Promise<void>;
  /** Without waiting, for an exit handler. */
  endNow(): void;
}

interface UpstreamOptions {
  program: string;
  slot: string;
  ledger: ProcessLedger | undefined;
  startLimitMs?: number;
}

/** @throws Error when it does not listen in time or ends at once */
export async function startUpstream({
  program,
  slot,
  ledger,
  startLimitMs = 10_000
}: UpstreamOptions): Promise<Upstream> {
  const port = await freePort();
  // NO_AT_BRIDGE: without it every start waits for an accessibility bus that a headless machine does not have.
  const child = spawn(program, ['-p', String(port)], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NO_AT_BRIDGE: '1' }
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await spawned(child, program);
  const group = child.pid!;
  ledger?.record(group, slot, 'browser');
  let ending = false;
  const upstream: Upstream = {
    port,
    group,
    ended,
    get ending() {
      return ending;
    },
    end: async () => {
      ending = true;
      await endGroup(group, { graceMs: 1000 });
      ledger?.forget(group);
    },
    endNow: () => void signalGroup(group, 'SIGKILL')
  };
  if (await listening(port, ended, startLimitMs)) return upstream;
  await upstream.end();
  throw new Error(`${program} did not listen on port ${port} within ${startLimitMs} ms`);
}

function spawned(child: ChildProcess, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`${program} cannot be run; install webkit2gtk-driver`, { cause })));
  });
}

async function listening(port: number, ended: Promise<void>, limitMs: number): Promise<boolean> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (const until = Date.now() + limitMs; !over && Date.now() < until; await delay(10)) {
    if (await answers(port)) return true;
  }
  return false;
}

/** Something accepts connections there. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
