import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { type Site, startSite } from './site/site.ts';
import { variants } from './site/variants.ts';
import { chromiumMissing, launchChromium } from './support/chromium.ts';

const json = { accept: 'application/json', 'content-type': 'application/json' };

describe('the example site', () => {
  let site: Site;
  before(async () => {
    site = await startSite();
  });
  beforeEach(() => site.reset());
  after(() => site.close());

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(site.url + path, {
      method: 'POST',
      headers: { ...json, ...headers },
      body: JSON.stringify(body),
      redirect: 'manual'
    });
  const comment = (text: string, query = '') =>
    post(`/post/1/comments${query}`, { text, submit_id: 's1' }, { cookie: site.cookieFor('alice') });

  it('is the same for the same seed, and another for another', async (t) => {
    const page = async (seed: number) => {
      const other = await startSite({ seed });
      t.after(() => other.close());
      return (await fetch(other.url)).text();
    };
    assert.equal(await page(7), await page(7));
    assert.notEqual(await page(7), await page(8));
  });

  it('keeps who wrote what where, once a write', async () => {
    const answer = await comment('  first\r\nline ');
    assert.equal(answer.status, 201);
    const [row, ...others] = site.writes();
    assert.deepEqual(others, []);
    assert.deepEqual(
      { ...row, at: 0 },
      {
        id: 'w1',
        kind: 'comment',
        at: 0,
        account: 'alice',
        post: '1',
        text: 'first\nline',
        to: null,
        submitId: 's1',
        requestId: site.requests()[0]!.id,
        changed: true
      }
    );
    assert.match(await (await fetch(site.postUrl(1))).text(), /data-testid="comment-text" dir="auto">first\nline</);
  });

  it('tells another process the same, filtered', async () => {
    await comment('one');
    await comment('two');
    const answer = await fetch(`${site.url}/_site/writes?kind=comment&text=two`);
    const told = (await answer.json()) as { writes: { text: string }[]; counts: Record<string, number> };
    assert.deepEqual(told.counts, {
      comment: 1,
      like: 0,
      unlike: 0,
      login: 0,
      logout: 0,
      decoy: 0,
      story: 0,
      message: 0,
      video: 0
    });
    assert.deepEqual(told.writes, site.writes({ text: 'two' }));
    assert.equal((await fetch(`${site.url}/_site/reset`, { method: 'POST' })).status, 204);
    assert.deepEqual(site.writes(), []);
    assert.doesNotMatch(await (await fetch(site.postUrl(1))).text(), />two</);
  });

  it('counts a second like as a write that changed nothing', async () => {
    const cookie = site.cookieFor('bob');
    for (const expected of [true, false]) {
      const answer = await post('/post/2/like', {}, { cookie });
      assert.equal(((await answer.json()) as { liked: boolean }).liked, true);
      assert.equal(site.writes({ kind: 'like' }).at(-1)!.changed, expected);
    }
  });

  it('refuses a comment of nobody, an empty one and one that is too long, and does nothing', async () => {
    assert.equal((await post('/post/1/comments', { text: 'x' })).status, 401);
    assert.equal((await comment(' \n ')).status, 422);
    assert.equal((await comment('x'.repeat(2001))).status, 422);
    assert.equal((await post('/post/99/comments', { text: 'x' }, { cookie: site.cookieFor('bob') })).status, 404);
    assert.deepEqual(site.writes(), []);
  });

  it('logs in with a password, over the dev address, and not with a wrong password', async () => {
    const login = (password: string) => post('/login', { username: 'alice', password, next: '/post/2' });
    assert.equal((await login('wrong')).status, 401);
    assert.deepEqual(site.writes(), []);
    const right = await login('wonderland');
    assert.deepEqual([right.status, right.headers.get('location')], [303, '/post/2']);
    const cookie = right.headers.get('set-cookie')!.split(';')[0]!;
    assert.match(await (await fetch(site.url, { headers: { cookie } })).text(), /data-account="alice"/);

    const dev = await fetch(site.loginUrl('bob', site.postUrl(3)), { redirect: 'manual' });
    assert.deepEqual([dev.status, dev.headers.get('location')], [303, '/post/3']);
    assert.equal(site.counts({ account: 'bob' }).login, 1);
  });

  it('never leads to another host after a login', async () => {
    for (const next of ['https://example.org/', '//example.org/', '/\\example.org']) {
      const dev = await fetch(`${site.url}/_site/login?as=bob&next=${encodeURIComponent(next)}`, {
        redirect: 'manual'
      });
      assert.equal(dev.headers.get('location'), '/');
    }
  });

  it('shows what people write as they wrote it', async () => {
    await comment('<img src=x onerror=alert(1)> & "שלום" 👩‍🚀');
    assert.match(
      await (await fetch(site.postUrl(1))).text(),
      />&lt;img src=x onerror=alert\(1\)&gt; &amp; &quot;שלום&quot; 👩‍🚀</
    );
  });

  it('takes a plain form and sends the browser back to the post', async () => {
    const answer = await fetch(`${site.url}/post/1/comments?variant=plain`, {
      method: 'POST',
      headers: { cookie: site.cookieFor('alice'), accept: 'text/html' },
      body: new URLSearchParams({ text: 'by form', submit_id: 'render-1' }),
      redirect: 'manual'
    });
    assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/post/1?variant=plain#c9']);
    assert.equal(site.writes()[0]!.submitId, 'render-1');
  });

  describe('messages', () => {
    const page = async (path: string, account: string) =>
      (await fetch(site.url + path, { headers: { cookie: site.cookieFor(account) } })).text();
    const write = (path: string, account: string, text: string) =>
      fetch(site.url + path, {
        method: 'POST',
        headers: { cookie: site.cookieFor(account) },
        body: new URLSearchParams({ text, submit_id: 'm1' }),
        redirect: 'manual'
      });

    it('reach the one they are written to, and are seen by these two alone', async () => {
      assert.equal((await write('/messages/1', 'alice', ' salted \r\n& unsalted ')).status, 303);
      const [row] = site.writes({ kind: 'message' });
      assert.deepEqual([row!.account, row!.to, row!.text], ['alice', 'bob', 'salted \n& unsalted']);
      assert.match(await page('/messages/1', 'bob'), /salted \n&amp; unsalted</);
      assert.match(await page('/messages/1', 'emi'), /You have no messages 1\./);
      assert.match(await (await fetch(`${site.url}/messages/1`)).text(), /data-testid="login-wall"/);
    });

    it('put their thread on top, unread until it is opened', async () => {
      /** Of the thread on top. */
      const top = async () => {
        const [, first] = (await page('/messages', 'alice')).split('data-thread=');
        return [/^"(\d+)"/.exec(first!)![1], /data-testid="thread-unread">(\d+)</.exec(first!)?.[1] ?? null];
      };
      assert.deepEqual(await top(), ['1', '1']);
      await write('/messages/2', 'chiara', 'Sunday is near');
      assert.deepEqual(await top(), ['2', '3']);
      await page('/messages/2', 'alice');
      assert.deepEqual(await top(), ['2', null]);
    });

    it('begin with somebody one has not written to', async () => {
      const text = await page('/messages/with/emi', 'alice');
      const id = /action="\/messages\/(\d+)"/.exec(text)![1];
      await write(`/messages/${id}`, 'alice', 'Hello Emi');
      assert.equal(site.writes({ to: 'emi' }).length, 1);
      assert.match(await page('/messages/with/alice', 'alice'), /nobody called alice to write to/);
    });

    it('are refused when empty, too long, or of nobody', async () => {
      assert.equal((await write('/messages/1', 'alice', ' ')).status, 422);
      assert.equal((await write('/messages/1', 'alice', 'x'.repeat(2001))).status, 422);
      assert.equal((await write('/messages/1', 'dan', 'not mine')).status, 404);
      assert.equal((await fetch(`${site.url}/messages/1`, { method: 'POST' })).status, 401);
      assert.deepEqual(site.writes(), []);
    });
  });

  describe('videos', () => {
    const headers = () => ({ cookie: site.cookieFor('alice') });
    const get = async (path: string) => (await fetch(site.url + path, { headers: headers() })).text();
    const make = (prompt: string) =>
      fetch(`${site.url}/videos`, {
        method: 'POST',
        headers: headers(),
        body: new URLSearchParams({ prompt, submit_id: 'v' }),
        redirect: 'manual'
      });

    it('take their time, and then are a file that plays', async () => {
      assert.equal((await make('a lantern in the fog')).status, 303);
      assert.equal(site.counts().video, 1);
      assert.match(await get('/videos'), /data-testid="draft" data-state="queued"/);
      assert.equal((await fetch(`${site.url}/videos/v1/file`, { headers: headers() })).status, 409);
      site.settleVideo('v1', 'ready');
      assert.match(await get('/videos/v1'), /data-testid="video" src="\/videos\/v1\/file"/);
      const file = await fetch(`${site.url}/videos/v1/file`, { headers: headers() });
      assert.equal(file.headers.get('content-type'), 'video/mp4');
      assert.equal(
        Buffer.from(await file.arrayBuffer())
          .subarray(4, 8)
          .toString(),
        'ftyp'
      );
    });

    it('get ready by themselves, or fail when the prompt may not be', async (t) => {
      const quick = await startSite({ visitor: 'alice', renderMs: 0 });
      t.after(() => quick.close());
      for (const prompt of ['allowed', 'a Forbidden thing']) {
        await fetch(`${quick.url}/videos`, { method: 'POST', body: new URLSearchParams({ prompt }) });
      }
      const text = await (await fetch(`${quick.url}/videos`)).text();
      assert.deepEqual(
        [...text.matchAll(/data-state="(\w+)"/g)].map(([, state]) => state),
        ['failed', 'ready']
      );
    });

    it('cost credits, until there are none', async () => {
      for (let i = 0; i < 10; i += 1) assert.equal((await make(`video ${i}`)).status, 303);
      const refused = await make('one too many');
      assert.equal(refused.status, 422);
      assert.match(await refused.text(), /You have no credits left\./);
      const usage = await get('/videos/usage');
      assert.match(usage, /data-testid="credits-used">100</);
      assert.match(usage, /data-testid="credits-left">0</);
      assert.equal(site.counts().video, 10);
    });

    it('are seen by who made them', async () => {
      await make('mine');
      const cookie = site.cookieFor('bob');
      assert.equal((await fetch(`${site.url}/videos/v1`, { headers: { cookie } })).status, 404);
      site.removeVideo('v1');
      assert.match(await get('/videos/v1'), /You have no video v1\./);
    });
  });

  describe('faults', () => {
    it('fail one write and no other', async () => {
      assert.equal((await post('/_site/hooks', { kind: 'comment', status: 503 })).status, 201);
      assert.equal((await post('/post/1/like', {}, { cookie: site.cookieFor('bob') })).status, 200);
      assert.equal((await comment('refused')).status, 503);
      assert.equal((await comment('taken')).status, 201);
      assert.deepEqual(
        site.writes({ kind: 'comment' }).map((row) => row.text),
        ['taken']
      );
    });

    it('drop an answer after the write, or the request before it', async () => {
      site.fault({ drop: 'after' });
      await assert.rejects(comment('done').then((answer) => answer.text()));
      site.fault({ drop: 'before' });
      await assert.rejects(comment('not done').then((answer) => answer.text()));
      assert.deepEqual(
        site.writes().map((row) => row.text),
        ['done']
      );
      await site.waitForRequest(() => site.requests().every((row) => row.ended?.how === 'cut'));
      assert.equal(site.requests().length, 2);
    });

    it('hold a write before it is done, and before it is answered', async () => {
      for (const [where, writes] of [
        ['before', 0],
        ['after', 1]
      ] as const) {
        site.reset();
        const held = site.hold(where);
        const answer = comment('held');
        await held.arrived;
        assert.equal(site.writes().length, writes);
        held.release();
        assert.equal((await answer).status, 201);
        assert.equal(site.writes().length, 1);
      }
    });

    it('delay a write', async () => {
      site.fault({ delayMs: 60 });
      await comment('late');
      const [request] = site.requests();
      assert.ok(site.writes()[0]!.at - request!.at >= 55);
    });

    it('are refused by name when misspelt', async () => {
      const answer = await post('/_site/hooks', { dropp: 'after' });
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /no fault 'dropp'/);
      assert.equal((await post('/_site/hooks', { status: 200 })).status, 400);
    });
  });

  it('answers 400 to a variant that there is not', async () => {
    const answer = await fetch(site.postUrl(1, 'variant=movin'));
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /no variant 'movin'/);
    assert.equal((await fetch(site.postUrl(1, 'variant=slow&delay=soon'))).status, 400);
  });

  it('fails, resets and never ends where asked, and still closes at once', async () => {
    const own = await startSite();
    const get = (variant: string) => fetch(own.postUrl(1, `variant=${variant}`));
    assert.equal((await get('fail-500')).status, 500);
    await assert.rejects(get('fail-reset'));
    const half = await get('never-body');
    assert.equal(half.status, 200);
    const body = half.body!.getReader();
    assert.match(new TextDecoder().decode((await body.read()).value), /data-testid="post-body"/);
    const rest = body.read();
    const unanswered = get('never-answer');
    const image = await fetch(`${own.url}/_site/never`);
    const endless = image.arrayBuffer();
    const slow = get('slow&delay=600000');
    // A client may take a body that ended with its connection for a whole one; that it ends is what counts.
    const ends = Promise.all([
      ...[unanswered, slow].map((promise) => assert.rejects(promise)),
      Promise.allSettled([rest, endless])
    ]);
    await own.waitForRequest((row) => row.url.includes('600000'));
    await own.close();
    await ends;
  });
});

