import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { DragStep } from '../../schemas/generated/contracts.ts';
import { type ElementRef, isDriverError, isLoss } from '../webdriver/client.ts';
import { collect, type Sent, type Witness } from './click.ts';
import { type Wanted, whenReady } from './locate.ts';
import { newToken, type Page, type Patience } from './page.ts';

/** A drag that jumps is none to most pages: it goes there in as many moves. */
const MOVES = 5;
const MOVE_MS = 30;
/** How far the mouse goes before it heads for an element: pages begin a drag after a few pixels. */
const START_PX = 8;

interface Ends {
  from: Wanted;
  /** null: by a distance. */
  to: Wanted | null;
}

/**
 * Drags an element onto another one, or by a distance. What the page declares draggable (HTML drag and drop) is dragged
 * with events made in the page: under WebDriver WebKit fires `dragstart` and never `drop`. Anything else is dragged with
 * a real mouse. Once: what a page does on the way is not known, so it is never tried again.
 * @throws ControlError ELEMENT_NOT_ACTIONABLE when nothing there takes the drop, CLICK_NOT_DELIVERED when the press did
 * not reach its element (nothing was done), those of `whenReady`
 */
export async function drag(
  page: Page,
  by: DragStep['by'],
  { from, to }: Ends,
  patience: Patience,
  onSent: () => Promise<void>
): Promise<Witness> {
  const goal = to && (await whenReady(page, 'ready', { ...to, covered: true }, patience));
  const token = newToken();
  const source = await whenReady<{ draggable: boolean }>(page, 'arm', from, patience, {
    token,
    ends: ['pointerdown', 'mousedown'],
    press: true
  });
  await onSent();
  if (source.draggable) {
    await page.ask('collect', { token, candidates: from.candidates });
    const { refused } = await page.ask<{ refused?: string }>('drop', {
      candidates: from.candidates,
      ...(to && { onto: to.candidates }),
      ...(by && { by })
    });
    if (refused === undefined) return 'DELIVERED';
    throw new ControlError('ELEMENT_NOT_ACTIONABLE', { step: from.step, reason: refused, waitedMs: patience.waitedMs });
  }
  const sent = await dragMouse(page, source.element, goal?.element ?? null, by, from.offset);
  const { verdict, strayed } = await collect(page, from, token, sent);
  if (verdict === 'DELIVERED' || verdict === 'GONE' || verdict === 'UNKNOWN') return verdict;
  const last = strayed === undefined ? 'no event arrived' : `it would have pressed ${strayed}, and was stopped`;
  throw new ControlError('CLICK_NOT_DELIVERED', { step: from.step, tries: 1, last });
}

/**
 * Three calls, because WebKit's driver takes an element for the corner of the page when one call measures from an element
 * and from the pointer. The mouse stays where it is, and the button down, between calls.
 */
async function dragMouse(
  page: Page,
  source: ElementRef,
  goal: ElementRef | null,
  by: DragStep['by'],
  offset: Wanted['offset']
): Promise<Sent> {
  const step = (x: number, y: number) => ({ type: 'pointerMove', duration: MOVE_MS, origin: 'pointer', x, y });
  const onGoal = { type: 'pointerMove', duration: MOVE_MS, origin: goal, x: 0, y: 0 };
  const up = { type: 'pointerUp', button: 0 };
  const mouse = (actions: unknown[]) =>
    page.session.performActions(
      [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }],
      page.options()
    );
  try {
    const grip = await page.ask<{ x: number; y: number }>('grip', { element: source, ...(offset && { offset }) });
    await mouse([
      { type: 'pointerMove', duration: 0, origin: source, ...grip },
      { type: 'pointerDown', button: 0 }
    ]);
    if (goal) {
      await mouse([step(START_PX, START_PX)]);
      await mouse([onGoal, onGoal, up]);
    } else {
      await mouse([...stepsOf(by?.x ?? 0, by?.y ?? 0).map(([x, y]) => step(x, y)), up]);
    }
    return 'taken';
  } catch (error) {
    if (isLoss(error) || isControlError(error, 'CANCELLED')) throw error;
    // The button may be down by now: it comes up wherever the mouse is.
    await page.pastAlerts(() => page.call((session, options) => session.releaseActions(options)));
    return isDriverError(error, 'move target out of bounds', 'stale element reference', 'no such element')
      ? 'refused'
      : 'unclear';
  }
}

/** The way in whole pixels, in `MOVES` parts that add up to it. */
function stepsOf(x: number, y: number): [number, number][] {
  const at = (i: number): [number, number] => [Math.round((x * i) / MOVES), Math.round((y * i) / MOVES)];
  return Array.from({ length: MOVES }, (_, i) => {
    const [x0, y0] = at(i);
    const [x1, y1] = at(i + 1);
    return [x1 - x0, y1 - y0];
  });
}
