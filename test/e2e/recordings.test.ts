import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CommandAccepted, Flow } from '../../schemas/generated/contracts.ts';
import { recordingOf } from '../actors/executor/recordings.ts';
import { body, commentsOf, needsBrowser, sharedStage } from './stage.ts';

describe('a recording of Chrome', needsBrowser(), () => {
  const stage = sharedStage();

  /** Put as it is, run on the example site, to its end. */
  async function play(name: string) {
    const { manager, site } = stage;
    const flow = `recorded.${name}`;
    const put = await manager.request<Flow>('PUT', `/v1/flows/${flow}?reaches=comment`, recordingOf(name, site.url));
    assert.equal(put.status, 201, JSON.stringify(put.body));
    const wish = body({ target: { platform: 'example', account_id: 'alice' }, payload: { flow, params: {} } });
    const sent = await manager.request<CommandAccepted>('POST', '/v1/commands', wish);
    return manager.commandEnd(sent.body.command_id);
  }

  it('runs as it was exported: each step an action, each witnessed', async () => {
    const command = await play('comment');
    assert.equal(command.state, 'SUCCEEDED', JSON.stringify(command.error));
    assert.deepEqual(
      command.actions.map(({ name, outcome, attempts }) => [name, outcome, attempts]),
      [
        ['STEP_01_SET_VIEWPORT', 'VERIFIED', 1],
        ['STEP_02_NAVIGATE', 'VERIFIED', 1],
        ['STEP_03_NAVIGATE', 'VERIFIED', 1],
        ['STEP_04_CLICK', 'VERIFIED', 1],
        ['STEP_05_CHANGE', 'VERIFIED', 1],
        ['STEP_06_CLICK', 'VERIFIED', 1],
        ['STEP_07_WAIT_FOR_ELEMENT', 'VERIFIED', 1]
      ]
    );
    assert.equal(commentsOf(stage.site, 'Recorded words'), 1);
  });

  it('says what it did not find, with the picture and the HTML of the page', async () => {
    const { manager, site } = stage;
    const recording = recordingOf('comment', site.url) as { steps: { selectors?: string[][]; timeout?: number }[] };
    Object.assign(recording.steps[5]!, { selectors: [['aria/Send it'], ['#none']], timeout: 500 });
    await manager.request('PUT', '/v1/flows/recorded.broken?reaches=comment', recording);
    const wish = body({
      target: { platform: 'example', account_id: 'alice' },
      payload: { flow: 'recorded.broken', params: {} }
    });
    const sent = await manager.request<CommandAccepted>('POST', '/v1/commands', wish);
    const { command_id } = sent.body;
    const command = await manager.commandEnd(command_id);
    assert.equal(command.error?.code, 'SELECTOR_MISSING');
    assert.match(command.error!.message, /STEP_06_CLICK step 1 \(click\): .*tried aria\/Send it \(0\), #none \(0\)/);
    const { body: kept } = await manager.request<{ items: { kind: string; links: { self: string } }[] }>(
      'GET',
      `/v1/artifacts?command_id=${command_id}`
    );
    const html = kept.items.find(({ kind }) => kind === 'html');
    assert.ok(html && kept.items.some(({ kind }) => kind === 'screenshot'));
    const page = await fetch(manager.url + html.links.self, {
      headers: { authorization: `Bearer ${manager.token}` }
    });
    assert.match(page.headers.get('content-disposition') ?? '', /^attachment/);
    assert.ok((await page.text()).includes(`address: ${site.postUrl(1)}`));
  });
});
