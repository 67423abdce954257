import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { conforms } from '../../server/contracts.ts';
import { canonical } from '../../server/control/canonical.ts';
import { type Answer, envelope, openHarness, sharedHarness, uuid } from './harness.ts';

const problem = (answer: Answer, status: number, code: string) => {
  assert.equal(answer.body.code, code, JSON.stringify(answer.body));
  assert.equal(answer.status, status);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  assert.deepEqual(conforms('troupe:problem#/$defs/Problem', answer.body), []);
  assert.equal(answer.body.request_id, answer.headers.get('x-request-id'));
};
const places = (answer: Answer) => answer.body.errors.map(({ path }: { path: string }) => path).sort();
const nested = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);

describe('a command that is refused', () => {
  const shared = sharedHarness();

  const bodies: [name: string, overrides: Record<string, unknown>, status: number, code: string, places?: string[]][] =
    [
      ['another version', { version: '2.0' }, 400, 'VERSION_UNSUPPORTED'],
      ['another version, whatever else is wrong', { version: 1, type: 7, nonsense: 1 }, 400, 'VERSION_UNSUPPORTED'],
      ['no version', { version: undefined }, 400, 'VALIDATION_FAILED', ['/version']],
      ['an unknown field', { colour: 'red' }, 400, 'VALIDATION_FAILED', ['/colour']],
      [
        'unknown fields at every depth, all named',
        { 'a/b': 1, target: { platform: 'x', 'c~d': 1 } },
        400,
        'VALIDATION_FAILED',
        ['/a~1b', '/target/c~0d']
      ],
      ['a command_id that is no uuid', { command_id: 'one' }, 400, 'VALIDATION_FAILED', ['/command_id']],
      ['a urn for a uuid', { command_id: `urn:uuid:${uuid()}` }, 400, 'VALIDATION_FAILED', ['/command_id']],
      ['a correlation_id that is no uuid', { correlation_id: 7 }, 400, 'VALIDATION_FAILED', ['/correlation_id']],
      [
        'an idempotency_key too long',
        { idempotency_key: 'k'.repeat(256) },
        400,
        'VALIDATION_FAILED',
        ['/idempotency_key']
      ],
      ['an empty idempotency_key', { idempotency_key: '' }, 400, 'VALIDATION_FAILED', ['/idempotency_key']],
      [
        'a day that does not exist',
        { requested_at: '2026-02-31T00:00:00Z' },
        400,
        'VALIDATION_FAILED',
        ['/requested_at']
      ],
      [
        'an instant that is not UTC',
        { requested_at: '2026-02-01T00:00:00+02:00' },
        400,
        'VALIDATION_FAILED',
        ['/requested_at']
      ],
      ['no requester', { requester: undefined }, 400, 'VALIDATION_FAILED', ['/requester']],
      ['no instance', { requester: { service: 'orchestrator' } }, 400, 'VALIDATION_FAILED', ['/requester/instance_id']],
      ['a target without platform', { target: {} }, 400, 'VALIDATION_FAILED', ['/target/platform']],
      ['an unknown platform', { target: { platform: 'myspace' } }, 400, 'PLATFORM_UNKNOWN'],
      ['a platform the flow is not for', { target: { platform: 'tiktok' } }, 400, 'PLATFORM_NOT_SUPPORTED'],
      ['priority 0', { priority: 0 }, 400, 'VALIDATION_FAILED', ['/priority']],
      ['priority 2.5', { priority: 2.5 }, 400, 'VALIDATION_FAILED', ['/priority']],
      ['dry_run as a text', { dry_run: 'yes' }, 400, 'VALIDATION_FAILED', ['/dry_run']],
      ['a deadline that has passed', { deadline_at: '2020-01-01T00:00:00Z' }, 400, 'DEADLINE_PAST'],
      ['an unknown type', { type: 'flow.walk' }, 400, 'COMMAND_TYPE_UNKNOWN'],
      ['a type of every object', { type: 'constructor' }, 400, 'COMMAND_TYPE_UNKNOWN'],
      ['an empty type', { type: '' }, 400, 'VALIDATION_FAILED', ['/type']],
      ['a payload that is no object', { payload: [] }, 400, 'VALIDATION_FAILED', ['/payload']],
      [
        'a payload of another type',
        { payload: { url: 'x' } },
        400,
        'VALIDATION_FAILED',
        ['/payload/flow', '/payload/url']
      ],
      ['an unknown flow', { payload: { flow: 'dance' } }, 400, 'FLOW_UNKNOWN'],
      ['missing params', { payload: { flow: 'greet' } }, 400, 'VALIDATION_FAILED', ['/payload/params/text']],
      [
        'params that do not fit',
        { payload: { flow: 'greet', params: { text: 7, more: 1 } } },
        400,
        'VALIDATION_FAILED',
        ['/payload/params/more', '/payload/params/text']
      ],
      [
        'params for a flow without',
        { payload: { flow: 'look', params: { text: 'x' } } },
        400,
        'VALIDATION_FAILED',
        ['/payload/params/text']
      ],
      ['a session that does not exist', { target: { platform: 'x', session_id: uuid() } }, 404, 'SESSION_NOT_FOUND'],
      [
        'a close of no session',
        { type: 'session.close', payload: {} },
        400,
        'VALIDATION_FAILED',
        ['/target/session_id']
      ],
      ['a body nested too deep', { payload: { flow: 'greet', params: nested(70) } }, 400, 'VALIDATION_FAILED', ['']]
    ];
  for (const [name, overrides, status, code, where] of bodies) {
    it(`for ${name}`, async () => {
      const { h } = shared;
      const answer = await h.send(overrides);
      problem(answer, status, code);
      if (where) assert.deepEqual(places(answer), where);
    });
  }

  const raws: [
    name: string,
    options: { raw?: string; headers?: Record<string, string> },
    status: number,
    code: string
  ][] = [
    ['malformed JSON', { raw: '{"version": "1.0",' }, 400, 'JSON_MALFORMED'],
    ['a bare value', { raw: '"hello"' }, 400, 'JSON_MALFORMED'],
    ['a list', { raw: '[]' }, 400, 'VALIDATION_FAILED'],
    ['an empty body', { raw: '' }, 400, 'JSON_MALFORMED'],
    ['no body', {}, 400, 'JSON_MALFORMED'],
    ['a prototype', { raw: '{"__proto__": {"version": "1.0"}}' }, 400, 'JSON_MALFORMED'],
    [
      'a form',
      { raw: 'version=1.0', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'MEDIA_TYPE_UNSUPPORTED'
    ],
    ['text', { raw: '{}', headers: { 'content-type': 'text/plain' } }, 415, 'MEDIA_TYPE_UNSUPPORTED'],
    ['an encoding nobody knows', { raw: '{}', headers: { 'content-encoding': 'br9' } }, 415, 'ENCODING_UNSUPPORTED'],
    ['what says it is gzip', { raw: '{}', headers: { 'content-encoding': 'gzip' } }, 400, 'JSON_MALFORMED'],
    [
      '2 MiB',
      { raw: JSON.stringify(envelope({ idempotency_key: 'k'.repeat(2 * 1024 * 1024) })) },
      413,
      'BODY_TOO_LARGE'
    ]
  ];
  for (const [name, options, status, code] of raws) {
    it(`for ${name}`, async () => problem(await shared.h.api('POST', '/v1/commands', options), status, code));
  }

  it('for 2 MiB that come without saying how many', async () => {
    const { h } = shared;
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(`${h.url}/v1/commands`, {
        method: 'POST',
        headers: { authorization: `Bearer ${h.admin}`, 'content-type': 'application/json' }
      });
      sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      for (let i = 0; i < 32; i++) sent.write('x'.repeat(64 * 1024));
      sent.end();
    });
    assert.equal(status, 413);
  });

  it('for another client in requester than the token is for', async () => {
    const { h } = shared;
    const token = await h.token(['flow.run:*'], 'reporter');
    problem(await h.api('POST', '/v1/commands', { body: envelope(), token }), 403, 'REQUESTER_MISMATCH');
  });

  it('for a flow the token is not for, naming the scope', async () => {
    const { h } = shared;
    const token = await h.token(['flow.run:look', 'read:*']);
    const answer = await h.api('POST', '/v1/commands', { body: envelope(), token });
    problem(answer, 403, 'FORBIDDEN');
    assert.equal(answer.body.details.needs, 'flow.run:greet');
    const payload = { flow: 'look' };
    assert.equal((await h.api('POST', '/v1/commands', { body: envelope({ payload }), token })).status, 202);
  });

  it('for a flow with JavaScript of its own, unless the token has script', async () => {
    const { h } = shared;
    const body = envelope({ payload: { flow: 'scripted' } });
    const without = await h.token(['flow.run:*']);
    problem(await h.api('POST', '/v1/commands', { body, token: without }), 403, 'SCRIPT_FORBIDDEN');
    const withIt = await h.token(['flow.run:*', 'script']);
    assert.equal((await h.api('POST', '/v1/commands', { body, token: withIt })).status, 202);
  });

  it('leaves nothing behind', async () => {
    const { h } = shared;
    const before = (await h.api('GET', '/v1/commands')).body.items.length;
    const bad = { account_id: 'nobody', platform: 'tiktok' };
    problem(await h.send({ target: bad, idempotency_key: 'again' }), 400, 'PLATFORM_NOT_SUPPORTED');
    assert.equal((await h.api('GET', '/v1/commands')).body.items.length, before);
    assert.equal(await h.sessions.ofAccount('nobody', 'tiktok', (open) => open), undefined);
    assert.equal(
      (await h.send({ target: { account_id: 'nobody', platform: 'x' }, idempotency_key: 'again' })).status,
      202
    );
  });
});

