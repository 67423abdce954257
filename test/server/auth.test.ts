import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isControlError } from '../../schemas/errors.ts';
import { bindGuard, isLoopback, parseAddress } from '../../server/auth/bind-guard.ts';
import { allows, isScope } from '../../server/auth/scopes.ts';
import { createTokens } from '../../server/auth/tokens.ts';
import { type Harness, openHarness } from './harness.ts';

const refused = (reason: RegExp) => (error: unknown) =>
  isControlError(error, 'UNAUTHENTICATED') && reason.test(error.message);

describe('a token', () => {
  it('is stored as its SHA-256 only, and lets in whom it was made for', async (t) => {
    const h = await openHarness(t);
    const made = await h.tokens.create({ service: 'reporter', scopes: ['read:*'] });
    const client = await h.tokens.authenticate(made.token);
    assert.deepEqual(client, {
      tokenId: made.tokenId,
      service: 'reporter',
      scopes: ['read:*'],
      accounts: null,
      expiresAt: null
    });
    const rows = JSON.stringify(await h.host.journal.find('tokens', {}, 100));
    assert.ok(!rows.includes(made.token));
    assert.ok(!JSON.stringify(await h.tokens.list()).includes(made.token));
  });

  it('ends when it expires', async (t) => {
    const h = await openHarness(t);
    const { token } = await h.tokens.create({ service: 'a', scopes: ['read:*'], expiresAt: Date.now() + 60_000 });
    await h.tokens.authenticate(token);
    h.ahead(60_001);
    await assert.rejects(h.tokens.authenticate(token), refused(/expired at/));
  });

  it('ends at once when it is revoked, also for those that look it up just then', async (t) => {
    const h = await openHarness(t);
    const { token, tokenId } = await h.tokens.create({ service: 'a', scopes: ['read:*'] });
    const fresh = createTokens(h.host);
    const looking = Promise.allSettled([fresh.authenticate(token), fresh.revoke(tokenId)]);
    await looking;
    await assert.rejects(fresh.authenticate(token), refused(/revoked/));
    assert.equal(await h.tokens.revoke('nope'), false);
  });

  it('costs no disk read after the first', async (t) => {
    let reads = 0;
    const h = await openHarness(t, { around: counting(() => reads++) });
    const { token } = await h.tokens.create({ service: 'a', scopes: ['read:*'] });
    const other = createTokens(h.host);
    reads = 0;
    for (let i = 0; i < 10; i++) await other.authenticate(token);
    for (let i = 0; i < 10; i++) await assert.rejects(other.authenticate('trp_guess'), refused(/not known/));
    assert.equal(reads, 2);
  });

  for (const [service, scopes] of [
    ['', ['read:*']],
    ['two words', ['read:*']],
    ['a', []],
    ['a', ['write']],
    ['a', ['read:']],
    ['a', ['read:*', 'flow.run']],
    ['a', ['*']]
  ] as [string, string[]][]) {
    it(`is not made for ${JSON.stringify([service, scopes])}`, async (t) => {
      const h = await openHarness(t);
      await assert.rejects(h.tokens.create({ service, scopes }), (error) => isControlError(error, 'VALIDATION_FAILED'));
      const answer = await h.api('POST', '/v1/tokens', { body: { service, scopes } });
      assert.equal(answer.body.code, 'VALIDATION_FAILED');
    });
  }

  it('is made, listed and revoked over REST by an admin', async (t) => {
    const h = await openHarness(t);
    const body = { service: 'reporter', scopes: ['read:*'], expires_at: '2999-01-01T00:00:00Z' };
    const made = await h.api('POST', '/v1/tokens', { body });
    assert.equal(made.status, 201);
    const { token, token_id } = made.body;
    assert.equal((await h.api('GET', '/v1/flows', { token })).status, 200);
    const { items } = (await h.api('GET', '/v1/tokens')).body;
    assert.equal(items.length, 2);
    assert.equal((await h.api('DELETE', `/v1/tokens/${token_id}`)).status, 204);
    assert.equal((await h.api('GET', '/v1/flows', { token })).status, 401);
    assert.equal((await h.api('DELETE', '/v1/tokens/nope')).body.code, 'TOKEN_NOT_FOUND');
    const past = { ...body, expires_at: '2020-01-01T00:00:00Z' };
    assert.equal((await h.api('POST', '/v1/tokens', { body: past })).body.code, 'VALIDATION_FAILED');
  });
});

