import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../actors/package-root.ts';

interface Packed {
  filename: string;
  unpackedSize: number;
  files: { path: string; mode: number }[];
}

/** Everything is installed anew in the empty folder, which takes a while: on CI only. */
const skip = process.env.CI ? false : 'set CI=1 to install the tarball in an empty folder';

const LAMP = `import { createMachine } from 'xstate';
import { defineConfig } from 'troupe/config';
const states: Record<string, object> = { off: { on: { toggle: 'on' } }, on: { on: { toggle: 'off' } } };
const machine = createMachine({ id: 'lamp', initial: 'off', states });
export default defineConfig({ machines: [{ kind: 'lamp', machine, schema: { events: { toggle: {} } } }] });
`;

/** Does not compile where a type is lost on the way: `any` would take the wrong assignment. */
const OWN = `import { type CommandView, createClient, TroupeError } from 'troupe/client';
const client = createClient({ url: 'http://127.0.0.1:1', token: 't', retries: 0 });
export const state = (view: CommandView): 'RUNNING' | null => (view.state === 'RUNNING' ? view.state : null);
// @ts-expect-error a cursor is text
client.events({ cursor: 1 });
try {
  await client.wait('c');
} catch (error) {
  if (error instanceof TroupeError) console.log(error.code);
}
`;

/** The same of `troupe/testing`, with a machine of its own. */
const TESTS = `import { pathsOf, type Trace, testedKind } from 'troupe/testing';
import { setup } from 'xstate';
const door = setup({}).createMachine({ id: 'door', initial: 'open', states: { open: { on: { push: 'shut' } }, shut: {} } });
const { paths, uncovered } = pathsOf(testedKind({ kind: 'door', machine: door }), { criterion: 'states' });
const state = ({ steps }: Trace): string | undefined => steps.at(-1)?.expect.state;
// @ts-expect-error there is no such criterion
export const wrong = () => pathsOf(testedKind({ kind: 'door', machine: door }), { criterion: 'lines' });
console.log(paths.map(state).join(), uncovered.length);
`;

const pack = (...options: string[]): Packed =>
  JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', ...options], { cwd: packageRoot(), encoding: 'utf8' })
  )[0];

/**
 * The module that was compiled for this clone, as sqlite3's own install script looks for one that was built before: a
 * folder with what its releases hold. Where the script does not find it, it compiles once more.
 */
function prebuiltSqlite(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'node_modules/sqlite3/package.json'), 'utf8'));
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  const system = `${process.platform}${process.platform === 'linux' && !header.glibcVersionRuntime ? 'musl' : ''}`;
  const prebuilt = join(folder, 'prebuilt');
  mkdirSync(prebuilt);
  const archive = join(prebuilt, `sqlite3-v${version}-napi-v6-${system}-${process.arch}.tar.gz`);
  const built = join(packageRoot(), 'node_modules/sqlite3');
  execFileSync('tar', ['-czf', archive, '-C', built, 'build/Release/node_sqlite3.node']);
  return prebuilt;
}

