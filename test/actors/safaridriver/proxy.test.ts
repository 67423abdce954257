import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { freePort } from '../../../actors/driver/free-port.ts';
import { toSafari, toWebKit } from '../../../actors/safaridriver/capabilities.ts';
import { Faults } from '../../../actors/safaridriver/faults.ts';
import { SafariProxy } from '../../../actors/safaridriver/proxy.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A WebKitWebDriver that answers as `answers` says, or never when it says undefined. */
async function fakeUpstream(t: TestContext, answers: (method: string, url: string) => unknown) {
  let ended = 0;
  const server: Server = createServer((request, response) => {
    const body = answers(request.method!, request.url!);
    if (body === undefined) return;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  return {
    start: async () => ({
      port,
      group: 0,
      ended: new Promise<void>(() => {}),
      ending: false,
      end: async () => {
        ended++;
      },
      endNow: () => {}
    }),
    ended: () => ended
  };
}

async function proxied(t: TestContext, answers: (method: string, url: string) => unknown) {
  const upstream = await fakeUpstream(t, answers);
  const proxy = new SafariProxy({
    startUpstream: upstream.start,
    faults: new Faults(undefined),
    newSessionLimitMs: 200,
    deleteLimitMs: 200
  });
  const port = await freePort();
  await proxy.listen(port);
  t.after(() => proxy.close());
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { connection: 'close' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    });
    return { status: answer.status, value: ((await answer.json()) as { value: Record<string, unknown> }).value };
  };
  return { ask, upstream };
}

const session = { value: { sessionId: 'x', capabilities: { browserName: 'MiniBrowser', platformName: 'linux' } } };

describe('the driver executable', () => {
  it('gives up a new session that is not answered, ends the browser, and takes the next', async (t) => {
    let silent = true;
    const { ask, upstream } = await proxied(t, () => (silent ? undefined : session));
    const { status, value } = await ask('POST', '/session', { capabilities: {} });
    assert.deepEqual([status, value.error], [500, 'session not created']);
    assert.match(String(value.message), /no answer to POST \/session in 200 ms/);
    assert.equal(upstream.ended(), 1);
    silent = false;
    assert.equal((await ask('POST', '/session', { capabilities: {} })).status, 200);
  });

  it('is paired with one session until that is deleted', async (t) => {
    const { ask } = await proxied(t, (method) => (method === 'DELETE' ? { value: null } : session));
    assert.equal((await ask('GET', '/status')).value.ready, true);
    const { value } = await ask('POST', '/session', { capabilities: {} });
    assert.deepEqual(value.capabilities, { browserName: 'Safari', platformName: 'macOS' });
    assert.equal((await ask('GET', '/status')).value.ready, false);
    const second = await ask('POST', '/session', { capabilities: {} });
    assert.equal(second.value.message, 'The Safari instance is already paired with another WebDriver session.');
    await ask('DELETE', '/session/x');
    assert.equal((await ask('POST', '/session', { capabilities: {} })).status, 200);
  });

  it('ends the browser also when it does not answer to DELETE', async (t) => {
    const { ask, upstream } = await proxied(t, (method) => (method === 'DELETE' ? undefined : session));
    await ask('POST', '/session', { capabilities: {} });
    assert.equal((await ask('DELETE', '/session/x')).status, 200);
    assert.equal(upstream.ended(), 1);
  });

  it('knows no session before there is one', async (t) => {
    const { ask } = await proxied(t, () => session);
    assert.equal((await ask('GET', '/session/x/url')).value.error, 'invalid session id');
  });
});

describe('capabilities', () => {
  it('are handed on as far as they are standard, with a browser that can be driven', () => {
    const asked = {
      capabilities: {
        firstMatch: [{}],
        alwaysMatch: {
          browserName: 'Safari',
          platformName: 'mac',
          browserVersion: undefined,
          acceptInsecureCerts: true,
          'safari:automaticInspection': true,
          'webkit:WebRTC': {}
        }
      }
    };
    assert.deepEqual(toWebKit(asked), {
      capabilities: {
        firstMatch: [{}],
        alwaysMatch: { acceptInsecureCerts: true, 'webkitgtk:browserOptions': { args: ['--automation'] } }
      }
    });
  });

  it('of an error are the error', () => {
    const refused = { value: { error: 'session not created', message: '', stacktrace: '' } };
    assert.deepEqual(toSafari(refused), refused);
  });
});

describe('faults on purpose', () => {
  const control = async (t: TestContext, faults: unknown) => {
    const path = join(await temporaryFolder(t), 'faults.json');
    writeFileSync(path, JSON.stringify(faults));
    return path;
  };

  it('are counted on disk, so that the executable after a crash does not meet the same one', async (t) => {
    const path = await control(t, { id: '1', kind: 'crash', match: 'POST .*/click', times: 2 });
    const meets = () => new Faults(path).take('POST', '/session/x/element/y/click')?.kind;
    assert.deepEqual([meets(), meets(), meets()], ['crash', 'crash', undefined]);
    assert.equal(new Faults(path).take('GET', '/session/x/url'), undefined);
    writeFileSync(path, JSON.stringify({ id: '2', kind: 'hang' }));
    assert.equal(meets(), 'hang', 'another id counts anew');
  });

  it('may be several, each in its slot', async (t) => {
    const path = await control(t, [
      { id: 'a', kind: 'slow', slot: 'slot-2' },
      { id: 'b', kind: 'error', match: '/title$' }
    ]);
    assert.equal(new Faults(path, 'slot-1').take('GET', '/session/x/title')?.id, 'b');
    assert.equal(new Faults(path, 'slot-2').take('GET', '/session/x/url')?.id, 'a');
    assert.equal(new Faults(path, 'slot-1').take('GET', '/session/x/url'), undefined);
  });

  it('are none while the file is not there, or half-written', async (t) => {
    assert.equal(new Faults(undefined).take('GET', '/'), undefined);
    const path = await control(t, {});
    writeFileSync(path, '{"id":');
    assert.equal(new Faults(path).take('GET', '/'), undefined);
  });
});
