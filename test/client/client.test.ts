import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createClient, TroupeError } from '../../client/index.ts';
import { sharedHarness } from '../server/harness.ts';

const TIMEOUT = { timeout: 300_000 };
const shared = sharedHarness();
const client = () => createClient({ url: shared.h.url, token: shared.h.admin });
const target = { platform: 'instagram', account_id: 'ada' };
const hello = { text: 'hello' };

describe('a client', () => {
  it('runs a flow as the service of its token, and waits for its end', TIMEOUT, async () => {
    const { command_id } = await client().run('greet', hello, target);
    const view = await client().wait(command_id);
    assert.equal(view.state, 'SUCCEEDED');
    assert.equal(view.requester.service, 'admin');
    assert.equal((await client().command(command_id)).command_id, command_id);
  });

  it('approves and denies what waits for a person; the first answer wins', TIMEOUT, async () => {
    const one = client();
    for (const [decide, ended] of [
      ['approve', 'SUCCEEDED'],
      ['deny', 'FAILED']
    ] as const) {
      const { command_id } = await one.run('asked', hello, target);
      let approval: Awaited<ReturnType<typeof one.approval>> | undefined;
      while (!approval) [approval] = (await one.approvals({ command_id, state: 'PENDING' }).page()).items;
      const decided = await one[decide](approval.approval_id, { note: 'said so' });
      assert.equal(decided.note, 'said so');
      assert.equal((await one[decide](approval.approval_id)).state, decided.state, 'the same again');
      const other = decide === 'approve' ? 'deny' : 'approve';
      await assert.rejects(one[other](approval.approval_id), { code: 'APPROVAL_DECIDED', status: 409 });
      assert.equal((await one.wait(command_id)).state, ended);
    }
  });

  it('cancels, and says with a code when it is too late', TIMEOUT, async () => {
    shared.h.executor.hold();
    const { command_id } = await client().run('greet', hello, target);
    await client().cancel(command_id, { reason: 'changed my mind' });
    shared.h.executor.letGo();
    const view = await client().wait(command_id);
    assert.ok(view.completed_at);
    await assert.rejects(client().cancel(command_id), (error: TroupeError) => {
      assert.ok(error instanceof TroupeError);
      assert.equal(error.code, 'COMMAND_ENDED');
      assert.equal(error.details.state, view.state);
      assert.match(String(error.requestId), /./);
      return true;
    });
  });

  it('reads lists to their end, page by page', TIMEOUT, async () => {
    for (let i = 0; i < 5; i++) await client().run('look', {}, { platform: 'x', account_id: 'pages' });
    const ids: string[] = [];
    for await (const { command_id } of client().commands({ account_id: 'pages', limit: 2 })) ids.push(command_id);
    assert.equal(new Set(ids).size, 5);
    const { items, next_page } = await client().commands({ account_id: 'pages', limit: 2 }).page();
    assert.equal(items.length, 2);
    assert.equal(typeof next_page, 'string');
    const { items: sessions } = await client().sessions({ account_id: 'pages' }).page();
    assert.equal((await client().session(sessions[0]!.session_id)).account_id, 'pages');
    assert.ok((await client().flows().page()).items.some(({ name }) => name === 'greet'));
    assert.equal((await client().flow('greet')).version, 3);
  });

  it('stops waiting with its signal', TIMEOUT, async () => {
    shared.h.executor.hold();
    const { command_id } = await client().run('greet', hello, target);
    const signal = AbortSignal.timeout(50);
    await assert.rejects(client().wait(command_id, { signal }), { name: 'TimeoutError' });
    shared.h.executor.letGo();
    await client().wait(command_id);
  });
});

describe('a request of a client', () => {
  it('is sent again with the same key when its answer was lost, and is one command', TIMEOUT, async (t) => {
    const keys: string[] = [];
    const url = await canned(t, async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      keys.push(JSON.parse(body).idempotency_key);
      if (keys.length < 3) return void request.socket.destroy();
      const answer = await shared.h.api('POST', '/v1/commands', { body: JSON.parse(body) });
      response.writeHead(answer.status).end(JSON.stringify(answer.body));
    });
    const { command_id } = await createClient({ url, token: 't', service: 'admin' }).run('greet', hello, target);
    assert.equal(keys.length, 3);
    assert.equal(new Set(keys).size, 1);
    assert.match(keys[0]!, /^[0-9a-f-]{36}$/);
    await client().wait(command_id);
  });

  it('waits for as long as Retry-After says, and is not repeated when that could act twice', TIMEOUT, async (t) => {
    const asked: string[] = [];
    const url = await canned(t, (request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (request.method === 'POST') return void response.writeHead(503).end('later');
      if (asked.length > 2) return void response.end('{"items":[],"next_page":null}');
      response.writeHead(429, { 'retry-after': asked.length === 1 ? '0' : new Date().toUTCString() }).end('later');
    });
    const one = createClient({ url, token: 't' });
    assert.deepEqual((await one.commands().page()).items, []);
    assert.equal(asked.length, 3);
    await assert.rejects(one.takeover('s'), { code: 'NOT_TROUPE', status: 503, message: /later/ });
    assert.equal(asked.length, 4);
  });

  it(
    'is given back at once to a caller who would have to wait for long, and when nobody is there',
    TIMEOUT,
    async (t) => {
      let asked = 0;
      const url = await canned(t, (_request, response) => {
        asked++;
        response.writeHead(429, { 'retry-after': '3600' }).end();
      });
      await assert.rejects(createClient({ url, token: 't' }).flow('a'), { status: 429, retryAfter: 3600 });
      assert.equal(asked, 1);
      await assert.rejects(createClient({ url: 'http://127.0.0.1:1', token: 't', retries: 1 }).flow('a'), {
        code: 'UNREACHABLE',
        status: 0
      });
    }
  );

  it('names ids safely, and says what is not ours', TIMEOUT, async (t) => {
    const paths: (string | undefined)[] = [];
    const url = await canned(t, (request, response) => {
      paths.push(request.url);
      response.end('<html>');
    });
    await assert.rejects(createClient({ url, token: 't' }).command('../a?b'), { code: 'NOT_TROUPE' });
    assert.deepEqual(paths, ['/v1/commands/..%2Fa%3Fb']);
  });
});

async function canned(t: TestContext, handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
