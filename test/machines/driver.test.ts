import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { driverMachine } from '../../machines/driver.ts';
import { cooldownMs, type DriverContext, FAILURE_LIMIT, quarantineMs } from '../../machines/driver-context.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const driver = () => new Rehearsal('driver', driverMachine, { slot: 'slot-1' }, 'slot-1');
const open = (fencing = 7) => ({ type: 'driver.open', sessionId: 's1', fencing, device: 'desktop' });
const told = (d: Rehearsal) => d.toldTo('supervisor/main');
const lastTold = (d: Rehearsal): Record<string, unknown> => d.tells.at(-1)?.event ?? {};

function busy(fencing = 7) {
  const d = driver();
  d.send(open(fencing));
  d.done('preflight', null).done('boot', null).done('open', null).done('configure', null);
  assert.equal(d.state, 'READY.busy');
  return d;
}

function idle() {
  const d = driver();
  d.send({ type: 'driver.boot' });
  d.done('preflight', null).done('boot', null);
  assert.equal(d.state, 'READY.idle');
  return d;
}

/** Walks up the ladder to where it cools down. */
function climb(d: Rehearsal, appiumStays: boolean) {
  d.done('probe', { appium: 'usable', display: 'usable', driver: 'gone', browser: 'running' });
  d.done('deleteSession', false).done('killDriverGroup', null).done('killBrowser', { appiumStays });
  if (!appiumStays) d.done('killAppiumGroup', null);
  return d.done('sweep', { left: [] });
}

