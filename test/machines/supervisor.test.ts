import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlotBook } from '../../machines/slot-allocation.ts';
import { type SupervisorLimits, supervisorMachine } from '../../machines/supervisor.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const EPOCH = 3;
const FIRST = EPOCH * 1_000_000 + 1;

const supervisor = (slots = 1, limits: Partial<SupervisorLimits> = {}) =>
  new Rehearsal('supervisor', supervisorMachine, { slots, epoch: EPOCH, limits }, 'main');
const request = (sessionId: string, priority = 3) => ({
  type: 'slot.request',
  sessionId,
  accountId: null,
  platform: 'example',
  browser: 'safari',
  device: 'desktop',
  priority
});
const idle = (slot = 'slot-1', warm = true) => ({ type: 'driver.idle', slot, warm });
const release = (sessionId: string, fencing: number) => ({ type: 'slot.release', sessionId, fencing, reason: 'done' });
const broken = (fencing: number | null, state = 'RECOVERING', slot = 'slot-1') => ({
  type: 'driver.failed',
  slot,
  fencing,
  state,
  code: 'DRIVER_LOST',
  why: 'it ended'
});
const book = (s: Rehearsal, slot = 'slot-1'): SlotBook => s.context.slots.find((b: SlotBook) => b.slot === slot);
const last = (s: Rehearsal, to: string): Record<string, unknown> =>
  s.tells.findLast((tell) => tell.to === to)?.event ?? {};
/** One slot, leased to `s1`. */
function leased() {
  const s = supervisor();
  s.send(idle());
  s.send(request('s1'));
  s.send({ type: 'driver.ready', slot: 'slot-1', fencing: FIRST });
  assert.equal(book(s).state, 'leased');
  return s;
}

