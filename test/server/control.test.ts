import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ControlError } from '../../schemas/errors.ts';
import { conforms } from '../../server/contracts.ts';
import { type Answer, envelope, greet, type Harness, openHarness, sharedHarness, uuid } from './harness.ts';

const problem = (answer: Answer, status: number, code: string) => {
  assert.equal(answer.body.code, code, JSON.stringify(answer.body));
  assert.equal(answer.status, status);
  assert.deepEqual(conforms('troupe:problem#/$defs/Problem', answer.body), []);
};

/** Every endpoint there is, with the scope it wants. */
const endpoints: [method: string, path: string, scope: string][] = [
  ['POST', '/v1/commands', 'flow.run:greet'],
  ['GET', '/v1/commands', 'read:commands'],
  ['GET', `/v1/commands/${uuid()}`, 'read:commands'],
  ['POST', '/v1/sessions', 'session:create'],
  ['GET', '/v1/sessions', 'read:sessions'],
  ['GET', `/v1/sessions/${uuid()}`, 'read:sessions'],
  ['DELETE', `/v1/sessions/${uuid()}`, 'session:close'],
  ['GET', '/v1/approvals', 'read:approvals'],
  ['GET', `/v1/approvals/${uuid()}`, 'read:approvals'],
  ['GET', '/v1/flows', 'read:flows'],
  ['GET', '/v1/flows/greet', 'read:flows'],
  ['PUT', '/v1/flows/greet', 'flows:write'],
  ['GET', '/v1/selector_registry', 'read:selectors'],
  ['GET', '/v1/selector_registry/x/post.body', 'read:selectors'],
  ['POST', '/v1/selector_registry/x/post.body', 'selectors:decide'],
  ['GET', '/v1/artifacts', 'read:artifacts'],
  ['GET', `/v1/artifacts/${uuid()}`, 'read:artifacts'],
  ['GET', '/v1/events', 'read:events'],
  ['GET', '/v1/machines', 'read:machines'],
  ['GET', '/v1/machines/command', 'read:machines'],
  ['GET', '/v1/actors', 'read:actors'],
  ['GET', '/v1/actors/command/x', 'read:actors'],
  ['POST', '/v1/tokens', 'admin'],
  ['GET', '/v1/tokens', 'admin'],
  ['DELETE', `/v1/tokens/${uuid()}`, 'admin']
];

describe('every endpoint', () => {
  const shared = sharedHarness();
  for (const [method, path, scope] of endpoints) {
    const body = method === 'POST' || method === 'PUT' ? envelope() : undefined;
    it(`${method} ${path} wants a token, and one with ${scope}`, async () => {
      const { h } = shared;
      const none = await h.api(method, path, { token: null, body });
      problem(none, 401, 'UNAUTHENTICATED');
      assert.match(none.headers.get('www-authenticate') ?? '', /^Bearer/);
      problem(await h.api(method, path, { token: 'trp_wrong', body }), 401, 'UNAUTHENTICATED');
      const others = ['flow.run:other', 'read:other', 'session:other', 'approve:*', 'script'];
      const refused = await h.api(method, path, { token: await h.token(others), body });
      problem(refused, 403, 'FORBIDDEN');
      assert.equal(refused.body.details.needs, scope);
      if (scope === 'admin') return;
      for (const granted of [scope, scope.replace(/:.*/, scope.startsWith('flows') ? ':write' : ':*')]) {
        const answer = await h.api(method, path, { token: await h.token([granted]), body });
        assert.ok(![401, 403].includes(answer.status), `${granted}: ${answer.status}`);
      }
    });
  }

  it('but health is open, and ready on loopback', async () => {
    const { h } = shared;
    assert.equal((await h.api('GET', '/health', { token: null })).status, 200);
    assert.equal((await h.api('GET', '/ready', { token: null })).status, 200);
  });

  it('takes no token from anywhere but the header', async () => {
    const { h } = shared;
    problem(await h.api('GET', `/v1/flows?access_token=${h.admin}`, { token: null }), 401, 'UNAUTHENTICATED');
    problem(
      await h.api('GET', '/v1/flows', { token: null, headers: { authorization: `Basic ${h.admin}` } }),
      401,
      'UNAUTHENTICATED'
    );
  });
});

