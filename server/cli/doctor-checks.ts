/** What Troupe needs of a machine, one check each: what was found, and the cure when it is not enough. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { which } from '../../actors/driver/platform.ts';
import { packageRoot } from '../../actors/package-root.ts';
import { describe } from '../../schemas/errors.ts';
import type { Config } from '../../schemas/generated/contracts.ts';
import { isLoopback, parseAddress } from '../auth/bind-guard.ts';
import { readCertificate } from '../auth/tls.ts';
import { readEndpoints } from '../endpoints.ts';
import { type Check, type Finding, fail, ok, printed, warn } from './doctor-finding.ts';
import { macOS } from './doctor-macos.ts';

interface Machine {
  config: Config;
  env: Record<string, string | undefined>;
  system: NodeJS.Platform;
}

const FREE_MIB = 200;

/** All of them but the real page, in the order in which one builds on another. */
export function checksOf({ config, env, system }: Machine): Check[] {
  return [
    { name: 'Node', run: node },
    { name: 'sqlite3', run: sqlite },
    { name: 'Appium', run: async () => appium() },
    { name: 'data directory', run: () => dataDirectory(config.data) },
    { name: 'control port', run: () => port(config.control, '--control', config.data) },
    { name: 'telemetry port', run: () => port(config.telemetry, '--telemetry', config.data) },
    { name: 'TLS', run: async () => tls(config) },
    ...(system === 'darwin' ? macOS(env, config) : system === 'linux' ? linux(env) : [])
  ];
}

async function node(): Promise<Finding> {
  const { engines } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
  const [major = 0, minor = 0] = String(engines.node).match(/\d+/g)!.map(Number);
  const [ours = 0, oursMinor = 0] = process.versions.node.split('.').map(Number);
  if (ours > major || (ours === major && oursMinor >= minor)) return ok(process.versions.node);
  return fail(`${process.versions.node}, and ${engines.node} is needed`, 'install it from https://nodejs.org');
}

async function sqlite(): Promise<Finding> {
  const cure =
    "run 'npm rebuild sqlite3 --foreground-scripts' (npm 12: first 'npm install-scripts approve sqlite3'); " +
    'where no build of it is published it needs g++, make and python3';
  try {
    const sqlite3 = (await import('sqlite3')).default;
    return ok(
      await new Promise<string>((resolve, reject) => {
        const database = new sqlite3.Database(':memory:');
        database.get('select sqlite_version() as version', (error, row) => {
          database.close();
          error ? reject(error) : resolve((row as { version: string }).version);
        });
      })
    );
  } catch (error) {
    return fail(`the module does not load: ${describe(error)}`, cure);
  }
}

function appium(): Finding {
  const versions: string[] = [];
  for (const name of ['appium', 'appium-safari-driver']) {
    try {
      const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
      versions.push(`${name} ${version}`);
    } catch {
      return fail(`${name} is not installed`, "run 'npm ci' where Troupe is installed");
    }
  }
  return ok(versions.join(', '));
}

async function dataDirectory(path: string): Promise<Finding> {
  const running = readEndpoints(path);
  if (running) return ok(`${path}, held by the running process ${running.pid}`);
  const existed = existsSync(path);
  const probe = join(path, `.doctor-${process.pid}`);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    await writeFile(probe, '');
    const { bavail, bsize } = await statfs(path);
    const free = Math.floor((bavail * bsize) / 1024 / 1024);
    if (free >= FREE_MIB) return ok(`${path}, ${free} MiB free`);
    return fail(`${path} has ${free} MiB free, and ${FREE_MIB} are wanted`, 'free some space, or pass another --data');
  } catch (error) {
    return fail(`${path} cannot be written: ${describe(error)}`, 'pass another --data, or change who owns it');
  } finally {
    await rm(existed ? probe : path, { recursive: true, force: true }).catch(() => {});
  }
}

async function port(address: string, option: string, dataDir: string): Promise<Finding> {
  const running = readEndpoints(dataDir);
  const { host, port: wanted } = parseAddress(address, option);
  if (running && [running.control, running.telemetry].some((url) => Number(new URL(url).port) === wanted)) {
    return ok(`${address}, taken by the running process ${running.pid}`);
  }
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(wanted, host, resolve));
    return ok(`${address} is free`);
  } catch (error) {
    return fail(`${address}: ${describe(error)}`, `pass another ${option}; port 0 takes a free one`);
  } finally {
    server.close();
  }
}

const SOON_DAYS = 14;

function tls(config: Config): Finding {
  const open = [config.control, config.telemetry].filter((address) => !isLoopback(parseAddress(address).host));
  try {
    const certificate = readCertificate(config);
    if (!certificate) {
      if (open.length === 0) return ok('off; both planes are reached from this machine alone');
      if (config.insecure)
        return warn(`off, and ${open.join(', ')} reached from others`, 'put a gateway with TLS in front');
      return fail(`off, and ${open.join(', ')} will not be bound`, 'pass --tls-cert and --tls-key, or bind 127.0.0.1');
    }
    const days = Math.floor((certificate.expiresAt - Date.now()) / 86_400_000);
    const until = new Date(certificate.expiresAt).toISOString().slice(0, 10);
    const clients = certificate.ca ? 'clients show a certificate too' : 'clients need none';
    const detail = `'${certificate.subject}' until ${until}; ${clients}`;
    return days < SOON_DAYS
      ? warn(`${detail}: ${days} days left`, 'renew it; a running process takes the new one')
      : ok(detail);
  } catch (error) {
    return fail(describe(error), 'mend that file, or pass another');
  }
}

function linux(env: Machine['env']): Check[] {
  const program = (name: string, packageName: string): Check => ({
    name,
    run: async () => {
      const path = which(name, env);
      if (path) return ok(path);
      return fail('is not on the PATH', `sudo apt-get install --no-install-recommends ${packageName}`);
    }
  });
  return [
    program('WebKitWebDriver', 'webkit2gtk-driver'),
    program('Xvfb', 'xvfb'),
    {
      name: 'fonts',
      run: async () =>
        (await printed('fc-list', [':lang=und-zsye'], env)) === ''
          ? warn('no emoji font: screenshots show boxes', 'sudo apt-get install fonts-noto-color-emoji')
          : ok('text and emoji')
    }
  ];
}
