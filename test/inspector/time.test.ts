/** An actor as it was: the scrubber, and links to a moment. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import { chromiumMissing, launchChromium } from '../support/chromium.ts';
import { type Stage, setStage } from '../support/inspector-stage.ts';
import { openTab } from './page.ts';

describe('an actor as it was', { skip: chromiumMissing }, () => {
  const ends: (() => unknown)[] = [];
  let browser: Browser;
  let stage: Stage;
  let id: string;
  let path: EventEnvelope[];

  before(async () => {
    stage = await setStage({ after: (end) => ends.push(end) });
    id = (await stage.comment('ada', 'Lovely')).command_id;
    const { body } = await stage.manager.request<{ items: EventEnvelope[] }>(
      'GET',
      `/v1/actors/command/${id}/events?limit=500`
    );
    path = body.items;
    browser = await launchChromium();
    ends.push(() => browser.close());
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const theme of ['light', 'dark'] as const)
    it(`is put into the state of a cursor by a link, and moved on by steps and keys, in ${theme}`, async (t) => {
      const { page, open, isAccessible, isClean, close } = await openTab(browser, stage.manager, { theme });
      t.after(close);
      const shows = ({ cursor, payload }: EventEnvelope) =>
        Promise.all([
          page.getByText(`as it was at cursor ${cursor}`, { exact: true }).waitFor(),
          page.getByRole('img', { name: `Statechart of command, in ${payload.to}`, exact: true }).waitFor()
        ]);
      const [first, second, third] = path as [EventEnvelope, EventEnvelope, EventEnvelope];
      await open(`/actors/command/${id}?at=${second.cursor}`);
      await shows(second);
      await isAccessible();
      await page.getByRole('button', { name: 'A step forward' }).click();
      await shows(third);
      assert.equal(new URL(page.url()).searchParams.get('at'), third.cursor);
      await page.getByRole('slider', { name: 'Moment' }).focus();
      await page.keyboard.press('Home');
      await shows(first);
      assert.ok(await page.getByRole('button', { name: 'A step back' }).isDisabled());
      await page.getByLabel('Speed').selectOption('16');
      await page.getByRole('button', { name: 'Play' }).click();
      await shows(path.at(-1) as EventEnvelope);
      await page.getByRole('button', { name: 'Live', exact: true }).click();
      await page.getByRole('heading', { name: 'Context' }).waitFor();
      assert.equal(new URL(page.url()).searchParams.get('at'), null);
      isClean();
    });
});
