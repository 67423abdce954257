import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { WebDriverClient } from '../../../actors/webdriver/client.ts';
import { ControlError, type ErrorCode } from '../../../schemas/errors.ts';
import { reply, startFakeDriver } from './fake-driver.ts';

async function setUp(t: TestContext) {
  const driver = await startFakeDriver();
  const client = new WebDriverClient(driver.url, { slot: 'slot-1' });
  t.after(async () => {
    client.close();
    await driver.close();
  });
  return { driver, client, session: client.session('abc') };
}

const failsWith =
  (code: ErrorCode, details: Record<string, unknown> = {}) =>
  (error: unknown): true => {
    assert.ok(error instanceof ControlError, String(error));
    assert.equal(error.code, code, error.message);
    for (const [key, value] of Object.entries(details)) {
      assert.deepEqual((error.details as Record<string, unknown>)[key], value, key);
    }
    return true;
  };

describe('a WebDriver client', () => {
  it('opens a session and speaks to it under its id', async (t) => {
    const { driver, client } = await setUp(t);
    driver.answer = (seen, response) =>
      reply(response, 200, seen.path === '/session' ? { sessionId: 's-1', capabilities: { browserName: 'x' } } : 'T');
    const session = await client.newSession({ alwaysMatch: {} }, { requestId: 'attempt#1' });
    assert.equal(session.sessionId, 's-1');
    assert.deepEqual(session.capabilities, { browserName: 'x' });
    assert.equal(await session.title(), 'T');
    assert.deepEqual(
      driver.seen.map(({ method, path }) => `${method} ${path}`),
      ['POST /session', 'GET /session/s-1/title']
    );
    assert.equal(driver.seen[0]!.headers['x-request-id'], 'attempt#1');
  });

  it('says whose attempt it is, and keeps private text out of logs', async (t) => {
    const { driver, session } = await setUp(t);
    await session.executeSync('return 1', [], { requestId: 'command/1#4.0\r\n\u00e9', sensitive: true });
    assert.equal(driver.seen[0]!.headers['x-request-id'], 'command/1#4.0___');
    assert.equal(driver.seen[0]!.headers['x-appium-is-sensitive'], 'true');
    await session.title();
    assert.equal(driver.seen[1]!.headers['x-appium-is-sensitive'], undefined);
  });

  it('reuses its connection', async (t) => {
    const { driver, session } = await setUp(t);
    for (let i = 0; i < 5; i += 1) await session.title();
    assert.equal(new Set(driver.seen.map(({ socket }) => socket)).size, 1);
  });

  it('never sends a click again when a kept connection breaks under it', async (t) => {
    const { driver, session } = await setUp(t);
    await session.title();
    driver.answer = (seen) => seen.socket.destroy();
    await assert.rejects(
      session.command('POST', '/element/e/click'),
      failsWith('DRIVER_LOST', { slot: 'slot-1', sent: true })
    );
    // A second one would be here by now: anything sent on another connection is served before this is answered.
    driver.answer = (_, response) => reply(response, 200, null);
    await session.title();
    assert.deepEqual(
      driver.seen.map(({ path }) => path),
      ['/session/abc/title', '/session/abc/element/e/click', '/session/abc/title']
    );
  });

  it('says that nothing was sent when nobody listens', async (t) => {
    const gone = await startFakeDriver();
    await gone.close();
    const client = new WebDriverClient(gone.url);
    t.after(() => client.close());
    await assert.rejects(client.session('abc').title(), failsWith('DRIVER_LOST', { sent: false }));
  });

  it('has one command in flight, in the order they were asked', async (t) => {
    const { driver, session } = await setUp(t);
    driver.answer = async (_, response) => {
      await turn();
      reply(response, 200, null);
    };
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => session.command('POST', `/${name}`)));
    assert.equal(driver.peak, 1);
    assert.equal(driver.seen.map(({ path }) => path.at(-1)).join(''), 'abcd');
  });

  it('withdraws a command that still waits for its turn', async (t) => {
    const { driver, session } = await setUp(t);
    let release!: () => void;
    driver.answer = (_, response) => {
      release = () => reply(response, 200, null);
    };
    const first = session.command('POST', '/first');
    const abort = new AbortController();
    const second = assert.rejects(
      session.command('POST', '/second', {}, { signal: abort.signal }),
      failsWith('CANCELLED', { reason: 'not any more' })
    );
    const third = assert.rejects(
      session.command('POST', '/third', {}, { timeoutMs: 30 }),
      failsWith('DRIVER_TIMEOUT', { sent: false })
    );
    await driver.asked(1);
    abort.abort('not any more');
    await second;
    await third;
    release();
    await first;
    driver.answer = (_, response) => reply(response, 200, null);
    await session.title();
    assert.deepEqual(
      driver.seen.map(({ path }) => path),
      ['/session/abc/first', '/session/abc/title']
    );
  });

  it('gives up at its deadline and says that the command was sent', async (t) => {
    const { driver, session } = await setUp(t);
    driver.answer = () => {};
    await assert.rejects(
      session.command('POST', '/element/e/click', {}, { timeoutMs: 40 }),
      failsWith('DRIVER_TIMEOUT', { method: 'POST', path: '/element/e/click', sent: true })
    );
  });

  it('waits behind a command its caller gave up, instead of taking the browser for dead', async (t) => {
    const { driver, session } = await setUp(t);
    let finish!: () => void;
    const busy = new Promise<void>((resolve) => {
      finish = resolve;
    });
    driver.answer = async (seen, response) => {
      if (seen.path.endsWith('/url')) return;
      await busy;
      reply(response, 200, 'T');
    };
    const abort = new AbortController();
    const navigation = session.navigate('http://127.0.0.1/', { signal: abort.signal, timeoutMs: 20_000 });
    await driver.asked(1);
    abort.abort();
    await assert.rejects(navigation, failsWith('CANCELLED'));
    const title = session.title({ timeoutMs: 50 });
    await driver.asked(2);
    setTimeout(finish, 200);
    assert.equal(await title, 'T');
  });

  it('has the reason of an abort for its own when that is of the catalogue', async (t) => {
    const { session } = await setUp(t);
    const reason = new ControlError('DEADLINE_EXCEEDED', { deadlineAt: '2026-01-01T00:00:00.000Z' });
    await assert.rejects(session.title({ signal: AbortSignal.abort(reason) }), failsWith('DEADLINE_EXCEEDED'));
  });

  const answers: [string, number, unknown, ErrorCode, Record<string, unknown>][] = [
    ['a session that ended', 404, { error: 'invalid session id', message: '' }, 'DRIVER_LOST', { sent: true }],
    [
      'an executable that died behind Appium',
      500,
      {
        error: 'unknown error',
        message:
          "'POST /url' cannot be proxied to Safari Driver server because the process is not running (probably crashed)"
      },
      'DRIVER_LOST',
      { slot: 'slot-1' }
    ],
    [
      'an executable that hung up on Appium',
      500,
      {
        error: 'unknown error',
        message: 'Could not proxy command to the remote server. Original error: socket hang up'
      },
      'DRIVER_LOST',
      {}
    ],
    [
      'an alert',
      500,
      { error: 'unexpected alert open', message: '', data: { text: 'hey' } },
      'ALERT_OPEN',
      { text: 'hey' }
    ],
    [
      'a page that does not load',
      408,
      { error: 'timeout', message: '' },
      'NAVIGATION_TIMEOUT',
      { url: 'http://127.0.0.1/x' }
    ],
    [
      'a stale element',
      404,
      { error: 'stale element reference', message: '' },
      'DRIVER_ERROR',
      { error: 'stale element reference', status: 404 }
    ],
    ['an answer that is no WebDriver answer', 502, 'gateway', 'DRIVER_ERROR', { status: 502 }]
  ];
  for (const [what, status, value, code, details] of answers) {
    it(`knows ${what} by its error code: ${code}`, async (t) => {
      const { driver, session } = await setUp(t);
      driver.answer = (_, response) => reply(response, status, value);
      await assert.rejects(session.navigate('http://127.0.0.1/x'), failsWith(code, details));
    });
  }

  it('knows a Safari without Remote Automation by its words', async (t) => {
    const { driver, client } = await setUp(t);
    const message = "You must enable the 'Allow Remote Automation' option in Safari's Develop menu";
    driver.answer = (_, response) => reply(response, 500, { error: 'session not created', message });
    await assert.rejects(client.newSession({}), failsWith('REMOTE_AUTOMATION_OFF', { slot: 'slot-1' }));
    driver.answer = (_, response) => reply(response, 500, { error: 'session not created', message: 'no display' });
    await assert.rejects(
      client.newSession({}),
      failsWith('DRIVER_NOT_STARTED', { stage: 'session', reason: 'no display' })
    );
  });
});
