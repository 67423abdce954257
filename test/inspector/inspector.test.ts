import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import type { EventPage, SessionView, SignInLink } from '../../schemas/generated/contracts.ts';
import { chromiumMissing, launchChromium } from '../support/chromium.ts';
import { inState, type Stage, setStage } from '../support/inspector-stage.ts';
import { startManager } from '../support/manager.ts';
import { openTab, type Tab, type TabOptions } from './page.ts';

describe('the inspector in a browser', { skip: chromiumMissing }, () => {
  const ends: (() => unknown)[] = [];
  const data = mkdtempSync(join(tmpdir(), 'troupe-inspector-'));
  let browser: Browser;
  let stage: Stage;

  before(async () => {
    const t = { after: (end: () => unknown) => ends.push(end) };
    ends.push(() => rmSync(data, { recursive: true, force: true }));
    [browser, stage] = await Promise.all([launchChromium(), setStage(t, { data, args: ['--slots', '3'] })]);
    ends.push(() => browser.close());
    await stage.comment('ada', 'Lovely 🎭');
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  /** A tab for one test; what it did wrong fails that test. */
  async function tab(t: TestContext, options: TabOptions & { expected?: RegExp } = {}): Promise<Tab> {
    const opened = await openTab(browser, stage.manager, options);
    t.after(async () => {
      await opened.close();
      opened.isClean(options.expected);
    });
    return opened;
  }
  const get = async <T>(path: string) => (await stage.manager.request<T>('GET', path)).body;

  it('signs in by a link that is good once, and leaves no code in the address', async (t) => {
    const { body: link } = await stage.manager.request<SignInLink>('POST', '/v1/sign-in/links');
    const first = await tab(t, { signedIn: false });
    await first.open(link.path.replace('/inspector', ''));
    await first.page.getByRole('heading', { name: 'Now', level: 1 }).waitFor();
    assert.equal(new URL(first.page.url()).hash, '');
    assert.ok(!first.page.url().includes(link.code));

    const second = await tab(t, { signedIn: false, expected: /v1\/sign-in/ });
    await second.open(link.path.replace('/inspector', ''));
    const alert = second.page.getByRole('alert').filter({ hasText: /\S/ });
    await alert.waitFor();
    assert.match(await alert.innerText(), /used|expired|good/i);
    assert.ok(!second.page.url().includes(link.code));
    await second.isAccessible();
  });

  it('takes a pasted token, refuses a wrong one in words, and forgets it when signing out', async (t) => {
    const { page, open } = await tab(t, { signedIn: false, expected: /401/ });
    await open('');
    await page.getByLabel('Token').fill('not-a-token');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: /\S/ }).waitFor();
    await page.getByLabel('Token').fill(stage.manager.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    assert.equal(await page.evaluate('sessionStorage.length'), 0);
  });

  it('shows what needs a person, and what happens, as it happens', async (t) => {
    const { page, open } = await tab(t);
    await open('');
    await page.getByText('live', { exact: true }).waitFor();
    const id = await stage.ask('ada', 'Will you come on Friday?');
    const row = page
      .getByRole('listitem')
      .filter({ hasText: `command/${id.slice(0, 8)}` })
      .first();
    await row.getByText('waiting for a person to allow it').waitFor();
    await page.getByRole('link', { name: '1 wait for a person' }).waitFor();
    const happening = page.getByRole('list', { name: 'The newest events' });
    await happening.getByText('AWAITING_APPROVAL.asking').first().waitFor();

    await stage.manager.request('POST', `/v1/commands/${id}/cancel`);
    await row.getByText('waiting for a person to allow it').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: '0 wait for a person' }).waitFor();
  });

  it('allows one message and denies another, letter by letter', async (t) => {
    const yes = await stage.ask('ada', '  two spaces\nand a line');
    const no = await stage.ask('bo', 'Never mind');
    const { page, open } = await tab(t);
    await open('/approvals');
    const card = (id: string) => page.getByRole('listitem').filter({ has: page.getByRole('link', { name: id }) });
    assert.equal(await card(yes).locator('.exact').nth(1).textContent(), '  two spaces\nand a line');
    await card(yes).getByRole('button', { name: 'Allow' }).click();
    await card(no).getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('heading', { name: 'Nothing waits for you' }).waitFor();
    assert.equal((await stage.manager.commandEnd(yes)).state, 'SUCCEEDED');
    assert.equal((await stage.manager.commandEnd(no)).state, 'FAILED');
  });

  it('offers no button that the token is not good for', async (t) => {
    const scopes = ['read:*'];
    const { body } = await stage.manager.request<{ token: string }>('POST', '/v1/tokens', { service: 'eyes', scopes });
    const id = await stage.ask('ada', 'Only to look at');
    const eyes = await openTab(browser, { ...stage.manager, token: body.token });
    t.after(() => eyes.close());
    await eyes.open('/approvals');
    const allow = eyes.page.getByRole('button', { name: 'Allow' });
    await allow.waitFor();
    assert.equal(await allow.isDisabled(), true);
    assert.match((await allow.getAttribute('title')) ?? '', /approve:send_message/);
    await stage.manager.request('POST', `/v1/commands/${id}/cancel`);
    eyes.isClean();
  });

  it('pauses a session and lets it go on', async (t) => {
    const [session] = (await get<{ items: SessionView[] }>('/v1/sessions?account_id=ada&state=READY')).items;
    assert.ok(session);
    const { page, open } = await tab(t);
    await open('/sessions');
    const row = page.getByRole('listitem').filter({ hasText: session.session_id.slice(0, 8) });
    await row.getByRole('button', { name: 'Pause' }).click();
    await row.getByText('PAUSED_BY_HUMAN').waitFor();
    await inState(stage.manager, `session/${session.session_id}`, 'PAUSED_BY_HUMAN');
    await row.getByRole('button', { name: 'Resume' }).click();
    await row.getByText('READY').waitFor();
    await row.getByRole('button', { name: 'Pause' }).waitFor();
  });

  it('lights where an actor is and follows it', async (t) => {
    const id = await stage.ask('bo', 'Thank you!');
    const { page, open } = await tab(t);
    await open(`/actors/command/${id}`);
    const lit = page.locator('.d-node.d-atomic.active .d-title, .d-node.d-final.active .d-title');
    await lit.getByText('asking').waitFor();
    assert.equal(await lit.count(), 1);
    await page.getByRole('region', { name: 'Waits' }).getByText('waiting for a person to allow it').waitFor();
    const title = await page.getByRole('img', { name: /Statechart of command/ }).getAttribute('aria-label');
    assert.match(title ?? '', /AWAITING_APPROVAL\.asking/);

    const [approval] = (await get<{ items: { approval_id: string }[] }>(`/v1/approvals?command_id=${id}`)).items;
    await stage.manager.request('POST', `/v1/approvals/${approval?.approval_id}`, { decision: 'allow' });
    await lit.getByText('SUCCEEDED').waitFor();
    assert.equal(await lit.count(), 1);
    assert.equal(await page.locator('.d-edge.taken').count(), 1);
  });

  it('draws a machine of forty states and counts who is where', async (t) => {
    const id = await stage.ask('bo', 'Counted');
    const { page, open } = await tab(t);
    await open('/machines/command');
    const count = page.locator('.d-count[data-path="AWAITING_APPROVAL.asking"]');
    await count.getByText('1').waitFor();
    assert.ok((await page.locator('.d-node').count()) >= 40);
    await stage.manager.request('POST', `/v1/commands/${id}/cancel`);
    await count.getByText('1').waitFor({ state: 'detached' });
  });

  it('zooms in on where an actor is, so that it can be read', async (t) => {
    const id = await stage.ask('bo', 'Read me');
    const { page, open } = await tab(t);
    await open(`/actors/command/${id}`);
    const picture = page.getByRole('img', { name: /Statechart/ });
    await page.locator('.diagram svg[data-zoom="near"] .d-atomic.active').waitFor();
    const title = await page.locator('.d-atomic.active .d-title').boundingBox();
    const frame = await picture.boundingBox();
    assert.ok(title && frame);
    assert.ok(title.height >= 9, `${title.height} px high`);
    assert.ok(title.x >= frame.x && title.x + title.width <= frame.x + frame.width, 'it is in the picture');
    assert.ok(title.y >= frame.y && title.y + title.height <= frame.y + frame.height, 'it is in the picture');

    await page.getByRole('button', { name: 'Whole' }).click();
    await page.locator('.diagram svg[data-zoom="far"]').waitFor();
    assert.equal(await page.locator('.d-edge:not(.taken) .d-label').first().isVisible(), false);
    await page.getByRole('button', { name: 'Where it is' }).click();
    await page.locator('.diagram svg[data-zoom="near"]').waitFor();
    await page.locator('.d-atomic.active rect').hover();
    const arrows = await page.locator('.d-edge.pointed').count();
    assert.ok(arrows > 0 && arrows < (await page.locator('.d-edge').count()), `${arrows} arrows`);
    await stage.manager.request('POST', `/v1/commands/${id}/cancel`);
  });

  it('shows what each browser does', async (t) => {
    const { page, open } = await tab(t);
    await open('/drivers');
    for (const slot of ['slot-1', 'slot-2', 'slot-3']) {
      const row = page.getByRole('row').filter({ hasText: slot });
      await row.getByText(/^READY\./).waitFor();
      await row.getByText('healthy').waitFor();
    }
    const [session] = (await get<{ items: SessionView[] }>('/v1/sessions?account_id=ada&state=READY')).items;
    const row = page.getByRole('row').filter({ hasText: session?.driver?.slot ?? 'none' });
    await row.getByRole('link', { name: session?.session_id.slice(0, 8) ?? '' }).waitFor();
  });

  it('goes through the whole log, back to its first row, and follows what is new', async (t) => {
    for (let head = 0; head < 900; ) {
      await Promise.all([1, 2, 3, 4].map((n) => stage.comment(n % 2 ? 'ada' : 'bo', `Number ${n}`)));
      head = Number((await get<EventPage>('/v1/events?limit=1')).head);
    }
    const { page, open } = await tab(t);
    await open('/timeline');
    const box = page.locator('.virtual');
    const { head } = await get<EventPage>('/v1/events?limit=1');
    await page.locator(`[data-cursor="${head}"]`).waitFor();
    const first = page.locator('[data-cursor="1"]');
    while (!(await first.isVisible())) {
      // Waited for within the page: a predicate sent as text would be evaluated later, which its policy forbids.
      await box.evaluate(
        (element) =>
          new Promise<void>((resolve) => {
            element.scrollTop = 0;
            const timer = setInterval(() => {
              if (element.scrollTop === 0 && element.querySelector('[data-cursor="1"]') === null) return;
              clearInterval(timer);
              resolve();
            }, 20);
          })
      );
    }
    const sizes = await page.locator('.virtual li').first().getAttribute('aria-setsize');
    assert.ok(Number(sizes) >= Number(head), `${sizes} of ${head}`);

    await open('/timeline?account_id=bo&actor_kinds=command');
    const { command_id } = await stage.comment('bo', 'Followed');
    await page.locator('.virtual').getByText('SUCCEEDED').last().waitFor();
    await page
      .getByText(`command/${command_id.slice(0, 8)}`)
      .last()
      .waitFor();
    await stage.comment('ada', 'Not of this account');
    const links = await page.locator('.event-row').evaluateAll((rows) => rows.map((row) => row.textContent));
    assert.ok(links.length > 0 && links.every((text) => text?.includes('command/')));
    await page.getByLabel('Platform').fill('nowhere');
    await page.getByLabel('Platform').press('Enter');
    await page.getByRole('heading', { name: 'No row fits' }).waitFor();
    assert.match(page.url(), /platform=nowhere/);
  });

  it('leaves what is read where it is while more happens, and goes to the newest when asked', async (t) => {
    const { page, open } = await tab(t);
    for (const [path, name] of [
      ['', 'The newest events'],
      ['/timeline', 'Events, newest last']
    ] as const) {
      await open(path);
      const rows = page.getByRole('list', { name }).locator('[data-cursor]');
      const { head } = await get<EventPage>('/v1/events?limit=1');
      await page.locator(`[data-cursor="${head}"]`).waitFor();
      await page.locator('.virtual').evaluate((element) => {
        element.scrollTop -= 1_600;
      });
      await page.getByRole('button', { name: 'To the newest' }).waitFor();
      await page.locator(`[data-cursor="${head}"]`).waitFor({ state: 'detached' });
      const read = await rows.evaluateAll((some) => some.map((row) => row.getAttribute('data-cursor')));
      assert.ok(read.length > 10);
      const places = () =>
        rows.evaluateAll((some) =>
          some.map((row) => `${row.getAttribute('data-cursor')} at ${row.getBoundingClientRect().y}`)
        );
      const before = await places();
      const { items: waiting } = await get<{ items: unknown[] }>('/v1/approvals?state=pending');
      const id = await stage.ask('ada', 'While you read');
      // Then the page has heard of it.
      await page.getByRole('link', { name: `Approvals ${waiting.length + 1}` }).waitFor();
      assert.deepEqual(await places(), before);
      await page.getByRole('button', { name: 'To the newest' }).click();
      await page.locator(`[href*="${id}"]`).last().waitFor();
      await stage.manager.request('POST', `/v1/commands/${id}/cancel`);
    }
  });

  it('says that a place is not there', async (t) => {
    const { page, open, isAccessible } = await tab(t, { expected: /404/ });
    await open('/nowhere/at/all');
    await page.getByRole('heading', { name: 'There is no such view' }).waitFor();
    await open('/machines/unicorn');
    await page.getByRole('heading', { name: 'There is no picture of it' }).waitFor();
    await open('/actors/command/00000000-0000-0000-0000-000000000000');
    await page.getByRole('heading', { name: 'Cannot read command/00000000' }).waitFor();
    await isAccessible();
    await page.getByRole('link', { name: 'Now' }).click();
    await page.getByRole('heading', { name: 'Needs attention' }).waitFor();
  });

  const VIEWS: Record<string, string> = {
    '': 'Now',
    '/approvals': 'Approvals',
    '/sessions': 'Sessions',
    '/actors': 'Actors',
    '/drivers': 'Drivers',
    '/timeline': 'Timeline',
    '/machines/command': 'Machines',
    '/machines/session': 'Machines',
    '/nowhere': 'There is no such view'
  };
  for (const theme of ['light', 'dark'] as const) {
    it(`reads well in ${theme}, by eye and by screen reader`, async (t) => {
      const id = await stage.ask('ada', 'Can you read this?');
      const opened = await tab(t, { theme });
      for (const [path, heading] of [...Object.entries(VIEWS), [`/actors/command/${id}`, 'command/']] as const) {
        await opened.open(path);
        await opened.page.getByRole('heading', { name: heading }).first().waitFor();
        await opened.page
          .getByText(/^(Reading|Laying)/)
          .first()
          .waitFor({ state: 'detached' });
        await opened.page.getByText('live', { exact: true }).waitFor();
        await opened.isAccessible();
      }
      await stage.manager.request('POST', `/v1/commands/${id}/cancel`);
    });
  }

  it('fits a window of 768 px', async (t) => {
    const id = await stage.ask('ada', `${'long'.repeat(40)} words`);
    const { page, open } = await tab(t, { width: 768 });
    for (const path of [...Object.keys(VIEWS), `/actors/command/${id}`]) {
      await open(path);
      await page.getByText('live', { exact: true }).waitFor();
      await page
        .getByText(/^(Reading|Laying)/)
        .first()
        .waitFor({ state: 'detached' });
      const over = await page.evaluate(
        `[document.documentElement, document.querySelector('main')].map((one) => one.scrollWidth - one.clientWidth)`
      );
      assert.deepEqual(over, [0, 0], path);
    }
    await stage.manager.request('POST', `/v1/commands/${id}/cancel`);
  });

  // The last: it takes the process away from under the page, and brings another.
  it('says that it is reconnecting, and goes on where it was', async (t) => {
    const { page, open } = await tab(t, { expected: /ERR_CONNECTION|WebSocket/ });
    await open('');
    await page.getByText('live', { exact: true }).waitFor();
    const { url, wsUrl } = stage.manager;
    await stage.manager.kill();
    await page.getByText('reconnecting', { exact: true }).waitFor();

    const at = (address: string) => new URL(address).host;
    const again = await startManager(
      { after: (end) => ends.push(end) },
      { data, args: ['--slots', '3', '--control', at(url), '--telemetry', at(wsUrl)] }
    );
    stage.manager = again;
    await again.commandEnd(
      (
        await again.send({
          target: { platform: 'example', account_id: 'ada' },
          payload: { flow: 'comment_on_post', params: { post_url: 'http://127.0.0.1:8080/post/2', text: 'Back' } }
        })
      ).command_id
    );
    await page.getByText('live', { exact: true }).waitFor();
    const { head } = await get<EventPage>('/v1/events?limit=1');
    await page.locator(`.happening [data-cursor="${head}"]`).waitFor();
    const shown = await page
      .locator('.happening [data-cursor]')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-cursor')));
    const from = Number(shown[0]) - 1;
    const { items } = await get<EventPage>(`/v1/events?cursor=${from}&limit=200`);
    assert.ok(shown.length > 10);
    assert.deepEqual(
      shown,
      items.slice(0, shown.length).map(({ cursor }) => cursor)
    );
  });
});