describe('HTTP', () => {
  const shared = sharedHarness();

  it('answers 404 where nothing is, 405 with Allow where another method is', async () => {
    const { h } = shared;
    for (const path of [
      '/',
      '/v1',
      '/v1/nothing',
      '/v1/streams',
      '/openapi',
      '/v1/commands/a/b/c',
      '/V1/commands',
      '//v1/commands'
    ]) {
      problem(await h.api('GET', path), 404, 'ROUTE_NOT_FOUND');
    }
    const wrong = await h.api('PATCH', '/v1/commands', { body: {} });
    problem(wrong, 405, 'METHOD_NOT_ALLOWED');
    assert.equal(wrong.headers.get('allow'), 'GET, HEAD, OPTIONS, POST');
    const options = await h.api('OPTIONS', '/v1/flows/greet');
    assert.equal(options.status, 204);
    assert.equal(options.headers.get('allow'), 'GET, HEAD, OPTIONS, PUT');
    problem(await h.api('OPTIONS', '/v1/nothing'), 404, 'ROUTE_NOT_FOUND');
  });

  it('lets no parameter go unread: what takes none refuses each, once it knows who asks', async () => {
    const { h } = shared;
    for (const [method, path] of [
      ['POST', '/v1/commands?dry_run=true'],
      ['GET', '/v1/tokens?limit=1'],
      ['HEAD', '/v1/tokens/self?at=0'],
      ['DELETE', `/v1/sessions/${'0'.repeat(8)}-0000-4000-8000-000000000000?force=yes`]
    ] as const) {
      const answer = await h.api(method, path, method === 'POST' ? { body: {} } : {});
      if (method === 'HEAD') assert.equal(answer.status, 400, path);
      else problem(answer, 400, 'QUERY_INVALID');
      problem(await h.api(method === 'HEAD' ? 'GET' : method, path, { token: null }), 401, 'UNAUTHENTICATED');
    }
    assert.equal((await h.api('GET', '/health?from=balancer', { token: null })).status, 200);
  });

  it('answers HEAD as GET without the body', async () => {
    const { h } = shared;
    const get = await h.api('GET', '/v1/flows/greet');
    const head = await h.api('HEAD', '/v1/flows/greet');
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('content-length'), get.headers.get('content-length'));
    assert.equal(head.body.length, 0);
  });

  it('gives back a request id that is one, and makes one otherwise', async () => {
    const { h } = shared;
    const given = await h.api('GET', '/health', { headers: { 'x-request-id': 'mine-1' } });
    assert.equal(given.headers.get('x-request-id'), 'mine-1');
    for (const bad of ['two words', 'x'.repeat(200), '<script>']) {
      const answer = await h.api('GET', '/health', { headers: { 'x-request-id': bad } });
      assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    }
  });

  it('says what a browser must not do with it', async () => {
    const { headers } = await shared.h.api('GET', '/v1/flows');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('access-control-allow-origin'), null);
    assert.equal(headers.get('x-powered-by'), null);
  });

  it('tells nothing of what went wrong inside, and logs it', async (t) => {
    const h = await openHarness(t, { around: breaking('read', new Error('secret path /var/db')) });
    const answer = await h.api('GET', `/v1/commands/${uuid()}`, { headers: { 'x-request-id': 'broken-1' } });
    problem(answer, 500, 'INTERNAL');
    assert.ok(!JSON.stringify(answer.body).includes('secret'));
    const line = h.logged.find((text) => text.includes('secret path')) ?? '';
    assert.equal(JSON.parse(line).requestId, 'broken-1');
  });

  it('answers 503 with Retry-After when the journal cannot be written, and reads go on', async (t) => {
    const full = new ControlError('JOURNAL_UNAVAILABLE', { reason: 'disk full' });
    const h = await openHarness(t, { around: breaking('create', full) });
    const answer = await h.send({ idempotency_key: 'full' });
    problem(answer, 503, 'JOURNAL_UNAVAILABLE');
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
    assert.equal((await h.api('GET', '/v1/commands')).status, 200);
    const open = await h.sessions.ofAccount('ada', 'instagram', (session) => session);
    assert.equal(open, undefined, 'its session is not promised any more');
  });

  it('hangs up on a client that drips its headers or its body', async (t) => {
    const h = await openHarness(t, { http: { headersMs: 200, requestMs: 300 } });
    const port = Number(new URL(h.url).port);
    const head = `POST /v1/commands HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${h.admin}\r\n`;
    for (const dripped of [
      'GET /health HTTP/1.1\r\nhost: localhost\r\n',
      `${head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{`
    ]) {
      const socket = connect(port, '127.0.0.1');
      socket.write(dripped);
      const heard = await new Promise<string>((resolve) => {
        let text = '';
        socket.on('data', (data) => {
          text += data;
        });
        socket.on('error', () => resolve(text)).on('close', () => resolve(text));
      });
      assert.match(heard, /^HTTP\/1\.1 408/);
    }
  });

  it('while draining, refuses writes and goes on with reads', async (t) => {
    const h = await openHarness(t);
    h.drain();
    for (const [method, path] of endpoints.filter(([method]) => method !== 'GET')) {
      const answer = await h.api(method, path, { body: method === 'DELETE' ? undefined : envelope() });
      problem(answer, 503, 'DRAINING');
      assert.ok(Number(answer.headers.get('retry-after')) > 0);
    }
    assert.equal((await h.api('GET', '/v1/flows')).status, 200);
    const ready = await h.api('GET', '/ready');
    assert.equal(ready.status, 503);
    assert.equal(ready.body.status, 'draining');
  });
});

