import { ControlError } from '../../schemas/errors.ts';
import type { Frame } from '../../schemas/generated/contracts.ts';
import type { ElementRef } from '../webdriver/client.ts';
import { documentChanged, type Page, type Patience, sleep, windowGone } from './page.ts';
import type { Candidate } from './selectors.ts';

/** How long one question waits inside the page for an element to be ready, ms; then we look at the clock and the signal. */
const BUDGET_MS = 1_000;

export interface Tried {
  selector: string;
  found: number;
  /** Of those, how many can be seen. */
  visible?: number;
}

/** The page's answer about the element of a step; see `ready` in `page/actionable.js`. */
export type Found<More = unknown> =
  | ({ element: ElementRef; selector: string; tried: Tried[] } & More)
  | {
      element: null;
      status: 'missing' | 'ambiguous' | 'hidden' | 'obstructed';
      reason?: string;
      tried: Tried[];
    };

export interface Wanted {
  /** For errors: 'COMMENT_CREATE step 2 (click)'. */
  step: string;
  candidates: Candidate[];
  frame?: Frame | undefined;
  offset?: { x: number; y: number } | undefined;
  /** Scroll it to the middle of the window even when it is in view. */
  scroll?: boolean;
  /** It need not be on top: a drop finds what is beneath. */
  covered?: boolean;
}

/**
 * Asks until the one element is ready, within the step's time.
 * @param operation what is to be done in the same turn as the element is found ready
 * @throws ControlError SELECTOR_MISSING, SELECTOR_AMBIGUOUS, ELEMENT_NOT_ACTIONABLE with what was tried
 */
export async function whenReady<More>(
  page: Page,
  operation: 'ready' | 'arm' | 'field',
  wanted: Wanted,
  patience: Patience,
  args: Record<string, unknown> = {},
  sensitive = false
): Promise<Extract<Found<More>, { element: ElementRef }>> {
  let last: Found<More> | null = null;
  let where = 'the frame is not there';
  for (;;) {
    try {
      await page.enter(wanted.frame);
      last = await page.await<Found<More>>(
        operation,
        {
          candidates: wanted.candidates,
          ...(wanted.offset && { offset: wanted.offset }),
          ...(wanted.scroll && { scroll: true }),
          ...(wanted.covered && { covered: true }),
          budgetMs: Math.min(BUDGET_MS, patience.leftMs),
          ...args
        },
        { sensitive }
      );
      if (last.element) return last as Extract<Found<More>, { element: ElementRef }>;
    } catch (error) {
      // A window that has closed does not come back: whoever runs the step decides where it goes on.
      if (!documentChanged(error) || windowGone(error)) throw error;
      page.forgetFrame();
      where = wanted.frame?.length ? 'its frame is not there' : 'the page keeps changing';
    }
    if (patience.over) throw notReady(wanted, last, where, patience);
    await sleep(20, page.signal);
  }
}

function notReady({ step }: Wanted, last: Found | null, where: string, { waitedMs }: Patience): ControlError {
  if (last === null || last.element !== null) {
    return new ControlError('ELEMENT_NOT_ACTIONABLE', { step, reason: where, waitedMs });
  }
  const { tried, status } = last;
  switch (status) {
    case 'missing':
      return new ControlError('SELECTOR_MISSING', { step, tried, waitedMs });
    case 'ambiguous':
      return new ControlError('SELECTOR_AMBIGUOUS', { step, tried });
    default: {
      const reason = last.reason ?? 'it is not visible';
      return new ControlError('ELEMENT_NOT_ACTIONABLE', { step, reason, waitedMs, tried });
    }
  }
}