describe('a command that is accepted', () => {
  const shared = sharedHarness();

  it('is durable, runs, and is shown by its schemas', async () => {
    const { h } = shared;
    const accepted = await h.send({ correlation_id: uuid(), deadline_at: '2999-01-01T00:00:00Z' });
    assert.equal(accepted.status, 202);
    assert.deepEqual(conforms('troupe:command#/$defs/CommandAccepted', accepted.body), []);
    assert.equal(accepted.headers.get('location'), accepted.body.links.self);
    assert.equal(accepted.headers.get('idempotent-replayed'), null);
    const view = await h.ended(accepted.body.command_id);
    assert.deepEqual(conforms('troupe:command#/$defs/CommandView', view), []);
    assert.equal(view.state, 'SUCCEEDED');
    assert.equal(view.actions[0]?.outcome, 'VERIFIED');
    assert.deepEqual(view.payload.params, { text: 'hello', times: 1 }, 'defaults of the flow are filled in');
    const session = (await h.api('GET', `/v1/sessions/${view.session_id}`)).body;
    assert.deepEqual(conforms('troupe:session#/$defs/SessionView', session), []);
  });

  it('is listed newest first, by state, type, session, correlation and time, in pages', async () => {
    const { h } = shared;
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { body } = await h.send({ target: { account_id: 'lister', platform: 'x' } });
      ids.unshift(body.command_id);
      await h.ended(body.command_id);
    }
    const list = async (query: string) => {
      const { body } = await h.api('GET', `/v1/commands?account_id=lister&${query}`);
      return body.items.map((item: { command_id: string }) => item.command_id);
    };
    assert.deepEqual(await list(''), ids);
    assert.deepEqual(await list('state=succeeded,failed'), ids);
    assert.deepEqual(await list('state=RUNNING'), []);
    assert.deepEqual(await list('type=flow.run'), ids);
    assert.deepEqual(await list('type=session.close'), []);
    assert.deepEqual(await list('since=2999-01-01T00:00:00Z'), []);
    const one = (await h.api('GET', `/v1/commands/${ids[1]}`)).body;
    assert.deepEqual(await list(`correlation_id=${one.correlation_id}`), [ids[1]]);
    assert.deepEqual(await list(`session_id=${one.session_id}`), ids);
    const first = (await h.api('GET', '/v1/commands?account_id=lister&limit=2')).body;
    assert.deepEqual(
      first.items.map((item: { command_id: string }) => item.command_id),
      ids.slice(0, 2)
    );
    assert.deepEqual(await list(`limit=2&page=${first.next_page}`), ids.slice(2));
  });

  for (const [query, parameter] of [
    ['status=done', 'status'],
    ['state=DONE', 'state'],
    ['limit=0', 'limit'],
    ['limit=501', 'limit'],
    ['limit=ten', 'limit'],
    ['since=yesterday', 'since'],
    ['since=2026-01-31T09:30:00', 'since'],
    ['since=2026-01-31T09:30Z', 'since'],
    ['since=2026-02-30T00:00:00Z', 'since'],
    ['since=2026-01-31T24:00:00Z', 'since'],
    ['since=2016-12-31T23:59:60Z', 'since'],
    ['limit=9007199254740993', 'limit'],
    ['limit=', 'limit'],
    ['type=a&type=b', 'type'],
    ['page=nonsense', 'page'],
    ['__proto__=1', '__proto__']
  ] as const) {
    it(`is not listed by ${query}`, async () => {
      const answer = await shared.h.api('GET', `/v1/commands?${query}`);
      problem(answer, 400, 'QUERY_INVALID');
      assert.equal(answer.body.details.parameter, parameter);
    });
  }

  it('is not found under another id', async () => {
    for (const id of [uuid(), 'x', '..%2fsession', '%00']) {
      problem(await shared.h.api('GET', `/v1/commands/${id}`), 404, 'COMMAND_NOT_FOUND');
    }
  });
});

