/** What is asked for as it was at a cursor: `?at=`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setup } from 'xstate';
import type { ActorView } from '../../actors/host/contract.ts';
import { createEmbeddedHost } from '../../actors/host/embedded-host.ts';
import { Machines } from '../../actors/kernel/versions.ts';
import type { ActorSummary, EventEnvelope, MachineSummary } from '../../schemas/generated/contracts.ts';
import { conforms } from '../../server/contracts.ts';
import { pastOf } from '../../server/control/past.ts';
import { MemoryJournal } from '../support/memory-journal.ts';
import { type Harness, openHarness, sharedHarness } from './harness.ts';

const ASKED = { payload: { flow: 'asked', params: { text: 'hello' } } };

async function rowsOf(h: Harness, filter = ''): Promise<EventEnvelope[]> {
  return (await h.api('GET', `/v1/events?limit=500${filter}`)).body.items;
}

/** One that waited for a person, who said yes. */
async function allowed(h: Harness, account_id: string) {
  const sent = await h.send({ ...ASKED, target: { account_id, platform: 'instagram' } });
  assert.equal(sent.status, 202, JSON.stringify(sent.body));
  const id = sent.body.command_id as string;
  const waits = await h.host.waitFor(`command/${id}`, ({ state }) => state === 'AWAITING_APPROVAL.asking', {
    timeoutMs: 60_000
  });
  const approval = String(waits?.context.approvalId);
  await h.host.waitFor(`approval/${approval}`, () => true, { timeoutMs: 60_000 });
  assert.equal((await h.api('POST', `/v1/approvals/${approval}`, { body: { decision: 'allow' } })).status, 200);
  await h.ended(id);
  return { id, approval };
}

describe('an actor at a cursor', () => {
  const shared = sharedHarness();

  it('is where the log says at every row of it, with what it worked with and took then', async () => {
    const { h } = shared;
    const { id, approval } = await allowed(h, 'ada');
    const path = `/v1/actors/command/${id}`;
    const own = await rowsOf(h, `&command_id=${id}&actor_kinds=command`);
    assert.ok(own.length > 5);
    for (const row of own) {
      const { status, body } = await h.api('GET', `${path}?at=${row.cursor}`);
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(conforms('troupe:actor#/$defs/ActorSummary', body), []);
      const { state, past, offers, transitions } = body as ActorSummary;
      assert.equal(state, row.payload.to, `at ${row.cursor}`);
      assert.deepEqual(past, { cursor: row.cursor, emitted_at: row.emitted_at, unknown: [] });
      assert.deepEqual(offers, []);
      assert.ok(transitions?.every(({ cursor }) => Number(cursor) <= Number(row.cursor)));
    }
    const waiting = own.find(({ payload }) => payload.to === 'AWAITING_APPROVAL.asking')?.cursor;
    const then = (await h.api('GET', `${path}?at=${waiting}`)).body as ActorSummary;
    const now = (await h.api('GET', path)).body as ActorSummary;
    assert.equal(then.context?.result, null);
    assert.equal(then.context?.completedAt, null);
    assert.equal(typeof now.context?.completedAt, 'number');
    assert.ok(then.accepts.includes('command.cancel'));
    assert.deepEqual([now.accepts, now.past], [[], undefined]);
    assert.equal((await h.api('GET', `/v1/commands/${id}?at=${waiting}`)).body.state, 'AWAITING_APPROVAL');
    assert.equal((await h.api('GET', `/v1/approvals/${approval}?at=${own.at(-1)?.cursor}`)).body.state, 'ALLOWED');
    assert.deepEqual(await h.api('GET', `${path}?at=${now.last_cursor}`).then(({ body }) => body.context), now.context);
  });

  it('is not there before its first row', async () => {
    const { h } = shared;
    const { id } = await allowed(h, 'bo');
    const [first] = await rowsOf(h, `&command_id=${id}&actor_kinds=command`);
    const before = Number(first?.cursor) - 1;
    const { status, body } = await h.api('GET', `/v1/actors/command/${id}?at=${before}`);
    assert.deepEqual([status, body.code], [404, 'ACTOR_NOT_FOUND']);
    assert.match(body.detail, new RegExp(`was there at cursor ${before}`));
  });

  it('keeps to the scopes and accounts of who asks', async () => {
    const { h } = shared;
    const { id } = await allowed(h, 'cy');
    const at = (await rowsOf(h, `&command_id=${id}&actor_kinds=command`)).at(-2)?.cursor;
    const plain = await h.token(['read:actors'], 'at-plain');
    assert.equal((await h.api('GET', `/v1/actors/command/${id}?at=${at}`, { token: plain })).body.context, undefined);
    const other = await h.token(['read:actors'], 'at-other', ['ada']);
    assert.equal((await h.api('GET', `/v1/actors/command/${id}?at=${at}`, { token: other })).status, 404);
    const listed = (await h.api('GET', `/v1/actors?kind=command&at=${at}`, { token: other })).body.items;
    assert.deepEqual(listed, []);
  });
});

