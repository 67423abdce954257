/** The real program, stopped with one troupe.config.ts and started with another, and `troupe check-upgrade` in between. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ActorSummary, EventEnvelope, MachineSummary, Problem } from '../../schemas/generated/contracts.ts';
import { conforms } from '../../server/contracts.ts';
import { type Manager, ManagerNotStarted, runTroupe, startManager } from '../support/manager.ts';
import { userProject } from '../support/user-project.ts';
import { troupe } from './cli/harness.ts';

/** The first version: an order is paid by outside work that a file lets go, and reviewed by a child machine. */
const machine = (more: { version: string; open?: string; inspecting?: string; child?: string }) => `
import { assign, fromPromise, setup } from 'xstate';
const audit = setup({}).createMachine({
  id: 'audit', initial: '${more.child ?? 'looking'}',
  states: { ${more.child ?? 'looking'}: { on: { found: 'over' } }, over: { type: 'final' } }
});
export const order = setup({
  types: {
    context: {} as { total: number; paid: unknown; currency?: string },
    input: {} as { total: number },
    events: {} as { type: 'pay' } | { type: 'audit' } | { type: 'cancel' }
  },
  actors: { audit, charge: fromPromise<unknown, { total: number }>(async () => { throw new Error('not provided'); }) },
  guards: { isCheap: ({ context }) => context.total < 100 }
}).createMachine({
  id: 'order', version: '${more.version}',
  context: ({ input }) => ({ total: input.total, paid: null }),
  initial: '${more.open ?? 'open'}',
  states: {
    ${more.open ?? 'open'}: { on: { pay: 'paying', audit: '${more.inspecting ?? 'auditing'}', cancel: 'cancelled' }, after: { 3_600_000: 'cancelled' } },
    paying: {
      invoke: {
        id: 'charge', src: 'charge', input: ({ context }) => ({ total: context.total }),
        onDone: { target: 'paid', actions: assign({ paid: ({ event }) => event.output }) }
      }
    },
    ${more.inspecting ?? 'auditing'}: { invoke: { id: 'audit', src: 'audit', onDone: '${more.open ?? 'open'}' } },
    paid: { type: 'final' }, cancelled: { type: 'final' }
  }
});`;

const config = (more = '', context = '') => `
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { order } from './order.ts';
${more.includes('before') ? "import { order as before } from './before.ts';" : ''}
const folder = join(import.meta.dirname, '..');
export default {
  machines: [{
    kind: 'order', machine: order,
    schema: {
      input: { type: 'object', required: ['total'], properties: { total: { type: 'number' } } },
      events: { pay: { type: 'object' }, cancel: { type: 'object' }, audit: { type: 'object' } }${context}
    },
    ${more}
  }],
  effects: {
    order: {
      charge: async ({ input, effect, signal }) => {
        appendFileSync(join(folder, 'charges'), JSON.stringify({ ...effect, ...input }) + '\\n');
        while (!existsSync(join(folder, 'gate'))) await delay(20, undefined, { signal });
        return 'receipt';
      }
    }
  }
};`;

const VERSIONS = { v1: machine({ version: '1' }), v2: machine({ version: '2', open: 'OPEN' }) };

async function project(t: TestContext, folders: Record<string, Record<string, string>>) {
  const files = Object.entries(folders).flatMap(([folder, of]) =>
    Object.entries(of).map(([name, text]) => [`${folder}/${name}`, text])
  );
  const folder = await userProject(t, Object.fromEntries(files));
  const data = join(folder, 'data');
  return {
    folder,
    data,
    file: (name: string) => join(folder, name, 'troupe.config.ts'),
    start: (name: string) => startManager(t, { data, args: ['--machines', join(folder, name, 'troupe.config.ts')] }),
    charges: () =>
      (existsSync(join(folder, 'charges'))
        ? readFileSync(join(folder, 'charges'), 'utf8').split('\n').slice(0, -1)
        : []
      ).map((line) => JSON.parse(line))
  };
}