describe('sent twice', () => {
  const shared = sharedHarness();

  it('with one key and body, it is one command, also when it has ended', async () => {
    const { h } = shared;
    const first = await h.send({ idempotency_key: 'one' });
    const second = await h.send({ idempotency_key: 'one' });
    assert.equal(second.body.command_id, first.body.command_id);
    assert.equal(second.headers.get('idempotent-replayed'), 'true');
    await h.ended(first.body.command_id);
    const third = await h.send({ idempotency_key: 'one' });
    assert.equal(third.status, 200);
    assert.equal(third.body.state, 'SUCCEEDED');
    assert.equal(h.executor.attempts.filter(({ commandId }) => commandId === first.body.command_id).length, 1);
  });

  it('the order of fields and spaces does not matter', async () => {
    const { h } = shared;
    const body = envelope({ idempotency_key: 'order' });
    const first = await h.api('POST', '/v1/commands', { body });
    const turned = Object.fromEntries(Object.entries(body).reverse());
    const second = await h.api('POST', '/v1/commands', { raw: JSON.stringify(turned, null, 4) });
    assert.equal(second.body.command_id, first.body.command_id);
  });

  it('with one key and another body, it conflicts', async () => {
    const { h } = shared;
    const first = await h.send({ idempotency_key: 'two' });
    const answer = await h.send({ idempotency_key: 'two', priority: 1 });
    problem(answer, 409, 'IDEMPOTENCY_CONFLICT');
    assert.equal(answer.body.details.commandId, first.body.command_id);
  });

  it('by two services with one key, it is two commands', async () => {
    const { h } = shared;
    const mine = await h.send({ idempotency_key: 'three' });
    const yours = await h.send({ idempotency_key: 'three', requester: { service: 'other', instance_id: 'one' } });
    assert.equal(yours.status, 202);
    assert.notEqual(yours.body.command_id, mine.body.command_id);
  });

  it('with one command_id and body, it is one command; with another body, it conflicts', async () => {
    const { h } = shared;
    const command_id = uuid();
    const first = await h.send({ command_id });
    assert.equal(first.body.command_id, command_id);
    const second = await h.send({ command_id });
    assert.equal(second.headers.get('idempotent-replayed'), 'true');
    problem(await h.send({ command_id, priority: 1 }), 409, 'COMMAND_ID_CONFLICT');
    const others = { command_id, requester: { service: 'other', instance_id: 'one' } };
    problem(await h.send(others), 409, 'COMMAND_ID_CONFLICT');
  });

  it('a key that looks like an id is not one', async () => {
    const { h } = shared;
    const command_id = uuid();
    await h.send({ command_id });
    assert.equal((await h.send({ idempotency_key: `id:${command_id}` })).status, 202);
  });

  it('fifty at once, it is one command', async () => {
    const { h } = shared;
    const answers = await Promise.all(Array.from({ length: 50 }, () => h.send({ idempotency_key: 'rush' })));
    assert.equal(new Set(answers.map(({ body }) => body.command_id)).size, 1);
    assert.equal(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null).length, 1);
    const [row] = await h.host.journal.find('idempotency', { key: 'key:rush' });
    assert.equal(row?.command_id, answers[0]?.body.command_id);
  });

  it('fifty at once with different bodies, one wins and the rest conflict', async () => {
    const { h } = shared;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        h.send({ idempotency_key: 'race', payload: { flow: 'greet', params: { text: `hello ${i}` } } })
      )
    );
    assert.equal(answers.filter(({ status }) => status === 202).length, 1);
    assert.equal(answers.filter(({ body }) => body.code === 'IDEMPOTENCY_CONFLICT').length, 49);
  });

  it('it is answered again though it would not be accepted any more', async (t) => {
    const h = await openHarness(t);
    const body = { idempotency_key: 'late', deadline_at: new Date(Date.now() + 3_600_000).toISOString() };
    const first = await h.send(body);
    assert.equal(first.status, 202);
    h.ahead(7_200_000);
    problem(await h.send({ ...body, idempotency_key: 'later' }), 400, 'DEADLINE_PAST');
    assert.equal((await h.send(body)).body.command_id, first.body.command_id);
  });
});

