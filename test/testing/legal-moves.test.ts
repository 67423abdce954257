import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMachine, raise } from 'xstate';
import { builtInMachines } from '../../actors/built-in-machines.ts';
import { outlineOf } from '../../actors/kernel/outline.ts';
import { LegalMoves, raisedBy } from '../../testing/legal-moves.ts';
import { World } from '../simulation/world.ts';

const legalOf = (config: Parameters<typeof createMachine>[0]) => {
  const machine = createMachine(config);
  return new LegalMoves(outlineOf(machine), raisedBy(machine));
};

const order = legalOf({
  id: 'order',
  initial: 'OPEN',
  on: { 'order.cancel': '.GONE' },
  states: {
    OPEN: {
      on: {
        'order.pay': [{ guard: () => true, target: 'PAID' }, { target: 'REFUSED' }],
        'order.*': 'ODD',
        'order.look': {}
      },
      after: { 1000: 'LATE' }
    },
    PAID: {
      initial: 'PACKING',
      states: { PACKING: { on: { packed: 'DONE' } }, DONE: { type: 'final' } },
      onDone: 'SENT'
    },
    REFUSED: { always: { guard: () => true, target: 'GONE' } },
    ODD: {},
    LATE: {},
    SENT: { type: 'final' },
    GONE: { type: 'final' }
  }
});

describe('which moves a machine has', () => {
  it('are those that a guard may let through, up to the first without one', () => {
    assert.ok(order.isMove('OPEN', 'PAID.PACKING', 'order.pay'));
    assert.ok(order.isMove('OPEN', 'REFUSED', 'order.pay'));
    assert.ok(!order.isMove('OPEN', 'ODD', 'order.pay'), 'one without a guard is before the pattern');
    assert.ok(order.isMove('OPEN', 'ODD', 'order.other'));
    assert.ok(order.isMove('OPEN', 'OPEN', 'order.look'));
  });

  it('do not come from outside a state while that takes the event itself', () => {
    assert.ok(order.isMove('PAID.PACKING', 'GONE', 'order.cancel'));
    assert.ok(!order.isMove('OPEN', 'GONE', 'order.cancel'), 'order.* of OPEN comes first');
  });

  it('are of the state alone, its timers and its end among them', () => {
    assert.ok(order.isMove('OPEN', 'LATE', 'xstate.after.1000.order.OPEN'));
    assert.ok(!order.isMove('OPEN', 'SENT', 'order.pay'));
    assert.ok(order.isFollowing('PAID.DONE', 'SENT'));
    assert.ok(order.isFollowing('REFUSED', 'GONE'));
    assert.ok(!order.isFollowing('OPEN', 'PAID.PACKING'), 'nothing raises order.pay');
    assert.ok(!order.isMove('NOWHERE', 'OPEN', 'order.pay'));
  });

  it('make whole steps: from before the first microstep to after the last', () => {
    assert.ok(order.reaches('OPEN', 'GONE', 'order.pay'));
    assert.ok(order.reaches('PAID.PACKING', 'SENT', 'packed'));
    assert.ok(!order.reaches('OPEN', 'SENT', 'order.look'));
  });

  it('begin where the machine begins', () => {
    assert.ok(order.isBirth('OPEN'));
    assert.ok(!order.isBirth('PAID.PACKING'));
  });

  it('are told as the alternatives of a state, with their guards', () => {
    assert.deepEqual(
      order.from('REFUSED').map(({ event, to }) => `${event} ${to}`),
      [' GONE', 'order.cancel GONE']
    );
    assert.ok(order.mustTake('OPEN', 'order.pay'));
    assert.ok(!order.mustTake('REFUSED', 'order.pay'));
  });

  it('are of each region of a parallel machine, and of several at once', () => {
    const both = legalOf({
      id: 'both',
      type: 'parallel',
      on: { stop: { target: ['.left.off', '.right.off'] } },
      states: {
        left: {
          initial: 'off',
          states: { off: { on: { go: 'on' } }, on: { on: { say: { actions: raise({ type: 'go' }) } } } }
        },
        right: { initial: 'off', states: { off: { on: { go: { guard: () => true, target: 'on' } } }, on: {} } }
      }
    });
    assert.ok(both.isBirth('left.off,right.off'));
    assert.ok(both.isMove('left.off,right.off', 'left.on,right.on', 'go'));
    assert.ok(both.isMove('left.off,right.off', 'left.on,right.off', 'go'));
    assert.ok(!both.isMove('left.off,right.off', 'left.off,right.on', 'go'), 'the left has no guard');
    assert.ok(both.isMove('left.on,right.on', 'left.off,right.off', 'stop'));
    assert.ok(both.isMove('left.on,right.off', 'left.on,right.on', 'say'), 'what it raised, in the first row there is');
  });

  it('of a history state lead to whatever it may remember', () => {
    const pausing = legalOf({
      id: 'pausing',
      initial: 'RUNNING',
      states: {
        RUNNING: {
          initial: 'A',
          states: { A: { on: { next: 'B' } }, B: {}, was: { type: 'history' } },
          on: { pause: 'PAUSED' }
        },
        PAUSED: { on: { resume: 'RUNNING.was' } }
      }
    });
    assert.ok(pausing.isMove('PAUSED', 'RUNNING.B', 'resume'));
    assert.ok(!pausing.isMove('PAUSED', 'PAUSED', 'resume'));
    assert.deepEqual(pausing.from('PAUSED'), [{ event: 'resume', to: 'RUNNING.*' }]);
  });

  it('are all that our own machines take, in runs where everything goes wrong', async () => {
    const legal = new Map(
      builtInMachines.map(({ kind, machine }) => [kind, new LegalMoves(outlineOf(machine), raisedBy(machine))])
    );
    const aside = ['event.rejected', 'audit.recorded', 'actor.failed'];
    const illegal: string[] = [];
    let judged = 0;
    for (const seed of [2, 4, 6]) {
      const world = new World(seed);
      await world.run();
      const last = new Map<string, number>();
      for (const { row } of world.storage.rows) {
        const { actorKind, actorId, step, type } = row;
        const { from, to, event } = row.payload;
        const moves = legal.get(actorKind);
        if (!moves || aside.includes(type) || event === 'actor.stop') continue;
        const follows = last.get(`${actorKind}/${actorId}`) === step;
        last.set(`${actorKind}/${actorId}`, step);
        judged += 1;
        if (from === null ? moves.isBirth(to) : follows ? moves.isFollowing(from, to) : moves.isMove(from, to, event))
          continue;
        illegal.push(`${actorKind} ${from} ─▶ ${to} on ${event}`);
      }
    }
    assert.ok(judged > 500, `${judged} rows`);
    assert.deepEqual(illegal, []);
  });
});
