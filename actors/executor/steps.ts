import { ControlError, isControlError } from '../../schemas/errors.ts';
import type {
  ClickStep,
  DoubleClickStep,
  HoverStep,
  KeyDownStep,
  KeyUpStep,
  ScrollStep,
  Selectors,
  SetViewportStep,
  Step,
  WaitForElementStep,
  WaitForExpressionStep
} from '../../schemas/generated/contracts.ts';
import { isDriverError, isLoss } from '../webdriver/client.ts';
import { change } from './change.ts';
import { type Gesture, type Witness, witnessedClick } from './click.ts';
import { keyOf } from './keys.ts';
import { type Tried, type Wanted, whenReady } from './locate.ts';
import { arrive, open } from './navigate.ts';
import { documentChanged, newToken, type Page, Patience, sleep } from './page.ts';
import { lookAt } from './predicate.ts';
import type { Candidate } from './selectors.ts';

/** Time for a step, ms, when it names none: the Recorder's. */
export const STEP_LIMIT_MS = 5_000;

export interface StepContext {
  page: Page;
  allowScript: boolean;
  candidatesFor: (step: { selectors: Selectors }) => Candidate[];
  /** For errors: 'COMMENT_CREATE step 2 (click)'. */
  name: string;
  /** Called right before anything is sent that may have an effect. */
  onSent: () => void;
}

/**
 * One step, once. Resolves with what a witness saw, null when nothing was pressed.
 * @throws ControlError with the step's name and what was tried
 */
export async function runStep(step: Step, context: StepContext): Promise<Witness | null> {
  const { page } = context;
  const patience = new Patience(('timeout' in step ? step.timeout : undefined) ?? STEP_LIMIT_MS);
  if ('target' in step && step.target !== undefined) await enterWindow(step.target, context, patience);
  switch (step.type) {
    case 'navigate':
      await open(page, step.url, step.timeout);
      return null;
    case 'setViewport':
      await setViewport(step, page);
      return null;
    case 'click':
    case 'doubleClick':
      return click(step, context, patience);
    case 'change':
      return change(page, wanted(step, context), step.value, patience, context.onSent);
    case 'hover':
      await hover(step, context, patience);
      return null;
    case 'keyDown':
    case 'keyUp':
      return key(step, context);
    case 'scroll':
      await scroll(step, context, patience);
      return null;
    case 'waitForElement':
      await waitForElement(step, context, patience);
      return null;
    case 'waitForExpression':
      await waitForExpression(step, context, patience);
      return null;
    case 'close':
      await close(page);
      return null;
  }
}

/** Where the step must have led, by its asserted events. @throws ControlError VERIFICATION_FAILED */
export async function assertEvents(
  step: Step,
  { page, name }: Pick<StepContext, 'page' | 'name'>,
  limitMs?: number
): Promise<void> {
  const events = ('assertedEvents' in step && step.assertedEvents) || [];
  const stepLimit = 'timeout' in step ? step.timeout : undefined;
  const patience = new Patience(limitMs ?? stepLimit ?? (step.type === 'navigate' ? 30_000 : STEP_LIMIT_MS));
  for (const event of events) await arrive(page, event, { action: name, patience });
}

const wanted = (
  step: { selectors: ClickStep['selectors']; frame?: number[]; offsetX?: number; offsetY?: number },
  { candidatesFor, name }: StepContext
): Wanted => ({
  step: name,
  candidates: candidatesFor(step),
  frame: step.frame,
  offset: step.offsetX !== undefined && step.offsetY !== undefined ? { x: step.offsetX, y: step.offsetY } : undefined
});

async function click(step: ClickStep | DoubleClickStep, context: StepContext, patience: Patience): Promise<Witness> {
  if (step.deviceType === 'touch' || step.deviceType === 'pen') {
    const reason = `desktop Safari has no ${step.deviceType} input; use deviceType mouse`;
    throw new ControlError('STEP_UNSUPPORTED', { step: context.name, reason });
  }
  const gesture: Gesture = {
    kind: step.type,
    button: step.button ?? 'primary',
    holdMs: (step.type === 'click' ? step.duration : undefined) ?? 0
  };
  return witnessedClick(context.page, wanted(step, context), gesture, patience, context.onSent);
}

async function hover(step: HoverStep, context: StepContext, patience: Patience): Promise<void> {
  const { page } = context;
  for (;;) {
    const { element } = await whenReady(page, 'ready', wanted(step, context), patience);
    const actions = [{ type: 'pointerMove', duration: 0, origin: element, x: 0, y: 0 }];
    try {
      await page.call((session, options) =>
        session.performActions(
          [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }],
          options
        )
      );
      if (await page.ask<boolean>('hovered', { element })) return;
    } catch (error) {
      if (!documentChanged(error) && !isDriverError(error, 'move target out of bounds')) throw error;
      page.forgetFrame();
    }
    if (patience.over) {
      const reason = 'the mouse went there and the element was elsewhere';
      throw new ControlError('ELEMENT_NOT_ACTIONABLE', { step: context.name, reason, waitedMs: patience.waitedMs });
    }
    await sleep(50, page.signal);
  }
}