describe('the supervisor', () => {
  it('makes one driver a slot and boots the first', () => {
    const s = supervisor(2);
    assert.deepEqual(
      s.tells.map(({ to, event }) => `${to} ${event.type}`),
      ['driver/slot-1 actor.create', 'driver/slot-2 actor.create', 'driver/slot-1 driver.boot']
    );
  });

  it('gives a free slot with a fencing number of this start, and says when the browser is open', () => {
    const s = leased();
    assert.deepEqual(s.toldTo('session/s1'), ['slot.granted', 'slot.ready']);
    assert.deepEqual(last(s, 'driver/slot-1'), {
      type: 'driver.open',
      sessionId: 's1',
      fencing: FIRST,
      device: 'desktop'
    });
    assert.deepEqual(last(s, 'session/s1'), { type: 'slot.ready', lease: { slot: 'slot-1', fencing: FIRST } });
  });

  it('never gives a number twice', () => {
    const s = leased();
    s.send(release('s1', FIRST));
    s.send({ type: 'driver.closed', slot: 'slot-1', fencing: FIRST });
    s.send(idle());
    s.send(request('s1'));
    assert.equal(book(s).fencing, FIRST + 1);
  });

  it('starts slots strictly one at a time, booting included', () => {
    const s = supervisor(3);
    s.send(request('s1'));
    s.send(request('s2'));
    assert.deepEqual(s.toldTo('driver/slot-2'), ['actor.create'], 'the first is still booting');
    s.send(idle('slot-1'));
    assert.equal(book(s, 'slot-1').sessionId, 's1');
    assert.deepEqual(s.toldTo('driver/slot-2'), ['actor.create'], 'the first is opening');
    s.send({ type: 'driver.ready', slot: 'slot-1', fencing: FIRST });
    assert.equal(book(s, 'slot-2').sessionId, 's2');
    s.send({ type: 'driver.ready', slot: 'slot-2', fencing: FIRST + 1 });
    assert.equal(last(s, 'driver/slot-3').type, 'driver.boot', 'a spare for the next');
  });

  it('serves by priority, then by age, and says each its place', () => {
    const s = leased();
    for (const [id, priority] of [
      ['old', 3],
      ['new', 3],
      ['urgent', 1]
    ] as const) {
      s.send(request(id, priority));
    }
    assert.deepEqual(
      ['urgent', 'old', 'new'].map((id) => last(s, `session/${id}`).position),
      [1, 2, 3]
    );
    const order: string[] = [];
    for (let fencing = FIRST; order.length < 3; fencing++) {
      const { sessionId } = book(s);
      s.send(release(sessionId as string, fencing));
      s.send({ type: 'driver.closed', slot: 'slot-1', fencing });
      s.send(idle());
      order.push(book(s).sessionId as string);
      s.send({ type: 'driver.ready', slot: 'slot-1', fencing: fencing + 1 });
    }
    assert.deepEqual(order, ['urgent', 'old', 'new']);
  });

  it('asks whoever holds a browser to give it up when others wait, once', () => {
    const s = leased();
    s.send(request('s2'));
    s.send(request('s3'));
    assert.equal(s.toldTo('session/s1').filter((type) => type === 'slot.wanted').length, 1);
  });

  it('asks nobody while a slot is about to come free', () => {
    const s = supervisor(2);
    s.send(idle('slot-1'));
    s.send(request('s1'));
    s.send({ type: 'driver.ready', slot: 'slot-1', fencing: FIRST });
    assert.equal(book(s, 'slot-2').state, 'starting');
    s.send(request('s2'));
    assert.ok(!s.toldTo('session/s1').includes('slot.wanted'));
  });

  it('refuses the 51st that waits', () => {
    const s = leased();
    for (let n = 0; n < 50; n++) s.send(request(`w${n}`));
    s.send(request('w49'));
    assert.equal(last(s, 'session/w49').type, 'slot.queued', 'asking again is not another');
    s.send(request('late'));
    assert.equal(last(s, 'session/late').code, 'QUEUE_FULL');
    assert.equal(s.context.waiting.length, 50);
  });

  it('refuses a wait of more than five minutes, counted for each from its own asking', () => {
    const s = leased();
    s.send(request('a'));
    s.advance(200_000);
    s.send(request('b'));
    s.advance(100_000);
    assert.equal(last(s, 'session/a').code, 'QUEUE_TIMEOUT');
    assert.equal(last(s, 'session/b').position, 1);
    s.advance(200_000);
    assert.equal(last(s, 'session/b').code, 'QUEUE_TIMEOUT');
  });

  it('keeps no timer for whoever was served or withdrew', () => {
    const s = leased();
    s.send(request('a'));
    s.send({ type: 'slot.withdraw', sessionId: 'a' });
    assert.equal(s.record.deadlineAt, null);
    assert.deepEqual(s.context.waiting, []);
  });

  it('takes back what it granted to a session that withdrew at the same moment', () => {
    const s = supervisor();
    s.send(idle());
    s.send(request('s1'));
    s.send({ type: 'slot.withdraw', sessionId: 's1' });
    assert.deepEqual(last(s, 'driver/slot-1'), { type: 'driver.close', fencing: FIRST, reason: 'withdrawn' });
    s.send({ type: 'driver.ready', slot: 'slot-1', fencing: FIRST });
    assert.ok(!s.toldTo('session/s1').includes('slot.ready'));
  });

  it('takes back what it granted to a session that has ended', () => {
    const s = supervisor();
    s.send(idle());
    s.send(request('s1'));
    s.send({ type: 'tell.refused', to: 'session/s1', told: 'slot.granted', why: 'it has ended' });
    assert.equal(last(s, 'driver/slot-1').type, 'driver.close');
  });

  it('says at once that a browser is lost, and serves the next when the slot is back', () => {
    const s = leased();
    s.send(request('s2'));
    s.send(broken(FIRST));
    assert.deepEqual(last(s, 'session/s1'), {
      type: 'slot.lost',
      lease: { slot: 'slot-1', fencing: FIRST },
      code: 'DRIVER_LOST',
      why: 'it ended'
    });
    assert.equal(s.context.why, '1 sessions wait for 1 slots; slot-1 is RECOVERING: it ended');
    s.send(idle());
    assert.equal(book(s).sessionId, 's2');
  });

  it('says a granted browser is lost when the slot broke before it heard of the grant', () => {
    const s = supervisor();
    s.send(idle());
    s.send(request('s1'));
    s.send(broken(null));
    assert.equal(last(s, 'session/s1').type, 'slot.lost');
    s.send({ type: 'tell.refused', to: 'driver/slot-1', told: 'driver.open', why: 'RECOVERING' });
    assert.equal(s.toldTo('session/s1').filter((type) => type === 'slot.lost').length, 1);
  });

  it('answers a release once, also when the browser dies while it closes or was lost before', () => {
    const s = leased();
    s.send(release('s1', FIRST));
    s.send(broken(FIRST));
    assert.deepEqual(last(s, 'session/s1'), { type: 'slot.released', lease: { slot: 'slot-1', fencing: FIRST } });
    s.send(release('s1', FIRST));
    assert.equal((last(s, 'session/s1').lease as { fencing: number }).fencing, FIRST);
  });

  it('refuses at once when every slot waits for a person', () => {
    const s = supervisor(2);
    s.send(request('s1'));
    s.send(broken(null, 'NEEDS_HUMAN', 'slot-1'));
    assert.equal(book(s, 'slot-2').sessionId, 's1', 'the other one is tried');
    s.send(broken(FIRST, 'NEEDS_HUMAN', 'slot-2'));
    s.send(request('s2'));
    assert.deepEqual(last(s, 'session/s2'), { type: 'slot.refused', code: 'DRIVER_LOST', message: 'it ended' });
    s.send(idle('slot-2', false));
    assert.equal(last(s, 'driver/slot-2').type, 'driver.boot', 'mended: tried without a session first');
    s.send(idle('slot-2'));
    s.send(request('s3'));
    assert.equal(last(s, 'session/s3').type, 'slot.granted');
  });

  it('lets a session keep what it was just granted when it asks twice, as one does that a crash interrupted', () => {
    const s = supervisor();
    s.send(idle());
    s.send(request('s1'));
    const granted = last(s, 'session/s1');
    s.send(request('s1'));
    assert.equal(book(s).fencing, FIRST);
    assert.equal(last(s, 'driver/slot-1').type, 'driver.open');
    assert.equal(last(s, 'session/s1'), granted);
    s.send({ type: 'driver.ready', slot: 'slot-1', fencing: FIRST });
    assert.deepEqual(last(s, 'session/s1'), { type: 'slot.ready', lease: { slot: 'slot-1', fencing: FIRST } });
  });

  it('takes a slot back from a session that asks anew', () => {
    const s = leased();
    s.send(request('s1'));
    assert.equal(last(s, 'driver/slot-1').type, 'driver.close');
    s.send({ type: 'driver.closed', slot: 'slot-1', fencing: FIRST });
    s.send(idle());
    assert.equal(book(s).fencing, FIRST + 1);
  });

  it('drains: refuses, lets what runs finish, and stops when every driver has ended', () => {
    const s = supervisor(2);
    s.send(idle('slot-1'));
    s.send(request('s1'));
    s.send({ type: 'driver.ready', slot: 'slot-1', fencing: FIRST });
    s.send(idle('slot-2'));
    s.send({ type: 'supervisor.drain' });
    assert.equal(last(s, 'driver/slot-2').type, 'driver.drain');
    assert.equal(last(s, 'driver/slot-1').type, 'driver.open', 'still in use');
    s.send(request('s2'));
    assert.equal(last(s, 'session/s2').code, 'DRAINING');
    s.send({ type: 'driver.drained', slot: 'slot-2' });
    s.send(release('s1', FIRST));
    s.send({ type: 'driver.closed', slot: 'slot-1', fencing: FIRST });
    s.send(idle('slot-1'));
    assert.equal(last(s, 'driver/slot-1').type, 'driver.drain');
    s.send({ type: 'driver.drained', slot: 'slot-1' });
    assert.equal(s.state, 'STOPPED');
  });

  it('ends what still runs two minutes after it was asked to drain', () => {
    const s = leased();
    s.send({ type: 'supervisor.drain' });
    s.advance(120_000);
    assert.equal(last(s, 'session/s1').type, 'slot.lost');
    assert.equal(last(s, 'driver/slot-1').type, 'driver.drain');
    s.advance(60_000);
    assert.equal(s.state, 'STOPPED');
  });
});
