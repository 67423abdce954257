/** `dist/` as the sources say. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runQuietly, SetupError } from './say.mjs';

/** Keep with `include` of tsconfig.build.json. */
const FOLDERS = ['schemas', 'machines', 'actors', 'client', 'server', 'testing', 'test/site'];
/** Vite's: everything in it is a source of the page. */
const PAGE = 'inspector';
const CONFIGURATION = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

export async function ensureBuild(root) {
  const sources = FOLDERS.flatMap((folder) => filesIn(join(root, folder))).filter((file) => file.endsWith('.ts'));
  const stamp = join(root, 'dist/.build-stamp');
  const page = filesIn(join(root, PAGE));
  const state = stateOf([...sources, ...page, ...CONFIGURATION.map((file) => join(root, file))]);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;

  removeOrphans(root, sources);
  await run(root, 'building', 'tsc', ['-p', 'tsconfig.build.json']);
  await run(root, 'building the inspector', 'vite', ['build', '--config', 'inspector/vite.config.ts']);
  chmodSync(join(root, 'dist/server/main.js'), 0o755);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, state);
}

async function run(root, what, tool, args) {
  const result = await runQuietly(what, join(root, 'node_modules/.bin', tool), args, { cwd: root });
  if (!result.ok) throw new SetupError(`the build failed:\n${result.output}`);
}

/** Changes when a file is added, removed or written; reads no file. */
function stateOf(files) {
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** tsc leaves what it once wrote: a removed source would go on living in dist/. */
function removeOrphans(root, sources) {
  const kept = new Set(sources.map((file) => relative(root, file).replace(/\.ts$/, '')));
  let orphans = 0;
  for (const file of FOLDERS.flatMap((folder) => filesIn(join(root, 'dist', folder)))) {
    if (kept.has(relative(join(root, 'dist'), file).replace(/\.(js|js\.map|d\.ts)$/, ''))) continue;
    rmSync(file);
    orphans++;
  }
  // The incremental state still lists them.
  if (orphans > 0) rmSync(join(root, 'dist/.tsbuildinfo'), { force: true });
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
