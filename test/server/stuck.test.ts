/** Who has been in a state for unusually long, and how often transitions were taken. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bucketOf, longestOf, quantile } from '../../actors/host/stays.ts';
import type { EventEnvelope, MachineNode, MachineSummary, StuckPage } from '../../schemas/generated/contracts.ts';
import { builtInKinds } from '../../server/control/built-in-kinds.ts';
import { readCoverage, usesOf } from '../../server/inspector/heat.ts';
import { envelope, openHarness, sharedHarness } from './harness.ts';

const HOUR = 3_600_000;

describe('a histogram of dwell times', () => {
  it('knows a quantile within a tenth, however long the stays', () => {
    const stays = Array.from({ length: 1_000 }, (_, index) => (index + 1) ** 3 / 7);
    const counts = new Map<number, number>();
    for (const ms of stays) counts.set(bucketOf(ms), (counts.get(bucketOf(ms)) ?? 0) + 1);
    const histogram = [...counts].map(([bucket, count]) => ({ bucket, count }));
    assert.ok(histogram.length < 200, `${histogram.length} buckets`);
    for (const part of [0.1, 0.5, 0.9, 0.99, 1]) {
      const exact = stays[Math.ceil(part * 1_000) - 1] as number;
      const known = quantile(histogram, part);
      assert.ok(known >= exact * 0.999 && known <= exact * 1.101 + 1, `${part}: ${known} for ${exact}`);
    }
    assert.equal(quantile([], 0.99), 0);
    assert.ok(longestOf(bucketOf(0.5)) <= 1 && longestOf(bucketOf(10 * 86_400_000)) < 11 * 86_400_000);
  });
});

describe('GET /v1/stuck', () => {
  const shared = sharedHarness();
  const stuck = async (query = '', token?: string): Promise<StuckPage> => {
    const { status, body } = await shared.h.api('GET', `/v1/stuck${query}`, token === undefined ? {} : { token });
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };

  it('has nobody while nothing is unusual', async (t) => {
    t.after(() => shared.h.ahead(0));
    assert.deepEqual(await stuck(), { items: [], next_page: null, total: 0 });
    // Too few have been where it is, and no deadline is past.
    await shared.h.note('one', 'two');
    shared.h.ahead(HOUR);
    assert.deepEqual((await stuck('?kind=notes')).items, []);
  });

  it('has who is longer in a state than 99 of 100 before it, with what is usual', async (t) => {
    const { h } = shared;
    t.after(() => h.ahead(0));
    await h.note(...Array.from({ length: 240 }, (_, index) => `${index}`));
    h.ahead(2 * HOUR);
    const { items, total } = await stuck('?kind=notes');
    assert.equal(total, 1);
    const [notes] = items;
    assert.ok(notes);
    assert.equal(notes.actor.address, 'notes/main');
    assert.equal(notes.by, 'usual');
    assert.equal(notes.since, notes.actor.entered_at);
    assert.ok(notes.usual.samples >= 100, `${notes.usual.samples}`);
    assert.equal(notes.limit_ms, notes.usual.p99_ms);
    assert.ok((notes.usual.p50_ms as number) <= (notes.usual.p99_ms as number));
    assert.ok(notes.for_ms >= 2 * HOUR && notes.for_ms > notes.limit_ms);
    // Had others stayed that long too, it would be nothing unusual.
    for (const state of ['TICK', 'TOCK']) {
      await h.host.write([{ into: 'stays', row: { kind: 'notes', state, bucket: bucketOf(9 * HOUR), count: 1_000 } }]);
    }
    assert.deepEqual(await stuck('?kind=notes&limit=1'), { items: [], next_page: null, total: 0 });
  });

  it('has commands by their usual stay, page by page, and only those of the client’s accounts', async (t) => {
    const { h } = shared;
    h.executor.hold();
    t.after(() => {
      h.executor.letGo();
      h.ahead(0);
    });
    const send = async (account_id: string) => {
      const { body } = await h.send(envelope({ target: { account_id, platform: 'instagram' } }));
      const at = await h.host.waitFor(
        `command/${body.command_id}`,
        ({ state }) => state === 'RUNNING.ACTION_ATTEMPTED.attempting',
        { timeoutMs: 60_000 }
      );
      assert.ok(at, 'it attempts');
      return body.command_id as string;
    };
    const ids: string[] = [];
    for (const account of ['stay-a', 'stay-b', 'stay-c']) ids.push(await send(account));
    const state = 'RUNNING.ACTION_ATTEMPTED.attempting';
    await h.host.write([{ into: 'stays', row: { kind: 'command', state, bucket: bucketOf(1_000), count: 200 } }]);
    h.ahead(10_000);
    const first = await stuck('?kind=command&limit=2');
    assert.deepEqual(
      [first.items.map(({ actor }) => actor.id), first.total, typeof first.next_page],
      [ids.slice(0, 2), 3, 'string']
    );
    assert.ok(first.items.every(({ by, limit_ms }) => by === 'usual' && limit_ms >= 1_000 && limit_ms < 1_200));
    const second = await stuck(`?kind=command&limit=2&page=${first.next_page}`);
    assert.deepEqual([second.items.map(({ actor }) => actor.id), second.next_page], [ids.slice(2), null]);
    const bound = await h.token(['read:actors'], 'bound', ['stay-b']);
    const own = await stuck('', bound);
    assert.deepEqual([own.items.map(({ account_id }) => account_id), own.total], [['stay-b'], 1]);
    assert.deepEqual(
      (await stuck('?account_id=stay-c')).items.map(({ account_id }) => account_id),
      ['stay-c']
    );
    const foreign = await h.api('GET', '/v1/stuck?account_id=stay-a', { token: bound });
    assert.deepEqual([foreign.status, foreign.body.code], [403, 'ACCOUNT_FORBIDDEN']);
  });

  it('is for who may read actors, and refuses what it does not know', async () => {
    const { h } = shared;
    const blind = await h.token(['read:events']);
    assert.equal((await h.api('GET', '/v1/stuck', { token: blind })).status, 403);
    assert.equal((await h.api('GET', '/v1/stuck?kind=nothing')).body.code, 'QUERY_INVALID');
    assert.equal((await h.api('GET', '/v1/stuck?page=x')).body.code, 'QUERY_INVALID');
    assert.equal((await h.api('GET', '/v1/stuck?since=2026-01-31T09:30:00Z')).body.code, 'QUERY_INVALID');
  });
});

describe('a state that few have left', () => {
  it('has its own deadline for want of samples, and says so', async (t) => {
    const h = await openHarness(t, { grants: false });
    const { body } = await h.send();
    const command = await h.api('GET', `/v1/actors/command/${body.command_id}`);
    const deadline = Date.parse(command.body.deadline_at);
    assert.ok(deadline > Date.now(), JSON.stringify(command.body));
    h.ahead(deadline - Date.now() + 60_000);
    const { items } = (await h.api('GET', '/v1/stuck?kind=command')).body as StuckPage;
    const [late] = items;
    assert.ok(late);
    assert.equal(late.actor.id, body.command_id);
    assert.deepEqual([late.by, late.usual.p50_ms, late.usual.p99_ms], ['deadline', null, null]);
    assert.ok(late.usual.samples < 100);
    assert.ok(late.for_ms > late.limit_ms);
  });
});

describe('GET /v1/machines/{kind}', () => {
  const shared = sharedHarness();
  const machine = async (kind: string): Promise<MachineSummary> =>
    (await shared.h.api('GET', `/v1/machines/${kind}`)).body;
  const sum = ({ taken = [] }: MachineSummary) => taken.reduce((total, { production }) => total + production, 0);

  it('says how often each transition was taken, and which never was', async () => {
    const { h } = shared;
    await h.note('a', 'b', 'c');
    assert.deepEqual((await machine('notes')).taken, [
      { source: 'notes.TICK', event: 'note.add', targets: ['notes.TOCK'], production: 2, tests: 0 },
      { source: 'notes.TOCK', event: 'note.add', targets: ['notes.TICK'], production: 1, tests: 0 }
    ]);
    assert.equal((await machine('notes')).tested_version, null);
  });

  it('has what the tests took beside it, and of which version that was', async () => {
    const coverage = readCoverage();
    assert.deepEqual(
      Object.keys(coverage).filter((kind) => !Object.hasOwn(builtInKinds, kind)),
      [],
      'what npm run test:coverage wrote is of machines that are there'
    );
    const { taken = [], tested_version } = await machine('approval');
    assert.equal(tested_version, coverage.approval?.version);
    const tests = taken.reduce((total, use) => total + use.tests, 0);
    assert.ok(tests > 0, JSON.stringify(taken));
  });

  it('takes each region of a parallel machine by itself', () => {
    const state = (id: string, next?: string): MachineNode => ({
      ...{ id, key: id.split('.').at(-1) as string, type: 'atomic' as const, tags: [], after: [], always: [] },
      on: next === undefined ? [] : [{ event: 'go', targets: [next], actions: [] }],
      ...{ invoke: [], entry: [], exit: [], states: [] }
    });
    const region = (name: string): MachineNode => ({
      ...state(`m.${name}`),
      type: 'compound',
      states: [state(`m.${name}.x`, `m.${name}.y`), state(`m.${name}.y`)]
    });
    const root: MachineNode = { ...state('m'), key: 'm', type: 'parallel', states: [region('a'), region('b')] };
    const uses = usesOf(
      root,
      [
        ['a.x,b.x', 'a.y,b.y', 'go', 3],
        ['a.x,b.y', 'a.y,b.y', 'go', 4]
      ],
      [['a.y,b.x', 'a.y,b.y', 'go', 1]]
    );
    assert.deepEqual(
      uses.map(({ source, production, tests }) => [source, production, tests]),
      [
        ['m.a.x', 7, 0],
        ['m.b.x', 3, 1]
      ]
    );
  });

  it('finds for every move in the log a transition of the machine', async () => {
    const { h } = shared;
    const { body } = await h.send();
    await h.ended(body.command_id);
    const cancelled = (await h.send(envelope({ payload: { flow: 'asked', params: { text: 'no' } } }))).body.command_id;
    await h.api('POST', `/v1/commands/${cancelled}/cancel`);
    await h.ended(cancelled);
    for (const kind of ['command', 'approval']) {
      const rows: EventEnvelope[] = (await h.api('GET', `/v1/events?actor_kinds=${kind}&limit=500`)).body.items;
      const moves = rows.filter(
        ({ type, payload }) =>
          payload.from !== null && !['event.rejected', 'audit.recorded', 'actor.failed'].includes(type)
      );
      assert.ok(moves.length > 0, kind);
      assert.equal(sum(await machine(kind)), moves.length, kind);
    }
  });
});
