import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actionHash } from '../../machines/action-hash.ts';
import { commandMachine } from '../../machines/command.ts';
import { type CommandInput, UNSENT } from '../../machines/command-context.ts';
import type { Flow } from '../../schemas/generated/contracts.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const read = {
  attempt: 'POST_OPEN',
  effect: 'read' as const,
  steps: [{ type: 'navigate' as const, url: 'http://site/' }]
};
const write = {
  attempt: 'COMMENT_CREATE',
  effect: 'write' as const,
  steps: [{ type: 'click' as const, selectors: ['button'] }],
  verify: { as: 'COMMENT_PRESENT', steps: [{ type: 'waitForElement' as const, selectors: ['text/hi'] }] }
};

const input = (over: Partial<CommandInput> = {}): Record<string, unknown> => ({
  commandId: 'c1',
  correlationId: 'k1',
  sessionId: 's1',
  createSession: {
    sessionId: 's1',
    accountId: 'alice',
    platform: 'example',
    browser: 'safari',
    device: 'desktop',
    idleLimitMs: 1000,
    parkLimitMs: 86_400_000
  },
  envelope: {
    version: '1.0',
    requester: { service: 'test', instance_id: '1' },
    target: { account_id: 'alice', platform: 'example' },
    type: 'flow.run',
    payload: { flow: 'f', params: { text: 'hi' } },
    priority: 3
  },
  flow: { name: 'f', platforms: ['*'], actions: [read, write] },
  approval: null,
  deadlineAt: null,
  allowScript: false,
  ...over
});

const command = (over: Partial<CommandInput> = {}) => new Rehearsal('command', commandMachine, input(over), 'c1');
const granted = (fencing = 1) => ({ type: 'session.granted', sessionId: 's1', lease: { slot: 'slot-1', fencing } });
const prepared = { dedupeKey: 'd', alreadyDone: false, earlier: null, proofs: [], artifacts: [] };
const delivered = { witness: 'DELIVERED', proofs: [{ kind: 'witness', value: 'DELIVERED' }] };
const picture = { id: 'a1', kind: 'screenshot', media_type: 'image/png', sha256: '0'.repeat(64), size: 9 };
const holds = { outcome: 'VERIFIED', why: null, proofs: [{ kind: 'matched_text', value: 'hi' }], artifacts: [picture] };
const absent = { outcome: 'VERIFICATION_FAILED', why: 'not there', proofs: [], artifacts: [] };

/** Up to the write being attempted. */
function attempting() {
  const c = command();
  c.send(granted());
  c.done('prepare', prepared).done('attempt', { witness: 'NONE', proofs: [] }).done('verify', holds);
  c.done('prepare', prepared);
  assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.attempting');
  return c;
}

