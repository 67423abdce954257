/** A token's ends: rotated, expired, revoked, and what is open with it then. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createTokens } from '../../server/auth/tokens.ts';
import { conforms } from '../../server/contracts.ts';
import { type Harness, openHarness } from './harness.ts';
import { Stream } from './stream.ts';

const DAY_MS = 24 * 60 * 60_000;
/** So slow that nothing is noticed by asking again. */
const unhurried = { telemetry: { pingMs: 600_000, silentMs: 3_600_000 } };

async function listening(h: Harness, token: string) {
  const stream = new Stream(h, { token });
  await stream.send({ type: 'subscribe' });
  await stream.frame('caught_up');
  return stream;
}

/** Server-Sent Events, read to their end. */
async function toTheEnd(h: Harness, token: string, begun: () => unknown): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
  const response = await fetch(`${h.url}/v1/stream`, { headers });
  let said = '';
  let isBegun = false;
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    said += decoder.decode(chunk, { stream: true });
    if (!isBegun && said.includes('caught_up')) {
      isBegun = true;
      begun();
    }
  }
  return said;
}

describe('a token that is rotated', () => {
  it('has a successor for the same client, and holds beside it for the grace', async (t) => {
    const h = await openHarness(t);
    const wish = { service: 'reporter', scopes: ['read:*'], accounts: ['ada'], expiresAt: Date.now() + 30 * DAY_MS };
    const made = await h.tokens.create(wish);
    const answer = await h.api('POST', `/v1/tokens/${made.tokenId}/rotate`, { body: { grace_ms: 3_600_000 } });
    assert.equal(answer.status, 201);
    assert.deepEqual(conforms('troupe:token#/$defs/TokenView', answer.body), []);
    const { token, token_id, service, scopes, accounts, created_at, expires_at } = answer.body;
    assert.deepEqual([service, scopes, accounts], ['reporter', ['read:*'], ['ada']]);
    assert.notEqual(token_id, made.tokenId);
    assert.equal(Date.parse(expires_at) - Date.parse(created_at), made.expiresAt! - made.createdAt);
    const self = async (secret: string) => h.api('GET', '/v1/tokens/self', { token: secret });
    assert.equal((await self(made.token)).status, 200);
    assert.equal((await self(token)).body.token_id, token_id);
    h.ahead(3_600_001);
    const late = await self(made.token);
    assert.equal(late.status, 401);
    assert.match(late.body.detail, /expired at/);
    assert.equal((await self(token)).status, 200);
    // Also for a process that knows only what is written down.
    const fresh = createTokens(h.host, { now: () => Date.now() + 3_600_001 });
    await assert.rejects(fresh.authenticate(made.token));
    assert.equal((await fresh.authenticate(token)).service, 'reporter');
  });

  it('ends at once without a grace, and what is open with it', async (t) => {
    const h = await openHarness(t, unhurried);
    const made = await h.tokens.create({ service: 'reporter', scopes: ['read:*'] });
    const stream = await listening(h, made.token);
    const { status, body } = await h.api('POST', `/v1/tokens/${made.tokenId}/rotate`);
    assert.equal(status, 201);
    assert.equal((await stream.closed).code, 4001);
    assert.equal((await h.api('GET', '/v1/flows', { token: made.token })).status, 401);
    assert.equal((await h.api('GET', '/v1/flows', { token: body.token })).status, 200);
  });

  it('is not rotated once it has ended, nor when there is none', async (t) => {
    const h = await openHarness(t);
    const made = await h.tokens.create({ service: 'a', scopes: ['read:*'] });
    await h.tokens.revoke(made.tokenId);
    const answer = await h.api('POST', `/v1/tokens/${made.tokenId}/rotate`, { body: {} });
    assert.deepEqual([answer.status, answer.body.code], [409, 'TOKEN_ENDED']);
    assert.equal((await h.api('POST', '/v1/tokens/nope/rotate')).body.code, 'TOKEN_NOT_FOUND');
    const bad = await h.api('POST', `/v1/tokens/${made.tokenId}/rotate`, { body: { grace_ms: -1 } });
    assert.equal(bad.body.code, 'VALIDATION_FAILED');
  });

  it('as the one of the admin is replaced in its file, and an expired one is made anew at the next start', async (t) => {
    const h = await openHarness(t);
    const path = join(h.dataDir, 'admin.token');
    const { tokenId } = await h.tokens.authenticate(h.admin);
    const { body } = await h.api('POST', `/v1/tokens/${tokenId}/rotate`, { body: { grace_ms: 1_000 } });
    const kept = (await readFile(path, 'utf8')).trim();
    assert.equal(kept, body.token);
    assert.equal((await h.api('GET', '/v1/tokens', { token: kept })).status, 200);
    await h.tokens.rotate(body.token_id, { graceMs: 0 });
    const again = (await readFile(path, 'utf8')).trim();
    assert.notEqual(again, kept);
    assert.deepEqual(await h.tokens.mintAdmin(h.dataDir), { path, token: again, minted: false });
    const late = await createTokens(h.host, { now: () => Date.now() + DAY_MS }).mintAdmin(h.dataDir);
    assert.equal(late.minted, false, 'it never expires');
  });
});

