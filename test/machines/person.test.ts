/** A session and its commands while somebody is needed: nothing runs, everybody says for what, and it goes on after. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandMachine } from '../../machines/command.ts';
import { sessionMachine } from '../../machines/session.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const lease = (fencing = 1) => ({ slot: 'slot-1', fencing });
const picture = { id: 'p', kind: 'screenshot', media_type: 'image/png', sha256: 'f', size: 1 };
const expired = {
  state: 'expired',
  why: "'ann' is no longer logged in",
  failure: { code: 'LOGIN_EXPIRED', message: "'ann' is no longer logged in" },
  artifacts: [picture]
};
const proved = { state: 'proved', why: 'logged in', failure: null, artifacts: [] };
const captcha = {
  code: 'HUMAN_REQUIRED',
  message: 'a person is needed: the site asks for a captcha',
  details: { reason: 'the site asks for a captcha', artifacts: [picture] }
};

const session = (over: Record<string, unknown> = {}) =>
  new Rehearsal('session', sessionMachine, {
    sessionId: 's1',
    accountId: 'ann',
    platform: 'x',
    browser: 'safari',
    device: 'desktop',
    idleLimitMs: 60_000,
    parkLimitMs: 86_400_000,
    keepsProfile: true,
    ...over
  });
/** Its browser has opened. */
function opened(s = session(), fencing = 1) {
  s.send({ type: 'slot.granted', lease: lease(fencing) });
  s.send({ type: 'slot.ready', lease: lease(fencing) });
  return s;
}
const submit = (commandId: string) => ({ type: 'command.submitted', commandId, priority: 3 });
/** BUSY with `a`, which has met a captcha. */
function blocked(over: Record<string, unknown> = {}) {
  const s = opened(session(over));
  if (s.running.includes('restore')) s.done('restore', proved);
  s.send(submit('a'));
  s.send({ type: 'command.blocked', commandId: 'a', failure: captcha });
  return s;
}
const types = (s: Rehearsal) => s.rows.map(({ type }) => type);

