import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DOMParser, type Element, onErrorStopParsing } from '@xmldom/xmldom';
import { fromPromise, setup } from 'xstate';
import { outlineOf } from '../../actors/kernel/outline.ts';
import type { EventEnvelope, MachineNode } from '../../schemas/generated/contracts.ts';
import { mermaidOf } from '../../server/inspector/export/mermaid.ts';
import { scxmlOf } from '../../server/inspector/export/scxml.ts';
import { troupe } from './cli/harness.ts';
import { sharedHarness } from './harness.ts';

/** Everything a statechart may have, with names that mean something in either format. */
const everything = setup({
  actors: { work: fromPromise(async () => {}) },
  guards: { isReady: () => true, 'a < "b" & c': () => true },
  delays: { limit: 5 },
  actions: { note() {} }
}).createMachine({
  id: 'all kinds',
  initial: 'a',
  on: { 'reset.all': { target: '.a', reenter: true } },
  states: {
    a: {
      description: 'first -- of "all" <x> --',
      on: {
        '*': { actions: 'note' },
        go: { target: 'p', guard: 'isReady' },
        back: { guard: 'a < "b" & c', target: 'p.left.hist' }
      },
      after: { limit: 'end', 1000: { target: 'p' } }
    },
    p: {
      type: 'parallel',
      states: {
        left: {
          initial: 'one',
          states: {
            one: { on: { next: 'two' } },
            two: { type: 'final' },
            hist: { type: 'history', history: 'deep', target: 'two' },
            last: { type: 'history' }
          }
        },
        'right side': {
          initial: 'x',
          invoke: { id: 'w', src: 'work', onDone: '#all kinds.end', onError: { target: '#all kinds.a' } },
          states: { x: { entry: 'note', exit: 'note', always: { target: 'y', guard: 'isReady' } }, y: {} }
        }
      },
      onDone: 'end'
    },
    end: { type: 'final' }
  }
});

const statesOf = (node: MachineNode): MachineNode[] => [node, ...node.states.flatMap(statesOf)];

function parsed(xml: string): Element {
  const document = new DOMParser({ onError: onErrorStopParsing }).parseFromString(xml, 'application/xml');
  assert.ok(document.documentElement);
  return document.documentElement;
}

const all = (root: Element, name: string): Element[] => [...root.getElementsByTagName(name)];
const one = (root: Element, id: string): Element => {
  const found = ['state', 'parallel', 'final', 'history'].flatMap((name) => all(root, name));
  const element = found.find((each) => each.getAttribute('id') === id);
  assert.ok(element, id);
  return element;
};
const attributesOf = (element: Element) =>
  Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value]));
const ownTransitions = (state: Element) =>
  all(state, 'transition')
    .filter(({ parentNode }) => parentNode === state)
    .map(attributesOf);

/** What SCXML asks of a document beside being XML: ids once, and every target is one. */
function assertSound(root: Element) {
  const ids = ['state', 'parallel', 'final', 'history'].flatMap((name) =>
    all(root, name).map((element) => element.getAttribute('id') ?? '')
  );
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[A-Za-z_][\w.-]*$/);
  const named = [...all(root, 'transition'), ...all(root, 'state'), root];
  const targets = named.flatMap((element) =>
    ['target', 'initial'].flatMap((name) => (element.getAttribute(name) ?? '').split(' ').filter(Boolean))
  );
  for (const target of targets) assert.ok(ids.includes(target), target);
  const sent = all(root, 'send').map((element) => element.getAttribute('id'));
  assert.equal(new Set(sent).size, sent.length);
  for (const cancel of all(root, 'cancel')) assert.ok(sent.includes(cancel.getAttribute('sendid')));
  assert.equal(
    all(root, 'history').every((history) => ownTransitions(history).length === 1),
    true
  );
}

/**
 * The part of Mermaid's grammar that is written here, which Mermaid 11 was seen to parse and draw: a line each, states
 * that are declared before an arrow leads to them, and braces that close.
 */