describe('a command', () => {
  it('goes from created to succeeded through attempt and proof', () => {
    const c = attempting();
    c.done('attempt', delivered).done('verify', holds);
    assert.equal(c.state, 'SUCCEEDED');
    assert.equal(c.record.status, 'done');
    assert.deepEqual(
      c.path.filter((state) => !state.includes('choosing')),
      [
        'CREATED',
        'QUEUED.admitting',
        'QUEUED.waiting',
        'RUNNING.PREPARING.looking',
        'RUNNING.ACTION_ATTEMPTED.attempting',
        'RUNNING.ACTION_ATTEMPTED.verifying',
        'RUNNING.ACTION_ATTEMPTED.judging',
        'RUNNING.ACTION_ATTEMPTED.captured',
        'RUNNING.VERIFIED',
        'RUNNING.PREPARING.looking',
        'RUNNING.ACTION_ATTEMPTED.attempting',
        'RUNNING.ACTION_ATTEMPTED.verifying',
        'RUNNING.ACTION_ATTEMPTED.judging',
        'RUNNING.ACTION_ATTEMPTED.captured',
        'RUNNING.VERIFIED',
        'SUCCEEDED'
      ]
    );
    assert.deepEqual(
      c.types.filter((type) => type !== 'status.changed'),
      [
        'action.attempted',
        'artifact.captured',
        'action.verified',
        'action.attempted',
        'artifact.captured',
        'action.verified'
      ]
    );
    assert.deepEqual(
      c.context.actions.map((a: { outcome: string; attempts: number }) => [a.outcome, a.attempts]),
      [
        ['VERIFIED', 1],
        ['VERIFIED', 1]
      ]
    );
    assert.deepEqual(c.toldTo('session/s1'), ['actor.create', 'command.submitted', 'command.released']);
    assert.ok(c.context.completedAt >= c.context.startedAt && c.context.startedAt >= c.context.createdAt);
  });

  it('writes the ledger in the step that declares the attempt, and the end in the step that knows it', () => {
    const c = attempting();
    const states = () => c.writes.flatMap((w) => (w.into === 'ledger' ? [w.row.state] : []));
    assert.deepEqual(states(), ['ATTEMPTED']);
    c.done('attempt', delivered).done('verify', holds);
    assert.deepEqual(states(), ['ATTEMPTED', 'VERIFIED']);
  });

  it('attempts nothing that the page shows to be done', () => {
    const c = command({ flow: { name: 'f', platforms: ['*'], actions: [write] } });
    c.send(granted());
    c.done('prepare', { ...prepared, alreadyDone: true, artifacts: [picture] });
    assert.equal(c.state, 'SUCCEEDED');
    assert.deepEqual(
      c.types.filter((t) => t.startsWith('action.')),
      ['action.verified']
    );
    assert.equal(c.context.actions[0].already_done, true);
    assert.equal(c.context.actions[0].attempts, 0);
  });

  it('refuses an action that another command has already attempted', () => {
    const c = command({ flow: { name: 'f', platforms: ['*'], actions: [write] } });
    c.send(granted());
    c.done('prepare', { ...prepared, earlier: { commandId: 'c0', state: 'UNKNOWN' } });
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'DEDUPE_CONFLICT');
    assert.equal(c.types.includes('action.attempted'), false);
  });

  it('fails when what it attempted is looked for and not there', () => {
    const c = attempting();
    c.done('attempt', delivered).done('verify', absent);
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'VERIFICATION_FAILED');
    assert.ok(c.types.includes('action.verification_failed'));
  });

  it('does not look for what never left the program', () => {
    const c = attempting();
    c.broke('attempt', { code: 'SELECTOR_MISSING', details: { sent: false } });
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'SELECTOR_MISSING');
    assert.ok(c.types.includes('selector.missing'));
  });

  it('keeps the picture of the page that a failure carries', () => {
    const c = attempting();
    c.broke('attempt', { code: 'SELECTOR_MISSING', details: { sent: false, artifacts: [picture] } });
    assert.equal(c.state, 'FAILED');
    const kept = c.writes.filter(({ into }) => into === 'artifacts').map(({ row }) => (row as { id: string }).id);
    assert.deepEqual(kept, ['a1', 'a1'], 'one of the read before, one of the failure');
    assert.equal(c.types.filter((type) => type === 'artifact.captured').length, 2);
  });

  for (const [what, lose] of [
    ['the browser', (c: Rehearsal) => c.send({ type: 'session.lost', sessionId: 's1', why: 'gone' })],
    ['the process', (c: Rehearsal) => c.send({ type: 'host.resumed' })],
    ['the answer', (c: Rehearsal) => c.broke('attempt', { code: 'DRIVER_TIMEOUT' })]
  ] as const) {
    it(`looks before anything else after losing ${what} during a write`, () => {
      const c = attempting();
      lose(c);
      assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.recovering');
      assert.deepEqual(c.running, [], 'the attempt is not run again');
      c.send(granted(2));
      assert.deepEqual(c.running, ['reconcile']);
      c.done('reconcile', holds);
      assert.equal(c.state, 'SUCCEEDED');
      assert.equal(c.context.actions[1].attempts, 1);
    });

    it(`asks a person when the write is not there after losing ${what}`, () => {
      const c = attempting();
      lose(c);
      c.send(granted(2));
      c.done('reconcile', absent);
      assert.equal(c.state, 'FAILED');
      assert.equal(c.context.error.code, 'OUTCOME_UNKNOWN');
      assert.equal(c.context.actions[1].outcome, 'UNKNOWN');
      assert.ok(c.types.includes('human.required'));
    });
  }

  for (const where of ['verify', 'reconcile'] as const) {
    it(`gives up looking that never ends (${where}), also when its own deadline is long over: a person decides`, () => {
      const c = attempting();
      if (where === 'verify') c.done('attempt', { witness: 'DELIVERED', proofs: [] });
      else c.broke('attempt', { code: 'DRIVER_TIMEOUT' }).send(granted(2));
      assert.deepEqual(c.running, [where]);
      c.advance(900_000);
      assert.deepEqual([c.state, c.context.error.code], ['FAILED', 'OUTCOME_UNKNOWN']);
    });
  }

  it('walks its reads again in a new browser, and never a proven write', () => {
    const flow = { name: 'f', platforms: ['*'], actions: [read, write, { ...read, attempt: 'READ_BACK' }] };
    const c = command({ flow });
    c.send(granted());
    c.done('prepare', prepared).done('attempt', delivered).done('verify', holds);
    c.done('prepare', prepared).done('attempt', delivered).done('verify', holds);
    c.send({ type: 'session.lost', sessionId: 's1', why: 'gone' });
    assert.equal(c.state, 'RUNNING.PREPARING.waiting');
    c.send(granted(2));
    c.done('prepare', prepared).done('attempt', delivered).done('verify', holds);
    assert.equal(c.context.current.name, 'READ_BACK');
    c.done('prepare', prepared).done('attempt', delivered).done('verify', holds);
    assert.equal(c.state, 'SUCCEEDED');
    assert.deepEqual(
      c.context.actions.map((a: { attempts: number }) => a.attempts),
      [2, 1, 1]
    );
  });

  it('gives up a browser that dies under it three times', () => {
    const c = command();
    for (const fencing of [1, 2, 3]) {
      c.send(granted(fencing));
      c.send({ type: 'session.lost', sessionId: 's1', why: 'gone' });
    }
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'DRIVER_LOST');
  });
});

