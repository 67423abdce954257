/** Accounts, keys, and the window a person drives, over REST; the page in a real Chromium. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import type { ProfileRequest, Profiles } from '../../actors/profile/profiles.ts';
import { merge } from '../../actors/profile/storage-state.ts';
import type { ProfileStore } from '../../actors/profile/store.ts';
import type { WebDriverSession } from '../../actors/webdriver/client.ts';
import type { ProfileOutcome } from '../../machines/session-context.ts';
import { ControlError } from '../../schemas/errors.ts';
import { conforms } from '../../server/contracts.ts';
import { chromiumMissing, launchChromium } from '../support/chromium.ts';
import { envelope, type Harness, openHarness, sharedHarness } from './harness.ts';

/** One red pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64'
);

/** A browser that remembers what was done in it. */
class FakeBrowser {
  readonly sessionId = 'fake';
  readonly done: unknown[][] = [];
  picture = PNG;
  typed: 'typed' | 'nowhere' = 'typed';
  fails: ControlError | null = null;
  #atOnce = 0;
  most = 0;

  async #do<T>(what: unknown[], answer: T): Promise<T> {
    this.#atOnce += 1;
    this.most = Math.max(this.most, this.#atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    this.#atOnce -= 1;
    if (this.fails) throw this.fails;
    this.done.push(what);
    return answer;
  }
  looks = 0;
  screenshot = async () => {
    this.looks += 1;
    return this.picture;
  };
  performActions = (actions: unknown[]) => this.#do(['actions', actions], undefined);
  executeSync = (_: string, args: unknown[]) => this.#do(['script', args], this.typed);
  switchToFrame = async () => {};
  navigate = (url: string) => this.#do(['navigate', url], undefined);
  refresh = () => this.#do(['refresh'], undefined);
  command = (method: string, path: string) => this.#do([method, path], null);
}

const proved: ProfileOutcome = { state: 'proved', why: 'logged in', failure: null, artifacts: [] };

