/** Who is stuck, as the page has it: over the real planes, whose clock a test puts forward. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { bucketOf } from '../../actors/host/stays.ts';
import { envelope, sharedHarness } from '../server/harness.ts';
import { chromiumMissing, launchChromium } from '../support/chromium.ts';
import { openTab } from './page.ts';

const HOUR = 3_600_000;

describe('what is stuck', { skip: chromiumMissing }, () => {
  const shared = sharedHarness();
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  for (const theme of ['light', 'dark'] as const)
    it(`comes and goes by itself, with why and what is usual, in ${theme}`, async (t) => {
      const { h } = shared;
      h.executor.hold();
      t.after(() => {
        h.executor.letGo();
        h.ahead(0);
      });
      const tab = await openTab(
        browser,
        { url: h.url, wsUrl: new URL(h.stream).origin, token: h.admin },
        { theme, width: 768 }
      );
      t.after(tab.close);
      const { page } = tab;
      await tab.open('/stuck');
      await page.getByRole('heading', { name: 'Nobody is stuck' }).waitFor();
      await tab.isAccessible();

      const state = 'RUNNING.ACTION_ATTEMPTED.attempting';
      const { body } = await h.send(envelope({ target: { account_id: `ada-${theme}`, platform: 'instagram' } }));
      const id = body.command_id as string;
      assert.ok(await h.host.waitFor(`command/${id}`, (now) => now.state === state, { timeoutMs: 60_000 }));
      await h.host.write([{ into: 'stays', row: { kind: 'command', state, bucket: bucketOf(5_000), count: 300 } }]);
      h.ahead(HOUR);
      const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: `command/${id.slice(0, 8)}` }) });
      await row.waitFor();
      for (const text of [state, /^1 h$/, /99 of 100 within 5\.\d s of \d+ stays/, `ada-${theme} on instagram`])
        await row.getByText(text).first().waitFor();
      await page.getByRole('link', { name: /^Stuck [1-9]/ }).waitFor();
      await tab.isAccessible();
      assert.ok(
        await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
        'nothing of the page is out of sight'
      );

      await row.getByRole('link').click();
      await page.getByRole('heading', { name: `command/${id.slice(0, 8)}` }).waitFor();
      h.executor.letGo();
      await h.ended(id);
      h.ahead(0);
      await page.getByRole('link', { name: /^Stuck/ }).click();
      await page.getByRole('heading', { name: 'Nobody is stuck' }).waitFor();
      tab.isClean();
    });

  it('is not asked for by who may not read actors, and the page says so', async (t) => {
    const { h } = shared;
    const token = await h.token(['read:events']);
    const tab = await openTab(browser, { url: h.url, wsUrl: new URL(h.stream).origin, token });
    t.after(tab.close);
    await tab.open('/stuck');
    await tab.page.getByText('lacks the scope read:actors').waitFor();
  });
});
