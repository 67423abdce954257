import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Cookie,
  decode,
  emptyState,
  encode,
  fingerprint,
  isVisibleAt,
  MAX_BYTES,
  MAX_ORIGINS,
  merge,
  type StorageState
} from '../../../actors/profile/storage-state.ts';
import { isControlError } from '../../../schemas/errors.ts';

const ann = { platform: 'x', accountId: 'ann' };
const cookie = (name: string, more: Partial<Cookie> = {}): Cookie => ({
  name,
  value: `${name}-value`,
  domain: 'a.test',
  path: '/',
  secure: false,
  httpOnly: true,
  ...more
});
const look = (state: StorageState, url: string, cookies: Cookie[], local: Record<string, string> = {}, at = 1_000) =>
  merge(state, { url, at, cookies, local });
const names = ({ cookies }: StorageState) => cookies.map(({ name }) => name).sort();

describe('a profile that grows look by look', () => {
  it('replaces what the page could have shown, and leaves the rest', () => {
    let state = look(emptyState(), 'http://a.test/', [cookie('login'), cookie('old')], { theme: 'dark' });
    state = look(state, 'http://b.test/', [cookie('b', { domain: 'b.test' })]);
    assert.deepEqual(names(state), ['b', 'login', 'old']);
    state = look(state, 'http://a.test/inside', [cookie('login', { value: 'renewed' })], { theme: 'light' });
    assert.deepEqual(names(state), ['b', 'login']);
    assert.equal(state.cookies.find(({ name }) => name === 'login')?.value, 'renewed');
    assert.deepEqual(
      state.origins.map(({ origin, local }) => [origin, local]),
      [
        ['http://a.test', { theme: 'light' }],
        ['http://b.test', {}]
      ]
    );
  });

  it('keeps a cookie that the page could not have shown: of a path, a host or a scheme that is not its own', () => {
    const hidden = [
      cookie('deep', { path: '/app' }),
      cookie('secure', { secure: true }),
      cookie('below', { domain: 'www.a.test' })
    ];
    const before = look(emptyState(), 'https://www.a.test/app/x', hidden);
    const after = look(before, 'http://a.test/', []);
    assert.deepEqual(names(after), ['below', 'deep', 'secure']);
  });

  it('sends cookies as RFC 6265 says', () => {
    const at = (url: string, more: Partial<Cookie>) => isVisibleAt(cookie('c', more), new URL(url));
    assert.ok(at('http://a.test/', {}));
    assert.ok(!at('http://www.a.test/', {}));
    assert.ok(at('http://www.a.test/', { domain: '.a.test' }));
    assert.ok(at('http://a.test/', { domain: '.a.test' }));
    assert.ok(!at('http://nota.test/', { domain: '.a.test' }));
    assert.ok(at('http://a.test/app', { path: '/app' }));
    assert.ok(at('http://a.test/app/x', { path: '/app' }));
    assert.ok(!at('http://a.test/apple', { path: '/app' }));
    assert.ok(at('http://a.test/app/x', { path: '/app/' }));
    assert.ok(!at('http://a.test/', { secure: true }));
    assert.ok(at('https://a.test/', { secure: true }));
  });

  it('forgets cookies whose time is over, and the oldest origins past its bound with theirs', () => {
    let state = look(emptyState(), 'http://a.test/', [cookie('over', { expiry: 1 }), cookie('stays', { expiry: 9e9 })]);
    assert.deepEqual(names(state), ['stays']);
    for (let i = 0; i < MAX_ORIGINS; i += 1) {
      state = look(state, `http://o${i}.test/`, [cookie(`o${i}`, { domain: `o${i}.test` })]);
    }
    assert.equal(state.origins.length, MAX_ORIGINS);
    assert.ok(!names(state).includes('stays'));
  });

  it('is the same for the same content, whenever it was seen', () => {
    const [one, two] = [1_000, 2_000].map((at) => look(emptyState(), 'http://a.test/', [cookie('c')], { a: '1' }, at));
    assert.equal(fingerprint(one!), fingerprint(two!));
    assert.notEqual(fingerprint(one!), fingerprint(look(one!, 'http://a.test/', [cookie('c')], { a: '2' })));
  });

  it('comes back from its bytes, and is refused past its size without a word of it', () => {
    const state = look(emptyState(), 'http://a.test/', [cookie('c')], { emoji: '🎭\u0000' });
    assert.deepEqual(decode(ann, encode(ann, state)), state);
    const large = look(state, 'http://a.test/', [cookie('large', { value: 's3cret'.repeat(MAX_BYTES / 6) })]);
    assert.throws(
      () => encode(ann, large),
      (error) => isControlError(error, 'PROFILE_TOO_LARGE') && !JSON.stringify(error.details).includes('s3cret')
    );
    for (const text of ['', 'null', '[]', '{"version":2}', 's3cret']) {
      assert.throws(
        () => decode(ann, Buffer.from(text)),
        (error) => isControlError(error, 'PROFILE_DAMAGED') && !(error.message + error.cause).includes('s3cret')
      );
    }
  });
});
