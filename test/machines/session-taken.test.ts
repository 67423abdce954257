import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sessionMachine } from '../../machines/session.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const lease = { slot: 'slot-1', fencing: 1 };
function session() {
  const s = new Rehearsal('session', sessionMachine, {
    sessionId: 's1',
    accountId: null,
    platform: 'x',
    browser: 'safari',
    device: 'desktop',
    idleLimitMs: 600_000,
    parkLimitMs: 86_400_000
  });
  for (const type of ['slot.granted', 'slot.ready']) s.send({ type, lease });
  return s;
}
const taken = { type: 'slot.lost', lease, code: 'BROWSER_TAKEN', why: 'a person took the window' };
const told = (s: Rehearsal) => s.toldTo('supervisor/main');

describe('a session whose window a person took for good', () => {
  it('opens no other over it until they say so', () => {
    const s = session();
    s.send(taken);
    assert.equal(s.state, 'PAUSED_BY_HUMAN');
    assert.match(s.context.why, /a person took its window out of automation/);
    assert.equal(s.context.lease, null);
    assert.equal(told(s).filter((type) => type === 'slot.request').length, 1);
    s.send({ type: 'session.resume' });
    assert.equal(s.state, 'QUEUED');
    assert.equal(told(s).filter((type) => type === 'slot.request').length, 2);
  });

  it('tells the command that drove it, and gives it the next browser', () => {
    const s = session();
    s.send({ type: 'command.submitted', commandId: 'c1', priority: 3 });
    assert.equal(s.state, 'BUSY');
    s.send(taken);
    assert.deepEqual(s.toldTo('command/c1').slice(-1), ['session.lost']);
    s.send({ type: 'session.resume' });
    const next = { slot: 'slot-1', fencing: 2 };
    s.send({ type: 'slot.granted', lease: next });
    s.send({ type: 'slot.ready', lease: next });
    assert.equal(s.state, 'BUSY');
    assert.deepEqual(s.toldTo('command/c1').slice(-1), ['session.granted']);
  });

  it('goes on by itself when nobody says so for ten minutes', () => {
    const s = session();
    s.send({ type: 'command.submitted', commandId: 'c1', priority: 3 });
    s.send(taken);
    s.advance(600_000 + 20_000);
    assert.equal(s.state, 'QUEUED');
  });

  it('is not moved by word of a lease that is over', () => {
    const s = session();
    s.send({ ...taken, lease: { slot: 'slot-1', fencing: 0 } });
    assert.equal(s.state, 'READY');
  });
});

describe('a session that a person drives', () => {
  it('holds its slot meanwhile, and gives it back when told that it has been long enough', () => {
    const s = session();
    s.send({ type: 'session.takeover' });
    assert.equal(told(s).at(-1), 'slot.hold');
    s.send({ type: 'slot.parked', lease, why: 'parked: a person had it for 10 min' });
    assert.equal(s.state, 'PARKED.leaving');
    assert.deepEqual(told(s).slice(-2), ['slot.unhold', 'slot.release']);
    assert.equal(s.context.why, 'parked: a person had it for 10 min');
    s.send({ type: 'slot.released', lease });
    assert.equal(s.state, 'PARKED.resting');
  });
});
