import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ControlError } from '../../../schemas/errors.ts';
import type { Step } from '../../../schemas/generated/contracts.ts';
import { type Site, startSite } from '../../site/site.ts';
import { webkitMissing } from '../../support/webkit.ts';
import { type Bench, failsWith, flowRuns, kindsOf, never, openBench, perform } from './harness.ts';

const TRIES = 20;

describe('an armed click in a real WebKit', { skip: webkitMissing() ?? false }, () => {
  let bench: Bench;
  let site: Site;
  before(async () => {
    [bench, site] = await Promise.all([openBench(), startSite({ visitor: 'alice' })]);
  });
  after(async () => {
    await bench?.close();
    await site?.close();
  });

  for (const [what, query] of [
    ['moving', 'variant=moving&glide=200&rest=250'],
    ['shifting', 'variant=shifting&every=300']
  ] as const) {
    it(`lands exactly once on a ${what} button, ${TRIES} times`, async () => {
      site.reset();
      const url = site.postUrl(1, query);
      await bench.attempt([{ type: 'navigate', url }]);
      for (let i = 1; i <= TRIES; i += 1) {
        const text = `${what} ${i}`;
        const { witness } = await bench.attempt([
          { type: 'change', selectors: ['@post.comment_input'], value: text },
          { type: 'click', selectors: ['@post.comment_submit'], timeout: 30_000 }
        ]);
        assert.equal(witness, 'DELIVERED', `try ${i}`);
        await site.waitForWrite({ kind: 'comment', text });
        // The page empties its field when the server has it; typing before that would be emptied too.
        await bench.attempt([
          { type: 'waitForElement', selectors: ['@post.comment_input'], properties: { value: '' }, timeout: 10_000 }
        ]);
      }
      const texts = site.writes({ kind: 'comment' }).map(({ text }) => text);
      assert.deepEqual(
        texts,
        Array.from({ length: TRIES }, (_, i) => `${what} ${i + 1}`)
      );
      assert.equal(site.counts().decoy, 0, 'a click landed on the decoy');
    });
  }

  it('never reaches what slid under the mouse', async () => {
    // As the mouse comes over the button, the button and a decoy change places.
    await bench.show(`
      <style>button { position: absolute; width: 120px; height: 40px; left: 0 }</style>
      <button id="right" style="top: 0">Right</button><button id="decoy" style="top: 200px">Decoy</button>
      <script>
        window.hits = [];
        window.strays = 0;
        const types = ['mousedown', 'mouseup', 'click'];
        // First in line, before the witness: what would have hit the decoy.
        for (const type of types) window.addEventListener(type, (event) => { strays += event.target === decoy; }, true);
        for (const one of [right, decoy]) for (const type of types) one.addEventListener(type, () => hits.push(one.id + ' ' + type));
        right.addEventListener('mouseover', () => { [right.style.top, decoy.style.top] = [decoy.style.top, right.style.top]; });
      </script>`);
    let delivered = 0;
    for (let i = 0; i < 10; i += 1) {
      try {
        const { witness } = await bench.attempt([{ type: 'click', selectors: ['#right'], timeout: 2_000 }]);
        assert.equal(witness, 'DELIVERED');
        delivered += 1;
      } catch (error) {
        failsWith('CLICK_NOT_DELIVERED', ({ last }) => assert.match(String(last), /<button#decoy>/))(error);
      }
    }
    const { hits, strays } = await bench.ask<{ hits: string[]; strays: number }>('return { hits, strays }');
    assert.ok(strays > 0, 'the page never made a click stray, so this showed nothing');
    assert.deepEqual(
      hits.filter((hit) => hit.startsWith('decoy')),
      []
    );
    assert.equal(hits.filter((hit) => hit === 'right click').length, delivered);
  });

  it('does not press again when the page acted on the press alone', async () => {
    // The press sends something and the button slips away before the click.
    await bench.show(`<button id="b" style="position: absolute; left: 0; top: 0; width: 200px; height: 60px">B</button><script>
      window.n = 0;
      b.addEventListener('mousedown', () => { n += 1; b.style.top = '300px'; fetch('/page/0').then(() => {}); });
    </script>`);
    const { witness } = await bench.attempt([{ type: 'click', selectors: ['#b'] }]);
    assert.equal(witness, 'UNKNOWN');
    assert.equal(await bench.ask('return window.n'), 1);
  });

  it('does not press again when the page puts off what it does with the press, however long', async () => {
    const later: [how: string, script: string][] = [
      ['a timer', 'setTimeout(act, 1500)'],
      ['a promise and a timer', 'Promise.resolve().then(() => setTimeout(act, 1500))'],
      ['an idle moment', 'requestAnimationFrame(() => setTimeout(act, 1500))'],
      [
        'a message',
        'const { port1, port2 } = new MessageChannel(); port1.onmessage = () => setTimeout(act, 1500); port2.postMessage(1)'
      ]
    ];
    for (const [how, script] of later) {
      await bench.show(`<button id="b" style="position: absolute; left: 0; top: 0; width: 200px; height: 60px">B</button><script>
        window.presses = 0; window.acts = 0;
        const act = () => { acts += 1; };
        b.addEventListener('mousedown', () => { presses += 1; b.style.top = '300px'; ${script}; });
      </script>`);
      const { witness } = await bench.attempt([{ type: 'click', selectors: ['#b'] }]);
      assert.equal(witness, 'UNKNOWN', how);
      assert.equal(await bench.ask('return presses'), 1, how);
    }
  });

  it('waits, once, until it is noted that something is sent, and sends nothing when that fails', async () => {
    const page = `<input id="i"><button id="b" onclick="window.n = (window.n ?? 0) + 1">B</button>`;
    const steps: Step[] = [
      { type: 'change', selectors: ['#i'], value: 'x' },
      { type: 'click', selectors: ['#b'] },
      { type: 'click', selectors: ['#b'] }
    ];
    const attempt = (sending: () => Promise<void>, own = steps) =>
      bench.executor.attempt(bench.run({ steps: own }), { id: 'x', resumed: false, sending }, never);
    const seen: unknown[] = [];
    await bench.show(page);
    await attempt(async () => {
      seen.push(await bench.ask('return [i.value, window.n ?? 0]'));
    });
    assert.deepEqual(seen, [['x', 0]], 'what is written is not sent yet; noted before the first click and no other');
    assert.equal(await bench.ask('return n'), 2);
    const full = async () => {
      throw new ControlError('JOURNAL_UNAVAILABLE', { reason: 'disk full' });
    };
    await bench.show(page);
    await assert.rejects(
      attempt(full),
      failsWith('JOURNAL_UNAVAILABLE', ({ sent }) => assert.equal(sent, false))
    );
    assert.equal(await bench.ask('return window.n ?? 0'), 0);
    // Nothing is pressed here: a page may save what is written as it is written.
    await assert.rejects(attempt(full, steps.slice(0, 1)), failsWith('JOURNAL_UNAVAILABLE'));
  });

  it('leaves the functions of the page as they were', async () => {
    await bench.show(`<button id="b">B</button><script>
      window.own = [setTimeout, fetch, XMLHttpRequest.prototype.send, HTMLFormElement.prototype.submit];
    </script>`);
    await bench.attempt([{ type: 'click', selectors: ['#b'] }]);
    await bench.attempt(
      [
        {
          type: 'waitForExpression',
          expression: `own.every((one, i) => one === [setTimeout, fetch, XMLHttpRequest.prototype.send, HTMLFormElement.prototype.submit][i])`
        }
      ],
      { allowScript: true }
    );
  });

  it('clicks what was drawn anew under the press, and not what went away with it', async () => {
    const page = (onPress: string) => `<div id="at"></div><script>
      window.presses = 0; window.clicks = 0;
      const draw = () => {
        at.innerHTML = '<button id="b" style="width: 200px; height: 60px">B</button>';
        at.firstChild.onclick = () => { clicks += 1; };
        at.firstChild.onmousedown = () => { presses += 1; if (presses === 1) { ${onPress} } };
      };
      draw();
    </script>`;
    await bench.show(page('draw()'));
    assert.equal((await bench.attempt([{ type: 'click', selectors: ['#b'] }])).witness, 'DELIVERED');
    assert.deepEqual(await bench.ask('return [presses, clicks]'), [2, 1]);
    await bench.show(page('at.replaceChildren()'));
    assert.equal((await bench.attempt([{ type: 'click', selectors: ['#b'] }])).witness, 'UNKNOWN');
    assert.deepEqual(await bench.ask('return [presses, clicks]'), [1, 0]);
  });

  it('waits for a cover to go and says what covers when it does not', async () => {
    const cover = (
      ms: number | null
    ) => `<button id="b" onclick="window.n = (window.n ?? 0) + 1" style="width: 200px; height: 60px">B</button>
      <div id="cover" style="position: fixed; inset: 0"></div>
      ${ms === null ? '' : `<script>setTimeout(() => document.querySelector('#cover').remove(), ${ms})</script>`}`;
    await bench.show(cover(500));
    assert.equal((await bench.attempt([{ type: 'click', selectors: ['#b'] }])).witness, 'DELIVERED');
    assert.equal(await bench.ask('return window.n'), 1);
    await bench.show(cover(null));
    await assert.rejects(
      bench.attempt([{ type: 'click', selectors: ['#b'], timeout: 400 }]),
      failsWith('ELEMENT_NOT_ACTIONABLE', ({ reason, sent, artifacts }) => {
        assert.equal(reason, '<div#cover> covers it');
        assert.equal(sent, false);
        assert.deepEqual(kindsOf(artifacts), ['screenshot', 'html']);
      })
    );
    assert.equal(await bench.ask('return window.n ?? 0'), 0);
  });

  it('waits for a disabled button rather than taking a worse alternative', async () => {
    await bench.show(`<button id="b" disabled onclick="window.n = 'b'">B</button><button class="other" onclick="window.n = 'other'">O</button>
      <script>setTimeout(() => { document.querySelector('#b').disabled = false; }, 300)</script>`);
    await bench.attempt([{ type: 'click', selectors: ['#b', '.other'] }]);
    assert.equal(await bench.ask('return window.n'), 'b');
  });

  it('finds the element again when it is replaced all the time', async () => {
    await bench.show(`<div id="at"></div><script>
      window.n = 0;
      const renew = () => { at.innerHTML = '<button id="b" style="width: 200px; height: 60px">B</button>'; at.firstChild.onclick = () => { n += 1; }; };
      renew(); setInterval(renew, 120);
    </script>`);
    for (let i = 1; i <= 10; i += 1) {
      const { witness } = await bench.attempt([{ type: 'click', selectors: ['#b'] }]);
      assert.equal(witness, 'DELIVERED');
      assert.equal(await bench.ask('return window.n'), i);
    }
  });

  it('clicks once in a frame, in a frame within it, and in shadow roots', async () => {
    const button = (id: string) => `<button id='${id}' onclick='top.n.push(this.id)'>B</button>`;
    await bench.show(`<script>window.n = []</script><p style="height: 1500px">far down</p>
      <iframe srcdoc="${button('outer')}<iframe srcdoc=&quot;${button('inner')}&quot;></iframe>" width="500" height="300"></iframe>
      <x-host></x-host>
      <script>
        const host = document.querySelector('x-host').attachShadow({ mode: 'open' });
        host.innerHTML = '<button id="s1">S</button><y-host></y-host>';
        const deep = host.querySelector('y-host').attachShadow({ mode: 'open' });
        deep.innerHTML = '<button id="s2"><i>S</i></button>';
        for (const root of [host, deep]) root.querySelector('button').onclick = (e) => n.push(e.currentTarget.id);
      </script>`);
    const { witness } = await bench.attempt([
      { type: 'click', selectors: ['#outer'], frame: [0] },
      { type: 'click', selectors: ['#inner'], frame: [0, 0] },
      { type: 'click', selectors: ['pierce/#s1'] },
      { type: 'click', selectors: [['x-host', 'y-host', '#s2 i']] },
      { type: 'click', selectors: [['x-host', 'xpath//button']] }
    ]);
    assert.equal(witness, 'DELIVERED');
    assert.deepEqual(await bench.ask('return window.n'), ['outer', 'inner', 's1', 's2', 's1']);
  });

  it('stops a click that would fall through into another frame', async () => {
    // A frame slides over the button as soon as the mouse is on it.
    await bench.show(`<button id="b" style="position: absolute; left: 0; top: 0; width: 200px; height: 60px">B</button>
      <iframe id="f" style="position: absolute; left: 500px; top: 0; width: 300px; height: 150px"
        srcdoc="<body style='margin:0'><button style='width:100%;height:150px' onclick='top.strayed=true'>F</button>"></iframe>
      <script>b.addEventListener('mouseover', () => { f.style.left = '0'; });</script>`);
    await assert.rejects(
      bench.attempt([{ type: 'click', selectors: ['#b'], timeout: 1_500 }]),
      failsWith('ELEMENT_NOT_ACTIONABLE', ({ reason }) => assert.match(String(reason), /iframe#f/))
    );
    assert.equal(await bench.ask('return window.strayed ?? false'), false);
  });

  it('counts a click that leaves the page as delivered', async () => {
    site.reset();
    const [open, comment] = flowRuns(bench, 'comment_on_post', {
      post_url: site.postUrl(2, 'variant=leaving'),
      text: 'on my way'
    });
    const done = await perform(bench, [open!, comment!]);
    assert.equal(done[1]!.outcome, 'VERIFIED');
    assert.ok(['DELIVERED', 'GONE'].includes(done[1]!.witness!));
    assert.equal(site.counts().comment, 1);
  });

  it('tells of an alert that its click opened, and goes on', async () => {
    await bench.show(`<button id="b" onclick="alert('Sure?'); window.n = (window.n ?? 0) + 1">B</button>`);
    const { witness, proofs } = await bench.attempt([{ type: 'click', selectors: ['#b'] }]);
    assert.equal(witness, 'DELIVERED');
    assert.ok(proofs.some(({ value }) => value === 'alert: Sure?'));
    assert.equal(await bench.ask('return window.n'), 1);
  });

  it('does nothing behind an alert that was there before, and says its text', async () => {
    await bench.show(`<button id="b" onclick="window.n = 1">B</button>`);
    await bench.ask(`setTimeout(() => alert('Session expired'), 0)`);
    // The alert opens in a turn of its own: ask until it is there.
    await assert.rejects(
      (async () => {
        for (;;) await bench.attempt([{ type: 'waitForElement', selectors: ['#b'] }]);
      })(),
      failsWith('ALERT_OPEN', ({ text }) => assert.equal(text, 'Session expired'))
    );
    assert.equal(await bench.ask('return window.n ?? 0'), 0);
  });

  it('double-clicks, right-clicks, holds, and aims at an offset', async () => {
    await bench.show(`<div id="pad" style="width: 300px; height: 100px; background: #eee"></div><script>
      window.n = [];
      for (const type of ['dblclick', 'contextmenu', 'click']) pad.addEventListener(type, (e) => { e.preventDefault(); n.push([e.type, e.offsetX, e.offsetY]); });
    </script>`);
    await bench.attempt([{ type: 'click', selectors: ['#pad'], offsetX: 20, offsetY: 30 }]);
    assert.deepEqual(await bench.ask('return n.splice(0)'), [['click', 20, 30]]);
    await bench.attempt([{ type: 'click', selectors: ['#pad'], button: 'secondary' }]);
    const types = await bench.ask<string[]>('return n.splice(0).map(([type]) => type)');
    assert.deepEqual(types, ['contextmenu'], 'and no click, whatever the driver makes of the button coming up');
    await bench.attempt([{ type: 'click', selectors: ['#pad'], duration: 50 }]);
    assert.deepEqual(await bench.ask('return n.splice(0).map(([type]) => type)'), ['click']);
    // Elsewhere: a click just before, at the same place, would count as its first half.
    await bench.attempt([{ type: 'doubleClick', selectors: ['#pad'], offsetX: 250, offsetY: 80 }]);
    assert.deepEqual(await bench.ask('return n.splice(0).map(([type]) => type)'), ['click', 'click', 'dblclick']);
  });
});
