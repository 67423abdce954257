// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a flow’s placeholders
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalHash } from '../../../actors/command/approval-plan.ts';
import { acts, asAttempted, reachesOf } from '../../../actors/command/reaches.ts';
import { isMessageAddress } from '../../../actors/executor/message-page.ts';
import { loadFlows, loadRegistry } from '../../../actors/executor/registry.ts';
import { canonical, sha256 } from '../../../machines/action-hash.ts';
import type { Flow, FlowAction, Reach } from '../../../schemas/generated/contracts.ts';

const registry = { message_pages: ['/direct', '/i/chat'] };
const click = (...selectors: string[]) => ({ type: 'click' as const, selectors });
const open = (url: string) => ({ type: 'navigate' as const, url });
const action = (over: Partial<FlowAction>): FlowAction => ({
  attempt: 'A',
  effect: 'write',
  steps: [click('#b')],
  ...over
});
const reaches = (actions: FlowAction[], { isTrusted = true, params = {} } = {}) =>
  reachesOf({ name: 'f', platforms: ['*'], actions }, { params, registry, isTrusted });

describe('whom an action reaches', () => {
  it('is somebody by message, when it acts and does not say', () => {
    const steps: FlowAction['steps'][] = [
      [click('#send')],
      [{ type: 'doubleClick', selectors: ['#send'] }],
      [{ type: 'change', selectors: ['textarea'], value: 'hi' }],
      [{ type: 'keyDown', key: 'Enter' }],
      [{ type: 'waitForExpression', expression: 'send()' }],
      [open('https://x/p/1'), click('#send')]
    ];
    for (const one of steps) {
      for (const effect of ['read', 'write'] as const) {
        for (const isTrusted of [true, false]) {
          assert.deepEqual(reaches([action({ effect, steps: one })], { isTrusted }), ['message'], JSON.stringify(one));
        }
      }
    }
  });

  it('is nobody, when it only looks', () => {
    const steps: FlowAction['steps'] = [
      open('https://x/direct/1'),
      { type: 'waitForElement', selectors: ['@dm.thread'] },
      { type: 'hover', selectors: ['@dm.send'] },
      { type: 'scroll' }
    ];
    assert.deepEqual(reaches([action({ effect: 'read', steps })]), ['nobody']);
  });

  it('is what it says, of those whose word it is, and a message of others', () => {
    for (const reach of ['nobody', 'like', 'follow', 'comment', 'post', 'message'] as Reach[]) {
      assert.deepEqual(reaches([action({ reaches: reach })]), [reach]);
      assert.deepEqual(reaches([action({ reaches: reach })], { isTrusted: false }), ['message']);
    }
  });

  it('is somebody by message whatever it says, on a name of messages', () => {
    for (const name of ['@dm.send', '@message.input', '@messages.send', '@chat.send', '@thread.reply', '@inbox.row']) {
      assert.deepEqual(reaches([action({ reaches: 'nobody', steps: [click('#a', name)] })]), ['message'], name);
    }
    assert.deepEqual(
      reaches([action({ reaches: 'like', steps: [{ type: 'click', selectors: [['#host', '@dm.send']] }] })]),
      ['message']
    );
    const byParam = action({ reaches: 'nobody', steps: [click('@${params.where}')] });
    assert.deepEqual(reaches([byParam], { params: { where: 'dm.send' } }), ['message']);
    assert.deepEqual(reaches([action({ reaches: 'like', steps: [click('@post.like_button')] })]), ['like']);
  });

  it('is somebody by message whatever it says, under an address of messages, however a param leads there', () => {
    const comment = [
      action({ effect: 'read', steps: [open('${params.post_url}')] }),
      action({ reaches: 'comment', steps: [click('@post.comment_submit')] })
    ];
    const led = (post_url: string) => reaches(comment, { params: { post_url } })[1];
    assert.equal(led('https://x/p/1'), 'comment');
    for (const url of [
      'https://x/direct/t/1',
      'https://x/direct',
      'https://x//direct/t/1',
      'https://x/p/../direct/t/1',
      'https://x/DIRECT/t/1',
      'https://x/%64irect/t/1',
      'https://x/p/..%2Fdirect',
      'https://x/i/chat?to=1'
    ]) {
      assert.equal(led(url), 'message', url);
    }
    assert.equal(led('https://x/directory'), 'comment');
    assert.equal(isMessageAddress('no address', registry), false);
  });

  it('makes a write of what calls itself a read, so that it is attempted once', () => {
    const flow: Flow = {
      name: 'f',
      platforms: ['*'],
      actions: [action({ effect: 'read' }), action({ effect: 'read' })]
    };
    assert.deepEqual(
      asAttempted(flow, ['message', 'nobody']).actions.map(({ effect }) => effect),
      ['write', 'read']
    );
  });

  it('is said by every flow that ships, for what acts', () => {
    const registry = loadRegistry();
    for (const flow of loadFlows()) {
      for (const one of flow.actions.filter(acts)) assert.ok(one.reaches, `${flow.name} ${one.attempt}`);
    }
    assert.ok(registry.platforms.every((name) => name === 'sora' || registry.get(name)?.message_pages?.length));
  });
});

describe('the hash of an action', () => {
  it('is SHA-256, in the machine as outside of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        assert.equal(sha256(text), createHash('sha256').update(text).digest('hex'));
      }),
      { numRuns: 200 }
    );
    const value = { b: [1, 'é🎭', null], a: { d: undefined, c: true } };
    assert.equal(sha256(canonical(value)), canonicalHash(value));
  });
});
