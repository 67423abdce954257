/**
 * Nothing waits for ever, and what waits says for what. The first half walks every state of every machine of ours; the
 * second brings an actor into each of those that wait for somebody, and reads its `why`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { accountMachine } from '../../machines/account.ts';
import { alertMachine } from '../../machines/alert.ts';
import { approvalMachine } from '../../machines/approval.ts';
import { commandMachine } from '../../machines/command.ts';
import { driverMachine } from '../../machines/driver.ts';
import { cooldownMs } from '../../machines/driver-context.ts';
import { defaultLimits } from '../../machines/driver-limits.ts';
import { recipeMachine } from '../../machines/recipe.ts';
import { selectorMachine } from '../../machines/selector.ts';
import { sessionMachine } from '../../machines/session.ts';
import { supervisorMachine } from '../../machines/supervisor.ts';
import { builtInKinds } from '../../server/control/built-in-kinds.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const machines: Record<string, AnyStateMachine> = {
  command: commandMachine,
  session: sessionMachine,
  approval: approvalMachine,
  account: accountMachine,
  selector: selectorMachine,
  recipe: recipeMachine,
  alert: alertMachine,
  supervisor: supervisorMachine,
  driver: driverMachine
};

/** States that may last, each with why nothing is lost by it. */
const mayLast: Record<string, string> = {
  'driver slot.COLD': 'nothing runs in the slot and nobody waits in it: the queue for slots is the supervisor’s',
  'driver health.healthy':
    'what is up is watched, and says when it is not well any more; beside it the slot has its limits',
  'driver health.suspect': 'what was missed is asked again, three times at most, each time with a limit of its own',
  'driver health.hung': 'seen while the slot beside it recovers, whose every state ends by itself',
  'supervisor STOPPED': 'nothing is left to wait for; it tells so whoever asks until the process ends',
  'supervisor RUNNING.accepting':
    'the service itself, for as long as the process is up; every request in its queue has its session’s limit'
};

/** States that do something, or stand ready: not waiting for anybody, so there is nothing to explain. */
const notWaiting = new Set([
  ...Object.keys(mayLast),
  'driver slot.READY.idle',
  'driver slot.READY.busy',
  'session READY',
  'session BUSY',
  'selector ok'
]);

interface Resting {
  name: string;
  node: AnyStateNode;
  /** A timer on it or on a state around it. */
  isBounded: boolean;
}

/** Atomic states that no `always` must leave. */
function restingStates(kind: string, node: AnyStateNode, around = false): Resting[] {
  const isBounded = around || node.after.length > 0;
  const mustLeave = (node.always ?? []).some(({ guard }) => guard === undefined);
  const own = node.type === 'atomic' && !mustLeave ? [{ name: `${kind} ${node.path.join('.')}`, node, isBounded }] : [];
  return [...own, ...Object.values(node.states).flatMap((child) => restingStates(kind, child, isBounded))];
}

const resting = Object.entries(machines).flatMap(([kind, machine]) => restingStates(kind, machine.root));

describe('every state of our machines', () => {
  it('is looked at: these are all the kinds there are', () => {
    assert.deepEqual(Object.keys(machines).toSorted(), Object.keys(builtInKinds).toSorted());
    assert.ok(resting.length > 30, `${resting.length} states in which an actor can rest`);
  });

  for (const { name, isBounded } of resting.filter((state) => !(state.name in mayLast))) {
    it(`${name} ends by itself`, () => assert.ok(isBounded, 'neither it nor a state around it has an after'));
  }

  it('may last only where this test says why, and nowhere else', () => {
    for (const name of Object.keys(mayLast)) {
      const state = resting.find((one) => one.name === name);
      assert.ok(state, `${name} is no state any more`);
      assert.ok(!state.isBounded, `${name} has a deadline now; it is no exception any more`);
    }
  });
});

const command = (over: Record<string, unknown> = {}) =>
  new Rehearsal('command', commandMachine, {
    commandId: 'c1',
    correlationId: 'k1',
    sessionId: 's1',
    createSession: null,
    envelope: {
      version: '1.0',
      requester: { service: 'test', instance_id: '1' },
      target: { account_id: 'alice', platform: 'example' },
      type: 'flow.run',
      payload: { flow: 'f', params: {} }
    },
    flow: {
      name: 'f',
      platforms: ['*'],
      actions: [{ attempt: 'LIKE', effect: 'write', steps: [{ type: 'click', selectors: ['button'] }] }]
    },
    approval: null,
    deadlineAt: null,
    allowScript: false,
    ...over
  });
const granted = { type: 'session.granted', sessionId: 's1', lease: { slot: 'slot-1', fencing: 1 } };
const humanRequired = { code: 'HUMAN_REQUIRED', message: 'a person is needed: the site asks to log in' };
const lost = { type: 'session.lost', sessionId: 's1', why: 'its browser ended' };
const running = () => {
  const c = command();
  c.send(granted);
  return c;
};

