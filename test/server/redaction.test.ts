/** Secrets go in wherever one can, and are looked for in everything that comes out. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createClient } from '../../client/client.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { Flow } from '../../schemas/generated/contracts.ts';
import { readConfig } from '../../server/config.ts';
import { createLogger } from '../../server/log.ts';
import { startTroupe } from '../../server/start.ts';
import { temporaryFolder, troupe } from './cli/harness.ts';
import { envelope, type Harness, openHarness } from './harness.ts';
import { pathOf, routesOf } from './routes.ts';
import { Stream } from './stream.ts';

const MASK = '•••';
const secret = (what: string) => `${what}-${randomBytes(12).toString('hex')}`;

/** Logs in with what its sender alone may know. */
const signIn: Flow = {
  name: 'sign_in',
  platforms: ['instagram', 'x'],
  approval: 'required',
  params: {
    type: 'object',
    required: ['user', 'password', 'text'],
    additionalProperties: false,
    properties: {
      user: { type: 'string' },
      text: { type: 'string' },
      password: { type: 'string', writeOnly: true, maxLength: 60 },
      more: {
        type: 'object',
        properties: { pin: { type: 'integer', writeOnly: true }, hint: { type: 'string' } }
      },
      answers: { type: 'array', items: { type: 'string', format: 'password' } }
    }
  },
  actions: [
    {
      attempt: 'SIGN_IN',
      effect: 'write',
      reaches: 'nobody',
      steps: [
        { type: 'navigate', url: 'https://x.test/login?hint=$' + '{params.password}' },
        { type: 'change', selectors: ['#password'], value: '$' + '{params.password}' }
      ],
      verify: { as: 'SIGNED_IN', steps: [{ type: 'waitForElement', selectors: ['text/$' + '{params.user}'] }] }
    }
  ]
};

const params = () => ({
  user: 'ada',
  text: 'hello',
  password: secret('Pa ss/wörd'),
  more: { pin: 48_151_623, hint: 'a river' },
  answers: [secret('answer')]
});

/** A secret, and how it looks in an address and in JSON within JSON. */
const formsOf = (value: string) => [
  value,
  encodeURIComponent(value),
  Buffer.from(value).toString('base64').replace(/=+$/, '')
];

function assertNone(text: string, secrets: string[], where: string): void {
  for (const one of secrets.flatMap(formsOf)) {
    const at = text.indexOf(one);
    assert.equal(at, -1, `${where} says ${JSON.stringify(text.slice(Math.max(0, at - 100), at + 100))}`);
  }
}

const open = async (t: Parameters<typeof openHarness>[0]) => {
  const h = await openHarness(t);
  await h.deps.flows.put('sign_in', signIn);
  return h;
};

/** A command with these params that waits for a yes. */
async function asked(h: Harness, given: object) {
  const requester = { service: 'admin', instance_id: '1' };
  const body = envelope({ requester, payload: { flow: 'sign_in', params: given } });
  const { command_id } = (await h.api('POST', '/v1/commands', { body })).body as { command_id: string };
  return { command_id, ...(await h.asked(command_id)) };
}

