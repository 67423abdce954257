import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openHarness, sharedHarness } from './harness.ts';

describe("a session in a person's hands", () => {
  const shared = sharedHarness();

  it('finishes what runs, lets commands wait, and goes on when it is handed back', async () => {
    const { h } = shared;
    h.executor.hold();
    const { body: first } = await h.send();
    await h.host.waitFor(`command/${first.command_id}`, ({ state }) => state.endsWith('attempting'), {
      timeoutMs: 60_000
    });
    const session = `/v1/sessions/${first.session_id}`;
    assert.equal((await h.api('POST', `${session}/takeover`)).status, 202);
    assert.equal((await h.api('GET', session)).body.state, 'BUSY', 'a person waits for what runs');
    h.executor.letGo();
    assert.equal((await h.ended(first.command_id)).state, 'SUCCEEDED');
    const held = await h.host.waitFor(`session/${first.session_id}`, ({ state }) => state === 'HUMAN_DRIVING.looking', {
      timeoutMs: 60_000
    });
    assert.match(held?.why ?? '', /a person drives/);

    const { body: second } = await h.send();
    assert.equal(second.session_id, first.session_id);
    assert.equal((await h.api('GET', `/v1/commands/${second.command_id}`)).body.state, 'QUEUED');
    assert.equal((await h.api('POST', `${session}/handback`)).status, 202);
    assert.equal((await h.ended(second.command_id)).state, 'SUCCEEDED');
  });

  it('refuses what its state does not allow, with what it does', async () => {
    const { h } = shared;
    const { body: session } = await h.api('POST', '/v1/sessions', { body: { platform: 'x' } });
    const refused = await h.api('POST', `/v1/sessions/${session.session_id}/handback`);
    assert.deepEqual([refused.status, refused.body.code], [409, 'EVENT_REJECTED']);
    assert.ok(refused.body.details.legal.includes('session.takeover'));
    const none = await h.api('POST', '/v1/sessions/6a3f0a9e-0000-4000-8000-000000000000/pause');
    assert.deepEqual([none.status, none.body.code], [404, 'SESSION_NOT_FOUND']);
  });

  it("is nobody's to take who may only read", async () => {
    const { h } = shared;
    const token = await h.token(['read:*']);
    const { body: session } = await h.api('POST', '/v1/sessions', { body: { platform: 'x' } });
    const refused = await h.api('POST', `/v1/sessions/${session.session_id}/pause`, { token });
    assert.deepEqual([refused.status, refused.body.code], [403, 'FORBIDDEN']);
  });
});

describe('a client over its request limit', () => {
  it('is told when to come back, and no other client is', async (t) => {
    const h = await openHarness(t, { limits: { requests: 5 } });
    const greedy = await h.token(['read:*'], 'greedy');
    const answers = await Promise.all(Array.from({ length: 30 }, () => h.api('GET', '/v1/flows', { token: greedy })));
    const over = answers.filter(({ status }) => status === 429);
    assert.ok(over.length > 0 && over.length < 30, `${over.length} of 30 were over`);
    assert.equal(over[0]?.body.code, 'RATE_LIMITED');
    assert.equal(over[0]?.headers.get('retry-after'), '1');
    assert.equal((await h.api('GET', '/v1/flows')).status, 200, 'the admin is another client');
  });
});
