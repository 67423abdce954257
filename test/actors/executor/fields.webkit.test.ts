import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { webkitMissing } from '../../support/webkit.ts';
import { type Bench, failsWith, openBench } from './harness.ts';

const FIELDS = `<form><input id="i"><textarea id="t"></textarea><div id="e" contenteditable style="min-height: 1em"></div></form>
  <script>
    window.log = [];
    for (const one of [i, t, e]) for (const type of ['input', 'keydown']) one.addEventListener(type, (event) => log.push([one.id, type, event.isTrusted]));
    document.querySelector('form').addEventListener('submit', (event) => { event.preventDefault(); log.push(['form', 'submit', true]); });
  </script>`;
const reads = (id: string) => `return ${id}.value ?? ${id}.innerText`;

describe('a change step in a real WebKit', { skip: webkitMissing() ?? false }, () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench?.close());

  const texts: [string, string][] = [
    ['plain', 'Hello, world'],
    ['emoji', 'good morning 🌅👩‍🚀🏳️‍🌈'],
    ['right to left', 'שלום עולם، صباح الخير'],
    ['quotes and brackets', `"it's" <b>[x]</b> \\ \${params.no} {}`]
  ];
  for (const [what, text] of texts) {
    it(`puts in ${what} text, into inputs, textareas and editable elements, with real events`, async () => {
      await bench.show(FIELDS);
      for (const id of ['i', 't', 'e']) {
        await bench.attempt([{ type: 'change', selectors: [`#${id}`], value: text }]);
        assert.equal(await bench.ask(reads(id)), text);
        const log = await bench.ask<[string, string, boolean][]>('return log');
        assert.ok(
          log.some(([field, type, trusted]) => field === id && type === 'input' && trusted),
          `no real input event on ${id}`
        );
      }
    });
  }

  it('types plain text with real keys', async () => {
    await bench.show(FIELDS);
    await bench.attempt([{ type: 'change', selectors: ['#i'], value: 'abc' }]);
    const keys = await bench.ask<number>(`return log.filter(([, type]) => type === 'keydown').length`);
    assert.equal(keys, 3);
  });

  it('never presses Enter for a line break, nor a key a stranger hid in the text', async () => {
    await bench.show(FIELDS);
    await bench.attempt([{ type: 'change', selectors: ['#t'], value: 'one\r\ntwo' }]);
    assert.equal(await bench.ask(reads('t')), 'one\ntwo');
    // U+E007 is Enter to a driver.
    await bench.attempt([{ type: 'change', selectors: ['#i'], value: 'a\ue007b' }]);
    assert.equal(await bench.ask(reads('i')), 'a\ue007b');
    const log = await bench.ask<[string, string, boolean][]>('return log');
    assert.deepEqual(
      log.filter(([, type]) => type === 'submit' || type === 'keydown'),
      []
    );
  });

  it('replaces what was there, and leaves what reads so already', async () => {
    await bench.show(FIELDS);
    for (const value of ['first', 'second 🌅', 'third']) {
      for (const id of ['i', 't', 'e']) {
        await bench.attempt([{ type: 'change', selectors: [`#${id}`], value }]);
        assert.equal(await bench.ask(reads(id)), value);
      }
    }
    await bench.ask('log.length = 0');
    await bench.attempt([{ type: 'change', selectors: ['#i'], value: 'third' }]);
    assert.deepEqual(await bench.ask('return log'), []);
    await bench.attempt([{ type: 'change', selectors: ['#i'], value: '' }]);
    assert.equal(await bench.ask(reads('i')), '');
  });

  it('reads back before it goes on: what a field does not take is not submitted', async () => {
    await bench.show(`<input id="i" maxlength="5"><button id="b" onclick="window.n = 1">B</button>`);
    const steps = (selector: string) =>
      bench.attempt([
        { type: 'change', selectors: [selector], value: 'too long for it' },
        { type: 'click', selectors: ['#b'] }
      ]);
    await assert.rejects(
      steps('#i'),
      failsWith('TEXT_NOT_TAKEN', ({ expected, sent }) => {
        assert.equal(expected, 'too long for it');
        assert.equal(sent, false);
      })
    );
    assert.equal(await bench.ask('return window.n ?? 0'), 0);
  });

  it('does not quote a password in its error', async () => {
    await bench.show(`<input id="i" type="password" oninput="this.value = this.value.slice(0, 2)">`);
    await assert.rejects(
      bench.attempt([{ type: 'change', selectors: ['#i'], value: 'hunter2' }]),
      failsWith('TEXT_NOT_TAKEN', (details, message) => {
        assert.doesNotMatch(JSON.stringify(details) + message, /hu/);
      })
    );
  });

  it('gets through to a field that a framework controls', async () => {
    // As React does: state is the truth, and the field is set back to it after each event it did not hear.
    await bench.show(`<input id="i"><script>
      let state = '';
      i.addEventListener('input', () => { state = i.value; });
      setInterval(() => { if (i.value !== state) i.value = state; }, 5);
      window.stateOf = () => state;
    </script>`);
    await bench.attempt([{ type: 'change', selectors: ['#i'], value: 'kept 🌅' }]);
    assert.equal(await bench.ask('return stateOf()'), 'kept 🌅');
  });

  it('chooses options by value or label, and says which there are', async () => {
    await bench.show(
      `<select id="s" onchange="window.n = (window.n ?? 0) + 1"><option value="a">Apple</option><option value="b">Pear</option></select>`
    );
    await bench.attempt([{ type: 'change', selectors: ['#s'], value: 'b' }]);
    assert.deepEqual(await bench.ask('return [s.value, n]'), ['b', 1]);
    await bench.attempt([{ type: 'change', selectors: ['#s'], value: 'Apple' }]);
    assert.deepEqual(await bench.ask('return [s.value, n]'), ['a', 2]);
    await assert.rejects(
      bench.attempt([{ type: 'change', selectors: ['#s'], value: 'c' }]),
      failsWith('TEXT_NOT_TAKEN', ({ actual }) => assert.match(String(actual), /a, b/))
    );
  });

  it('ticks boxes by clicking them, once', async () => {
    await bench.show(`<label><input type="checkbox" id="c" onclick="window.n = (window.n ?? 0) + 1"> C</label>`);
    for (const value of ['true', 'on', 'true']) await bench.attempt([{ type: 'change', selectors: ['#c'], value }]);
    assert.deepEqual(await bench.ask('return [c.checked, n]'), [true, 1]);
    await bench.attempt([{ type: 'change', selectors: ['#c'], value: 'false' }]);
    assert.deepEqual(await bench.ask('return [c.checked, n]'), [false, 2]);
  });

  it('sets dates and colours, and refuses what is no field', async () => {
    await bench.show(`<input id="d" type="date"><p id="p">p</p><input id="r" readonly>`);
    await bench.attempt([{ type: 'change', selectors: ['#d'], value: '2026-03-01' }]);
    assert.equal(await bench.ask('return d.value'), '2026-03-01');
    await assert.rejects(
      bench.attempt([{ type: 'change', selectors: ['#p'], value: 'x' }]),
      failsWith('STEP_UNSUPPORTED')
    );
    await assert.rejects(
      bench.attempt([{ type: 'change', selectors: ['#r'], value: 'x', timeout: 100 }]),
      failsWith('ELEMENT_NOT_ACTIONABLE', ({ reason }) => assert.equal(reason, 'it is read-only'))
    );
  });

  it('writes to the field that is there now when it is replaced meanwhile', async () => {
    await bench.show(`<div id="at"></div><script>
      const renew = () => {
        const old = at.querySelector('input');
        const fresh = document.createElement('input');
        fresh.id = 'i'; fresh.value = old?.value ?? '';
        const focused = old && document.activeElement === old;
        at.replaceChildren(fresh);
        if (focused) fresh.focus();
      };
      renew(); setInterval(renew, 60);
    </script>`);
    for (const value of ['one', 'two 🌅', 'three', 'four']) {
      await bench.attempt([{ type: 'change', selectors: ['#i'], value, timeout: 15_000 }]);
      assert.equal(await bench.ask('return document.querySelector("#i").value'), value);
    }
  });
});
