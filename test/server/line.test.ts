/** The line for browsers and what an operator does with them, over REST: no browser is really driven. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ActorSummary, Problem, SessionView } from '../../schemas/generated/contracts.ts';
import { eventually } from '../actors/driver/stage.ts';
import { type Manager, startManager } from '../support/manager.ts';

const start = (t: TestContext, limits: Record<string, unknown> = {}, slots = 1) =>
  startManager(t, { args: ['--slots', String(slots), '--driver-limits', JSON.stringify(limits)] });

const open = (manager: Manager, wish: Record<string, unknown> = {}) =>
  manager.request<SessionView & Problem>('POST', '/v1/sessions', { platform: 'example', ...wish });

async function comesTo(manager: Manager, id: string, state: string | ((session: SessionView) => boolean)) {
  const isThere = typeof state === 'string' ? (session: SessionView) => session.state === state : state;
  for (const until = Date.now() + 60_000; ; await delay(20)) {
    const { body } = await manager.request<SessionView>('GET', `/v1/sessions/${id}`);
    if (isThere(body)) return body;
    assert.ok(Date.now() < until, `it is ${body.state}, not ${state}: ${body.why}`);
  }
}

/** A session that a person has: it gives its browser up for nobody. */
async function held(manager: Manager): Promise<string> {
  const { body } = await open(manager);
  await comesTo(manager, body.session_id, 'READY');
  await manager.request('POST', `/v1/sessions/${body.session_id}/takeover`);
  await comesTo(manager, body.session_id, 'HUMAN_DRIVING');
  return body.session_id;
}

const slot = (manager: Manager, name = 'slot-1') =>
  manager.request<ActorSummary>('GET', `/v1/actors/driver/${name}`).then(({ body }) => body);

async function slotIn(manager: Manager, state: string): Promise<ActorSummary> {
  for (const until = Date.now() + 60_000; ; await delay(20)) {
    const found = await slot(manager);
    if (found.state.includes(`slot.${state}`)) return found;
    assert.ok(Date.now() < until, `it is ${found.state}`);
  }
}

describe('the line for browsers', () => {
  it('takes so many and refuses the next at once, also when they come together', async (t) => {
    const manager = await start(t, { queue_length: 3 });
    await held(manager);
    const answers = await Promise.all(Array.from({ length: 10 }, () => open(manager)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(3).fill(201), ...Array(7).fill(429)]);
    const refused = answers.find(({ status }) => status === 429)!;
    assert.equal(refused.body.code, 'QUEUE_FULL');
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    assert.match(refused.body.detail, /3 sessions wait for a browser and 3 may/);

    const command = {
      version: '1.0',
      type: 'flow.run',
      requester: { service: 'admin', instance_id: 'test' },
      target: { platform: 'example', account_id: randomUUID() },
      payload: { flow: 'like_post', params: { post_url: 'http://127.0.0.1/post/1' } }
    };
    const { status, body } = await manager.request<Problem>('POST', '/v1/commands', command);
    assert.deepEqual([status, body.code], [429, 'QUEUE_FULL']);
    const { body: sessions } = await manager.request<{ items: unknown[] }>('GET', '/v1/sessions');
    assert.equal(sessions.items.length, 4, 'nothing was made of those that were refused');
  });

  it('ends a wait past its limit with the reason', async (t) => {
    const manager = await start(t, { queue_wait_ms: 200 });
    await held(manager);
    const { body } = await open(manager);
    const { why } = await comesTo(manager, body.session_id, 'FAILED');
    assert.match(why ?? '', /no browser became free in 200 ms/);
  });
});

describe('a browser that a person has', () => {
  it('is held by its slot, and parked when they have it too long', async (t) => {
    const manager = await start(t, { hold_ms: 1_000 });
    const id = await held(manager);
    const view = await slotIn(manager, 'READY.held');
    assert.equal(view.why, 'a person drives it');
    assert.ok(Date.parse(view.deadline_at ?? '') > Date.parse(view.updated_at));
    const parked = await comesTo(manager, id, ({ state, driver }) => state === 'PARKED' && driver === null);
    assert.equal(parked.why, 'parked: a person had it for 1 s');
    await slotIn(manager, 'READY.idle');
  });

  it('is free for others when it is handed back', async (t) => {
    const manager = await start(t);
    const id = await held(manager);
    await slotIn(manager, 'READY.held');
    await manager.request('POST', `/v1/sessions/${id}/handback`);
    await comesTo(manager, id, 'READY');
    await slotIn(manager, 'READY.busy');
  });
});

