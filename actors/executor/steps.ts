import { ControlError } from '../../schemas/errors.ts';
import type {
  ClickStep,
  CloseStep,
  DoubleClickStep,
  DragStep,
  HoverStep,
  ScrollStep,
  Selectors,
  SetViewportStep,
  Step,
  WaitForElementStep,
  WaitForExpressionStep
} from '../../schemas/generated/contracts.ts';
import { isDriverError } from '../webdriver/client.ts';
import { change } from './change.ts';
import { type Gesture, type Witness, witnessedClick } from './click.ts';
import { drag } from './drag.ts';
import { key } from './keyboard.ts';
import { type Tried, type Wanted, whenReady } from './locate.ts';
import { arrive, open } from './navigate.ts';
import { documentChanged, type Page, Patience, sleep, windowGone } from './page.ts';
import { lookAt } from './predicate.ts';
import type { Candidate } from './selectors.ts';
import { unsupported } from './unsupported.ts';
import { closeWindow, enterTarget, findTarget, showsElsewhere, standSomewhere } from './windows.ts';

/** Time for a step, ms, when it names none: the Recorder's. */
export const STEP_LIMIT_MS = 5_000;
/** How long one asking of an expression may wait for its promise, ms: below the driver's limit for a script. */
const EXPRESSION_LIMIT_MS = 8_000;
/** So many looks at the end of a list, 200 ms apart, before it is taken for the end. */
const END_LOOKS = 5;

export interface StepContext {
  page: Page;
  allowScript: boolean;
  candidatesFor: (step: { selectors: Selectors }) => Candidate[];
  /** For errors: 'COMMENT_CREATE step 2 (click)'. */
  name: string;
  /** Called right before anything is sent that may have an effect. */
  onSent: () => Promise<void>;
  /** Folder of the files that may be put into pages. */
  uploads?: string | undefined;
}

/**
 * One step, once. Resolves with what a witness saw, null when nothing was pressed.
 * @throws ControlError with the step's name and what was tried
 */
export async function runStep(step: Step, context: StepContext): Promise<Witness | null> {
  const { page, name } = context;
  const reason = unsupported(step);
  if (reason !== null) throw new ControlError('STEP_UNSUPPORTED', { step: name, reason });
  const patience = new Patience(step.timeout ?? STEP_LIMIT_MS);
  page.doing = step;
  page.answer = ('dialog' in step && step.dialog) || null;
  await standSomewhere(page);
  if (step.type === 'close') return close(step, page);
  if (step.target !== undefined) await enterTarget(page, step.target, name, patience);
  let sent = false;
  const watched: StepContext = {
    ...context,
    async onSent() {
      sent = true;
      await context.onSent();
    }
  };
  try {
    return await perform(step, watched, patience);
  } catch (error) {
    // The step before closed its window a moment late: nothing of this one was sent, so it is done in the first window.
    if (!windowGone(error) || sent || step.target !== undefined) throw error;
    page.forgetFrame();
    await standSomewhere(page);
    return perform(step, watched, patience);
  }
}

async function perform(
  step: Exclude<Step, CloseStep>,
  context: StepContext,
  patience: Patience
): Promise<Witness | null> {
  const { page } = context;
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
      return change(page, wanted(step, context), step.value, patience, context);
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
    case 'drag':
      return dragged(step, context, patience);
  }
}

/** Where the step must have led, by its asserted events. @throws ControlError VERIFICATION_FAILED */
export async function assertEvents(
  step: Step,
  { page, name }: Pick<StepContext, 'page' | 'name'>,
  limitMs?: number
): Promise<void> {
  const events = step.assertedEvents ?? [];
  const patience = new Patience(limitMs ?? step.timeout ?? (step.type === 'navigate' ? 30_000 : STEP_LIMIT_MS));
  const elsewhere = (url: string) => showsElsewhere(page, url);
  for (const event of events) await arrive(page, event, { action: name, patience, elsewhere });
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
  const gesture: Gesture = {
    kind: step.type,
    button: (step.button ?? 'primary') as Gesture['button'],
    holdMs: (step.type === 'click' ? step.duration : undefined) ?? 0
  };
  return witnessedClick(context.page, wanted(step, context), gesture, patience, context.onSent);
}

