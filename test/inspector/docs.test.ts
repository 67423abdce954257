/** The pages of the documents, as a person sees them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { operations } from '../../server/openapi/operations/index.ts';
import { sharedHarness } from '../server/harness.ts';
import { chromiumMissing, launchChromium } from '../support/chromium.ts';
import { openTab } from './page.ts';

describe('the pages of the documents', () => {
  const shared = sharedHarness();

  it('name every operation with its scope, and every frame, without a script and without a token', async () => {
    const rest = await shared.h.api('GET', '/docs', { token: null });
    assert.equal(rest.status, 200);
    assert.match(rest.headers.get('content-type') ?? '', /^text\/html/);
    const text = rest.body.toString();
    for (const { id, scope } of Object.values(operations)) {
      assert.ok(text.includes(`id="${id}"`), id);
      if (typeof scope === 'string' && scope !== 'open') assert.ok(text.includes(scope), scope);
    }
    const stream = (await shared.h.api('GET', '/docs/stream', { token: null })).body.toString();
    for (const name of ['client.subscribe', 'server.gap', 'event.action.verified', 'event.note.added']) {
      assert.ok(stream.includes(`id="${name}"`), name);
    }
    for (const page of [text, stream]) assert.doesNotMatch(page, /<script|(src|href)="https?:/);
  });

  describe('in a browser', { skip: chromiumMissing }, () => {
    let browser: Browser;
    before(async () => {
      browser = await launchChromium();
    });
    after(() => browser?.close());

    for (const path of ['/docs', '/docs/stream']) {
      for (const theme of ['light', 'dark'] as const) {
        it(`${path} is clean under its policy, leads where it says, and is readable for all, ${theme}`, async () => {
          const { url, stream: wsUrl, admin: token } = shared.h;
          const tab = await openTab(browser, { url, wsUrl, token }, { theme, signedIn: false });
          await tab.page.emulateMedia({ colorScheme: theme });
          await tab.page.goto(url + path);
          const dead = await tab.page.evaluate<string[]>(
            `[...document.querySelectorAll('a[href^="#"]')].map((link) => link.getAttribute('href'))
              .filter((href) => !document.getElementById(href.slice(1)))`
          );
          assert.deepEqual(dead, []);
          const wider = await tab.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
          assert.ok(wider <= 0, `nothing is cut off: ${wider} px`);
          // A hundred articles of one make are alike: some of each are looked at.
          await tab.page.evaluate(
            `[...document.querySelectorAll('section')].flatMap((section) => [...section.querySelectorAll('article')].slice(4))
              .forEach((article) => article.querySelector('b.DELETE, b.PUT') ?? article.remove())`
          );
          await tab.isAccessible();
          await tab.close();
          tab.isClean();
        });
      }
    }
  });
});