async function read(manager: Manager, address: string): Promise<ActorSummary> {
  const { status, body } = await manager.request<ActorSummary>('GET', `/v1/actors/${address}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

async function make(manager: Manager, id: string, ...events: string[]) {
  const made = await manager.request<ActorSummary>('POST', '/v1/actors/order', { id, input: { total: 40 } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  for (const type of events)
    assert.equal((await manager.request('POST', `/v1/actors/order/${id}/events`, { type })).status, 202);
}

async function until<T>(ask: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 60_000; ; await delay(25)) {
    const value = await ask();
    if (holds(value)) return value;
    assert.ok(Date.now() < deadline, JSON.stringify(value));
  }
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the command prints
type Line = Record<string, any>;
async function checkUpgrade(...args: string[]): Promise<{ code: number; lines: Line[]; stderr: string }> {
  const { code, json, err } = await troupe(['check-upgrade', ...args]);
  return { code, lines: json, stderr: err };
}
const counts = (lines: Line[], kind: string) => {
  const { unchanged, went_on, migrated, stayed, held } =
    lines.find((line) => line.type === 'kind' && line.kind === kind) ?? {};
  return { unchanged, went_on, migrated, stayed, held };
};

const RENAME = `migrations: [{ from: '1', migrate: ({ value, context }) => ({ value: value === 'open' ? 'OPEN' : value, context }) }],`;

describe('another version of a registered machine', () => {
  it('is checked, holds what it does not fit, and carries it on once it says how', async (t) => {
    const { data, file, start, charges, folder } = await project(t, {
      one: { 'order.ts': VERSIONS.v1, 'troupe.config.ts': config() },
      two: { 'order.ts': VERSIONS.v2, 'troupe.config.ts': config() },
      three: { 'order.ts': VERSIONS.v2, 'troupe.config.ts': config(RENAME) }
    });
    const first = await start('one');
    await make(first, 'waits');
    await make(first, 'pays', 'pay');
    await make(first, 'ended', 'cancel');
    await until(charges, ({ length }) => length === 1);
    const waits = await read(first, 'order/waits');
    assert.deepEqual(conforms('troupe:actor#/$defs/ActorSummary', waits), []);
    assert.equal(waits.held, null);
    const machineOf = async (manager: Manager, query = '') =>
      (await manager.request<MachineSummary>('GET', `/v1/machines/order${query}`)).body;
    const one = await machineOf(first);
    assert.deepEqual(conforms('troupe:actor#/$defs/MachineSummary', one), []);
    assert.deepEqual([one.version, one.label], [waits.version, '1']);
    assert.deepEqual(one.versions, [{ version: waits.version, label: '1', role: 'newest', live: 2 }]);

    // Of an instance that runs, and nothing is written.
    const before = readdirSync(data).toSorted();
    const breaking = await checkUpgrade(file('one'), file('two'), '--data', data);
    assert.deepEqual(readdirSync(data).toSorted(), before);
    assert.equal(breaking.code, 1, breaking.stderr);
    assert.deepEqual(counts(breaking.lines, 'order'), { unchanged: 0, went_on: 1, migrated: 0, stayed: 0, held: 1 });
    const [diff, held] = breaking.lines;
    assert.deepEqual(
      [diff!.type, diff!.states, diff!.events],
      ['diff', { added: ['OPEN'], removed: ['open'] }, { added: [], removed: [] }]
    );
    assert.deepEqual(
      { ...held, why: held!.why.join(), version: held!.version === waits.version },
      {
        type: 'held',
        kind: 'order',
        address: 'order/waits',
        state: 'open',
        version: true,
        label: '1',
        why: "state 'open' is not in the machine; the machine has OPEN, paying, auditing, paid, cancelled",
        cure: "register the machine of that version under previous of 'order', or give a migration from '1'"
      }
    );
    assert.deepEqual(breaking.lines.at(-1), { type: 'result', living: 2, breaks: 1 });
    const fine = await checkUpgrade(file('three'), '--data', data);
    assert.equal(fine.code, 0, fine.stderr);
    assert.deepEqual(counts(fine.lines, 'order'), { unchanged: 0, went_on: 0, migrated: 2, stayed: 0, held: 0 });
    assert.ok(
      fine.lines.some((line) => line.type === 'diff'),
      'the journal knows what ran'
    );

    await first.stop();
    const second = await start('two');
    const still = await read(second, 'order/waits');
    assert.match(
      still.held ?? '',
      /^made by version 1 \([0-9a-f]+\); the newest is 2: state 'open' is not in the machine/
    );
    assert.deepEqual([still.why, still.accepts, still.state], [still.held, [], 'open']);
    const refused = await second.request<Problem>('POST', '/v1/actors/order/waits/events', { type: 'pay' });
    assert.deepEqual([refused.status, refused.body.code, refused.body.retryable], [503, 'ACTOR_HELD', true]);
    const ready = await second.request<{ status: string; checks: { name: string; state: string; why: string }[] }>(
      'GET',
      '/ready'
    );
    const check = ready.body.checks.find(({ name }) => name === 'machines')!;
    assert.equal(check.state, 'up');
    assert.match(check.why, /^1 actors are held: 1 of kind 'order' made by version 1 /);
    const two = await machineOf(second);
    assert.deepEqual(
      two.versions.map(({ role, live, label }) => [role, live, label]),
      [
        ['newest', 1, '2'],
        ['held', 1, null]
      ]
    );
    assert.deepEqual(
      (await machineOf(second, `?version=${waits.version}`)).definition,
      one.definition,
      'what it was is still there to be drawn'
    );
    assert.equal((await second.request('GET', '/v1/machines/order?version=none')).status, 400);
    // The one that went on runs its effect on, under the same id.
    await until(charges, ({ length }) => length === 2);
    assert.deepEqual(
      charges().map(({ id, resumed }) => [id, resumed]),
      [
        ['order/pays#2.0', false],
        ['order/pays#2.0', true]
      ]
    );
    await second.kill();

    const third = await start('three');
    const carried = await read(third, 'order/waits');
    assert.deepEqual([carried.state, carried.held, carried.deadline_at], ['OPEN', null, waits.deadline_at]);
    writeFileSync(join(folder, 'gate'), '');
    await make(third, 'new');
    assert.equal((await third.request('POST', '/v1/actors/order/waits/events', { type: 'pay' })).status, 202);
    for (const id of ['waits', 'pays'])
      await until(
        () => read(third, `order/${id}`),
        ({ state }) => state === 'paid'
      );
    const { body } = await third.request<{ items: EventEnvelope[] }>(
      'GET',
      '/v1/events?cursor=0&event_types=actor.upgraded'
    );
    assert.deepEqual(
      body.items.map((event) => conforms('troupe:event#/$defs/EventEnvelope', event)),
      [[], []]
    );
    assert.deepEqual(
      body.items.map(({ payload }) => [payload.actor.id, payload.how, payload.from, payload.to]),
      [
        ['pays', 'went_on', 'paying', 'paying'],
        ['waits', 'migrated', 'open', 'OPEN']
      ]
    );
    assert.equal((await third.request<ActorSummary>('GET', '/v1/actors/order/ended')).body.state, 'cancelled');
    await third.stop();
  });

  it('runs beside the former one, each with what it takes over REST and its child machine', async (t) => {
    const beside = `previous: [{ machine: before, schema: { events: { pay: { type: 'object' }, audit: { type: 'object', required: ['why'] } } } }],`;
    const { start, folder } = await project(t, {
      one: { 'order.ts': VERSIONS.v1, 'troupe.config.ts': config() },
      two: {
        'before.ts': VERSIONS.v1,
        'order.ts': machine({ version: '2', open: 'OPEN', inspecting: 'INSPECTING', child: 'LOOKING' }),
        'troupe.config.ts': config(beside)
      }
    });
    writeFileSync(join(folder, 'gate'), '');
    const first = await start('one');
    await make(first, 'old');
    await make(first, 'audited', 'audit');
    await first.kill();
    const second = await start('two');
    await make(second, 'young', 'audit');
    const send = async (id: string, event: object) =>
      (await second.request<Problem>('POST', `/v1/actors/order/${id}/events`, event)).status;
    assert.equal(await send('old', { type: 'audit' }), 400, 'its own schema wants a why');
    assert.equal(await send('old', { type: 'cancel' }), 400, 'and has no such event');
    assert.equal(await send('old', { type: 'audit', why: 'so' }), 202);
    const { body } = await until(
      () => second.request<{ items: ActorSummary[] }>('GET', '/v1/actors?kind=order_audit'),
      ({ body: { items } }) => items.length === 3
    );
    assert.deepEqual(body.items.map(({ id, state }) => `${id.split('.')[0]} ${state}`).toSorted(), [
      'audited looking',
      'old looking',
      'young LOOKING'
    ]);
    const machines = (await second.request<{ items: MachineSummary[] }>('GET', '/v1/machines')).body.items;
    for (const [kind, live] of [
      ['order', [1, 2]],
      ['order_audit', [1, 2]]
    ] as const) {
      const { versions } = machines.find((one) => one.kind === kind)!;
      assert.deepEqual(
        versions.map((one) => [one.role, one.live]),
        [
          ['newest', live[0]],
          ['former', live[1]]
        ]
      );
    }
    await second.stop();
  });

  it('killed with -9 in the middle of a migration, and again, migrates each actor once', async (t) => {
    const dies = `migrations: [{ from: '1', migrate: ({ context, id }) => {
      calls += 1;
      for (const [file, at] of [['died-once', 550], ['died-twice', 50]]) {
        if (calls !== at || existsSync(join(folder, file)) || (at === 50 && !existsSync(join(folder, 'died-once')))) continue;
        appendFileSync(join(folder, file), '');
        process.kill(process.pid, 'SIGKILL');
      }
      if (context.currency) throw new Error('twice: ' + id);
      return { value: 'OPEN', context: { ...context, currency: 'EUR' } };
    } }],`;
    const { start, data, folder } = await project(t, {
      one: { 'order.ts': VERSIONS.v1, 'troupe.config.ts': config() },
      two: { 'order.ts': VERSIONS.v2, 'troupe.config.ts': `let calls = 0;${config(dies)}` },
      // The same machine: what it would make of the actors, without dying of it.
      looks: { 'order.ts': VERSIONS.v2, 'troupe.config.ts': config(RENAME) }
    });
    const count = 600;
    const first = await start('one');
    for (let i = 0; i < count; i += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, n) => make(first, `o${i + n}`)));
    }
    await first.kill();
    for (const died of ['died-once', 'died-twice']) {
      await assert.rejects(
        start('two'),
        (error) => error instanceof ManagerNotStarted && error.ended?.signal === 'SIGKILL'
      );
      assert.ok(existsSync(join(folder, died)));
      const { unchanged, migrated, held } = counts(
        (await checkUpgrade(join(folder, 'looks/troupe.config.ts'), '--data', data)).lines,
        'order'
      );
      assert.deepEqual([unchanged, migrated, held], [500, 100, 0], 'a whole transaction, and nothing of the next');
    }
    const last = await start('two');
    const { body } = await last.request<MachineSummary>('GET', '/v1/machines/order');
    assert.deepEqual(
      body.versions.map(({ role, live }) => [role, live]),
      [['newest', count]]
    );
    const upgraded: string[] = [];
    for (let cursor = '0'; ; ) {
      const page = await last.request<{ items: EventEnvelope[]; next_cursor: string }>(
        'GET',
        `/v1/events?cursor=${cursor}&limit=500&event_types=actor.upgraded`
      );
      upgraded.push(...page.body.items.map(({ payload }) => payload.actor.id));
      if (page.body.next_cursor === cursor) break;
      cursor = page.body.next_cursor;
    }
    assert.deepEqual([upgraded.length, new Set(upgraded).size], [count, count]);
    await last.stop();
  });
});

describe('troupe check-upgrade', () => {
  it('reads a copy, tells of a kind that is gone, of a failing migration and of a context that does not fit', async (t) => {
    const { start, data, file, folder } = await project(t, {
      one: { 'order.ts': VERSIONS.v1, 'troupe.config.ts': config() },
      gone: { 'troupe.config.ts': 'export default {};' },
      fails: {
        'order.ts': VERSIONS.v2,
        'troupe.config.ts': config(`migrations: [{ from: '1', migrate: () => { throw new Error('no rate'); } }],`)
      },
      strict: {
        'order.ts': VERSIONS.v1,
        'troupe.config.ts': config('', ", context: { type: 'object', required: ['currency'] }")
      },
      defaults: {
        'order.ts': VERSIONS.v1,
        'troupe.config.ts': config('', ", context: { type: 'object', properties: { currency: { default: 'EUR' } } }")
      }
    });
    const first = await start('one');
    await make(first, 'a');
    await first.stop();
    const copy = join(folder, 'copy');
    mkdirSync(copy);
    await cp(join(data, 'journal.db'), join(copy, 'backup.db'));
    const at = (name: string) => checkUpgrade(file(name), '--data', join(copy, 'backup.db'));
    const why = async (name: string) => {
      const { code, lines } = await at(name);
      assert.equal(code, 1);
      return lines.find((line) => line.type === 'held')!;
    };
    assert.equal((await at('one')).code, 0);
    assert.deepEqual((await why('gone')).why, ['no machine of its kind is registered']);
    assert.match((await why('fails')).why.join(), /the migration from '1' does not do: no rate/);
    assert.deepEqual((await why('strict')).why, ['context /currency is missing']);
    assert.equal((await at('defaults')).code, 0);
    assert.deepEqual(readdirSync(copy), ['backup.db']);
    const { stdout, code } = await runTroupe(['check-upgrade', file('gone'), '--data', join(copy, 'backup.db')]);
    assert.deepEqual([code, stdout.trim().split('\n').length], [1, 3], 'JSON lines in a pipe');
  });

  it('ends with 2 for wrong usage and 1 for what cannot be read', async (t) => {
    const { file, folder } = await project(t, {
      one: { 'order.ts': VERSIONS.v1, 'troupe.config.ts': config() },
      wrong: { 'order.ts': VERSIONS.v1, 'troupe.config.ts': config("migrations: [{ from: '1', migrate: 7 }],") }
    });
    writeFileSync(
      join(folder, 'text.db'),
      'no database, but some text that is long enough to be looked at by SQLite, page after page'
    );
    const run = async (...args: string[]) => {
      const { code, err } = await troupe(['check-upgrade', ...args]);
      return [code, err] as const;
    };
    for (const [args, code, message] of [
      [[], 2, /missing required argument/],
      [[file('one'), file('one'), file('one')], 2, /3 files are given/],
      [[file('one'), '--limit', 'many'], 2, /--limit 'many' is not a whole number/],
      [[join(folder, 'none.ts')], 2, /there is no such file/],
      [[file('wrong')], 2, /machines\[0\]\.migrations\[0\]\.migrate.* must be a function/],
      [[file('one'), '--data', join(folder, 'nowhere')], 1, /there is no .*nowhere/],
      [[file('one'), '--data', join(folder, 'text.db')], 1, /JOURNAL_DAMAGED/]
    ] as [string[], number, RegExp][]) {
      const [ended, stderr] = await run(...args);
      assert.match(stderr, message);
      assert.equal(ended, code, stderr);
    }
  });
});
