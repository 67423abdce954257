import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultLimits } from '../../machines/driver-limits.ts';
import { at, busy, climb, driver, health, idle, lastTold, miss, news, open, pathOf, told } from './driver-stage.ts';

const watched = (d: ReturnType<typeof driver>) =>
  d.effect('watch').input as { watched: string; fencing: number | null };

describe('the health of a slot', () => {
  it('is watched as far as there is something up', () => {
    const d = driver();
    assert.equal(watched(d).watched, 'nothing');
    d.send(open());
    d.done('preflight', null);
    assert.equal(watched(d).watched, 'nothing');
    d.done('boot', null);
    assert.equal(watched(d).watched, 'start', 'an X server that dies under POST /session is noticed at once');
    d.done('open', null).done('configure', null);
    assert.deepEqual([watched(d).watched, watched(d).fencing], ['browser', 7]);
    d.send({ type: 'driver.close', fencing: 7, reason: 'done' });
    assert.deepEqual([watched(d).watched, watched(d).fencing], ['start', null]);
    d.done('close', { bytes: null });
    assert.equal(watched(d).watched, 'spare');
  });

  it('is suspect after one miss, and hung after three in a row, which the slot recovers from', () => {
    const d = busy();
    miss(d);
    assert.equal(d.state, 'health.suspect,slot.READY.busy');
    assert.equal(d.context.why, 'its page gave no answer, 1 of 3 times');
    assert.equal(d.rows.at(-1)?.severity, 'warn');
    assert.deepEqual(d.rows.at(-1)?.payload.misses, { page: 1 });
    miss(d);
    assert.equal(health(d), 'suspect');
    miss(d);
    assert.equal(d.state, 'health.hung,slot.RECOVERING.probe');
    assert.equal(lastTold(d).why, 'it hangs: its page gave no answer, 3 of 3 times');
    assert.ok(pathOf(d, 'health').includes('hung'));
    climb(d, true).advance(500);
    assert.equal(d.state, 'health.healthy,slot.READY.idle');
    assert.deepEqual([d.context.misses, d.context.why], [{}, null]);
  });

  it('is healthy again when what was missed answers, and counts each probe for itself', () => {
    const d = busy();
    miss(d, 'page');
    miss(d, 'driver');
    miss(d, 'page');
    assert.deepEqual(d.context.misses, { page: 2, driver: 1 });
    news(d, { kind: 'answered', probe: 'page' });
    assert.equal(health(d), 'suspect', 'the driver has not answered yet');
    miss(d, 'page');
    news(d, { kind: 'answered', probe: 'page' });
    news(d, { kind: 'answered', probe: 'driver' });
    assert.equal(d.state, 'health.healthy,slot.READY.busy');
    assert.equal(d.context.why, null);
  });

  it('is not asked three times about a process that has ended', () => {
    const d = busy();
    d.broke('watch', { code: 'DRIVER_LOST', message: 'Appium has ended' });
    assert.equal(at(d), 'RECOVERING.probe');
    assert.equal(d.context.failures.length, 1);
    assert.equal(d.context.failures[0], d.now, 'a failure has its time');
  });

  it('ends an opening under which the X server died', () => {
    const d = driver();
    d.send(open());
    d.done('preflight', null).done('boot', null);
    d.broke('watch', { code: 'DRIVER_LOST', message: 'its X server has ended' });
    assert.equal(at(d), 'RECOVERING.probe');
    assert.equal(lastTold(d).fencing, 7);
  });

  it('hears nothing of a watch that was over', () => {
    const d = busy();
    const { id } = d.effect('watch');
    d.send({ type: 'driver.close', fencing: 7, reason: 'done' });
    const late = {
      type: 'xstate.error.actor.watch',
      error: { code: 'DRIVER_LOST', message: 'it ended' },
      actorId: 'watch'
    };
    d.send(late, { effect: id });
    assert.equal(at(d), 'READY.closing');
  });

  it('goes on while a person drives, without a word over theirs', () => {
    const d = busy();
    d.send({ type: 'driver.hold', fencing: 7 });
    assert.equal(watched(d).watched, 'browser');
    miss(d);
    assert.equal(d.state, 'health.suspect,slot.READY.held');
    assert.equal(d.context.why, 'a person drives it');
    d.send({ type: 'driver.unhold', fencing: 7 });
    assert.equal(d.context.why, 'its page gave no answer, 1 of 3 times');
  });

  it('ends with the slot', () => {
    const d = busy();
    d.send({ type: 'driver.drain' });
    d.done('shutDown', null);
    assert.equal(d.state, 'health.ended,slot.CLOSED');
    assert.deepEqual([d.record.status, d.running], ['done', []]);
  });
});

