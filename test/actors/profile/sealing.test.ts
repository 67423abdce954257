import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { KeyRing } from '../../../actors/profile/key-ring.ts';
import { seal, unseal } from '../../../actors/profile/seal.ts';
import { ControlError, isControlError } from '../../../schemas/errors.ts';

const ann = { platform: 'x', accountId: 'ann' };
const content = Buffer.from('{"cookies":"s3cret"}');

function ringFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-keys-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'below', 'keys.json');
}
const code = (wanted: string) => (error: unknown) => {
  assert.ok(isControlError(error), String(error));
  assert.equal(error.code, wanted);
  assert.ok(!`${error.message} ${JSON.stringify(error.details)}`.includes('s3cret'));
  return true;
};

describe('a key ring', () => {
  it('is made on first use, for its owner alone, and the same from then on', (t) => {
    const file = ringFile(t);
    const made = KeyRing.open(file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(file, '..')), ['keys.json'], 'nothing is left beside it');
    const again = KeyRing.open(file);
    assert.equal(again.active.id, made.active.id);
    assert.deepEqual(again.active.key, made.active.key);
    assert.equal(made.active.key.length, 32);
  });

  it('keeps its old keys when it is rotated, on disk too', (t) => {
    const file = ringFile(t);
    const ring = KeyRing.open(file);
    const old = ring.active.id;
    const fresh = ring.rotate(1_700_000_000_000);
    assert.equal(ring.active.id, fresh.id);
    const read = KeyRing.open(file);
    assert.deepEqual(
      read.list().map(({ id }) => id),
      [old, fresh.id]
    );
    assert.equal(read.active.id, fresh.id);
    assert.throws(() => read.remove(fresh.id), code('PROFILE_KEY_IN_USE'));
    assert.throws(() => read.remove('k0'), code('PROFILE_KEY_NOT_FOUND'));
    read.remove(old);
    assert.deepEqual(KeyRing.open(file).list().length, 1);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it('that cannot be trusted is refused with the reason, and left as it is', (t) => {
    const wrong: [string, (text: string) => string, RegExp][] = [
      ['cut short', (text) => text.slice(0, 40), /no key ring/],
      ['not JSON', () => 's3cret', /no key ring/],
      ['empty', () => '', /no key ring/],
      ['null', () => 'null', /no key ring/],
      [
        'a key under the name of another',
        (text) => text.replace(/"key": "[^"]+"/, `"key": "${Buffer.alloc(32, 7).toString('base64')}"`),
        /another key/
      ],
      ['a short key', (text) => text.replace(/"key": "[^"]+"/, '"key": "c2hvcnQ="'), /5 bytes/],
      ['an active key that is not there', (text) => text.replace(/"active": "[^"]+"/, '"active": "k000"'), /'k000'/],
      ['no time', (text) => text.replace(/"created_at": "[^"]+"/, '"created_at": "once"'), /when it was made/]
    ];
    for (const [what, spoil, reason] of wrong) {
      const file = ringFile(t);
      KeyRing.open(file);
      const spoilt = spoil(readFileSync(file, 'utf8'));
      writeFileSync(file, spoilt);
      assert.throws(
        () => KeyRing.open(file),
        (error) => code('PROFILE_KEYS_INVALID')(error) && reason.test((error as Error).message),
        what
      );
      assert.equal(readFileSync(file, 'utf8'), spoilt);
    }
    const open = ringFile(t);
    KeyRing.open(open);
    chmodSync(open, 0o644);
    assert.throws(() => KeyRing.open(open), /chmod 600/);
  });
});

describe('what is sealed', () => {
  const rings = (t: TestContext) => KeyRing.open(ringFile(t));

  it('opens for its account, with a nonce of its own each time', (t) => {
    const ring = rings(t);
    const [one, two] = [seal(ring, ann, content), seal(ring, ann, content)];
    assert.deepEqual(unseal(ring, ann, one), content);
    assert.notEqual(one.nonce, two.nonce);
    assert.notEqual(one.ciphertext, two.ciphertext);
    assert.equal(Buffer.from(one.nonce, 'base64').length, 12);
    assert.ok(!JSON.stringify(one).includes('s3cret'));
    assert.deepEqual(unseal(ring, ann, seal(ring, ann, Buffer.alloc(0))), Buffer.alloc(0));
  });

  it('opens with an old key after a rotation, and not without it', (t) => {
    const ring = rings(t);
    const sealed = seal(ring, ann, content);
    ring.rotate();
    assert.deepEqual(unseal(ring, ann, sealed), content);
    ring.remove(sealed.keyId);
    assert.throws(() => unseal(ring, ann, sealed), code('PROFILE_KEY_UNKNOWN'));
  });

  it('does not open for another account, with another key, or changed by one bit', (t) => {
    const [ring, other] = [rings(t), rings(t)];
    const sealed = seal(ring, ann, content);
    assert.throws(() => unseal(ring, { ...ann, accountId: 'bob' }, sealed), code('PROFILE_DAMAGED'));
    assert.throws(() => unseal(ring, { ...ann, platform: 'y' }, sealed), code('PROFILE_DAMAGED'));
    assert.throws(() => unseal(other, ann, sealed), code('PROFILE_KEY_UNKNOWN'));
    assert.throws(() => unseal(other, ann, { ...sealed, keyId: other.active.id }), code('PROFILE_DAMAGED'));
    for (const field of ['nonce', 'ciphertext'] as const) {
      const bytes = Buffer.from(sealed[field], 'base64');
      for (const at of [0, bytes.length - 1]) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1;
        const spoilt = { ...sealed, [field]: changed.toString('base64') };
        assert.throws(() => unseal(ring, ann, spoilt), code('PROFILE_DAMAGED'), `${field} ${at}`);
      }
      assert.throws(() => unseal(ring, ann, { ...sealed, [field]: '' }), code('PROFILE_DAMAGED'));
      assert.throws(
        () => unseal(ring, ann, { ...sealed, [field]: bytes.subarray(0, 5).toString('base64') }),
        code('PROFILE_DAMAGED')
      );
    }
    // Where one account ends and the next field begins is part of it.
    const joined = seal(ring, { platform: 'x', accountId: 'a"],"b' }, content);
    assert.throws(() => unseal(ring, { platform: 'x', accountId: 'a' }, joined), ControlError);
  });
});
