import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlotBook } from '../../machines/slot-allocation.ts';
import { supervisorMachine } from '../../machines/supervisor.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const FIRST = 1_000_001;
const supervisor = (input: Record<string, unknown> = {}) =>
  new Rehearsal('supervisor', supervisorMachine, { slots: 1, epoch: 1, ...input }, 'main');
const request = (sessionId: string, device = 'desktop') => ({
  type: 'slot.request',
  sessionId,
  accountId: null,
  platform: 'example',
  browser: 'safari',
  device,
  priority: 3
});
const idle = (slot = 'slot-1', over: Record<string, unknown> = {}) => ({
  type: 'driver.idle',
  slot,
  warm: true,
  ...over
});
const ready = (slot: string, fencing: number) => ({ type: 'driver.ready', slot, fencing });
const book = (s: Rehearsal, slot = 'slot-1'): SlotBook => s.context.slots.find((b: SlotBook) => b.slot === slot);
const last = (s: Rehearsal, to: string): Record<string, unknown> =>
  s.tells.findLast((tell) => tell.to === to)?.event ?? {};
function leased(input: Record<string, unknown> = {}) {
  const s = supervisor(input);
  s.send(idle());
  s.send(request('s1'));
  s.send(ready('slot-1', FIRST));
  return s;
}

describe('a worn slot', () => {
  it('is recycled at once when nobody has it, and nobody gets it meanwhile', () => {
    const s = supervisor();
    s.send(idle());
    s.send({ type: 'driver.worn', slot: 'slot-1', why: 'booted 4 h ago' });
    assert.deepEqual(last(s, 'driver/slot-1'), { type: 'driver.recycle', why: 'booted 4 h ago' });
    s.send(request('s1'));
    assert.deepEqual(s.toldTo('session/s1'), ['slot.queued']);
    s.send(idle('slot-1', { warm: false }));
    assert.equal(last(s, 'driver/slot-1').type, 'driver.open');
  });

  it('is recycled between two sessions, though others wait', () => {
    const s = leased();
    s.send({ type: 'driver.worn', slot: 'slot-1', why: 'too large' });
    s.send({ type: 'driver.worn', slot: 'slot-1', why: 'too large' });
    assert.deepEqual(
      s.toldTo('session/s1').filter((type) => type === 'slot.wanted'),
      ['slot.wanted'],
      'asked once to give it up'
    );
    s.send(request('s2'));
    s.send({ type: 'slot.release', sessionId: 's1', fencing: FIRST, reason: 'parked' });
    s.send({ type: 'driver.closed', slot: 'slot-1', fencing: FIRST });
    s.send(idle('slot-1', { worn: 'too large' }));
    assert.equal(last(s, 'driver/slot-1').type, 'driver.recycle');
    assert.equal(book(s).state, 'recycling');
    s.send(idle('slot-1', { warm: false }));
    assert.equal(book(s).sessionId, 's2');
  });

  it('is only ended when the process drains', () => {
    const s = leased();
    s.send({ type: 'supervisor.drain' });
    s.send({ type: 'driver.closed', slot: 'slot-1', fencing: FIRST });
    s.send(idle('slot-1', { worn: 'too large' }));
    assert.equal(last(s, 'driver/slot-1').type, 'driver.drain');
  });
});

describe('a slot on trial', () => {
  it('is booted without a session first, and serves who waits once it works', () => {
    const s = leased();
    s.send(request('s2'));
    const broken = { type: 'driver.failed', slot: 'slot-1', fencing: FIRST, code: 'DRIVER_LOST', why: 'it ended' };
    s.send({ ...broken, state: 'QUARANTINED' });
    s.send(idle('slot-1', { warm: false, trial: true }));
    assert.equal(last(s, 'driver/slot-1').type, 'driver.boot');
    assert.ok(!s.toldTo('session/s2').includes('slot.granted'));
    s.send(idle('slot-1'));
    assert.equal(last(s, 'session/s2').type, 'slot.granted');
  });
});

describe('a browser that a person has', () => {
  it('is held and given back by its lease alone', () => {
    const s = leased();
    s.send({ type: 'slot.hold', sessionId: 's1', fencing: FIRST - 1 });
    assert.equal(book(s).held, false);
    s.send({ type: 'slot.hold', sessionId: 's1', fencing: FIRST });
    assert.deepEqual(last(s, 'driver/slot-1'), { type: 'driver.hold', fencing: FIRST });
    s.send({ type: 'slot.unhold', sessionId: 's1', fencing: FIRST });
    assert.deepEqual(last(s, 'driver/slot-1'), { type: 'driver.unhold', fencing: FIRST });
    assert.equal(book(s).held, false);
  });

  it('is parked by word to its session', () => {
    const s = leased();
    s.send({ type: 'slot.hold', sessionId: 's1', fencing: FIRST });
    s.send({ type: 'driver.parked', slot: 'slot-1', fencing: FIRST, why: 'parked: 10 min' });
    const lease = { slot: 'slot-1', fencing: FIRST };
    assert.deepEqual(last(s, 'session/s1'), { type: 'slot.parked', lease, why: 'parked: 10 min' });
    s.send({ type: 'slot.release', sessionId: 's1', fencing: FIRST, reason: 'parked' });
    assert.equal(last(s, 'driver/slot-1').type, 'driver.close');
    s.send({ type: 'driver.parked', slot: 'slot-1', fencing: FIRST, why: 'late' });
    assert.notEqual(last(s, 'session/s1').why, 'late');
  });
});

