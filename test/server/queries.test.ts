/** What is left of commands for whoever asks afterwards: lists over the real journal, pages, filters, refusals. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { conforms } from '../../server/contracts.ts';
import { type Harness, sharedHarness, uuid } from './harness.ts';

describe('GET /v1/actions', () => {
  const shared = sharedHarness();
  const done = async (h: Harness, overrides: Record<string, unknown> = {}) => {
    const { body } = await h.send({ requester: { service: 'admin', instance_id: 'one' }, ...overrides });
    return h.ended(body.command_id);
  };

  it('shows what became of the actions of a correlation id, as its command does', async () => {
    const { h } = shared;
    const correlation_id = uuid();
    const command = await done(h, { correlation_id });
    await done(h);
    const { status, body } = await h.api('GET', `/v1/actions?correlation_id=${correlation_id}`);
    assert.equal(status, 200);
    assert.deepEqual(conforms('troupe:record#/$defs/ActionView', body.items[0]), []);
    assert.equal(body.items.length, 1);
    const [action] = body.items;
    const [own] = command.actions;
    assert.equal(action.command_id, command.command_id);
    assert.deepEqual(
      { name: action.name, outcome: action.outcome, attempts: action.attempts, verify_as: action.verify_as },
      { name: own?.name, outcome: own?.outcome, attempts: own?.attempts, verify_as: own?.verify_as }
    );
    assert.deepEqual(
      { ...action.links, account: action.account_id, platform: action.platform, flow: action.flow },
      { command: `/v1/commands/${command.command_id}`, account: 'ada', platform: 'instagram', flow: 'greet' }
    );
  });

  it('is there while an action is under way, and closed when its command is cancelled', async (t) => {
    const { h } = shared;
    h.executor.hold();
    t.after(() => h.executor.letGo());
    const target = { account_id: 'held', platform: 'x' };
    const payload = { flow: 'look' };
    const { body } = await h.send({ target, payload, requester: { service: 'admin', instance_id: 'one' } });
    const attempting = await h.host.waitFor(
      `command/${body.command_id}`,
      ({ state }) => state === 'RUNNING.ACTION_ATTEMPTED.attempting',
      { timeoutMs: 60_000 }
    );
    assert.ok(attempting);
    const path = `/v1/actions?command_id=${body.command_id}`;
    const outcomes = async () => (await h.api('GET', path)).body.items.map((one: { outcome: string }) => one.outcome);
    assert.deepEqual(await outcomes(), ['PENDING']);
    assert.equal((await h.api('GET', `${path}&outcome=pending`)).body.items.length, 1);
    await h.api('POST', `/v1/commands/${body.command_id}/cancel`);
    assert.equal((await h.ended(body.command_id)).state, 'CANCELLED');
    assert.deepEqual(await outcomes(), ['NONE']);
    const [closed] = (await h.api('GET', path)).body.items;
    assert.equal(closed.error_code, 'CANCELLED');
  });

  it('is walked in pages, newest first, without repeat or gap while commands run', async () => {
    const { h } = shared;
    const target = { account_id: 'walker', platform: 'instagram' };
    const sent: string[] = [];
    for (let i = 0; i < 5; i++) sent.unshift((await done(h, { target })).command_id);
    const walked: string[] = [];
    for (let page: string | null = ''; page !== null; ) {
      const more: string = page === '' ? '' : `&page=${page}`;
      const { body } = await h.api('GET', `/v1/actions?account_id=walker&limit=2${more}`);
      walked.push(...body.items.map((one: { command_id: string }) => one.command_id));
      page = body.next_page;
      if (page !== null) await done(h, { target });
    }
    assert.deepEqual(walked, sent);
  });

  it('is narrowed by each filter, and since when', async () => {
    const { h } = shared;
    const target = { account_id: 'narrow', platform: 'x' };
    const command = await done(h, { target });
    const count = async (query: string) =>
      (await h.api('GET', `/v1/actions?account_id=narrow&${query}`)).body.items.length;
    for (const query of ['platform=x', 'name=GREET', 'outcome=VERIFIED,UNKNOWN', `since=${command.created_at}`]) {
      assert.equal(await count(query), 1, query);
    }
    for (const query of ['platform=tiktok', 'name=OTHER', 'outcome=UNKNOWN', 'since=2999-01-01T00:00:00Z']) {
      assert.equal(await count(query), 0, query);
    }
  });

  it('refuses by name what it does not know', async () => {
    const { h } = shared;
    for (const [query, parameter] of [
      ['colour=red', 'colour'],
      ['limit=0', 'limit'],
      ['limit=501', 'limit'],
      ['limit=1&limit=2', 'limit'],
      ['since=yesterday', 'since'],
      ['outcome=MAYBE', 'outcome'],
      ['page=nope', 'page'],
      ['name=', 'name']
    ]) {
      const { status, body } = await h.api('GET', `/v1/actions?${query}`);
      assert.equal(status, 400, query);
      assert.equal(body.details.parameter, parameter, query);
    }
  });

  it('shows a client that is bound to accounts those alone', async () => {
    const { h } = shared;
    await done(h, { target: { account_id: 'ours', platform: 'x' } });
    await done(h, { target: { account_id: 'theirs', platform: 'x' } });
    await done(h, { target: { platform: 'x' } });
    const token = await h.token(['read:*'], 'reporter', ['ours']);
    const { body } = await h.api('GET', '/v1/actions', { token });
    assert.deepEqual(
      body.items.map((one: { account_id: string }) => one.account_id),
      ['ours']
    );
    const asked = await h.api('GET', '/v1/actions?account_id=theirs', { token });
    assert.equal(asked.body.code, 'ACCOUNT_FORBIDDEN');
  });
});

describe('GET /v1/artifacts', () => {
  const shared = sharedHarness();
  const keep = async (h: Harness, text: string, more: Record<string, unknown> = {}) => {
    const { id, sha256, size } = await h.files.store(Buffer.from(text), 'html', 'text/html');
    const made = { id, command_id: null, kind: 'html', media_type: 'text/html', sha256, size, created_at: Date.now() };
    const row = { ...made, ...more };
    await h.host.write([{ into: 'artifacts', row }]);
    return { id, sha256 };
  };

  it('shows a client that is bound to accounts those alone, the bytes too', async () => {
    const { h } = shared;
    const ours = await keep(h, 'ours', { account_id: 'ours' });
    const theirs = await keep(h, 'theirs', { account_id: 'theirs' });
    const nobodys = await keep(h, 'nobodys');
    const token = await h.token(['read:*'], 'reporter', ['ours']);
    const { body } = await h.api('GET', '/v1/artifacts', { token });
    assert.deepEqual(
      body.items.map((one: { artifact_id: string }) => one.artifact_id),
      [ours.id]
    );
    assert.equal((await h.api('GET', `/v1/artifacts/${ours.id}`, { token })).status, 200);
    for (const { id } of [theirs, nobodys]) {
      const { status, body } = await h.api('GET', `/v1/artifacts/${id}`, { token });
      assert.deepEqual([status, body.code], [404, 'ARTIFACT_NOT_FOUND']);
    }
  });

  it('is narrowed by command, account and kind, since when', async () => {
    const { h } = shared;
    const made = { command_id: 'c9', account_id: 'nell', kind: 'screenshot', created_at: 5_000 };
    const { id } = await keep(h, 'narrow', made);
    const found = async (query: string) =>
      (await h.api('GET', `/v1/artifacts?${query}`)).body.items.map((one: { artifact_id: string }) => one.artifact_id);
    assert.deepEqual(await found('command_id=c9'), [id]);
    assert.deepEqual(await found('account_id=nell&kind=screenshot&since=1970-01-01T00:00:05Z'), [id]);
    assert.deepEqual(await found('account_id=nell&since=1970-01-01T00:00:06Z'), []);
    assert.deepEqual(await found('account_id=nell&kind=html'), []);
  });

  it('answers a part of the bytes, and says when there is none', async () => {
    const { h } = shared;
    const { id, sha256 } = await keep(h, '0123456789');
    const part = async (range: string, more: Record<string, string> = {}) => {
      const answer = await h.api('GET', `/v1/artifacts/${id}`, { headers: { range, ...more } });
      return [answer.status, answer.headers.get('content-range'), String(answer.body)];
    };
    assert.deepEqual(await part('bytes=2-4'), [206, 'bytes 2-4/10', '234']);
    assert.deepEqual(await part('bytes=7-'), [206, 'bytes 7-9/10', '789']);
    assert.deepEqual(await part('bytes=-3'), [206, 'bytes 7-9/10', '789']);
    assert.deepEqual(await part('bytes=8-99'), [206, 'bytes 8-9/10', '89']);
    assert.deepEqual(await part('bytes=1-2', { 'if-range': `"${sha256}"` }), [206, 'bytes 1-2/10', '12']);
    for (const [range, more] of [
      ['bytes=1-2', { 'if-range': '"of other bytes"' }],
      ['bytes=4-2', {}],
      ['bytes=0-1,4-5', {}],
      ['pages=1-2', {}]
    ] as const) {
      assert.deepEqual(await part(range, more), [200, null, '0123456789'], range);
    }
    const behind = await h.api('GET', `/v1/artifacts/${id}`, { headers: { range: 'bytes=10-' } });
    assert.deepEqual([behind.status, behind.body.code], [416, 'RANGE_NOT_SATISFIABLE']);
    assert.equal(behind.headers.get('content-range'), 'bytes */10');
  });
});