describe('a session that keeps the login of its account', () => {
  it('puts it back before anything runs', () => {
    const s = opened();
    s.send(submit('a'));
    assert.equal(s.state, 'STARTING.restoring');
    assert.deepEqual(s.effect('restore').input, { lease: lease(), accountId: 'ann', platform: 'x' });
    assert.ok(!s.toldTo('command/a').includes('session.granted'));
    s.done('restore', { ...proved, state: 'unproved', why: 'nothing says so' });
    assert.equal(s.state, 'BUSY');
    assert.deepEqual(s.context.profile, { state: 'unproved', why: 'nothing says so' });
  });

  it('runs without it when it cannot be put back in time, and says so', () => {
    const late = opened();
    late.advance(60_000);
    assert.equal(late.state, 'READY');
    assert.match(late.context.profile.why, /longer than its limit/);
    const broken = opened();
    broken.broke('restore', { code: 'JOURNAL_UNAVAILABLE', message: 'disk full' });
    assert.equal(broken.state, 'READY');
    assert.match(broken.context.profile.why, /disk full/);
  });

  it('waits for another browser when this one dies meanwhile', () => {
    const s = opened();
    s.broke('restore', { code: 'DRIVER_LOST' });
    assert.equal(s.state, 'STARTING.opening');
    s.send({ type: 'slot.lost', lease: lease(), code: 'DRIVER_LOST', why: 'killed' });
    assert.equal(s.state, 'LOST.waiting');
    opened(s, 2);
    assert.equal(s.state, 'STARTING.restoring');
    assert.deepEqual((s.effect('restore').input as { lease: unknown }).lease, lease(2));
  });

  it('keeps it before its browser goes: parked, closed, or wanted by others', () => {
    const ends: [string, (s: Rehearsal) => void][] = [
      ['PARKED', (s) => s.advance(60_000)],
      ['PARKED', (s) => s.send({ type: 'slot.wanted' })],
      ['CLOSING', (s) => s.send({ type: 'session.close' })]
    ];
    for (const [state, end] of ends) {
      const s = opened().done('restore', proved);
      end(s);
      assert.equal(s.state, `${state}.saving`);
      assert.ok(!s.toldTo('supervisor/main').includes('slot.release'), 'the browser is still there to be read');
      s.done('save', null);
      assert.equal(s.state, `${state}.leaving`);
      assert.equal(s.toldTo('supervisor/main').at(-1), 'slot.release');
    }
    const slow = opened().done('restore', proved);
    slow.send({ type: 'session.close' });
    slow.advance(10_000);
    assert.equal(slow.state, 'CLOSING.leaving', 'a login that cannot be kept keeps nobody');
    const gone = opened().done('restore', proved);
    gone.send({ type: 'session.close' });
    gone.send({ type: 'slot.lost', lease: lease(), code: 'DRIVER_LOST', why: 'killed' });
    assert.equal(gone.state, 'CLOSED');
  });

  it('asks nobody to run when the login has expired: a person is required, once, with a picture', () => {
    const s = session();
    s.send(submit('a'));
    s.send(submit('b'));
    opened(s).done('restore', expired);
    assert.equal(s.state, 'HUMAN_REQUIRED.waiting');
    assert.deepEqual(
      types(s).filter((type) => type === 'human.required'),
      ['human.required']
    );
    const row = s.rows.find(({ type }) => type === 'human.required');
    assert.deepEqual(row?.payload.artifacts, [picture]);
    assert.deepEqual(
      s.writes.map(({ into, row }) => [into, (row as { id: string }).id]),
      [['artifacts', 'p']]
    );
    for (const id of ['a', 'b']) {
      assert.ok(!s.toldTo(`command/${id}`).includes('session.granted'));
      const told = s.tells.filter(({ to }) => to === `command/${id}`).at(-1);
      assert.match(String(told?.event.why), /no longer logged in/);
    }
    assert.ok(s.record.deadlineAt, 'its browser is not held for ever');
  });

  it('looks at what the person left, and believes nothing', () => {
    const s = session();
    s.send(submit('a'));
    opened(s).done('restore', expired);
    s.send({ type: 'session.takeover', by: 'operator' });
    assert.equal(s.state, 'HUMAN_DRIVING.looking');
    assert.equal(s.context.heldBy, 'operator');
    s.send({ type: 'session.handback' });
    assert.equal(s.state, 'STARTING.checking');
    s.done('check', expired);
    assert.equal(s.state, 'HUMAN_REQUIRED.waiting');
    s.send({ type: 'session.takeover', by: 'operator' });
    s.send({ type: 'session.handback' });
    s.done('check', proved);
    assert.equal(s.state, 'BUSY');
    assert.equal(s.context.current, 'a');
    assert.equal(s.context.needs, null);
    assert.equal(types(s).filter((type) => type === 'human.resolved').length, 1);
  });

  it('gives its browser back when nobody comes, keeps the need, and opens again for whoever does', () => {
    const s = session();
    s.send(submit('a'));
    opened(s).done('restore', expired);
    s.advance(600_000);
    assert.equal(s.state, 'PARKED.saving');
    s.done('save', null);
    s.send({ type: 'slot.released', lease: lease() });
    assert.equal(s.state, 'PARKED.resting', 'what waits does not take another browser for nothing');
    assert.match(s.context.why, /nobody has come yet/);
    s.send({ type: 'session.takeover', by: 'operator' });
    assert.equal(s.state, 'QUEUED');
    opened(s, 2).done('restore', expired);
    assert.equal(s.state, 'HUMAN_DRIVING.looking');
    s.send({ type: 'session.handback' });
    s.done('check', proved);
    assert.equal(s.state, 'BUSY');
  });

  it('refuses what waits with the reason when nobody ever comes', () => {
    const s = session();
    s.send(submit('a'));
    opened(s).done('restore', expired);
    s.advance(600_000).done('save', null);
    s.send({ type: 'slot.released', lease: lease() });
    s.advance(86_400_000);
    assert.equal(s.state, 'CLOSED');
    const told = s.tells.filter(({ to }) => to === 'command/a').at(-1)?.event;
    assert.equal(told?.type, 'session.refused');
    assert.equal(told?.code, 'HUMAN_REQUIRED');
  });

  it('remembers over a restart what it needs somebody for', () => {
    const s = blocked();
    s.send({ type: 'host.resumed' });
    assert.equal(s.state, 'PARKED.resting');
    assert.equal(s.context.needs.failure.code, 'HUMAN_REQUIRED');
    s.send({ type: 'session.takeover', by: 'operator' });
    opened(s, 2).done('restore', proved);
    assert.equal(s.state, 'HUMAN_DRIVING.looking');
    s.send({ type: 'session.handback' });
    s.done('check', proved);
    assert.deepEqual(
      s.tells.filter(({ event }) => event.type === 'session.granted').map(({ event }) => event.lease),
      [lease(1), lease(2)]
    );
  });
});