describe('devices', () => {
  it('that are not here are refused by name', () => {
    const s = supervisor({ devices: ['desktop'] });
    s.send(request('s1', 'simulator'));
    const { code, message } = last(s, 'session/s1') as { code: string; message: string };
    assert.equal(code, 'DEVICE_UNAVAILABLE');
    assert.match(message, /no 'simulator' here, only desktop/);
  });

  it('of which there is one are given to one session, while others are given to more', () => {
    const s = supervisor({ slots: 3, exclusive: ['desktop'] });
    s.send(idle('slot-1'));
    s.send(request('d1'));
    s.send(ready('slot-1', FIRST));
    assert.deepEqual(last(s, 'driver/slot-2'), { type: 'driver.boot', bare: true }, 'without the one browser there is');
    s.send(idle('slot-2'));
    s.send(request('d2'));
    assert.deepEqual(last(s, 'session/d2'), { type: 'slot.queued', position: 1 });
    assert.equal(last(s, 'session/d1').type, 'slot.wanted', 'a free slot is no use to who waits');
    s.send(request('p1', 'simulator'));
    assert.equal(last(s, 'session/p1').type, 'slot.granted');
    s.send(ready('slot-2', FIRST + 1));
    s.send(idle('slot-3'));
    s.send({ type: 'slot.release', sessionId: 'd1', fencing: FIRST, reason: 'parked' });
    assert.notEqual(last(s, 'session/d2').type, 'slot.granted', 'it is still open');
    s.send({ type: 'driver.closed', slot: 'slot-1', fencing: FIRST });
    s.send(idle('slot-1'));
    assert.equal(last(s, 'session/d2').type, 'slot.granted');
  });
});

describe('an account', () => {
  const of = (sessionId: string, accountId: string | null) => ({ ...request(sessionId), accountId });

  it('is in one browser at a time, though slots are free', () => {
    const s = supervisor({ slots: 2 });
    s.send(idle('slot-1'));
    s.send(of('old', 'ann'));
    s.send(ready('slot-1', FIRST));
    s.send(idle('slot-2'));
    s.send(of('new', 'ann'));
    assert.deepEqual(last(s, 'session/new'), { type: 'slot.queued', position: 1 });
    assert.equal(last(s, 'session/old').type, 'slot.wanted');
    s.send(of('other', 'bob'));
    assert.equal(last(s, 'session/other').type, 'slot.granted', 'it keeps nobody else waiting');
    s.send(ready('slot-2', FIRST + 1));
    s.send({ type: 'slot.release', sessionId: 'old', fencing: FIRST, reason: 'asked' });
    assert.notEqual(last(s, 'session/new').type, 'slot.granted', 'its browser is still open');
    s.send({ type: 'driver.closed', slot: 'slot-1', fencing: FIRST });
    s.send(idle('slot-1'));
    assert.equal(last(s, 'session/new').type, 'slot.granted');
  });

  it('of another platform, or nobody’s, is another', () => {
    const s = supervisor({ slots: 3 });
    for (const slot of ['slot-1', 'slot-2', 'slot-3']) s.send(idle(slot));
    s.send(of('a', 'ann'));
    s.send(ready('slot-1', FIRST));
    s.send({ ...of('b', 'ann'), platform: 'x' });
    assert.equal(last(s, 'session/b').type, 'slot.granted');
    s.send(ready('slot-2', FIRST + 1));
    s.send(of('c', null));
    assert.equal(last(s, 'session/c').type, 'slot.granted');
  });
});

describe('a drain', () => {
  it('asks who has nothing to do for their browsers, and afterwards refuses whoever asks', () => {
    const s = leased();
    s.send({ type: 'supervisor.drain', within_ms: 5_000 });
    assert.equal(last(s, 'session/s1').type, 'slot.wanted');
    s.advance(4_999);
    assert.equal(s.state, 'RUNNING.draining.waiting');
    s.advance(1);
    assert.equal(last(s, 'session/s1').type, 'slot.lost');
    s.send({ type: 'driver.drained', slot: 'slot-1' });
    assert.equal(s.state, 'STOPPED');
    s.send(request('s2'));
    assert.equal(last(s, 'session/s2').code, 'DRAINING');
    assert.equal(s.record.status, 'active');
  });

  it('of a process that ends refuses nobody and takes nothing away: all goes on when it is started again', () => {
    const s = leased();
    s.send(request('s2'));
    const before = s.tells.length;
    s.send({ type: 'supervisor.drain', leaving: true, within_ms: 3_000 });
    s.send(request('s3'));
    s.advance(3_000);
    s.send({ type: 'driver.drained', slot: 'slot-1' });
    assert.deepEqual(
      s.tells.slice(before).map(({ to, event }) => `${to} ${event.type}`),
      ['driver/slot-1 driver.drain']
    );
    assert.equal(s.state, 'STOPPED');
  });

  it('of an operator is hurried by the end of the process', () => {
    const s = leased();
    s.send({ type: 'supervisor.drain' });
    s.send({ type: 'supervisor.drain', leaving: true, within_ms: 1_000 });
    s.advance(1_000);
    assert.equal(last(s, 'driver/slot-1').type, 'driver.drain');
  });
});
