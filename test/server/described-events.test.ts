/** What events carry inside, held to the document of the stream: each object of ours with all its fields and no other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventEnvelope, Flow } from '../../schemas/generated/contracts.ts';
import { assertServerSent } from '../support/described-frames.ts';
import { sharedHarness } from './harness.ts';

const say: Flow = {
  name: 'say',
  platforms: ['*'],
  approval: 'required',
  params: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
  actions: [
    {
      attempt: 'SAY',
      effect: 'write',
      reaches: 'nobody',
      steps: [{ type: 'click', selectors: ['#say'] }],
      verify: { as: 'SAID', steps: [{ type: 'waitForElement', selectors: ['#said'] }] }
    }
  ]
};
const print = { role: 'button', tag: 'button', name: 'post', attributes: {}, classes: [], around: [], near: [] };

describe('an event', () => {
  const shared = sharedHarness();

  /** Every row of the log, each as the document has its type. */
  async function described(): Promise<EventEnvelope[]> {
    const all: EventEnvelope[] = [];
    for (let cursor = '0'; ; ) {
      const { body } = await shared.h.api('GET', `/v1/events?cursor=${cursor}&limit=500`);
      for (const event of body.items) assertServerSent('message', event);
      all.push(...body.items);
      if (body.items.length === 0) return all;
      cursor = body.next_cursor;
    }
  }

  it('carries what it says of a cool-down, a healed selector, an edited message and a result, and nothing more', async () => {
    const { h } = shared;
    await h.api('PUT', '/v1/flows/say', { body: say });
    await h.api('PUT', '/v1/accounts/ada', { body: { platform: 'instagram', time_zone: 'Europe/Berlin' } });
    const { body: sent } = await h.send({ payload: { flow: 'say', params: { text: 'hello' } } });
    const { approvalId } = await h.asked(sent.command_id);
    const answer = { decision: 'allow', edited: { text: 'hello again' }, note: 'better' };
    assert.equal((await h.api('POST', `/v1/approvals/${approvalId}`, { body: answer })).status, 200);
    assert.equal((await h.ended(sent.command_id)).state, 'SUCCEEDED');

    const limited = { type: 'account.limited', commandId: sent.command_id, why: 'it asks for slowness', n: 0 };
    await h.host.send('account/instagram:ada', limited);
    await h.host.create('selector/x:post.body', { platform: 'x', name: 'post.body' });
    const healed = { selector: '#b', likeness: 0.71, second: 0.2, sure: false, fingerprint: print };
    const tried = [{ selector: '#a', found: 0, visible: 0 }];
    const why = 'no candidate finds it';
    const finding = { name: 'post.body', state: 'healed', tried, selector: null, fingerprint: null, healed, why };
    await h.host.send('selector/x:post.body', { type: 'selector.found', finding, sweep: true, commandId: 'sweep-1' });

    const events = await described();
    for (const field of ['cool_down', 'healed', 'edited', 'result', 'settings', 'preview', 'proofs', 'record']) {
      assert.ok(
        events.some(({ payload }) => (payload as Record<string, unknown>)[field]),
        `one carries ${field}`
      );
    }
  });
});