describe('a param that its flow marks as secret', () => {
  it('is opened for the action alone, and masked in every list, read, event and page', async (t) => {
    const h = await open(t);
    const given = params();
    const secrets = [given.password, String(given.more.pin), ...given.answers];
    const stream = await new Stream(h).send({ type: 'subscribe', cursor: '0' });
    const { command_id, approvalId, sessionId } = await asked(h, given);
    const approval = (await h.api('GET', `/v1/approvals/${approvalId}`)).body;
    const shown = { user: 'ada', text: 'hello', password: MASK, more: { pin: MASK, hint: 'a river' }, answers: [MASK] };
    assert.deepEqual(approval.preview.params, shown);
    assert.deepEqual((await h.api('GET', `/v1/commands/${command_id}`)).body.payload.params, shown);
    // The editor sends back what it was shown: the mask is no new password.
    const edited = { ...shown, text: 'hello again' };
    const allowed = await h.api('POST', `/v1/approvals/${approvalId}`, { body: { decision: 'allow', edited } });
    assert.equal(allowed.status, 200, JSON.stringify(allowed.body));
    assert.deepEqual(allowed.body.edited.params, { text: 'hello again' });
    assert.equal((await h.ended(command_id)).state, 'SUCCEEDED');
    assert.deepEqual(h.executor.attempts.at(-1)?.params, { ...given, text: 'hello again' });
    await stream.until(({ events }) => events.some((e) => e.command_id === command_id && e.payload.to === 'SUCCEEDED'));
    stream.end();
    assertNone(JSON.stringify(stream.frames), secrets, 'the stream');
    assert.ok(!JSON.stringify(stream.frames).includes('sealed.v1'), 'nor is the seal shown');

    const ids: Record<string, string> = {
      commands: command_id,
      sessions: sessionId,
      approvals: approvalId,
      actors: command_id
    };
    for (const { method, pattern } of routesOf(h)) {
      if (method !== 'GET' || pattern === '/v1/stream') continue;
      for (const kind of ['command', 'approval']) {
        const id = kind === 'approval' ? approvalId : command_id;
        const path = pathOf(pattern, (name, of) =>
          name === 'id'
            ? of.startsWith('/v1/actors')
              ? id
              : (ids[of.split('/')[2] ?? ''] ?? 'x')
            : name === 'kind'
              ? kind
              : 'sign_in'
        );
        const answer = await h.api('GET', path);
        const said = Buffer.isBuffer(answer.body) ? answer.body.toString() : JSON.stringify(answer.body);
        assertNone(said, secrets, path);
        assert.ok(!said.includes('sealed.v1'), path);
      }
    }
    assertNone(h.logged.join(''), secrets, 'the log');
  });

  it('is in no failure, whatever quotes it, and in nothing that was found', async (t) => {
    const h = await open(t);
    const given = params();
    h.executor.attempt = async () => {
      throw new ControlError('TEXT_NOT_TAKEN', {
        step: `#${given.password}`,
        expected: given.password,
        actual: given.answers[0] ?? ''
      });
    };
    h.executor.verify = async () => {
      throw new Error(`the page says ${given.password} and ${encodeURIComponent(given.password)}`);
    };
    const { command_id, approvalId } = await asked(h, given);
    await h.api('POST', `/v1/approvals/${approvalId}`, { body: { decision: 'allow' } });
    const ended = await h.ended(command_id);
    assert.equal(ended.state, 'FAILED');
    const all = JSON.stringify([
      ended,
      (await h.host.read(`command/${command_id}`))?.context,
      await h.host.journal.readEvents(0, 500)
    ]);
    assertNone(all, [given.password, ...given.answers], 'the journal');
    assertNone(h.logged.join(''), [given.password, ...given.answers], 'the log');
    assert.match(JSON.stringify(ended), /•••/);
  });

  it('opens in no other command, and not without its key', async (t) => {
    const h = await open(t);
    const { openParams, sealParams } = await import('../../actors/profile/secret-params.ts');
    const given = params();
    const { ring } = h.profiles;
    const sealed = sealParams({ ring }, signIn.params, given, 'one');
    assert.deepEqual(openParams(ring, signIn.params, sealed, 'one').params, given);
    const isSealed = (error: unknown) => error instanceof ControlError && error.code === 'PARAMS_SEALED';
    assert.throws(() => openParams(ring, signIn.params, sealed, 'two'), isSealed);
    const damaged = { ...sealed, password: `${String(sealed.password).slice(0, -4)}AAAA` };
    assert.throws(() => openParams(ring, signIn.params, damaged, 'one'), isSealed);
    assert.notEqual(sealParams({ ring }, signIn.params, given, 'one').password, sealed.password);
    // What only looks sealed, where nothing is secret, is a text like any other.
    assert.equal(openParams(ring, signIn.params, { text: sealed.password }, 'one').params.text, sealed.password);
    const behindRef = {
      $defs: { key: { writeOnly: true } },
      allOf: [{ properties: { key: { $ref: '#/$defs/key' } } }]
    };
    assert.match(String(sealParams({ ring }, behindRef, { key: 'k' }, 'one').key), /^sealed/);
  });
});

