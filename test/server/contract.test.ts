/** Every operation of the document, as it says and against it: what it is asked with its own examples, and what it refuses. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { catalogue } from '../../schemas/errors.ts';
import { routeOf } from '../../server/openapi/document.ts';
import { examples } from '../../server/openapi/examples.ts';
import { errorsOf, type Operation } from '../../server/openapi/operation.ts';
import { operations } from '../../server/openapi/operations/index.ts';
import { document } from '../support/described.ts';
import { type Answer, envelope, type Harness, sharedHarness, uuid } from './harness.ts';
import { pathOf } from './routes.ts';

/** What cannot be had here, however rightly it is asked for: nothing is driven, no kind takes events. */
const REFUSED: Record<string, string> = {
  'GET /v1/sessions/:id/screen': 'SCREEN_UNAVAILABLE',
  'POST /v1/sessions/:id/input': 'SESSION_NOT_DRIVEN',
  'POST /v1/actors/:kind': 'KIND_CLOSED',
  'POST /v1/actors/:kind/:id/events': 'KIND_CLOSED',
  'POST /v1/actors/supervisor/:id/events': 'EVENT_REJECTED',
  'POST /v1/actors/driver/:id/events': 'ACTOR_NOT_FOUND',
  'POST /v1/selector_registry/:platform/:name': 'SELECTOR_UNDECIDABLE',
  'POST /v1/sign-in': 'SIGN_IN_CODE_INVALID',
  'DELETE /v1/profile_keys/:id': 'PROFILE_KEY_NOT_FOUND',
  'GET /v1/posts/:id/stats': 'POST_NOT_FOUND'
};
/** Each undoes what the one before did, or needs it. */
const LAST = [
  'POST /v1/sessions/:id/takeover',
  'POST /v1/sessions/:id/handback',
  'POST /v1/sessions/:id/pause',
  'POST /v1/sessions/:id/resume',
  'POST /v1/approvals/:id',
  'POST /v1/commands/:id/cancel',
  'DELETE /v1/sessions/:id',
  'DELETE /v1/accounts/:id/profile',
  'POST /v1/tokens/:id/rotate',
  'DELETE /v1/tokens/:id'
];
/** Takes what any machine may take. */
const OPEN_BODIES = ['POST /v1/actors/:kind/:id/events'];

interface Asked {
  key: string;
  method: string;
  pattern: string;
  operation: Operation;
}
const all: Asked[] = Object.entries(operations)
  .map(([key, operation]) => ({ key, ...routeOf(key), operation }))
  .sort((a, b) => LAST.indexOf(a.key) - LAST.indexOf(b.key));

const isStream = ({ pattern }: Asked) => pattern === '/v1/stream';
const bodyOf = ({ operation: { body } }: Asked) => body && (body.example ?? examples[body.schema]);