/** It likes something, and asks its account for a place. */
const reaching = (...events: { type: string; [key: string]: unknown }[]) => {
  const c = command({ reaches: ['like'] });
  for (const event of events) c.send(event);
  return c;
};
const wait = {
  type: 'place.wait',
  n: 1,
  retryAt: '2026-01-01T00:00:00.000Z',
  waitMs: 9,
  limit: 'apart_s',
  why: 'later'
};
const polling = () => {
  const poll = { limitMs: 60_000 };
  const verify = { as: 'READY', steps: [{ type: 'waitForElement', selectors: ['video'] }] };
  const steps = [{ type: 'navigate', url: 'http://site/' }];
  const c = command({
    flow: { name: 'f', platforms: ['*'], actions: [{ attempt: 'CHECK', effect: 'read', steps, verify, poll }] }
  });
  c.send(granted);
  return c
    .done('prepare', { dedupeKey: 'd', alreadyDone: false, earlier: null, proofs: [], artifacts: [] })
    .done('attempt', { witness: 'NONE', proofs: [] })
    .done('verify', { outcome: 'VERIFICATION_FAILED', why: 'not yet', pending: true, proofs: [], artifacts: [] });
};
/** It has liked something, and then the site asks for slowness. */
const cooling = (...events: { type: string; [key: string]: unknown }[]) => {
  const c = running()
    .done('prepare', { dedupeKey: 'd', alreadyDone: false, earlier: null, proofs: [], artifacts: [] })
    .done('attempt', { witness: 'DELIVERED', proofs: [] })
    .broke('verify', { code: 'SITE_RATE_LIMITED', message: 'slower' });
  for (const event of events) c.send(event);
  return c;
};
const account = (...events: { type: string; [key: string]: unknown }[]) => {
  const a = new Rehearsal('account', accountMachine, { platform: 'example', accountId: 'alice' });
  for (const event of events) a.send(event);
  return a;
};

const lease = { slot: 'slot-1', fencing: 1 };
const session = (...events: { type: string; [key: string]: unknown }[]) => {
  const input = {
    sessionId: 's1',
    accountId: 'a',
    platform: 'x',
    browser: 'safari',
    device: 'desktop',
    idleLimitMs: 60_000,
    parkLimitMs: 86_400_000
  };
  const s = new Rehearsal('session', sessionMachine, input);
  for (const event of events) s.send(event);
  return s;
};
/** Its command met what only a person gets past. */
const blocked = () =>
  session(
    ...ready,
    { type: 'command.submitted', commandId: 'c1', priority: 3 },
    { type: 'command.blocked', commandId: 'c1', failure: humanRequired }
  );
const granting = { type: 'slot.granted', lease };
const ready = [granting, { type: 'slot.ready', lease }];

const looked = (state: string) => ({
  name: 'post.body',
  state,
  tried: [{ selector: 'p', found: 0 }],
  selector: null,
  fingerprint: null,
  healed: state === 'healed' ? { selector: '.body', likeness: 0.7, second: 0.1, sure: false, fingerprint: {} } : null,
  why: 'no candidate finds it'
});
const selector = (state?: string) => {
  const s = new Rehearsal('selector', selectorMachine, { platform: 'example', name: 'post.body' });
  if (state) s.send({ type: 'selector.found', finding: looked(state), sweep: true, commandId: 'c1' });
  return s;
};
const driver = () => new Rehearsal('driver', driverMachine, { slot: 'slot-1' });
const busy = (d = driver()) => {
  d.send({ type: 'driver.open', sessionId: 's1', fencing: 1, device: 'desktop' });
  for (const effect of ['preflight', 'boot', 'open', 'configure']) if (d.running.includes(effect)) d.done(effect, null);
  return d;
};
/** Up the ladder that begins where `effect` failed. */
const recovering = (d = busy(), effect = 'watch', left: string[] = []) => {
  d.broke(effect, { code: 'DRIVER_LOST', message: 'it ended' });
  d.done('probe', { appium: 'usable', display: 'usable', driver: 'gone', browser: 'running' });
  d.done('deleteSession', false).done('killDriverGroup', null).done('killBrowser', { appiumStays: true });
  return d.done('sweep', { left });
};
const supervisor = () => new Rehearsal('supervisor', supervisorMachine, { slots: 1, epoch: 1 }, 'main');

