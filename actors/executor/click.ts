/**
 * The armed, witnessed click. A WebDriver click says 200 whether it hit its element, another one, or nothing. So
 * listeners are put in the page first, in the same turn in which the element was found ready; they record the real
 * events and stop those that would reach another element. Then the click is sent, and the listeners are asked.
 *
 * | the witness says | so | next |
 * | --- | --- | --- |
 * | DELIVERED | the element had it | never again |
 * | NOT_DELIVERED | nothing came, the document is the same | again, at most 3 |
 * | BLOCKED | it would have hit another element and was stopped | to the middle of the window, mouse first, again |
 * | GONE | no listeners: the document is another | as delivered |
 * | UNKNOWN | no answer, or the button went down on it and no click followed | never again; look whether it is done |
 */
import { ControlError, isControlError } from '../../schemas/errors.ts';
import { type ElementRef, isDriverError, isLoss } from '../webdriver/client.ts';
import { type Wanted, whenReady } from './locate.ts';
import { documentChanged, newToken, type Page, type Patience, sleep } from './page.ts';

export type Witness = 'DELIVERED' | 'GONE' | 'UNKNOWN';

export interface Gesture {
  kind: 'click' | 'doubleClick';
  button: 'primary' | 'auxiliary' | 'secondary';
  /** The button is held this long, ms. */
  holdMs: number;
}

/** How often nothing may arrive. */
const UNDELIVERED_LIMIT = 3;
/** How often something else may be in the way; each is harmless, but a page that never lets a click through must end. */
const BLOCKED_LIMIT = 20;
/**
 * After a press without a click: time for the document to leave, if the press made it. What the press puts off for later
 * than that, by a timer or a request, is seen when it is put off. ms
 */
const LEAVING_MS = 300;

interface Collected {
  verdict: 'DELIVERED' | 'NOT_DELIVERED' | 'BLOCKED' | 'GONE' | 'PRESSED';
  /** PRESSED: the page did something with the press. */
  acted?: boolean;
  /** PRESSED: when, on the page's clock. */
  at?: number;
  strayed?: string;
}

/**
 * Clicks once, as proved by the page. `onSent` is called right before anything is sent that may have an effect.
 * @throws ControlError CLICK_NOT_DELIVERED (nothing was done), those of `whenReady`, and a lost browser
 */
export async function witnessedClick(
  page: Page,
  wanted: Wanted,
  gesture: Gesture,
  patience: Patience,
  onSent: () => Promise<void>
): Promise<Witness> {
  let undelivered = 0;
  let blocked = 0;
  let strayed: string | undefined;
  for (;;) {
    const token = newToken();
    if (strayed !== undefined) await mouseFirst(page, wanted, patience);
    const { element, tried } = await whenReady(page, 'arm', { ...wanted, scroll: strayed !== undefined }, patience, {
      token,
      ends: endsOf(gesture)
    });
    await onSent();
    const sent = await send(page, element, gesture, wanted);
    const seen = await collect(page, wanted, token, sent);
    if (seen.verdict === 'DELIVERED') return 'DELIVERED';
    if (seen.verdict === 'GONE') return 'GONE';
    if (seen.verdict === 'UNKNOWN') return 'UNKNOWN';
    if (seen.verdict === 'BLOCKED') {
      blocked += 1;
      strayed = seen.strayed;
    } else {
      undelivered += 1;
    }
    const tries = undelivered + blocked;
    if (undelivered >= UNDELIVERED_LIMIT || blocked >= BLOCKED_LIMIT || patience.over) {
      const last = strayed === undefined ? 'no event arrived' : `it would have hit ${strayed}, and was stopped`;
      throw new ControlError('CLICK_NOT_DELIVERED', { step: wanted.step, tries, last, tried });
    }
  }
}

/** Events any of which completes the gesture; WebKit has said both click and auxclick for a middle button. */
const endsOf = ({ kind, button }: Gesture): string[] => {
  if (kind === 'doubleClick') return ['dblclick'];
  return { primary: ['click'], secondary: ['contextmenu'], auxiliary: ['auxclick', 'click'] }[button];
};

/** How the driver took it. REFUSED: certainly not done. */
export type Sent = 'taken' | 'refused' | 'unclear';

async function send(page: Page, element: ElementRef, gesture: Gesture, wanted: Wanted): Promise<Sent> {
  try {
    if (gesture.kind === 'click' && gesture.button === 'primary' && gesture.holdMs === 0 && !wanted.offset) {
      await page.session.elementClick(element, page.options());
    } else {
      await page.session.performActions([await pointer(page, element, gesture, wanted)], page.options());
    }
    return 'taken';
  } catch (error) {
    if (isLoss(error) || isControlError(error, 'CANCELLED')) throw error;
    if (
      documentChanged(error) ||
      isDriverError(error, 'element click intercepted', 'element not interactable', 'move target out of bounds')
    ) {
      return 'refused';
    }
    return 'unclear';
  }
}

