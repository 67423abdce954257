/** Rows of the fault table that are about a session as such: its opening, its lease, its line of commands, its end. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { DriverLimits } from '../../actors/driver/limits.ts';
import { Page } from '../../actors/executor/page.ts';
import { isComplete, putBack } from '../../actors/profile/browser-state.ts';
import { emptyState, type StorageState } from '../../actors/profile/storage-state.ts';
import type { Fault } from '../../actors/safaridriver/faults.ts';
import { WebDriverClient, type WebDriverSession } from '../../actors/webdriver/client.ts';
import type { Lease } from '../../machines/protocol.ts';
import { isControlError } from '../../schemas/errors.ts';
import { browserMissing, eventually, isIdle, isRecovering, type Stage, stage } from '../actors/driver/stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { tell } from './table.ts';

/** A browser that opens late opens later still on a machine that is busy. */
const ADOPT_MS = 20_000;
const QUICK: Partial<DriverLimits> = { deleteMs: 1_000, graceMs: 500, backoffFirstMs: 100, pairedRetryMs: [100] };

/** Every process of the slot is one that is meant to be there. */
const oneOfEach = (s: Stage) =>
  eventually('one of each', () =>
    (['appium', 'display', 'driver', 'browser'] as const).every((role) => s.living(role).length === 1)
  );
const baseUrlOf = (s: Stage) => `http://127.0.0.1:${/--port (\d+)/.exec(s.living('appium')[0]!.command)![1]}`;
const says = async (session: WebDriverSession) => assert.equal(await session.executeSync('return 1 + 1'), 2);
const endedPath = async (s: Stage, from: string) => {
  const path = await s.path('slot-1');
  return path.slice(path.lastIndexOf(from)).join(' › ').replaceAll('RECOVERING.', '');
};