function dragged(step: DragStep, context: StepContext, patience: Patience): Promise<Witness> {
  const to = step.to ? wanted({ selectors: step.to, ...(step.frame && { frame: step.frame }) }, context) : null;
  return drag(context.page, step.by, { from: wanted(step, context), to }, patience, context.onSent);
}

/** A window that has closed itself meanwhile needs no closing. */
async function close(step: CloseStep, page: Page): Promise<null> {
  if (step.target === undefined || (await findTarget(page, step.target))) await closeWindow(page);
  return null;
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
      if (windowGone(error) || (!documentChanged(error) && !isDriverError(error, 'move target out of bounds')))
        throw error;
      page.forgetFrame();
    }
    if (patience.over) {
      const reason = 'the mouse went there and the element was elsewhere';
      throw new ControlError('ELEMENT_NOT_ACTIONABLE', { step: context.name, reason, waitedMs: patience.waitedMs });
    }
    await sleep(50, page.signal);
  }
}

async function scroll(step: ScrollStep, context: StepContext, patience: Patience): Promise<void> {
  if (step.until) return scrollUntil(step, step.until, context, patience);
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
      if (!documentChanged(error) || windowGone(error)) throw error;
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

/** Through a list that only draws what can be seen: on by most of a windowful, until one of these is there. */
async function scrollUntil(
  step: ScrollStep,
  until: Selectors,
  { page, name, candidatesFor }: StepContext,
  patience: Patience
): Promise<void> {
  const candidates = step.selectors ? candidatesFor({ selectors: step.selectors }) : undefined;
  const wait: WaitForElementStep = {
    type: 'waitForElement',
    selectors: until,
    visible: true,
    ...(step.frame && { frame: step.frame })
  };
  for (let resting = 0; ; ) {
    const { holds, tried } = await lookAt(page, wait, candidatesFor);
    if (holds) return;
    // At the end twice: more may have been loaded in between.
    if (patience.over || resting > END_LOOKS) {
      throw new ControlError('SELECTOR_MISSING', { step: name, tried, waitedMs: patience.waitedMs });
    }
    const { moved } = await page.ask<{ moved: boolean }>('scrollOn', { ...(candidates && { candidates }) });
    resting = moved ? 0 : resting + 1;
    await sleep(Math.min(moved ? 50 : 200, patience.leftMs), page.signal);
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

/**
 * The expression runs as the script itself, not through eval, which a page's policy may forbid. A promise is waited for,
 * as long as the step has; a driver ends a script after 10 s, and then it is asked again.
 */
async function waitForExpression(step: WaitForExpressionStep, context: StepContext, patience: Patience): Promise<void> {
  const { page, name } = context;
  if (!context.allowScript) throw new ControlError('SCRIPT_FORBIDDEN', { step: name });
  let why = '';
  for (;;) {
    try {
      await page.enter(step.frame);
      await context.onSent();
      const script = expressionScript(step.expression);
      const budgetMs = Math.min(EXPRESSION_LIMIT_MS, patience.leftMs);
      const answer = (await page.call((session, options) => session.executeAsync(script, [budgetMs], options))) as {
        holds?: boolean;
        why?: string;
      } | null;
      if (answer?.holds) return;
      why = answer?.why ?? why;
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

const expressionScript = (expression: string): string => `
  const answer = arguments[arguments.length - 1];
  setTimeout(() => answer({ holds: false }), arguments[0]);
  (async () => (${expression}
  ))().then((value) => answer({ holds: Boolean(value) }), (error) => answer({ why: String(error?.message ?? error) }));`;

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