/** WebDriver's offsets are from the element's centre, a flow's from its corner; one outside the element as it is now is left out. */
async function pointer(page: Page, element: ElementRef, gesture: Gesture, { offset }: Wanted): Promise<unknown> {
  let at = { x: 0, y: 0 };
  if (offset) {
    const rect = (await page.session.command(
      'GET',
      `/element/${Object.values(element)[0]}/rect`,
      undefined,
      page.options()
    )) as {
      width: number;
      height: number;
    };
    if (offset.x < rect.width && offset.y < rect.height) {
      at = { x: Math.round(offset.x - rect.width / 2), y: Math.round(offset.y - rect.height / 2) };
    }
  }
  const button = { primary: 0, auxiliary: 1, secondary: 2 }[gesture.button];
  const press = [
    { type: 'pointerDown', button },
    ...(gesture.holdMs > 0 ? [{ type: 'pause', duration: Math.round(gesture.holdMs) }] : []),
    { type: 'pointerUp', button }
  ];
  return {
    type: 'pointer',
    id: 'mouse',
    parameters: { pointerType: 'mouse' },
    actions: [
      { type: 'pointerMove', duration: 0, origin: element, ...at },
      ...press,
      ...(gesture.kind === 'doubleClick' ? press : [])
    ]
  };
}

/** What the listeners under `token` saw of what was sent; they are gone then. */
export async function collect(
  page: Page,
  wanted: Wanted,
  token: string,
  sent: Sent
): Promise<{ verdict: Exclude<Collected['verdict'], 'PRESSED'> | 'UNKNOWN'; strayed?: string }> {
  const seen = await ask(page, wanted, token);
  if (seen.verdict === 'GONE') {
    // The driver said it did not click, and another document is here: that one was not clicked either.
    return sent === 'refused' ? { verdict: 'NOT_DELIVERED' } : { verdict: 'GONE' };
  }
  if (seen.verdict === 'PRESSED') {
    if (seen.acted) return { verdict: 'UNKNOWN' };
    const still = newToken();
    try {
      await page.ask('mark', { token: still });
      await sleep(LEAVING_MS, page.signal);
      const { marked, asked } = await page.ask<{ marked: boolean; asked: boolean }>('aftermath', {
        token: still,
        at: seen.at
      });
      if (marked && asked) return { verdict: 'UNKNOWN' };
      return marked ? { verdict: 'BLOCKED', strayed: seen.strayed ?? 'nothing' } : { verdict: 'GONE' };
    } catch (error) {
      if (documentChanged(error)) return { verdict: 'GONE' };
      throw error;
    }
  }
  if (seen.verdict === 'NOT_DELIVERED' && sent === 'unclear') return { verdict: 'UNKNOWN' };
  return seen as { verdict: 'DELIVERED' | 'NOT_DELIVERED' | 'BLOCKED' | 'UNKNOWN'; strayed?: string };
}

async function ask(
  page: Page,
  { candidates }: Wanted,
  token: string
): Promise<Omit<Collected, 'verdict'> & { verdict: Collected['verdict'] | 'UNKNOWN' }> {
  for (let alerts = 0; ; ) {
    try {
      // A click that navigates may make the next command wait for the page: longer than a read.
      return await page.ask<Collected>(
        'collect',
        { token, candidates },
        { timeoutMs: page.session.deadlines.navigateMs }
      );
    } catch (error) {
      if (isLoss(error) || isControlError(error, 'CANCELLED')) throw error;
      // What the click itself opened was read and dismissed; the witness stands behind it.
      if (isControlError(error, 'ALERT_OPEN') && alerts < 3) {
        alerts += 1;
        continue;
      }
      if (documentChanged(error) || isControlError(error, 'NAVIGATION_TIMEOUT')) {
        page.forgetFrame();
        return { verdict: 'GONE' };
      }
      return { verdict: 'UNKNOWN' };
    }
  }
}

/** Some pages move when the mouse comes near: let it come before the click is aimed. */
async function mouseFirst(page: Page, wanted: Wanted, patience: Patience): Promise<void> {
  const { element } = await whenReady(page, 'ready', { ...wanted, scroll: true }, patience);
  const actions = [{ type: 'pointerMove', duration: 0, origin: element, x: 0, y: 0 }];
  try {
    await page.session.performActions(
      [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }],
      page.options()
    );
  } catch (error) {
    if (!documentChanged(error) && !isDriverError(error, 'move target out of bounds')) throw error;
  }
}
