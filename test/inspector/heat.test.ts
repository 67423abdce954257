/** How often transitions were taken, on the picture of a machine and beside it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { sharedHarness } from '../server/harness.ts';
import { chromiumMissing, launchChromium } from '../support/chromium.ts';
import { openTab } from './page.ts';

describe('the heat of a machine', { skip: chromiumMissing }, () => {
  const shared = sharedHarness();
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  for (const theme of ['light', 'dark'] as const)
    it(`is drawn of production, of tests or of both, with numbers where one points, in ${theme}`, async (t) => {
      const { h } = shared;
      await h.note('a', 'b', 'c');
      const { body } = await h.send();
      await h.ended(body.command_id);
      const tab = await openTab(browser, { url: h.url, wsUrl: new URL(h.stream).origin, token: h.admin }, { theme });
      t.after(tab.close);
      const { page } = tab;
      const onward = page.locator('.d-edge[data-edge="notes.TICK → notes.TOCK"]');
      const warmth = () => onward.evaluate((edge) => Number(edge.style.getPropertyValue('--heat')));
      const counts = page.locator('.d-counts');

      await tab.open('/machines/notes');
      await page.getByText('never by tests').waitFor();
      await onward.locator('.d-label').hover();
      await counts.getByText(/notes\.TICK → notes\.TOCK: production (\d+ times|once), tests never/).waitFor();
      assert.ok((await warmth()) > 0);
      assert.match((await onward.getAttribute('class')) ?? '', /untested/);

      await page.getByRole('radio', { name: 'Tests' }).check();
      await page.locator('.d-edge[style*="--heat: 0;"]').first().waitFor({ state: 'attached' });
      await page.getByRole('radio', { name: 'Production' }).check();
      await page.locator('.d-edge.untested').first().waitFor({ state: 'detached' });
      assert.ok((await warmth()) > 0);
      await page.getByRole('radio', { name: 'No heat' }).check();
      await counts.waitFor({ state: 'detached' });

      await page.getByRole('radio', { name: 'Both' }).check();
      await tab.open('/machines/approval');
      await page.getByText('Every transition, and how often it was taken').click();
      const row = page.getByRole('row').filter({ hasText: 'PENDING', hasNotText: 'stays' }).first();
      await row.getByRole('button').focus();
      await counts.getByText(/: production .*, tests /).waitFor();
      await page.locator('.d-edge.chosen').waitFor({ state: 'attached' });
      await tab.isAccessible();
      tab.isClean();
    });

  it('grows with what happens', async (t) => {
    const { h } = shared;
    const tab = await openTab(browser, { url: h.url, wsUrl: new URL(h.stream).origin, token: h.admin });
    t.after(tab.close);
    await tab.open('/machines/notes');
    await tab.page.getByText('Every transition, and how often it was taken').click();
    const cell = tab.page.getByRole('row').filter({ hasText: 'TICK' }).first().getByRole('cell').nth(3);
    const before = Number(await cell.innerText());
    await h.note('x', 'y');
    await cell.getByText(`${before + 1}`, { exact: true }).waitFor();
    tab.isClean();
  });
});
