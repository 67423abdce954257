import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { World } from '../../testing/fuzz/world.ts';
import type { Endpoint } from '../../testing/live/deployment.ts';
import { type Against, judge } from '../../testing/live/judge.ts';
import type { Life } from '../../testing/live/life.ts';
import { definitionOf } from '../../testing/live/run.ts';
import { deploy, endpointOf, ordersHere } from './deployed.ts';
import { orderConfig } from './orders.ts';

describe('the life of an actor that is judged', () => {
  const ends: (() => unknown)[] = [];
  const t = { after: (end: () => unknown) => void ends.push(end) } as never;
  const against: Against = { definition: definitionOf(ordersHere()), samples: ordersHere().samples };
  let endpoint: Endpoint;
  /** Two payments one after the other, then two clients that cancel at the same time. */
  let lived: Life;
  before(async () => {
    endpoint = endpointOf(await deploy(t, orderConfig()));
    const world = await World.open({ endpoint, alone: true }, ordersHere(), 'judged');
    await world.make(0);
    await world.send(0, { type: 'order.pay', amount: 1 });
    await world.send(0, { type: 'order.pay', amount: 2 });
    await Promise.all([world.send(0, { type: 'order.cancel' }), world.send(0, { type: 'order.cancel' })]);
    await world.finish();
    await world.close();
    lived = world.lives[0]!;
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  const found = (change: (life: Life) => void) => {
    const life = structuredClone(lived);
    change(life);
    return judge(life, against, true).deviations.map(({ what }) => what);
  };
  const accepted = ({ requests }: Life) => requests.filter(({ answer }) => answer.kind === 'accepted');

  it('is as it was: one of two that race is taken and one is refused', () => {
    assert.deepEqual(
      found(() => {}),
      []
    );
    assert.deepEqual(lived.requests.map(({ answer }) => answer.kind).toSorted(), [
      'accepted',
      'accepted',
      'accepted',
      'rejected'
    ]);
  });

  it('has every order that the clients cannot tell from another, and no order that they can', () => {
    const [first, second] = [0, 1];
    const swapped = (life: Life) => {
      const [one, other] = [accepted(life)[first]!, accepted(life)[second]!];
      [one.begun, other.begun] = [other.begun, one.begun];
      [one.ended, other.ended] = [other.ended, one.ended];
    };
    assert.deepEqual(found(swapped), ['order is wrong']);
    const atOnce = (life: Life) => {
      const [one, other] = [accepted(life)[first]!, accepted(life)[second]!];
      one.ended = other.ended;
      other.begun = one.begun;
    };
    assert.deepEqual(found(atOnce), []);
  });

  it('has taken what was never answered once or not at all, and what was answered once', () => {
    const unanswered = (life: Life) => {
      const request = accepted(life)[1]!;
      request.answer = { kind: 'lost', why: 'cut' };
      request.ended = Number.POSITIVE_INFINITY;
    };
    assert.deepEqual(found(unanswered), []);
    const never = (life: Life) =>
      life.requests.push({
        event: { type: 'order.pay', amount: 7 },
        begun: 1,
        ended: Number.POSITIVE_INFINITY,
        answer: { kind: 'lost', why: 'cut' }
      });
    assert.deepEqual(found(never), []);
    const forgotten = (life: Life) => life.requests.splice(1, 1);
    assert.deepEqual(found(forgotten), ['nobody sent it']);
    const twice = (life: Life) => life.requests.push(structuredClone(accepted(life)[1]!));
    assert.deepEqual(found(twice), ['acknowledged and lost']);
  });

  it('has no refusal without a row, and no row of a refusal that nobody got', () => {
    const unlogged = (life: Life) => {
      life.rows = life.rows.filter(({ type }) => type !== 'event.rejected');
    };
    assert.deepEqual(found(unlogged), ['refusal is not in the log']);
    const legal = (life: Life) => {
      const row = life.rows.find(({ type }) => type === 'event.rejected')!;
      row.payload.legal = ['order.cancel'];
      const { answer } = life.requests.find((request) => request.answer.kind === 'rejected')!;
      if (answer.kind === 'rejected') answer.legal = ['order.cancel'];
    };
    assert.deepEqual(found(legal), ['alternatives are wrong']);
    const early = (life: Life) => {
      // Refused in OPEN, which takes it.
      const at = life.rows.findIndex(({ type }) => type === 'event.rejected');
      const [row] = life.rows.splice(at, 1);
      const born = life.rows.findIndex(({ payload }) => payload.step === 1 && payload.from === null);
      row!.payload.from = 'OPEN';
      row!.payload.legal = ['order.cancel', 'order.pay'];
      const request = life.requests.find(({ answer }) => answer.kind === 'rejected')!;
      [request.begun, request.ended] = [0, 0];
      if (request.answer.kind === 'rejected') request.answer.legal = ['order.cancel', 'order.pay'];
      life.rows.splice(born + 1, 0, row!);
      for (const [i, one] of life.rows.entries()) one.cursor = String(i + 1);
    };
    assert.deepEqual(found(early), ['legal event was refused']);
  });

  it('has the values that the machine gives it', () => {
    const other = (life: Life) => {
      const look = life.looks.find(({ context }) => context !== undefined)!;
      look.context = { ...look.context, paid: 99 };
    };
    assert.deepEqual(found(other), ['context is wrong']);
  });
});