describe('the example site in a browser', { skip: chromiumMissing }, () => {
  let site: Site;
  let browser: Browser;
  before(async () => {
    [site, browser] = await Promise.all([startSite({ visitor: 'alice' }), launchChromium()]);
  });
  beforeEach(() => site.reset());
  after(async () => {
    await browser.close();
    await site.close();
  });

  const open = async (t: TestContext, query = '', path = '/post/1') => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    t.after(() => context.close());
    const page = await context.newPage();
    await page.goto(`${site.url}${path}${query && `?${query}`}`);
    return page;
  };
  const ownTexts = (page: Page) => page.locator('[data-testid=comment][data-own=true] [data-testid=comment-text]');
  const input = '[data-testid=comment-input]';
  const submit = '[data-testid=comment-submit]';
  const say = async (page: Page, text: string) => {
    await page.getByRole('textbox', { name: 'Add a comment' }).fill(text);
    await page.getByRole('button', { name: 'Post', exact: true }).click();
  };
  const onceOnServer = (text: string) => assert.equal(site.counts({ text }).comment, 1);

  it('takes a comment without loading the page anew, and empties the field', async (t) => {
    const page = await open(t);
    await say(page, 'Which path down?');
    await ownTexts(page).getByText('Which path down?').waitFor();
    assert.equal(await page.locator(input).inputValue(), '');
    assert.equal(await page.locator('[data-testid=comment-count]').innerText(), '4');
    assert.equal(
      await page.locator('[data-testid=comment]').first().locator('[data-testid=comment-author]').innerText(),
      'Alice Moreau'
    );
    onceOnServer('Which path down?');
    assert.match(site.writes()[0]!.submitId!, /^press-[0-9a-f]{16}$/);
    assert.equal(site.requests().filter((row) => row.url === '/post/1').length, 1);
  });

  it('likes and takes it back', async (t) => {
    const page = await open(t);
    const like = page.locator('[data-testid=like-button]');
    for (const pressed of ['true', 'false']) {
      await like.click();
      await page.locator(`[data-testid=like-button][aria-pressed=${pressed}]`).waitFor();
    }
    assert.deepEqual(
      site.writes().map((row) => [row.kind, row.submitId !== null]),
      [
        ['like', true],
        ['unlike', true]
      ]
    );
  });

  it('logs in by its form, and shows no form to nobody', async (t) => {
    const strangers = await startSite();
    t.after(() => strangers.close());
    const page = await open(t);
    await page.goto(strangers.postUrl(2));
    assert.equal(await page.locator(input).count(), 0);
    await page.locator('[data-testid=login-wall] a').click();
    await page.getByLabel('Username').fill('bob');
    await page.getByLabel('Password').fill('builder');
    await page.locator('[data-testid=login-submit]').click();
    await page.waitForURL(strangers.postUrl(2));
    assert.equal(await page.locator('[data-testid=whoami]').getAttribute('data-account'), 'bob');
    assert.equal(strangers.counts().login, 1);
  });

  for (const query of [
    'variant=plain',
    'variant=slow&delay=100',
    'variant=editable',
    'variant=shadow',
    'variant=covered&lasts=200',
    'variant=moving',
    'variant=leaving',
    'variant=optimistic',
    'variant=rtl',
    'variant=stale&every=1000'
  ]) {
    it(`takes a comment once with ${query}`, async (t) => {
      const page = await open(t, query);
      await say(page, `with ${query}`);
      await ownTexts(page).getByText(`with ${query}`).waitFor();
      await site.waitForWrite({ text: `with ${query}` });
      onceOnServer(`with ${query}`);
    });
  }

  it('takes a comment inside a frame and shows it outside', async (t) => {
    const page = await open(t, 'variant=iframe');
    assert.equal(await page.locator(input).count(), 0);
    const frame = page.frameLocator('[data-testid=composer-frame]');
    await frame.locator(input).fill('framed');
    await frame.locator(submit).click();
    await ownTexts(page).getByText('framed').waitFor();
    onceOnServer('framed');
  });

  it('keeps a shadow form out of reach of a plain selector', async (t) => {
    const page = await open(t, 'variant=shadow');
    assert.equal(await page.evaluate("document.querySelectorAll('[data-testid=comment-input]').length"), 0);
    assert.equal(
      await page.evaluate("document.querySelector('comment-composer').shadowRoot.querySelectorAll('textarea').length"),
      1
    );
  });

  it('puts “Discard” where “Post” was when the mouse comes near, once an approach', async (t) => {
    const page = await open(t, 'variant=shifting&every=0');
    await page.locator(input).fill('dodged');
    await page.mouse.move(5, 5);
    const press = async () => {
      const box = (await page.locator(submit).boundingBox())!;
      await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    };
    await press();
    await site.waitForWrite({ kind: 'decoy', text: 'discard' });
    await press();
    await site.waitForWrite({ kind: 'comment', text: 'dodged' });
    const made = Object.entries(site.counts()).filter(([, count]) => count > 0);
    assert.deepEqual(Object.fromEntries(made), { comment: 1, decoy: 1 });
  });

  it('jumps on a timer too', async (t) => {
    const page = await open(t, 'variant=shifting&every=50&near=0');
    await page.waitForFunction("document.body.classList.contains('jumped')");
    await page.waitForFunction("!document.body.classList.contains('jumped')");
  });

  it('moves its button across the page', async (t) => {
    const page = await open(t, 'variant=moving&rest=0&glide=100');
    const left = `document.querySelector('${submit}').getBoundingClientRect().left`;
    const first = (await page.evaluate(left)) as number;
    await page.waitForFunction(`Math.abs(${left} - ${first}) > 150`);
  });

  it('renews its form and keeps what was typed', async (t) => {
    const page = await open(t, 'variant=stale&every=1000');
    await page.locator(input).fill('kept');
    const old = await page.locator(input).elementHandle();
    await page.waitForFunction('(element) => !element.isConnected', old);
    assert.equal(await page.locator(input).inputValue(), 'kept');
  });

  it('stays covered for ever when asked', async (t) => {
    const page = await open(t, 'variant=covered-forever');
    const hit = `(() => { const b = document.querySelector('${submit}').getBoundingClientRect();
      return document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2).closest('.cover') !== null })()`;
    assert.equal(await page.evaluate(hit), true);
  });

  it('has two buttons alike', async (t) => {
    const page = await open(t, 'variant=twins');
    assert.equal(await page.getByRole('button', { name: 'Post', exact: true }).count(), 2);
  });

  it('posts twice when pressed twice with variant=double, and once without it', async (t) => {
    for (const [query, times] of [
      ['variant=double&delay=300', 2],
      ['variant=slow&delay=300', 1]
    ] as const) {
      site.reset();
      const page = await open(t, query);
      await page.locator(input).fill(query);
      await page.locator(submit).dblclick();
      await ownTexts(page).getByText(query).first().waitFor();
      await site.waitForWrite({ text: query });
      await page.waitForFunction(`document.querySelector('${input}').value === ''`);
      assert.equal(site.counts({ text: query }).comment, times);
      assert.equal(new Set(site.writes({ text: query }).map((row) => row.submitId)).size, times);
    }
  });

  it('says so when the answer was dropped, after writing once, and the browser asks no second time', async (t) => {
    for (const query of ['variant=write-drop', 'variant=write-500']) {
      const page = await open(t, query);
      await say(page, query);
      const problem = page.locator('[data-testid=comment-error]');
      await problem.filter({ hasText: query.endsWith('500') ? 'Nothing was done' : 'No answer' }).waitFor();
      assert.equal(await page.locator(input).inputValue(), query);
      await page.reload();
      assert.equal(await ownTexts(page).getByText(query).count(), query.endsWith('500') ? 0 : 1);
    }
    assert.equal(site.counts().comment, 1);
    assert.equal(site.requests().filter((row) => row.method === 'POST').length, 2);
  });

  it('takes an optimistic comment back when the server refuses it', async (t) => {
    const page = await open(t, 'variant=optimistic');
    const held = site.hold('before', 'comment', { status: 500 });
    await say(page, 'too early');
    await held.arrived;
    assert.deepEqual(await ownTexts(page).allInnerTexts(), ['too early']);
    held.release();
    await page.locator('[data-testid=comment-error]').filter({ hasText: 'Nothing was done' }).waitFor();
    assert.equal(await ownTexts(page).count(), 0);
  });

  it('opens an alert when loaded, and one before a comment is sent', async (t) => {
    for (const [query, text] of [
      ['variant=alert', 'Welcome back to Lantern.'],
      ['variant=alert-submit', 'You are about to post a comment.']
    ] as const) {
      const context = await browser.newContext();
      t.after(() => context.close());
      const page = await context.newPage();
      const said = new Promise<string>((resolve) => {
        page.once('dialog', async (dialog) => {
          resolve(dialog.message());
          await dialog.accept();
        });
      });
      await page.goto(site.postUrl(1, query));
      if (query.endsWith('submit')) await say(page, query);
      assert.equal(await said, text);
      if (query.endsWith('submit')) await site.waitForWrite({ text: query });
    }
  });

  it('never finishes loading with an image that does not end, and can be read all the same', async (t) => {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    await page.goto(site.postUrl(1, 'variant=never-image'), { waitUntil: 'domcontentloaded' });
    assert.equal(await page.locator('[data-testid=post-body]').count(), 1);
    await site.waitForRequest((row) => row.url === '/_site/never');
    assert.notEqual(await page.evaluate('document.readyState'), 'complete');
  });

  it('asks no other host for anything, on any page', async (t) => {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    const asked = new Set<string>();
    const broken: string[] = [];
    page.on('request', (request) => asked.add(new URL(request.url()).origin));
    page.on('pageerror', (error) => broken.push(String(error)));
    for (const path of ['/', '/login', '/variants', '/post/5', '/post/6']) await page.goto(site.url + path);
    assert.deepEqual([...asked], [site.url]);
    assert.deepEqual(broken, []);
  });

  it('lists every variant', async (t) => {
    const page = await open(t, '', '/variants');
    assert.deepEqual(await page.locator('dt').allInnerTexts(), Object.keys(variants));
  });
});