describe('a session', { skip: browserMissing }, () => {
  const undo: (() => unknown)[] = [];
  const context = { after: (fn: () => unknown) => undo.push(fn) } as unknown as TestContext;
  let s: Stage;
  let control: string;
  let planted = 0;
  let opened = 0;
  before(async () => {
    control = join(await temporaryFolder(context), 'fault.json');
    s = await stage(context, {
      limits: { ...QUICK, newSessionMs: 4_000, adoptMs: ADOPT_MS },
      environment: { TROUPE_SAFARIDRIVER_CONTROL: control }
    });
    await s.until('driver/slot-1', 'idle', isIdle);
  });
  after(async () => {
    for (const end of undo.reverse()) await end();
  });
  const plant = (fault: Omit<Fault, 'id'>) => {
    planted += 1;
    writeFileSync(control, JSON.stringify({ id: `fault-${planted}`, ...fault }));
  };
  /** Opens one, and closes it when the test is over. */
  async function open(t: TestContext): Promise<{ id: string; session: WebDriverSession; lease: Lease }> {
    opened += 1;
    const id = `session-${opened}`;
    const lease = await s.open(id);
    t.after(async () => {
      const state = await s.stateOf(`session/${id}`);
      if (state !== 'CLOSED') await s.host.send(`session/${id}`, { type: 'session.close' });
      await s.until(`session/${id}`, 'closed', (view) => view.state === 'CLOSED');
      await s.until('driver/slot-1', 'idle', isIdle);
    });
    return { id, lease, session: s.drivers.pool.get(lease) };
  }

  it('given up while it opened, and that lives all the same, is adopted', async (t) => {
    const before = (await s.path('slot-1')).length;
    plant({ kind: 'slow', match: 'POST /session$', delayMs: 5_000 });
    const began = performance.now();
    const { session } = await open(t);
    await says(session);
    const path = (await s.path('slot-1')).slice(before);
    assert.ok(!path.some((state) => state.startsWith('RECOVERING')), `there was nothing to recover from: ${path}`);
    await oneOfEach(s);
    tell(t, {
      fault: 'our POST /session given up, it lives',
      symptom: 'a session nobody leases',
      path: path.join(' › '),
      bound: 'POST /session 4 s, then 20 s of discovery',
      ms: Math.round(performance.now() - began),
      effects: null,
      end: 'adopted'
    });
  });

  it('given up while it opened, and that never comes, leaves nothing', async (t) => {
    plant({ kind: 'hang', match: 'POST /session$' });
    const began = performance.now();
    const { session } = await open(t);
    await says(session);
    const path = await endedPath(s, 'RECOVERING.probe');
    assert.match(path, /killDriverGroup › killBrowser/);
    await oneOfEach(s);
    tell(t, {
      fault: 'our POST /session given up, driver hangs',
      symptom: 'no session to discover',
      path,
      bound: 'POST /session 4 s, then 20 s of discovery',
      ms: Math.round(performance.now() - began),
      effects: null,
      end: 'opened anew'
    });
  });

  it('whose answer was dropped is asked for again, and what the first left is ended', async (t) => {
    plant({ kind: 'drop', match: 'POST /session$' });
    const began = performance.now();
    const { session } = await open(t);
    await says(session);
    await oneOfEach(s);
    const log = readFileSync(join(s.dataDir, 'logs', 'appium-slot-1.log'), 'utf8');
    const symptom = /socket hang up|ECONNRESET/.exec(log)?.[0];
    assert.ok(symptom, 'Appium was not told of it');
    tell(t, {
      fault: 'answer to POST /session lost',
      symptom,
      path: await endedPath(s, 'OPENING'),
      bound: 'at once',
      ms: Math.round(performance.now() - began),
      effects: null,
      end: 'opened anew'
    });
  });

  it('refuses a second one in the words of Safari, and goes on', async (t) => {
    const { session } = await open(t);
    const answer = await fetch(`${baseUrlOf(s)}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        capabilities: {
          alwaysMatch: { platformName: 'mac', browserName: 'Safari', 'appium:automationName': 'Safari' }
        }
      })
    });
    const { value } = (await answer.json()) as { value: { error: string; message: string } };
    assert.equal(value.error, 'session not created');
    const symptom = /The Safari instance is already paired with another WebDriver session\./.exec(value.message)?.[0];
    assert.ok(symptom, value.message);
    await says(session);
    tell(t, {
      fault: 'second session',
      symptom,
      path: 'stays READY',
      bound: 'at once',
      ms: null,
      effects: null,
      end: 'refused, the first goes on'
    });
  });

  it('answers every command that waits in its line when it is closed', async (t) => {
    const { id, session } = await open(t);
    const limits = { timeoutMs: 5_000 };
    const began = performance.now();
    const line = [
      session.executeAsync('setTimeout(arguments[0], 60000)', [], limits),
      session.title(limits),
      session.windowHandles(limits)
    ];
    const settled = Promise.allSettled(line);
    await s.host.send(`session/${id}`, { type: 'session.close' });
    const all = await settled;
    for (const one of all) {
      assert.equal(one.status, 'rejected');
      assert.ok(isControlError(one.reason), String(one.reason));
    }
    await s.until(`session/${id}`, 'closed', ({ state }) => state === 'CLOSED');
    await s.until('driver/slot-1', 'idle', isIdle);
    await eventually('its browser is gone', () => s.living('browser').length === 0);
    tell(t, {
      fault: 'DELETE with commands queued',
      symptom: [...new Set(all.map((one) => (one.status === 'rejected' ? one.reason.code : '')))].join(', '),
      path: await endedPath(s, 'READY.closing'),
      bound: 'DELETE 1 s, commands 5 s',
      ms: Math.round(performance.now() - began),
      effects: null,
      end: 'CLOSED, each command answered'
    });
  });

  it('is believed about a cookie only when it is read back', async (t) => {
    const site = createServer((_, response) => response.end('<!doctype html><title>here</title>'));
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      site.close();
      site.closeAllConnections();
    });
    const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    const { session } = await open(t);
    const began = performance.now();
    await session.navigate(origin);
    const cookie = (name: string, domain: string) => ({
      name,
      value: 'x',
      domain,
      path: '/',
      secure: false,
      httpOnly: false
    });
    // The fault itself: no error, and no cookie.
    await session.addCookie(cookie('foreign', 'elsewhere.example'));
    assert.deepEqual(await session.cookies(), [], 'it is set: the table is out of date');

    const stored = [cookie('own', '127.0.0.1'), cookie('foreign', 'elsewhere.example')];
    const state: StorageState = {
      ...emptyState(),
      cookies: stored.map((one) => ({ ...one, origin })),
      origins: [{ origin, local: {}, seenAt: Date.now() }]
    };
    const restored = await putBack(new Page(session, new AbortController().signal), state, Date.now);
    assert.deepEqual(restored.cookies, { wanted: 2, restored: 1 });
    assert.equal(isComplete(restored), false);
    await says(session);
    await oneOfEach(s);
    assert.ok(!(await s.path('slot-1')).includes('QUARANTINED'));
    tell(t, {
      fault: 'foreign-domain cookie',
      symptom: '200, and not set',
      path: 'stays READY',
      bound: 'read back at once',
      ms: Math.round(performance.now() - began),
      effects: null,
      end: '1 of 2 restored, and said so'
    });
  });

  it('is never asked with a key that Appium would leave unanswered the second time', async (t) => {
    const { session } = await open(t);
    const log = () => readFileSync(join(s.dataDir, 'logs', 'appium-slot-1.log'), 'utf8');
    const asked = () => log().split(/--> POST \/session\/[^/]+\/execute\/async/).length;
    const ask = (signal: AbortSignal) =>
      fetch(`${baseUrlOf(s)}/session/${session.sessionId}/execute/async`, {
        method: 'POST',
        signal,
        headers: { 'content-type': 'application/json', 'x-idempotency-key': 'one-key' },
        body: JSON.stringify({ script: 'setTimeout(arguments[0], 3000)', args: [] })
      });
    // Aborted once Appium has it: of one that never came it would know nothing.
    const before = asked();
    const first = new AbortController();
    const given = assert.rejects(ask(first.signal), { name: 'AbortError' });
    await eventually('Appium has it', () => asked() > before);
    first.abort();
    await given;
    const again = ask(AbortSignal.timeout(8_000));
    await assert.rejects(again, { name: 'TimeoutError' }, 'Appium answers it: the table is out of date');
    await says(session);

    const keys = await headersOfOurs();
    assert.deepEqual(
      keys.filter((name) => name.includes('idempotency')),
      [],
      'our client sends one'
    );
    tell(t, {
      fault: 'x-idempotency-key sent again after an abort',
      symptom: 'no answer in 8 s',
      path: 'stays READY',
      bound: 'the key is never sent',
      ms: null,
      effects: null,
      end: 'other commands are answered'
    });
  });
});

/** Names of all headers of a command of our client. */
async function headersOfOurs(): Promise<string[]> {
  const names: string[] = [];
  const server = createServer((request, response) => {
    names.push(...Object.keys(request.headers));
    response.end('{"value":"x"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new WebDriverClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await client.session('any').title({ requestId: 'attempt-1' });
    assert.ok(names.includes('x-request-id'), names.join());
    return names;
  } finally {
    client.close();
    server.close();
  }
}

describe('a lease', { skip: browserMissing }, () => {
  const outlive = (t: TestContext, leaseTickMs: number) =>
    stage(t, { limits: { ...QUICK, newCommandTimeoutMs: 2_000, leaseTickMs, probePageMs: 600_000 } });

  it('is kept by its tick, and outlived without: then it is noticed, and opened again', async (t) => {
    const ticking = await outlive(t, 500);
    const kept = await ticking.open('a');
    const silent = await outlive(t, 600_000);
    const first = await silent.open('a');
    const began = performance.now();
    const lost = await silent.until('driver/slot-1', 'recovering', isRecovering);
    await silent.until('session/a', 'ready again', ({ state, context }) => {
      const lease = context.lease as Lease | null;
      return state === 'READY' && lease !== null && lease.fencing > first.fencing;
    });
    // The same time has passed here.
    await says(ticking.drivers.pool.get(kept));
    assert.ok(!(await ticking.path('slot-1')).includes('RECOVERING.probe'));
    tell(t, {
      fault: 'lease outlived',
      symptom: lost.why ?? '',
      path: await endedPath(silent, 'RECOVERING.probe'),
      bound: 'newCommandTimeout 2 s',
      ms: Math.round(performance.now() - began),
      effects: null,
      end: 'opened again; a ticking one is kept'
    });
  });
});
