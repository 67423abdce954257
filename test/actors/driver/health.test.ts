import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DriverLimits } from '../../../actors/driver/limits.ts';
import { WebDriverClient } from '../../../actors/webdriver/client.ts';
import type { Lease } from '../../../machines/protocol.ts';
import { browserMissing, isRecovering, regionOf, type Stage, slotPath, stage } from './stage.ts';

/** So quick that a test need not wait, and so slow that a loaded machine is not taken for a hung one. */
const QUICK: Partial<DriverLimits> = { probeDriverMs: 1_500, misses: 2, deleteMs: 1_000, graceMs: 500 };

async function lost(s: Stage): Promise<string> {
  const view = await s.until('driver/slot-1', 'recovering', isRecovering);
  return view.why ?? '';
}
/** The session has another browser than the one that was lost. */
const again = (s: Stage, before: Lease) =>
  s.until('session/a', 'ready again', ({ state, context }) => {
    const lease = context.lease as Lease | null;
    return state === 'READY' && lease !== null && lease.fencing > before.fencing;
  });
const healthOf = async (s: Stage) => {
  const { rows } = await s.host.journal.readEvents(0, 500, { actor_kinds: ['driver'] });
  return slotPath(rows, 'health');
};
/** Every process of the slot is one that is meant to be there. */
const oneOfEach = (s: Stage) => {
  for (const role of ['appium', 'display', 'driver', 'browser'] as const) assert.equal(s.living(role).length, 1, role);
};

describe('the health of a slot with a real browser', { skip: browserMissing }, () => {
  it('is suspect, then hung, when the driver executable hangs while Appium says it is ready', async (t) => {
    const s = await stage(t, { limits: QUICK });
    const lease = await s.open('a');
    const [driver] = s.living('driver');
    process.kill(driver!.pid, 'SIGSTOP');
    await s.until('driver/slot-1', 'suspect', ({ state }) => regionOf(state, 'health') === 'suspect');
    const port = /--port (\d+)/.exec(s.living('appium')[0]?.command ?? '')?.[1];
    const appium = new WebDriverClient(`http://127.0.0.1:${port}`);
    t.after(() => appium.close());
    assert.equal((await appium.status()).ready, true);
    assert.match(await lost(s), /it hangs: its driver executable gave no answer in 1500 ms, 2 of 2 times/);
    await again(s, lease);
    assert.deepEqual(await healthOf(s), ['healthy', 'suspect', 'hung', 'healthy']);
    oneOfEach(s);
  });

  it('measures what the slot holds resident, within what five processes can hold', async (t) => {
    const s = await stage(t, { limits: { leaseTickMs: 200 } });
    await s.open('a');
    const view = await s.until('driver/slot-1', 'measured', ({ context }) => context.bytes !== null);
    t.diagnostic(`${Math.round(Number(view.context.bytes) / 1e6)} MB`);
    assert.ok(Number(view.context.bytes) > 100e6 && Number(view.context.bytes) < 1_500e6, String(view.context.bytes));
  });
});

describe('a slot that is worn', { skip: browserMissing }, () => {
  it('is started anew between two sessions, with the reason in the log', async (t) => {
    const s = await stage(t, { limits: { recycleSessions: 1 } });
    await s.open('a');
    const [appium] = s.living('appium');
    await s.host.send('session/a', { type: 'session.close' });
    await s.until('session/a', 'closed', ({ state }) => state === 'CLOSED');
    await s.open('b');
    assert.notEqual(s.living('appium')[0]?.pid, appium?.pid);
    const path = await s.path('slot-1');
    const from = path.indexOf('READY.closing');
    assert.deepEqual(path.slice(from, from + 5), ['READY.closing', 'READY.idle', 'DRAINING', 'COLD', 'PREFLIGHT']);
    const { rows } = await s.host.journal.readEvents(0, 500, { actor_kinds: ['driver'] });
    const draining = rows.find(({ payload }) => regionOf(payload.to, 'slot') === 'DRAINING');
    assert.equal(draining?.payload.why, 'recycled: 1 sessions since it was booted');
    oneOfEach(s);
  });
});
