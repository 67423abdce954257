import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sessionMachine } from '../../machines/session.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const session = (idleLimitMs = 60_000) =>
  new Rehearsal(
    'session',
    sessionMachine,
    {
      sessionId: 's1',
      accountId: 'alice',
      platform: 'example',
      browser: 'safari',
      device: 'desktop',
      idleLimitMs,
      parkLimitMs: 3_600_000
    },
    's1'
  );
const lease = (fencing = 1) => ({ slot: 'slot-1', fencing });
const submit = (commandId: string, priority = 3) => ({ type: 'command.submitted', commandId, priority });

function ready(idleLimitMs?: number) {
  const s = session(idleLimitMs);
  s.send({ type: 'slot.granted', lease: lease() });
  s.send({ type: 'slot.ready', lease: lease() });
  assert.equal(s.state, 'READY');
  return s;
}

function parked() {
  const s = ready();
  s.send({ type: 'slot.wanted' });
  s.send({ type: 'slot.released', lease: lease() });
  assert.equal(s.state, 'PARKED.resting');
  return s;
}

describe('a session', () => {
  it('asks for a browser as soon as it is made, and is ready when that answers', () => {
    const s = ready();
    assert.deepEqual(s.toldTo('supervisor/main'), ['slot.request']);
    assert.deepEqual(s.path, ['CREATED', 'QUEUED', 'STARTING.opening', 'READY']);
  });

  it('lets one command drive at a time, the urgent before the old', () => {
    const s = ready();
    s.send(submit('a'));
    s.send(submit('b'));
    s.send(submit('c', 1));
    const grants = () => s.tells.filter(({ event }) => event.type === 'session.granted').map(({ to }) => to);
    assert.deepEqual(grants(), ['command/a']);
    s.send({ type: 'command.released', commandId: 'a' });
    assert.deepEqual(grants(), ['command/a', 'command/c']);
    s.send({ type: 'command.released', commandId: 'c' });
    s.send({ type: 'command.released', commandId: 'b' });
    assert.deepEqual(grants(), ['command/a', 'command/c', 'command/b']);
    assert.equal(s.state, 'READY');
  });

  it('tells a command that joins the line its place, once, and forgets one that gave up', () => {
    const s = ready();
    for (const [id, priority] of [
      ['a', 3],
      ['b', 3],
      ['c', 1]
    ] as const)
      s.send(submit(id, priority));
    const places = s.tells.filter((t) => t.event.type === 'session.queued').map((t) => [t.to, t.event.position]);
    assert.deepEqual(places, [
      ['command/a', 1],
      ['command/b', 1],
      ['command/c', 1]
    ]);
    s.send({ type: 'command.released', commandId: 'b' });
    assert.deepEqual(s.context.queue, [{ commandId: 'c', priority: 1 }]);
    assert.equal(s.context.current, 'a');
  });

  it('takes no word of another lease', () => {
    const s = ready();
    s.send({ type: 'slot.lost', lease: lease(99), code: 'DRIVER_LOST', why: 'old news' });
    assert.equal(s.state, 'READY');
  });

  it('tells the driving command when its browser dies, and drives it again in another', () => {
    const s = ready();
    s.send(submit('a'));
    s.send({ type: 'slot.lost', lease: lease(), code: 'DRIVER_LOST', why: 'killed' });
    assert.equal(s.state, 'LOST.waiting');
    assert.ok(s.toldTo('command/a').includes('session.lost'));
    s.send({ type: 'slot.granted', lease: lease(2) });
    s.send({ type: 'slot.ready', lease: lease(2) });
    assert.equal(s.state, 'BUSY');
    const grants = s.tells.filter(({ event }) => event.type === 'session.granted').map(({ event }) => event.lease);
    assert.deepEqual(grants, [lease(1), lease(2)]);
  });

  it('asks for a browser again after a restart when it waited for one, or somebody uses it', () => {
    const busy = ready();
    busy.send(submit('a'));
    const held = ready();
    held.send({ type: 'session.takeover' });
    for (const s of [session(), busy, held]) {
      const requests = () => s.toldTo('supervisor/main').filter((type) => type === 'slot.request').length;
      const before = requests();
      s.send({ type: 'host.resumed' });
      assert.equal(requests(), before + 1);
      assert.equal(s.context.lease, null);
    }
  });

  it('gives its browser back after its idle time, not while it works', () => {
    const busy = ready(60_000);
    busy.send(submit('a'));
    busy.advance(120_000);
    assert.equal(busy.state, 'BUSY');
    const idle = ready(60_000).advance(60_000);
    assert.equal(idle.state, 'PARKED.leaving');
    assert.equal(idle.toldTo('supervisor/main').at(-1), 'slot.release');
    idle.send({ type: 'slot.released', lease: lease() });
    assert.equal(idle.state, 'PARKED.resting');
    assert.match(idle.context.why, /no command for 60000 ms/);
    assert.equal(idle.context.lease, null);
  });

  it('closes when it was parked for its park limit', () => {
    const s = parked().advance(3_600_000);
    assert.equal(s.state, 'CLOSED');
    assert.equal(s.context.closeReason, 'idle');
  });

  it('asks for a browser again when a command comes to it parked, and runs it there', () => {
    const s = parked();
    s.send(submit('a'));
    assert.equal(s.state, 'QUEUED');
    assert.equal(s.toldTo('supervisor/main').at(-1), 'slot.request');
    s.send({ type: 'slot.granted', lease: lease(2) });
    s.send({ type: 'slot.ready', lease: lease(2) });
    assert.equal(s.context.current, 'a');
    s.send({ type: 'command.released', commandId: 'a' });
    assert.equal(s.state, 'READY', 'it is not asked to give this one up');
  });

  it('does not ask for a second browser while its first one is still being ended', () => {
    const s = ready();
    s.send({ type: 'slot.wanted' });
    const before = s.toldTo('supervisor/main').length;
    s.send(submit('a'));
    assert.equal(s.state, 'PARKED.leaving');
    assert.equal(s.toldTo('supervisor/main').length, before);
    s.send({ type: 'slot.released', lease: lease() });
    assert.equal(s.state, 'QUEUED');
  });

  it('takes no browser after a restart for nothing', () => {
    const s = ready();
    const before = s.toldTo('supervisor/main').length;
    s.send({ type: 'host.resumed' });
    assert.equal(s.state, 'PARKED.resting');
    assert.equal(s.toldTo('supervisor/main').length, before);
    assert.equal(s.context.lease, null);
  });

  it('rests through a restart when it is parked', () => {
    const leaving = ready();
    leaving.send({ type: 'slot.wanted' });
    leaving.send({ type: 'host.resumed' });
    assert.equal(leaving.state, 'PARKED.resting');
    assert.ok(!parked().accepts.includes('host.resumed'), 'nothing to wake it for');
  });

  it('is closed at once when it is parked, and opens for a person who takes it over', () => {
    const closing = parked();
    closing.send({ type: 'session.close', commandId: 'closer' });
    assert.equal(closing.state, 'CLOSED');
    assert.deepEqual(closing.toldTo('command/closer'), ['session.closed']);
    const taken = parked();
    taken.send({ type: 'session.takeover' });
    taken.send({ type: 'slot.granted', lease: lease(2) });
    taken.send({ type: 'slot.ready', lease: lease(2) });
    assert.equal(taken.state, 'HUMAN_DRIVING.looking');
  });

  it('gives its browser up when others wait and it has nothing to do', () => {
    const s = ready();
    s.send(submit('a'));
    s.send({ type: 'slot.wanted' });
    assert.equal(s.state, 'BUSY', 'not under a command');
    s.send({ type: 'command.released', commandId: 'a' });
    assert.equal(s.state, 'PARKED.leaving');
    assert.match(s.context.why, /others waited/);
  });

  it('finishes what runs before it closes, and refuses what waits', () => {
    const s = ready();
    s.send(submit('a'));
    s.send(submit('b'));
    s.send({ type: 'session.close', commandId: 'closer' });
    assert.equal(s.state, 'BUSY');
    assert.equal(s.toldTo('command/b').at(-1), 'session.refused');
    s.send({ type: 'command.released', commandId: 'a' });
    assert.equal(s.state, 'CLOSING.leaving');
    s.send(submit('late'));
    assert.equal(s.toldTo('command/late').at(-1), 'session.refused');
    s.send({ type: 'slot.released', lease: lease() });
    assert.equal(s.state, 'CLOSED');
    assert.deepEqual(s.toldTo('command/closer'), ['session.closed']);
  });

  it('fails with the reason when no browser can be had, and says so to whoever waits', () => {
    const s = session();
    s.send(submit('a'));
    s.send({ type: 'slot.refused', code: 'QUEUE_FULL', message: '50 sessions wait' });
    assert.equal(s.state, 'FAILED');
    assert.match(s.context.why, /50 sessions wait/);
    assert.equal(s.toldTo('command/a').at(-1), 'session.refused');
  });

  it('is held for a person between commands, and comes back', () => {
    const s = ready();
    s.send(submit('a'));
    s.send({ type: 'session.takeover' });
    s.send(submit('b'));
    s.send({ type: 'command.released', commandId: 'a' });
    assert.equal(s.state, 'HUMAN_DRIVING.looking');
    s.send({ type: 'session.handback' });
    assert.equal(s.state, 'BUSY');
    assert.equal(s.context.current, 'b');
  });

  it('is parked when a person keeps it too long, and goes on in another browser', () => {
    const s = ready();
    s.send({ type: 'session.takeover' });
    s.send(submit('a'));
    s.advance(600_000);
    assert.equal(s.state, 'PARKED.leaving');
    s.send({ type: 'slot.released', lease: lease() });
    assert.equal(s.state, 'QUEUED');
    assert.equal(s.context.held, null);
  });

  it('forgets a takeover that is taken back while its command still runs', () => {
    const s = ready();
    s.send(submit('a'));
    s.send({ type: 'session.takeover' });
    s.send({ type: 'session.handback' });
    s.send({ type: 'command.released', commandId: 'a' });
    assert.equal(s.state, 'READY');
  });

  it('gives up a browser that keeps dying', () => {
    const s = session();
    for (let fencing = 1; fencing <= 5; fencing++) {
      s.send({ type: 'slot.granted', lease: lease(fencing) });
      s.send({ type: 'slot.lost', lease: lease(fencing), code: 'DRIVER_LOST', why: 'again' });
    }
    assert.equal(s.state, 'FAILED');
  });

  it('has a deadline in every state that waits', () => {
    const waiting = [session(), ready(), ready()];
    waiting[2]?.send(submit('a'));
    for (const s of waiting) assert.ok((s.record.deadlineAt ?? 0) > s.now, s.state);
  });
});
