// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a flow's placeholders
import type { Flow } from '../../schemas/generated/contracts.ts';

const text = { type: 'string', minLength: 1 } as const;
const params = (...names: string[]) => ({
  type: 'object',
  additionalProperties: false,
  required: names,
  properties: Object.fromEntries(names.map((name) => [name, text]))
});
const open = {
  attempt: 'OPEN',
  effect: 'read' as const,
  steps: [{ type: 'navigate' as const, url: 'https://site.test/p/${params.post}' }]
};
const see = (as: string, selector: string) => ({
  as,
  steps: [{ type: 'waitForElement' as const, selectors: [selector] }]
});

/** From the first look to the last, ms. */
export const POLL_LIMIT_MS = 240_000;

/** What the clients of the simulation ask for. A message reaches another person: each one is allowed, or does not go out. */
export const flows: Flow[] = [
  { name: 'look', platforms: ['*'], params: params('post'), actions: [open] },
  {
    name: 'comment',
    platforms: ['*'],
    params: params('post', 'text'),
    actions: [
      open,
      {
        attempt: 'COMMENT',
        effect: 'write',
        reaches: 'comment',
        steps: [
          { type: 'change', selectors: ['textarea'], value: '${params.text}' },
          { type: 'click', selectors: ['button.send'] }
        ],
        verify: see('COMMENT_SHOWN', '.comment')
      },
      {
        attempt: 'LIKE',
        effect: 'write',
        reaches: 'like',
        dedupe: { steps: [{ type: 'waitForElement', selectors: ['.like:not(.on)'] }] },
        steps: [{ type: 'click', selectors: ['.like'] }],
        verify: { ...see('LIKE_SHOWN', '.like.on'), afterReload: true }
      }
    ]
  },
  {
    name: 'make',
    platforms: ['*'],
    params: params('post', 'text'),
    actions: [
      open,
      {
        attempt: 'MAKE',
        effect: 'write',
        reaches: 'nobody',
        dedupe: { steps: [{ type: 'waitForElement', selectors: ['.mine'], count: 0 }] },
        steps: [
          { type: 'change', selectors: ['textarea'], value: '${params.text}' },
          { type: 'click', selectors: ['button.make'] }
        ],
        verify: { ...see('MAKE_SHOWN', '.mine'), afterReload: true }
      },
      {
        attempt: 'CHECK',
        effect: 'read',
        steps: open.steps,
        verify: see('MADE', '.mine.ready'),
        poll: { everyMs: 3_000, maxEveryMs: 20_000, limitMs: POLL_LIMIT_MS, failed: [see('GIVEN_UP', '.mine.failed')] }
      },
      { ...open, attempt: 'FETCH', verify: see('FETCHED', '.mine.ready') }
    ]
  },
  {
    name: 'message',
    platforms: ['*'],
    approval: 'required',
    params: params('to', 'text'),
    actions: [
      { attempt: 'FIND', effect: 'read', steps: [{ type: 'navigate', url: 'https://site.test/u/${params.to}' }] },
      {
        attempt: 'SEND',
        effect: 'write',
        reaches: 'message',
        steps: [
          { type: 'change', selectors: ['textarea'], value: '${params.text}' },
          { type: 'click', selectors: ['button.send'] }
        ],
        verify: see('MESSAGE_SHOWN', '.message')
      }
    ]
  }
];
