/** What ships as data, on pages made after what is publicly known of the sites: it parses, it finds, and it is not fooled. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { webkitMissing } from '../../support/webkit.ts';
import { type Bench, failsWith, openBench } from './harness.ts';

const dialog = (text: string) => `<main>a feed</main><div role="dialog"><h2>${text}</h2><button>OK</button></div>`;
const limits: [platform: string, page: string][] = [
  ['instagram', dialog('Try Again Later')],
  ['instagram', 'Please wait a few minutes before you try again.'],
  ['threads', dialog('Try again later')],
  ['tiktok', '<main>a video</main><div role="alert">You\'re commenting too fast. Take a break!</div>'],
  [
    'x',
    '<main>a post</main><div data-testid="toast"><span>You are over the daily limit for sending posts.</span></div>'
  ],
  ['x', '<div data-testid="error-detail">Rate limit exceeded</div>'],
  ['sora', '<main>drafts</main><div role="status">Too many requests, please slow down</div>']
];

describe('@site.rate_limited of the platforms, in a real WebKit', { skip: webkitMissing() ?? false }, () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench?.close());
  const looks = (platform: string, timeout: number) =>
    bench.attempt([{ type: 'waitForElement', selectors: ['@site.rate_limited'], visible: true, timeout }], {
      platform
    });

  it('is found on pages that say so', async () => {
    for (const [platform, page] of limits) {
      await bench.show(page);
      await looks(platform, 20_000);
    }
  });

  it('is not found where somebody only writes of it', async () => {
    const quoted = limits.map(([, page]) => page.replace(/<[^>]*>/g, ' ')).join(' ');
    await bench.show(`<main><article><p>${quoted}</p></article></main><div role="status">Posted</div>`);
    for (const platform of new Set(limits.map(([name]) => name))) {
      await assert.rejects(looks(platform, 100), failsWith('SELECTOR_MISSING'), platform);
    }
  });
});
