/** Where the recipe sockets are, and that they are nobody else's. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import unixDgram from 'unix-dgram';
import { recipePaths } from '../../../server/recipes/place.ts';
import { recipesFor } from './harness.ts';

describe('the place of the recipe sockets', () => {
  const why = async (t: TestContext, folder: string) =>
    (await (await recipesFor(t, { folder })).recipes.check.check()).why ?? '';
  const temporary = (t: TestContext) => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-place-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  };

  it('is ours alone: mode 0600 in 0700', async (t) => {
    const { dataDir } = await recipesFor(t);
    const modeOf = (path: string) => lstatSync(join(dataDir, path)).mode & 0o777;
    assert.deepEqual(
      ['recipes', 'recipes/recipes.sock', 'recipes/recipes.sock.dgram'].map(modeOf),
      [0o700, 0o600, 0o600]
    );
  });

  it('is left when it ends, and taken over from one that was killed', async (t) => {
    const folder = temporary(t);
    mkdirSync(join(folder, 'recipes'), { mode: 0o700 });
    for (const name of ['recipes.sock', 'recipes.sock.dgram']) {
      // A bound socket that is closed without being removed is what a killed process leaves.
      const dead = unixDgram.createSocket('unix_dgram');
      dead.bind(join(folder, 'recipes', name));
      dead.close();
    }
    const { recipes } = await recipesFor(t, { folder });
    assert.ok(recipes.stream && recipes.datagram);
    await recipes.close(0);
    assert.equal(existsSync(join(folder, 'recipes/recipes.sock')), false);
  });

  it('is not taken from one that runs, nor from a file, nor from a link', async (t) => {
    const { dataDir } = await recipesFor(t);
    assert.match(await why(t, dataDir), /not served; .*in use by a server that runs/);
    const folder = temporary(t);
    mkdirSync(join(folder, 'recipes'), { mode: 0o700 });
    writeFileSync(join(folder, 'recipes/recipes.sock'), 'mine');
    assert.match(await why(t, folder), /in use by a file that is no socket/);
    rmSync(join(folder, 'recipes/recipes.sock'));
    symlinkSync('/etc/passwd', join(folder, 'recipes/recipes.sock'));
    assert.match(await why(t, folder), /in use by a symbolic link/);
  });

  it('is no folder that others may use, no link, and no path that a socket cannot have', async (t) => {
    const open = temporary(t);
    mkdirSync(join(open, 'recipes'));
    chmodSync(join(open, 'recipes'), 0o777);
    assert.match(await why(t, open), /mode is 777/);
    const linked = temporary(t);
    symlinkSync(open, join(linked, 'recipes'));
    assert.match(await why(t, linked), /symbolic link/);
    const long = join(temporary(t), 'x'.repeat(100));
    mkdirSync(long);
    assert.match(await why(t, long), /at most 10[37] bytes/);
  });

  it('is the runtime directory of its user, and the data directory where that is none of ours', (t) => {
    const runtime = temporary(t);
    chmodSync(runtime, 0o700);
    assert.deepEqual(recipePaths('/data', runtime), {
      folder: join(runtime, 'troupe'),
      stream: join(runtime, 'troupe/recipes.sock'),
      datagram: join(runtime, 'troupe/recipes.sock.dgram')
    });
    for (const none of [undefined, '', 'relative', join(runtime, 'missing')]) {
      assert.equal(recipePaths('/data', none).folder, '/data/recipes', none);
    }
    chmodSync(runtime, 0o755);
    assert.equal(recipePaths('/data', runtime).folder, '/data/recipes');
  });

  const isRoot = process.getuid?.() === 0;
  it('is no folder of another user', { skip: !isRoot && 'only root can give a folder away' }, async (t) => {
    const folder = temporary(t);
    mkdirSync(join(folder, 'recipes'), { mode: 0o700 });
    chownSync(join(folder, 'recipes'), 12_345, 12_345);
    assert.match(await why(t, folder), /belongs to user 12345 and not to 0/);
    assert.equal(recipePaths('/data', join(folder, 'recipes')).folder, '/data/recipes');
  });
});
