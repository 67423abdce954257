/**
 * One Appium server, as a child process that leads its own group.
 *
 * Nothing is downloaded and nothing outside the data directory is read: APPIUM_HOME is generated there, with a manifest
 * that names the Safari driver by the path this package resolves it to, so a checkout and an installed package boot the
 * same way. Measured here: 0.5 s from spawn to the first answer.
 */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ControlError } from '../../schemas/errors.ts';
import { type Deadlines, WebDriverClient } from '../webdriver/client.ts';
import { freePort } from './free-port.ts';
import type { ProcessLedger } from './ledger.ts';
import { endGroup, type GroupLeader, spawnGroup } from './process-group.ts';

const require = createRequire(import.meta.url);

export interface Appium {
  leader: GroupLeader;
  client: WebDriverClient;
  /** False once its process has ended. */
  readonly running: boolean;
  logFile: string;
}

/**
 * Preloaded into the child: its stdin is a pipe that we hold and never write to, so it closes when this process ends in
 * whatever way, kill -9 too, and Appium goes by itself and takes the driver with it.
 */
const LEAVE_WITH_PARENT = `data:text/javascript,${encodeURIComponent(
  "process.stdin.on('close', () => { setTimeout(() => process.exit(1), 3000).unref(); process.kill(process.pid, 'SIGTERM'); }).resume();"
)}`;

/** @throws ControlError DRIVER_NOT_STARTED with the end of Appium's log; CANCELLED. Then nothing of it is left. */
export async function startAppium(
  slot: string,
  options: {
    dataDir: string;
    ledger: ProcessLedger;
    environment: NodeJS.ProcessEnv;
    bootMs: number;
    graceMs: number;
    /** Of the commands of its sessions. */
    deadlines: Deadlines;
    signal: AbortSignal;
  }
): Promise<Appium> {
  const { dataDir, ledger, signal, bootMs } = options;
  const port = await freePort();
  const logFile = join(dataDir, 'logs', `appium-${slot}.log`);
  const log = openLog(logFile);
  const leader = await spawnGroup(
    { slot, stage: 'appium' },
    process.execPath,
    ['--import', LEAVE_WITH_PARENT, require.resolve('appium'), ...serverArguments(port)],
    {
      cwd: dataDir,
      env: { ...options.environment, APPIUM_HOME: makeHome(dataDir) },
      stdio: ['pipe', log, log]
    }
  ).finally(() => closeSync(log));
  ledger.record(leader.pid, slot, 'appium');
  let running = true;
  void leader.ended.then(() => {
    running = false;
    ledger.forget(leader.pid);
  });
  const client = new WebDriverClient(`http://127.0.0.1:${port}`, { slot, deadlines: options.deadlines });
  const appium: Appium = {
    leader,
    client,
    logFile,
    get running() {
      return running;
    }
  };
  for (const until = Date.now() + bootMs; running && !signal.aborted && Date.now() < until; await delay(25)) {
    if (await answers(client)) return appium;
  }
  const reason = `Appium ${running ? 'gave no answer' : 'ended'}; its log ends: ${tail(logFile)}`;
  client.close();
  await endGroup(leader.pid, { graceMs: options.graceMs });
  signal.throwIfAborted();
  throw new ControlError('DRIVER_NOT_STARTED', { slot, stage: 'appium', reason, waitedMs: bootMs });
}

const answers = (client: WebDriverClient): Promise<boolean> =>
  client.status({ timeoutMs: 1_000 }).then(
    () => true,
    () => false
  );

const serverArguments = (port: number): string[] => [
  'server',
  '--address',
  '127.0.0.1',
  '--port',
  String(port),
  // Sessions nobody leases are found by listing them.
  '--allow-insecure',
  '*:session_discovery',
  '--log-no-colors',
  '--log-timestamp',
  '--log-level',
  'info'
];

/** The generated APPIUM_HOME. Complete and current, so Appium neither scans folders nor asks a registry. */
function makeHome(dataDir: string): string {
  const home = join(dataDir, 'appium');
  const manifestFile = join(home, 'node_modules', '.cache', 'appium', 'extensions.yaml');
  const packageFile = require.resolve('appium-safari-driver/package.json');
  const driver = JSON.parse(readFileSync(packageFile, 'utf8')) as {
    name: string;
    version: string;
    appium: { driverName: string; automationName: string; platformNames: string[]; mainClass: string };
    peerDependencies: { appium: string };
  };
  const { driverName, ...meta } = driver.appium;
  const manifest = {
    drivers: {
      [driverName]: {
        ...meta,
        pkgName: driver.name,
        version: driver.version,
        appiumVersion: driver.peerDependencies.appium,
        installType: 'npm',
        installSpec: `${driver.name}@${driver.version}`,
        installPath: dirname(packageFile)
      }
    },
    plugins: {},
    schemaRev: 4
  };
  mkdirSync(dirname(manifestFile), { recursive: true });
  // JSON is YAML. Renamed into place: another slot's Appium may be reading it.
  writeFileSync(`${manifestFile}.new`, JSON.stringify(manifest, null, 2));
  renameSync(`${manifestFile}.new`, manifestFile);
  return home;
}

/** A log a boot; the one before is kept beside it. */
function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  rmSync(`${file}.1`, { force: true });
  try {
    renameSync(file, `${file}.1`);
  } catch {
    // the first boot
  }
  return openSync(file, 'a', 0o600);
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-5).join(' | ').slice(-1_000) || '(empty)';
}