describe('a driver slot', () => {
  it('goes from cold to a browser by the states of its contract', () => {
    const d = busy();
    assert.deepEqual(d.path, ['COLD', 'PREFLIGHT', 'BOOTING', 'OPENING', 'CONFIGURING', 'READY.busy']);
    assert.deepEqual(lastTold(d), { type: 'driver.ready', slot: 'slot-1', fencing: 7 });
    assert.deepEqual(d.effect('watch').input, { slot: 'slot-1', fencing: 7 });
  });

  it('boots ahead of any session, warming its driver, and then opens at once', () => {
    const d = driver();
    d.send({ type: 'driver.boot' });
    d.done('preflight', null);
    assert.deepEqual(d.effect('boot').input, { slot: 'slot-1', warm: true, device: 'desktop' });
    d.done('boot', null);
    assert.deepEqual(lastTold(d), { type: 'driver.idle', slot: 'slot-1', warm: true });
    d.send(open());
    assert.equal(d.state, 'OPENING');
  });

  it('closes its browser when asked by the lease that has it, and is free again', () => {
    const d = busy();
    d.send({ type: 'driver.close', fencing: 6, reason: 'old' });
    assert.equal(d.state, 'READY.busy');
    d.send({ type: 'driver.close', fencing: 7, reason: 'done' });
    d.done('close', null);
    assert.equal(d.state, 'READY.idle');
    assert.deepEqual(told(d), ['driver.ready', 'driver.closed', 'driver.idle']);
    assert.equal(d.context.fencing, null);
  });

  it('waits for a browser that was given up while it opened, then closes it', () => {
    const d = driver();
    d.send(open());
    d.done('preflight', null).done('boot', null);
    d.send({ type: 'driver.close', fencing: 7, reason: 'withdrawn' });
    assert.equal(d.state, 'OPENING');
    d.done('open', null);
    assert.equal(d.state, 'READY.closing');
    d.done('close', null);
    assert.deepEqual(told(d), ['driver.closed', 'driver.idle']);
  });

  it('climbs the ladder when its browser is lost, never Appium first, and keeps an Appium that works', () => {
    const d = busy();
    d.broke('watch', { code: 'DRIVER_LOST', message: 'the driver executable has ended' });
    assert.equal(d.state, 'RECOVERING.probe');
    assert.deepEqual(lastTold(d), {
      type: 'driver.failed',
      slot: 'slot-1',
      fencing: 7,
      code: 'DRIVER_LOST',
      why: 'the driver executable has ended',
      state: 'RECOVERING'
    });
    climb(d, true);
    d.advance(500);
    assert.equal(d.state, 'READY.idle');
    assert.deepEqual(
      d.path.filter((state) => state.startsWith('RECOVERING')).map((state) => state.split('.')[1]),
      ['probe', 'deleteSession', 'killDriverGroup', 'killBrowser', 'deciding', 'sweep', 'cooldown', 'recovered']
    );
    assert.deepEqual(lastTold(d), { type: 'driver.idle', slot: 'slot-1', warm: true });
  });

  it('starts from cold when Appium does not work any more', () => {
    const d = busy();
    d.broke('watch', { code: 'DRIVER_LOST', message: 'Appium has ended' });
    climb(d, false).advance(500);
    assert.equal(d.state, 'COLD');
    assert.ok(d.path.includes('RECOVERING.killAppiumGroup'));
    assert.deepEqual(lastTold(d), { type: 'driver.idle', slot: 'slot-1', warm: false });
  });

  it('goes on up the ladder when a rung fails or takes too long', () => {
    const d = busy();
    d.broke('watch', { code: 'DRIVER_LOST' });
    d.broke('probe', { code: 'INTERNAL' });
    assert.equal(d.state, 'RECOVERING.deleteSession');
    d.advance(20_000);
    assert.equal(d.state, 'RECOVERING.killDriverGroup');
    d.advance(20_000);
    d.broke('killBrowser', { code: 'INTERNAL' });
    assert.equal(d.state, 'RECOVERING.killAppiumGroup', 'what is not known to work is ended');
  });

  for (const [state, limitMs, reach] of [
    ['PREFLIGHT', 10_000, (d: Rehearsal) => d],
    ['BOOTING', 90_000, (d: Rehearsal) => d.done('preflight', null)],
    ['OPENING', 70_000, (d: Rehearsal) => d.done('preflight', null).done('boot', null)],
    ['CONFIGURING', 20_000, (d: Rehearsal) => d.done('preflight', null).done('boot', null).done('open', null)]
  ] as const) {
    it(`recovers when ${state} takes too long`, () => {
      const d = driver();
      d.send(open());
      reach(d);
      assert.equal(d.state, state);
      d.advance(limitMs);
      assert.equal(d.state, 'RECOVERING.probe');
      assert.equal(lastTold(d).fencing, 7);
    });
  }

  it('calls a person for what no try of its own can mend, and looks every minute whether it is mended', () => {
    const d = driver();
    d.send(open());
    d.broke('preflight', { code: 'PREREQUISITE_MISSING', message: 'Xvfb is missing; install it' });
    assert.equal(d.state, 'NEEDS_HUMAN.waiting');
    assert.ok(d.types.includes('human.required'));
    assert.equal(lastTold(d).state, 'NEEDS_HUMAN');
    const calls = d.types.filter((type) => type === 'human.required').length;
    d.advance(60_000);
    d.broke('preflight', { code: 'PREREQUISITE_MISSING', message: 'still' });
    assert.equal(d.types.filter((type) => type === 'human.required').length, calls, 'once, not every minute');
    d.send({ type: 'driver.retry' });
    d.done('preflight', null);
    assert.equal(d.state, 'COLD');
    assert.deepEqual(lastTold(d), { type: 'driver.idle', slot: 'slot-1', warm: false });
  });

  it('calls a person when processes do not end', () => {
    const d = busy();
    d.broke('watch', { code: 'DRIVER_LOST' });
    d.done('probe', {}).done('deleteSession', false).done('killDriverGroup', null);
    d.done('killBrowser', { appiumStays: true }).done('sweep', { left: ['42 MiniBrowser'] });
    assert.equal(d.state, 'NEEDS_HUMAN.waiting');
    assert.match(String(lastTold(d).why), /42 MiniBrowser/);
  });

  it('is quarantined after five failures in a minute, tries once, and waits twice as long when that fails', () => {
    const d = idle();
    for (let n = 0; n < FAILURE_LIMIT; n++) {
      d.send(open(n));
      d.broke('open', { code: 'DRIVER_NOT_STARTED', message: 'no' });
      climb(d, true);
      if (n < FAILURE_LIMIT - 1) {
        d.advance(cooldownMs(d.context) + 1);
        assert.equal(d.state, 'READY.idle');
      }
    }
    d.advance(cooldownMs(d.context) + 1);
    assert.equal(d.state, 'QUARANTINED');
    assert.equal(lastTold(d).state, 'QUARANTINED');
    d.advance(60_000);
    assert.equal(d.state, 'COLD');
    d.send({ type: 'driver.boot' });
    d.broke('preflight', { code: 'DRIVER_NOT_STARTED' });
    climb(d, false).advance(30_000);
    assert.equal(d.state, 'QUARANTINED', 'one failure on trial');
    d.advance(60_000);
    assert.equal(d.state, 'QUARANTINED');
    d.advance(60_000);
    assert.equal(d.state, 'COLD');
  });

  it('is trusted again once a browser has worked', () => {
    const d = busy();
    assert.deepEqual([d.context.trial, d.context.quarantines, d.context.consecutive], [false, 0, 0]);
    d.broke('watch', { code: 'DRIVER_LOST' });
    climb(d, true).advance(500);
    d.send(open(8));
    d.done('open', null).done('configure', null);
    assert.equal(d.context.consecutive, 0);
  });

  it('forgets failures older than a minute', () => {
    const d = idle();
    for (let n = 0; n < FAILURE_LIMIT + 2; n++) {
      d.send(open(n));
      d.broke('open', { code: 'DRIVER_NOT_STARTED' });
      climb(d, true).advance(45_000);
      assert.equal(d.state, 'READY.idle');
    }
  });

  it('ends everything when drained, from wherever it is', () => {
    for (const d of [driver(), idle(), busy()]) {
      d.send({ type: 'driver.drain' });
      assert.equal(d.state, 'DRAINING');
      d.done('shutDown', null);
      assert.equal(d.state, 'CLOSED');
      assert.equal(d.record.status, 'done');
      assert.equal(lastTold(d).type, 'driver.drained');
    }
  });

  it('is held for a person and watched meanwhile', () => {
    const d = busy();
    d.send({ type: 'driver.hold' });
    assert.equal(d.state, 'READY.held');
    assert.equal(d.effect('watch').child, 'watch');
    d.send({ type: 'driver.unhold' });
    assert.equal(d.state, 'READY.busy');
  });

  it('has a deadline in every state it waits in for something that may not come', () => {
    const free = ['COLD', 'READY.idle', 'READY.busy']; // nothing is awaited there
    const states: Rehearsal[] = [];
    const d = driver();
    const see = () => {
      if (!free.includes(d.state)) assert.notEqual(d.record.deadlineAt, null, d.state);
      states.push(d);
    };
    d.send(open());
    see();
    for (const effect of ['preflight', 'boot', 'open', 'configure']) {
      d.done(effect, null);
      see();
    }
    d.broke('watch', { code: 'DRIVER_LOST' });
    see();
    d.done('probe', {});
    see();
    d.send({ type: 'driver.drain' });
    see();
    assert.equal(states.length, 8);
  });
});

describe('the wait before the next try', () => {
  const context = (consecutive: number, at = 0) =>
    ({ slot: 'slot-1', consecutive, failures: [at], quarantines: consecutive }) as unknown as DriverContext;

  it('is spread over a ceiling that doubles from half a second to thirty', () => {
    for (const [consecutive, ceiling] of [
      [1, 500],
      [2, 1000],
      [4, 4000],
      [12, 30_000]
    ] as const) {
      const waits = Array.from({ length: 200 }, (_, at) => cooldownMs(context(consecutive, at)));
      assert.ok(Math.max(...waits) <= ceiling && Math.max(...waits) > ceiling * 0.8, `ceiling ${ceiling}`);
      assert.ok(Math.min(...waits) < ceiling * 0.2, `floor under ${ceiling}`);
    }
  });

  it('is a minute of quarantine at first and ten at most', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 9].map((n) => quarantineMs(context(n))),
      [60_000, 120_000, 240_000, 480_000, 600_000, 600_000]
    );
  });
});
