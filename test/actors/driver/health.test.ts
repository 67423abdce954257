import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { DriverLimits } from '../../../actors/driver/limits.ts';
import type { Fault } from '../../../actors/safaridriver/faults.ts';
import { WebDriverClient } from '../../../actors/webdriver/client.ts';
import type { Lease } from '../../../machines/protocol.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { browserMissing, eventually, isIdle, isRecovering, regionOf, type Stage, slotPath, stage } from './stage.ts';

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

  it('is asked of the X server itself, which accepts connections while it hangs', async (t) => {
    const s = await stage(t, { limits: { probeDisplayMs: 1_500, misses: 2, deleteMs: 1_000, graceMs: 500 } });
    const lease = await s.open('a');
    const [display] = s.living('display');
    process.kill(display!.pid, 'SIGSTOP');
    assert.match(await lost(s), /it hangs: its X server gave no answer/);
    await again(s, lease);
    assert.notEqual(s.living('display')[0]?.pid, display!.pid);
    oneOfEach(s);
  });

  it('needs no third look at an X server that has ended', async (t) => {
    const s = await stage(t);
    const lease = await s.open('a');
    process.kill(s.living('display')[0]!.pid, 'SIGKILL');
    assert.match(await lost(s), /its X server has ended/);
    await again(s, lease);
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

describe('a lease', { skip: browserMissing }, () => {
  const outlive = (t: TestContext, leaseTickMs: number) =>
    stage(t, { limits: { newCommandTimeoutMs: 2_000, leaseTickMs, probePageMs: 600_000 } });

  it('is kept by its tick, and outlived without: then it is noticed, and opened again', async (t) => {
    const ticking = await outlive(t, 500);
    const kept = await ticking.open('a');
    const silent = await outlive(t, 600_000);
    const first = await silent.open('a');
    await again(silent, first);
    assert.ok((await silent.path('slot-1')).includes('RECOVERING.probe'));
    // The same time has passed here.
    assert.equal(await ticking.drivers.pool.get(kept).executeSync('return 1'), 1);
    assert.ok(!(await ticking.path('slot-1')).includes('RECOVERING.probe'));
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

  it('is one where two pages in a row did not end loading', async (t) => {
    const s = await stage(t);
    const lease = await s.open('a');
    s.drivers.pool.get(lease).loads.missed = 2;
    // Its session has nothing to do and gives the browser up.
    await s.until('session/a', 'parked', ({ state }) => state.startsWith('PARKED'));
    await s.until('driver/slot-1', 'anew', ({ context }) => context.sessions === 0 && context.upSince !== null);
    await s.until('driver/slot-1', 'idle', isIdle);
    const { rows } = await s.host.journal.readEvents(0, 500, { actor_kinds: ['driver'] });
    assert.ok(rows.some(({ payload }) => payload.why === 'recycled: 2 pages in a row did not end loading'));
  });
});

describe('POST /session given up', { skip: browserMissing }, () => {
  const faulty = async (t: TestContext, limits: Partial<DriverLimits>) => {
    const control = join(await temporaryFolder(t), 'fault.json');
    const s = await stage(t, { limits, environment: { TROUPE_SAFARIDRIVER_CONTROL: control } });
    await s.until('driver/slot-1', 'idle', isIdle);
    return { s, fault: (fault: Fault) => writeFileSync(control, JSON.stringify(fault)) };
  };

  it('is adopted when it lives all the same', async (t) => {
    const { s, fault } = await faulty(t, { newSessionMs: 4_000, adoptMs: 30_000 });
    fault({ id: '1', kind: 'slow', match: 'POST /session$', delayMs: 5_000 });
    const lease = await s.open('a');
    assert.equal(await s.drivers.pool.get(lease).executeSync('return 1'), 1);
    assert.ok(!(await s.path('slot-1')).includes('RECOVERING.probe'), 'there was nothing to recover from');
    oneOfEach(s);
  });

  it('leaves nothing when it never comes', async (t) => {
    const { s, fault } = await faulty(t, { newSessionMs: 4_000, adoptMs: 100, graceMs: 500, deleteMs: 1_000 });
    fault({ id: '1', kind: 'hang', match: 'POST /session$' });
    await s.open('a');
    assert.ok((await s.path('slot-1')).includes('RECOVERING.killDriverGroup'));
    await eventually('one of each', () => s.living('browser').length === 1 && s.living('driver').length === 1);
  });

  it('whose answer was dropped is asked for again, and ends what it left', async (t) => {
    const { s, fault } = await faulty(t, { graceMs: 500, pairedRetryMs: [100] });
    fault({ id: '1', kind: 'drop', match: 'POST /session$' });
    await s.open('a');
    oneOfEach(s);
  });
});