function assertMermaid(text: string) {
  const ID = 's_[A-Za-z0-9_]+';
  const LABEL = '[^:;#<>{}"%\\\\\\n]+';
  const declared = new Set(['[*]']);
  const [comment, head, ...lines] = text.trimEnd().split('\n');
  assert.match(comment ?? '', /^%% /);
  assert.equal(head, 'stateDiagram-v2');
  for (const line of lines) {
    const [, id] = new RegExp(`^ *state "${LABEL}" as (${ID})(?: \\{)?$`).exec(line) ?? [];
    if (id) assert.ok(!declared.has(id), `${id} twice`);
    if (id) declared.add(id);
  }
  let depth = 0;
  for (const line of lines) {
    const arrow = new RegExp(`^ *(\\[\\*\\]|${ID}) --> (\\[\\*\\]|${ID})(?: : ${LABEL})?$`).exec(line);
    if (arrow) assert.ok(declared.has(arrow[1] as string) && declared.has(arrow[2] as string), line);
    else assert.match(line, new RegExp(`^ *(state "${LABEL}" as ${ID}( \\{)?|${ID} : ${LABEL}|\\})$`));
    if (line.endsWith('{')) depth++;
    if (line.trim() === '}') depth--;
    assert.ok(depth >= 0, line);
  }
  assert.equal(depth, 0);
}

describe('a machine that is taken away', () => {
  const shared = sharedHarness();

  it('as SCXML has its regions, history, final states, guards, delays and work in the words of SCXML', () => {
    const root = parsed(scxmlOf(outlineOf(everything), 'all', 'v1'));
    assertSound(root);
    assert.equal(root.namespaceURI, 'http://www.w3.org/2005/07/scxml');
    assert.deepEqual([...one(root, 'all_kinds.p').childNodes].filter(({ nodeName }) => nodeName === 'state').length, 2);
    assert.equal(one(root, 'all_kinds.end').tagName, 'final');
    const history = one(root, 'all_kinds.p.left.hist');
    assert.deepEqual(attributesOf(history), { id: 'all_kinds.p.left.hist', type: 'deep' });
    assert.deepEqual(ownTransitions(history), [{ target: 'all_kinds.p.left.two' }]);
    assert.deepEqual(ownTransitions(one(root, 'all_kinds.p.left.last')), [{ target: 'all_kinds.p.left.one' }]);

    const a = one(root, 'all_kinds.a');
    const [go, back] = ['go', 'back'].map((name) => ownTransitions(a).find(({ event }) => event === name));
    assert.deepEqual(go, { event: 'go', cond: 'isReady', target: 'all_kinds.p', type: 'internal' });
    assert.equal(back?.cond, 'a < "b" & c');
    assert.equal(ownTransitions(a).at(-1)?.event, '*', 'the first that fits is taken');
    assert.deepEqual(
      all(a, 'send').map((send) => [send.getAttribute('delay'), send.getAttribute('delayexpr')]),
      [
        ['1000ms', null],
        [null, 'limit']
      ]
    );
    assert.equal(all(a, 'cancel').length, 2);
    assert.deepEqual(
      all(a, 'troupe:action').map((action) => action.getAttribute('name')),
      ['note']
    );
    assert.deepEqual(ownTransitions(one(root, 'all_kinds')), [{ event: 'reset.all', target: 'all_kinds.a' }]);

    const right = one(root, 'all_kinds.p.right_side');
    assert.deepEqual(all(right, 'invoke').map(attributesOf), [{ id: 'w', src: '#work' }]);
    assert.deepEqual(
      ownTransitions(right).map(({ event }) => event),
      ['done.invoke.w', 'error.platform.w']
    );
    assert.equal(ownTransitions(one(root, 'all_kinds.p'))[0]?.event, 'done.state.all_kinds.p');
    assert.equal(ownTransitions(one(root, 'all_kinds.p.right_side.x'))[0]?.event, undefined);
  });

  it('as Mermaid has every state and every arrow, each where Mermaid looks for it', () => {
    const text = mermaidOf(outlineOf(everything), 'all', 'v1');
    assertMermaid(text);
    assert.match(text, /^ {4}s_all_kinds_a --> s_all_kinds_p : go \[isReady\]$/m);
    assert.match(text, /^ {8}s_all_kinds_p_left_one --> s_all_kinds_p_left_two : next$/m);
    assert.match(text, /state "H\*" as s_all_kinds_p_left_hist$/m);
    assert.match(text, /s_all_kinds_a --> s_all_kinds_end : after limit$/m);
    assert.match(text, /s_all_kinds_p_right_side --> s_all_kinds_end : done w$/m);
    assert.match(text, /s_all_kinds_end --> \[\*\]$/m);
  });

  it('is that of every kind there is, over REST by format or by Accept, and from the command line', async () => {
    const { h } = shared;
    const env = { TROUPE_URL: h.url, TROUPE_TOKEN: h.admin };
    const { items } = (await h.api('GET', '/v1/machines')).body;
    for (const { kind, version } of items) {
      const whole = (await h.api('GET', `/v1/machines/${kind}`)).body;
      const states = statesOf(whole.definition).length;
      const scxml = await h.api('GET', `/v1/machines/${kind}?format=scxml`);
      assert.equal(scxml.headers.get('content-type'), 'application/scxml+xml');
      const root = parsed(scxml.body.toString());
      assertSound(root);
      assert.equal(['state', 'parallel', 'final', 'history'].flatMap((name) => all(root, name)).length, states);
      const accept = { accept: 'text/vnd.mermaid' };
      const mermaid = (await h.api('GET', `/v1/machines/${kind}`, { headers: accept })).body.toString();
      assertMermaid(mermaid);
      assert.ok(mermaid.startsWith(`%% ${kind}, version ${version}`));
      assert.equal(mermaid.match(/^ *state /gm).length, states);
      const told = await troupe(['export', 'machine', kind], { env });
      assert.deepEqual([told.code, told.out], [0, mermaid]);
    }
    const json = await troupe(['export', 'machine', 'command', '--format', 'json'], { env });
    assert.deepEqual(JSON.parse(json.out).definition, (await h.api('GET', '/v1/machines/command')).body.definition);
    const scxml = await troupe(['export', 'machine', 'command', '--format', 'scxml'], { env });
    assertSound(parsed(scxml.out));
    assert.equal((await troupe(['export', 'machine', 'unicorn'], { env })).code, 1);
    assert.equal((await troupe(['export', 'machine', 'command', '--format', 'png'], { env })).code, 2);
    const { status, body } = await h.api('GET', '/v1/machines/command?format=png');
    assert.deepEqual([status, body.code], [400, 'QUERY_INVALID']);
  });
});