describe('cancelling a command', () => {
  it('ends it at once while it is queued, and tells its session', () => {
    const c = command();
    c.send({ type: 'command.cancel', reason: 'changed my mind' });
    assert.equal(c.state, 'CANCELLED');
    assert.match(c.context.why, /changed my mind/);
    assert.equal(c.toldTo('session/s1').at(-1), 'command.released');
    assert.equal(c.send({ type: 'command.cancel' }), false, 'an ended command accepts nothing');
  });

  it('ends it before its next step', () => {
    const c = command();
    c.send(granted());
    c.send({ type: 'command.cancel' });
    assert.equal(c.state, 'CANCELLED');
    assert.deepEqual(c.running, []);
  });

  it('lets go of a read at once, attempted or being looked at', () => {
    for (const looked of [false, true]) {
      const c = command();
      c.send(granted());
      c.done('prepare', prepared);
      if (looked) c.done('attempt', { witness: 'NONE', proofs: [] });
      assert.deepEqual(c.running, [looked ? 'verify' : 'attempt']);
      c.send({ type: 'command.cancel' });
      assert.equal(c.state, 'CANCELLED');
      assert.equal(c.context.error.code, 'CANCELLED');
      assert.deepEqual(c.running, []);
    }
  });

  it('breaks off an attempt, looks what came of it, and reports that', () => {
    const c = attempting();
    c.send({ type: 'command.cancel' });
    assert.deepEqual(c.running, ['verify']);
    c.done('verify', holds);
    assert.equal(c.state, 'CANCELLED');
    assert.equal(c.context.actions[1].outcome, 'VERIFIED');
  });

  it('never says of a broken-off write that it did not happen', () => {
    const c = attempting();
    c.send({ type: 'command.cancel' });
    c.done('verify', absent);
    assert.equal(c.state, 'CANCELLED');
    assert.equal(c.context.actions[1].outcome, 'UNKNOWN');
  });

  it('never lets it succeed afterwards', () => {
    const c = attempting();
    c.done('attempt', delivered);
    c.send({ type: 'command.cancel' });
    assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.verifying', 'the look at hand is finished');
    c.done('verify', holds);
    assert.equal(c.state, 'CANCELLED');
  });
});