/** A key goes to whatever has the focus; Enter may send a form, so it is witnessed and never pressed again. */
async function key(step: KeyDownStep | KeyUpStep, { page, name, onSent }: StepContext): Promise<Witness | null> {
  const actions = [{ type: step.type, value: keyOf(step.key, name) }];
  const send = () =>
    page.call((session, options) => session.performActions([{ type: 'key', id: 'keyboard', actions }], options));
  if (step.type === 'keyUp') {
    await send();
    return null;
  }
  const token = newToken();
  await page.ask('armKeys', { token });
  onSent();
  try {
    await send();
  } catch (error) {
    if (isLoss(error) || isControlError(error, 'CANCELLED')) throw error;
    if (!isControlError(error, 'DRIVER_ERROR')) throw error;
    return 'UNKNOWN';
  }
  try {
    const { verdict } = await page.ask<{ verdict: string }>(
      'collect',
      { token },
      { timeoutMs: page.session.deadlines.navigateMs }
    );
    return verdict === 'DELIVERED' || verdict === 'GONE' ? verdict : 'UNKNOWN';
  } catch (error) {
    if (documentChanged(error) || isControlError(error, 'NAVIGATION_TIMEOUT')) return 'GONE';
    if (isControlError(error, 'ALERT_OPEN')) return 'DELIVERED';
    throw error;
  }
}

async function scroll(step: ScrollStep, context: StepContext, patience: Patience): Promise<void> {
  const { page, name } = context;
  const candidates = step.selectors ? context.candidatesFor({ selectors: step.selectors }) : undefined;
  const position = { ...(step.x !== undefined && { x: step.x }), ...(step.y !== undefined && { y: step.y }) };
  for (;;) {
    let tried: Tried[] = [];
    try {
      await page.enter(step.frame);
      const done = await page.ask<{ element: boolean | null; tried: Tried[] }>('scroll', {
        ...(candidates && { candidates }),
        ...position
      });
      if (done.element) return;
      tried = done.tried;
    } catch (error) {
      if (!documentChanged(error)) throw error;
      page.forgetFrame();
    }
    if (patience.over) {
      throw tried.some((one) => (one.visible ?? 0) > 1)
        ? new ControlError('SELECTOR_AMBIGUOUS', { step: name, tried })
        : new ControlError('SELECTOR_MISSING', { step: name, tried, waitedMs: patience.waitedMs });
    }
    await sleep(50, page.signal);
  }
}

async function waitForElement(step: WaitForElementStep, context: StepContext, patience: Patience): Promise<void> {
  for (;;) {
    const look = await lookAt(context.page, step, context.candidatesFor);
    if (look.holds) return;
    if (patience.over) {
      if (look.count === 0) {
        throw new ControlError('SELECTOR_MISSING', {
          step: context.name,
          tried: look.tried,
          waitedMs: patience.waitedMs
        });
      }
      const where = `${context.name}: found ${look.count} of ${look.selector}, wanted ${step.operator ?? ''} ${step.count ?? 1}`;
      throw new ControlError('STEP_TIMEOUT', { step: where, waitedMs: patience.waitedMs });
    }
    await sleep(Math.min(100, patience.leftMs), context.page.signal);
  }
}

/** The expression runs as the script itself, not through eval, which a page's policy may forbid. */
async function waitForExpression(step: WaitForExpressionStep, context: StepContext, patience: Patience): Promise<void> {
  const { page, name } = context;
  if (!context.allowScript) throw new ControlError('SCRIPT_FORBIDDEN', { step: name });
  let why = '';
  for (;;) {
    try {
      await page.enter(step.frame);
      context.onSent();
      if (
        await page.call((session, options) => session.executeSync(`return Boolean(${step.expression}\n);`, [], options))
      )
        return;
    } catch (error) {
      if (documentChanged(error)) page.forgetFrame();
      else if (isDriverError(error, 'javascript error')) why = (error as ControlError<'DRIVER_ERROR'>).details.message;
      else throw error;
    }
    if (patience.over) {
      throw new ControlError('STEP_TIMEOUT', { step: why ? `${name} (${why})` : name, waitedMs: patience.waitedMs });
    }
    await sleep(Math.min(100, patience.leftMs), page.signal);
  }
}

/** As near as the screen lets the window be: a display may be smaller than the recorder's. */
async function setViewport({ width, height }: SetViewportStep, page: Page): Promise<void> {
  await page.enter();
  for (let tries = 0; tries < 2; tries += 1) {
    const inner = await page.ask<{ width: number; height: number }>('viewport', {});
    if (inner.width === width && inner.height === height) return;
    const outer = await page.session.windowRect(page.options());
    await page.session.setWindowRect(
      { width: outer.width + width - inner.width, height: outer.height + height - inner.height },
      page.options()
    );
  }
}

/** Closes a window the flow opened; the last one is the session's own and is emptied instead. */
async function close(page: Page): Promise<void> {
  const { session } = page;
  const handles = await session.windowHandles(page.options());
  page.forgetFrame();
  if (handles.length < 2) return open(page, 'about:blank');
  const [left] = await session.closeWindow(page.options());
  if (left) await session.switchToWindow(left, page.options());
}

/** `main` is the window that was there first; anything else, the address of a window. */
async function enterWindow(target: string, { page, name }: StepContext, patience: Patience): Promise<void> {
  const { session } = page;
  for (;;) {
    const handles = await session.windowHandles(page.options());
    if (handles.length === 1 && target === 'main') return;
    for (const handle of target === 'main' ? handles.slice(0, 1) : handles) {
      await session.switchToWindow(handle, page.options());
      page.forgetFrame();
      if (target === 'main' || (await session.url(page.options())) === target) return;
    }
    if (patience.over) {
      throw new ControlError('STEP_TIMEOUT', {
        step: `${name}: no window shows ${target}`,
        waitedMs: patience.waitedMs
      });
    }
    await sleep(100, page.signal);
  }
}