describe('what an operator sees and does', () => {
  it('is the state, health, deadline and counts of each slot, and who has them', async (t) => {
    const manager = await start(t, {}, 2);
    const { body: session } = await open(manager);
    await comesTo(manager, session.session_id, 'READY');
    const view = await slotIn(manager, 'READY.busy');
    assert.equal(view.state, 'health.healthy,slot.READY.busy');
    const { sessions, fencing, up_since_ms, resident_bytes, worn, suspicion } = view.shows as Record<string, unknown>;
    assert.deepEqual(
      { sessions, resident_bytes, worn, suspicion },
      { sessions: 1, resident_bytes: null, worn: null, suspicion: null }
    );
    assert.ok(Number(fencing) > 0 && Number(up_since_ms) > 0);
    assert.ok(view.deadline_at, 'when it is to be recycled');

    const { body: supervisor } = await manager.request<ActorSummary>('GET', '/v1/actors/supervisor/main');
    const shows = supervisor.shows as { slots: { slot: string; sessionId: string | null }[]; waiting: unknown[] };
    assert.deepEqual(
      shows.slots.map(({ slot, sessionId }) => [slot, sessionId]),
      [
        ['slot-1', session.session_id],
        ['slot-2', null]
      ]
    );
    const { body: found } = await manager.request<{ items: ActorSummary[] }>(
      'GET',
      '/v1/actors?kind=driver&state=READY'
    );
    assert.ok(found.items.length >= 1, 'a region need not be named');
  });

  it('is a drain, after which the process gives no more browsers', async (t) => {
    const manager = await start(t);
    const id = await held(manager);
    const { body: waits } = await open(manager);
    const path = '/v1/actors/supervisor/main/events';
    const tell = (body: unknown) => manager.request<Problem>('POST', path, body);
    assert.equal((await tell({ type: 'supervisor.drain', within_ms: -1 })).body.code, 'VALIDATION_FAILED');
    assert.equal((await tell({ type: 'driver.idle', slot: 'slot-1' })).body.code, 'KIND_CLOSED');
    const { status, body } = await tell({ type: 'supervisor.drain', within_ms: 300 });
    assert.equal(status, 202, JSON.stringify(body));
    assert.match((await comesTo(manager, waits.session_id, 'FAILED')).why ?? '', /shutting down/);
    const refused = await open(manager);
    assert.deepEqual([refused.status, refused.body.code], [503, 'DRAINING']);
    // The person's time is over, too.
    assert.match((await comesTo(manager, id, 'FAILED')).why ?? '', /shutting down/);
    await eventually('it has stopped', async () => {
      const { body: supervisor } = await manager.request<ActorSummary>('GET', '/v1/actors/supervisor/main');
      return supervisor.state === 'STOPPED';
    });
    await manager.stop();
  });

  it('is refused without the scope', async (t) => {
    const manager = await start(t);
    const token = await manager.request<{ token: string }>('POST', '/v1/tokens', { service: 'x', scopes: ['read:*'] });
    const headers = { authorization: `Bearer ${token.body.token}` };
    const { status } = await manager.request(
      'POST',
      '/v1/actors/driver/slot-1/events',
      { type: 'driver.retry' },
      headers
    );
    assert.equal(status, 403);
  });
});

describe('SIGTERM', () => {
  it('drains without taking anything away: who waited goes on at the next start', async (t) => {
    const first = await start(t, { queue_length: 5 });
    await held(first);
    const { body } = await open(first);
    await comesTo(first, body.session_id, 'QUEUED');
    await first.stop();
    const again = await startManager(t, { data: first.data });
    await comesTo(again, body.session_id, ({ ready_at }) => ready_at !== null);
    const { body: log } = await again.request<{ items: { payload: { to: string } }[] }>(
      'GET',
      '/v1/events?cursor=0&actor_kinds=supervisor&limit=500'
    );
    assert.ok(log.items.some(({ payload }) => payload.to.startsWith('RUNNING.draining')));
  });
});
