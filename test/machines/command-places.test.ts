import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actionHash } from '../../machines/action-hash.ts';
import { commandMachine } from '../../machines/command.ts';
import type { CommandInput } from '../../machines/command-context.ts';
import type { CommandEnvelope, Flow } from '../../schemas/generated/contracts.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const flow: Flow = {
  name: 'message',
  version: 1,
  platforms: ['*'],
  actions: [
    { attempt: 'OPEN', effect: 'read', steps: [{ type: 'navigate', url: 'http://site/' }] },
    {
      attempt: 'SEND',
      effect: 'write',
      reaches: 'message',
      steps: [{ type: 'click', selectors: ['#send'] }],
      verify: { as: 'SENT', steps: [{ type: 'waitForElement', selectors: ['#sent'] }] }
    }
  ]
};
const envelope: CommandEnvelope = {
  version: '1.0',
  requester: { service: 'test', instance_id: '1' },
  target: { account_id: 'ada', platform: 'x' },
  type: 'flow.run',
  payload: { flow: 'message', params: { text: 'hi' } },
  priority: 3
};
const hash = actionHash(flow, envelope);
const approval = {
  approvalId: 'p1',
  actionHash: hash,
  preview: { flow: 'message', params: { text: 'hi' }, writes: ['SEND'] },
  expiresAt: 1_700_000_900_000
};
const command = (over: Partial<CommandInput> = {}) =>
  new Rehearsal(
    'command',
    commandMachine,
    {
      commandId: 'c1',
      correlationId: 'k1',
      sessionId: 's1',
      createSession: null,
      envelope: structuredClone(envelope),
      flow,
      approval,
      reaches: ['nobody', 'message'],
      deadlineAt: null,
      allowScript: false,
      ...over
    },
    'c1'
  );

const granted = { type: 'session.granted', sessionId: 's1', lease: { slot: 'slot-1', fencing: 1 } };
const prepared = { dedupeKey: 'd', alreadyDone: false, earlier: null, proofs: [], artifacts: [] };
const delivered = { witness: 'DELIVERED', proofs: [] };
const holds = { outcome: 'VERIFIED', why: null, proofs: [], artifacts: [] };
const slower = { code: 'SITE_RATE_LIMITED', message: 'slower', details: {} };
const unsent = { ...slower, details: { sent: false } };
const resolved = (over: object = {}) => ({
  type: 'approval.resolved',
  approvalId: 'p1',
  actionHash: hash,
  state: 'ALLOWED',
  note: null,
  ...over
});
const ask = (c: Rehearsal) => c.tells.findLast(({ event }) => /^(place\.(ask|take)|account)/.test(event.type))?.event;
const say = (c: Rehearsal, type: string, over: object = {}) =>
  c.send({ type, n: ask(c)?.n, testAccount: false, approval: 'messages', ...over });
const wait = { retryAt: '2026-01-01T00:00:00.000Z', waitMs: 5_000, limit: 'apart_s', why: 'every 60 s' };
/** Its account lets it go, its session takes it, and it stands before the message. */
const toPlacing = (c: Rehearsal) => {
  say(c, 'place.open');
  c.send(granted);
  c.done('prepare', prepared).done('attempt', { witness: 'NONE', proofs: [] }).done('verify', holds);
  return c.done('prepare', prepared);
};
const allowed = () => {
  const c = command();
  c.send(resolved());
  return c;
};
const attempts = (c: Rehearsal) =>
  c.rows.filter(({ type, payload }) => type === 'action.attempted' && payload.action === 'SEND').length;

