import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KeyRing } from '../../../actors/profile/key-ring.ts';
import { merge } from '../../../actors/profile/storage-state.ts';
import { ProfileStore } from '../../../actors/profile/store.ts';
import { isControlError } from '../../../schemas/errors.ts';
import { rowsIn } from './rows.ts';

const ann = { platform: 'x', accountId: 'ann' };

async function opened(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-profiles-'));
  const rows = await rowsIn(folder);
  let clock = 1_000;
  const ring = KeyRing.open(join(folder, 'keys.json'));
  const store = new ProfileStore(ring, rows, { now: () => clock++ });
  t.after(async () => {
    await rows.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, rows, ring, store };
}
const saving =
  (name: string, value = 's3cret-value', proved = false) =>
  (was: Parameters<typeof merge>[0]) => ({
    state: merge(was, {
      url: `http://${name}.test/`,
      at: 1,
      cookies: [{ name, value, domain: `${name}.test`, path: '/', secure: false, httpOnly: true }],
      local: {}
    }),
    proved
  });
const code = (wanted: string) => (error: unknown) => isControlError(error) && error.code === wanted;

describe('stored profiles', () => {
  it('are there with what is known of them, and in no file in plain text', async (t) => {
    const { folder, rows, ring, store } = await opened(t);
    assert.equal(await store.load(ann), undefined);
    await store.update(ann, saving('a', 's3cret-value', true));
    const row = await store.row(ann);
    assert.deepEqual(
      [row?.state, row?.key_id, row?.origins, row?.cookies, row?.saved_at, row?.proved_at],
      ['saved', ring.active.id, '["http://a.test"]', 1, 1_000, 1_000]
    );
    assert.equal((await store.load(ann))?.cookies[0]?.value, 's3cret-value');
    await rows.find('profiles', {});
    for (const name of readdirSync(folder)) {
      assert.ok(!readFileSync(join(folder, name)).includes('s3cret-value'), name);
    }
  });

  it('change one after the other, none of them lost', async (t) => {
    const { store } = await opened(t);
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => store.update(ann, saving(name))));
    const names = (await store.load(ann))?.cookies.map(({ name }) => name).sort();
    assert.deepEqual(names, ['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('stay as they were when the new one is too large or the disk says no', async (t) => {
    const { rows, ring, store } = await opened(t);
    await store.update(ann, saving('a'));
    await assert.rejects(store.update(ann, saving('b', 'x'.repeat(3_000_000))), code('PROFILE_TOO_LARGE'));
    const full = new ProfileStore(ring, { ...rows, write: () => Promise.reject(new Error('disk full')) });
    await assert.rejects(full.update(ann, saving('c')), /disk full/);
    await store.update(ann, saving('d'));
    assert.deepEqual((await store.load(ann))?.cookies.map(({ name }) => name).sort(), ['a', 'd']);
  });

  it('are nobody else’s: a row moved to another account does not open', async (t) => {
    const { rows, store } = await opened(t);
    await store.update(ann, saving('a'));
    const [row] = await rows.find('profiles', {});
    const [body] = await rows.find('profile_bodies', {});
    const bob = { platform: 'x', account_id: 'bob' };
    await rows.write([
      { into: 'profiles', row: { ...row!, ...bob } },
      { into: 'profile_bodies', row: { ...body!, ...bob } }
    ]);
    await assert.rejects(store.load({ platform: 'x', accountId: 'bob' }), code('PROFILE_DAMAGED'));
    // And what does not open is not quietly replaced, but for who has logged in anew.
    await assert.rejects(store.update({ platform: 'x', accountId: 'bob' }, saving('b')), code('PROFILE_DAMAGED'));
    await store.update({ platform: 'x', accountId: 'bob' }, saving('b'), { anew: true });
    assert.equal((await store.load({ platform: 'x', accountId: 'bob' }))?.cookies[0]?.name, 'b');
  });

  it('are judged without being opened, and forgotten whole', async (t) => {
    const { rows, store } = await opened(t);
    await store.judge(ann, 'expired');
    assert.equal(await store.row(ann), undefined, 'nothing is judged that is not there');
    await store.update(ann, saving('a', 's3cret-value', true));
    await store.judge(ann, 'expired');
    assert.equal((await store.row(ann))?.state, 'expired');
    await store.judge(ann, 'proved');
    assert.deepEqual([(await store.row(ann))?.state, (await store.row(ann))?.expired_at], ['saved', null]);
    assert.equal(await store.forget(ann), true);
    assert.equal(await store.forget(ann), false);
    assert.equal(await store.load(ann), undefined);
    assert.deepEqual((await rows.find('profile_bodies', {}))[0]?.ciphertext, '');
  });

  it('are sealed with the new key after a rotation, but for those that do not open', async (t) => {
    const { rows, ring, store } = await opened(t);
    const old = ring.active.id;
    for (const accountId of ['ann', 'bob', 'cem']) await store.update({ platform: 'x', accountId }, saving(accountId));
    const [body] = await rows.find('profile_bodies', { account_id: 'cem' });
    await rows.write([{ into: 'profile_bodies', row: { ...body!, ciphertext: Buffer.alloc(40).toString('base64') } }]);
    ring.rotate();
    assert.deepEqual(await store.reseal(), {
      resealed: 2,
      failed: [{ platform: 'x', accountId: 'cem', code: 'PROFILE_DAMAGED' }]
    });
    const keys = new Map((await store.rows()).map((row) => [row.account_id, row.key_id]));
    assert.deepEqual([keys.get('ann'), keys.get('bob'), keys.get('cem')], [ring.active.id, ring.active.id, old]);
    assert.equal((await store.load(ann))?.cookies[0]?.name, 'ann');
    assert.deepEqual((await store.reseal()).resealed, 0);
  });

  it('killed while it is written is the old one or the new one', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-profiles-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const saver = fileURLToPath(new URL('./saver.ts', import.meta.url));
    let known = 0;
    for (const kills of [3, 9, 14]) {
      const child = spawn(process.execPath, ['--import', 'tsx', saver, folder], {
        stdio: ['ignore', 'pipe', 'inherit']
      });
      t.after(() => child.kill('SIGKILL'));
      let text = '';
      await new Promise<void>((resolve, reject) => {
        child.once('exit', (how) => reject(new Error(`the saver ended with ${how}`)));
        child.stdout.on('data', (chunk) => {
          text += chunk;
          if (text.split('\n').length > kills) resolve();
        });
      });
      child.removeAllListeners('exit');
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      known = Number(text.trim().split('\n').at(-1));
      const rows = await rowsIn(folder);
      const store = new ProfileStore(KeyRing.open(join(folder, 'keys.json')), rows);
      const state = await store.load(ann);
      const count = Number(state?.origins[0]?.local.count);
      await rows.close();
      assert.ok(count >= known, `${count} is as new as the last that was told, ${known}`);
      assert.equal(state?.cookies.length, count, 'whole');
    }
  });
});
