import assert from 'node:assert/strict';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ControlError } from '../../../schemas/errors.ts';
import type { Step } from '../../../schemas/generated/contracts.ts';
import { type Site, startSite } from '../../site/site.ts';
import { webkitMissing } from '../../support/webkit.ts';
import { type Bench, failsWith, kindsOf, never, openBench, textOf } from './harness.ts';

const tid = (name: string): string => `[data-testid="${name}"]`;
const click = (name: string, more: object = {}): Step => ({ type: 'click', selectors: [tid(name)], ...more });
const keys = (...names: string[]): Step[] => [
  ...names.map((key): Step => ({ type: 'keyDown', key })),
  ...names.reverse().map((key): Step => ({ type: 'keyUp', key }))
];

describe('the studio in a real WebKit', { skip: webkitMissing() ?? false }, () => {
  let bench: Bench;
  let site: Site;
  before(async () => {
    [bench, site] = await Promise.all([openBench(), startSite({ visitor: 'alice' })]);
    await Promise.all(['one.txt', 'two.txt'].map((name) => writeFile(join(bench.uploads, name), name)));
    await symlink('/etc/hostname', join(bench.uploads, 'link.txt'));
  });
  after(async () => {
    await bench?.close();
    await site?.close();
  });

  const open = (path = '/studio'): Step => ({ type: 'navigate', url: site.url + path });
  const play = (...steps: Step[]) => bench.attempt([open(), ...steps]);
  const log = () =>
    bench.ask<string[]>(`return [...document.querySelectorAll('[data-testid=log] li')].map((li) => li.innerText)`);
  /** All that has been said, once so much has. */
  const logs = async (count: number) => {
    await bench.attempt([{ type: 'waitForElement', selectors: [`${tid('log')} > li`], count }]);
    return log();
  };

  const DRAWN: [what: string, says: string, steps: Step[]][] = [
    ['a button beneath the bar that stays on top', 'kept', [{ type: 'scroll', x: 0, y: 560 }, click('discard-story')]],
    [
      'an item of a menu that shows under the mouse',
      'menu-archive',
      [{ type: 'hover', selectors: [tid('menu-more')] }, click('menu-archive')]
    ],
    ['a button that comes late, sliding', 'published', [click('publish')]],
    [
      'a row that is not drawn yet',
      'pinned 140',
      [
        { type: 'scroll', selectors: [tid('archive')], until: ['[data-story="140"]'], timeout: 20_000 },
        { type: 'click', selectors: ['[data-story="140"]'] }
      ]
    ],
    ['a button in a frame', 'partner accepted', [click('partner-accept', { frame: [0] })]],
    ['a button in a frame of a frame', 'terms agreed', [click('terms-agree', { frame: [0, 0] })]],
    ['a frame by its address', 'terms agreed', [click('terms-agree', { target: 'TERMS' })]],
    ['a shadow root in a shadow root', 'switched', [{ type: 'click', selectors: ['pierce/#switch'] }]],
    ['a chord of three keys', 'chord', [click('pad'), ...keys('Control', 'Shift', 'k')]],
    [
      'a click with a key held',
      'shift-clicked',
      [{ type: 'keyDown', key: 'Shift' }, click('pad'), { type: 'keyUp', key: 'Shift' }]
    ],
    [
      'two clicks of which the second is no other',
      'double-clicked',
      [{ type: 'doubleClick', selectors: [tid('pad')] }]
    ],
    [
      'a card onto a list',
      'dropped Dusk on ready',
      [{ type: 'drag', selectors: [tid('card-dusk')], to: [tid('ready')] }]
    ],
    ['a knob by a distance', 'knob at 120', [{ type: 'drag', selectors: [tid('knob')], by: { x: 120, y: 3 } }]],
    ['a confirm that is accepted', 'discarded', [click('discard-story', { dialog: { action: 'accept' } })]],
    ['a confirm that is dismissed', 'kept', [click('discard-story', { dialog: { action: 'dismiss' } })]],
    [
      'a prompt that is answered',
      'renamed Zoë 🌅',
      [click('rename-story', { dialog: { action: 'accept', text: 'Zoë 🌅' } })]
    ],
    ['a prompt that nobody answers', 'renamed null', [click('rename-story')]],
    ['an alert', 'notified', [click('notify', { dialog: { action: 'accept' } })]],
    [
      'a confirm by the keyboard',
      'discarded',
      [
        { type: 'waitForExpression', expression: `document.querySelector('#discard').focus() ?? true` },
        { type: 'keyDown', key: 'Enter', dialog: { action: 'accept' } },
        { type: 'keyUp', key: 'Enter' }
      ]
    ]
  ];
  // Last: WebKitGTK's driver never lets that button up again, and no press after it makes a pointerdown.
  const LAST: typeof DRAWN = [['the other button', 'right-clicked', [click('pad', { button: 'secondary' })]]];
  for (const [what, says, steps] of [...DRAWN, ...LAST]) {
    it(`reaches ${what}`, async () => {
      const told = JSON.parse(JSON.stringify(steps).replace('TERMS', `${site.url}/studio/terms`)) as Step[];
      const { witness } = await bench.attempt([open(), ...told], { allowScript: true });
      assert.equal(witness, 'DELIVERED');
      assert.deepEqual(await logs(1), [says]);
    });
  }

  it('tells what a dialog said', async () => {
    const { proofs } = await play(click('discard-story', { dialog: { action: 'accept' } }));
    assert.ok(proofs.some(({ value }) => value === 'alert: Discard this story?'));
  });

  it('drops nothing where nothing is taken, and presses nothing that is covered', async () => {
    await assert.rejects(
      play({ type: 'drag', selectors: [tid('card-dawn')], to: [tid('closed')] }),
      failsWith('ELEMENT_NOT_ACTIONABLE', ({ reason }) =>
        assert.match(String(reason), /closed.* does not take what is dropped/)
      )
    );
    assert.deepEqual(await log(), []);
  });

  it('ends a search through a list at its end', async () => {
    await assert.rejects(
      play({ type: 'scroll', selectors: ['.studio-board'], until: ['[data-story="none"]'], timeout: 20_000 }),
      failsWith('SELECTOR_MISSING', ({ tried }) =>
        assert.deepEqual(tried, [{ selector: '[data-story="none"]', found: 0 }])
      )
    );
  });

  describe('a window that opens', () => {
    const places = () => `${site.url}/studio/places`;
    const preview = () => `${site.url}/studio/preview`;
    const windows = async () => (await bench.webkit.session.windowHandles()).length;

    it('is followed by its address, closed, and left for the first', async () => {
      await play(
        click('preview-link'),
        click('preview-like', { target: preview() }),
        { type: 'waitForElement', selectors: ['text/Liked'], target: preview() },
        { type: 'close', target: preview() },
        click('notify', { target: 'main', dialog: { action: 'accept' } })
      );
      assert.deepEqual(await log(), ['notified']);
      assert.equal(await windows(), 1);
    });

    it('may close itself under the click, and the flow is back where it was', async () => {
      const { witness } = await play(click('pick-place'), click('place-lisbon', { target: places() }), click('pad'));
      assert.ok(witness === 'GONE' || witness === 'DELIVERED', witness);
      assert.deepEqual(await logs(1), ['place Lisbon']);
      assert.equal(await windows(), 1);
      await bench.attempt([{ type: 'close', target: places() }]);
      assert.equal(await bench.ask('return location.pathname'), '/studio', 'what has closed itself needs no closing');
    });

    it('is where the predicate looks, when it says so', async () => {
      const run = bench.run({
        steps: [open(), click('pick-place')],
        verify: { as: 'OPEN', steps: [{ type: 'waitForElement', selectors: [tid('place-lisbon')], target: places() }] }
      });
      await bench.executor.attempt(run, { id: 'x', resumed: false }, never);
      assert.equal((await bench.executor.verify(run, never)).outcome, 'VERIFIED');
      await bench.attempt([{ type: 'close', target: places() }]);
    });

    it('that never opens is named, with those there are', async () => {
      await assert.rejects(
        play(click('pad', { target: preview(), timeout: 300 })),
        failsWith('STEP_TIMEOUT', (_, message) => {
          assert.ok(message.includes(`no window or frame shows ${preview()}; there are ${site.url}/studio`), message);
        })
      );
    });
  });

  it('leaves a page that would rather be asked: the driver answers for it', async () => {
    await play(click('guard'), click('leave-link'));
    await bench.attempt([{ type: 'waitForElement', selectors: ['text/Another page.'] }]);
    await play(click('guard'), open('/studio/next'));
    assert.equal(await bench.ask('return location.pathname'), '/studio/next');
  });

  describe('a story', () => {
    const fill = (id: string, value: string): Step => ({ type: 'change', selectors: [`#${id}`], value });
    const saved = async () => {
      const { text } = await site.waitForWrite({ kind: 'story' });
      return JSON.parse(text!);
    };

    it('is saved once with what fields of every kind were given', async () => {
      site.reset();
      // Not answered before both presses are over: what the page does about the second is seen while the first is out.
      const held = site.hold('after', 'story');
      await play(
        fill('title', 'All of it'),
        fill('caption', 'Two\nlines 🌅'),
        fill('when', '2026-03-01'),
        fill('brightness', '80'),
        fill('category', ' Work '),
        fill('tags', 'sea\nnight'),
        fill('replies', 'true'),
        fill('friends', 'true'),
        fill('photos', 'one.txt\ntwo.txt'),
        { type: 'doubleClick', selectors: ['#save'] }
      );
      await held.arrived;
      held.release();
      assert.deepEqual(await saved(), {
        title: 'All of it',
        caption: 'Two\nlines 🌅',
        when: '2026-03-01',
        brightness: '80',
        category: 'work',
        tags: ['sea', 'night'],
        replies: true,
        audience: 'friends',
        photos: ['one.txt 7', 'two.txt 7']
      });
      await logs(1);
      assert.equal(site.counts().story, 1, 'pressed twice, sent once');
    });

    it('takes files anew, one where it takes one, and by the label that hides the field', async () => {
      const names = () => bench.ask<string[]>('return [...photos.files].map(({ name }) => name)');
      await play(fill('photos', 'one.txt'), fill('photos', 'two.txt'));
      assert.deepEqual(await names(), ['two.txt']);
      await bench.attempt([{ type: 'change', selectors: ['text/Add photos'], value: 'C:\\fakepath\\one.txt' }]);
      assert.deepEqual(await names(), ['one.txt']);
      await bench.attempt([fill('photos', '')]);
      assert.deepEqual(await names(), []);
      await bench.ask('photos.multiple = false');
      await assert.rejects(bench.attempt([fill('photos', 'one.txt\ntwo.txt')]), failsWith('STEP_UNSUPPORTED'));
    });

    it('carries no file out of its folder', async () => {
      await play();
      for (const name of [
        'none.txt',
        '../artifacts',
        '/etc/hostname',
        'link.txt',
        '.',
        'one.txt\n../../etc/hostname'
      ]) {
        await assert.rejects(
          bench.attempt([fill('photos', name)]),
          failsWith('FILE_NOT_FOUND', ({ sent }) => assert.equal(sent, false)),
          name
        );
      }
    });
  });

  const WRITTEN: [string, string][] = [
    ['skin tones and joined families', '👩🏽‍🚀 👨‍👩‍👧‍👦 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🇵🇹 ❤️'],
    ['combining marks, joined and apart', 'e\u0301 \u00e9 n\u0303 a\u0308\u0323 ก็'],
    ['both directions with marks and controls', 'abc \u05e9\u05b8\u05dc\u05d5\u05b9\u05dd 123 \u200fعَرَبِيّ\u200e xyz'],
    ['scripts that join', 'नमस्ते ಕನ್ನಡ မြန်မာ 한국어 日本語'],
    ['line breaks and tabs', 'one\n\ntwo\tthree']
  ];
  for (const [what, text] of WRITTEN) {
    it(`writes ${what}, to the last code point`, async () => {
      await play({ type: 'change', selectors: ['#caption'], value: text });
      const read = await bench.ask<string>('return caption.innerText');
      assert.deepEqual([...read.replace(/\n$/, '')], [...text]);
      if (text.includes('\n')) return;
      await bench.attempt([{ type: 'change', selectors: ['#title'], value: text }]);
      assert.deepEqual([...(await bench.ask<string>('return document.querySelector("#title").value'))], [...text]);
    });
  }

  describe('a file behind a link', () => {
    const export_ = (download: object) =>
      bench.run({ effect: 'read', steps: [open()], download: { file: download as never } });
    const get = async (rule: object) => {
      const run = export_({ selectors: [tid('export-link')], ...rule });
      await bench.executor.attempt(run, { id: 'x', resumed: false }, never);
      return bench.executor.verify(run, never);
    };

    it('is kept byte for byte, with the page’s own cookies', async () => {
      const { outcome, extracted, artifacts, proofs } = await get({});
      assert.equal(outcome, 'VERIFIED');
      const [file] = artifacts;
      assert.deepEqual([file!.kind, file!.media_type, extracted!.file], ['download', 'text/csv', file!.id]);
      const text = await textOf(bench, file!);
      assert.equal(text.length, file!.size);
      assert.match(text, /^title,likes\r\nStory 0,0\r\n[\s\S]*Story 1999,4\r\n$/);
      assert.ok(proofs.some(({ kind, sha256 }) => kind === 'file' && sha256 === file!.sha256));
    });

    it('is refused when it is too big, not there, or no file', async () => {
      await assert.rejects(
        get({ maxBytes: 100 }),
        failsWith('DOWNLOAD_FAILED', ({ reason }) => assert.match(String(reason), /over 100 bytes/))
      );
      await assert.rejects(get({ attribute: 'data-none' }), failsWith('DOWNLOAD_FAILED'));
      await assert.rejects(get({ selectors: ['#none'], timeout: 200 }), failsWith('SELECTOR_MISSING'));
    });
  });

  it('reports what was seen: a picture, and the HTML about it without what is secret', async () => {
    await assert.rejects(
      play({ type: 'change', selectors: ['#phrase'], value: 'hunter2' }, click('story-save'), {
        type: 'click',
        selectors: [`${tid('story-form')} label`, '#nothing'],
        timeout: 200
      }),
      failsWith('SELECTOR_AMBIGUOUS', (details) => {
        assert.deepEqual(kindsOf(details.artifacts), ['screenshot', 'html']);
        assert.equal(details.url, `${site.url}/studio`);
      })
    );
    const error = await bench
      .attempt([{ type: 'click', selectors: [`${tid('story-form')} label`], timeout: 100 }])
      .then(
        () => assert.fail('it was clear which'),
        (failed: ControlError) => failed
      );
    const [, html] = (error.details as { artifacts: { kind: string; sha256: string; size: number }[] }).artifacts;
    assert.ok(html);
    const text = await textOf(bench, html);
    assert.match(text, new RegExp(`^<!--\naddress: ${site.url}/studio\n`));
    assert.match(text, /<form[^>]*data-testid="story-form"/);
    assert.match(text, /type="password"[^>]*value="•••"/);
    assert.doesNotMatch(text, /open sesame|hunter2/);
    assert.ok(html.size < 60_000);
  });
});
