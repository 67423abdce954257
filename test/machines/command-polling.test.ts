/** A command whose action waits for what takes its time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandMachine } from '../../machines/command.ts';
import type { CommandInput } from '../../machines/command-context.ts';
import type { CommandEnvelope, Flow, FlowAction } from '../../schemas/generated/contracts.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const go = { type: 'navigate' as const, url: 'http://site/videos' };
const see = (as: string) => ({ as, steps: [{ type: 'waitForElement' as const, selectors: [`#${as}`] }] });
const poll: NonNullable<FlowAction['poll']> = { everyMs: 5_000, backoff: 2, maxEveryMs: 15_000, limitMs: 60_000 };
const actions: FlowAction[] = [
  {
    attempt: 'SUBMIT',
    effect: 'write',
    reaches: 'nobody',
    steps: [{ type: 'click', selectors: ['#make'] }],
    verify: see('MADE')
  },
  { attempt: 'CHECK', effect: 'read', steps: [go], verify: see('SORA_VIDEO_READY'), poll },
  { attempt: 'DOWNLOAD', effect: 'read', steps: [go], verify: see('SORA_VIDEO_DOWNLOADED') }
];
const flow: Flow = {
  name: 'make',
  version: 1,
  platforms: ['*'],
  actions,
  result: { video_path: 'video_path', file_size: 'video_size', nothing: 'not_read' }
};
const envelope: CommandEnvelope = {
  version: '1.0',
  requester: { service: 'test', instance_id: '1' },
  target: { platform: 'x' },
  type: 'flow.run',
  payload: { flow: 'make', params: {} },
  priority: 3
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
      envelope,
      flow,
      approval: null,
      reaches: ['nobody', 'nobody', 'nobody'],
      deadlineAt: null,
      allowScript: false,
      ...over
    },
    'c1'
  );

const granted = (fencing = 1) => ({ type: 'session.granted', sessionId: 's1', lease: { slot: 'slot-1', fencing } });
const prepared = { dedupeKey: 'd', alreadyDone: false, earlier: null, proofs: [], artifacts: [] };
const done = { witness: 'NONE', proofs: [] };
const holds = { outcome: 'VERIFIED', why: null, proofs: [], artifacts: [] };
const notYet = { outcome: 'VERIFICATION_FAILED', why: 'it is rendering', proofs: [], artifacts: [], pending: true };
const never = { ...notYet, why: "the page shows 'SORA_VIDEO_FAILED'", pending: false };
const act = (c: Rehearsal, verdict: object) =>
  c.done('prepare', prepared).done('attempt', done).done('verify', verdict);
/** Submitted, and looked at once. */
const resting = (c = command()) => {
  c.send(granted());
  act(c, holds);
  return act(c, notYet);
};
const asked = (c: Rehearsal) => c.effect('prepare').input as { action: FlowAction; lease: object };
const lookAgain = (c: Rehearsal, verdict: object = notYet) => {
  c.advance(c.context.polling.restMs);
  assert.equal(c.state, 'RUNNING.POLLING.asking');
  c.send(granted(2));
  return act(c, verdict);
};