describe('the session of a command', () => {
  it('is one for commands of one account that come at once', async (t) => {
    const h = await openHarness(t);
    const answers = await Promise.all(Array.from({ length: 20 }, () => h.send()));
    assert.equal(new Set(answers.map(({ body }) => body.session_id)).size, 1);
    const ended = await Promise.all(answers.map(({ body }) => h.ended(body.command_id)));
    assert.deepEqual(new Set(ended.map(({ state }) => state)), new Set(['SUCCEEDED']));
    assert.equal((await h.api('GET', '/v1/sessions')).body.items.length, 1);
  });

  it('is shared by POST /v1/sessions that come with them', async (t) => {
    const h = await openHarness(t);
    const body = { account_id: 'ada', platform: 'instagram' };
    const answers = await Promise.all([
      h.send(),
      h.api('POST', '/v1/sessions', { body }),
      h.send(),
      h.api('POST', '/v1/sessions', { body })
    ]);
    assert.equal(new Set(answers.map((answer) => answer.body.session_id)).size, 1);
    assert.equal((await h.api('POST', '/v1/sessions', { body })).status, 200, 'attached to the open one');
  });

  it('is one of its own without an account', async (t) => {
    const h = await openHarness(t);
    const target = { platform: 'x' };
    const [a, b] = await Promise.all([h.send({ target }), h.send({ target })]);
    assert.notEqual(a.body.session_id, b.body.session_id);
  });

  it('is the one it names, of the same account and platform, and open', async (t) => {
    const h = await openHarness(t);
    const made = await h.api('POST', '/v1/sessions', { body: { account_id: 'ada', platform: 'instagram' } });
    assert.equal(made.status, 201);
    const { session_id } = made.body;
    assert.equal((await h.send({ target: { session_id, platform: 'instagram' } })).body.session_id, session_id);
    const bob = { session_id, account_id: 'bob', platform: 'instagram' };
    problem(await h.send({ target: bob }), 409, 'SESSION_MISMATCH');
    problem(await h.send({ target: { session_id, platform: 'x' } }), 409, 'SESSION_MISMATCH');
    const close = await h.send({ type: 'session.close', payload: {}, target: { session_id, platform: 'instagram' } });
    assert.equal((await h.ended(close.body.command_id)).state, 'SUCCEEDED');
    problem(await h.send({ target: { session_id, platform: 'instagram' } }), 409, 'SESSION_CLOSED');
    const next = await h.send();
    assert.notEqual(next.body.session_id, session_id, 'a closed session is not used again');
  });

  it('takes so many that wait and no more, also when they come at once', async (t) => {
    const h = await openHarness(t, { grants: false, limits: { sessionQueue: 5 } });
    const answers = await Promise.all(Array.from({ length: 9 }, () => h.send()));
    assert.equal(answers.filter(({ status }) => status === 202).length, 5);
    const full = answers.find(({ status }) => status !== 202) as Answer;
    problem(full, 429, 'SESSION_QUEUE_FULL');
    assert.ok(Number(full.headers.get('retry-after')) > 0);
    const accepted = answers.find(({ status }) => status === 202) as Answer;
    await h.api('POST', `/v1/commands/${accepted.body.command_id}/cancel`);
    assert.equal((await h.send()).status, 202, 'one that was cancelled makes room');
  });

  it('is found again after a restart of the planes', async (t) => {
    const h = await openHarness(t, { grants: false });
    const { body } = await h.send();
    const { openSessionDirectory } = await import('../../server/control/session-directory.ts');
    const fresh = await openSessionDirectory(h.host);
    t.after(async () => fresh.close());
    await fresh.ofAccount('ada', 'instagram', (open) => {
      assert.equal(open?.sessionId, body.session_id);
      assert.equal(fresh.waiting(body.session_id), 1);
    });
  });

  it('is closed by DELETE, which may come again', async (t) => {
    const h = await openHarness(t);
    const { body } = await h.send();
    await h.ended(body.command_id);
    const path = `/v1/sessions/${body.session_id}`;
    assert.ok([200, 202].includes((await h.api('DELETE', path)).status));
    await h.host.waitFor(`session/${body.session_id}`, ({ status }) => status === 'done', { timeoutMs: 60_000 });
    const again = await h.api('DELETE', path);
    assert.equal(again.status, 200);
    assert.equal(again.body.state, 'CLOSED');
    problem(await h.api('DELETE', `/v1/sessions/${uuid()}`), 404, 'SESSION_NOT_FOUND');
  });
});

