import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cooldownMs, type DriverContext, quarantineMs } from '../../machines/driver-context.ts';
import { defaultLimits, stateLimits } from '../../machines/driver-limits.ts';
import type { Rehearsal } from '../support/rehearsal.ts';
import { at, busy, climb, driver, idle, lastTold, open, pathOf, told } from './driver-stage.ts';

describe('a driver slot', () => {
  it('goes from cold to a browser by the states of its contract', () => {
    const d = busy();
    assert.deepEqual(pathOf(d), ['COLD', 'PREFLIGHT', 'BOOTING', 'OPENING', 'CONFIGURING', 'READY.busy']);
    assert.deepEqual(lastTold(d), { type: 'driver.ready', slot: 'slot-1', fencing: 7 });
    assert.equal((d.effect('watch').input as { fencing: number }).fencing, 7);
  });

  it('boots ahead of any session, warming its driver, and then opens at once', () => {
    const d = driver();
    d.send({ type: 'driver.boot' });
    d.done('preflight', null);
    assert.deepEqual(d.effect('boot').input, { slot: 'slot-1', warm: true, device: 'desktop' });
    d.done('boot', null);
    assert.deepEqual(lastTold(d), { type: 'driver.idle', slot: 'slot-1', warm: true });
    d.send(open());
    assert.equal(at(d), 'OPENING');
  });

  it('closes its browser when asked by the lease that has it, and is free again', () => {
    const d = busy();
    d.send({ type: 'driver.close', fencing: 6, reason: 'old' });
    assert.equal(at(d), 'READY.busy');
    d.send({ type: 'driver.close', fencing: 7, reason: 'done' });
    d.done('close', { bytes: null });
    assert.equal(at(d), 'READY.idle');
    assert.deepEqual(told(d), ['driver.ready', 'driver.closed', 'driver.idle']);
    assert.equal(d.context.fencing, null);
  });

  it('waits for a browser that was given up while it opened, then closes it', () => {
    const d = driver();
    d.send(open());
    d.done('preflight', null).done('boot', null);
    d.send({ type: 'driver.close', fencing: 7, reason: 'withdrawn' });
    assert.equal(at(d), 'OPENING');
    d.done('open', null);
    assert.equal(at(d), 'READY.closing');
    d.done('close', { bytes: null });
    assert.deepEqual(told(d), ['driver.closed', 'driver.idle']);
  });

  it('climbs the ladder when its browser is lost, never Appium first, and keeps an Appium that works', () => {
    const d = busy();
    d.broke('watch', { code: 'DRIVER_LOST', message: 'the driver executable has ended' });
    assert.equal(at(d), 'RECOVERING.probe');
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
    assert.equal(at(d), 'READY.idle');
    assert.deepEqual(
      pathOf(d)
        .filter((state) => state.startsWith('RECOVERING'))
        .map((state) => state.split('.')[1]),
      ['probe', 'deleteSession', 'killDriverGroup', 'killBrowser', 'deciding', 'sweep', 'cooldown', 'recovered']
    );
    assert.deepEqual(lastTold(d), { type: 'driver.idle', slot: 'slot-1', warm: true });
  });

  it('starts from cold when Appium does not work any more', () => {
    const d = busy();
    d.broke('watch', { code: 'DRIVER_LOST', message: 'Appium has ended' });
    climb(d, false).advance(500);
    assert.equal(at(d), 'COLD');
    assert.ok(pathOf(d).includes('RECOVERING.killAppiumGroup'));
    assert.deepEqual(lastTold(d), { type: 'driver.idle', slot: 'slot-1', warm: false });
  });

  it('goes on up the ladder when a rung fails or takes too long', () => {
    const d = busy();
    d.broke('watch', { code: 'DRIVER_LOST' });
    d.broke('probe', { code: 'INTERNAL' });
    assert.equal(at(d), 'RECOVERING.deleteSession');
    d.advance(20_000);
    assert.equal(at(d), 'RECOVERING.killDriverGroup');
    d.advance(20_000);
    d.broke('killBrowser', { code: 'INTERNAL' });
    assert.equal(at(d), 'RECOVERING.killAppiumGroup', 'what is not known to work is ended');
  });

  for (const [state, limitMs, reach] of [
    ['PREFLIGHT', stateLimits.preflight(), (d: Rehearsal) => d],
    ['BOOTING', stateLimits.boot(defaultLimits), (d: Rehearsal) => d.done('preflight', null)],
    ['OPENING', stateLimits.open(defaultLimits), (d: Rehearsal) => d.done('preflight', null).done('boot', null)],
    [
      'CONFIGURING',
      stateLimits.configure(defaultLimits),
      (d: Rehearsal) => d.done('preflight', null).done('boot', null).done('open', null)
    ]
  ] as const) {
    it(`recovers when ${state} takes too long`, () => {
      const d = driver();
      d.send(open());
      reach(d);
      assert.equal(at(d), state);
      d.advance(limitMs);
      assert.equal(at(d), 'RECOVERING.probe');
      assert.equal(lastTold(d).fencing, 7);
    });
  }

  it('calls a person for what no try of its own can mend, and looks every minute whether it is mended', () => {
    const d = driver();
    d.send(open());
    d.broke('preflight', { code: 'PREREQUISITE_MISSING', message: 'Xvfb is missing; install it' });
    assert.equal(at(d), 'NEEDS_HUMAN.waiting');
    assert.ok(d.types.includes('human.required'));
    assert.equal(lastTold(d).state, 'NEEDS_HUMAN');
    const calls = d.types.filter((type) => type === 'human.required').length;
    d.advance(60_000);
    d.broke('preflight', { code: 'PREREQUISITE_MISSING', message: 'still' });
    assert.equal(d.types.filter((type) => type === 'human.required').length, calls, 'once, not every minute');
    d.send({ type: 'driver.retry' });
    d.done('preflight', null);
    assert.equal(at(d), 'COLD');
    assert.deepEqual(lastTold(d), { type: 'driver.idle', slot: 'slot-1', warm: false });
  });

  it('calls a person when processes do not end', () => {
    const d = busy();
    d.broke('watch', { code: 'DRIVER_LOST' });
    d.done('probe', {}).done('deleteSession', false).done('killDriverGroup', null);
    d.done('killBrowser', { appiumStays: true }).done('sweep', { left: ['42 MiniBrowser'] });
    assert.equal(at(d), 'NEEDS_HUMAN.waiting');
    assert.match(String(lastTold(d).why), /42 MiniBrowser/);
  });

  it('is quarantined after five failures in a minute, tries once, and waits twice as long when that fails', () => {
    const d = idle();
    for (let n = 0; n < defaultLimits.failures; n++) {
      d.send(open(n));
      d.broke('open', { code: 'DRIVER_NOT_STARTED', message: 'no' });
      climb(d, true);
      if (n < defaultLimits.failures - 1) {
        d.advance(cooldownMs(d.context) + 1);
        assert.equal(at(d), 'READY.idle');
      }
    }
    d.advance(cooldownMs(d.context) + 1);
    assert.equal(at(d), 'QUARANTINED');
    assert.equal(lastTold(d).state, 'QUARANTINED');
    d.advance(60_000);
    assert.equal(at(d), 'COLD');
    d.send({ type: 'driver.boot' });
    d.broke('preflight', { code: 'DRIVER_NOT_STARTED' });
    climb(d, false).advance(30_000);
    assert.equal(at(d), 'QUARANTINED', 'one failure on trial');
    d.advance(60_000);
    assert.equal(at(d), 'QUARANTINED');
    d.advance(60_000);
    assert.equal(at(d), 'COLD');
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
    for (let n = 0; n < defaultLimits.failures + 2; n++) {
      d.send(open(n));
      d.broke('open', { code: 'DRIVER_NOT_STARTED' });
      climb(d, true).advance(45_000);
      assert.equal(at(d), 'READY.idle');
    }
  });

  it('ends everything when drained, from wherever it is', () => {
    for (const d of [driver(), idle(), busy()]) {
      d.send({ type: 'driver.drain' });
      assert.equal(at(d), 'DRAINING');
      d.done('shutDown', null);
      assert.equal(at(d), 'CLOSED');
      assert.equal(d.record.status, 'done');
      assert.equal(lastTold(d).type, 'driver.drained');
    }
  });

  it('has a deadline in every state it waits in for something that may not come', () => {
    const free = ['COLD']; // nothing is awaited there
    const states: Rehearsal[] = [];
    const d = driver();
    const see = () => {
      if (!free.includes(at(d))) assert.notEqual(d.record.deadlineAt, null, at(d));
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
    ({
      slot: 'slot-1',
      limits: defaultLimits,
      consecutive,
      failures: [at],
      quarantines: consecutive
    }) as unknown as DriverContext;

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
