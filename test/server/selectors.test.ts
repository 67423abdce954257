/** The selector registry over REST, its entries moved as a sweep would. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Finding } from '../../machines/selector-context.ts';
import type { SelectorView } from '../../schemas/generated/contracts.ts';
import { conforms } from '../../server/contracts.ts';
import { type Harness, openHarness } from './harness.ts';

const print = { role: 'button', tag: 'button', name: 'post', attributes: {}, classes: [], around: [], near: [] };
const finding = (name: string, state: Finding['state']): Finding => ({
  name,
  state,
  tried: [{ selector: '#a', found: state === 'ok' ? 1 : 0, visible: 0 }],
  selector: state === 'ok' ? '#a' : null,
  fingerprint: state === 'ok' ? print : null,
  healed: state === 'healed' ? { selector: '#b', likeness: 0.71, second: 0.2, sure: false, fingerprint: print } : null,
  why: state === 'ok' ? null : 'no candidate finds it'
});

describe('/v1/selector_registry', () => {
  let h: Harness;
  const undo: (() => unknown)[] = [];
  before(async () => {
    h = await openHarness({ after: (fn: () => unknown) => undo.push(fn) });
  });
  after(async () => {
    for (const end of undo.reverse()) await end();
  });

  let sweeps = 0;
  async function found(platform: string, name: string, state: Finding['state'], commandId = `sweep-${++sweeps}`) {
    const address = `selector/${platform}:${name}`;
    await h.host.create(address, { platform, name }).catch(() => {});
    await h.host.send(address, { type: 'selector.found', finding: finding(name, state), sweep: true, commandId });
  }
  const list = async (query: string): Promise<SelectorView[]> =>
    (await h.api('GET', `/v1/selector_registry?${query}`)).body.items;

  it('lists what ships, what was looked at first last, then what nobody has looked at; filtered and in pages', async () => {
    const all = await list('limit=500');
    assert.ok(all.length > 25 && all.every(({ state }) => state === 'unknown'));
    await found('x', 'post.body', 'missing');
    await found('threads', 'post.body', 'ok');
    await found('x', 'post.like_button', 'healed');
    const places = (views: SelectorView[]) => views.map(({ platform, name }) => `${platform}:${name}`);
    await found('x', 'post.body', 'missing');
    const newest = ['x:post.like_button', 'threads:post.body', 'x:post.body'];
    const rest = places(all).filter((place) => !newest.includes(place));
    assert.deepEqual(places(await list('limit=500')), [...newest, ...rest], 'a second look changes nothing');
    assert.deepEqual(places(all), places(all).toSorted());
    assert.deepEqual(
      (await list('platform=x&state=missing,healed')).map(({ name, state }) => [name, state]),
      [
        ['post.like_button', 'healed'],
        ['post.body', 'missing']
      ]
    );
    assert.equal(
      (await list('name=post.body&limit=100')).length,
      all.filter(({ name }) => name === 'post.body').length
    );
    assert.deepEqual(await list('platform=nowhere'), []);
    const paged: SelectorView[] = [];
    for (let page: string | null = null; ; ) {
      const { body } = await h.api(
        'GET',
        `/v1/selector_registry?limit=7${page ? `&page=${encodeURIComponent(page)}` : ''}`
      );
      paged.push(...body.items);
      page = body.next_page;
      if (page === null) break;
    }
    assert.deepEqual(paged, await list('limit=500'));
    for (const view of paged) assert.deepEqual(conforms('troupe:selectors#/$defs/SelectorView', view), []);
    const times = paged.map(({ created_at }) => created_at);
    assert.deepEqual(times.slice(0, 3).toSorted().toReversed(), times.slice(0, 3));
    assert.ok(times.slice(3).every((at) => at === null));
    for (const query of ['state=fine', 'limit=0', 'page=none', 'page=eA', 'platfrom=x']) {
      assert.equal((await h.api('GET', `/v1/selector_registry?${query}`)).status, 400, query);
    }
  });

  it('is walked from page to page, nothing twice and nothing left out, while sweeps go on', async () => {
    const expected = (await list('limit=500')).map(({ platform, name }) => `${platform}:${name}`);
    const met: string[] = [];
    for (let page: string | null = ''; page !== null; ) {
      const { body }: { body: { items: SelectorView[]; next_page: string | null } } = await h.api(
        'GET',
        `/v1/selector_registry?limit=9${page === '' ? '' : `&page=${encodeURIComponent(page)}`}`
      );
      met.push(...body.items.map(({ platform, name }) => `${platform}:${name}`));
      page = body.next_page;
      // The last that was met, and one that is still to come.
      for (const place of [met.at(-1), expected.at(-1)]) {
        const [platform = '', name = ''] = (place as string).split(':');
        await found(platform, name, 'ok');
      }
    }
    assert.deepEqual(met, expected);
  });

  it('shows one name with its history, newest first', async () => {
    for (const state of ['ok', 'missing', 'ok'] as const) await found('tiktok', 'post.body', state);
    const { body } = await h.api('GET', '/v1/selector_registry/tiktok/post.body');
    assert.deepEqual(conforms('troupe:selectors#/$defs/SelectorDetail', body), []);
    assert.deepEqual(
      body.history.map(({ state }: { state: string }) => state),
      ['ok', 'missing', 'ok']
    );
    assert.deepEqual(body.selector.counts, { ok: 2, ambiguous: 0, healed: 0, missing: 1 });
    assert.equal((await h.api('GET', '/v1/selector_registry/tiktok/nothing')).status, 404);
    assert.equal((await h.api('GET', '/v1/selector_registry/toString/constructor')).status, 404);
  });

  it('takes a decision once, about what was seen, and the same again', async () => {
    const path = '/v1/selector_registry/instagram/post.comment_submit';
    const decide = (body: unknown) => h.api('POST', path, { body });
    assert.equal((await decide({ decision: 'accept' })).body.code, 'SELECTOR_UNDECIDABLE', 'nobody has looked');
    await found('instagram', 'post.comment_submit', 'healed');
    assert.equal((await decide({ decision: 'accept', selector: '#old' })).status, 409);
    for (const wrong of [{}, { decision: 'maybe' }, { decision: 'accept', selectors: 1 }]) {
      assert.equal((await decide(wrong)).status, 400, JSON.stringify(wrong));
    }
    const accepted = await decide({ decision: 'accept', selector: '#b', note: 'looked' });
    assert.equal(accepted.status, 200);
    const view = accepted.body as SelectorView;
    assert.deepEqual([view.state, view.version, view.promoted[0]?.note], ['ok', 2, 'looked']);
    assert.equal(view.candidates.at(-1), '#b');
    assert.equal((await decide({ decision: 'accept', selector: '#b' })).status, 200, 'said again');
    assert.equal((await decide({ decision: 'accept' })).status, 409);
    const back = await decide({ decision: 'reject', selector: '#b' });
    assert.deepEqual([back.status, back.body.promoted, back.body.rejected], [200, [], ['#b']]);
    assert.equal((await decide({ decision: 'reject', selector: '#b' })).status, 200, 'said again');
    assert.equal((await decide({ decision: 'accept', selector: '#b' })).status, 409);
  });

  it('is decided by one of many that answer at once', async () => {
    await found('threads', 'post.like_button', 'healed');
    const path = '/v1/selector_registry/threads/post.like_button';
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        h.api('POST', path, { body: { decision: i % 2 ? 'accept' : 'reject', selector: '#b' } })
      )
    );
    const { body } = await h.api('GET', path);
    const isAccepted = body.selector.promoted.length === 1;
    assert.notEqual(isAccepted, body.selector.rejected.includes('#b'));
    assert.ok(answers.every(({ status }) => status === 200 || status === 409));
  });
});
