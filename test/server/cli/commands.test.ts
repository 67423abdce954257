import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { sharedInstance, temporaryFolder, troupe } from './harness.ts';

const COMMENT = ['comment_on_post', '--platform', 'example', '--param', 'post_url=http://127.0.0.1:9/post/1'];

const shared = sharedInstance();

const run = (...more: string[]) => troupe(['run', ...COMMENT, '--data', shared.data, ...more]);
let texts = 0;
const text = () => `text=hello ${++texts}`;

describe('troupe run', () => {
  it('prints what was accepted, and ends', async () => {
    const { code, json } = await run('--param', text());
    assert.equal(code, 0);
    assert.equal(json.length, 1);
    assert.match(json[0].command_id, /^[0-9a-f-]{36}$/);
    assert.ok(json[0].links.self);
  });

  it('waits with --wait and prints how it ended', async () => {
    const { code, json } = await run('--param', text(), '--wait');
    assert.equal(code, 0);
    assert.equal(json[0].state, 'SUCCEEDED');
    assert.equal(json[0].requester.service, 'admin');
  });

  it('prints every event of the command with --follow, from its birth to its end', async () => {
    const { code, json } = await run('--param', text(), '--follow');
    assert.equal(code, 0);
    const events = json.slice(0, -1).filter((event) => event.payload.actor.kind === 'command');
    assert.equal(events[0].payload.from, null);
    assert.equal(events.at(-1).payload.to, 'SUCCEEDED');
    for (const [i, event] of events.slice(1).entries()) assert.equal(event.payload.from, events[i].payload.to);
    assert.equal(json.at(-1).state, 'SUCCEEDED');
  });

  it('answers the same key with the same command, and follows it though it has long ended', async () => {
    const same = text();
    const first = await run('--param', same, '--idempotency-key', 'k1', '--wait');
    const second = await run('--param', same, '--idempotency-key', 'k1', '--follow');
    assert.equal(second.code, 0);
    assert.equal(second.json.at(-1).command_id, first.json[0].command_id);
  });

  it('is for a person on a terminal', async () => {
    const { out, code } = await troupe(['run', ...COMMENT, '--param', text(), '--data', shared.data, '--follow'], {
      columns: 200,
      env: { NO_COLOR: '1' }
    });
    assert.equal(code, 0);
    assert.match(out, /CREATED → QUEUED/);
    assert.match(out, /^SUCCEEDED {2}[0-9a-f-]{36}$/m);
    assert.match(out, /COMMENT_CREATE +VERIFIED/);
  });

  it('puts the recording of a file, or the flow, and runs it', async (t) => {
    const folder = temporaryFolder(t);
    const file = join(folder, 'say hello.json');
    const title = 'Say hello';
    writeFileSync(file, JSON.stringify({ title, steps: [{ type: 'navigate', url: 'http://127.0.0.1:1/' }] }));
    const at = ['--platform', 'example', '--data', shared.data, '--wait'];
    const ran = await troupe(['run', file, ...at]);
    assert.equal(ran.code, 0, ran.err);
    assert.equal(ran.json[0].payload.flow, 'recorded.say-hello');
    assert.equal(ran.json[0].actions[0].name, 'STEP_01_NAVIGATE');
    const steps = [{ type: 'customStep', name: 'x', parameters: {} }];
    writeFileSync(file, JSON.stringify({ title, steps }));
    const refused = await troupe(['run', file, ...at]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /STEP_UNSUPPORTED: step 1 \(customStep\): 'x' belongs to an extension/);
    writeFileSync(file, '{');
    assert.match((await troupe(['run', file, ...at])).err, /say hello\.json' is not JSON/);
    assert.equal((await troupe(['run', join(folder, 'none.json'), ...at])).code, 2);
    const flow = {
      name: 'own',
      platforms: ['*'],
      actions: [{ attempt: 'A', effect: 'read', steps: [{ type: 'close' }] }]
    };
    writeFileSync(file, JSON.stringify(flow));
    assert.equal((await troupe(['run', file, ...at])).json[0].payload.flow, 'own');
  });

  it('ends with 2 when what was asked for is wrong, and says so', async () => {
    const { code, err } = await troupe(['run', 'nope', '--platform', 'example', '--data', shared.data]);
    assert.equal(code, 2);
    assert.match(err, /FLOW_UNKNOWN: no flow 'nope'; known: .*comment_on_post/);
    assert.equal((await run()).code, 2, 'a parameter is missing');
    assert.equal((await run('--param', text(), '--timeout', 'soon')).code, 2);
    assert.equal((await troupe(['run', 'x', '--data', shared.data])).code, 2, '--platform is required');
  });

  it('ends with 3 when nothing runs on the data directory, or nothing listens at the URL', async (t) => {
    const empty = temporaryFolder(t);
    const nobody = await troupe(['run', ...COMMENT, '--data', empty]);
    assert.equal(nobody.code, 3);
    assert.ok(nobody.err.includes(empty) && nobody.err.includes('troupe start'), nobody.err);
    const nowhere = await troupe([
      'run',
      ...COMMENT,
      '--url',
      `http://127.0.0.1:${await closedPort()}`,
      '--token',
      't'
    ]);
    assert.equal(nowhere.code, 3);
    assert.match(nowhere.err, /nothing listens there/);
  });

  it('ends with 4 when the token may not, and when the command was cancelled', async (t) => {
    const reader = await troupe(['token', 'create', '--service', 'r', '--allow', 'read:*', '--data', shared.data]);
    const refused = await run('--param', text(), '--token', reader.json[0].token);
    assert.equal(refused.code, 4);
    assert.match(refused.err, /FORBIDDEN/);
    const url = await cannedServer(t, (_request, answer) =>
      answer({ state: 'CANCELLED', completed_at: 'now', error: null })
    );
    assert.equal((await runAt(url, '--wait')).code, 4);
  });

  it('ends with 1 when the command failed, and with the reason for a person', async (t) => {
    const error = { code: 'SELECTOR_MISSING', message: 'not there\u001b[2J' };
    const failed = { state: 'FAILED', completed_at: 'now', error, actions: [], command_id: 'c' };
    const url = await cannedServer(t, (_request, answer) => answer(failed));
    assert.equal((await runAt(url, '--wait')).code, 1);
    const { out } = await troupe(['run', ...COMMENT, '--url', url, '--token', 't', '--wait'], { columns: 80 });
    assert.ok(out.includes('SELECTOR_MISSING: not there\\x1b[2J'), out);
  });

  it('ends with 5 when it does not end in time, and leaves the command alone', async (t) => {
    const asked: string[] = [];
    const url = await cannedServer(t, (request) => asked.push(`${request.method} ${request.url}`));
    const { code, err } = await runAt(url, '--wait', '--timeout', '0.3');
    assert.equal(code, 5);
    assert.match(err, /has not ended in 0\.3 s and goes on/);
    assert.deepEqual(asked, ['GET /v1/commands/c?wait=30']);
  });

  it('stops waiting at Ctrl-C', async (t) => {
    const ctrlC = new AbortController();
    const url = await cannedServer(t, () => ctrlC.abort());
    const { code } = await troupe(['run', ...COMMENT, '--url', url, '--token', 't', '--wait'], {
      signal: ctrlC.signal
    });
    assert.equal(code, 130);
  });
});

describe('troupe tail', () => {
  it('replays the whole log in order, and ends where it was asked to', async () => {
    await run('--param', text(), '--wait');
    const { code, json } = await troupe(['tail', '--cursor', '0', '--until', 'caught-up', '--data', shared.data]);
    assert.equal(code, 0);
    const cursors = json.map((event) => Number(event.cursor));
    assert.deepEqual(
      cursors,
      Array.from(cursors, (_, i) => i + 1)
    );
    assert.ok(
      json.every((event) => event.payload.driver === 'stub'),
      'every event says that nothing was driven'
    );
  });

  it('filters at the server', async () => {
    const { command_id } = (await run('--param', text(), '--wait')).json[0];
    const filters = ['--command', command_id, '--kind', 'command', '--type', 'action.verified', 'action.attempted'];
    const { json } = await troupe(['tail', '--cursor', '0', '--until', 'caught-up', ...filters, '--data', shared.data]);
    assert.ok(json.length > 0);
    for (const event of json) {
      assert.equal(event.command_id, command_id);
      assert.match(event.type, /^action\./);
    }
  });

  it('prints what happens from now on, until Ctrl-C', async () => {
    const ctrlC = new AbortController();
    const env = { NO_COLOR: '1' };
    const tail = troupe(['tail', '--kind', 'command', '--data', shared.data], {
      columns: 200,
      env,
      signal: ctrlC.signal,
      onOut: (out) => out.includes('SUCCEEDED') && ctrlC.abort()
    });
    // It only hears what comes after it listens: one more command, until one was heard.
    const more = async () => {
      while (!ctrlC.signal.aborted) await run('--param', text(), '--wait');
    };
    const sent = more();
    const { code, out } = await tail;
    await sent;
    assert.equal(code, 0);
    assert.match(out, /^\d\d:\d\d:\d\d\.\d{3} {2}command /m);
  });

  it('ends with 4 for a token that is none, and with 2 for a filter that is none', async () => {
    assert.equal((await troupe(['tail', '--data', shared.data, '--token', 'none'])).code, 4);
    const wrong = await troupe(['tail', '--data', shared.data, '--severity', 'loud']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /severity/);
  });
});

describe('troupe token', () => {
  it('makes one that works, lists it without its secret, and ends it', async () => {
    const made = (
      await troupe([
        'token',
        'create',
        '--service',
        'orch',
        '--allow',
        'flow.run:*',
        'read:*',
        '--expires',
        '1h',
        '--data',
        shared.data
      ])
    ).json[0];
    const asOrch = () => run('--param', text(), '--wait', '--token', made.token);
    assert.equal((await asOrch()).json[0].requester.service, 'orch');

    const listed = await troupe(['token', 'list', '--data', shared.data]);
    const found = listed.json.find((token) => token.token_id === made.token_id);
    assert.deepEqual(found.scopes, ['flow.run:*', 'read:*']);
    assert.ok(!listed.out.includes(made.token));
    const forPeople = await troupe(['token', 'list', '--data', shared.data], { columns: 200 });
    assert.match(forPeople.out, new RegExp(`${made.token_id} +orch +valid`));

    assert.equal((await troupe(['token', 'revoke', made.token_id, '--data', shared.data])).code, 0);
    assert.equal((await asOrch()).code, 4);
    const after = await troupe(['token', 'list', '--data', shared.data], { columns: 200 });
    assert.match(after.out, new RegExp(`${made.token_id} +orch +revoked`));
  });

  it('rotates one, whose former secret holds for the grace, and binds one to an account', async () => {
    const allow = ['--service', 'orch', '--allow', 'flow.run:*', 'read:*', '--account', 'ada', '--data', shared.data];
    const former = (await troupe(['token', 'create', ...allow])).json[0];
    assert.deepEqual(former.accounts, ['ada']);
    const listed = (token: string) => troupe(['commands', '--account', 'ada', '--token', token, '--data', shared.data]);
    const next = (await troupe(['token', 'rotate', former.token_id, '--grace', '1h', '--data', shared.data])).json[0];
    assert.deepEqual([next.service, next.accounts], ['orch', ['ada']]);
    for (const { token } of [former, next]) assert.equal((await listed(token)).code, 0);
    assert.equal((await troupe(['token', 'rotate', former.token_id, '--data', shared.data])).code, 0);
    assert.equal((await listed(former.token)).code, 4);
    const others = await troupe(['commands', '--account', 'eve', '--token', next.token, '--data', shared.data]);
    assert.equal(others.code, 4);
    assert.match(others.err, /bound to ada/);
    assert.equal((await troupe(['token', 'rotate', next.token_id, '--grace', 'soon', '--data', shared.data])).code, 2);
  });

  it('refuses a scope that is none and a token that is not there', async () => {
    const { code, err } = await troupe([
      'token',
      'create',
      '--service',
      'x',
      '--allow',
      'everything',
      '--data',
      shared.data
    ]);
    assert.equal(code, 2);
    assert.match(err, /everything/);
    assert.equal((await troupe(['token', 'revoke', 'none', '--data', shared.data])).code, 1);
  });

  it('prints the secret alone to stdout for a person, so that it can be captured', async () => {
    const made = await troupe(['token', 'create', '--service', 'p', '--allow', 'read:*', '--data', shared.data], {
      columns: 80
    });
    assert.match(made.out, /^trp_\S+\n$/);
    assert.match(made.err, /revoke/);
  });
});

describe('the command line', () => {
  it('says what there is', async () => {
    const { code, out } = await troupe(['--help']);
    assert.equal(code, 0);
    for (const name of ['start', 'demo', 'run', 'tail', 'token', 'doctor', 'check-upgrade'])
      assert.match(out, new RegExp(`^ {2}${name} `, 'm'));
    assert.match(out, /Exit codes/);
    assert.match((await troupe(['start', '--help'])).out, /--log-level <LEVEL>/);
    assert.match((await troupe(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
  });

  it('ends with 2 for what there is not', async () => {
    for (const argv of [['perform'], ['tail', '--loud'], ['token', 'create'], ['run'], ['start', 'now']]) {
      const { code, err } = await troupe(argv);
      assert.equal(code, 2, argv.join(' '));
      assert.notEqual(err, '');
    }
  });

  it('takes the instance and the token from the environment', async () => {
    const env = { TROUPE_URL: shared.instance.endpoints.control, TROUPE_TOKEN: shared.instance.adminToken.token };
    assert.equal((await troupe(['token', 'list'], { env })).code, 0);
    assert.equal((await troupe(['token', 'list'], { env: { TROUPE_DATA: shared.data } })).code, 0);
  });

  it('refuses an address that is none', async () => {
    assert.equal((await troupe(['token', 'list', '--url', 'localhost:7070', '--token', 't'])).code, 2);
  });
});

const runAt = (url: string, ...more: string[]) => troupe(['run', ...COMMENT, '--url', url, '--token', 't', ...more]);

/** A control plane that accepts every command as `c`; what becomes of it is up to the test. */
async function cannedServer(
  t: TestContext,
  view: (request: IncomingMessage, answer: (body: unknown) => void, response: ServerResponse) => void
): Promise<string> {
  const server = createServer((request, response) => {
    const answer = (body: unknown) => response.end(JSON.stringify(body));
    if (request.url === '/v1/tokens/self') answer({ service: 'canned' });
    else if (request.method === 'POST') answer({ command_id: 'c', state: 'CREATED' });
    else view(request, answer, response);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port nobody listens on: it was taken a moment ago by us. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
