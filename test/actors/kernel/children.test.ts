import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assign, emit, fromPromise, sendParent, sendTo, setup, spawnChild } from 'xstate';
import { childKind, defineAll } from '../../../actors/kernel/definition.ts';
import { isControlError } from '../../../schemas/errors.ts';
import { Rehearsal } from '../../support/rehearsal.ts';

const payment = setup({
  types: { context: {} as { amount: number }, input: {} as { amount: number }, output: {} as { paid: number } },
  actors: { charge: fromPromise<string, { amount: number }>(async () => 'receipt') }
}).createMachine({
  id: 'payment',
  context: ({ input }) => ({ amount: input.amount }),
  initial: 'waiting',
  output: ({ context }) => ({ paid: context.amount }),
  states: {
    waiting: { on: { confirm: 'charging' } },
    charging: {
      entry: sendParent({ type: 'payment.begun' }),
      invoke: { id: 'charge', src: 'charge', input: ({ context }) => context, onDone: 'paid' }
    },
    paid: { type: 'final' }
  }
});

const order = setup({
  types: {
    context: {} as { total: number; begun: boolean; paid: number | null },
    emitted: {} as { type: 'order.paid'; by: string }
  },
  actors: { payment }
}).createMachine({
  id: 'order',
  context: { total: 40, begun: false, paid: null },
  initial: 'open',
  states: {
    open: { on: { pay: 'paying' } },
    paying: {
      invoke: {
        id: 'pay',
        src: 'payment',
        input: ({ context }) => ({ amount: context.total }),
        onDone: { target: 'done', actions: assign({ paid: ({ event }) => event.output.paid }) },
        onError: 'open'
      },
      on: {
        confirm: { actions: sendTo('pay', { type: 'confirm' }) },
        remind: { actions: sendTo('pay', { type: 'confirm' }, { delay: 500, id: 'reminder' }) },
        'payment.begun': { actions: assign({ begun: true }) },
        abandon: 'open'
      }
    },
    done: { entry: emit({ type: 'order.paid', by: 'card' }), type: 'final' }
  }
});

const paying = () => {
  const actor = new Rehearsal('order', order, {}, 'o1');
  actor.send({ type: 'pay' });
  return actor;
};
const child = 'order_payment/o1.pay.2';

describe('a child machine', () => {
  it('is an actor of its own, with an address of its own', () => {
    const actor = paying();
    const create = actor.tells.at(-1);
    assert.equal(create?.to, child);
    assert.equal(create?.event.type, 'actor.create');
    assert.deepEqual(create?.event.parent, { address: 'order/o1', child: 'pay' });
    assert.deepEqual(actor.record.snapshot.children, { pay: { src: 'payment', address: child } });
    assert.deepEqual(
      defineAll({ kind: 'order', machine: order, durable: true }).map(({ kind }) => kind),
      ['order', childKind('order', 'payment')]
    );
  });

  it('hears what its parent sends it, at once or later', () => {
    const actor = paying();
    actor.send({ type: 'confirm' });
    assert.deepEqual([actor.tells.at(-1)?.to, actor.tells.at(-1)?.event], [child, { type: 'confirm' }]);
    actor.send({ type: 'remind' });
    const before = actor.tells.length;
    actor.advance(499);
    assert.equal(actor.tells.length, before);
    actor.advance(1);
    assert.deepEqual([actor.tells.at(-1)?.to, actor.tells.at(-1)?.event], [child, { type: 'confirm' }]);
  });

  it('speaks to its parent, and reports its end with its output', () => {
    const c = new Rehearsal('order_payment', payment, { amount: 40 }, 'o1.pay.2', {
      address: 'order/o1',
      child: 'pay'
    });
    c.send({ type: 'confirm' });
    assert.deepEqual([c.tells.at(-1)?.to, c.tells.at(-1)?.event], ['order/o1', { type: 'payment.begun' }]);
    c.done('charge', 'receipt');
    assert.deepEqual(
      [c.tells.at(-1)?.to, c.tells.at(-1)?.event],
      ['order/o1', { type: 'xstate.done.actor.pay', output: { paid: 40 }, actorId: 'pay' }]
    );
  });

  it('ends with an output its parent takes, once', () => {
    const actor = paying();
    const done = { type: 'xstate.done.actor.pay', output: { paid: 40 }, actorId: 'pay' };
    assert.equal(actor.send(done, { child: 'order_payment/o1.pay.99' }), false, 'word of another child is stale');
    assert.equal(actor.send(done, { child }), true);
    assert.equal(actor.state, 'done');
    assert.equal(actor.context.paid, 40);
  });

  it('is stopped when its parent leaves the state that invoked it', () => {
    const actor = paying();
    actor.send({ type: 'abandon' });
    assert.deepEqual([actor.tells.at(-1)?.to, actor.tells.at(-1)?.event.type], [child, 'actor.stop']);
    actor.send({ type: 'pay' });
    assert.equal(actor.tells.at(-1)?.to, 'order_payment/o1.pay.4', 'another child, never the former address');
  });
});

describe('what a machine emits', () => {
  it('is a row of that type', () => {
    const actor = paying();
    actor.send({ type: 'xstate.done.actor.pay', output: { paid: 40 }, actorId: 'pay' }, { child });
    const row = actor.rows.at(-1);
    assert.equal(row?.type, 'order.paid');
    assert.equal(row?.payload.by, 'card');
  });
});

describe('a spawned child', () => {
  it('lives beside the states until it is stopped, and ends with its parent', () => {
    const machine = setup({ actors: { payment } }).createMachine({
      id: 'shop',
      entry: spawnChild('payment', { id: 'p', input: { amount: 1 } }),
      initial: 'a',
      states: { a: { on: { next: 'b' } }, b: { on: { end: 'c' } }, c: { type: 'final' } }
    });
    const actor = new Rehearsal('shop', machine, {}, 's');
    assert.equal(actor.tells[0]?.to, 'shop_payment/s.p.1');
    actor.send({ type: 'next' });
    assert.equal(actor.tells.length, 1);
    actor.send({ type: 'end' });
    assert.equal(actor.tells.at(-1)?.event.type, 'actor.stop');
  });

  it('needs a name a snapshot can keep', () => {
    const machine = setup({}).createMachine({
      id: 'shop',
      on: { go: { actions: spawnChild(payment as never) } }
    });
    const actor = new Rehearsal('shop', machine, {}, 's');
    actor.send({ type: 'go' });
    assert.equal(actor.record.status, 'error');
    assert.match(actor.rows.at(-1)?.payload.why ?? '', /setup\(\{ actors \}\)/);
  });
});

describe('an action with code of its own', () => {
  it('is refused when the machine is registered, with the place and the cure', () => {
    const machine = setup({}).createMachine({ id: 'noisy', initial: 'a', states: { a: { entry: () => {} } } });
    assert.throws(
      () => defineAll({ kind: 'noisy', machine, durable: true }),
      (error) =>
        isControlError(error, 'MACHINE_UNFIT') && /noisy\.a/.test(error.message) && /fromPromise/.test(error.message)
    );
  });
});