describe('lists at a cursor', () => {
  const shared = sharedHarness();

  it('have what waited then, and what lived, and say how many were in which state', async () => {
    const { h } = shared;
    const { id, approval } = await allowed(h, 'ada');
    const log = await rowsOf(h);
    const pending = log.find(({ payload }) => payload.actor.id === approval && payload.to === 'PENDING')?.cursor;
    const items = async (path: string) => (await h.api('GET', path)).body.items;
    assert.deepEqual(await items('/v1/approvals?state=pending'), []);
    const [one, ...more] = await items(`/v1/approvals?state=pending&at=${pending}`);
    assert.deepEqual([one.approval_id, one.state, one.decided_by, more], [approval, 'PENDING', null, []]);

    const living = (await items(`/v1/actors?at=${pending}`)) as ActorSummary[];
    const command = living.find(({ address }) => address === `command/${id}`);
    assert.equal(command?.state, 'AWAITING_APPROVAL.asking');
    assert.equal(command?.past?.cursor, pending);
    assert.ok(
      living.some(({ kind }) => kind === 'supervisor'),
      'volatile ones too'
    );
    const [session] = await items(`/v1/sessions?at=${pending}`);
    assert.equal(session.state, living.find(({ kind }) => kind === 'session')?.state);
    assert.equal((await items(`/v1/commands?at=${pending}`))[0].state, 'AWAITING_APPROVAL');
    assert.deepEqual(await items('/v1/commands?at=0'), []);

    const { items: machines } = (await h.api('GET', `/v1/machines?at=${pending}`)).body as { items: MachineSummary[] };
    for (const machine of machines) {
      const here = living.filter(({ kind }) => kind === machine.kind).map(({ state }) => state);
      const counts: Record<string, number> = {};
      for (const state of here) counts[state] = (counts[state] ?? 0) + 1;
      assert.deepEqual(machine.states, counts, machine.kind);
    }
    const end = (await h.api('GET', `/v1/machines/command?at=${log.at(-1)?.cursor}`)).body as MachineSummary;
    assert.deepEqual([end.live, end.states], [{ SUCCEEDED: 1 }, {}]);
    assert.equal((await h.api('GET', '/v1/machines/command')).body.states, undefined);
  });

  it('come in pages', async () => {
    const { h } = shared;
    for (const account_id of ['p1', 'p2', 'p3'])
      await h.ended((await h.send({ target: { account_id, platform: 'x' } })).body.command_id);
    const { head } = (await h.api('GET', '/v1/events?limit=1')).body;
    await h.ended((await h.send()).body.command_id);
    const found: string[] = [];
    let page = '';
    do {
      const { body } = await h.api('GET', `/v1/commands?platform=x&at=${head}&limit=1${page}`);
      found.push(...body.items.map((one: { target: { account_id: string } }) => one.target.account_id));
      page = body.next_page === null ? '' : `&page=${encodeURIComponent(body.next_page)}`;
    } while (page !== '');
    assert.deepEqual(found, ['p3', 'p2', 'p1']);
  });
});

describe('an actor of a machine that is not here any more', () => {
  it('is told with what it was, and with the names of what nobody can tell', async () => {
    const lamp = (more: object) =>
      setup({}).createMachine({
        id: 'lamp',
        initial: 'off',
        states: { off: { on: { press: 'on' } }, on: {}, ...more }
      });
    const began = new MemoryJournal();
    const first = createEmbeddedHost({ journal: began, kinds: [{ kind: 'lamp', machine: lamp({}), durable: true }] });
    await first.start();
    const { lastCursor, version } = await first.create('lamp/1', {});
    await first.stop();
    const kinds = [{ kind: 'lamp', machine: lamp({ dim: {} }), durable: true }];
    const host = createEmbeddedHost({ journal: began.crash(), kinds });
    await host.start();
    const now = await host.read('lamp/1');
    assert.notEqual(now?.version, version, 'it went over to the newest');
    assert.deepEqual(now?.accepts, ['press']);
    const [then] = await host.readAt(['lamp/1'], lastCursor);
    assert.deepEqual([then?.state, then?.version, then?.accepts, then?.held], ['off', version, [], null]);
    const { unknown } = pastOf(new Machines(kinds), then as ActorView, lastCursor, undefined);
    assert.deepEqual(
      unknown.map(({ field }) => field),
      ['accepts', 'shows']
    );
    assert.match(unknown[0]?.why ?? '', new RegExp(`version ${version} of 'lamp', is not here any more`));
    await host.stop();
  });
});

describe('a cursor of which nothing can be told', () => {
  it('is refused with what there is', async (t) => {
    const h = await openHarness(t);
    await h.ended((await h.send()).body.command_id);
    const paths = [
      'actors',
      'actors/supervisor/main',
      'machines',
      'machines/command',
      'approvals',
      'sessions',
      'commands'
    ];
    const refused = async (at: string, status: number, code: string) => {
      for (const path of paths) {
        const { body, ...answer } = await h.api('GET', `/v1/${path}?at=${at}`);
        assert.deepEqual([answer.status, body.code], [status, code], `${path} ${at}`);
      }
    };
    await refused('99999999', 400, 'CURSOR_AHEAD');
    await refused('-1', 400, 'CURSOR_INVALID');
    await refused('now', 400, 'CURSOR_INVALID');
    while ((await h.host.prune({ keep: 3 }, 100)).more);
    const { tail } = await h.host.journal.bounds();
    await refused(String(tail - 1), 410, 'CURSOR_GONE');
    const { body } = await h.api('GET', `/v1/actors?at=${tail - 1}`);
    assert.match(body.detail, new RegExp(`ask from ${tail} to \\d+`));
    // Who rested since before then is there all the same.
    const { items } = (await h.api('GET', `/v1/actors?at=${tail}`)).body as { items: ActorSummary[] };
    assert.ok(items.some(({ kind }) => kind === 'supervisor'));
    assert.ok(items.some(({ kind }) => kind === 'session'));
  });
});