describe('a deadline', () => {
  const due = (ms: number) => command({ deadlineAt: 1_700_000_000_000 + ms });

  it('fails a queued command', () => {
    const c = due(5_000).advance(5_000);
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'DEADLINE_EXCEEDED');
    assert.ok(c.context.completedAt >= c.context.createdAt + 5_000);
  });

  it('lets go of a read at once', () => {
    const c = due(5_000);
    c.send(granted());
    c.done('prepare', prepared).advance(5_000);
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'DEADLINE_EXCEEDED');
  });

  it('breaks off an attempt and reports what came of it', () => {
    const c = due(5_000);
    c.send(granted());
    c.done('prepare', prepared).done('attempt', delivered).done('verify', holds).done('prepare', prepared);
    c.advance(5_000);
    assert.deepEqual(c.running, ['verify']);
    c.done('verify', holds);
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'DEADLINE_EXCEEDED');
    assert.equal(c.context.actions[1].outcome, 'VERIFIED');
  });
});

describe('a command that needs a person', () => {
  const asked = input() as unknown as CommandInput;
  const hash = actionHash(asked.flow as Flow, asked.envelope);
  const approval = {
    approvalId: 'p1',
    actionHash: hash,
    preview: { flow: 'f', params: {}, writes: [] },
    expiresAt: 1_700_000_900_000
  };
  const resolved = (state: string, actionHash = hash) => ({
    type: 'approval.resolved',
    approvalId: 'p1',
    actionHash,
    state,
    note: null
  });

  it('waits for the answer before it stands in any line', () => {
    const c = command({ approval });
    assert.equal(c.state, 'AWAITING_APPROVAL.asking');
    assert.deepEqual(c.toldTo('approval/p1'), ['actor.create']);
    assert.equal(c.toldTo('session/s1').includes('command.submitted'), false);
    c.send(resolved('ALLOWED'));
    assert.equal(c.state, 'QUEUED.waiting');
    assert.ok(c.toldTo('session/s1').includes('command.submitted'));
  });

  it('takes no answer for another action', () => {
    const c = command({ approval });
    c.send(resolved('ALLOWED', 'another'));
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'APPROVAL_VOID');
  });

  it('ends when it is denied, and withdraws the question when it is cancelled', () => {
    const denied = command({ approval });
    denied.send(resolved('DENIED'));
    assert.equal(denied.context.error.code, 'APPROVAL_DENIED');
    const cancelled = command({ approval });
    cancelled.send({ type: 'command.cancel' });
    assert.deepEqual(cancelled.toldTo('approval/p1'), ['actor.create', 'approval.withdraw']);
  });
});

describe('a dry run', () => {
  it('attempts no write', () => {
    const over = input();
    const envelope = { ...(over.envelope as CommandInput['envelope']), dry_run: true };
    const c = command({ envelope });
    c.send(granted());
    c.done('prepare', prepared).done('attempt', delivered).done('verify', holds);
    c.done('prepare', prepared);
    assert.equal(c.state, 'SUCCEEDED');
    assert.deepEqual(
      c.context.actions.map((a: { outcome: string | null }) => a.outcome),
      ['VERIFIED', null]
    );
  });
});