describe('a cancel', () => {
  it('ends a waiting command at once, and comes too late for an ended one', async (t) => {
    const h = await openHarness(t, { grants: false });
    const { body } = await h.send();
    const path = `/v1/commands/${body.command_id}/cancel`;
    const cancelled = await h.api('POST', path, { body: { reason: 'not needed' } });
    assert.equal(cancelled.status, 202);
    assert.equal(cancelled.body.state, 'CANCELLED');
    const again = await h.api('POST', path);
    problem(again, 409, 'COMMAND_ENDED');
    assert.equal(again.body.details.state, 'CANCELLED');
    problem(await h.api('POST', `/v1/commands/${uuid()}/cancel`), 404, 'COMMAND_NOT_FOUND');
    problem(await h.api('POST', path, { body: { why: 'x' } }), 400, 'VALIDATION_FAILED');
  });

  it('may come twice while the command is running', async (t) => {
    const h = await openHarness(t);
    h.executor.hold();
    const { body } = await h.send();
    const address = `command/${body.command_id}`;
    await h.host.waitFor(address, ({ state }) => state.startsWith('RUNNING.ACTION_ATTEMPTED'), { timeoutMs: 60_000 });
    const path = `/v1/commands/${body.command_id}/cancel`;
    const [one, two] = await Promise.all([h.api('POST', path), h.api('POST', path)]);
    for (const answer of [one, two]) assert.ok(answer.status === 202 || answer.body.code === 'COMMAND_ENDED');
    assert.ok([one, two].some(({ status }) => status === 202));
    h.executor.letGo();
    assert.equal((await h.ended(body.command_id)).state, 'CANCELLED');
  });

  it('needs the scope of the command it cancels', async (t) => {
    const h = await openHarness(t, { grants: false });
    const { body } = await h.send();
    const token = await h.token(['flow.run:look']);
    problem(await h.api('POST', `/v1/commands/${body.command_id}/cancel`, { token }), 403, 'FORBIDDEN');
  });
});

