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
