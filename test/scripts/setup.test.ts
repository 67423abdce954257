import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../actors/package-root.ts';

// Plain JavaScript without types: it runs before anything is installed.
const script = (name: string) => import(pathToFileURL(join(packageRoot(), 'scripts/setup', name)).href);

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'troupe-setup-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const write = (path: string, content: string) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
};

describe('the set-up', () => {
  it('does nothing and says nothing where nothing is missing', () => {
    const flags = process.platform === 'linux' ? ['--tests'] : [];
    const setUp = () =>
      spawnSync(process.execPath, ['scripts/setup.mjs', ...flags], { cwd: packageRoot(), encoding: 'utf8' });
    setUp(); // sources may have changed since the last build
    const { status, stdout, stderr } = setUp();
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });

  it('refuses an old Node with where to get a new one', async () => {
    const { checkNode } = await script('node-version.mjs');
    assert.throws(() => checkNode('18.20.0'), /this is Node 18\.20\.0, and Troupe needs 20\.19 or newer/);
    assert.throws(() => checkNode('20.18.3'));
    for (const version of ['20.19.0', '22.0.0', '24.1.2']) checkNode(version);
  });

  it('sees whether what is installed is what is locked', async (t) => {
    const { isInstalled } = await script('dependencies.mjs');
    const root = folder(t);
    const lock = (packages: object) => write(join(root, 'package-lock.json'), JSON.stringify({ packages }));
    const installed = (packages: object) =>
      write(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
    const a = { 'node_modules/a': { version: '1.0.0' } };
    lock({ '': {}, ...a, 'node_modules/other-platform': { version: '2.0.0', optional: true } });
    assert.equal(isInstalled(root), false, 'nothing is');
    installed(a);
    assert.equal(isInstalled(root), true, 'what is for another platform need not be');
    installed({ 'node_modules/a': { version: '1.0.1' } });
    assert.equal(isInstalled(root), false, 'another version');
    installed({});
    assert.equal(isInstalled(root), false, 'a package is missing');

    const optional = { version: '2.0.0', optional: true };
    lock({ '': {}, ...a, 'node_modules/new': { ...optional, os: [process.platform], cpu: [process.arch] } });
    installed(a);
    assert.equal(isInstalled(root), true, 'one that is optional could not be installed');
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(root, 'package-lock.json'), later, later);
    assert.equal(isInstalled(root), false, 'one that is optional came with a newer lock');
    lock({ '': {}, ...a, 'node_modules/new': { ...optional, os: ['aix'] } });
    utimesSync(join(root, 'package-lock.json'), later, later);
    assert.equal(isInstalled(root), true, 'one for another platform came with a newer lock');
  });

  it('names the one command where it may not install', { skip: process.platform !== 'linux' }, (t) => {
    const bin = folder(t);
    // A Debian on which we are not root: apt-get is there, and id says so.
    write(join(bin, 'apt-get'), '#!/bin/sh\nexit 1\n');
    chmodSync(join(bin, 'apt-get'), 0o755);
    const program = `
      process.getuid = () => 1000;
      const { ensureBrowser } = await import(${JSON.stringify(pathToFileURL(join(packageRoot(), 'scripts/setup/system-packages.mjs')).href)});
      await ensureBrowser({ tests: false }).catch((error) => console.log(error.message));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      env: { PATH: bin },
      encoding: 'utf8'
    });
    const packages = 'webkit2gtk-driver xvfb';
    assert.ok(
      stdout.includes(`sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends ${packages}'`),
      stdout
    );
  });

  it('builds when a source is newer, and takes out what no longer has one', async (t) => {
    const { ensureBuild } = await script('build.mjs');
    const root = folder(t);
    symlinkSync(join(packageRoot(), 'node_modules'), join(root, 'node_modules'));
    for (const file of ['package-lock.json', 'package.json']) write(join(root, file), '{"type":"module"}');
    const compilerOptions = { module: 'nodenext', outDir: 'dist', rootDir: '.', types: [] };
    write(join(root, 'tsconfig.json'), '{}');
    write(join(root, 'tsconfig.build.json'), JSON.stringify({ compilerOptions, include: ['server'] }));
    write(join(root, 'server/main.ts'), 'export const a: number = 1;');
    write(join(root, 'server/gone.ts'), 'export {};');
    const page = { root: join(root, 'inspector'), build: { outDir: join(root, 'dist/inspector') }, logLevel: 'error' };
    write(join(root, 'inspector/vite.config.ts'), `export default ${JSON.stringify(page)};`);
    write(join(root, 'inspector/index.html'), '<!doctype html><title>page</title>');
    await ensureBuild(root);
    const main = join(root, 'dist/server/main.js');
    assert.match(readFileSync(main, 'utf8'), /a = 1/);
    assert.ok(statSync(main).mode & 0o100, 'it can be executed');
    assert.match(readFileSync(join(root, 'dist/inspector/index.html'), 'utf8'), /<title>page/);
    const built = statSync(main).mtimeMs;

    await ensureBuild(root);
    assert.equal(statSync(main).mtimeMs, built, 'nothing changed, nothing built');

    rmSync(join(root, 'server/gone.ts'));
    write(join(root, 'server/main.ts'), 'export const a: number = 22;');
    await ensureBuild(root);
    assert.match(readFileSync(main, 'utf8'), /a = 22/);
    assert.equal(existsSync(join(root, 'dist/server/gone.js')), false);

    write(join(root, 'server/main.ts'), 'export const a: number = "text";');
    await assert.rejects(ensureBuild(root), /the build failed:[\s\S]*not assignable/);
    await assert.rejects(ensureBuild(root), /the build failed/, 'and it is not taken for built');
  });
});

describe('a group', () => {
  const group = pathToFileURL(join(packageRoot(), 'scripts/setup/process-group.mjs')).href;
  /** A child that starts another one and says its pid; both would live for a minute. */
  const family = `
    const { spawn } = require('node:child_process');
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    process.on('SIGTERM', () => {}); // and does not want to end
    console.log(child.pid);`;
  const script = (program: string) =>
    `const { runGroup } = await import(${JSON.stringify(group)});
     process.exitCode = await runGroup(process.execPath, ['-e', ${JSON.stringify(program)}]);`;
  const run = (program: string) =>
    spawn(process.execPath, ['--input-type=module', '-e', script(program)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const isAlive = (pid: number) =>
    existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  const gone = async (pid: number) => {
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('passes the exit code on, and ends what its leader left running', {
    skip: !existsSync('/proc/self')
  }, async () => {
    const process = run(`${family}\nsetTimeout(() => process.exit(7), 100);`);
    const grandchild = Number((await once(process.stdout!, 'data'))[0]);
    assert.deepEqual(await once(process, 'exit'), [7, null]);
    await gone(grandchild);
  });

  it('ends as a whole when it is told to, even who does not want to', { skip: !existsSync('/proc/self') }, async () => {
    const process = run(`${family}\nsetTimeout(() => {}, 60_000);`);
    const grandchild = Number((await once(process.stdout!, 'data'))[0]);
    process.kill('SIGTERM');
    assert.deepEqual(await once(process, 'exit'), [1, null]);
    await gone(grandchild);
  });
});
