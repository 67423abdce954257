/** How names of the registry stand on the layouts of the site, in a real WebKit. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LiveSelector } from '../../../actors/executor/contract.ts';
import { inspect, wantsOf } from '../../../actors/executor/inspect.ts';
import { Page } from '../../../actors/executor/page.ts';
import { loadRegistry, Registry } from '../../../actors/executor/registry.ts';
import type { Finding } from '../../../machines/selector-context.ts';
import type { Fingerprint } from '../../../schemas/generated/contracts.ts';
import { type Site, startSite } from '../../site/site.ts';
import { webkitMissing } from '../../support/webkit.ts';
import { type Bench, never, openBench } from './harness.ts';

const shipped = loadRegistry();
const NAMES = shipped.get('example')!.pages![0]!.names;
const unseen: LiveSelector = { fingerprint: null, promoted: [], rejected: [], isBroken: false, lastSeenAt: null };

let bench: Bench;
let site: Site;
const missing = webkitMissing();
const known = new Map<string, LiveSelector>();

type Live = ReadonlyMap<string, LiveSelector>;

async function findings(names = NAMES, selectors: Live = known, registry = shipped): Promise<Map<string, Finding>> {
  const wants = wantsOf(names, bench.run({ steps: [] }, { selectors }), registry);
  const found = await inspect(new Page(bench.webkit.session, never), wants, 0);
  return new Map(found.map((one) => [one.name, one]));
}

const go = (query = '', post = 1) => bench.attempt([{ type: 'navigate', url: site.postUrl(post, query) }]);

/** A registry of one name, found by its test id, and a page with this in it. */
async function look(body: string, fingerprint: Partial<Fingerprint> | null, rejected: string[] = []): Promise<Finding> {
  await bench.show(body);
  const registry = new Registry([
    {
      platform: 'example',
      last_seen_working: null,
      selectors: { 'it.self': { candidates: ['[data-testid="it"]'] }, 'it.list': { candidates: ['li'], many: true } }
    }
  ]);
  const print = fingerprint && {
    role: 'button',
    tag: 'button',
    name: 'post',
    attributes: { 'data-testid': 'it' },
    classes: [],
    around: [],
    near: [],
    ...fingerprint
  };
  const live = new Map([['it.self', { ...unseen, fingerprint: print, rejected }]]);
  return (await findings(['it.self'], live, registry)).get('it.self')!;
}

