import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { webkitMissing } from '../../support/webkit.ts';
import { type Bench, failsWith, kindsOf, never, openBench } from './harness.ts';

describe('finding elements in a real WebKit', { skip: webkitMissing() ?? false }, () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench?.close());

  /** The id of what one click step hit. */
  const hit = async (selectors: (string | string[])[], timeout = 1_000): Promise<string | null> => {
    await bench.ask('window.hit = null');
    await bench.attempt([{ type: 'click', selectors, timeout }]);
    return bench.ask('return window.hit');
  };
  const PAGE = `
    <button id="b1" aria-label="Close">×</button><button id="b2"><img alt="Send" src=""> it</button>
    <label for="c">Agree</label><input id="c" type="checkbox"><input id="s" type="submit" value="Save as…">
    <a id="a" href="#x">Read  more</a><p id="p">Read more about it</p><div id="d" role="button" aria-labelledby="p">d</div>
    <textarea>secret draft</textarea><div contenteditable>secret draft</div>
    <x-host></x-host>
    <script>
      const root = document.querySelector('x-host').attachShadow({ mode: 'open' });
      root.innerHTML = '<section><button id="deep">In the shade</button></section>';
      addEventListener('click', (e) => { e.preventDefault(); window.hit = e.composedPath()[0].closest('[id]').id; });
    </script>`;

  it('knows css, xpath, aria, text, pierce and chains', async () => {
    await bench.show(PAGE);
    const cases: [(string | string[])[], string][] = [
      [['#b1'], 'b1'],
      [["xpath///button[@aria-label='Close']"], 'b1'],
      [['xpath//button[2]'], 'b2'],
      [['aria/Close'], 'b1'],
      [['aria/Send it[role="button"]'], 'b2'],
      [['aria/Agree[role="checkbox"]'], 'c'],
      [['aria/Save as…'], 's'],
      [['aria/Read more about it[role="button"]'], 'd'],
      [['aria/In the shade'], 'deep'],
      [['text/Read more'], 'a'],
      [['text/more about'], 'p'],
      [['text/Save as…'], 's'],
      [['text/In the shade'], 'deep'],
      [['pierce/#deep'], 'deep'],
      [[['x-host', 'section', 'button']], 'deep'],
      [[['x-host', 'xpath//section/button']], 'deep'],
      [[['aria/Close']], 'b1']
    ];
    for (const [selectors, id] of cases) assert.equal(await hit(selectors), id, JSON.stringify(selectors));
  });

  it('takes the first alternative that fits exactly one, and a hidden twin does not count', async () => {
    await bench.show(`${PAGE}<button class="t" hidden>T</button><button class="t" id="shown">T</button>`);
    assert.equal(await hit(['#none', 'button', '#b2']), 'b2');
    assert.equal(await hit(['.t']), 'shown');
  });

  it('says what each alternative found when none fits, with a screenshot', async () => {
    const url = await bench.show(`${PAGE}`);
    await assert.rejects(
      hit(['#none', 'aria/Nothing'], 200),
      failsWith('SELECTOR_MISSING', ({ tried, artifacts, sent }, message) => {
        assert.deepEqual(
          (tried as { selector: string; found: number }[]).map(({ selector, found }) => [selector, found]),
          [
            ['#none', 0],
            ['aria/Nothing', 0]
          ]
        );
        assert.deepEqual(kindsOf(artifacts), ['screenshot', 'html']);
        assert.equal(sent, false);
        assert.match(message, /ACT step 1 \(click\).*#none \(0\)/);
      })
    );
    assert.ok(url);
    await assert.rejects(
      hit(['button', '#none'], 200),
      failsWith('SELECTOR_AMBIGUOUS', ({ tried }) => {
        assert.deepEqual(
          (tried as { found: number }[]).map(({ found }) => found),
          [2, 0]
        );
      })
    );
  });

  it('refuses a selector it cannot read before anything is done', async () => {
    await bench.show(PAGE);
    for (const selector of ['#b1 >', 'xpath///button[', 'pierce/##']) {
      const run = bench.run({
        steps: [
          { type: 'click', selectors: ['#b1'] },
          { type: 'click', selectors: [selector] }
        ]
      });
      await assert.rejects(
        bench.executor.prepare(run, never),
        failsWith('SELECTOR_INVALID', (details) => assert.equal(details.selector, selector))
      );
    }
    const unknown = bench.run({ steps: [{ type: 'click', selectors: ['@no.such'] }] });
    await assert.rejects(bench.executor.prepare(unknown, never), failsWith('SELECTOR_UNKNOWN'));
  });

  it('does not take what is being written for what is shown', async () => {
    await bench.show(PAGE);
    await bench.attempt([{ type: 'waitForElement', selectors: ['text/secret draft'], count: 0 }]);
  });
});

