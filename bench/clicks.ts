/**
 * Clicks that are witnessed against blind WebDriver clicks, on the page whose button moves and on the one whose layout
 * jumps: how many had exactly the one right effect, none, or a wrong one, and what the proof costs. By turns, in one run,
 * because a machine's speed changes from minute to minute. What counts is what the site wrote down: the only witness
 * that cannot be fooled.
 *
 * Both ways put the text in through the same step, which is not in the time: only the click is. Not measured with Appium
 * between, nor with the journal.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArtifactStore } from '../actors/executor/artifacts.ts';
import { createStepExecutor } from '../actors/executor/executor.ts';
import { loadRegistry } from '../actors/executor/registry.ts';
import type { Step } from '../schemas/generated/contracts.ts';
import { startSite } from '../test/site/site.ts';
import { openWebKit, webkitMissing } from '../test/support/webkit.ts';

const TRIES = 60;
const PAGES = { moving: 'variant=moving&glide=200&rest=250', shifting: 'variant=shifting&every=300' };
/** A comment that is not written by then is not written. ms */
const SETTLED_MS = 1_500;
const SUBMIT = '[data-testid="comment-submit"]';

interface Count {
  right: number;
  none: number;
  wrong: number;
  ms: number[];
}

const missing = webkitMissing();
if (missing) {
  console.log(`clicks: not measured here: ${missing}`);
  process.exit(0);
}

const folder = await mkdtemp(join(tmpdir(), 'troupe-bench-'));
const site = await startSite({ visitor: 'alice' });
const webkit = await openWebKit();
const executor = createStepExecutor({
  pool: { get: () => webkit.session, reportLoss: () => {} },
  registry: loadRegistry(),
  artifacts: new ArtifactStore(folder)
});
const { signal } = new AbortController();

try {
  for (const [page, query] of Object.entries(PAGES)) {
    site.reset();
    const counts = { blind: none(), witnessed: none() };
    await attempt([{ type: 'navigate', url: site.postUrl(1, query) }]);
    for (let i = 0; i < TRIES * 2; i += 1) {
      const way = (i + Math.floor(i / 2)) % 2 === 0 ? 'blind' : 'witnessed';
      await once(way, counts[way], `${page} ${way} ${i}`);
    }
    const ratio = median(counts.witnessed.ms) / median(counts.blind.ms);
    for (const [way, { right, none, wrong, ms }] of Object.entries(counts)) {
      console.log(
        `clicks: ${page}, ${way}: of ${TRIES} clicks ${right} had the one right effect, ${none} none, ${wrong} a wrong one; ${median(ms).toFixed(0)} ms each`
      );
    }
    console.log(`clicks: ${page}: witnessed ${ratio.toFixed(2)} times as long as blind`);
  }
} finally {
  await webkit.close();
  await site.close();
  await rm(folder, { recursive: true, force: true });
}

async function once(way: 'blind' | 'witnessed', count: Count, text: string): Promise<void> {
  await attempt([{ type: 'change', selectors: ['@post.comment_input'], value: text, timeout: 30_000 }]);
  const decoys = site.counts().decoy;
  const from = performance.now();
  if (way === 'blind') await blindClick();
  else await attempt([{ type: 'click', selectors: ['@post.comment_submit'], timeout: 30_000 }]);
  count.ms.push(performance.now() - from);
  const written = await isWritten(text);
  if (site.counts().decoy > decoys || written > 1) count.wrong += 1;
  else if (written === 1) count.right += 1;
  else count.none += 1;
  // The page empties its field when the server has it: what is typed before that would be emptied too.
  if (written > 0) {
    await attempt([
      { type: 'waitForElement', selectors: ['@post.comment_input'], properties: { value: '' }, timeout: 10_000 }
    ]);
  }
}

/** Finds it and clicks it, as a program does that knows no better; an error is a click that had no effect. */
async function blindClick(): Promise<void> {
  const [button] = await webkit.session.findElements('css selector', SUBMIT);
  await webkit.session.elementClick(button!).catch(() => {});
}

/** How often it was written, once that can be said. */
async function isWritten(text: string): Promise<number> {
  const until = performance.now() + SETTLED_MS;
  while (performance.now() < until && site.counts({ kind: 'comment', text }).comment === 0) await sleep(10);
  return site.counts({ kind: 'comment', text }).comment;
}

function attempt(steps: Step[]) {
  const action = { attempt: 'CLICK', effect: 'write' as const, steps };
  const run = {
    commandId: 'bench',
    lease: { slot: 'bench', fencing: 1 },
    platform: 'example',
    accountId: 'alice',
    allowScript: false,
    params: {},
    before: [],
    intent: 'bench',
    action
  };
  return executor.attempt(run, { id: 'bench', resumed: false }, signal);
}

function none(): Count {
  return { right: 0, none: 0, wrong: 0, ms: [] };
}

function median(numbers: number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
