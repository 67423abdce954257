import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { documentChanged } from '../../../actors/executor/page.ts';
import type { WebDriverSession } from '../../../actors/webdriver/client.ts';
import type { Lease } from '../../../machines/protocol.ts';
import { isControlError } from '../../../schemas/errors.ts';
import { browserMissing, eventually, isIdle, isRecovering, stage } from './stage.ts';

/** Opens a page and waits until it is there: a navigation is answered before its page has loaded. */
async function shows(session: WebDriverSession, text: string): Promise<void> {
  await session.navigate(`data:text/html,<title>${text}</title><h1>${text}</h1>`);
  await eventually(`the page '${text}'`, async () => {
    try {
      return (await session.title()) === text;
    } catch (error) {
      if (documentChanged(error)) return false; // the page before it was still going
      throw error;
    }
  });
}

describe('a driver slot with a real browser', { skip: browserMissing }, () => {
  it('boots, opens, drives and closes a browser, and leaves nothing behind', async (t) => {
    const s = await stage(t);
    const lease = await s.open('a');
    const session = s.drivers.pool.get(lease);
    await shows(session, 'hello');
    assert.deepEqual(await session.command('GET', '/timeouts'), { implicit: 0, script: 10_000, pageLoad: 30_000 });
    assert.equal(s.living('browser').length, 1);

    await s.host.send('session/a', { type: 'session.close' });
    await s.until('session/a', 'closed', ({ state }) => state === 'CLOSED');
    await s.until('driver/slot-1', 'idle', isIdle);
    assert.equal(s.living('browser').length, 0, 'the browser is gone when its lease is over');
    assert.throws(
      () => s.drivers.pool.get(lease),
      (error) => isControlError(error, 'LEASE_LOST')
    );

    await s.stop();
    assert.deepEqual(s.ledger.living(), []);
    assert.deepEqual(s.ledger.entries(), []);
  });

  it('notices by itself that its browser has ended', async (t) => {
    const s = await stage(t);
    const lost = await s.open('a');
    const browser = s.ledger.living().find(({ command }) => /\/MiniBrowser/.test(command));
    process.kill(browser!.pid, 'SIGKILL');
    await s.until('session/a', 'ready again', ({ state, context }) => isAfter(lost, state, context));
    assert.equal(s.living('browser').length, 1);
  });

  it('notices by itself that its page hangs, though Appium and driver say they are ready', async (t) => {
    const s = await stage(t, { limits: { probePageMs: 500, misses: 2, deleteMs: 1000 } });
    const lost = await s.open('a');
    const page = s.ledger.living().find(({ command }) => /WebKitWebProcess/.test(command));
    process.kill(page!.pid, 'SIGSTOP');
    const view = await s.until('driver/slot-1', 'recovering', isRecovering);
    assert.match(view.why ?? '', /it hangs: its page gave no answer in 500 ms, 2 of 2 times/);
    await s.until('session/a', 'ready again', ({ state, context }) => isAfter(lost, state, context));
    assert.equal(s.living('browser').length, 1);
  });

  it('recovers when whoever drives reports the browser lost', async (t) => {
    const s = await stage(t);
    const lost = await s.open('a');
    s.drivers.pool.reportLoss({ ...lost, fencing: lost.fencing - 1 }, 'an old lease says nothing');
    s.drivers.pool.reportLoss(lost, 'the page died');
    const view = await s.until('driver/slot-1', 'recovering', isRecovering);
    assert.match(view.why ?? '', /the page died/);
    await s.until('session/a', 'ready again', ({ state, context }) => state === 'READY' && context.losses === 0);
  });

  it('starts two slots one after the other', async (t) => {
    const s = await stage(t, { slots: 2 });
    const leases = await Promise.all([s.open('a'), s.open('b')]);
    assert.deepEqual(leases.map(({ slot }) => slot).sort(), ['slot-1', 'slot-2']);
    const sessions = leases.map((lease) => s.drivers.pool.get(lease));
    await Promise.all(sessions.map((session, index) => shows(session, `page ${index}`)));
    assert.deepEqual(await Promise.all(sessions.map((session) => session.title())), ['page 0', 'page 1']);

    const { rows } = await s.host.journal.readEvents(0, 500, { actor_kinds: ['driver'] });
    const starting = new Set<string>();
    for (const { actorId, payload } of rows) {
      if (/slot\.(PREFLIGHT|BOOTING|OPENING|CONFIGURING)/.test(payload.to)) starting.add(actorId);
      else starting.delete(actorId);
      assert.ok(starting.size <= 1, `both were starting: ${payload.to}`);
    }
    await s.stop();
    assert.deepEqual(s.ledger.living(), []);
  });

  it('kills everything without waiting when the process must exit at once', async (t) => {
    const s = await stage(t);
    await s.open('a');
    const before = s.ledger.living();
    assert.ok(before.length >= 5, `Appium, driver, WebKit and X: ${before.length}`);
    await s.host.stop();
    s.drivers.killNow();
    await eventually('every process has ended', () => s.ledger.living().length === 0);
  });
});

const isAfter = (lost: Lease, state: string, context: Record<string, unknown>): boolean =>
  state === 'READY' && (context.lease as Lease).fencing > lost.fencing;
