/** A log that is longer than a page holds: back to its beginning, and every cursor of it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { it } from 'node:test';
import { openSqliteJournal } from '../../actors/journal/sqlite-journal.ts';
import { batchOf, eventsFrom } from '../actors/journal/samples.ts';
import { chromiumMissing, launchChromium } from '../support/chromium.ts';
import { setStage } from '../support/inspector-stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openTab } from './page.ts';

const ROWS = 6_500;

it('is read back to its beginning without a gap or a repeat, and gone through to its end', {
  skip: chromiumMissing
}, async (t) => {
  const data = await temporaryFolder(t);
  const journal = openSqliteJournal({ directory: data, synchronous: 'OFF' });
  await journal.open();
  await journal.commit(
    batchOf({
      events: eventsFrom(1, ROWS).map((row) => ({ ...row, eventId: randomUUID(), emittedAt: Date.now() - 60_000 }))
    })
  );
  await journal.close();
  const stage = await setStage(t, { data });
  const head = Number((await stage.manager.request<{ head: string }>('GET', '/v1/events?limit=1')).body.head);
  assert.ok(head > ROWS);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const { page, open, isClean } = await openTab(browser, stage.manager);

  await open('/timeline');
  await page.locator(`[data-cursor="${head}"]`).waitFor();
  // Whoever scrolls to the first row is given those before it, until there are none; then all of them are looked at.
  const seen = (await page.evaluate(`(async () => {
    const box = document.querySelector('.virtual');
    const drawn = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const found = {};
    for (let looks = 0; looks < 20000; looks++) {
      box.scrollTo(0, 0);
      await drawn();
      if (box.querySelector('[data-cursor]')?.getAttribute('data-cursor') === '1') break;
    }
    for (let top = 0; top <= box.scrollHeight; top += box.clientHeight) {
      box.scrollTo(0, top);
      await drawn();
      for (const line of box.querySelectorAll('li')) {
        const cursor = line.querySelector('[data-cursor]')?.getAttribute('data-cursor');
        if (cursor) found[line.getAttribute('aria-posinset')] = Number(cursor);
      }
    }
    return found;
  })()`)) as Record<string, number>;
  const cursors = Object.values(seen);
  assert.deepEqual(
    cursors.slice(0, head),
    Array.from({ length: head }, (_, index) => index + 1)
  );

  const slider = page.getByRole('slider', { name: 'Moment' });
  await slider.focus();
  await page.keyboard.press('Home');
  await page.waitForURL(/[?&]at=1$/);
  await page.keyboard.press('End');
  await page.waitForURL((url) => Number(url.searchParams.get('at')) >= head);
  await open('/timeline?at=6000');
  await page.locator('[data-cursor="6000"]').waitFor();
  await page.keyboard.press('.');
  await page.waitForURL(/[?&]at=6001$/);
  await page.locator('[data-cursor="6001"]').waitFor();
  isClean();
});