describe('a session whose command met what only a person gets past', () => {
  it('lets nobody drive until it is handed back, then the same command', () => {
    const s = blocked();
    assert.equal(s.state, 'HUMAN_REQUIRED.waiting');
    assert.ok(!types(s).includes('human.required'), 'the command says it');
    s.send(submit('b'));
    const told = s.tells.filter(({ to }) => to === 'command/b').at(-1);
    assert.match(String(told?.event.why), /captcha/);
    s.send({ type: 'session.takeover' });
    s.send({ type: 'session.handback' });
    s.done('check', { ...proved, state: 'unproved' });
    assert.equal(s.state, 'BUSY');
    assert.equal(s.context.current, 'a');
    assert.equal(s.toldTo('command/a').filter((type) => type === 'session.granted').length, 2);
  });

  it('needs no login to be kept for that', () => {
    const s = blocked({ keepsProfile: false });
    s.send({ type: 'session.takeover' });
    s.send({ type: 'session.handback' });
    assert.equal(s.state, 'BUSY');
    assert.ok(types(s).includes('human.resolved'));
  });

  it('goes on with the next when that command is cancelled', () => {
    const s = blocked();
    s.send(submit('b'));
    s.send({ type: 'command.released', commandId: 'a' });
    assert.equal(s.state, 'BUSY');
    assert.equal(s.context.current, 'b');
    const driven = blocked();
    driven.send({ type: 'session.takeover' });
    driven.send({ type: 'command.released', commandId: 'a' });
    assert.equal(driven.state, 'HUMAN_DRIVING.looking', 'nobody takes it from the person');
  });

  it('is parked when its browser dies, and closes at once when it is told to', () => {
    const lost = blocked();
    lost.send({ type: 'slot.lost', lease: lease(), code: 'DRIVER_LOST', why: 'killed' });
    assert.equal(lost.state, 'PARKED.resting');
    lost.send({ type: 'session.close' });
    assert.equal(lost.state, 'CLOSED');
    assert.equal(lost.toldTo('command/a').at(-1), 'session.refused');
    const closing = blocked();
    closing.send({ type: 'session.close' });
    assert.equal(closing.state, 'CLOSING.saving');
    assert.equal(closing.toldTo('command/a').at(-1), 'session.refused');
  });

  it('hears nothing of a command that does not drive', () => {
    const s = opened().done('restore', proved);
    s.send(submit('a'));
    s.send({ type: 'command.blocked', commandId: 'other', failure: captcha });
    assert.equal(s.state, 'BUSY');
  });
});

describe('a person who drives', () => {
  const driven = () => {
    const s = opened().done('restore', proved);
    s.send({ type: 'session.takeover', by: 'operator' });
    return s;
  };
  const input = (more: object) => ({
    type: 'session.input',
    by: 'operator',
    input: { type: 'text', length: 9, ...more }
  });

  it('does one thing at a time, and the log has how much was typed', () => {
    const s = driven();
    assert.ok(s.send(input({})));
    assert.equal(s.state, 'HUMAN_DRIVING.acting');
    assert.deepEqual(s.rows.at(-1)?.payload.input, { type: 'text', length: 9 });
    assert.equal(s.rows.at(-1)?.payload.by, 'operator');
    assert.ok(!s.send(input({})), 'the next waits for its turn');
    s.send({ type: 'session.input_done', code: null });
    assert.ok(s.send(input({})));
    s.advance(30_000);
    assert.equal(s.state, 'HUMAN_DRIVING.looking');
  });

  it('has it for ten minutes whatever they do, then what they left is kept', () => {
    const s = driven();
    for (let minute = 0; minute < 9; minute += 1) {
      s.advance(60_000);
      s.send(input({}));
      s.send({ type: 'session.input_done', code: null });
    }
    s.advance(60_000);
    assert.equal(s.state, 'PARKED.saving');
    assert.ok(!s.send(input({})), 'nobody drives any more');
    assert.ok(s.send({ type: 'session.input_done', code: 'LEASE_LOST' }), 'late word is no mistake');
  });
});