/** A host one of whose methods fails. */
function breaking(method: 'read' | 'create', error: Error) {
  return (host: Harness['host']): Harness['host'] =>
    new Proxy(host, {
      get(target, key) {
        if (key === method) return () => Promise.reject(error);
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      }
    });
}

describe('/ready', () => {
  it('is 200 with each check and a why when all are up', async (t) => {
    const h = await openHarness(t, {
      stub: true,
      checks: [{ name: 'driver', check: async () => ({ ok: true, why: 'one slot of two' }) }]
    });
    const answer = await h.api('GET', '/ready', { token: null });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.driver, 'stub');
    assert.equal(answer.headers.get('x-troupe-driver'), 'stub');
    const names = answer.body.checks.map((check: { name: string; state: string }) => `${check.name} ${check.state}`);
    assert.deepEqual(names, ['host up', 'machines up', 'database up', 'journal_lag up', 'driver up']);
    assert.equal(answer.body.checks[4].why, 'one slot of two');
  });

  it('is 503 and says which when one is down, throws or gives no answer', async (t) => {
    const checks = [
      { name: 'driver', check: async () => ({ ok: false, why: 'no slot' }) },
      { name: 'selectors', check: () => Promise.reject(new Error('no registry')) },
      { name: 'disk', check: () => new Promise<never>(() => {}) }
    ];
    const h = await openHarness(t, { checks, limits: { checkMs: 50 } });
    const answer = await h.api('GET', '/ready', { token: null });
    assert.equal(answer.status, 503);
    assert.deepEqual(answer.body.checks.slice(-3), [
      { name: 'driver', state: 'down', why: 'no slot' },
      { name: 'selectors', state: 'down', why: 'no registry' },
      { name: 'disk', state: 'down', why: 'no answer in 50 ms' }
    ]);
  });

  it('looks once for all who ask at once: nobody needs a token for it', async (t) => {
    let looks = 0;
    let letGo = () => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const check = async () => {
      looks += 1;
      await gate;
      return { ok: true, why: null };
    };
    const h = await openHarness(t, { checks: [{ name: 'slow', check }], limits: { checkMs: 60_000 } });
    const socket = connect(Number(new URL(h.url).port), '127.0.0.1');
    let heard = '';
    const answered = new Promise<void>((resolve) => {
      socket.on('data', (data) => {
        heard += data;
        if (heard.split('"status":"ready"').length > 5) resolve();
      });
    });
    // Pipelined: all five are taken in the same turn.
    socket.write('GET /ready HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(5));
    while (looks === 0) await new Promise(setImmediate);
    await new Promise(setImmediate);
    letGo();
    await answered;
    socket.destroy();
    assert.equal(looks, 1);
  });
});

