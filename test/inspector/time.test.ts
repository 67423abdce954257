/** What was: one cursor for every view, in the address; and the log back to its beginning. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { ActorSummary, ApprovalView, EventEnvelope, MachineSummary } from '../../schemas/generated/contracts.ts';
import { chromiumMissing, launchChromium } from '../support/chromium.ts';
import { type Stage, setStage } from '../support/inspector-stage.ts';
import { openTab } from './page.ts';

const atOf = (page: Page) => new URL(page.url()).searchParams.get('at');
/** The address says so: nothing is waited for but that. */
const isAt = (page: Page, cursor: string | null) =>
  page.waitForURL((url) => url.searchParams.get('at') === cursor, { timeout: 60_000 });

describe('the past', { skip: chromiumMissing }, () => {
  const ends: (() => unknown)[] = [];
  let browser: Browser;
  let stage: Stage;
  let id: string;
  let path: EventEnvelope[];
  /** Of a command that waits for a yes, which it later gets. */
  let pending: EventEnvelope;
  let denied: string;

  const get = async <T>(path: string) => (await stage.manager.request<T>('GET', path)).body;
  const logOf = async (filter = '') => (await get<{ items: EventEnvelope[] }>(`/v1/events?limit=500${filter}`)).items;

  before(async () => {
    stage = await setStage({ after: (end) => ends.push(end) });
    id = (await stage.comment('ada', 'Lovely')).command_id;
    path = (await get<{ items: EventEnvelope[] }>(`/v1/actors/command/${id}/events?limit=500`)).items;
    denied = await stage.ask('bo', 'Shall I?');
    const [approval] = (await get<{ items: ApprovalView[] }>('/v1/approvals?state=pending')).items;
    pending = (await logOf(`&actor_kinds=approval`)).find(({ payload }) => payload.to === 'PENDING') as EventEnvelope;
    await stage.manager.request('POST', `/v1/approvals/${approval?.approval_id}`, { decision: 'deny' });
    await stage.manager.commandEnd(denied);
    browser = await launchChromium();
    ends.push(() => browser.close());
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const theme of ['light', 'dark'] as const)
    it(`puts an actor into the state of a cursor by a link, steps and keys, in ${theme}`, async (t) => {
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
      const then = await get<ActorSummary>(`/v1/actors/command/${id}?at=${second.cursor}`);
      const [event] = then.accepts;
      assert.ok(await page.getByRole('button', { name: event as string, exact: true }).isDisabled());
      await page.getByRole('heading', { name: 'Context' }).waitFor();
      await isAccessible();
      await page.getByRole('button', { name: 'A step forward' }).click();
      await shows(third);
      assert.equal(atOf(page), third.cursor);
      await page.keyboard.press(',');
      await shows(second);
      await page.getByRole('slider', { name: 'Moment' }).focus();
      await page.keyboard.press('Home');
      await shows(first);
      assert.ok(await page.getByRole('button', { name: 'A step back' }).isDisabled());
      await page.getByLabel('Speed').selectOption('16');
      await page.getByRole('button', { name: 'Play' }).click();
      await shows(path.at(-1) as EventEnvelope);
      await page.getByRole('button', { name: 'Live', exact: true }).click();
      await page.getByRole('button', { name: 'Live', exact: true, disabled: true }).waitFor();
      assert.equal(atOf(page), null);
      isClean();
    });

  it('is what every view shows at a cursor, with nothing that can be done there, until one is back', async (t) => {
    const { page, open, isAccessible, isClean, close } = await openTab(browser, stage.manager);
    t.after(close);
    const { cursor } = pending;
    await open(`/approvals?at=${cursor}`);
    await page.getByText('Shall I?').first().waitFor();
    for (const name of ['Allow', 'Edit…', 'Deny'])
      assert.ok(await page.getByRole('button', { name, exact: true }).isDisabled(), name);
    await isAccessible();

    const rail = page.getByRole('navigation', { name: 'Sections' });
    const visit = async (name: string) => {
      await rail.getByRole('link', { name: new RegExp(`^${name}`) }).click();
      await page.getByText('The past:').waitFor();
      assert.equal(atOf(page), cursor, name);
    };
    await visit('Sessions');
    const open_ = (await get<{ items: unknown[] }>(`/v1/sessions?at=${cursor}`)).items.length;
    await page
      .locator('ul.sessions > li')
      .nth(open_ - 1)
      .waitFor();
    assert.ok(await page.getByRole('button', { name: 'Close', exact: true }).first().isDisabled());
    await isAccessible();

    await visit('Machines');
    await page
      .getByRole('navigation', { name: 'Kinds' })
      .getByRole('link', { name: /^approval/ })
      .click();
    const machine = await get<MachineSummary>(`/v1/machines/approval?at=${cursor}`);
    assert.deepEqual(machine.states, { PENDING: 1 });
    await page.getByRole('link', { name: 'approval 1', exact: true }).waitFor();
    assert.equal(atOf(page), cursor);

    await visit('Drivers');
    const slots = (await get<{ items: ActorSummary[] }>(`/v1/actors?kind=driver&at=${cursor}`)).items;
    for (const slot of slots) await page.getByRole('row', { name: new RegExp(`^${slot.id}`) }).waitFor();

    await visit('Now');
    await page.getByRole('heading', { name: 'Then' }).waitFor();
    await page.locator('.attention').getByText(denied.slice(0, 8)).waitFor();
    await isAccessible();

    await visit('Timeline');
    await page.locator(`[data-cursor="${cursor}"]`).waitFor();
    assert.equal(await page.locator(`[data-cursor="${Number(cursor) + 1}"]`).count(), 0, 'nothing was after it yet');

    await page.keyboard.press('l');
    await isAt(page, null);
    await rail.getByRole('link', { name: /^Approvals/ }).click();
    await page.getByText('Nothing waits for you').waitFor();
    isClean();
  });

  it('is gone through over the whole log: by steps, to trouble, and as it played', async (t) => {
    const { page, open, isClean, close } = await openTab(browser, stage.manager);
    t.after(close);
    const trouble = (await logOf('&severity=warn,error')).map(({ cursor }) => cursor);
    assert.ok(trouble.length > 0, 'who was denied has failed');
    await open('/?at=1');
    await page.getByText('The past:').waitFor();
    await page.keyboard.press('n');
    await isAt(page, trouble[0] as string);
    await page.keyboard.press('.');
    await isAt(page, String(Number(trouble[0]) + 1));
    await page.keyboard.press('N');
    await isAt(page, trouble[0] as string);
    await page.keyboard.press(',');
    await isAt(page, String(Number(trouble[0]) - 1));
    await page.getByRole('slider', { name: 'Moment' }).focus();
    await page.keyboard.press('End');
    const head = atOf(page) as string;
    assert.equal(head, (await get<{ head: string }>('/v1/events?limit=1')).head);
    await page.keyboard.press('.');
    await page.getByText('Nothing came after it yet.').waitFor();
    await page.getByRole('slider', { name: 'Moment' }).focus();
    await page.keyboard.press('Home');
    await isAt(page, '1');
    await page.getByLabel('Speed').selectOption('64');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Play' }).click();
    await isAt(page, head);
    await page.getByRole('button', { name: 'Play' }).waitFor();
    isClean();
  });

  it('says what the server says of a cursor that is ahead', async (t) => {
    const { page, open, close } = await openTab(browser, stage.manager);
    t.after(close);
    await open('/?at=99999999');
    await page.getByText('nothing has happened at cursor 99999999 yet').first().waitFor();
  });
});