const counting = (count: () => void) => (host: Harness['host']) =>
  new Proxy(host, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (key === 'journal') {
        return new Proxy(target.journal, {
          get(journal, name) {
            if (name === 'find') count();
            const member = Reflect.get(journal, name, journal);
            return typeof member === 'function' ? member.bind(journal) : member;
          }
        });
      }
      return typeof value === 'function' ? value.bind(target) : value;
    }
  });

describe('the admin token', () => {
  it('is made on the first start, for its owner alone, and kept', async (t) => {
    const h = await openHarness(t);
    const path = join(h.dataDir, 'admin.token');
    assert.equal((await readFile(path, 'utf8')).trim(), h.admin);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await createTokens(h.host).mintAdmin(h.dataDir), { path, token: h.admin, minted: false });
    assert.equal((await h.tokens.list()).length, 1);
  });

  it('is made anew when its file is gone or of another database, and not when it was revoked', async (t) => {
    const h = await openHarness(t);
    const path = join(h.dataDir, 'admin.token');
    await writeFile(path, 'trp_of_another_database\n');
    const anew = await h.tokens.mintAdmin(h.dataDir);
    assert.equal(anew.minted, true);
    const client = await h.tokens.authenticate(anew.token);
    await h.tokens.revoke(client.tokenId);
    assert.equal((await h.tokens.mintAdmin(h.dataDir)).minted, false);
    await assert.rejects(h.tokens.authenticate(anew.token), refused(/revoked/));
  });
});

describe('scopes', () => {
  for (const [scopes, needed, expected] of [
    [['admin'], 'anything', true],
    [['read:*'], 'read:events', true],
    [['read:events'], 'read:events', true],
    [['read:events'], 'read:commands', false],
    [['read:*'], 'flow.run:read', false],
    [['flow.run:*'], 'flow.run:greet', true],
    [['flow.run:greet'], 'flow.run:greet2', false],
    [['flow.run:*'], 'script', false],
    [['flow.run:*'], 'admin', false],
    [['session:*'], 'session:close', true],
    [['flows:write'], 'flows:write', true],
    [[], 'read:events', false]
  ] as [string[], string, boolean][]) {
    it(`${JSON.stringify(scopes)} ${expected ? 'allow' : 'do not allow'} ${needed}`, () => {
      assert.equal(allows(scopes, needed), expected);
    });
  }

  it('have a grammar', () => {
    for (const good of ['admin', 'script', 'flows:write', 'read:*', 'flow.run:a_b', 'approve:x', 'session:close'])
      assert.ok(isScope(good), good);
    for (const bad of ['', '*', 'read', 'read:', 'read:a b', 'flows:*', 'other:x', 'read:**', 'admin '])
      assert.ok(!isScope(bad), bad);
  });
});

describe('binding', () => {
  for (const address of ['127.0.0.1:7070', '127.1.2.3:0', '[::1]:7070', 'localhost:0']) {
    it(`${address} is fine`, () => {
      bindGuard(address, { tls: false, insecure: false });
    });
  }
  for (const address of ['0.0.0.0:7070', '[::]:0', '192.168.1.2:0', 'example.org:443', '127.example.org:1']) {
    it(`${address} is refused without TLS, unless it is insisted on`, () => {
      assert.throws(
        () => bindGuard(address, { tls: false, insecure: false }),
        (error) => isControlError(error, 'BIND_REFUSED') && error.message.includes(address)
      );
      bindGuard(address, { tls: true, insecure: false });
      bindGuard(address, { tls: false, insecure: true });
    });
  }
  for (const address of ['', 'localhost', ':7070', '127.0.0.1:99999', '::1:7070', '127.0.0.1:x']) {
    it(`${JSON.stringify(address)} is no address`, () => {
      assert.throws(
        () => parseAddress(address),
        (error) => isControlError(error, 'CONFIG_INVALID')
      );
    });
  }
  it('knows a loopback peer', () => {
    for (const peer of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(peer));
    for (const peer of ['10.0.0.1', '::ffff:10.0.0.1', '', '128.0.0.1', 'fe80::1']) assert.ok(!isLoopback(peer));
  });
});
