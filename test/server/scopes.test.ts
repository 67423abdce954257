/** What lets whom in, for every route of the real router: one that is added is held to it without a word here. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { envelope, type Harness, sharedHarness, uuid } from './harness.ts';
import { pathOf, type Route, routesOf } from './routes.ts';
import { Stream } from './stream.ts';

/** Open to everybody; each has its reason. */
const OPEN = [
  'GET /health', // whether the process is up
  'POST /v1/sign-in', // a code is what one has who has no token yet
  'GET /v1/sessions/:id/view', // pages hold nothing, and ask with the token that is typed into them
  'GET /openapi.json', // says what anybody may read in the package
  'GET /asyncapi.json',
  'GET /docs',
  'GET /docs/stream',
  'GET /inspector/connection.json',
  'GET /inspector',
  'GET /inspector/{*path}'
];
const OPEN_ON_LOOPBACK = ['GET /ready', 'GET /metrics'];
/** Of these the scope is in what is asked for. */
const DECIDES: Record<string, string | null> = {
  'POST /v1/commands': 'flow.run:greet',
  'POST /v1/commands/:id/cancel': 'flow.run:asked',
  'POST /v1/approvals/:id': 'approve:asked',
  'POST /v1/actors/supervisor/:id/events': 'actor:supervisor',
  'POST /v1/actors/driver/:id/events': 'actor:driver',
  'POST /v1/actors/:kind': 'actor:command',
  'POST /v1/actors/:kind/:id/events': 'actor:command',
  // Any client, of itself and for no more than itself.
  'GET /v1/tokens/self': null,
  'POST /v1/sign-in/links': null
};
/** Also a GET that is more than reading. */
const NOT_READ = ['GET /v1/sessions/:id/screen', 'GET /v1/profile_keys', 'GET /v1/tokens', 'GET /v1/tokens/self'];

const ACCOUNT = 'ada-of-kent';
const TEXT = 'hello-from-kent';
/** All that a token bound to accounts can have. */
const ALL_BOUND = [
  ...['read:*', 'flow.run:*', 'approve:*', 'session:*', 'actor:*'],
  ...['accounts:write', 'script', 'selectors:sweep']
];

/** A command of one account that waits for a yes, with all there is about it. */
async function world(h: Harness) {
  const target = { account_id: ACCOUNT, platform: 'instagram' };
  const requester = { service: 'admin', instance_id: 'one' };
  const payload = { flow: 'asked', params: { text: TEXT } };
  const { command_id } = (await h.send({ target, requester, payload })).body;
  const { sessionId, approvalId } = await h.asked(command_id);
  const { id, sha256, size } = await h.files.store(Buffer.from(TEXT), 'html', 'text/html');
  const made = { id, command_id, kind: 'html', media_type: 'text/html', sha256, size, created_at: Date.now() };
  const row = { ...made, account_id: ACCOUNT };
  await h.host.write([{ into: 'artifacts', row }]);
  await h.deps.accounts.set({ platform: 'instagram', accountId: ACCOUNT }, { home: null, loggedIn: null });
  const ids: Record<string, string> = {
    commands: command_id,
    sessions: sessionId,
    approvals: approvalId,
    artifacts: id,
    accounts: ACCOUNT,
    actors: command_id
  };
  return (parameter: string, pattern: string): string => {
    if (parameter === 'id') return ids[pattern.split('/')[2] ?? ''] ?? uuid();
    return { kind: 'command', name: 'greet', platform: 'x' }[parameter] ?? uuid();
  };
}

const bodies: Record<string, unknown> = {
  'POST /v1/commands': envelope({ target: { account_id: ACCOUNT, platform: 'instagram' } }),
  'POST /v1/sessions': { account_id: ACCOUNT, platform: 'instagram' },
  'POST /v1/approvals/:id': { decision: 'deny' },
  'PUT /v1/accounts/:id': { platform: 'instagram', home: null },
  'POST /v1/sessions/:id/input': { type: 'reload' },
  'POST /v1/actors/:kind/:id/events': { type: 'command.cancel' },
  'POST /v1/actors/supervisor/:id/events': { type: 'supervisor.drain' },
  'POST /v1/actors/driver/:id/events': { type: 'driver.retry' }
};

