/** What a session's browser shows, on the pages of the inspector. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import type { WebDriverSession } from '../../actors/webdriver/client.ts';
import { envelope, sharedHarness } from '../server/harness.ts';
import { chromiumMissing, launchChromium } from '../support/chromium.ts';
import { openTab } from './page.ts';

/** One red pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64'
);

describe('the window of a session', { skip: chromiumMissing }, () => {
  let looks = 0;
  const window = {
    sessionId: 'fake',
    async screenshot() {
      looks += 1;
      return PNG;
    }
  } as unknown as WebDriverSession;
  const shared = sharedHarness({ browsers: { get: () => window, reportLoss() {} } });
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  it('is shown anew while somebody looks, without taking it over, and not any more when it is closed', async (t) => {
    const { h } = shared;
    const { body } = await h.send(envelope({ target: { account_id: 'ada', platform: 'instagram' } }));
    const { session_id: id } = await h.ended(body.command_id);
    const tab = await openTab(browser, { url: h.url, wsUrl: new URL(h.stream).origin, token: h.admin });
    t.after(tab.close);
    const { page } = tab;
    await tab.open(`/actors/session/${id}`);
    const picture = page.getByRole('img', { name: 'Window of ada' });
    await picture.waitFor();
    const first = await picture.getAttribute('src');
    await page.locator(`img[alt="Window of ada"]:not([src="${first}"])`).waitFor();
    assert.ok(looks >= 2, `${looks}`);
    await tab.isAccessible();

    await h.api('DELETE', `/v1/sessions/${id}`);
    await page.getByText('Its browser is not open').waitFor();
    await tab.isAccessible();
    tab.isClean(/409/);
  });

  it('is on the page of all sessions, for who may see it', async (t) => {
    const { h } = shared;
    const { body } = await h.send(envelope({ target: { account_id: 'bea', platform: 'instagram' } }));
    await h.ended(body.command_id);
    const sight = async (token: string) => {
      const tab = await openTab(browser, { url: h.url, wsUrl: new URL(h.stream).origin, token });
      t.after(tab.close);
      await tab.open('/sessions');
      return tab;
    };
    const whole = await sight(h.admin);
    await whole.page.getByRole('img', { name: 'Window of bea' }).waitFor();
    whole.isClean();
    const before = looks;
    const reader = await sight(await h.token(['read:*']));
    await reader.page.getByText('lacks the scope session:drive').first().waitFor();
    await whole.close();
    assert.equal(await reader.page.getByRole('img', { name: 'Window of bea' }).count(), 0);
    assert.ok(looks >= before);
    reader.isClean();
  });
});