describe('a command that meets a person’s matter', () => {
  const read = { attempt: 'OPEN', effect: 'read', steps: [{ type: 'navigate', url: 'http://x/' }] };
  const write = { attempt: 'LIKE', effect: 'write', steps: [{ type: 'click', selectors: ['button'] }] };
  const command = () => {
    const c = new Rehearsal('command', commandMachine, {
      commandId: 'c1',
      correlationId: 'k1',
      sessionId: 's1',
      createSession: null,
      envelope: {
        version: '1.0',
        requester: { service: 'test', instance_id: '1' },
        target: { account_id: 'ann', platform: 'x' },
        type: 'flow.run',
        payload: { flow: 'f', params: {} }
      },
      flow: { name: 'f', platforms: ['*'], actions: [read, write] },
      approval: null,
      deadlineAt: null,
      allowScript: false
    });
    c.send(granted());
    return c;
  };
  const granted = (fencing = 1) => ({ type: 'session.granted', sessionId: 's1', lease: lease(fencing) });
  const prepared = { dedupeKey: 'd', alreadyDone: false, earlier: null, proofs: [], artifacts: [] };
  const verified = { outcome: 'VERIFIED', why: null, proofs: [], artifacts: [] };
  const opened = () =>
    command().done('prepare', prepared).done('attempt', { witness: 'NONE', proofs: [] }).done('verify', verified);
  const back = { type: 'session.granted', sessionId: 's1', lease: lease(2) };

  it('waits, says what for, and begins anew when it is handed back: every page is looked at again', () => {
    const c = opened().done('prepare', prepared);
    c.broke('attempt', { ...captcha, details: { ...captcha.details, sent: false } });
    assert.equal(c.state, 'RUNNING.PREPARING.person');
    assert.match(c.context.why, /captcha; take session s1 over/);
    assert.ok(c.toldTo('session/s1').includes('command.blocked'));
    assert.ok(c.writes.some(({ into }) => into === 'artifacts'));
    const ledger = c.writes.filter(({ into }) => into === 'ledger').map(({ row }) => (row as { state: string }).state);
    assert.deepEqual(ledger, ['ATTEMPTED', 'VERIFICATION_FAILED'], 'nothing was done');
    c.send({ type: 'session.lost', sessionId: 's1', why: 'restarted' });
    assert.equal(c.state, 'RUNNING.PREPARING.person', 'it is not its browser any more');
    c.send(back);
    assert.equal(c.state, 'RUNNING.PREPARING.looking');
    assert.equal((c.effect('prepare').input as { action: { attempt: string } }).action.attempt, 'OPEN');
    assert.equal(c.rows.filter(({ type }) => type === 'human.resolved').length, 1);
    c.done('prepare', prepared).done('attempt', { witness: 'NONE', proofs: [] }).done('verify', verified);
    c.done('prepare', prepared).done('attempt', { witness: 'DELIVERED', proofs: [] }).done('verify', verified);
    assert.equal(c.state, 'SUCCEEDED');
  });

  it('looks what came of a write that may have been sent, and does not send it again', () => {
    for (const at of ['attempt', 'verify'] as const) {
      const c = opened().done('prepare', prepared);
      if (at === 'verify') c.done('attempt', { witness: 'DELIVERED', proofs: [] });
      c.broke(at, captcha);
      assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.person', at);
      c.send(back);
      assert.deepEqual(c.running, ['reconcile']);
      c.broke('reconcile', captcha);
      assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.person', 'asked again');
      c.send(back);
      c.done('reconcile', verified);
      assert.equal(c.state, 'SUCCEEDED');
      assert.equal(c.context.actions.find(({ name }: { name: string }) => name === 'LIKE').attempts, 1);
    }
  });

  it('whose write was sent and is not there, for all anybody knows, is UNKNOWN and a person’s', () => {
    const c = opened().done('prepare', prepared).broke('attempt', captcha);
    c.send(back);
    c.done('reconcile', { ...verified, outcome: 'VERIFICATION_FAILED', why: 'not there' });
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'OUTCOME_UNKNOWN');
  });

  it('can be cancelled meanwhile, and ends at its deadline', () => {
    const idle = opened().broke('prepare', captcha);
    idle.send({ type: 'command.cancel' });
    assert.equal(idle.state, 'CANCELLED');
    assert.equal(idle.toldTo('session/s1').at(-1), 'command.released');
    const sent = opened().done('prepare', prepared).broke('attempt', captcha);
    sent.send({ type: 'command.cancel' });
    assert.equal(sent.state, 'CANCELLED');
    assert.equal(sent.context.actions.at(-1).outcome, 'UNKNOWN');
    const late = opened()
      .broke('prepare', captcha)
      .advance(25 * 3_600_000);
    assert.equal(late.state, 'FAILED');
    const closed = opened().broke('prepare', captcha);
    closed.send({ type: 'session.refused', sessionId: 's1', code: 'HUMAN_REQUIRED', message: 'nobody came' });
    assert.equal(closed.state, 'FAILED');
    assert.equal(closed.context.error.code, 'HUMAN_REQUIRED');
  });
});
