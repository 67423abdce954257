/** Logins put into a real WebKit and taken out of it, and a person’s hand in it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ArtifactStore } from '../../../actors/executor/artifacts.ts';
import { Page } from '../../../actors/executor/page.ts';
import { Registry } from '../../../actors/executor/registry.ts';
import { act } from '../../../actors/person/hand.ts';
import { capture, isComplete, putBack } from '../../../actors/profile/browser-state.ts';
import { KeyRing } from '../../../actors/profile/key-ring.ts';
import { createProfiles, type Profiles } from '../../../actors/profile/profiles.ts';
import { type Cookie, emptyState, merge } from '../../../actors/profile/storage-state.ts';
import { ProfileStore } from '../../../actors/profile/store.ts';
import { openWebKit, type WebKit, webkitMissing } from '../../support/webkit.ts';
import { rowsIn } from './rows.ts';

const never = new AbortController().signal;
const skip = webkitMissing() ?? false;

describe('a login in a real WebKit', { skip }, () => {
  let webkit: WebKit;
  let folder: string;
  let rows: Awaited<ReturnType<typeof rowsIn>>;
  let store: ProfileStore;
  let profiles: Profiles;
  let origin: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
  const settings = { home: null as string | null, loggedIn: null as string[] | null };
  const server = createServer((request, response) => {
    response.setHeader('connection', 'close');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    answer(request, response);
  });
  const selector = { candidates: ['#me[data-name="${account.id}"]'] };
  const registry = new Registry([
    { platform: 'known', last_seen_working: null, selectors: { 'account.logged_in': selector } },
    { platform: 'unknown', last_seen_working: null, selectors: {} }
  ]);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'troupe-logins-'));
    rows = await rowsIn(folder);
    store = new ProfileStore(KeyRing.open(join(folder, 'keys.json')), rows);
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    webkit = await openWebKit();
    profiles = createProfiles({
      store,
      registry,
      artifacts: new ArtifactStore(folder),
      pool: { get: () => webkit.session, reportLoss: () => {} },
      settings: async () => settings,
      lookMs: 300
    });
  });
  after(async () => {
    await webkit?.close();
    server.closeAllConnections();
    server.close();
    await rows?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  /** A site where `login=yes` is ann’s login. */
  beforeEach(() => {
    Object.assign(settings, { home: null, loggedIn: null });
    answer = (request, response) => {
      const isIn = /\blogin=yes\b/.test(request.headers.cookie ?? '');
      response.end(`<!doctype html><title>site</title>${isIn ? '<b id="me" data-name="ann">ann</b>' : 'nobody'}`);
    };
  });

  const page = () => new Page(webkit.session, never);
  async function visit(url: string) {
    const { open } = await import('../../../actors/executor/navigate.ts');
    await open(page(), url);
  }
  /** A browser that knows nothing. */
  async function fresh() {
    await webkit.session.delete();
    await webkit.reopen();
  }
  let fencing = 0;
  const request = (accountId: string, platform = 'known') => ({
    lease: { slot: 'slot-1', fencing },
    accountId,
    platform
  });
  const cookie = (name: string, more: Partial<Cookie> = {}): Cookie => ({
    name,
    value: `${name}-value`,
    domain: '127.0.0.1',
    path: '/',
    secure: false,
    httpOnly: false,
    ...more
  });

  it('is seen with its HttpOnly cookies, its times and its localStorage, and put back the same', async () => {
    answer = (_, response) => {
      response.setHeader('set-cookie', [
        'plain=1; Path=/',
        'hidden=2; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400',
        'deep=3; Path=/app'
      ]);
      response.end('<!doctype html><title>x</title>');
    };
    await visit(`${origin}/app/here`);
    await webkit.session.executeSync("localStorage.setItem('k', '🎭 \\u0000 x')");
    const seen = await capture(page(), () => 1_000);
    assert.deepEqual(seen?.cookies.map(({ name }) => name).sort(), ['deep', 'hidden', 'plain']);
    const state = merge(emptyState(), seen!);
    answer = (_, response) => response.end('<!doctype html><title>empty</title>');
    await fresh();
    await visit(`${origin}/app/here`);
    assert.deepEqual((await capture(page(), () => 1_000))?.cookies, [], 'a new browser starts clean');
    const restored = await putBack(page(), state, Date.now);
    assert.ok(isComplete(restored), JSON.stringify(restored));
    assert.deepEqual(restored.cookies, { wanted: 3, restored: 3 });
    assert.deepEqual(restored.entries, { wanted: 1, restored: 1 });
    await visit(`${origin}/app/here`);
    const again = await capture(page(), () => 1_000);
    const byName = (a: Cookie, b: Cookie) => a.name.localeCompare(b.name);
    const bare = (cookies: Cookie[]) =>
      cookies
        .sort(byName)
        .map(({ name, value, path, httpOnly, sameSite, expiry }) => [
          name,
          value,
          path,
          httpOnly,
          name === 'hidden' ? sameSite : null,
          expiry !== undefined
        ]);
    assert.deepEqual(bare(again!.cookies), bare(seen!.cookies));
    assert.deepEqual(again!.local, { k: '🎭 \u0000 x' });
  });

  it('is not said to be back when the driver answers 200 and sets nothing: what was set is read', async () => {
    await fresh();
    const state = merge(emptyState(), {
      url: `${origin}/`,
      at: 1,
      cookies: [cookie('ours'), cookie('foreign', { domain: 'elsewhere.test' })],
      local: {}
    });
    const restored = await putBack(page(), state, Date.now);
    assert.deepEqual(restored.cookies, { wanted: 2, restored: 1 });
    assert.ok(!isComplete(restored));
  });

  it('of an origin that cannot be reached is told, and the others are put back', async () => {
    await fresh();
    let state = merge(emptyState(), { url: `${origin}/`, at: 1, cookies: [cookie('ours')], local: {} });
    state = merge(state, { url: 'http://127.0.0.1:1/', at: 2, cookies: [cookie('gone')], local: { a: 'b' } });
    // The same host and path: one cookie jar, two origins.
    const restored = await putBack(page(), state, Date.now);
    assert.deepEqual(restored.unreachable, ['http://127.0.0.1:1']);
    assert.ok(!isComplete(restored));
  });

  it('is nothing to keep on a page that is no site’s', async () => {
    await webkit.session.navigate('about:blank');
    assert.equal(await capture(page(), () => 1), null);
    await webkit.session.navigate('data:text/html,<p>x');
    assert.equal(await capture(page(), () => 1), null);
  });

  describe('asked for by a session', () => {
    beforeEach(async () => {
      fencing += 1;
      await fresh();
    });
    const logIn = () => webkit.session.addCookie(cookie('login', { value: 'yes' }));

    it('is none, then kept and proved, then expired with a picture', async () => {
      const first = await profiles.restore(request('ann'), never);
      assert.deepEqual([first.state, first.failure], ['none', null]);
      await visit(`${origin}/`);
      await logIn();
      await visit(`${origin}/home`);
      assert.equal(await profiles.save(request('ann'), never), 'saved');
      assert.equal(await profiles.save(request('ann'), never), 'unchanged');

      fencing += 1;
      await fresh();
      const second = await profiles.restore(request('ann'), never);
      assert.deepEqual([second.state, second.artifacts], ['proved', []], second.why);
      assert.equal(await webkit.session.url(), 'about:blank', 'commands begin where a new browser does');

      // A shared cookie jar is a shared login: for somebody else the predicate does not hold.
      fencing += 1;
      answer = (_, response) => response.end('<!doctype html>nobody');
      await fresh();
      const third = await profiles.restore(request('ann'), never);
      assert.equal(third.state, 'expired');
      assert.equal(third.failure?.code, 'LOGIN_EXPIRED');
      assert.equal(third.artifacts.length, 1);
      assert.equal((await store.row({ platform: 'known', accountId: 'ann' }))?.state, 'expired');
      // What it shows now is not saved over what was.
      assert.equal(await profiles.check(request('ann'), never).then(({ state }) => state), 'expired');
    });

    it('is unproved, and not expired, when the site is out of order or away', async () => {
      await store.update({ platform: 'known', accountId: 'cem' }, (was) => ({
        state: {
          ...merge(was, { url: `${origin}/`, at: 1, cookies: [cookie('login', { value: 'yes' })], local: {} }),
          provedUrl: `${origin}/home`
        },
        proved: true
      }));
      answer = (_, response) => {
        response.statusCode = 503;
        response.end('<!doctype html>out of order');
      };
      const broken = await profiles.restore(request('cem'), never);
      assert.equal(broken.state, 'unproved', broken.why);
      assert.match(broken.why, /answered 503/);
      fencing += 1;
      settings.home = 'http://127.0.0.1:1/';
      await fresh();
      const away = await profiles.restore(request('cem'), never);
      assert.equal(away.state, 'unproved');
      assert.match(away.why, /could not be opened/);
      assert.equal((await store.row({ platform: 'known', accountId: 'cem' }))?.state, 'saved');
    });

    it('of a platform that does not say how a login shows is unproved and says so; its account may say it', async () => {
      await profiles.restore(request('dee', 'unknown'), never);
      await visit(`${origin}/`);
      await logIn();
      assert.equal(await profiles.save(request('dee', 'unknown'), never), 'saved');
      fencing += 1;
      await fresh();
      const unproved = await profiles.restore(request('dee', 'unknown'), never);
      assert.equal(unproved.state, 'unproved');
      assert.match(unproved.why, /nothing says how unknown shows/);
      fencing += 1;
      settings.loggedIn = ['#me'];
      await fresh();
      assert.equal((await profiles.restore(request('dee', 'unknown'), never)).state, 'proved');
    });

    it('that was not wholly put back is not saved over', async () => {
      await store.update({ platform: 'known', accountId: 'eve' }, (was) => ({
        state: merge(was, {
          url: `${origin}/`,
          at: 1,
          cookies: [cookie('login', { value: 'yes' }), cookie('foreign', { domain: 'elsewhere.test' })],
          local: {}
        }),
        proved: false
      }));
      const outcome = await profiles.restore(request('eve'), never);
      assert.match(outcome.why, /put back 1 of 2 cookies/);
      await visit(`${origin}/`);
      assert.equal(await profiles.save(request('eve'), never), 'nothing');
      assert.equal((await store.load({ platform: 'known', accountId: 'eve' }))?.cookies.length, 2);
    });

    it('that does not open waits for a person, whose login takes its place', async () => {
      const owner = { platform: 'known', accountId: 'ann' };
      await store.update(
        owner,
        (was) => ({
          state: merge(was, { url: `${origin}/`, at: 1, cookies: [cookie('x')], local: {} }),
          proved: true
        }),
        { anew: true }
      );
      const [body] = await rows.find('profile_bodies', { account_id: 'ann' });
      await rows.write([{ into: 'profile_bodies', row: { ...body!, key_id: 'k000000000000' } }]);
      const outcome = await profiles.restore(request('ann'), never);
      assert.deepEqual([outcome.state, outcome.failure?.code], ['unreadable', 'PROFILE_KEY_UNKNOWN']);
      await visit(`${origin}/`);
      assert.equal(await profiles.save(request('ann'), never), 'nothing', 'nothing is saved over it unasked');
      await logIn();
      await visit(`${origin}/`);
      assert.equal((await profiles.check(request('ann'), never)).state, 'proved');
      assert.deepEqual(
        (await store.load(owner))?.cookies.map(({ name }) => name),
        ['login']
      );
    });
  });

  describe('a person’s hand', () => {
    const ask = (script: string) => webkit.session.executeSync(`return ${script}`);
    const show = async (body: string) => {
      answer = (_, response) => response.end(`<!doctype html><title>x</title><body style="margin:0">${body}`);
      await visit(`${origin}/`);
    };
    const box = 'position:absolute;left:40px;top:60px;width:200px;height:40px';

    it('clicks where it is told, with a trusted event', async () => {
      await show(
        `<button style="${box}" onclick="window.hit=[event.isTrusted,event.clientX,event.clientY]">b</button>`
      );
      await act(webkit.session, { type: 'click', x: 100, y: 80 }, never);
      assert.deepEqual(await ask('window.hit'), [true, 100, 80]);
    });

    it('types any text into the field that was clicked, in a frame and a shadow root too, and keys go there', async () => {
      await show(`<input style="${box}" id="f">`);
      assert.equal(await act(webkit.session, { type: 'text', text: 'nobody asked' }, never), 'nowhere');
      await act(webkit.session, { type: 'click', x: 100, y: 80 }, never);
      assert.equal(await act(webkit.session, { type: 'text', text: 'añ 👩‍🚀 x' }, never), 'done');
      await act(webkit.session, { type: 'key', key: 'Backspace' }, never);
      assert.equal(await ask('f.value'), 'añ 👩‍🚀 ');
      await show(
        `<iframe style="${box};border:0" srcdoc="<body style='margin:0'><input id=g style='width:200px;height:40px'>"></iframe>`
      );
      await act(webkit.session, { type: 'click', x: 60, y: 75 }, never);
      assert.equal(await act(webkit.session, { type: 'text', text: 'framed' }, never), 'done');
      assert.equal(await ask('document.querySelector("iframe").contentDocument.getElementById("g").value'), 'framed');
      await show(
        `<div id="h" style="${box}"></div><script>h.attachShadow({mode:'open'}).innerHTML='<input style="width:200px;height:40px">'</script>`
      );
      await act(webkit.session, { type: 'click', x: 60, y: 75 }, never);
      assert.equal(await act(webkit.session, { type: 'text', text: 'shade' }, never), 'done');
      assert.equal(await ask('h.shadowRoot.querySelector("input").value'), 'shade');
    });

    it('scrolls what is under it, goes back, and answers a dialog', async () => {
      await show(`<div style="height:5000px">tall</div>`);
      await act(webkit.session, { type: 'scroll', x: 50, y: 50, dy: 700 }, never);
      assert.equal(await ask('Math.round(scrollY)'), 700);
      await show(`<div id="inner" style="${box};overflow:auto"><div style="height:900px">x</div></div>`);
      await act(webkit.session, { type: 'scroll', x: 60, y: 75, dy: 120 }, never);
      assert.deepEqual(await ask('[inner.scrollTop, scrollY]'), [120, 0]);
      await show(`<button style="${box}" onclick="window.said = confirm('sure?')">b</button>`);
      await act(webkit.session, { type: 'click', x: 100, y: 80 }, never);
      await act(webkit.session, { type: 'accept' }, never);
      assert.equal(await ask('window.said'), true);
    });
  });
});
