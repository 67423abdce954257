/** `node_modules` as package-lock.json says, with sqlite3 compiled for this machine. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runQuietly, SetupError } from './say.mjs';
import { installPackages, missingTools } from './system-packages.mjs';

const COMPILE_TOOLS = [
  { program: 'g++', package: 'g++' },
  { program: 'make', package: 'make' },
  { program: 'python3', package: 'python3' }
];

export async function ensureDependencies(root) {
  if (!isInstalled(root)) await install(root);
  if (!sqliteLoads(root)) await rebuildSqlite(root);
}

/**
 * npm writes what it installed into node_modules/.package-lock.json: every package of ours must be there in the
 * locked version. An optional one may be missing where it is for another platform, or where installing it failed: then
 * what npm wrote is newer than the lock.
 */
export function isInstalled(root) {
  const [lock, hidden] = ['package-lock.json', 'node_modules/.package-lock.json'].map((file) => join(root, file));
  try {
    const packagesIn = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
    const present = packagesIn(hidden);
    const wasTried = statSync(hidden).mtimeMs >= statSync(lock).mtimeMs;
    return Object.entries(packagesIn(lock)).every(([path, wanted]) => {
      if (path === '') return true;
      if (present[path]) return present[path].version === wanted.version;
      return wanted.optional === true && (wasTried || !isForHere(wanted));
    });
  } catch {
    return false;
  }
}

const isForHere = ({ os, cpu }) => (os?.includes(process.platform) ?? true) && (cpu?.includes(process.arch) ?? true);

async function install(root) {
  const attempt = () => npm(root, 'installing the npm dependencies (a minute or two the first time)', ['ci']);
  let result = await attempt();
  if (!result.ok && missingTools(COMPILE_TOOLS).length > 0) {
    await installPackages(missingTools(COMPILE_TOOLS), 'compiling sqlite3');
    result = await attempt();
  }
  if (!result.ok) throw new SetupError(`npm ci failed:\n${result.output}`);
}

async function rebuildSqlite(root) {
  const missing = missingTools(COMPILE_TOOLS);
  if (missing.length > 0) await installPackages(missing, 'compiling sqlite3');
  // --foreground-scripts: without it npm hides what the compiler said.
  const result = await npm(root, 'compiling sqlite3', ['rebuild', 'sqlite3', '--foreground-scripts']);
  if (!result.ok || !sqliteLoads(root)) {
    throw new SetupError(`the sqlite3 module does not load; 'npm rebuild sqlite3' said:\n${result.output}`);
  }
}

function sqliteLoads(root) {
  try {
    createRequire(join(root, 'package.json'))('sqlite3');
    return true;
  } catch {
    return false;
  }
}

function npm(root, what, args) {
  const env = { ...process.env };
  const headers = dirname(dirname(process.execPath));
  // node-gyp otherwise downloads Node's headers, which most installations have beside the executable.
  if (existsSync(join(headers, 'include/node/node_version.h'))) env.npm_config_nodedir ??= headers;
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js')
    ? runQuietly(what, process.execPath, [cli, ...args], { cwd: root, env })
    : runQuietly(what, 'npm', args, { cwd: root, env });
}