describe('the names of the registry on a page', { skip: missing ?? false }, () => {
  before(async () => {
    bench = await openBench();
    site = await startSite({ visitor: 'alice' });
    await go();
    for (const [name, { state, fingerprint }] of await findings(NAMES, new Map())) {
      assert.equal(state, 'ok', name);
      known.set(name, { ...unseen, fingerprint });
    }
  });
  after(async () => {
    await bench?.close();
    await site?.close();
  });

  const broken: [string, Record<string, string>][] = [
    ['', {}],
    ['variant=plain', {}],
    ['variant=rtl', {}],
    ['variant=editable', {}],
    ['variant=shadow', {}],
    ['variant=shifting&every=0', {}],
    ['variant=twins', { 'post.comment_submit': 'ambiguous' }],
    ['variant=lookalike', { 'post.comment_submit': 'missing' }],
    // A frame has its own document, into which nobody looks whom the registry does not send there.
    ['variant=iframe', { 'post.comment_input': 'missing', 'post.comment_submit': 'missing' }],
    [
      'variant=renamed',
      { 'post.body': 'healed', 'post.comment_input': 'healed sure', 'post.comment_submit': 'healed' }
    ],
    [
      'variant=renamed,shadow',
      { 'post.body': 'healed', 'post.comment_input': 'healed sure', 'post.comment_submit': 'healed' }
    ],
    [
      'variant=renamed,twins',
      { 'post.body': 'healed', 'post.comment_input': 'healed sure', 'post.comment_submit': 'ambiguous' }
    ],
    [
      'variant=renamed,lookalike',
      { 'post.body': 'healed', 'post.comment_input': 'healed sure', 'post.comment_submit': 'missing' }
    ]
  ];
  for (const [query, expected] of broken) {
    it(`${query || 'as it is'}: ${JSON.stringify(expected)}`, async () => {
      await go(query);
      const found = await findings();
      const states = [...found].map(([name, { state, healed }]) => [name, `${state}${healed?.sure ? ' sure' : ''}`]);
      assert.deepEqual(Object.fromEntries(states.filter(([, state]) => state !== 'ok')), expected);
      for (const { state, healed, why, tried } of found.values()) {
        assert.ok(tried.length > 0 && (state === 'ok') === (why === null));
        assert.equal(state === 'healed', healed !== null);
      }
    });
  }

  const example = shipped.get('example')!;
  const inFrame = (frame: number[]) => {
    const selectors = structuredClone(example.selectors);
    for (const name of ['post.comment_input', 'post.comment_submit']) Object.assign(selectors[name]!, { frame });
    return new Registry([{ ...example, selectors }]);
  };

  it('are looked for in the frame where the registry says that they are, and the others on the page', async () => {
    for (const query of ['variant=iframe', 'variant=iframe,shadow']) {
      await go(query);
      for (const [name, { state, why }] of await findings(NAMES, known, inFrame([0]))) {
        assert.equal(state, 'ok', `${query} ${name}: ${why}`);
      }
    }
    await go('variant=renamed,iframe');
    const renamed = await findings(NAMES, known, inFrame([0]));
    assert.equal(renamed.get('post.comment_input')?.state, 'healed');
    assert.equal(renamed.get('post.body')?.state, 'healed');
    await go();
    const without = await findings(NAMES, known, inFrame([0]));
    assert.deepEqual(
      [...without].filter(([, { state }]) => state !== 'ok').map(([name, { state, why }]) => [name, state, why]),
      ['post.comment_input', 'post.comment_submit'].map((name) => [name, 'missing', 'its frame, 0, is not there'])
    );
    assert.ok(without.get('post.comment_input')!.tried.every(({ found }) => found === 0));
  });

  it('are found in a shadow root of a frame in a frame', async () => {
    const shadow = '<div><template shadowrootmode="open"><button data-testid="it">Post</button></template></div>';
    const attribute = (html: string) => html.replaceAll('&', '&amp;').replaceAll("'", '&#39;');
    const inner = `<iframe></iframe><iframe srcdoc='${attribute(shadow)}'></iframe>`;
    const entry = (candidate: string) => ({ 'it.self': { candidates: [candidate], frame: [0, 1] } });
    await bench.show(`<iframe srcdoc='${attribute(inner)}'></iframe>`);
    for (const [candidate, state] of [
      ['pierce/[data-testid="it"]', 'ok'],
      ['aria/Post[role="button"]', 'ok'],
      ['[data-testid="it"]', 'missing']
    ] as const) {
      const registry = new Registry([{ platform: 'example', last_seen_working: null, selectors: entry(candidate) }]);
      const wants = wantsOf(['it.self'], bench.run({ steps: [] }, { selectors: new Map() }), registry);
      // A frame's document comes when it comes.
      const limitMs = state === 'ok' ? 60_000 : 0;
      const [found] = await inspect(new Page(bench.webkit.session, never), wants, limitMs);
      assert.equal(found?.state, state, `${candidate}: ${found?.why}`);
    }
  });

  it('are on every post alike, however long its text and whichever way it runs', async () => {
    for (const post of [2, 3, 5, 8]) {
      await go('variant=renamed', post);
      assert.equal((await findings()).get('post.body')?.state, 'healed', `post ${post}`);
    }
  });

  it('are healed to a selector that finds that element and no other', async () => {
    for (const query of ['variant=renamed', 'variant=renamed,shadow']) {
      await go(query);
      const found = await findings();
      const live = new Map(
        [...found].map(([name, { healed }]) => [
          name,
          { ...known.get(name)!, promoted: healed ? [healed.selector] : [] }
        ])
      );
      for (const [name, { state, selector }] of await findings(NAMES, live)) {
        assert.equal(state, 'ok', name);
        if (found.get(name)?.healed) assert.equal(selector, found.get(name)?.healed?.selector);
      }
    }
  });

  it('are known without a word that is somebody’s: no text of a post, of a name, of a field', async () => {
    await go();
    await bench.attempt([{ type: 'change', selectors: ['@post.comment_input'], value: 'my own secret words' }]);
    const kept = JSON.stringify([...(await findings(NAMES, new Map())).values()].map(({ fingerprint }) => fingerprint));
    for (const text of [
      'secret',
      ...(await bench.ask<string>('return document.querySelector("main").innerText')).split(/\W+/)
    ]) {
      const isWord = text.length > 5 && !['comment', 'button', 'section', 'article'].includes(text.toLowerCase());
      if (isWord) assert.ok(!kept.includes(text), `'${text}' is kept`);
    }
    assert.ok(kept.includes('add a comment'));
  });

  it('are only looked at: the page hears nothing and nothing is written', async () => {
    await go('variant=renamed');
    await bench.ask(`window.heard = []; for (const type of ['click','focus','input','keydown','mousedown','scroll'])
      addEventListener(type, () => heard.push(type), true)`);
    await findings();
    assert.deepEqual(await bench.ask('return heard'), []);
    assert.deepEqual(site.writes(), []);
  });

  it('are in doubt when a candidate finds what is nothing like it, and something else is', async () => {
    const reused = '<button data-testid="it">Delete</button>';
    const conflict = await look(`${reused}<button data-testid="new">Post</button>`, { attributes: { type: 'submit' } });
    assert.equal(conflict.state, 'ambiguous');
    assert.match(conflict.why ?? '', /\[data-testid=it\].*\[data-testid=new\]/);
    assert.equal((await look(reused, {})).state, 'ok', 'with no other the candidate is believed');
  });

  it('are not healed to what a person rejected, to a link for a field, or to what cannot be seen', async () => {
    const post = '<button id="send">Post</button>';
    assert.equal((await look(post, {})).healed?.selector, '[id="send"]');
    const rejected = await look(post, {}, ['[id="send"]']);
    assert.deepEqual([rejected.state, rejected.healed], ['missing', null]);
    assert.equal((await look('<button id="send" hidden>Post</button>', {})).state, 'missing');
    assert.equal((await look('<input aria-label="post">', {})).state, 'missing');
    assert.equal(
      (await look('<button data-testid="it" hidden>Post</button><button>Post</button>', {})).state,
      'missing'
    );
    assert.equal((await look('<button>Post</button>', null)).state, 'missing', 'never seen before');
  });

  it('are found by their name when no id is left, with brackets and quotes in it', async () => {
    const name = 'Post "now" [really] \\ fast';
    const finding = await look(`<button class="x1">${name}</button>`, { name: name.toLowerCase(), attributes: {} });
    assert.equal(finding.state, 'healed');
    assert.match(finding.healed!.selector, /^aria\//);
    const { selector } = finding.healed!;
    const live = new Map([['post.body', { ...unseen, promoted: [selector] }]]);
    assert.equal((await findings(['post.body'], live)).get('post.body')?.state, 'ok');
  });

  it('are looked for among ten thousand elements, and in a crowd that is akin nobody is chosen', async () => {
    const rows = (name: string) =>
      `<ul>${`<li class="row"><button>${name}</button><span>text</span></li>`.repeat(3_500)}</ul>`;
    const found = await look(`${rows('Open')}<button id="send">Post</button>`, {});
    assert.equal(found.healed?.selector, '[id="send"]');
    assert.equal((await look(`${rows('Post it')}<button id="send">Post</button>`, {})).state, 'ambiguous');
  });
});
