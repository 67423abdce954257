/** Several slots of one process: each its own X server, Appium, driver executable and browser. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { WebDriverSession } from '../../../actors/webdriver/client.ts';
import { noneLeft } from '../../support/processes.ts';
import { browserMissing, eventually, isRecovering, type Stage, stage } from './stage.ts';

/** A site that gives whoever comes without a cookie one of their own, and shows it. */
async function site(t: TestContext): Promise<string> {
  let visitors = 0;
  const server = createServer((request, response) => {
    const known = /visitor=(\d+)/.exec(request.headers.cookie ?? '')?.[1];
    const visitor = known ?? String(++visitors);
    if (known === undefined) response.setHeader('set-cookie', `visitor=${visitor}`);
    response.setHeader('content-type', 'text/html').end(`<!doctype html><title>visitor ${visitor}</title>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Opens it and waits until it is there: a navigation is answered before its page has loaded. */
async function visit(session: WebDriverSession, url: string): Promise<string> {
  await session.navigate(url);
  let title = '';
  await eventually('the page', async () => {
    title = await session.title().catch(() => '');
    return title.startsWith('visitor');
  });
  return title;
}

const slots = (s: Stage, names: string[]) =>
  names.map((slot) => ({
    appium: s.living('appium', slot)[0]?.pid,
    driver: s.living('driver', slot)[0]?.pid,
    browser: s.living('browser', slot)[0]?.pid
  }));

describe('three slots', { skip: browserMissing }, () => {
  it('drive at the same time and know nothing of each other; one that dies leaves the others alone', async (t) => {
    const url = await site(t);
    const s = await stage(t, { slots: 3 });
    const leases = await Promise.all(['a', 'b', 'c'].map((id) => s.open(id)));
    assert.equal(new Set(leases.map(({ slot }) => slot)).size, 3);
    const sessions = leases.map((lease) => s.drivers.pool.get(lease));
    assert.equal(new Set(await Promise.all(sessions.map((session) => visit(session, url)))).size, 3, 'three visitors');
    await Promise.all(
      sessions.map((session, n) => session.executeSync('localStorage.mine = arguments[0]', [`of ${n}`]))
    );
    const kept = await Promise.all(sessions.map((session) => session.executeSync('return localStorage.mine')));
    assert.deepEqual(kept, ['of 0', 'of 1', 'of 2']);

    const [dies, ...others] = leases.map(({ slot }) => slot) as [string, string, string];
    const before = slots(s, others);
    for (const role of ['appium', 'driver', 'browser'] as const) process.kill(s.living(role, dies)[0]!.pid, 'SIGKILL');
    await s.until(`driver/${dies}`, 'recovering', isRecovering);
    // While it recovers the others work.
    assert.equal(await sessions[1]!.executeSync('return localStorage.mine'), 'of 1');
    const lost = leases[0]!.fencing;
    await s.until('session/a', 'ready again', ({ state, context }) => {
      const lease = context.lease as { fencing: number } | null;
      return state === 'READY' && lease !== null && lease.fencing > lost;
    });
    assert.deepEqual(slots(s, others), before);
    assert.equal(await sessions[2]!.executeSync('return localStorage.mine'), 'of 2');
    for (const slot of others) assert.ok(!(await s.path(slot)).some((state) => state.startsWith('RECOVERING')), slot);
    await s.stop();
    await noneLeft(s.dataDir);
  });
});

describe('two slots', { skip: browserMissing }, () => {
  it('serve three sessions, the third when one has nothing to do', async (t) => {
    const url = await site(t);
    const s = await stage(t, { slots: 2 });
    const [first] = await Promise.all(['a', 'b'].map((id) => s.open(id)));
    const before = await visit(s.drivers.pool.get(first!), url);
    const third = await s.open('c');
    assert.notEqual(await visit(s.drivers.pool.get(third), url), before, 'nothing of the one before is left in it');
    const parked = await Promise.all(['a', 'b'].map((id) => s.stateOf(`session/${id}`)));
    assert.equal(parked.filter((state) => state?.startsWith('PARKED')).length, 1, String(parked));
  });
});