describe('a person and an account', () => {
  const browser = new FakeBrowser();
  const asked: [string, ProfileRequest][] = [];
  const note =
    <T>(what: string, answer: T) =>
    async (request: ProfileRequest): Promise<T> => {
      asked.push([what, request]);
      return answer;
    };
  const profiles: Profiles = {
    restore: note('restore', proved),
    save: note('save', 'saved' as const),
    check: note('check', proved)
  };
  const losses: string[] = [];
  const shared = sharedHarness({
    browsers: {
      get: () => browser as unknown as WebDriverSession,
      reportLoss: (_, reason) => void losses.push(reason)
    },
    profiles
  });
  let h: Harness;
  let store: ProfileStore;
  before(() => {
    h = shared.h;
    store = h.profiles;
  });

  async function driven(account = 'ada') {
    const made = await h.api('POST', '/v1/sessions', { body: { platform: 'x', account_id: account } });
    const id = made.body.session_id as string;
    await h.api('POST', `/v1/sessions/${id}/takeover`);
    await h.host.waitFor(`session/${id}`, ({ state }) => state.startsWith('HUMAN_DRIVING'), { timeoutMs: 60_000 });
    return id;
  }
  const input = (id: string, body: unknown, token?: string) =>
    h.api('POST', `/v1/sessions/${id}/input`, { body, ...(token === undefined ? {} : { token }) });

  it('sees the window while it is driven, again only when it has changed, and with the scope alone', async () => {
    const id = await driven();
    const screen = await h.api('GET', `/v1/sessions/${id}/screen`);
    assert.equal(screen.status, 200);
    assert.equal(screen.headers.get('content-type'), 'image/png');
    assert.equal(screen.headers.get('cache-control'), 'private, no-cache');
    const tag = screen.headers.get('etag')!;
    const again = await h.api('GET', `/v1/sessions/${id}/screen`, { headers: { 'if-none-match': tag } });
    assert.equal(again.status, 304);
    const driver = await h.token(['session:drive']);
    assert.equal((await h.api('GET', `/v1/sessions/${id}/screen`, { token: driver })).status, 200);
    for (const scopes of [['read:*'], ['session:takeover'], ['flow.run:*']]) {
      const token = await h.token(scopes);
      assert.equal((await h.api('GET', `/v1/sessions/${id}/screen`, { token })).body.code, 'FORBIDDEN');
      assert.equal((await input(id, { type: 'key', key: 'Tab' }, token)).body.code, 'FORBIDDEN');
    }
    assert.equal((await h.api('GET', `/v1/sessions/${id}/screen`, { token: null })).status, 401);
    await h.api('POST', `/v1/sessions/${id}/handback`);
    await h.host.waitFor(`session/${id}`, ({ state }) => state === 'READY', { timeoutMs: 60_000 });
    const over = await input(id, { type: 'key', key: 'Tab' });
    assert.deepEqual([over.status, over.body.code], [409, 'SESSION_NOT_DRIVEN']);
    assert.match(over.body.detail, /is READY: nobody drives it/);
    assert.equal((await h.api('GET', `/v1/sessions/${id}/screen`)).status, 200, 'it is seen all the same');
    assert.equal((await h.api('GET', '/v1/sessions/none/screen')).body.code, 'SESSION_NOT_FOUND');
    assert.deepEqual(
      asked.map(([what, { accountId }]) => [what, accountId]),
      [
        ['restore', 'ada'],
        ['check', 'ada']
      ]
    );
  });

  it('looks on while a command runs, but never between the steps of an attempt', async () => {
    const { body } = await h.send(envelope({ target: { account_id: 'dee', platform: 'x' } }));
    const done = await h.ended(body.command_id);
    const screen = () => h.api('GET', `/v1/sessions/${done.session_id}/screen`);
    h.executor.hold();
    try {
      const next = (await h.send(envelope({ target: { account_id: 'dee', platform: 'x' } }))).body.command_id;
      const attempts = ({ state }: { state: string }) => state.startsWith('RUNNING.ACTION_ATTEMPTED');
      assert.ok(await h.host.waitFor(`command/${next}`, attempts, { timeoutMs: 60_000 }));
      const before = browser.looks;
      const none = await screen();
      assert.deepEqual([none.status, none.body.code], [409, 'SCREEN_UNAVAILABLE']);
      assert.match(none.body.detail, /is BUSY: its command is in the middle of an attempt/);
      assert.equal(browser.looks, before, 'the browser was not asked');
      h.executor.letGo();
      await h.ended(next);
    } finally {
      h.executor.letGo();
    }
    // However many look at once.
    const before = browser.looks;
    const all = await Promise.all(Array.from({ length: 8 }, screen));
    assert.ok(all.every(({ status, headers }) => status === 200 && Number(headers.get('age')) >= 0));
    assert.equal(browser.looks, before + 1);
  });

  it('is told that there is nothing to see while no browser is open', async (t) => {
    const { body } = await h.api('POST', '/v1/sessions', { body: { platform: 'x', account_id: 'eli' } });
    const id = body.session_id as string;
    await h.api('DELETE', `/v1/sessions/${id}`);
    await h.host.waitFor(`session/${id}`, ({ state }) => state === 'CLOSED', { timeoutMs: 60_000 });
    const closed = await h.api('GET', `/v1/sessions/${id}/screen`);
    assert.deepEqual([closed.status, closed.body.code], [409, 'SCREEN_UNAVAILABLE']);
    assert.match(closed.body.detail, /is CLOSED: its browser is not open/);
    const other = await openHarness(t, { stub: true });
    const made = await other.api('POST', '/v1/sessions', { body: { platform: 'x', account_id: 'eli' } });
    const screen = await other.api('GET', `/v1/sessions/${made.body.session_id}/screen`);
    assert.match(screen.body.detail, /nothing is really driven here/);
    const bound = await h.token(['session:drive'], 'bound', ['somebody-else']);
    assert.equal((await h.api('GET', `/v1/sessions/${id}/screen`, { token: bound })).body.code, 'SESSION_NOT_FOUND');
  });

  it('does one thing after the other, and what was typed is in no log', async () => {
    const id = await driven('bea');
    browser.done.length = 0;
    const secret = 'pa55 w0rd';
    const all = await Promise.all([
      input(id, { type: 'click', x: 10, y: 20, count: 2 }),
      input(id, { type: 'text', text: secret }),
      input(id, { type: 'key', key: 'Enter' }),
      input(id, { type: 'scroll', x: 1, y: 2, dy: 300 }),
      input(id, { type: 'open', url: `https://x.com/reset?token=${encodeURIComponent(secret)}` }),
      input(id, { type: 'back' }),
      input(id, { type: 'dismiss' })
    ]);
    assert.deepEqual(
      all.map(({ status }) => status),
      all.map(() => 200),
      JSON.stringify(all.map(({ body }) => body))
    );
    assert.equal(browser.most, 1);
    assert.equal(browser.done.length, 7);
    const { rows } = await h.host.journal.readEvents(0, 10_000, { session_id: id });
    const acts = rows.filter(({ payload }) => payload.to === 'HUMAN_DRIVING.acting');
    assert.deepEqual(
      acts.map(({ payload }) => payload.input),
      [
        { type: 'click', x: 10, y: 20 },
        { type: 'text', length: secret.length },
        { type: 'key', key: 'Enter' },
        { type: 'scroll', x: 1, y: 2 },
        { type: 'open', origin: 'https://x.com' },
        { type: 'back' },
        { type: 'dismiss' }
      ]
    );
    assert.ok(acts.every(({ payload }) => payload.by === 'admin'));
    assert.ok(!JSON.stringify(rows).includes('pa55'));
    assert.ok(!h.logged.join('').includes('pa55'));
    assert.ok(!JSON.stringify(await h.host.read(`session/${id}`)).includes('pa55'));
  });

  it('is told what could not be done, and may go on', async () => {
    const id = await driven('cem');
    browser.typed = 'nowhere';
    const nowhere = await input(id, { type: 'text', text: 'x' });
    assert.deepEqual([nowhere.status, nowhere.body.code], [422, 'ELEMENT_NOT_ACTIONABLE']);
    browser.typed = 'typed';
    browser.fails = new ControlError('DRIVER_LOST', { slot: 'made-up', reason: 'gone' });
    assert.equal((await input(id, { type: 'key', key: 'Tab' })).body.code, 'DRIVER_LOST');
    assert.equal(losses.length, 1);
    browser.fails = null;
    assert.equal((await input(id, { type: 'key', key: 'Tab' })).status, 200);
    const wrong = [
      {},
      { type: 'script', text: 'alert()' },
      { type: 'click', x: -1, y: 0 },
      { type: 'click', x: 1.5, y: 0 },
      { type: 'text', text: '' },
      { type: 'text', text: 'x'.repeat(2001) },
      { type: 'key', key: 'F12' },
      { type: 'open', url: 'file:///etc/passwd' },
      { type: 'click', x: 1, y: 1, more: true }
    ];
    for (const body of wrong) {
      const answer = await input(id, body);
      assert.deepEqual([answer.status, answer.body.code], [400, 'VALIDATION_FAILED'], JSON.stringify(body));
    }
  });

  describe('keeps of accounts', () => {
    const save = (accountId: string, platform = 'x') =>
      store.update({ platform, accountId }, (was) => ({
        state: merge(was, {
          url: 'https://x.com/',
          at: 1,
          cookies: [{ name: 'auth', value: 's3cret', domain: '.x.com', path: '/', secure: true, httpOnly: true }],
          local: { token: 's3cret' }
        }),
        proved: true
      }));

    it('what is known of their logins, and never the login', async () => {
      await save('ann');
      const one = await h.api('GET', '/v1/accounts/ann');
      assert.equal(one.status, 200);
      assert.deepEqual(conforms('troupe:account#/$defs/AccountView', one.body), []);
      const { saved_at, proved_at, key_id, bytes, ...rest } = one.body.profile;
      assert.deepEqual(rest, { state: 'saved', expired_at: null, origins: ['https://x.com'], cookies: 1 });
      assert.ok(saved_at && proved_at && key_id && bytes > 0);
      const list = await h.api('GET', '/v1/accounts');
      assert.deepEqual(
        list.body.items.map(({ account_id }: { account_id: string }) => account_id),
        ['ann']
      );
      assert.ok(!JSON.stringify([one.body, list.body]).includes('s3cret'));
      const none = await h.api('GET', '/v1/accounts/nobody');
      assert.deepEqual([none.status, none.body.code], [404, 'ACCOUNT_NOT_FOUND']);
      const token = await h.token(['read:events']);
      assert.equal((await h.api('GET', '/v1/accounts', { token })).body.code, 'FORBIDDEN');
    });

    it('how they are set, and asks which when a name is on two platforms', async () => {
      const set = await h.api('PUT', '/v1/accounts/ann', {
        body: { platform: 'x', home: 'https://x.com/home', logged_in: ['#me', ['#a', '#b']] }
      });
      assert.equal(set.status, 200, JSON.stringify(set.body));
      const kept = await h.api('PUT', '/v1/accounts/ann', { body: { platform: 'x', home: null } });
      assert.deepEqual([kept.body.home, kept.body.logged_in], [null, ['#me', ['#a', '#b']]]);
      assert.equal(kept.body.profile.state, 'saved');
      await save('ann', 'tiktok');
      const which = await h.api('GET', '/v1/accounts/ann');
      assert.deepEqual([which.status, which.body.code], [400, 'QUERY_INVALID']);
      assert.match(which.body.detail, /tiktok, x/);
      assert.equal((await h.api('GET', '/v1/accounts/ann?platform=tiktok')).body.platform, 'tiktok');
      const first = await h.api('GET', '/v1/accounts?limit=1');
      const second = await h.api('GET', `/v1/accounts?limit=1&page=${encodeURIComponent(first.body.next_page)}`);
      assert.deepEqual([first.body.items.length, second.body.items.length, second.body.next_page], [1, 1, null]);
      assert.equal(
        (await h.api('PUT', '/v1/accounts/ann', { body: { platform: 'nope' } })).body.code,
        'PLATFORM_UNKNOWN'
      );
      for (const [path, body] of [
        ['a%2Fb', { platform: 'x' }],
        ['ann', { platform: 'x', home: 'javascript:alert(1)' }],
        ['ann', { platform: 'x', password: 'no' }]
      ] as const) {
        assert.equal((await h.api('PUT', `/v1/accounts/${path}`, { body })).body.code, 'VALIDATION_FAILED', path);
      }
      const token = await h.token(['read:*']);
      assert.equal((await h.api('PUT', '/v1/accounts/ann', { body: { platform: 'x' }, token })).body.code, 'FORBIDDEN');
    });

    it('nothing any more when they are told to forget', async () => {
      const token = await h.token(['read:*']);
      assert.equal((await h.api('DELETE', '/v1/accounts/ann/profile?platform=x', { token })).status, 403);
      assert.equal((await h.api('DELETE', '/v1/accounts/ann/profile?platform=x')).status, 204);
      assert.equal((await h.api('GET', '/v1/accounts/ann?platform=x')).body.profile.state, 'none');
      assert.equal(await store.load({ platform: 'x', accountId: 'ann' }), undefined);
      assert.equal((await h.api('DELETE', '/v1/accounts/ann/profile?platform=tiktok')).status, 204);
      assert.equal((await h.api('GET', '/v1/accounts/ann?platform=tiktok')).status, 404, 'it had nothing else');
    });
  });

  describe('in a page of its own', { skip: chromiumMissing }, () => {
    let chromium: Browser;
    before(async () => {
      chromium = await launchChromium();
    });
    after(() => chromium?.close());

    it('takes over, sees, clicks and types, and asks nobody but this process for anything', async () => {
      const made = await h.api('POST', '/v1/sessions', { body: { platform: 'x', account_id: 'dee' } });
      const id = made.body.session_id as string;
      await h.host.waitFor(`session/${id}`, ({ state }) => state === 'READY', { timeoutMs: 60_000 });
      browser.done.length = 0;
      const page = await chromium.newPage();
      const strangers: string[] = [];
      const problems: string[] = [];
      page.on('request', (request) => {
        if (!request.url().startsWith(h.url) && !request.url().startsWith('blob:')) strangers.push(request.url());
      });
      page.on('console', (message) => {
        // Each refusal is in the page's own words.
        if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
          problems.push(message.text());
      });
      page.on('pageerror', (error) => problems.push(String(error)));
      const response = await page.goto(`${h.url}/v1/sessions/${id}/view#token=${h.admin}`);
      assert.match(response!.headers()['content-security-policy']!, /default-src 'none'/);
      assert.ok(!page.url().includes(h.admin), 'the token does not stay in the address');
      await page.getByText(/nobody drives it/).waitFor();
      await page.getByRole('button', { name: 'Take over' }).click();
      const screen = page.getByAltText('the window of the session');
      await screen.waitFor();
      await screen.evaluate((image: { style: { width: string; height: string } }) => {
        image.style.width = '100px';
        image.style.height = '100px';
      });
      await screen.click();
      await page.keyboard.type('hi');
      await page.keyboard.press('Enter');
      await h.host.waitFor(`session/${id}`, () => browser.done.length >= 4, { timeoutMs: 60_000 });
      assert.deepEqual(
        browser.done.map(([what, args]) => [what, what === 'script' ? args : null]),
        [
          ['actions', null],
          ['script', ['h']],
          ['script', ['i']],
          ['actions', null]
        ]
      );
      await page.getByRole('button', { name: 'Hand back' }).click();
      await h.host.waitFor(`session/${id}`, ({ state }) => state === 'READY', { timeoutMs: 60_000 });
      await page.close();
      assert.deepEqual([strangers, problems], [[], []]);
    });

    it('is shut to whoever has no token', async () => {
      const page = await chromium.newPage();
      await page.goto(`${h.url}/v1/sessions/any/view`);
      await page.getByLabel('Token').fill('trp_wrong');
      await page.getByRole('button', { name: 'Show' }).click();
      await page.getByText(/not known here/).waitFor();
      await page.close();
    });
  });
});