describe('what is open with a token', () => {
  it('is closed the moment it is revoked', async (t) => {
    const h = await openHarness(t, unhurried);
    const { token, tokenId } = await h.tokens.create({ service: 'reporter', scopes: ['read:*'] });
    const streams = [await listening(h, token), await listening(h, token)];
    const other = await listening(h, h.admin);
    const said = await toTheEnd(h, token, () => h.api('DELETE', `/v1/tokens/${tokenId}`));
    assert.match(said, /event: error\ndata: \{"code":"UNAUTHENTICATED","message":"[^"]*revoked/);
    assert.ok(!said.includes('still here'), 'not at a heartbeat, but at once');
    for (const stream of streams) {
      assert.equal((await stream.closed).code, 4001);
      assert.match((await stream.frame('error')).message, /revoked/);
    }
    assert.equal(other.socket.readyState, other.socket.OPEN);
    other.end();
  });

  it('is closed when its time is over', async (t) => {
    const h = await openHarness(t, unhurried);
    const { token } = await h.tokens.create({ service: 'a', scopes: ['read:*'], expiresAt: Date.now() + 1_500 });
    // On a slow day it is over before the stream is open, which ends in the same way.
    const stream = await new Stream(h, { token }).send({ type: 'subscribe' });
    assert.equal((await stream.closed).code, 4001);
    assert.match((await stream.frame('error')).message, /expired at/);
  });
});

describe('a token that is bound to accounts', () => {
  for (const [accounts, scopes, place] of [
    [[], ['read:*'], '/accounts'],
    [['two words'], ['read:*'], '/accounts/0'],
    [['ada'], ['admin'], '/scopes/0'],
    [['ada'], ['read:*', 'flows:write'], '/scopes/1'],
    [['ada'], ['selectors:*'], '/scopes/0'],
    [['ada'], ['actor:driver'], '/scopes/0']
  ] as [string[], string[], string][]) {
    it(`is not made for ${JSON.stringify({ accounts, scopes })}`, async (t) => {
      const h = await openHarness(t);
      const answer = await h.api('POST', '/v1/tokens', { body: { service: 'a', scopes, accounts } });
      assert.equal(answer.body.code, 'VALIDATION_FAILED');
      assert.equal(answer.body.errors[0].path, place);
    });
  }

  it('says so of itself, and signs nobody in for more', async (t) => {
    const h = await openHarness(t);
    const token = await h.token(['read:*'], 'reporter', ['ada']);
    assert.deepEqual((await h.api('GET', '/v1/tokens/self', { token })).body.accounts, ['ada']);
    const { code } = (await h.api('POST', '/v1/sign-in/links', { token })).body;
    const made = await h.api('POST', '/v1/sign-in', { token: null, body: { code } });
    assert.deepEqual(made.body.accounts, ['ada']);
    assert.deepEqual(conforms('troupe:token#/$defs/TokenView', made.body), []);
  });
});