describe('the package', () => {
  it('holds what runs, and nothing else', () => {
    const { files, unpackedSize } = pack('--dry-run');
    const paths = files.map(({ path }) => path);
    for (const path of [
      'README.md',
      'LICENSE',
      'dist/server/main.js',
      'dist/server/main.d.ts',
      'dist/testing/index.js',
      'dist/testing/index.d.ts',
      'dist/actors/safaridriver/safaridriver.js',
      'dist/test/site/main.js',
      'dist/client/index.js',
      'dist/client/index.d.ts',
      'dist/testing/index.js',
      'dist/testing/index.d.ts',
      'dist/inspector/index.html',
      'server/inspector/layout-worker.mjs',
      'test/site/public/site.css',
      'schemas/command.schema.json',
      'machines/flows/comment_on_post.json',
      'machines/selectors/example.json'
    ]) {
      assert.ok(paths.includes(path), `${path} is missing`);
    }
    const allowed =
      /^(dist\/(schemas|machines|actors|client|server|testing|test\/site)\/|dist\/inspector\/(index\.html$|assets\/)|schemas\/[a-z]+\.schema\.json$|machines\/((flows|selectors)\/|coverage\.json$)|actors\/journal\/migrations\/|actors\/executor\/page\/|actors\/desktop\/macos\/recipes\.jxa\.js$|server\/inspector\/layout-worker\.mjs$|test\/site\/public\/|(README\.md|LICENSE|package\.json)$)/;
    assert.deepEqual(
      paths.filter((path) => !allowed.test(path) || /\.test\.|\.map$/.test(path)),
      []
    );
    assert.ok(unpackedSize < 5_000_000, `${unpackedSize} bytes`);
  });

  it('has a client that a program of others imports, with its types', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-package-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const { filename } = pack('--pack-destination', folder);
    const modules = join(folder, 'node_modules');
    mkdirSync(join(modules, 'troupe'), { recursive: true });
    execFileSync('tar', ['-xzf', join(folder, filename), '-C', join(modules, 'troupe'), '--strip-components=1']);
    for (const name of ['ws', '@types', 'undici-types']) {
      symlinkSync(join(packageRoot(), 'node_modules', name), join(modules, name));
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    const options = { strict: true, module: 'nodenext', target: 'es2023', types: ['node'], noEmit: false };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['own.ts'] }));
    writeFileSync(join(folder, 'own.ts'), OWN);
    execFileSync(join(packageRoot(), 'node_modules/.bin/tsc'), ['-p', folder], { cwd: folder, stdio: 'pipe' });
    const said = execFileSync(process.execPath, ['own.js'], { cwd: folder, encoding: 'utf8' });
    assert.equal(said, 'UNREACHABLE\n');
  });

  it('works where only it is installed: a command, and an orderly end', { skip }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-package-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const { filename } = pack('--pack-destination', folder);
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, type: 'module', allowScripts: { sqlite3: true } })
    );
    const env = { ...process.env, npm_config_sqlite3_local_prebuilds: prebuiltSqlite(folder) };
    execFileSync('npm', ['install', '--no-fund', '--no-audit', `./${filename}`], { cwd: folder, stdio: 'pipe', env });
    const bin = join(folder, 'node_modules/.bin/troupe');
    assert.ok(statSync(bin).mode & 0o100);
    // Found by its name in the folder that it is started in, and compiled there.
    writeFileSync(join(folder, 'troupe.config.ts'), LAMP);
    const typeRoots = [join(packageRoot(), 'node_modules/@types')];
    const options = {
      strict: true,
      module: 'nodenext',
      target: 'es2023',
      types: ['node'],
      typeRoots,
      skipLibCheck: true
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['tests.ts'] }));
    writeFileSync(join(folder, 'tests.ts'), TESTS);
    execFileSync(join(packageRoot(), 'node_modules/.bin/tsc'), ['-p', folder], { cwd: folder, stdio: 'pipe' });
    assert.equal(execFileSync(process.execPath, ['tests.js'], { cwd: folder, encoding: 'utf8' }), 'shut 0\n');

    const ports = ['--control', '127.0.0.1:0', '--telemetry', '127.0.0.1:0'];
    const child = spawn(bin, ['start', '--driver', 'stub', ...ports], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit']
    });
    t.after(() => child.kill('SIGKILL'));
    for (let text = ''; !text.includes('Ctrl-C ends it'); ) text += (await once(child.stdout, 'data'))[0];
    const troupe = (...args: string[]) => execFileSync(bin, args, { cwd: folder, encoding: 'utf8' });
    const params = ['--param', 'post_url=http://127.0.0.1:9/post/1', '--param', 'text=packed'];
    const command = troupe('run', 'comment_on_post', '--platform', 'example', ...params, '--wait');
    assert.equal(JSON.parse(command).state, 'SUCCEEDED');
    const { control } = JSON.parse(readFileSync(join(folder, 'data/endpoints.json'), 'utf8')) as { control: string };
    const authorization = `Bearer ${readFileSync(join(folder, 'data/admin.token'), 'utf8').trim()}`;
    const lamp = await fetch(`${control}/v1/actors/lamp`, { method: 'POST', headers: { authorization } });
    assert.equal(lamp.status, 201, await lamp.text());
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);

    const demo = troupe('demo', '--driver', 'stub', '--json').trim().split('\n');
    assert.equal(JSON.parse(demo.at(-1)!).command.state, 'SUCCEEDED', 'the example site is in the package');
  });
});
