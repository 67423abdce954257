/** What a command does about selectors that nothing finds: what the executor saw is a fact, what follows is decided here. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandMachine } from '../../machines/command.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const print = { role: 'button', tag: 'button', name: 'post', attributes: {}, classes: [], around: [], near: [] };
const finding = (state: string, name = 'post.submit') => ({
  name,
  state,
  tried: [{ selector: '#post', found: 0 }],
  selector: state === 'ok' ? '#post' : null,
  fingerprint: state === 'ok' ? print : null,
  healed: state === 'healed' ? { selector: '#send', likeness: 0.7, second: 0, sure: true, fingerprint: print } : null,
  why: state === 'ok' ? null : 'not there'
});
const read = { attempt: 'OPEN', effect: 'read', steps: [{ type: 'navigate', url: 'http://site/' }] };
const write = {
  attempt: 'POST',
  effect: 'write',
  steps: [{ type: 'click', selectors: ['@post.submit'] }],
  verify: { as: 'POSTED', steps: [{ type: 'waitForElement', selectors: ['#posted'] }] }
};
const entry = 'selector/example:post.submit';

const command = (actions: unknown[] = [read, write], over: Record<string, unknown> = {}) =>
  new Rehearsal(
    'command',
    commandMachine,
    {
      commandId: 'c1',
      correlationId: 'k1',
      sessionId: 's1',
      createSession: null,
      envelope: {
        version: '1.0',
        requester: { service: 'test', instance_id: '1' },
        target: { account_id: 'alice', platform: 'example' },
        type: 'flow.run',
        payload: { flow: 'f', params: {} },
        ...over
      },
      flow: { name: 'f', platforms: ['*'], actions },
      approval: null,
      deadlineAt: null,
      allowScript: false
    },
    'c1'
  );
const granted = { type: 'session.granted', sessionId: 's1', lease: { slot: 'slot-1', fencing: 1 } };
const prepared = { dedupeKey: 'd', alreadyDone: false, earlier: null, proofs: [], artifacts: [] };
const holds = { outcome: 'VERIFIED', why: null, proofs: [], artifacts: [] };
const picture = { id: 'a1', kind: 'screenshot', media_type: 'image/png', sha256: '0'.repeat(64), size: 9 };
const attempted = { witness: 'DELIVERED', proofs: [] };
const settled = (outcome: string, name = 'post.submit') => ({ type: 'selector.settled', name, outcome });

/** With its read done, and the write about to be looked at. */
function atWrite(over: Record<string, unknown> = {}) {
  const c = command(undefined, over);
  c.send(granted);
  return c.done('prepare', prepared).done('attempt', attempted).done('verify', holds);
}
const waiting = () => atWrite().done('prepare', { ...prepared, findings: [finding('healed')], artifacts: [picture] });

