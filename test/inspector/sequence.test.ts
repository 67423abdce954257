/** Who told whom: lifelines of a command's actors, and the same in words. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import { envelope, sharedHarness } from '../server/harness.ts';
import { chromiumMissing, launchChromium } from '../support/chromium.ts';
import { openTab } from './page.ts';

describe('rows of the log', () => {
  const shared = sharedHarness();

  it('say which actor told the event, and nothing where none did', async () => {
    const { h } = shared;
    const { body } = await h.send();
    const { command_id: id, session_id } = await h.ended(body.command_id);
    const { items } = (await h.api('GET', '/v1/events?limit=500')).body as { items: EventEnvelope[] };
    const first = items.find(({ payload }) => payload.actor.id === id);
    assert.equal(first?.payload.told_by, undefined, 'a client made it');
    const birth = items.find(({ payload }) => payload.actor.id === session_id);
    const session = items.filter(({ payload }) => payload.actor.id === session_id);
    assert.ok(birth && session.some(({ payload }) => payload.told_by === `command/${id}`), JSON.stringify(session));
    const command = items.filter(({ payload }) => payload.actor.id === id);
    assert.ok(command.some(({ payload }) => payload.told_by === `session/${session_id}`));
    for (const { payload } of command)
      if (/^xstate\.(done|error|after)/.test(payload.event)) assert.equal(payload.told_by, undefined, payload.event);
  });
});

describe('a sequence', { skip: chromiumMissing }, () => {
  const shared = sharedHarness();
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  for (const theme of ['light', 'dark'] as const)
    it(`shows who told whom as it happens, drawn and in words, in ${theme}`, async (t) => {
      const { h } = shared;
      const target = { account_id: `ada-${theme}`, platform: 'instagram' };
      const { body } = await h.send(envelope({ target, payload: { flow: 'asked', params: { text: 'hi' } } }));
      const id = body.command_id as string;
      const waits = await h.host.waitFor(`command/${id}`, ({ state }) => state.startsWith('AWAITING'), {
        timeoutMs: 60_000
      });
      assert.ok(waits, 'it asks');
      const asked = waits.context.approvalId as string;
      assert.ok(await h.host.waitFor(`approval/${asked}`, ({ state }) => state === 'PENDING', { timeoutMs: 60_000 }));
      const tab = await openTab(
        browser,
        { url: h.url, wsUrl: new URL(h.stream).origin, token: h.admin },
        { theme, width: 900 }
      );
      t.after(tab.close);
      const { page } = tab;
      const command = `command/${id.slice(0, 8)}`;
      const asks = `approval/${asked.slice(0, 8)}`;

      await tab.open(`/actors/command/${id}`);
      await page.getByRole('link', { name: 'Who told whom' }).click();
      const list = page.getByRole('list', { name: 'Who told whom, newest last' });
      await list.getByText(`outside made ${command}`).first().waitFor({ state: 'attached' });
      await list.getByText(`${command} made ${asks}`).first().waitFor({ state: 'attached' });
      await page.locator('.sequence-heads').getByRole('link', { name: command }).waitFor();
      await tab.isAccessible();

      const decided = await h.api('POST', `/v1/approvals/${asked}`, { body: { decision: 'allow' } });
      assert.equal(decided.status, 200, JSON.stringify(decided.body));
      await h.ended(id);
      await list
        .getByText(new RegExp(`^${asks} told ${command}`))
        .first()
        .waitFor({ state: 'attached' });
      await list
        .getByText(new RegExp(`^${command} told session/`))
        .first()
        .waitFor({ state: 'attached' });

      await page.getByRole('button', { name: 'As a list' }).click();
      const row = list
        .getByRole('link')
        .filter({ hasText: `${asks} told ${command}` })
        .first();
      await row.waitFor();
      assert.equal(await page.locator('.sequence-lanes').count(), 0);
      await tab.isAccessible();
      await row.focus();
      await page.keyboard.press('Enter');
      await page.getByText(/as it was at cursor \d+/).waitFor();
      tab.isClean();
    });

  it('is reached from the timeline with its filters, and draws no more than is seen of a long one', async (t) => {
    const { h } = shared;
    await h.note(...Array.from({ length: 400 }, (_, index) => `${index}`));
    const tab = await openTab(browser, { url: h.url, wsUrl: new URL(h.stream).origin, token: h.admin });
    t.after(tab.close);
    const { page } = tab;
    await tab.open('/timeline');
    await page.getByRole('link', { name: 'Who told whom' }).click();
    const rows = page.getByRole('list', { name: 'Who told whom, newest last' }).getByRole('listitem');
    await rows.filter({ hasText: 'outside told notes/main note.add' }).first().waitFor({ state: 'attached' });
    assert.ok(Number(await rows.first().getAttribute('aria-setsize')) > 150);
    assert.ok((await rows.count()) < 80, 'only what is seen is drawn');
    tab.isClean();
  });
});
