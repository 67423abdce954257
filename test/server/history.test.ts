/** The path of one actor, read from the log. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import { envelope, sharedHarness } from './harness.ts';

describe('GET /v1/actors/{kind}/{id}/events', () => {
  const shared = sharedHarness();
  const ended = async (account_id: string) => {
    const { body } = await shared.h.send(envelope({ target: { account_id, platform: 'instagram' } }));
    await shared.h.ended(body.command_id);
    return body.command_id as string;
  };

  it('is what the log says of that actor and of no other, page by page', async () => {
    const { h } = shared;
    const [id] = await Promise.all([ended('ada'), ended('bo')]);
    const all = (await h.api('GET', `/v1/events?actor_kinds=command&limit=500`)).body.items as EventEnvelope[];
    const own = all.filter(({ payload }) => payload.actor.id === id);
    assert.ok(own.length >= 5, JSON.stringify(own));

    const read: EventEnvelope[] = [];
    for (let cursor = '0'; ; ) {
      const { status, body } = await h.api('GET', `/v1/actors/command/${id}/events?cursor=${cursor}&limit=2`);
      assert.equal(status, 200, JSON.stringify(body));
      assert.ok(body.items.length <= 2);
      read.push(...body.items);
      if (body.items.length === 0) break;
      cursor = body.next_cursor;
    }
    assert.deepEqual(read, own);
    assert.equal(read[0]?.payload.from, null, 'from its birth');
    for (const [index, { payload }] of read.slice(1).entries())
      assert.equal(payload.from, read[index]?.payload.to, 'each step begins where the one before ended');
    const actor = (await h.api('GET', `/v1/actors/command/${id}`)).body;
    assert.equal(read.at(-1)?.payload.to, actor.state);
  });

  it('is 404 for an actor that is not there, or is of an account that is not the client’s', async () => {
    const { h } = shared;
    const unknown = await h.api('GET', '/v1/actors/command/no-such/events');
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'ACTOR_NOT_FOUND']);
    const id = await ended('ada');
    const make = (service: string, scopes: string[], accounts?: string[]) =>
      h.tokens.create({ service, scopes, ...(accounts ? { accounts } : {}) });
    const bound = await make('history-bo', ['read:events'], ['bo']);
    const foreign = await h.api('GET', `/v1/actors/command/${id}/events`, { token: bound.token });
    assert.deepEqual([foreign.status, foreign.body.code], [404, 'ACTOR_NOT_FOUND']);
    const own = await make('history-ada', ['read:events'], ['ada']);
    assert.ok((await h.api('GET', `/v1/actors/command/${id}/events`, { token: own.token })).body.items.length > 0);
    const blind = await make('history-none', ['read:actors']);
    assert.equal((await h.api('GET', `/v1/actors/command/${id}/events`, { token: blind.token })).status, 403);
  });
});