describe('a slot held for a person', () => {
  it('is theirs by their lease alone', () => {
    const d = busy();
    d.send({ type: 'driver.hold', fencing: 6 });
    assert.equal(at(d), 'READY.busy');
    d.send({ type: 'driver.hold', fencing: 7 });
    d.send({ type: 'driver.unhold', fencing: 6 });
    assert.equal(at(d), 'READY.held');
    d.send({ type: 'driver.unhold', fencing: 7 });
    assert.equal(at(d), 'READY.busy');
  });

  it('is parked after ten minutes: told, given half a minute to keep what it can, then closed', () => {
    const d = busy();
    d.send({ type: 'driver.hold', fencing: 7 });
    d.advance(599_000);
    assert.equal(at(d), 'READY.held');
    d.advance(1_000);
    assert.equal(at(d), 'READY.parking');
    const why = 'parked: a person had it for 10 min';
    assert.deepEqual(lastTold(d), { type: 'driver.parked', fencing: 7, why, slot: 'slot-1' });
    d.advance(30_000);
    assert.equal(at(d), 'READY.closing');
    d.done('close', { bytes: null });
    assert.deepEqual(told(d).slice(-2), ['driver.closed', 'driver.idle']);
  });
});

describe('a slot that is worn', () => {
  const closes = (d: ReturnType<typeof driver>, fencing: number, bytes: number | null = null) => {
    d.send({ type: 'driver.close', fencing, reason: 'done' });
    return d.done('close', { bytes });
  };
  const opens = (d: ReturnType<typeof driver>, fencing: number) => {
    d.send(open(fencing));
    return d.done('open', null).done('configure', null);
  };

  it('says so after fifty sessions, when it is free, and ends to start anew', () => {
    const d = idle();
    for (let fencing = 1; fencing <= defaultLimits.recycleSessions; fencing++) {
      assert.ok(!('worn' in lastTold(d)), `after ${fencing - 1}`);
      closes(opens(d, fencing), fencing);
    }
    const why = '50 sessions since it was booted';
    assert.deepEqual(lastTold(d), { type: 'driver.idle', slot: 'slot-1', warm: true, worn: why });
    d.send({ type: 'driver.recycle', why });
    assert.equal(at(d), 'DRAINING');
    assert.equal(d.context.why, `recycled: ${why}`);
    assert.equal(d.rows.at(-1)?.payload.why, `recycled: ${why}`);
    d.done('shutDown', null);
    assert.equal(at(d), 'COLD');
    assert.deepEqual(lastTold(d), { type: 'driver.idle', slot: 'slot-1', warm: false });
    assert.deepEqual([d.context.sessions, d.context.upSince, d.context.worn], [0, null, null]);
  });

  it('says so when it is four hours old, in use or not', () => {
    for (const d of [idle(), busy()]) {
      d.advance(4 * 3_600_000 - 1_000);
      assert.notEqual(lastTold(d).type, 'driver.worn');
      d.advance(1_000);
      assert.deepEqual(lastTold(d), { type: 'driver.worn', slot: 'slot-1', why: 'booted 4 h ago' });
    }
  });

  it('says so once when it has grown too large, and stays with its session', () => {
    const d = busy();
    news(d, { kind: 'measured', bytes: 700_000_000 });
    assert.equal(d.context.bytes, 700_000_000);
    assert.notEqual(lastTold(d).type, 'driver.worn');
    news(d, { kind: 'measured', bytes: 1_600_000_000 });
    news(d, { kind: 'measured', bytes: 1_700_000_000 });
    assert.equal(told(d).filter((type) => type === 'driver.worn').length, 1);
    assert.equal(lastTold(d).why, '1600 MB resident, and 1500 are the limit');
    assert.equal(at(d), 'READY.busy');
    closes(d, 7);
    assert.equal(lastTold(d).worn, '1600 MB resident, and 1500 are the limit');
  });

  it('is measured when a session ends, too', () => {
    const d = closes(busy(), 7, 1_500_000_000);
    assert.equal(lastTold(d).worn, '1500 MB resident, and 1500 are the limit');
  });

  it('says why the watch finds it worn', () => {
    const d = busy();
    news(d, { kind: 'worn', why: '2 pages in a row did not end loading' });
    assert.deepEqual(lastTold(d), {
      type: 'driver.worn',
      slot: 'slot-1',
      why: '2 pages in a row did not end loading'
    });
  });

  it('is not recycled while a session has it, and ends for good when drained meanwhile', () => {
    const d = busy();
    assert.equal(d.send({ type: 'driver.recycle', why: 'x' }), false);
    const spare = idle();
    spare.send({ type: 'driver.recycle', why: 'x' });
    spare.send({ type: 'driver.drain' });
    spare.done('shutDown', null);
    assert.equal(at(spare), 'CLOSED');
  });
});

describe('a slot that Safari refuses', () => {
  it('tries by itself whether it is allowed now, quietly', () => {
    const d = idle();
    d.send(open());
    const refused = { code: 'REMOTE_AUTOMATION_OFF', message: 'tick Develop > Allow Remote Automation' };
    d.broke('open', refused);
    assert.equal(at(d), 'NEEDS_HUMAN.waiting');
    const calls = () => d.types.filter((type) => type === 'human.required').length;
    assert.equal(calls(), 1);
    d.advance(60_000);
    d.done('preflight', null);
    assert.equal(at(d), 'NEEDS_HUMAN.trying');
    d.broke('boot', refused);
    assert.deepEqual([at(d), calls()], ['NEEDS_HUMAN.waiting', 1]);
    d.send({ type: 'driver.retry' });
    d.done('preflight', null).done('boot', null);
    assert.equal(at(d), 'READY.idle');
    assert.deepEqual(lastTold(d), { type: 'driver.idle', slot: 'slot-1', warm: true });
  });
});
