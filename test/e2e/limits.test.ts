import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountView, CommandView } from '../../schemas/generated/contracts.ts';
import { comment, needsBrowser, sharedStage } from './stage.ts';

describe('a page on which the site asks for slowness', needsBrowser(), () => {
  const stage = sharedStage();

  it('cools the account down, and its command waits without a browser', async () => {
    const { manager, site } = stage;
    const url = site.postUrl(1, 'variant=rate-limited');
    const { command_id } = await manager.send(comment(site, { text: 'too often', url }));
    let view: CommandView | undefined;
    for (let i = 0; i < 1_200 && !/to be slower; it goes on at/.test(view?.why ?? ''); i += 1) {
      view = (await manager.request<CommandView>('GET', `/v1/commands/${command_id}?wait=1`)).body;
      if (view.completed_at !== null) break;
    }
    assert.equal(view?.state, 'QUEUED', JSON.stringify(view));
    const { body: account } = await manager.request<AccountView>('GET', `/v1/accounts/alice?platform=example`);
    assert.equal(account.cool_down?.times, 1);
    assert.match(account.cool_down?.why ?? '', /limits how often/);
    assert.equal(site.writes({ text: 'too often' }).length, 0);
    await manager.request('POST', `/v1/commands/${command_id}/cancel`, {});
    assert.equal((await manager.commandEnd(command_id)).state, 'CANCELLED');
  });
});