describe('a command that only closes a session', () => {
  it('asks for the close and ends when it is closed, or was already', () => {
    const over = input();
    const envelope = { ...(over.envelope as CommandInput['envelope']), type: 'session.close', payload: {} };
    const c = command({ envelope, flow: null, createSession: null });
    assert.deepEqual(c.toldTo('session/s1'), ['session.close'], 'and makes none to close it');
    c.send({ type: 'session.closed', sessionId: 's1' });
    assert.equal(c.state, 'SUCCEEDED');
    const gone = command({ envelope, flow: null, createSession: null });
    gone.send({ type: 'tell.refused', to: 'session/s1', told: 'session.close', why: 'it is CLOSED' });
    assert.equal(gone.state, 'SUCCEEDED');
  });
});

describe('a write that was broken off', () => {
  const lost = { type: 'session.lost', sessionId: 's1', why: 'the browser died' };
  const unsent = { ...absent, sent: false };

  /** The browser is gone and another one is here. */
  function reconciling() {
    const c = attempting();
    c.send(lost);
    c.send(granted(2));
    assert.equal(c.state, 'RUNNING.ACTION_ATTEMPTED.reconciling');
    return c;
  }

  it('says in the ledger that nothing of it is sent yet, as it is declared', () => {
    const rows = attempting().writes.flatMap((one) => (one.into === 'ledger' ? [one.row] : []));
    assert.deepEqual(
      rows.map(({ state, effect_id }) => [state, effect_id]),
      [['ATTEMPTED', UNSENT]]
    );
  });

  it('begins again when nothing of it had been sent, walking its reads first', () => {
    const c = reconciling();
    c.done('reconcile', unsent);
    assert.equal(c.state, 'RUNNING.PREPARING.looking');
    assert.equal(c.context.index, 0, 'a new browser stands on no page');
    c.done('prepare', prepared).done('attempt', { witness: 'NONE', proofs: [] }).done('verify', holds);
    c.done('prepare', prepared).done('attempt', delivered).done('verify', holds);
    assert.equal(c.state, 'SUCCEEDED');
    assert.deepEqual(
      c.context.actions.map((one: { outcome: string; attempts: number }) => [one.outcome, one.attempts]),
      [
        ['VERIFIED', 2],
        ['VERIFIED', 2]
      ]
    );
  });

  it('is UNKNOWN when something may have been sent, and a person decides', () => {
    const c = reconciling();
    c.done('reconcile', absent);
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'OUTCOME_UNKNOWN');
    assert.ok(c.types.includes('human.required'));
  });

  it('is cancelled, and known not to have happened, when nothing of it had been sent', () => {
    const c = attempting();
    c.send({ type: 'command.cancel' });
    c.done('verify', unsent);
    assert.equal(c.state, 'CANCELLED');
    assert.equal(c.context.actions.at(-1).outcome, 'VERIFICATION_FAILED');
    assert.ok(!c.types.includes('human.required'));
  });

  it('does not begin again once it is cancelled', () => {
    const c = reconciling();
    c.send({ type: 'command.cancel' });
    c.done('reconcile', unsent);
    assert.equal(c.state, 'CANCELLED');
  });

  it('is UNKNOWN, not VERIFIED, when it failed half-way and nothing would prove it', () => {
    const { verify: _, ...unprovable } = write;
    const flow = { name: 'f', version: 1, platforms: ['*'], actions: [unprovable] };
    const c = command({ flow });
    c.send(granted());
    c.done('prepare', prepared);
    c.broke('attempt', { code: 'SELECTOR_MISSING', message: 'the second button', details: { sent: true } });
    assert.equal((c.effect('verify').input as { brokenOff: boolean }).brokenOff, true);
    c.done('verify', { ...absent, why: 'the flow says nothing that would prove it', unproved: true });
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'OUTCOME_UNKNOWN');
  });
});