describe('the other steps in a real WebKit', { skip: webkitMissing() ?? false }, () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench?.close());

  it('waits for a count, for what is visible, for attributes and properties', async () => {
    await bench.show(`<ul></ul><script>
      let n = 0;
      const timer = setInterval(() => {
        document.querySelector('ul').insertAdjacentHTML('beforeend', '<li data-n="' + n + '" ' + (n === 3 ? 'hidden' : '') + '>x</li>');
        n += 1; if (n === 4) clearInterval(timer);
      }, 60);
    </script>`);
    await bench.attempt([
      { type: 'waitForElement', selectors: ['li'], count: 2 },
      { type: 'waitForElement', selectors: ['li'], operator: '==', count: 4 },
      { type: 'waitForElement', selectors: ['li'], operator: '==', count: 3, visible: true },
      { type: 'waitForElement', selectors: ['li'], operator: '==', count: 1, visible: false },
      { type: 'waitForElement', selectors: ['li'], operator: '==', count: 1, attributes: { 'data-n': '2' } },
      {
        type: 'waitForElement',
        selectors: ['li'],
        count: 4,
        properties: { textContent: 'x', 'parentElement.tagName': 'UL' }
      },
      { type: 'waitForElement', selectors: ['li.none'], count: 0 },
      { type: 'waitForElement', selectors: ['li'], operator: '<=', count: 4 }
    ]);
    await assert.rejects(
      bench.attempt([{ type: 'waitForElement', selectors: ['li'], count: 0, timeout: 150 }]),
      failsWith('STEP_TIMEOUT', (_, message) => assert.match(message, /found 4 of li/))
    );
  });

  it('runs expressions only for who may', async () => {
    await bench.show(`<script>setTimeout(() => { window.later = true; }, 150)</script>`);
    const steps = [{ type: 'waitForExpression', expression: 'window.later // soon' } as const];
    await assert.rejects(
      bench.attempt(steps),
      failsWith('SCRIPT_FORBIDDEN', ({ sent }) => assert.equal(sent, false))
    );
    await assert.rejects(bench.executor.prepare(bench.run({ steps }), never), failsWith('SCRIPT_FORBIDDEN'));
    await bench.attempt(steps, { allowScript: true });
    await assert.rejects(
      bench.attempt([{ type: 'waitForExpression', expression: 'nothing.here', timeout: 120 }], { allowScript: true }),
      failsWith('STEP_TIMEOUT', (_, message) => assert.match(message, /nothing/))
    );
  });

  it('presses keys, with modifiers held, and sees them arrive', async () => {
    await bench.show(
      `<input id="i"><script>window.n = []; i.addEventListener('keydown', (e) => n.push((e.shiftKey ? 'S-' : '') + e.key)); i.focus()</script>`
    );
    const { witness } = await bench.attempt([
      { type: 'keyDown', key: 'Shift' },
      { type: 'keyDown', key: 'a' },
      { type: 'keyUp', key: 'a' },
      { type: 'keyUp', key: 'Shift' },
      { type: 'keyDown', key: 'Enter' },
      { type: 'keyUp', key: 'Enter' }
    ]);
    assert.equal(witness, 'DELIVERED');
    assert.deepEqual(await bench.ask('return n'), ['S-Shift', 'S-A', 'Enter']);
    await assert.rejects(bench.attempt([{ type: 'keyDown', key: 'NoSuchKey' }]), failsWith('STEP_UNSUPPORTED'));
  });

  it('hovers, scrolls, and sizes the window', async () => {
    await bench.show(`<style>#m { display: none } #h:hover + #m { display: block }</style>
      <div id="h" style="width: 100px; height: 40px">H</div><p id="m">menu</p>
      <div style="height: 3000px"></div><div id="box" style="height: 50px; overflow: auto"><p style="height: 500px">x</p></div><p id="end">end</p>`);
    await bench.attempt([
      { type: 'hover', selectors: ['#h'] },
      { type: 'waitForElement', selectors: ['#m'], visible: true }
    ]);
    await bench.attempt([{ type: 'scroll', y: 700 }]);
    assert.equal(await bench.ask('return scrollY'), 700);
    await bench.attempt([{ type: 'scroll', selectors: ['#box'], y: 120 }]);
    assert.equal(await bench.ask('return box.scrollTop'), 120);
    await bench.attempt([{ type: 'scroll', selectors: ['#end'] }]);
    assert.ok(
      await bench.ask(
        'const r = document.querySelector("#end").getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight'
      )
    );
    await bench.attempt([{ type: 'setViewport', width: 900, height: 600 }]);
    assert.deepEqual(await bench.ask('return [innerWidth, innerHeight]'), [900, 600]);
  });

  it('follows a click to the address it asserts', async () => {
    const there = await bench.show('<script>document.title = "There"</script>there');
    const here = await bench.show(`<a id="a" href="${there}">go</a>`);
    await bench.attempt([
      { type: 'navigate', url: here, assertedEvents: [{ type: 'navigation', url: here, title: 'test' }] },
      { type: 'click', selectors: ['#a'], assertedEvents: [{ type: 'navigation', url: there, title: 'There' }] },
      { type: 'waitForElement', selectors: ['text/there'] }
    ]);
    const run = bench.run({
      steps: [{ type: 'click', selectors: ['body'], timeout: 150, assertedEvents: [{ type: 'navigation', url: here }] }]
    });
    await bench.executor.attempt(run, { id: 'x', resumed: false }, never);
    const verified = await bench.executor.verify(run, never);
    assert.equal(verified.outcome, 'VERIFICATION_FAILED');
    assert.match(verified.why ?? '', new RegExp(`the page is ${there} titled 'There'`));
  });

  it('empties the last window instead of ending the session', async () => {
    await bench.show('x');
    await bench.attempt([{ type: 'close' }]);
    assert.equal(await bench.ask('return location.href'), 'about:blank');
  });

  it('says when a site is dead, is no address, or is not for flows', async () => {
    await assert.rejects(
      bench.attempt([{ type: 'navigate', url: 'http://127.0.0.1:1/' }]),
      failsWith('NAVIGATION_FAILED', ({ url }) => assert.equal(url, 'http://127.0.0.1:1/'))
    );
    await assert.rejects(bench.attempt([{ type: 'navigate', url: 'nowhere' }]), failsWith('NAVIGATION_FAILED'));
    for (const url of ['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x']) {
      await assert.rejects(bench.attempt([{ type: 'navigate', url }]), failsWith('STEP_UNSUPPORTED'));
    }
    await bench.show('<p id="p">alive</p>');
    await bench.attempt([{ type: 'waitForElement', selectors: ['#p'] }]);
  });
});
