import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FlowAction } from '../../../schemas/generated/contracts.ts';
import { webkitMissing } from '../../support/webkit.ts';
import { type Bench, failsWith, openBench } from './harness.ts';

/** Its first button leads on to a thread, as pages do that draw themselves anew. */
const PAGE = `<button id="on" onclick="log.push('on'); history.pushState(null, '', '/messages/7?of=me')">On</button>
  <button id="send" onclick="log.push('send')">Send</button><input id="text">
  <script>window.log = []; text.addEventListener('input', () => log.push('text')); addEventListener('keydown', () => log.push('key'))</script>`;

describe('an action on a page of messages, in a real WebKit', { skip: webkitMissing() ?? false }, () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench?.close());
  const log = () => bench.ask<string[]>('return log');
  const goOn = () => bench.ask<void>(`history.replaceState(null, '', '/Messages//7'); return null`);

  const acts: [string, FlowAction['steps']][] = [
    ['clicks', [{ type: 'click', selectors: ['#send'] }]],
    ['double-clicks', [{ type: 'doubleClick', selectors: ['#send'] }]],
    ['types', [{ type: 'change', selectors: ['#text'], value: 'hi' }]],
    ['presses a key', [{ type: 'keyDown', key: 'Enter' }]],
    ['drags', [{ type: 'drag', selectors: ['#send'], to: ['#text'] }]]
  ];
  for (const [what, steps] of acts) {
    it(`does nothing there when it ${what} and was let out as one that reaches less`, async () => {
      await bench.show(PAGE);
      await goOn();
      for (const reach of ['nobody', 'comment'] as const) {
        await assert.rejects(
          bench.attempt(steps, { reach }),
          failsWith('REACH_EXCEEDED', (details) => {
            assert.deepEqual([details.reaches, details.sent], [reach, false]);
            assert.match(String(details.page), /^http:.*\/Messages\/\/7$/);
          })
        );
      }
      assert.deepEqual(await log(), []);
    });
  }

  it('goes on where it was let out as a message, and looks where pages of messages are nowhere', async () => {
    await bench.show(PAGE);
    await goOn();
    await bench.attempt([{ type: 'click', selectors: ['#send'] }], { reach: 'message' });
    await bench.attempt([{ type: 'click', selectors: ['#send'] }], { reach: 'nobody', platform: 'sora' });
    assert.deepEqual(await log(), ['send', 'send']);
  });

  it('stops before the step that would be the first there, and says that something was sent before', async () => {
    await bench.show(PAGE);
    await assert.rejects(
      bench.attempt(
        [
          { type: 'click', selectors: ['#on'] },
          { type: 'click', selectors: ['#send'] }
        ],
        { reach: 'post' }
      ),
      failsWith('REACH_EXCEEDED', ({ sent, page }) => {
        assert.equal(sent, true);
        assert.ok(!String(page).includes('of=me'), 'what is asked of a page may be private');
      })
    );
    assert.deepEqual(await log(), ['on']);
  });
});