describe('a message', () => {
  it('waits for a person, then for its turn, and takes its place right before it is sent', () => {
    const c = command();
    assert.equal(c.state, 'AWAITING_APPROVAL.asking');
    c.send(resolved());
    assert.equal(c.state, 'QUEUED.asking');
    assert.deepEqual([ask(c)?.type, ask(c)?.kind], ['place.ask', 'message']);
    toPlacing(c);
    assert.equal(c.state, 'RUNNING.PREPARING.placing');
    assert.equal(attempts(c), 0);
    say(c, 'place.given');
    assert.equal(attempts(c), 1);
    c.done('attempt', delivered).done('verify', holds);
    assert.equal(c.state, 'SUCCEEDED');
    assert.deepEqual(c.tells.at(-1)?.event, { type: 'place.settle', commandId: 'c1', kept: ['SEND'] });
  });

  it('waits without a browser when there is no place, and asks again at its time', () => {
    const c = allowed();
    say(c, 'place.wait', wait);
    assert.equal(c.state, 'QUEUED.limited');
    const row = c.rows.findLast(({ type }) => type === 'rate.limited');
    assert.deepEqual(
      [row?.payload.retry_at, row?.payload.limit, row?.payload.why],
      [wait.retryAt, 'apart_s', wait.why]
    );
    assert.equal(c.toldTo('session/s1').includes('command.submitted'), false);
    c.advance(5_000);
    assert.equal(c.state, 'QUEUED.asking');
    toPlacing(c);
    say(c, 'place.wait', wait);
    assert.equal(c.state, 'QUEUED.limited');
    assert.equal(c.toldTo('session/s1').at(-1), 'command.released', 'its browser is free');
    assert.equal(c.context.lease, null);
    c.send({ type: 'command.cancel' });
    assert.equal(c.state, 'CANCELLED');
    assert.deepEqual(c.tells.at(-1)?.event, { type: 'place.settle', commandId: 'c1', kept: [] });
    assert.equal(attempts(c), 0);
  });

  it('hears no answer to another question than its last', () => {
    const c = allowed();
    c.send({ type: 'place.open', n: 0, testAccount: true, approval: 'messages' });
    assert.equal(c.state, 'QUEUED.asking');
    toPlacing(c);
    c.send({ type: 'place.given', n: 1, testAccount: true, approval: 'messages' });
    assert.equal(c.state, 'RUNNING.PREPARING.placing');
    c.advance(60_000);
    assert.equal(c.state, 'QUEUED.asking', 'it never goes on without one');
  });

  it('is asked for when its account is for tests no more, before its browser and right before it is sent', () => {
    const first = command({ waived: true });
    say(first, 'place.open');
    assert.equal(first.state, 'AWAITING_APPROVAL.asking');
    const late = command({ waived: true });
    say(late, 'place.open', { testAccount: true });
    late.send(granted);
    late.done('prepare', prepared).done('attempt', { witness: 'NONE', proofs: [] }).done('verify', holds);
    late.done('prepare', prepared);
    assert.equal(late.state, 'RUNNING.PREPARING.placing');
    say(late, 'place.given', { testAccount: false });
    assert.equal(late.state, 'AWAITING_APPROVAL.asking');
    assert.equal(attempts(late), 0);
    assert.ok(late.toldTo('account/x:ada').includes('place.settle'), 'its place is free');
    late.send(resolved());
    toPlacing(late);
    say(late, 'place.given');
    assert.equal(attempts(late), 1);
  });

  it('goes out as it was edited, under the hash of that alone', () => {
    const params = { text: 'hello' };
    const edited = { params, reaches: ['nobody', 'message'] };
    const newHash = actionHash(flow, { ...envelope, payload: { ...envelope.payload, params } });
    for (const wrong of [
      resolved({ edited }),
      resolved({ edited, actionHash: 'x' }),
      resolved({ actionHash: newHash })
    ]) {
      const c = command();
      c.send(wrong);
      assert.equal(c.context.error.code, 'APPROVAL_VOID');
    }
    const c = command();
    c.send(resolved({ edited, actionHash: newHash }));
    toPlacing(c);
    say(c, 'place.given');
    const { input } = c.effect('attempt');
    assert.deepEqual((input as { params: object }).params, params);
  });

  it('does not go out when what would is not what was allowed', () => {
    const c = allowed();
    say(c, 'place.open');
    c.send(granted);
    c.done('prepare', prepared).done('attempt', { witness: 'NONE', proofs: [] }).done('verify', holds);
    c.context.envelope.payload.params.text = 'something else';
    c.done('prepare', prepared);
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'APPROVAL_VOID');
    assert.equal(attempts(c), 0);
  });

  it('gives its place back when nothing of it was sent, and keeps it when nobody knows', () => {
    const failed = toPlacing(allowed());
    say(failed, 'place.given');
    failed.broke('attempt', { code: 'SELECTOR_MISSING', details: { sent: false } });
    assert.equal(failed.state, 'FAILED');
    assert.deepEqual(failed.tells.at(-1)?.event.kept, []);
    const unknown = toPlacing(allowed());
    say(unknown, 'place.given');
    unknown.send({ type: 'session.lost', sessionId: 's1', why: 'gone' });
    unknown.send({ type: 'session.refused', sessionId: 's1', code: 'X', message: 'x' });
    assert.equal(unknown.context.error.code, 'OUTCOME_UNKNOWN');
    assert.deepEqual(unknown.tells.findLast(({ event }) => event.type === 'place.settle')?.event.kept, ['SEND']);
  });
});

