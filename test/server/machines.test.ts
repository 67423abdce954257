import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ActorSummary, EventEnvelope, Problem } from '../../schemas/generated/contracts.ts';
import { conforms } from '../../server/contracts.ts';
import { builtInKinds } from '../../server/control/built-in-kinds.ts';
import { type Manager, ManagerNotStarted, startManager } from '../support/manager.ts';
import { userProject } from '../support/user-project.ts';

/** Two machines: an order with a child machine, whose outside work a test holds by a file, and a lamp with a timer. */
const ORDERS = `
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { assign, emit, fromPromise, sendParent, setup } from 'xstate';
import { defineConfig } from 'troupe/config';
import { lamp } from './lamp.ts';

const folder = import.meta.dirname;
interface Receipt { receipt: string }

const payment = setup({
  types: { context: {} as { amount: number; receipt?: string }, input: {} as { amount: number }, output: {} as Receipt },
  actors: { charge: fromPromise<Receipt, { amount: number }>(async () => { throw new Error('not provided'); }) }
}).createMachine({
  id: 'payment',
  context: ({ input }) => ({ amount: input.amount }),
  initial: 'charging',
  states: {
    charging: {
      entry: sendParent({ type: 'payment.begun' }),
      invoke: {
        src: 'charge',
        input: ({ context }) => ({ amount: context.amount }),
        onDone: { target: 'settling', actions: assign({ receipt: ({ event }) => event.output.receipt }) }
      }
    },
    settling: { after: { 50: 'settled' } },
    settled: { type: 'final' }
  },
  output: ({ context }) => ({ receipt: context.receipt ?? '' })
});

const order = setup({
  types: {
    context: {} as { total: number; receipt: string | null; note: string | null; why: string | null },
    input: {} as { total: number },
    events: {} as { type: 'pay'; note: string } | { type: 'cancel' } | { type: 'payment.begun' }
  },
  actors: { payment }
}).createMachine({
  id: 'order',
  meta: { telemetry: { type: 'order.changed', take: { total: 'total', receipt: 'receipt' } } },
  context: ({ input }) => ({ total: input.total, receipt: null, note: null, why: 'nobody has paid' }),
  initial: 'open',
  states: {
    open: {
      on: { pay: { target: 'paying', actions: assign({ note: ({ event }) => event.note }) }, cancel: 'cancelled' }
    },
    paying: {
      invoke: {
        id: 'payment',
        src: 'payment',
        input: ({ context }) => ({ amount: context.total }),
        onDone: { target: 'paid', actions: assign({ receipt: ({ event }) => event.output.receipt, why: null }) }
      },
      on: { 'payment.begun': {}, cancel: 'cancelled' }
    },
    paid: { entry: emit({ type: 'order.thanked' }), after: { 50: 'done' } },
    done: { type: 'final' },
    cancelled: { type: 'final' }
  }
});

export default defineConfig({
  machines: [
    {
      kind: 'order',
      machine: order,
      schema: {
        input: {
          type: 'object', additionalProperties: false, required: ['total'],
          properties: { total: { type: 'integer', minimum: 1 } }
        },
        events: {
          pay: {
            type: 'object', additionalProperties: false, required: ['note'],
            properties: { note: { type: 'string', maxLength: 20 } }
          },
          cancel: { type: 'object', additionalProperties: false }
        }
      }
    },
    { kind: 'lamp', machine: lamp }
  ],
  effects: {
    order_payment: {
      charge: async ({ input, signal, effect }) => {
        appendFileSync(join(folder, 'charges'), JSON.stringify({ ...effect, amount: input.amount }) + '\\n');
        while (!existsSync(join(folder, 'gate'))) await delay(20, undefined, { signal });
        return { receipt: 'r-' + input.amount };
      }
    }
  },
  flows: [{
    name: 'wave', platforms: ['harbour'], params: { type: 'object', additionalProperties: false },
    actions: [{
      attempt: 'WAVED', effect: 'read', reaches: 'nobody', steps: [{ type: 'click', selectors: ['@flag'] }],
      verify: { as: 'WAVE_SEEN', steps: [{ type: 'waitForElement', selectors: ['@flag'] }] }
    }]
  }],
  platforms: [{ platform: 'harbour', last_seen_working: null, selectors: { flag: { candidates: ['#flag'] } } }]
});
`;
const LAMP = `
import { createMachine } from 'xstate';
export const lamp = createMachine({ id: 'lamp', initial: 'off', states: { off: { on: { toggle: 'on' } }, on: {} } });
`;

const shop = (t: TestContext) => userProject(t, { 'troupe.config.ts': ORDERS, 'lamp.ts': LAMP });
const start = (t: TestContext, folder: string, data?: string) =>
  startManager(t, { args: ['--machines', join(folder, 'troupe.config.ts')], ...(data ? { data } : {}) });