describe('every operation', () => {
  const shared = sharedHarness({ limits: { bodyBytes: 64 * 1024 } });
  const ids: Record<string, string> = {};
  const known = (parameter: string, pattern: string): string => {
    const [, , things = '', next = ''] = pattern.split('/');
    if (parameter === 'id') return things === 'actors' && next !== ':kind' ? 'main' : (ids[things] ?? 'none');
    if (parameter === 'name') return things === 'flows' ? 'greet' : (ids.selector ?? 'none');
    // The smallest there is: a large one is long laid out.
    if (pattern.endsWith('/diagram')) return 'notes';
    return { kind: 'command', platform: 'instagram' }[parameter] ?? 'none';
  };
  before(async () => fill(shared.h, ids));

  const ask = (one: Asked, { query = '', ...options }: Parameters<Harness['api']>[2] & { query?: string } = {}) =>
    shared.h.api(one.method, pathOf(one.pattern, known) + query, options);
  const isProblem = (one: Asked, { status, headers, body }: Answer, code: string) => {
    const what = `${one.key}: ${status} ${JSON.stringify(body).slice(0, 300)}`;
    assert.equal(body.code, code, what);
    assert.equal(status, catalogue[code as keyof typeof catalogue].status, what);
    assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/, what);
  };

  it('takes each of its parameters as its example has it, and refuses one that it has not', async () => {
    for (const one of all.filter(({ method, operation }) => method === 'GET' && operation.query)) {
      if (isStream(one)) continue;
      for (const [name, { example }] of Object.entries(one.operation.query ?? {})) {
        if (example === undefined) continue;
        const { status, body } = await ask(one, { query: `?${name}=${encodeURIComponent(String(example))}` });
        // What an example names need not be here, nor be to be had.
        const isRefused = body.code === REFUSED[one.key];
        assert.ok(status < 400 || status === 404 || isRefused, `${one.key} ${name}: ${status} ${JSON.stringify(body)}`);
      }
      isProblem(one, await ask(one, { query: '?no_such_parameter=1' }), 'QUERY_INVALID');
    }
  });

  it('answers the example of a request as it says', async () => {
    const wrong: string[] = [];
    for (const one of all.filter((asked) => !isStream(asked))) {
      const body = bodyOf(one);
      const answer = await ask(one, body === undefined ? {} : { body });
      const refused = REFUSED[one.key];
      const ok = Object.keys(one.operation.answers).map(Number);
      const isRight = refused ? answer.body.code === refused : ok.includes(answer.status);
      if (!isRight) wrong.push(`${one.key}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    assert.deepEqual(wrong, []);
  });

  it('refuses whom it does not know, and who may something else', async () => {
    const stranger = await shared.h.token(['approve:nothing'], 'stranger');
    for (const one of all.filter(
      ({ operation: { scope } }) => scope !== 'open' && (scope === null || typeof scope === 'string')
    )) {
      const body = bodyOf(one);
      isProblem(one, await ask(one, { token: 'trp_none', ...(body === undefined ? {} : { body }) }), 'UNAUTHENTICATED');
      if (one.operation.scope === null || String(one.operation.scope).includes('{')) continue;
      isProblem(one, await ask(one, { token: stranger, ...(body === undefined ? {} : { body }) }), 'FORBIDDEN');
    }
  });

  it('says of what is not there that it is not', async () => {
    for (const one of all.filter(({ pattern }) => pattern.includes(':'))) {
      const codes = errorsOf(one.method, one.operation).get(404);
      if (!codes || REFUSED[one.key] === 'KIND_CLOSED') continue;
      const body = bodyOf(one);
      const path = pathOf(one.pattern, (name) => (name === 'id' ? uuid() : 'nothing'));
      const answer = await shared.h.api(one.method, path, body === undefined ? {} : { body });
      // To put what is not there makes it.
      if (one.method === 'PUT') continue;
      assert.equal(answer.status, 404, `${one.key}: ${JSON.stringify(answer.body)}`);
      assert.ok(codes.includes(answer.body.code), `${one.key}: ${answer.body.code}`);
    }
  });

  it('refuses another method, and says which there are', async () => {
    for (const one of all) {
      const answer = await shared.h.api('PATCH', pathOf(one.pattern, known));
      isProblem(one, answer, 'METHOD_NOT_ALLOWED');
      assert.ok(answer.headers.get('allow')?.includes(one.method), `${one.key}: ${answer.headers.get('allow')}`);
    }
  });

  it('refuses a body that is too large, none of JSON, or of another type', async () => {
    for (const one of all.filter(({ operation }) => operation.body)) {
      isProblem(one, await ask(one, { raw: `{"x":"${'x'.repeat(70_000)}"}` }), 'BODY_TOO_LARGE');
      isProblem(one, await ask(one, { raw: '{"x":' }), 'JSON_MALFORMED');
      const headers = { 'content-type': 'text/plain' };
      isProblem(one, await ask(one, { raw: 'x', headers }), 'MEDIA_TYPE_UNSUPPORTED');
    }
  });

  it('refuses a field it does not know, one of another type, and the lack of one that it needs', async () => {
    let tried = 0;
    for (const one of all.filter(({ key, operation }) => operation.body && !OPEN_BODIES.includes(key))) {
      const sent = bodyOf(one) as Record<string, unknown>;
      for (const [what, body] of damaged(one.operation.body?.schema ?? '', sent)) {
        const answer = await ask(one, { body });
        const said = `${one.key} ${what}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`;
        // A kind that takes nothing says so before it looks.
        if (answer.body.code === 'KIND_CLOSED' || answer.body.code === REFUSED[one.key]) continue;
        assert.equal(answer.status, 400, said);
        assert.ok(errorsOf(one.method, one.operation).get(400)?.includes(answer.body.code), said);
        tried++;
      }
    }
    assert.ok(tried > 40, `${tried} were tried`);
  });
});

/** The body with one thing wrong each. */
function* damaged(name: string, body: Record<string, unknown>): Generator<[string, object]> {
  const schema = document.components.schemas[name];
  for (const field of schema.required ?? []) {
    const { [field]: _, ...rest } = body;
    yield [`without ${field}`, rest];
  }
  for (const field of Object.keys(schema.properties ?? {})) {
    // Nothing of ours is a list of lists.
    yield [`${field} of another type`, { ...body, [field]: [[]] }];
  }
  if (schema.additionalProperties === false) yield ['with an unknown field', { ...body, no_such_field: 1 }];
}

/** One of everything that a path can name. */
async function fill(h: Harness, ids: Record<string, string>): Promise<void> {
  const requester = { service: 'admin', instance_id: 'one' };
  const { command_id } = (await h.send({ requester, payload: { flow: 'asked', params: { text: 'contract' } } })).body;
  const { approvalId } = await h.asked(command_id);
  const cancelled = (await h.send(envelope({ requester, payload: { flow: 'asked', params: { text: 'other' } } }))).body;
  const { id, sha256, size } = await h.files.store(Buffer.from('seen'), 'html', 'text/html');
  const row = { id, command_id, kind: 'html', media_type: 'text/html', sha256, size, created_at: Date.now() };
  await h.host.write([{ into: 'artifacts', row: { ...row, account_id: 'ada' } }]);
  await h.deps.accounts.set({ platform: 'instagram', accountId: 'ada' }, { home: null, loggedIn: null });
  const session = await h.api('POST', '/v1/sessions', { body: { account_id: 'eve', platform: 'instagram' } });
  await h.host.waitFor(`session/${session.body.session_id}`, ({ state }) => state.startsWith('READY'), {
    timeoutMs: 60_000
  });
  const token = await h.tokens.create({ service: 'to-rotate', scopes: ['read:*'] });
  const selectors = await h.api('GET', '/v1/selector_registry?platform=instagram&limit=1');
  const alert = await h.api('POST', '/v1/alerts', { body: examples.AlertRaise });
  Object.assign(ids, {
    alerts: alert.body.alert_id,
    commands: cancelled.command_id,
    approvals: approvalId,
    sessions: session.body.session_id,
    artifacts: id,
    accounts: 'ada',
    tokens: token.tokenId,
    actors: command_id,
    selector: selectors.body.items[0].name
  });
}