describe('an action that polls', () => {
  it('rests without its browser while what it waits for is not there, and asks for one to look again', () => {
    const c = resting();
    assert.equal(c.state, 'RUNNING.POLLING.resting');
    assert.equal(c.context.lease, null);
    assert.deepEqual(c.toldTo('session/s1'), ['command.submitted', 'command.released']);
    c.advance(4_990);
    assert.equal(c.state, 'RUNNING.POLLING.resting');
    c.advance(20);
    assert.deepEqual(c.toldTo('session/s1').slice(2), ['command.submitted']);
    c.send(granted(2));
    assert.equal(asked(c).action.attempt, 'CHECK', 'what is proved is not walked again');
    assert.deepEqual(asked(c).lease, { slot: 'slot-1', fencing: 2 });
    assert.ok(c.rows.some(({ payload }) => payload.looks === 1 && typeof payload.next_look_at === 'string'));
  });

  it('rests longer each time, up to its longest rest, and never past its last look', () => {
    const c = resting();
    const rests = [c.context.polling.restMs];
    while (c.state.startsWith('RUNNING.POLLING')) {
      lookAgain(c);
      rests.push(c.context.polling.restMs);
    }
    const [first, second, third, fourth] = rests;
    assert.deepEqual([first, second, third, fourth], [5_000, 10_000, 15_000, 15_000]);
    const waited = c.now - c.context.polling.since;
    assert.ok(waited >= 60_000 && waited < 60_100, `it gave up after ${waited} ms`);
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'VERIFICATION_FAILED');
    assert.match(c.context.error.message, /'SORA_VIDEO_READY' did not hold: it is rendering, after \d+ looks in 60 s/);
    assert.equal(c.context.actions[1].attempts, rests.length, 'each look is an attempt of the one action');
  });

  it('goes on with what follows once it holds, and says so to who listens for videos', () => {
    const c = lookAgain(resting(), { ...holds, extracted: { draft_url: 'http://site/v1' } });
    assert.equal(asked(c).action.attempt, 'DOWNLOAD');
    const files = { video: 'a1', video_path: 'artifacts/ab/abc', video_size: 1709 };
    act(c, { ...holds, extracted: files });
    assert.equal(c.state, 'SUCCEEDED');
    assert.deepEqual(c.context.result, {
      session_id: 's1',
      video_path: 'artifacts/ab/abc',
      file_size: 1709,
      extracted: { draft_url: 'http://site/v1', ...files }
    });
    const told = c.rows.filter(({ type }) => type.startsWith('sora.'));
    assert.deepEqual(
      told.map(({ type, payload }) => [type, payload.action, payload.extracted]),
      [
        ['sora.video.ready', 'CHECK', { draft_url: 'http://site/v1' }],
        ['sora.video.downloaded', 'DOWNLOAD', files]
      ]
    );
  });

  it('fails at once when the page says that it will never be', () => {
    const c = lookAgain(resting(), never);
    assert.equal(c.state, 'FAILED');
    assert.match(c.context.error.message, /SORA_VIDEO_FAILED/);
  });

  it('looks again when the page could not be looked at, and fails with that when its time is up', () => {
    const c = resting();
    const failure = { code: 'NAVIGATION_FAILED', message: 'the site answered 503' };
    const fails = () => {
      c.advance(c.context.polling.restMs);
      c.send(granted());
      c.done('prepare', prepared).broke('attempt', failure);
    };
    fails();
    assert.ok(c.state.startsWith('RUNNING.POLLING'));
    assert.match(c.context.why, /could not be looked at \(the site answered 503\)/);
    for (let i = 0; i < 20 && c.state !== 'FAILED'; i += 1) fails();
    assert.equal(c.context.error.code, 'NAVIGATION_FAILED');
  });

  it('walks to its page again with the next browser when its own is lost, without submitting anew', () => {
    const c = resting();
    c.advance(5_000).send(granted(2));
    c.done('prepare', prepared).send({ type: 'session.lost', sessionId: 's1', why: 'it ended' });
    assert.equal(c.state, 'RUNNING.PREPARING.waiting');
    c.send(granted(3));
    assert.equal(asked(c).action.attempt, 'CHECK');
    act(c, notYet);
    assert.equal(c.state, 'RUNNING.POLLING.resting');
    assert.equal(c.context.polling.looks, 2);
    assert.equal(c.context.losses, 0, 'hours of looking may lose a browser now and then');
  });

  for (const [when, come] of [
    ['rests', (c: Rehearsal) => c],
    ['asks for a browser', (c: Rehearsal) => c.advance(5_000)]
  ] as const) {
    it(`is cancelled at once while it ${when}, with what it has submitted told as done`, () => {
      const c = come(resting());
      c.send({ type: 'command.cancel', reason: 'no more' });
      assert.equal(c.state, 'CANCELLED');
      assert.equal(c.context.actions[0].outcome, 'VERIFIED');
      assert.equal(c.toldTo('session/s1').at(-1), 'command.released');
      c.advance(120_000);
      assert.equal(c.state, 'CANCELLED');
    });
  }

  it('ends at the deadline of its command', () => {
    const c = resting(command({ deadlineAt: 1_700_000_003_000 }));
    c.advance(3_000);
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'DEADLINE_EXCEEDED');
  });

  it('is cancelled when that was asked for while it looked', () => {
    const c = resting();
    c.advance(5_000).send(granted(2));
    c.done('prepare', prepared).send({ type: 'command.cancel' });
    assert.equal(c.state, 'CANCELLED');
  });

  it('fails when its session is closed meanwhile, and says what to do', () => {
    const c = resting();
    c.advance(5_000).send({ type: 'tell.refused', to: 'session/s1', told: 'command.submitted', why: 'it has ended' });
    assert.equal(c.state, 'FAILED');
    assert.equal(c.context.error.code, 'SESSION_CLOSED');
  });

  it('takes no word of a browser that it has let go', () => {
    const c = resting();
    c.send(granted(9));
    c.send({ type: 'session.lost', sessionId: 's1', why: 'late' });
    assert.equal(c.state, 'RUNNING.POLLING.resting');
    assert.equal(c.context.lease, null);
  });

  it('waits for nothing in a dry run that did not submit', () => {
    const c = command({ envelope: { ...envelope, dry_run: true } });
    c.send(granted());
    c.done('prepare', prepared);
    assert.equal(c.state, 'SUCCEEDED');
    assert.deepEqual(
      c.context.actions.map(({ name }: { name: string }) => name),
      ['SUBMIT']
    );
  });

  it('looks in a dry run whose write was found done', () => {
    const c = command({ envelope: { ...envelope, dry_run: true } });
    c.send(granted());
    c.done('prepare', { ...prepared, alreadyDone: true });
    assert.equal(asked(c).action.attempt, 'CHECK');
  });
});