describe('every route', () => {
  const shared = sharedHarness();
  const nameOf = ({ method, pattern }: Route) => `${method} ${pattern}`;
  const bodyOf = (route: Route) => (route.method === 'GET' ? undefined : (bodies[nameOf(route)] ?? {}));
  const scopeOf = (route: Route) => route.door?.needs ?? DECIDES[nameOf(route)] ?? null;
  const guarded = () => routesOf(shared.h).filter((route) => !OPEN.includes(nameOf(route)));
  const closed = () => guarded().filter(({ door }) => !door?.openOnLoopback);

  it('has a door, but for those that are open for a reason, and says which scope it wants', () => {
    const routes = routesOf(shared.h);
    assert.ok(routes.length > 40, 'the router was looked through');
    const without = routes.filter(({ door }) => !door).map(nameOf);
    assert.deepEqual(without.toSorted(), OPEN.toSorted());
    const onLoopback = routes.filter(({ door }) => door?.openOnLoopback).map(nameOf);
    assert.deepEqual(onLoopback.toSorted(), OPEN_ON_LOOPBACK.toSorted());
    const undecided = routes.filter(({ door }) => door && door.needs === null).map(nameOf);
    assert.deepEqual(undecided.toSorted(), Object.keys(DECIDES).toSorted());
  });

  it('answers 401 without a token and with one that is none, whatever is sent', async () => {
    const { h } = shared;
    for (const route of closed()) {
      const path = pathOf(route.pattern, () => 'x');
      for (const token of [null, 'trp_guess']) {
        const { status, headers, body } = await h.api(route.method, path, { token, body: bodyOf(route) });
        assert.equal(status, 401, `${nameOf(route)} ${JSON.stringify(body)}`);
        assert.match(headers.get('www-authenticate') ?? '', /^Bearer/);
      }
    }
  });

  it('answers 403 to a client that has every scope but its own, and lets in one that has it alone', async () => {
    const { h } = shared;
    const value = await world(h);
    const routes = closed();
    const all = [...new Set(routes.map(scopeOf))].filter((scope) => scope !== null);
    assert.ok(all.includes('admin') && all.includes('read:events'));
    for (const route of routes) {
      const scope = scopeOf(route);
      if (scope === null) continue;
      const path = pathOf(route.pattern, value);
      const others = all.filter((other) => other !== scope && other !== 'admin');
      const refused = await h.api(route.method, path, { token: await h.token(others), body: bodyOf(route) });
      assert.equal(refused.status, 403, `${nameOf(route)}: ${JSON.stringify(refused.body)}`);
      assert.equal(refused.body.details.needs, scope, nameOf(route));
      // An answer that has no end is not waited for.
      if (route.pattern === '/v1/stream') continue;
      const token = await h.token([scope], 'orchestrator');
      const { status, body } = await h.api(route.method, path, { token, body: bodyOf(route) });
      assert.ok(status !== 401 && body.code !== 'FORBIDDEN', `${nameOf(route)}: ${status} ${JSON.stringify(body)}`);
    }
  });

  it('that only reads wants a scope that only reads, and a client that may read everything writes nothing', async () => {
    const { h } = shared;
    const value = await world(h);
    const reporter = await h.token(['read:*'], 'reporter');
    for (const route of closed()) {
      const name = nameOf(route);
      const reads = route.method === 'GET' && !NOT_READ.includes(name);
      assert.equal(/^read:/.test(scopeOf(route) ?? ''), reads, `${name} wants ${scopeOf(route)}`);
      if (reads || DECIDES[name] === null) continue;
      const path = pathOf(route.pattern, value);
      const body =
        name === 'POST /v1/commands'
          ? envelope({ requester: { service: 'reporter', instance_id: '1' } })
          : bodyOf(route);
      const answer = await h.api(route.method, path, { token: reporter, body });
      assert.equal(answer.status, 403, `${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
  });

  it('shows a client that is bound to another account nothing of this one, and lets it touch nothing of it', async () => {
    const { h } = shared;
    const value = await world(h);
    const token = await h.token(ALL_BOUND, 'orchestrator', ['bob']);
    for (const route of closed()) {
      if (route.pattern === '/v1/stream' || DECIDES[nameOf(route)] === null) continue;
      const path = pathOf(route.pattern, value);
      const { status, body } = await h.api(route.method, path, { token, body: bodyOf(route) });
      const said = Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body);
      const what = `${nameOf(route)}: ${status} ${said.slice(0, 300)}`;
      // It may well hear its own question again, in an answer that says no.
      if (status >= 400) assert.ok([403, 404].includes(status), what);
      else assert.equal(route.method, 'GET', what);
      if (status < 400) assert.ok(!said.includes(ACCOUNT) && !said.includes(TEXT), what);
    }
    // The world stands as it stood, for who may see it.
    const own = await h.token(ALL_BOUND, 'orchestrator', [ACCOUNT, 'bob']);
    for (const list of ['commands', 'sessions', 'approvals', 'artifacts', 'accounts', 'actors', 'events']) {
      const { body } = await h.api('GET', `/v1/${list}`, { token: own });
      assert.ok(body.items.length > 0, `${list} of its own account`);
    }
    const approval = await h.api('GET', pathOf('/v1/approvals/:id', value), { token: own });
    assert.equal(approval.body.state, 'PENDING');
    const asked = await h.api('GET', `/v1/commands?account_id=${ACCOUNT}`, { token });
    assert.equal(asked.body.code, 'ACCOUNT_FORBIDDEN');
  });

  it('takes from a bound client only what names one of its accounts, in no session of another', async () => {
    const { h } = shared;
    const value = await world(h);
    const token = await h.token(ALL_BOUND, 'orchestrator', ['bob', 'eve']);
    const send = async (target: object) =>
      h.api('POST', '/v1/commands', { token, body: envelope({ target: { platform: 'instagram', ...target } }) });
    assert.equal((await send({})).body.code, 'ACCOUNT_FORBIDDEN');
    assert.equal((await send({ account_id: 'eve' })).status, 202);
    const session_id = value('id', '/v1/sessions/:id');
    const elsewhere = await send({ account_id: 'bob', session_id });
    assert.equal(elsewhere.body.code, 'SESSION_NOT_FOUND');
    assert.ok(!JSON.stringify(elsewhere.body).includes(ACCOUNT));
    const session = { platform: 'instagram', account_id: 'bob', session_id };
    const made = await h.api('POST', '/v1/sessions', { token, body: session });
    assert.equal(made.body.code, 'SESSION_NOT_FOUND');
    assert.equal((await h.api('POST', '/v1/sessions', { token, body: { platform: 'x' } })).status, 403);
  });
});

describe('every frame of the stream', () => {
  const shared = sharedHarness();
  const frames = [
    { type: 'subscribe', cursor: '0' },
    { type: 'subscribe', consumer: 'me' },
    { type: 'unsubscribe' },
    { type: 'ack', cursor: '0' },
    { type: 'ping' },
    { type: 'pong' }
  ];
  for (const frame of frames) {
    it(`${JSON.stringify(frame)} is not answered to who has no token, or none that reads events`, async () => {
      const { h } = shared;
      for (const [token, code] of [
        [null, 4001],
        ['trp_guess', 4001],
        [await h.token(['read:commands', 'flow.run:*']), 4003]
      ] as const) {
        const stream = new Stream(h, { token });
        // It may be closed before the frame is out: then there is nothing that could be answered.
        await stream.send(frame).catch(() => {});
        assert.equal((await stream.closed).code, code);
        assert.deepEqual(
          stream.frames.map(({ type }) => type),
          ['error']
        );
      }
    });
  }
});

describe('a stream of a bound client', () => {
  const shared = sharedHarness();

  it('tells of its own account alone, replayed and live, as WebSocket and as Server-Sent Events', async () => {
    const { h } = shared;
    const send = async (account_id: string) =>
      (await h.send({ requester: { service: 'admin', instance_id: '1' }, target: { account_id, platform: 'x' } })).body;
    const theirs = [await send(ACCOUNT)];
    const own = [await send('bob')];
    const token = await h.token(['read:*'], 'reporter', ['bob']);
    const stream = new Stream(h, { token });
    await stream.send({ type: 'subscribe', cursor: '0' });
    await stream.frame('caught_up');
    theirs.push(await send(ACCOUNT));
    own.push(await send('bob'));
    const last = own.at(-1)?.command_id as string;
    for (const { command_id } of [...own, ...theirs]) await h.ended(command_id);
    await stream.until(({ events }) => events.some((e) => e.command_id === last && e.payload.to === 'SUCCEEDED'));
    stream.end();
    assert.ok(stream.events.every(({ target }) => target.account_id === 'bob'));
    for (const { command_id } of own) assert.ok(stream.events.some((event) => event.command_id === command_id));

    const ended = new AbortController();
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    const response = await fetch(`${h.url}/v1/stream?cursor=0`, { headers, signal: ended.signal });
    let said = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      said += decoder.decode(chunk, { stream: true });
      if (said.includes('event: caught_up')) break;
    }
    ended.abort();
    assert.ok(said.includes(last) && !said.includes(ACCOUNT));
  });

  it('is closed with 4003 when it asks for another account, in the address or in the frame', async () => {
    const { h } = shared;
    const token = await h.token(['read:*'], 'reporter', ['bob']);
    const byQuery = new Stream(h, { token, query: `?account_id=${ACCOUNT}` });
    const byFrame = new Stream(h, { token });
    await byFrame.send({ type: 'subscribe', filters: { account_id: ACCOUNT } });
    for (const stream of [byQuery, byFrame]) {
      assert.equal((await stream.closed).code, 4003);
      assert.equal((await stream.frame('error')).code, 'ACCOUNT_FORBIDDEN');
    }
    const headers = { accept: 'text/event-stream' };
    const answer = await h.api('GET', `/v1/stream?account_id=${ACCOUNT}`, { token, headers });
    assert.equal(answer.body.code, 'ACCOUNT_FORBIDDEN');
  });
});