describe('a timeline that is taken away', () => {
  const shared = sharedHarness();
  const lined = async (query: string, token = shared.h.admin) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${shared.h.url}/v1/events/export${query}`, { headers });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-disposition') ?? '', /timeline\.jsonl/);
    const text = await response.text();
    return text
      .trimEnd()
      .split('\n')
      .map((line): EventEnvelope => JSON.parse(line));
  };

  it('is every event of it, as lines of JSON and as a page that needs nothing else', async () => {
    const { h } = shared;
    await h.note(...Array.from({ length: 600 }, (_, n) => `note ${n}`), '</script><b>&');
    const events: EventEnvelope[] = [];
    for (let cursor = '0'; ; ) {
      const page = (await h.api('GET', `/v1/events?limit=500&actor_kinds=notes&cursor=${cursor}`)).body;
      events.push(...page.items);
      if (Number(page.next_cursor) >= Number(page.head)) break;
      cursor = page.next_cursor;
    }
    assert.ok(events.length > 600);
    assert.deepEqual(await lined('?actor_kinds=notes'), events);
    const page = (await h.api('GET', '/v1/events/export?actor_kinds=notes&format=html')).body.toString();
    const [, data = ''] = /<script type="application\/json" id="events">(.*)<\/script>/s.exec(page) ?? [];
    assert.deepEqual(JSON.parse(data), events);
    assert.equal(page.match(/<\/script>/g).length, 1);
    assert.doesNotMatch(page, /(src|href)=|https?:/);
    assert.equal(page.match(/<tr class=/g).length, events.length);

    const env = { TROUPE_URL: h.url, TROUPE_TOKEN: h.admin };
    const few = await troupe(['export', 'timeline', '--limit', '3', '--cursor', '1'], { env });
    assert.equal(few.json.length, 3);
    assert.ok(few.json.every(({ cursor }) => Number(cursor) > 1));
    assert.equal((await troupe(['export', 'timeline', '--limit', 'all'], { env })).code, 2);
  });

  it('is of the accounts of a token that is bound to some', async () => {
    const { h } = shared;
    const target = (account_id: string) => ({ target: { platform: 'instagram', account_id } });
    for (const account of ['ada', 'bo']) await h.ended((await h.send(target(account))).body.command_id);
    const { token } = await h.tokens.create({ service: 'bound', scopes: ['read:events'], accounts: ['bo'] });
    const events = await lined('', token);
    assert.ok(events.length > 3 && events.every(({ target }) => target.account_id === 'bo'));
  });
});