describe('?wait', () => {
  it('answers when the command ends', async (t) => {
    const h = await openHarness(t);
    h.executor.hold();
    const { body } = await h.send();
    const waiting = h.api('GET', `/v1/commands/${body.command_id}?wait=60`);
    await h.host.waitFor(`command/${body.command_id}`, ({ state }) => state.startsWith('RUNNING.ACTION_ATTEMPTED'), {
      timeoutMs: 60_000
    });
    h.executor.letGo();
    assert.equal((await waiting).body.state, 'SUCCEEDED');
  });

  it('answers how it is when the time is over', async (t) => {
    const h = await openHarness(t, { grants: false });
    const { body } = await h.send();
    const answer = await h.api('GET', `/v1/commands/${body.command_id}?wait=1`);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.state, 'QUEUED');
    assert.ok(answer.body.why);
  });

  it('is over when the client goes away, and when the process drains', async (t) => {
    const signals: AbortSignal[] = [];
    const h = await openHarness(t, {
      grants: false,
      around: (host) =>
        new Proxy(host, {
          get(target, key) {
            if (key !== 'waitFor') {
              const value = Reflect.get(target, key, target);
              return typeof value === 'function' ? value.bind(target) : value;
            }
            return (address: string, until: never, options: { timeoutMs: number; signal: AbortSignal }) => {
              signals.push(options.signal);
              return target.waitFor(address, until, options);
            };
          }
        })
    });
    const { body } = await h.send();
    const path = `/v1/commands/${body.command_id}?wait=60`;
    const leaving = new AbortController();
    const left = h.api('GET', path, { signal: leaving.signal });
    while (signals.length < 1) await new Promise(setImmediate);
    leaving.abort();
    await assert.rejects(left);
    if (!signals[0]?.aborted) await new Promise((resolve) => signals[0]?.addEventListener('abort', resolve));

    const staying = h.api('GET', path);
    while (signals.length < 2) await new Promise(setImmediate);
    h.drain();
    assert.equal((await staying).body.state, 'QUEUED');
  });

  for (const wait of ['61', '-1', 'x', '1.5', '']) {
    it(`is not ${JSON.stringify(wait)}`, async (t) => {
      const h = await openHarness(t);
      problem(await h.api('GET', `/v1/commands/${uuid()}?wait=${wait}`), 400, 'QUERY_INVALID');
    });
  }
});

describe('canonical JSON', () => {
  it('is the same text for the same value', () => {
    assert.equal(canonical({ b: [1, 2.0, -0], a: { d: null, c: 'é\n' } }), '{"a":{"c":"é\\n","d":null},"b":[1,2,0]}');
    assert.equal(canonical({ '\u{1f600}': 1, '\ufb33': 2 }), '{"\u{1f600}":1,"\ufb33":2}', 'by UTF-16 code units');
    assert.equal(canonical([1e21, 1e-7, 0.1]), '[1e+21,1e-7,0.1]');
  });
});
