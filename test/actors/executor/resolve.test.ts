// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of flows look like that
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fillSelector } from '../../../actors/executor/placeholders.ts';
import { resolveAction, resolveFlow } from '../../../actors/executor/resolve.ts';
import type { Flow, FlowAction } from '../../../schemas/generated/contracts.ts';
import { failsWith } from './failures.ts';

const action = (steps: FlowAction['steps']): FlowAction => ({ attempt: 'ACT', effect: 'write', steps });

describe('params of a flow', () => {
  it('go into values, addresses, selectors, predicates and extracts', () => {
    const resolved = resolveAction(
      {
        ...action([
          { type: 'navigate', url: '${params.base}/p/${params.id}?q=${params.text}' },
          { type: 'change', selectors: ['@input', ['#host', '[name=${params.id}]']], value: 'say ${params.text}!' }
        ]),
        verify: { as: 'SEEN', steps: [{ type: 'waitForElement', selectors: ['text/${params.text}'], count: 1 }] },
        extract: { x: { selectors: ['aria/${params.text}'] } }
      },
      { base: 'http://127.0.0.1:1/a', id: 'a/b', text: 'x & "y"', n: 3 }
    );
    const [navigate, change] = resolved.steps;
    assert.equal(navigate?.type === 'navigate' && navigate.url, 'http://127.0.0.1:1/a/p/a%2Fb?q=x%20%26%20%22y%22');
    assert.deepEqual(change?.type === 'change' && [change.value, change.selectors], [
      'say x & "y"!',
      ['@input', ['#host', '[name="a/b"]']]
    ]);
    assert.deepEqual(resolved.verify?.steps[0], { type: 'waitForElement', selectors: ['text/x & "y"'], count: 1 });
    assert.deepEqual(resolved.extract?.x?.selectors, ['aria/x & "y"']);
  });

  it('are put in once: what a person wrote is no placeholder', () => {
    const [step] = resolveAction(action([{ type: 'change', selectors: ['#i'], value: '${params.text}' }]), {
      text: '${params.secret} $${x}',
      secret: 'no'
    }).steps;
    assert.equal(step?.type === 'change' && step.value, '${params.secret} $${x}');
  });

  it('are named with where they are needed when they are missing, of the wrong kind, or nonsense', () => {
    const using =
      (value: string, params = {}) =>
      () =>
        resolveAction(action([{ type: 'change', selectors: ['#i'], value }]), params);
    const first = (details: Record<string, unknown>) => (details.errors as { path: string; message: string }[])[0]!;
    assert.throws(
      using('${params.text}'),
      failsWith('VALIDATION_FAILED', (details) => {
        assert.equal(first(details).path, '/params/text');
        assert.match(first(details).message, /is missing, and ACT step 1 \(change\) needs it/);
      })
    );
    assert.throws(
      using('${params.a.b}', { a: { b: [1] } }),
      failsWith('VALIDATION_FAILED', (details) => assert.match(first(details).message, /is a list/))
    );
    assert.throws(
      using('${process.env.HOME}'),
      failsWith('VALIDATION_FAILED', (details) => assert.match(first(details).message, /is no parameter/))
    );
    assert.throws(using('${params.constructor.name}', {}), failsWith('VALIDATION_FAILED'));
    assert.throws(using('${params.toString}', {}), failsWith('VALIDATION_FAILED'));
    assert.equal((using('$${plain} ${params.n}', { n: 0 })().steps[0] as { value: string }).value, '${plain} 0');
  });

  it('take the defaults of the flow where nothing was given', () => {
    const flow: Flow = {
      name: 'f',
      platforms: ['*'],
      params: { properties: { text: { type: 'string', default: 'hi' } } },
      actions: [action([{ type: 'change', selectors: ['#i'], value: '${params.text}' }])]
    };
    const value = (params: Record<string, unknown>) =>
      (resolveFlow(flow, params)[0]!.steps[0] as { value: string }).value;
    assert.equal(value({}), 'hi');
    assert.equal(value({ text: 'ho' }), 'ho');
  });

  it('become literals in scripts, whatever they hold', () => {
    const [step] = resolveAction(
      action([{ type: 'waitForExpression', expression: 'x === ${params.text} && `${y}`' }]),
      {
        text: '"; alert(1); "\u2028'
      }
    ).steps;
    assert.equal(step?.type === 'waitForExpression' && step.expression, 'x === "\\"; alert(1); \\"\\u2028" && `${y}`');
  });

  it('stay one XPath string, whatever quotes they hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', "'", 'a', ']', '(', ' ', ',', '🌅') }), (text) => {
        for (const template of [
          'xpath///p[.=${params.t}]',
          "xpath///p[.='${params.t}']",
          'xpath///p[.="${params.t}"]'
        ]) {
          const filled = fillSelector(template, { params: { t: text } }, 'x');
          const literal = /^xpath\/\/\/p\[\.=([\s\S]*)\]$/.exec(filled)![1]!;
          assert.equal(xpathString(literal), text, filled);
        }
      })
    );
    assert.equal(
      fillSelector("xpath///a['b c'=${params.t}]", { params: { t: "it's" } }, 'x'),
      `xpath///a['b c'="it's"]`
    );
    assert.equal(fillSelector("xpath///a[.='x ${params.t} y']", { params: { t: '"' } }, 'x'), `xpath///a[.='x " y']`);
  });

  it('stay one CSS string, whatever quotes and escapes they hold', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', "'", '\\', 'a', ']', '\n', '\u0001', 'f', '0', '🌅') }),
        (text) => {
          for (const template of ['[a=${params.t}]', '[a="${params.t}"]', "[a='${params.t}']"]) {
            const filled = fillSelector(template, { params: { t: text } }, 'x');
            const quoted = /^\[a=("[\s\S]*"|'[\s\S]*')\]$/.exec(filled)![1]!;
            assert.equal(cssString(quoted), text, filled);
          }
        }
      )
    );
  });
});

/** A string literal or concat() of literals, as XPath 1.0 reads it. */
function xpathString(expression: string): string {
  const one = /^(?:"([^"]*)"|'([^']*)')$/.exec(expression);
  if (one) return one[1] ?? one[2] ?? '';
  const inside = /^concat\(([\s\S]*)\)$/.exec(expression);
  assert.ok(inside, `neither a literal nor concat: ${expression}`);
  let rest = inside[1]!;
  let text = '';
  while (rest !== '') {
    const literal = /^(?:"([^"]*)"|'([^']*)')(?:, )?/.exec(rest);
    assert.ok(literal, rest);
    text += literal[1] ?? literal[2] ?? '';
    rest = rest.slice(literal[0].length);
  }
  return text;
}

/** @see CSS Syntax, "consume a string token" */
function cssString(quoted: string): string {
  const quote = quoted[0]!;
  let text = '';
  let i = 1;
  for (; i < quoted.length && quoted[i] !== quote; i += 1) {
    assert.notEqual(quoted[i], '\n', 'a bare line break ends a CSS string');
    if (quoted[i] !== '\\') {
      text += quoted[i];
      continue;
    }
    const hex = /^[0-9a-f]{1,6}/i.exec(quoted.slice(i + 1));
    if (hex) {
      text += String.fromCodePoint(Number.parseInt(hex[0], 16));
      i += hex[0].length;
      if (quoted[i + 1] === ' ') i += 1;
    } else {
      i += 1;
      text += quoted[i];
    }
  }
  assert.equal(i, quoted.length - 1, `the string ends early: ${quoted}`);
  return text;
}
