import { ControlError } from '../../schemas/errors.ts';
import type { FlowAction, WaitForElementStep } from '../../schemas/generated/contracts.ts';
import { open } from './navigate.ts';
import { type Page, Patience, sleep } from './page.ts';
import { type Look, lookAt, poll, wantsPresence } from './predicate.ts';
import type { Candidate } from './selectors.ts';

/** How long what a dedupe predicate needs to be there may take, and how long what it excludes must stay away, ms. */
const DEDUPE_PRESENCE_MS = 5_000;
const DEDUPE_ABSENCE_MS = 250;

/**
 * What shows that the action is done already; null when it is not. Only something found that should not be there says
 * so: a page that lacks what the predicate needs has not loaded, and is an error rather than a done action.
 * @throws ControlError SELECTOR_MISSING
 */
export async function alreadyDone(
  page: Page,
  { attempt, dedupe }: FlowAction,
  candidatesFor: (step: WaitForElementStep) => Candidate[]
): Promise<Look | null> {
  for (const [i, step] of dedupe!.steps.entries()) {
    if (step.type === 'navigate') {
      await open(page, step.url, step.timeout);
    } else if (wantsPresence(step)) {
      const limitMs = step.timeout ?? dedupe!.timeoutMs ?? DEDUPE_PRESENCE_MS;
      const { holds, looks, waitedMs } = await poll(page, { steps: [step] }, { limitMs, candidatesFor, atOnce: true });
      const tried = looks[0]?.tried ?? [];
      if (!holds) throw new ControlError('SELECTOR_MISSING', { step: `${attempt} dedupe ${i + 1}`, tried, waitedMs });
    } else {
      const found = await appears(page, step, candidatesFor, step.timeout ?? dedupe!.timeoutMs ?? DEDUPE_ABSENCE_MS);
      if (found) return found;
    }
  }
  return null;
}

/**
 * Watches until the page has stood still this long since it loaded: a list may still be filling in.
 * The look at which there was too much; null when there never was.
 */
async function appears(
  page: Page,
  step: WaitForElementStep,
  candidatesFor: (step: WaitForElementStep) => Candidate[],
  settledMs: number
): Promise<Look | null> {
  const patience = new Patience(settledMs);
  for (;;) {
    const loadedMs = await page.ask<number>('loadedMs', {});
    const look = await lookAt(page, step, candidatesFor);
    if (!look.holds && look.count > 0) return look;
    if (patience.over || loadedMs >= settledMs) return null;
    await sleep(Math.min(100, patience.leftMs, settledMs - loadedMs), page.signal);
  }
}