describe('an instance that has seen secrets everywhere', () => {
  it('has them in no log line, no file, no answer and no backup', async (t) => {
    const folder = temporaryFolder(t);
    const lines: string[] = [];
    const options = {
      data: join(folder, 'data'),
      driver: 'stub',
      control: '127.0.0.1:0',
      telemetry: '127.0.0.1:0',
      recipes: true
    };
    const config = readConfig({ ...options, log_level: 'debug' }, {});
    const logger = createLogger('debug', { write: (text: string) => lines.push(text) });
    const environment = { TROUPE_OF_SOMEBODY: secret('env') };
    const up = await startTroupe(config, { logger, environment, version: '0.0.0' });
    t.after(() => up.stop());
    const { control: url, telemetry: telemetryUrl } = up.endpoints;
    const { token: admin } = up.adminToken;
    const call = (path: string, init: RequestInit = {}, token = admin) =>
      fetch(url + path, {
        ...init,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...init.headers }
      });

    const put = await call('/v1/flows/sign_in', {
      method: 'PUT',
      body: JSON.stringify({ ...signIn, approval: undefined })
    });
    assert.equal(put.status, 201, await put.text());
    const made = (await (
      await call('/v1/tokens', { method: 'POST', body: JSON.stringify({ service: 's', scopes: ['read:*'] }) })
    ).json()) as { token: string; token_id: string };
    const rotated = (await (
      await call(`/v1/tokens/${made.token_id}/rotate`, { method: 'POST', body: '{"grace_ms":60000}' })
    ).json()) as { token: string };
    const { code } = (await (await call('/v1/sign-in/links', { method: 'POST' })).json()) as { code: string };
    const guess = secret('guess');
    const [query, header, wrongCode, cause] = [secret('query'), secret('header'), secret('code'), secret('cause')];
    await call('/v1/flows', {}, made.token);
    await call('/v1/flows', {}, guess);
    await call(`/v1/flows?access_token=${query}`);
    await call(`/v1/nowhere/${query}?key=${query}`, { headers: { 'x-api-key': header, cookie: `session=${header}` } });
    await call('/v1/sign-in', { method: 'POST', body: JSON.stringify({ code: wrongCode }) });
    await call('/v1/commands', { method: 'POST', body: `{"version":"1.0","password":"${cause}"` });
    await call('/v1/commands', { method: 'POST', body: JSON.stringify({ version: '1.0', password: cause }) });
    logger.error(
      {
        err: Object.assign(new Error('a foreign one'), { token: cause, config: { headers: { authorization: cause } } })
      },
      'x'
    );
    logger.debug({ token: cause, password: cause, req: { headers: { authorization: cause, cookie: cause } } }, 'y');

    const given = params();
    const client = createClient({ url, telemetryUrl, token: admin });
    const { command_id } = await client.run('sign_in', given, { platform: 'x', account_id: 'ada' });
    // Whatever its author says of it, a message to people asks first; whichever it is, its sender's secrets are as safe.
    while ((await client.command(command_id)).completed_at === null) {
      for await (const { approval_id } of client.approvals({ state: 'PENDING' })) await client.approve(approval_id);
    }
    assert.equal((await client.wait(command_id)).state, 'SUCCEEDED');
    let heard = '';
    for await (const event of client.events({ cursor: '0' })) {
      heard += JSON.stringify(event);
      if (event.command_id === command_id && event.payload.to === 'SUCCEEDED') break;
    }
    // What people type and paste by recipes, also what cannot be read, and what stands in a macro of theirs.
    const [pasted, inMacro, misfit] = [secret('pasted'), secret('macro'), secret('misfit')];
    mkdirSync(join(up.dataDir, 'macros'));
    writeFileSync(
      join(up.dataDir, 'macros', 'sign.json'),
      JSON.stringify({ steps: [{ type: 'paste', text: inMacro }] })
    );
    let said = '';
    for (const [command, code] of [
      [{ type: 'paste', text: pasted }, 0],
      [{ type: 'run_macro', name: 'sign' }, 0],
      [{ type: 'paste', text: { [misfit]: misfit } }, 2]
    ] as const) {
      const ran = await troupe(['recipe', 'send', JSON.stringify(command), '--data', up.dataDir]);
      assert.equal(ran.code, code, `${JSON.stringify(command)}: ${ran.out}${ran.err}`);
      said += ran.out + ran.err;
    }
    // The log hears of them later.
    let recipes = '';
    for await (const event of client.events({ cursor: '0', filters: { actor_kinds: ['recipe'] } })) {
      recipes += JSON.stringify(event);
      if (event.type === 'recipe.error') break;
    }
    assert.equal(recipes.split('"recipe.exec"').length, 3, 'the two that could be done come before');

    const copy = join(folder, 'copy');
    assert.equal((await troupe(['backup', copy, '--data', up.dataDir])).code, 0);
    const log = lines.join('');
    const secrets = [
      given.password,
      String(given.more.pin),
      ...given.answers,
      made.token,
      rotated.token,
      code,
      guess,
      query,
      header,
      wrongCode,
      cause,
      pasted,
      inMacro,
      misfit,
      environment.TROUPE_OF_SOMEBODY
    ];
    const scraped = await (await call('/metrics')).text();
    const page = await (await call('/inspector')).text();
    for (const [where, text] of Object.entries({
      'the log': log,
      'the stream': heard,
      'the recipes on the stream': recipes,
      'answers to recipes': said,
      metrics: scraped,
      'the inspector': page
    })) {
      assertNone(text, secrets, where);
    }
    assertNone(log, [admin], 'the log');
    let files = 0;
    for (const root of [up.dataDir, copy]) {
      for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
        const path = join(root, name);
        if (!statSync(path).isFile()) continue;
        files += 1;
        const bytes = readFileSync(path).toString('latin1');
        const hidden = secrets.map((one) => Buffer.from(one).toString('latin1'));
        // A person's own files are as they wrote them.
        const theirs = name.startsWith('macros') ? [inMacro] : [];
        for (const one of [...hidden, ...(name === 'admin.token' ? [] : [admin])]) {
          if (theirs.includes(one)) continue;
          assert.ok(!bytes.includes(one), `${name} holds ${one}`);
        }
      }
    }
    assert.ok(files >= 4, 'the journal and its log were looked through');
  });
});
