// biome-ignore-all lint/suspicious/noExplicitAny: small machines whose events need no types
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assign, emit, fromPromise, sendParent, sendTo, setup, spawnChild, stopChild } from 'xstate';
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

describe('a child by name', () => {
  const shop = (on: Record<string, unknown>) =>
    new Rehearsal('shop', setup({ actors: { payment } }).createMachine({ id: 'shop', on } as never) as never, {}, 's');

  it('has the id that is computed for it', () => {
    const actor = shop({
      open: {
        actions: [
          spawnChild('payment', { id: ({ event }: any) => event.id, input: { amount: 1 } }),
          sendTo(({ event }: any) => event.id, { type: 'confirm' })
        ]
      }
    });
    actor.send({ type: 'open', id: 'p7' });
    assert.deepEqual(
      actor.tells.map(({ to, event }) => [to, event.type]),
      [
        ['shop_payment/s.p7.2', 'actor.create'],
        ['shop_payment/s.p7.2', 'confirm']
      ]
    );
  });

  it('keeps its name after its end: what is sent to it goes nowhere, and is no mistake', () => {
    const actor = shop({
      open: { actions: spawnChild('payment', { id: 'p', input: { amount: 1 } }) },
      confirm: { actions: sendTo('p', { type: 'confirm' }) },
      again: { actions: [stopChild('p'), spawnChild('payment', { id: 'p', input: { amount: 2 } })] }
    });
    actor.send({ type: 'open' });
    const end = { type: 'xstate.done.actor.p', output: {}, actorId: 'p' };
    assert.equal(actor.send(end, { child: 'shop_payment/s.p.2' }), true);
    const before = actor.tells.length;
    actor.send({ type: 'confirm' });
    assert.deepEqual([actor.record.status, actor.tells.length], ['active', before]);
    assert.equal(actor.send(end, { child: 'shop_payment/s.p.2' }), false, 'it ends once');
    actor.send({ type: 'again' });
    assert.equal(actor.tells.at(-1)?.to, 'shop_payment/s.p.5');
  });

  it('may be written to by an entry action, which comes before its invoke', () => {
    const machine = setup({ actors: { payment } }).createMachine({
      id: 'shop',
      invoke: { id: 'p', src: 'payment', input: { amount: 1 } },
      entry: [sendTo('p', { type: 'confirm' }), sendTo('p', { type: 'remind' }, { delay: 5 })]
    } as never);
    const actor = new Rehearsal('shop', machine as never, {}, 's');
    actor.advance(5);
    assert.deepEqual(
      actor.tells.map(({ to, event }) => [to, event.type]),
      ['actor.create', 'confirm', 'remind'].map((type) => ['shop_payment/s.p.1', type])
    );
  });

  it('was never there if its state is left in the step that entered it', () => {
    const actor = shop({
      glance: {
        actions: [
          spawnChild('payment', { id: 'p', input: { amount: 1 } }),
          sendTo('p', { type: 'confirm' }),
          stopChild('p')
        ]
      }
    });
    actor.send({ type: 'glance' });
    assert.deepEqual(actor.tells, []);
    assert.deepEqual(actor.record.snapshot.children, {});
  });

  it('is refused when spawn() inside assign starts it, which no host would hear of', () => {
    const actor = shop({
      open: {
        actions: assign(({ spawn }: any) => {
          spawn('payment', { id: 'p', input: { amount: 1 } });
          return {};
        })
      }
    });
    actor.send({ type: 'open' });
    assert.equal(actor.record.status, 'error');
    assert.match(actor.rows.at(-1)?.payload.why ?? '', /child 'p'.*use spawnChild/);
  });
});

describe('what a host cannot do for a child', () => {
  const refused = (machine: unknown, pattern: RegExp) =>
    assert.throws(
      () => defineAll({ kind: 'shop', machine: machine as never, durable: true }),
      (error) => isControlError(error, 'MACHINE_UNFIT') && pattern.test(error.message)
    );
  const invoking = (more: object) =>
    setup({ actors: { payment } }).createMachine({
      id: 'shop',
      invoke: { id: 'p', src: 'payment', input: { amount: 1 }, ...more }
    } as never);

  it('is refused at registration: onSnapshot and syncSnapshot, with sendParent as the cure', () => {
    refused(invoking({ onSnapshot: {} }), /invoke 'p'.*onSnapshot.*sendParent/);
    const spawning = setup({ actors: { payment } }).createMachine({
      id: 'shop',
      entry: spawnChild('payment', { id: 'p', input: { amount: 1 }, syncSnapshot: true })
    });
    refused(spawning, /state 'shop', spawnChild.*syncSnapshot.*sendParent/);
  });

  it('is refused at registration: systemId, with the id as the cure', () => {
    refused(invoking({ systemId: 'till' }), /invoke 'p'.*systemId.*by its id/);
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