describe('flows', () => {
  const shared = sharedHarness();
  const body = { ...greet, name: 'wave', version: undefined };

  it('are listed and read', async () => {
    const { h } = shared;
    const list = (await h.api('GET', '/v1/flows')).body.items;
    for (const item of list) assert.deepEqual(conforms('troupe:flow#/$defs/FlowSummary', item), []);
    assert.deepEqual(list.map((flow: { name: string }) => flow.name).slice(0, 2), ['asked', 'greet']);
    const one = (await h.api('GET', '/v1/flows/greet')).body;
    assert.equal(one.version, 3);
    assert.deepEqual(conforms('troupe:flow#/$defs/Flow', one), []);
    problem(await h.api('GET', '/v1/flows/nope'), 404, 'FLOW_NOT_FOUND');
  });

  it('get a version per change, and none for no change', async () => {
    const { h } = shared;
    const put = (flow: object) => h.api('PUT', '/v1/flows/wave', { body: flow });
    const made = await put(body);
    assert.equal(made.status, 201);
    assert.equal(made.body.version, 1);
    assert.equal((await put(body)).body.version, 1);
    assert.equal((await put({ ...body, title: 'Wave' })).body.version, 2);
    assert.equal((await put({ ...body, title: 'Wave!', version: 3 })).body.version, 3);
    const conflict = await put({ ...body, title: 'Wave?', version: 3 });
    problem(conflict, 409, 'FLOW_CONFLICT');
    const all = await Promise.all(Array.from({ length: 10 }, (_, i) => put({ ...body, title: `Wave ${i}` })));
    assert.deepEqual(
      all.map((answer) => answer.body.version).sort((a, b) => a - b),
      [4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    );
    assert.equal((await h.host.journal.find('flows', { name: 'wave' }, 100)).length, 13);
  });

  it('may be recordings of the Chrome DevTools Recorder, as it exported them', async () => {
    const { h } = shared;
    const recording = {
      title: 'Wave twice',
      steps: [
        {
          type: 'navigate',
          url: 'http://127.0.0.1/',
          assertedEvents: [{ type: 'navigation', url: 'http://127.0.0.1/' }]
        },
        { type: 'click', target: 'main', selectors: [['aria/Wave'], ['#wave']], offsetX: 3, offsetY: 4 }
      ]
    };
    const put = (body: object, name = 'recorded.wave') => h.api('PUT', `/v1/flows/${name}`, { body });
    const made = await put(recording);
    assert.deepEqual([made.status, made.body.version, made.body.title], [201, 1, 'Wave twice']);
    assert.deepEqual(
      made.body.actions.map(({ attempt, effect }: { attempt: string; effect: string }) => [attempt, effect]),
      [
        ['STEP_01_NAVIGATE', 'read'],
        ['STEP_02_CLICK', 'write']
      ]
    );
    assert.equal((await put(recording)).body.version, 1, 'the same again is no new version');
    assert.deepEqual((await h.api('GET', '/v1/flows/recorded.wave')).body, made.body);
    const slow = { type: 'emulateNetworkConditions', download: 1, upload: 1, latency: 1 };
    const refused = await put({ ...recording, steps: [...recording.steps, slow] });
    assert.deepEqual([refused.status, refused.body.code], [422, 'STEP_UNSUPPORTED']);
    assert.match(refused.body.detail, /^step 3 \(emulateNetworkConditions\): .*take the step out/);
    assert.equal((await h.api('GET', '/v1/flows/recorded.wave')).body.version, 1);
  });

  it('with a script are put and run only by who has the scope script', async () => {
    const { h } = shared;
    const writer = await h.token(['flows:write', 'flow.run:*']);
    const scripter = await h.token(['flows:write', 'flow.run:*', 'script']);
    const recording = { title: 'S', steps: [{ type: 'waitForExpression', expression: 'true' }] };
    const put = (token: string, body: object) => h.api('PUT', '/v1/flows/recorded.script', { token, body });
    const refused = await put(writer, recording);
    assert.deepEqual([refused.status, refused.body.code], [403, 'SCRIPT_FORBIDDEN']);
    assert.equal((await h.api('GET', '/v1/flows/recorded.script')).status, 404);
    assert.equal((await put(scripter, recording)).status, 201);
    const plain = { title: 'S', steps: [{ type: 'navigate', url: 'http://127.0.0.1/' }] };
    assert.equal((await put(writer, plain)).status, 200, 'without it anybody may');
  });

  it('that were put stand over those that ship, also after a restart', async () => {
    const { h } = shared;
    const changed = await h.api('PUT', '/v1/flows/greet', { body: { ...greet, version: 4, title: 'Greet' } });
    assert.equal(changed.body.version, 4);
    const { openFlowRegistry } = await import('../../server/control/flow-registry.ts');
    const fresh = await openFlowRegistry(h.host, [greet]);
    assert.equal(fresh.get('greet')?.title, 'Greet');
    assert.equal(fresh.get('greet')?.version, 4);
  });

  it('do not change under a command that was accepted', async (t) => {
    const h = await openHarness(t);
    h.executor.hold();
    const first = (await h.send()).body.command_id;
    const second = (await h.send()).body.command_id;
    const actions = [{ ...greet.actions[0], attempt: 'WAVE' }];
    await h.api('PUT', '/v1/flows/greet', { body: { ...greet, version: undefined, actions } });
    h.executor.letGo();
    assert.equal((await h.ended(first)).actions[0]?.name, 'GREET');
    assert.equal((await h.ended(second)).actions[0]?.name, 'GREET');
    const third = (await h.send()).body.command_id;
    assert.equal((await h.ended(third)).actions[0]?.name, 'WAVE');
  });

  const action = greet.actions[0];
  for (const [name, flow, path] of [
    ['another name than the path', { ...body, name: 'other' }, '/name'],
    ['an unknown field', { ...body, colour: 1 }, '/colour'],
    ['no actions', { ...body, actions: [] }, '/actions'],
    ['an unknown step', { ...body, actions: [{ ...action, steps: [{ type: 'jump' }] }] }, '/actions/0/steps/0/type'],
    [
      'a step without selectors',
      { ...body, actions: [{ ...action, steps: [{ type: 'click' }] }] },
      '/actions/0/steps/0/selectors'
    ],
    ['params that are no schema', { ...body, params: { type: 'banana' } }, '/params'],
    ['params that point elsewhere', { ...body, params: { $ref: 'https://example.org/schema' } }, '/params'],
    ['params that answer later', { ...body, params: { $async: true, type: 'object' } }, '/params'],
    [
      'a param nobody declared',
      { ...body, actions: [{ ...action, steps: [{ type: 'navigate', url: '$' + '{params.url}' }] }] },
      '/actions/0/steps/0/url'
    ]
  ] as const) {
    it(`are refused with ${name}`, async () => {
      const answer = await shared.h.api('PUT', '/v1/flows/wave', { body: flow });
      problem(answer, 400, 'VALIDATION_FAILED');
      assert.ok(
        answer.body.errors.some((error: { path: string }) => error.path === path),
        JSON.stringify(answer.body.errors)
      );
    });
  }
});

describe('an approval', () => {
  const ask = async (h: Harness, text = 'hello') => {
    const sent = await h.send({ payload: { flow: 'asked', params: { text } } });
    const { approvalId } = await h.asked(sent.body.command_id);
    return { commandId: sent.body.command_id as string, approvalId, path: `/v1/approvals/${approvalId}` };
  };

  it('shows what is asked, and lets it out when it is allowed', async (t) => {
    const h = await openHarness(t);
    const { commandId, approvalId, path } = await ask(h);
    const { items } = (await h.api('GET', '/v1/approvals?state=pending')).body;
    assert.deepEqual(
      items.map((item: { approval_id: string }) => item.approval_id),
      [approvalId]
    );
    assert.deepEqual(conforms('troupe:approval#/$defs/ApprovalView', items[0]), []);
    assert.deepEqual(items[0].preview, {
      flow: 'asked',
      flow_version: 3,
      account_id: 'ada',
      platform: 'instagram',
      params: { text: 'hello', times: 1 },
      writes: ['GREET'],
      reaches: { GREET: 'nobody' },
      pages: []
    });
    assert.equal(h.executor.attempts.length, 0);
    const token = await h.token(['approve:asked'], 'boss');
    const allowed = await h.api('POST', path, { body: { decision: 'allow', note: 'fine' }, token });
    assert.equal(allowed.status, 200);
    assert.deepEqual([allowed.body.state, allowed.body.decided_by, allowed.body.note], ['ALLOWED', 'boss', 'fine']);
    assert.equal((await h.ended(commandId)).state, 'SUCCEEDED');
  });

  it('is decided once: the same answer again is fine, another is not', async (t) => {
    const h = await openHarness(t);
    const { commandId, path } = await ask(h);
    const answers = await Promise.all(
      ['allow', 'deny', 'allow', 'deny', 'allow', 'deny'].map((decision) => h.api('POST', path, { body: { decision } }))
    );
    const state = (await h.api('GET', path)).body.state;
    answers.forEach((answer, i) => {
      if ((i % 2 === 0) === (state === 'ALLOWED')) assert.equal(answer.status, 200);
      else problem(answer, 409, 'APPROVAL_DECIDED');
    });
    assert.equal((await h.ended(commandId)).state, state === 'ALLOWED' ? 'SUCCEEDED' : 'FAILED');
  });

  it('is bound to the hash of exactly that', async (t) => {
    const h = await openHarness(t);
    const hashes = new Set<string>();
    for (const text of ['a', 'b', 'a']) {
      const { path } = await ask(h, text);
      hashes.add((await h.api('GET', path)).body.action_hash);
    }
    assert.equal(hashes.size, 2);
  });

  it('is not asked for what attempts nothing', async (t) => {
    const h = await openHarness(t);
    const { body } = await h.send({ dry_run: true, payload: { flow: 'asked', params: { text: 'x' } } });
    assert.equal((await h.ended(body.command_id)).approval_id, null);
  });

  it('refuses what is no decision, and who may not decide', async (t) => {
    const h = await openHarness(t);
    const { path } = await ask(h);
    problem(await h.api('POST', path, { body: { decision: 'maybe' } }), 400, 'VALIDATION_FAILED');
    problem(await h.api('POST', path, { body: { decision: 'allow', edited: 'x' } }), 400, 'VALIDATION_FAILED');
    const body = { decision: 'allow' };
    problem(await h.api('POST', path, { body, token: await h.token(['approve:greet', 'read:*']) }), 403, 'FORBIDDEN');
    problem(await h.api('POST', `/v1/approvals/${uuid()}`, { body }), 404, 'APPROVAL_NOT_FOUND');
    assert.equal((await h.api('GET', path)).body.state, 'PENDING');
  });
});

describe('artifacts', () => {
  const shared = sharedHarness();
  const keep = async (h: Harness, bytes: Buffer, kind: 'screenshot' | 'html', mediaType: string, commandId: string) => {
    const artifact = await h.files.store(bytes, kind, mediaType);
    const { id, sha256, size } = artifact;
    const row = { id, command_id: commandId, kind, media_type: mediaType, sha256, size, created_at: Date.now() };
    await h.host.write([{ into: 'artifacts', row }]);
    return artifact;
  };

  it('are listed by command, newest first, in pages', async () => {
    const { h } = shared;
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift((await keep(h, Buffer.from(`${i}`), 'html', 'text/html', 'c1')).id);
    await keep(h, Buffer.from('other'), 'html', 'text/html', 'c2');
    const first = (await h.api('GET', '/v1/artifacts?command_id=c1&limit=2')).body;
    for (const item of first.items) assert.match(item.links.self, /^\/v1\/artifacts\//);
    const rest = (await h.api('GET', `/v1/artifacts?command_id=c1&limit=2&page=${first.next_page}`)).body;
    const listed = [...first.items, ...rest.items].map((item) => item.artifact_id);
    assert.deepEqual(listed, ids);
    assert.equal(rest.next_page, null);
    problem(await h.api('GET', '/v1/artifacts?page=nope'), 400, 'QUERY_INVALID');
  });

  it('are answered as their bytes, with their SHA-256 as ETag', async () => {
    const { h } = shared;
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { id } = await keep(h, bytes, 'screenshot', 'image/png', 'c3');
    const path = `/v1/artifacts/${id}`;
    const answer = await h.api('GET', path);
    assert.equal(answer.headers.get('etag'), `"${sha256}"`);
    assert.equal(answer.headers.get('content-type'), 'image/png');
    assert.equal(answer.headers.get('content-length'), '100000');
    assert.ok(bytes.equals(answer.body));
    for (const value of [`"${sha256}"`, `W/"${sha256}"`, `"x", "${sha256}"`, '*']) {
      const cached = await h.api('GET', path, { headers: { 'if-none-match': value } });
      assert.equal(cached.status, 304, value);
      assert.equal(cached.body.length, 0);
    }
    assert.equal((await h.api('GET', path, { headers: { 'if-none-match': '"other"' } })).status, 200);
    assert.equal((await h.api('HEAD', path)).headers.get('content-length'), '100000');
  });

  it('that are pages are files to keep, not pages of ours', async () => {
    const { h } = shared;
    const { id } = await keep(h, Buffer.from('<script>alert(1)</script>'), 'html', 'text/html', 'c4');
    const { headers } = await h.api('GET', `/v1/artifacts/${id}`);
    assert.match(headers.get('content-disposition') ?? '', /^attachment/);
    assert.match(headers.get('content-security-policy') ?? '', /sandbox/);
  });

  it('lead to no other file', async () => {
    const { h } = shared;
    await mkdir(join(h.dataDir, 'artifacts'), { recursive: true });
    await writeFile(join(h.dataDir, 'artifacts', 'secret'), 'secret');
    const raw = (path: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const { port } = new URL(h.url);
        const headers = { authorization: `Bearer ${h.admin}` };
        request({ port, host: '127.0.0.1', path, headers }, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end();
      });
    for (const path of [
      'secret',
      '../admin.token',
      '..%2fadmin.token',
      '%2e%2e%2fadmin.token',
      '....//admin.token',
      '%00'
    ]) {
      assert.equal(await raw(`/v1/artifacts/${path}`), 404, path);
    }
    const id = uuid();
    const row = {
      id,
      command_id: null,
      kind: 'html',
      media_type: 'text/html',
      sha256: '../../admin.token',
      size: 1,
      created_at: 1
    };
    await h.host.write([{ into: 'artifacts', row }]);
    problem(await h.api('GET', `/v1/artifacts/${id}`), 404, 'ARTIFACT_NOT_FOUND');
  });
});

describe('GET /v1/events', () => {
  const shared = sharedHarness();

  it('pages through the log, oldest first, without gap or repeat', async () => {
    const { h } = shared;
    const { body } = await h.send();
    await h.ended(body.command_id);
    const cursors: number[] = [];
    let cursor = '0';
    for (;;) {
      const page = (await h.api('GET', `/v1/events?cursor=${cursor}&limit=4`)).body;
      assert.deepEqual(conforms('troupe:event#/$defs/EventPage', page), []);
      assert.equal(page.gap, undefined);
      for (const item of page.items) cursors.push(Number(item.cursor));
      if (page.next_cursor === cursor) break;
      cursor = page.next_cursor;
    }
    assert.deepEqual(
      cursors,
      Array.from({ length: h.host.head }, (_, i) => i + 1)
    );
  });

  it('filters, and moves on where nothing matches', async () => {
    const { h } = shared;
    const { body } = await h.send();
    await h.ended(body.command_id);
    const events = async (query: string) => (await h.api('GET', `/v1/events?limit=500&${query}`)).body;
    const mine = (await events(`command_id=${body.command_id}`)).items;
    assert.ok(mine.length > 3);
    assert.ok(mine.every((event: { command_id: string }) => event.command_id === body.command_id));
    const verified = (await events(`command_id=${body.command_id}&event_types=action.verified`)).items;
    assert.deepEqual(
      verified.map((event: { type: string }) => event.type),
      ['action.verified']
    );
    const sessions = (await events('actor_kinds=session,supervisor')).items;
    assert.deepEqual(
      new Set(sessions.map((event: { payload: { actor: { kind: string } } }) => event.payload.actor.kind)),
      new Set(['session', 'supervisor'])
    );
    const nothing = await events('account_id=nobody');
    assert.deepEqual(nothing.items, []);
    assert.equal(nothing.next_cursor, nothing.head);
  });

  it('says what is missing when the cursor is not of this log', async () => {
    const { h } = shared;
    const page = (await h.api('GET', '/v1/events?cursor=999999999')).body;
    assert.deepEqual(page.gap, { from: '999999999', to: page.head, reason: 'unknown_cursor' });
    assert.equal(page.next_cursor, page.head);
    for (const cursor of ['-1', '01', 'x', '1.5', '9'.repeat(17)]) {
      problem(await h.api('GET', `/v1/events?cursor=${cursor}`), 400, 'CURSOR_INVALID');
    }
    problem(await h.api('GET', '/v1/events?colour=red'), 400, 'QUERY_INVALID');
    problem(await h.api('GET', '/v1/events?severity=loud'), 400, 'QUERY_INVALID');
  });
});

describe('machines and actors', () => {
  const shared = sharedHarness();

  it('are shown as data', async () => {
    const { h } = shared;
    const { items } = (await h.api('GET', '/v1/machines')).body;
    assert.deepEqual(
      items.map((item: { kind: string }) => item.kind),
      ['command', 'session', 'approval', 'account', 'selector', 'recipe', 'alert', 'supervisor', 'notes']
    );
    for (const { kind } of items) {
      const { body } = await h.api('GET', `/v1/machines/${kind}`);
      assert.deepEqual(conforms('troupe:actor#/$defs/MachineSummary', body), [], kind);
    }
    const { definition } = (await h.api('GET', '/v1/machines/command')).body;
    const states = definition.states.map((state: { key: string }) => state.key);
    assert.deepEqual(states, ['CREATED', 'QUEUED', 'AWAITING_APPROVAL', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED']);
    problem(await h.api('GET', '/v1/machines/nope'), 404, 'MACHINE_NOT_FOUND');
  });

  it('that live are listed with what they accept, the volatile ones too', async () => {
    const { h } = shared;
    const { body } = await h.send();
    await h.ended(body.command_id);
    const actors = async (query = '') => (await h.api('GET', `/v1/actors?${query}`)).body.items;
    const all = await actors();
    for (const item of all) assert.deepEqual(conforms('troupe:actor#/$defs/ActorSummary', item), []);
    assert.deepEqual(all.map((item: { kind: string }) => item.kind).sort(), ['notes', 'session', 'supervisor']);
    assert.deepEqual(
      (await actors('kind=supervisor')).map((item: { address: string }) => item.address),
      ['supervisor/main']
    );
    assert.deepEqual(await actors('kind=supervisor&state=STOPPED'), []);
    assert.deepEqual(
      (await actors('kind=command&status=done')).map((item: { id: string }) => item.id),
      [body.command_id]
    );
    problem(await h.api('GET', '/v1/actors?kind=nope'), 400, 'QUERY_INVALID');
  });

  it('tell their last transitions', async () => {
    const { h } = shared;
    const { body } = await h.send();
    const view = await h.ended(body.command_id);
    const actor = (await h.api('GET', `/v1/actors/command/${body.command_id}`)).body;
    assert.equal(actor.state, 'SUCCEEDED');
    const moves = actor.transitions.filter(({ type }: { type: string }) => type !== 'audit.recorded');
    assert.equal(moves.at(-1).cursor, view.last_cursor);
    assert.equal(actor.transitions[0].payload.from, null, 'from its birth on');
    assert.equal((await h.api('GET', '/v1/actors/supervisor/main')).status, 200);
    problem(await h.api('GET', '/v1/actors/command/nope'), 404, 'ACTOR_NOT_FOUND');
    problem(await h.api('GET', '/v1/actors/nope/nope'), 404, 'ACTOR_NOT_FOUND');
  });
});