describe('a write whose element is found by likeness alone', () => {
  it('waits for a person before anything is attempted, and its browser is free', () => {
    const c = waiting();
    assert.equal(c.state, 'AWAITING_APPROVAL.selector');
    assert.match(c.context.why, /@post\.submit .*#send, likeness 0\.7/);
    assert.deepEqual(c.toldTo(entry), ['actor.create', 'selector.found', 'selector.awaited']);
    assert.equal(c.toldTo('session/s1').at(-1), 'command.released');
    const row = c.rows.findLast(({ type }) => type === 'human.required')!;
    assert.equal((row.payload.selectors as { name: string }[])[0]!.name, 'post.submit');
    assert.deepEqual(
      c.writes.map(({ into }) => into).filter((into) => into !== 'actions'),
      ['artifacts'],
      'a picture for the person, and nothing in the ledger'
    );
  });

  it('begins anew when it is accepted, and attempts once', () => {
    const c = waiting();
    c.send(settled('accepted', 'post.other'));
    assert.equal(c.state, 'AWAITING_APPROVAL.selector', 'that was about another');
    c.send(settled('accepted'));
    assert.equal(c.state, 'QUEUED.waiting');
    assert.ok(c.types.includes('human.resolved'));
    c.send(granted);
    c.done('prepare', prepared).done('attempt', attempted).done('verify', holds);
    c.done('prepare', prepared).done('attempt', attempted).done('verify', holds);
    assert.equal(c.state, 'SUCCEEDED');
    assert.equal(c.context.actions.find(({ name }: { name: string }) => name === 'POST').attempts, 1);
  });

  it('fails when it is rejected, and when nobody answers in a day', () => {
    const rejected = waiting();
    rejected.send(settled('rejected'));
    const forgotten = waiting().advance(25 * 3_600_000);
    for (const c of [rejected, forgotten]) {
      assert.equal(c.state, 'FAILED');
      assert.ok(['SELECTOR_QUARANTINED', 'DEADLINE_EXCEEDED'].includes(c.context.error.code), c.context.error.code);
    }
    assert.match(rejected.context.error.message, /#send, and a person rejected it/);
  });

  it('can be cancelled while it waits, and late word does not matter', () => {
    const c = waiting();
    c.send({ type: 'command.cancel' });
    assert.equal(c.state, 'CANCELLED');
    assert.deepEqual(c.toldTo('approval/null'), []);
    const d = atWrite();
    assert.ok(d.send(settled('accepted')));
    assert.equal(d.state, 'RUNNING.PREPARING.looking');
  });

  it('waits too when the attempt finds it so before anything was sent', () => {
    const c = atWrite().done('prepare', prepared);
    const details = { sent: false, findings: [finding('healed')], artifacts: [picture] };
    c.broke('attempt', { code: 'SELECTOR_MISSING', details });
    assert.equal(c.state, 'AWAITING_APPROVAL.selector');
    const ledger = c.writes.flatMap((one) => (one.into === 'ledger' ? [one.row.state] : []));
    assert.deepEqual(ledger, ['ATTEMPTED', 'VERIFICATION_FAILED']);
  });

  it('does not begin anew after something was sent: it looks what came of it, and fails', () => {
    const c = atWrite().done('prepare', prepared);
    c.broke('attempt', { code: 'SELECTOR_MISSING', details: { sent: true, findings: [finding('healed')] } });
    assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.verifying');
    c.done('verify', { ...holds, outcome: 'VERIFICATION_FAILED', why: 'not there' });
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'SELECTOR_MISSING');
    assert.ok(c.types.includes('selector.missing'));
    assert.deepEqual(c.toldTo(entry), ['actor.create', 'selector.found'], 'the next one waits');
    assert.equal('findings' in c.context.error.details, false);
  });

  it('is only told of in a dry run', () => {
    const c = atWrite({ dry_run: true }).done('prepare', { ...prepared, findings: [finding('healed')] });
    assert.equal(c.state, 'SUCCEEDED');
    assert.deepEqual(c.toldTo(entry), []);
  });
});

describe('the registry', () => {
  it('learns what an element looks like once the action that used it is verified, and not before', () => {
    const c = atWrite().done('prepare', { ...prepared, findings: [finding('ok')] });
    assert.deepEqual(c.toldTo(entry), []);
    c.done('attempt', attempted).done('verify', holds);
    assert.equal(c.state, 'SUCCEEDED');
    assert.deepEqual(c.toldTo(entry), ['actor.create', 'selector.found']);
    const failed = atWrite().done('prepare', { ...prepared, findings: [finding('ok')] });
    failed.done('attempt', attempted).done('verify', { ...holds, outcome: 'VERIFICATION_FAILED', why: 'no' });
    assert.deepEqual(failed.toldTo(entry), []);
  });

  it('hears of a selector that is missing, with what was tried', () => {
    const c = atWrite().done('prepare', prepared);
    c.broke('attempt', { code: 'SELECTOR_MISSING', details: { sent: false, findings: [finding('missing')] } });
    assert.equal(c.state, 'FAILED');
    assert.deepEqual(c.toldTo(entry), ['actor.create', 'selector.found']);
  });
});

describe('a sweep', () => {
  const page = { ...read, attempt: 'SWEEP_post', sweep: { names: ['post.submit', 'post.body'] } };
  const other = { ...read, attempt: 'SWEEP_feed', sweep: { names: ['feed.item'] } };
  const swept = (...findings: unknown[]) => ({ ...holds, findings });

  it('tells each name’s entry as soon as its page is looked at, and says all of it at the end', () => {
    const c = command([page, other]);
    c.send(granted);
    c.done('prepare', prepared).done('attempt', attempted);
    c.done('verify', swept(finding('ok'), finding('missing', 'post.body')));
    assert.deepEqual(c.toldTo(entry), ['actor.create', 'selector.found']);
    assert.equal(
      (c.tells.find(({ event }) => event.type === 'selector.found')!.event as { sweep?: boolean }).sweep,
      true
    );
    c.done('prepare', prepared)
      .done('attempt', attempted)
      .done('verify', swept(finding('ambiguous', 'feed.item')));
    assert.equal(c.state, 'SUCCEEDED');
    assert.deepEqual(c.context.result.counts, { ok: 1, ambiguous: 1, healed: 0, missing: 1 });
    assert.deepEqual(
      c.context.result.selectors.map(({ name }: { name: string }) => name),
      ['post.submit', 'post.body', 'feed.item']
    );
  });

  it('counts a page once that it has to walk again after a lost browser', () => {
    const c = command([page, other]);
    c.send(granted);
    c.done('prepare', prepared)
      .done('attempt', attempted)
      .done('verify', swept(finding('ok')));
    c.send({ type: 'session.lost', sessionId: 's1', why: 'its browser ended' });
    c.send(granted);
    c.done('prepare', prepared)
      .done('attempt', attempted)
      .done('verify', swept(finding('missing')));
    c.done('prepare', prepared).done('attempt', attempted).done('verify', swept());
    assert.deepEqual(c.context.result.counts, { ok: 0, ambiguous: 0, healed: 0, missing: 1 });
  });
});