async function read(manager: Manager, address: string): Promise<ActorSummary> {
  const { status, body } = await manager.request<ActorSummary>('GET', `/v1/actors/${address}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

async function until(manager: Manager, address: string, state: string): Promise<ActorSummary> {
  for (const deadline = Date.now() + 60_000; ; await delay(25)) {
    const actor = await read(manager, address);
    if (actor.state === state) return actor;
    assert.ok(Date.now() < deadline, `${address} is ${JSON.stringify(actor)}\n${manager.output()}`);
  }
}

async function condition(holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !holds(); await delay(25)) assert.ok(Date.now() < deadline);
}

describe('a machine of your own', () => {
  it('is made, moved, killed in the middle of its child’s work, and goes on', async (t) => {
    const folder = await shop(t);
    const data = join(folder, 'data');
    const first = await start(t, folder, data);
    const made = await first.request<ActorSummary>('POST', '/v1/actors/order', { id: 'o1', input: { total: 40 } });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.headers.get('location'), '/v1/actors/order/o1');
    assert.deepEqual(conforms('troupe:actor#/$defs/ActorSummary', made.body), []);
    assert.deepEqual(
      [made.body.state, made.body.accepts, made.body.why],
      ['open', ['cancel', 'pay'], 'nobody has paid']
    );
    const sent = await first.request<ActorSummary>('POST', '/v1/actors/order/o1/events', { type: 'pay', note: 'fast' });
    assert.equal(sent.status, 202, JSON.stringify(sent.body));
    assert.equal(sent.body.state, 'paying');
    const charges = () =>
      existsSync(join(folder, 'charges')) ? readFileSync(join(folder, 'charges'), 'utf8').split('\n').slice(0, -1) : [];
    await condition(() => charges().length === 1);
    await first.kill();

    writeFileSync(join(folder, 'gate'), '');
    const second = await start(t, folder, data);
    await until(second, 'order/o1', 'done');
    const [once, again] = charges().map((line) => JSON.parse(line));
    assert.equal(charges().length, 2);
    assert.equal(once.id, again.id, 'one idempotency key');
    assert.deepEqual([once.resumed, again.resumed, again.amount], [false, true, 40]);

    const stream = await second.subscribe({ cursor: '0', filters: { actor_kinds: ['order'] } });
    const frames = await stream.until((frame) => frame.type === 'caught_up');
    const events = frames.flatMap((frame) => (frame.type === 'event' ? frame.event : []));
    const moves = events.filter(({ type }) => type === 'order.changed').map(({ payload }) => payload);
    assert.deepEqual(
      moves.filter(({ from, to }) => from !== to).map(({ to }) => to),
      ['open', 'paying', 'paid', 'done']
    );
    assert.deepEqual([moves.at(-1)!.total, moves.at(-1)!.receipt], [40, 'r-40']);
    assert.equal(events.filter(({ type }) => type === 'order.thanked').length, 1);
    const children = await second.request<{ items: ActorSummary[] }>(
      'GET',
      '/v1/actors?kind=order_payment&status=done'
    );
    assert.deepEqual(
      children.body.items.map(({ address, state }) => [address, state]),
      [['order_payment/o1.payment.2', 'settled']]
    );
    await second.stop();
  });

  it('takes what its schemas take, and says of all else what is wrong and where', async (t) => {
    const manager = await start(t, await shop(t));
    const problem = async (method: string, path: string, body?: unknown, headers?: Record<string, string>) => {
      const answer = await manager.request<Problem>(method, path, body, headers);
      assert.deepEqual(conforms('troupe:problem#/$defs/Problem', answer.body), []);
      const { code, details, errors } = answer.body;
      return [answer.status, code, errors?.map((error) => error.path) ?? details?.legal ?? []];
    };
    const made = await manager.request<ActorSummary>('POST', '/v1/actors/order', { input: { total: 1 } });
    assert.match(made.headers.get('location')!, /^\/v1\/actors\/order\/[0-9a-f-]{36}$/);
    const events = `/v1/actors/order/${made.body.id}/events`;

    assert.deepEqual(await problem('POST', '/v1/actors/order', { input: { total: 'x', more: 1 } }), [
      400,
      'VALIDATION_FAILED',
      ['/input/more', '/input/total']
    ]);
    assert.deepEqual(await problem('POST', '/v1/actors/order'), [400, 'VALIDATION_FAILED', ['/input/total']]);
    assert.deepEqual(await problem('POST', '/v1/actors/order', { id: 'a/b', input: { total: 1 } }), [
      400,
      'VALIDATION_FAILED',
      ['/id']
    ]);
    assert.deepEqual(await problem('POST', '/v1/actors/order', { id: made.body.id, input: { total: 1 } }), [
      409,
      'ACTOR_EXISTS',
      []
    ]);
    assert.deepEqual(await problem('POST', events, { type: 'pay', note: 'n'.repeat(21), tip: 1 }), [
      400,
      'VALIDATION_FAILED',
      ['/tip', '/note']
    ]);
    assert.deepEqual(await problem('POST', events, { note: 'x' }), [400, 'VALIDATION_FAILED', ['/type']]);
    for (const type of [
      'payy',
      'payment.begun',
      'xstate.done.actor.payment',
      'actor.stop',
      'host.resumed',
      'troupe.send'
    ]) {
      assert.deepEqual(await problem('POST', events, { type }), [400, 'EVENT_UNKNOWN', []], type);
    }
    assert.equal((await manager.request('POST', events, { type: 'pay', note: 'n' })).status, 202);
    assert.deepEqual(await problem('POST', events, { type: 'pay', note: 'n' }), [409, 'EVENT_REJECTED', ['cancel']]);
    assert.equal((await manager.request('POST', events, { type: 'cancel' })).status, 202);
    assert.deepEqual(await problem('POST', events, { type: 'cancel' }), [409, 'EVENT_REJECTED', []]);
    assert.deepEqual(await problem('POST', '/v1/actors/order/none/events', { type: 'cancel' }), [
      404,
      'ACTOR_NOT_FOUND',
      []
    ]);
    assert.deepEqual(await problem('POST', '/v1/actors/none', {}), [404, 'MACHINE_NOT_FOUND', []]);
    const { body: rejected } = await manager.request<{ items: EventEnvelope[] }>(
      'GET',
      '/v1/events?cursor=0&event_types=event.rejected'
    );
    assert.deepEqual(
      rejected.items.map(({ payload }) => [payload.event, payload.legal]),
      [
        ['pay', ['cancel']],
        ['cancel', []]
      ]
    );
  });

  it('is the only kind that can be made this way', async (t) => {
    const manager = await start(t, await shop(t));
    const { body: machines } = await manager.request<{ items: { kind: string }[] }>('GET', '/v1/machines');
    assert.deepEqual(
      machines.items.map(({ kind }) => kind).toSorted(),
      [...Object.keys(builtInKinds), 'lamp', 'order', 'order_payment'].toSorted()
    );
    for (const [kind, way] of [
      ['command', /POST \/v1\/commands/],
      ['session', /POST \/v1\/sessions/],
      ['approval', /POST \/v1\/approvals/],
      ['supervisor', /--slots/],
      ['driver', /supervisor/],
      ['lamp', /schema: \{ input, events \}/],
      ['order_payment', /children of 'order'/]
    ] as const) {
      for (const path of [`/v1/actors/${kind}`, `/v1/actors/${kind}/x/events`]) {
        const { status, body } = await manager.request<Problem>('POST', path, { type: 'x' });
        assert.deepEqual([status, body.code], [403, 'KIND_CLOSED'], path);
        assert.match(body.detail, way);
      }
    }
  });

  it('shows its schemas, its flow and its platform', async (t) => {
    const manager = await start(t, await shop(t));
    const { body: machine } = await manager.request<{ schema: { input: object; events: object } }>(
      'GET',
      '/v1/machines/order'
    );
    assert.deepEqual(conforms('troupe:actor#/$defs/MachineSummary', machine), []);
    assert.deepEqual(Object.keys(machine.schema.events), ['pay', 'cancel']);
    assert.equal((await manager.request('GET', '/v1/flows/wave')).status, 200);
    const { command_id } = await manager.send({
      target: { platform: 'harbour', account_id: 'a' },
      payload: { flow: 'wave', params: {} }
    });
    assert.equal((await manager.commandEnd(command_id)).state, 'SUCCEEDED');
  });

  it('is moved only by who may', async (t) => {
    const manager = await start(t, await shop(t));
    const token = async (scopes: string[]) =>
      (await manager.request<{ token: string }>('POST', '/v1/tokens', { service: 's', scopes })).body.token;
    const post = async (scopes: string[]) => {
      const headers = { authorization: `Bearer ${await token(scopes)}` };
      return (await manager.request('POST', '/v1/actors/order', { input: { total: 1 } }, headers)).status;
    };
    assert.deepEqual(
      [await post(['read:*']), await post(['actor:lamp']), await post(['actor:order']), await post(['actor:*'])],
      [403, 403, 201, 201]
    );
  });

  it('is refused before anything is started when it cannot be hosted', async (t) => {
    const folder = await userProject(t, {
      'troupe.config.ts': `
        import { createMachine, fromCallback } from 'xstate';
        const machine = createMachine({ id: 'm', initial: 'a', states: { a: { invoke: { src: fromCallback(() => {}) } } } });
        export default { machines: [{ kind: 'ticker', machine }] };`
    });
    await assert.rejects(start(t, folder), (error) => {
      assert.ok(error instanceof ManagerNotStarted);
      assert.equal(error.ended!.code, 2, error.output);
      assert.match(error.output, /MACHINE_UNFIT: machine 'ticker' .*state 'm\.a'.*fromPromise/);
      return true;
    });
  });
});