describe('when the site asks for slowness', () => {
  it('a command that has sent nothing cools its account down and begins anew when that is over', () => {
    for (const meet of [
      (c: Rehearsal) => c.broke('prepare', slower),
      (c: Rehearsal) => c.done('prepare', prepared).broke('attempt', slower),
      (c: Rehearsal) => c.done('prepare', prepared).done('attempt', delivered).broke('verify', slower)
    ]) {
      const c = allowed();
      say(c, 'place.open');
      c.send(granted);
      meet(c);
      assert.equal(c.state, 'QUEUED.slowing');
      assert.equal(ask(c)?.type, 'account.limited');
      say(c, 'place.wait', { ...wait, limit: 'site' });
      assert.equal(c.state, 'QUEUED.limited');
      c.advance(5_000);
      toPlacing(c);
      say(c, 'place.given');
      assert.equal(attempts(c), 1);
    }
    const c = toPlacing(allowed());
    say(c, 'place.given');
    c.broke('attempt', unsent);
    assert.equal(c.state, 'QUEUED.slowing');
    assert.ok(c.tells.some(({ event }) => event.type === 'place.settle' && (event.kept as string[]).length === 0));
  });

  /** Sent, and then the site asks for slowness. */
  const cooling = () => {
    const c = toPlacing(allowed());
    say(c, 'place.given');
    return c.done('attempt', delivered).broke('verify', slower);
  };
  const site = { ...wait, limit: 'site', why: 'the site asked for it' };
  /** Up to the look after the cool-down. */
  const looking = (c = cooling()) => {
    say(c, 'place.wait', site);
    c.advance(site.waitMs);
    c.send(granted);
    assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.reconciling');
    return c;
  };

  it('a write that was sent waits without a browser until it may be looked for, and says so', () => {
    const c = cooling();
    assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.cooling.telling');
    assert.equal(ask(c)?.type, 'account.limited');
    assert.equal(c.toldTo('session/s1').at(-1), 'command.released');
    c.send({ type: 'place.wait', ...site, n: 0 });
    assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.cooling.telling', 'an answer to another question is none');
    say(c, 'place.wait', site);
    const row = c.rows.findLast(({ type }) => type === 'rate.limited');
    assert.deepEqual([row?.payload.retry_at, row?.payload.limit, row?.payload.action], [site.retryAt, 'site', 'SEND']);
    assert.equal(c.context.why, site.why);
    c.send({ type: 'host.resumed' });
    c.send({ type: 'session.lost', sessionId: 's1', why: 'of another time' });
    assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.cooling.limited');
    c.advance(site.waitMs);
    assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.cooling.asking');
    assert.equal(c.toldTo('session/s1').at(-1), 'command.submitted');
  });

  it('is then looked for and never sent again: it is there, or it is not', () => {
    const there = looking().done('reconcile', holds);
    assert.equal(there.state, 'SUCCEEDED');
    const absent = looking().done('reconcile', { ...holds, outcome: 'VERIFICATION_FAILED', why: 'not there' });
    assert.equal(absent.state, 'FAILED');
    assert.deepEqual(
      [absent.context.error.code, absent.context.actions.at(-1).outcome],
      ['SITE_RATE_LIMITED', 'VERIFICATION_FAILED']
    );
    for (const c of [there, absent]) {
      assert.equal(attempts(c), 1);
      assert.deepEqual(c.tells.findLast(({ event }) => event.type === 'place.settle')?.event.kept, ['SEND']);
    }
  });

  it('waits again where the look meets the limit too, and is UNKNOWN only when nothing can be told', () => {
    const c = looking().broke('reconcile', slower);
    assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.cooling.telling');
    looking(c).broke('reconcile', { code: 'OUTCOME_UNKNOWN', message: 'nothing would prove it' });
    assert.equal(c.state, 'FAILED');
    const unsaid = cooling();
    unsaid.advance(60_000);
    const refused = cooling();
    say(refused, 'place.wait', site);
    refused.advance(site.waitMs);
    refused.send({ type: 'tell.refused', to: 'session/s1', told: 'command.submitted', why: 'it is CLOSED' });
    for (const unknown of [c, unsaid, refused]) {
      assert.deepEqual(
        [unknown.state, unknown.context.error.code, unknown.context.actions.at(-1).outcome],
        ['FAILED', 'OUTCOME_UNKNOWN', 'UNKNOWN']
      );
      assert.equal(attempts(unknown), 1);
    }
  });

  it('that is cancelled meanwhile ends at once, and what came of it is UNKNOWN', () => {
    const waits = cooling();
    say(waits, 'place.wait', site);
    waits.send({ type: 'command.cancel' });
    const before = toPlacing(allowed());
    say(before, 'place.given');
    before.done('attempt', delivered);
    before.send({ type: 'command.cancel' });
    before.broke('verify', slower);
    for (const c of [waits, before]) {
      assert.deepEqual([c.state, c.context.actions.at(-1).outcome], ['CANCELLED', 'UNKNOWN']);
      assert.equal(attempts(c), 1);
    }
    assert.ok(before.toldTo('account/x:ada').includes('account.limited'), 'its account hears of it all the same');
  });
});
