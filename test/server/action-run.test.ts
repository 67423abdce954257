import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Flow } from '../../schemas/generated/contracts.ts';
import { envelope, type Harness, sharedHarness } from './harness.ts';

const click = (selector: string) => ({ type: 'click' as const, selectors: [selector] });
const flow: Flow = {
  name: 'two_writes',
  platforms: ['*'],
  params: { type: 'object', required: ['text'], additionalProperties: false, properties: { text: { type: 'string' } } },
  actions: [
    { attempt: 'OPEN', effect: 'read', steps: [{ type: 'navigate', url: 'https://x.example/p/1' }] },
    { attempt: 'LIKE', effect: 'write', reaches: 'like', steps: [click('#like')] },
    { attempt: 'LOOK', effect: 'read', steps: [{ type: 'navigate', url: 'https://x.example/p/2' }] },
    { attempt: 'FOLLOW', effect: 'write', reaches: 'follow', steps: [click('#follow')] },
    { attempt: 'AFTER', effect: 'write', reaches: 'nobody', continues: true, steps: [click('#after')] }
  ]
};

describe('action.run', () => {
  const shared = sharedHarness();
  const put = async (h: Harness, one = flow) => {
    const { status, body } = await h.api('PUT', `/v1/flows/${one.name}`, { body: one });
    assert.ok(status === 201 || status === 200, JSON.stringify(body));
  };
  const run = (h: Harness, payload: Record<string, unknown>) =>
    h.send({
      type: 'action.run',
      target: { platform: 'instagram', account_id: 'ada' },
      payload: { flow: flow.name, params: { text: 'hi' }, ...payload }
    });

  it('runs one action of a flow behind the reads that lead to it, and nothing else', async () => {
    const { h } = shared;
    await put(h);
    const sent = await run(h, { action: 'FOLLOW' });
    assert.equal(sent.status, 202, JSON.stringify(sent.body));
    const command = await h.ended(sent.body.command_id);
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command));
    assert.deepEqual(
      command.actions.map(({ name, outcome }) => [name, outcome]),
      [
        ['OPEN', 'VERIFIED'],
        ['LOOK', 'VERIFIED'],
        ['FOLLOW', 'VERIFIED']
      ]
    );
  });

  it('is refused for an action that there is not, and says which there are', async () => {
    const { h } = shared;
    await put(h);
    const { status, body } = await run(h, { action: 'UNFOLLOW' });
    assert.deepEqual([status, body.code, body.errors[0].path], [400, 'VALIDATION_FAILED', '/payload/action']);
    assert.match(body.errors[0].message, /OPEN, LIKE, LOOK, FOLLOW, AFTER/);
    assert.equal((await run(h, {})).body.code, 'VALIDATION_FAILED');
    assert.equal((await run(h, { action: 'LIKE', flow: 'nope' })).body.code, 'FLOW_UNKNOWN');
    const params = await run(h, { action: 'LIKE', params: { text: 1 } });
    assert.deepEqual(params.body.errors[0].path, '/payload/params/text');
  });

  it('is refused for what goes on from a write that would be left out', async () => {
    const { h } = shared;
    await put(h);
    const { body } = await run(h, { action: 'AFTER' });
    assert.match(body.errors[0].message, /goes on from the page as LIKE left it/);
  });

  it('takes the scope of its flow', async () => {
    const { h } = shared;
    await put(h);
    const payload = { flow: flow.name, action: 'LIKE', params: { text: 'hi' } };
    const requester = { service: 'narrow', instance_id: 'one' };
    const token = await h.token(['flow.run:another'], 'narrow');
    const sent = envelope({ type: 'action.run', requester, payload });
    const { status, body } = await h.api('POST', '/v1/commands', { body: sent, token });
    assert.deepEqual([status, body.details?.needs], [403, 'flow.run:two_writes']);
  });

  it('waits for a person where its flow leads among messages by what is left out', async () => {
    const { h } = shared;
    const [open] = flow.actions;
    const hidden: Flow = {
      ...flow,
      name: 'hidden_message',
      actions: [
        open!,
        {
          attempt: 'GO',
          effect: 'write',
          reaches: 'nobody',
          steps: [{ type: 'navigate', url: 'https://x.example/direct/t/1' }, click('#open')]
        },
        { attempt: 'SEND', effect: 'write', reaches: 'nobody', steps: [click('#send')] }
      ]
    };
    await put(h, hidden);
    const before = h.executor.attempts.length;
    const sent = await run(h, { flow: hidden.name, action: 'SEND' });
    assert.equal(sent.status, 202, JSON.stringify(sent.body));
    const command = await h.host.waitFor(
      `command/${sent.body.command_id}`,
      ({ state, status }) => state.startsWith('AWAITING_APPROVAL') || status !== 'active',
      { timeoutMs: 60_000 }
    );
    assert.equal(command?.state, 'AWAITING_APPROVAL.asking');
    assert.equal(h.executor.attempts.length, before);
  });
});