/** An actor in each state that waits for somebody or something. */
const waiting: Record<string, () => Rehearsal> = {
  'command QUEUED.waiting': () => command(),
  'command QUEUED.asking': () => reaching(),
  'command QUEUED.limited': () => reaching(wait),
  'command QUEUED.slowing': () => running().broke('prepare', { code: 'SITE_RATE_LIMITED', message: 'slower' }),
  'command RUNNING.PREPARING.placing': () =>
    reaching({ type: 'place.open', n: 1, testAccount: false, approval: 'messages' }, granted).done('prepare', {
      dedupeKey: 'd',
      alreadyDone: false,
      earlier: null,
      proofs: [],
      artifacts: []
    }),
  'account OPEN': () => account(),
  'account COOLING': () => account({ type: 'account.limited', commandId: 'c1', why: 'slower', n: 1 }),
  'command AWAITING_APPROVAL.asking': () =>
    command({ approval: { approvalId: 'a1', actionHash: 'h', preview: {}, expiresAt: 0 } }),
  'command AWAITING_APPROVAL.selector': () =>
    running().done('prepare', {
      dedupeKey: 'd',
      alreadyDone: false,
      earlier: null,
      proofs: [],
      artifacts: [],
      findings: [looked('healed')]
    }),
  'selector unknown': () => selector(),
  'selector ambiguous': () => selector('ambiguous'),
  'selector healed': () => selector('healed'),
  'selector missing': () => selector('missing'),
  'command RUNNING.PREPARING.waiting': () => {
    const c = running();
    c.send(lost);
    return c;
  },
  'command RUNNING.ACTION_ATTEMPTED.recovering': () => {
    const c = running().done('prepare', {
      dedupeKey: 'd',
      alreadyDone: false,
      earlier: null,
      proofs: [],
      artifacts: []
    });
    c.send(lost);
    return c;
  },
  'command RUNNING.ACTION_ATTEMPTED.cooling.telling': () => cooling(),
  'command RUNNING.ACTION_ATTEMPTED.cooling.limited': () => cooling(wait),
  'command RUNNING.ACTION_ATTEMPTED.cooling.asking': () => cooling(wait).advance(wait.waitMs),
  'command RUNNING.POLLING.resting': () => polling(),
  'command RUNNING.POLLING.asking': () => polling().advance(5_000),
  'command RUNNING.PREPARING.person': () => running().broke('prepare', humanRequired),
  'command RUNNING.ACTION_ATTEMPTED.person': () =>
    running()
      .done('prepare', { dedupeKey: 'd', alreadyDone: false, earlier: null, proofs: [], artifacts: [] })
      .broke('attempt', humanRequired),
  'approval PENDING': () =>
    new Rehearsal('approval', approvalMachine, { approvalId: 'a1', commandId: 'c1', expiresAt: 1_800_000_000_000 }),
  'alert RAISED': () =>
    new Rehearsal('alert', alertMachine, { rule: 'r', about: ['command/c1'], atCursor: '7', found: 'f' }),
  'session QUEUED': () => session(),
  'session STARTING.opening': () => session(granting),
  'session HUMAN_REQUIRED.waiting': () => blocked(),
  'session PAUSED_BY_HUMAN': () => session(...ready, { type: 'session.pause' }),
  'session HUMAN_DRIVING.looking': () => session(...ready, { type: 'session.takeover' }),
  'session HUMAN_DRIVING.acting': () =>
    session(
      ...ready,
      { type: 'session.takeover' },
      { type: 'session.input', input: { type: 'text', length: 6 }, by: 'operator' }
    ),
  'session PARKED.leaving': () => session(...ready, { type: 'slot.wanted' }),
  'session PARKED.resting': () => session(...ready, { type: 'slot.wanted' }, { type: 'slot.released', lease }),
  'session LOST.waiting': () => session(...ready, { type: 'slot.lost', lease, code: 'DRIVER_LOST', why: 'it ended' }),
  'session CLOSING.leaving': () => session(...ready, { type: 'session.close' }),
  'driver slot.READY.held': () => {
    const d = busy();
    d.send({ type: 'driver.hold', fencing: 1 });
    return d;
  },
  'driver slot.READY.parking': () => {
    const d = busy();
    d.send({ type: 'driver.hold', fencing: 1 });
    return d.advance(defaultLimits.holdMs);
  },
  'driver slot.RECOVERING.cooldown': () => recovering(),
  'driver slot.NEEDS_HUMAN.waiting': () => recovering(busy(), 'watch', ['4711']),
  'driver slot.QUARANTINED': () => {
    const d = recovering();
    for (let failures = 1; failures < defaultLimits.failures; failures++) {
      d.advance(cooldownMs(d.context)).send({
        type: 'driver.open',
        sessionId: 's',
        fencing: failures,
        device: 'desktop'
      });
      recovering(d, 'open');
    }
    return d.advance(cooldownMs(d.context));
  },
  'supervisor RUNNING.draining.waiting': () => {
    const s = supervisor();
    s.send({ type: 'supervisor.drain' });
    return s;
  },
  'supervisor RUNNING.draining.ending': () => {
    const s = supervisor();
    s.send({ type: 'supervisor.drain' });
    return s.advance(s.context.limits.drainMs);
  }
};

describe('every state that waits', () => {
  it('is here', () => {
    const names = resting
      .filter(({ name, node }) => node.invoke.length === 0 && !notWaiting.has(name))
      .map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => !(name in waiting)),
      []
    );
  });

  for (const [name, come] of Object.entries(waiting)) {
    it(`${name} says what for, and until when`, () => {
      const actor = come();
      const { kind } = actor.record;
      assert.ok(
        actor.state.split(',').some((path) => `${kind} ${path}` === name),
        `it is ${actor.state}`
      );
      assert.ok(actor.context.why, 'it has no why');
      assert.ok((actor.record.deadlineAt ?? 0) > actor.now - 1, `its deadline is ${actor.record.deadlineAt}`);
    });
  }
});
