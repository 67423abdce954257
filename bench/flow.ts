/**
 * The time `comment_on_post` takes in a real WebKit through the step executor, against the same journey made of plain
 * WebDriver calls: open the post, see it, take a picture, type, click, see the comment, load the page anew, see it
 * again, take a picture. In pairs, in one run, because a machine's speed changes from minute to minute.
 *
 * The plain calls prove nothing: they do not look whether the comment is there already, aim at whatever is where the
 * button was, and never read back what they typed. What that costs is the ratio. It is not measured with Appium between,
 * nor with the journal: that is the same for both.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactStore } from '../actors/executor/artifacts.ts';
import { createStepExecutor } from '../actors/executor/executor.ts';
import { loadFlows, loadRegistry } from '../actors/executor/registry.ts';
import { resolveFlow } from '../actors/executor/resolve.ts';
import type { ElementRef, WebDriverSession } from '../actors/webdriver/client.ts';
import { startSite } from '../test/site/site.ts';
import { openWebKit, webkitMissing } from '../test/support/webkit.ts';

const PAIRS = 10;
const POLL_MS = 20;

const missing = webkitMissing();
if (missing) {
  console.log(`flow: not measured here: ${missing}`);
  process.exit(0);
}

const folder = await mkdtemp(join(tmpdir(), 'troupe-bench-'));
const site = await startSite({ visitor: 'alice' });
// The driver waits for pages, for plain calls know no better; the executor takes either.
const webkit = await openWebKit({ pageLoadStrategy: 'normal' });
const flow = loadFlows().find(({ name }) => name === 'comment_on_post')!;
const artifacts = new ArtifactStore(folder);
const executor = createStepExecutor({
  pool: { get: () => webkit.session, reportLoss: () => {} },
  registry: loadRegistry(),
  artifacts
});
/** Time in each call of the executor, ms. */
const parts: Record<string, number[]> = {};

try {
  const times: { troupe: number[]; plain: number[] } = { troupe: [], plain: [] };
  const ways = { troupe, plain };
  for (let pair = 0; pair <= PAIRS; pair += 1) {
    const order = pair % 2 === 0 ? (['troupe', 'plain'] as const) : (['plain', 'troupe'] as const);
    for (const way of order) {
      const text = `${way} ${pair}`;
      const from = performance.now();
      await ways[way](webkit.session, text);
      // The first pair warms up.
      if (pair > 0) times[way].push(performance.now() - from);
      if (site.writes({ kind: 'comment', text }).length !== 1) throw new Error(`'${text}' is not there exactly once`);
    }
    if (pair === 0) for (const name of Object.keys(parts)) delete parts[name];
  }
  const ratios = times.troupe.map((time, i) => time / times.plain[i]!);
  console.log(
    `flow: comment_on_post in WebKit, attempted once and proved: ${round(median(times.troupe))} ms; the same journey by plain WebDriver calls: ${round(median(times.plain))} ms; ratio ${median(ratios).toFixed(2)} (${PAIRS} pairs)`
  );
  const where = Object.entries(parts).map(([name, spent]) => `${name} ${round(median(spent))} ms`);
  console.log(`flow: of that ${where.join(', ')}`);
} finally {
  await webkit.close();
  await site.close();
  await rm(folder, { recursive: true, force: true });
}

async function troupe(_: WebDriverSession, text: string): Promise<void> {
  const params = { post_url: site.postUrl(1), text };
  const actions = resolveFlow(flow, params);
  const { signal } = new AbortController();
  for (const [i, action] of actions.entries()) {
    const run = {
      commandId: text,
      lease: { slot: 'bench', fencing: 1 },
      platform: 'example',
      accountId: 'alice',
      allowScript: false,
      params,
      before: actions.slice(0, i),
      intent: text,
      action
    };
    await timed(`${action.attempt} prepare`, () => executor.prepare(run, signal));
    await timed(`${action.attempt} attempt`, () => executor.attempt(run, { id: text, resumed: false }, signal));
    const { outcome, why } = await timed(`${action.attempt} verify`, () => executor.verify(run, signal));
    if (outcome !== 'VERIFIED') throw new Error(`${action.attempt}: ${why}`);
  }
}

async function plain(session: WebDriverSession, text: string): Promise<void> {
  const own = `//*[@data-testid='comment' and @data-own='true'][normalize-space(.//*[@data-testid='comment-text'])='${text}']`;
  await session.navigate(site.postUrl(1));
  const input = await one(session, 'css selector', '[data-testid="comment-input"]');
  await one(session, 'css selector', '[data-testid="post-body"]');
  await artifacts.store(await session.screenshot(), 'screenshot', 'image/png');
  await session.elementSendKeys(input, text);
  await session.elementClick(await one(session, 'css selector', '[data-testid="comment-submit"]'));
  await one(session, 'xpath', own);
  await session.refresh();
  await one(session, 'xpath', own);
  await artifacts.store(await session.screenshot(), 'screenshot', 'image/png');
}

/** The element, as soon as it is there. */
async function one(session: WebDriverSession, using: 'css selector' | 'xpath', value: string): Promise<ElementRef> {
  const until = performance.now() + 10_000;
  for (;;) {
    const [found] = await session.findElements(using, value);
    if (found) return found;
    if (performance.now() > until) throw new Error(`no ${value}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function timed<T>(name: string, task: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const result = await task();
  parts[name] = [...(parts[name] ?? []), performance.now() - from];
  return result;
}

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function round(ms: number): string {
  return ms.toFixed(0);
}
