/**
 * Windows and frames of a step's `target`, as the Recorder writes it: `main`, or an address. Each window is one handle,
 * and a driver lists handles in any order (WebKitGTK: newest first, mostly), so the first one is remembered.
 */
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { Frame } from '../../schemas/generated/contracts.ts';
import { isDriverError, type WebDriverSession } from '../webdriver/client.ts';
import { open } from './navigate.ts';
import { documentChanged, type Page, type Patience, sleep } from './page.ts';

const mains = new WeakMap<WebDriverSession, string>();

/** How deep frames are looked through for an address. */
const FRAME_DEPTH = 4;

/**
 * The driver stands in a window that is there, and which one was first is known. Called before anything else is asked:
 * the window of the step before may have closed itself.
 */
export async function standSomewhere(page: Page): Promise<void> {
  if (page.isPlaced) return;
  const { session } = page;
  try {
    if (!mains.has(session)) mains.set(session, await session.windowHandle(page.options()));
    await session.switchToFrame(null, page.options());
    page.atTop();
  } catch (error) {
    // A dialog is the next command's business: it will read it.
    if (isControlError(error, 'ALERT_OPEN')) return;
    if (!isDriverError(error, 'no such window')) throw error;
    await toMain(page);
  }
}

/** To the first window; the oldest known one that is left, if that was closed. */
async function toMain(page: Page): Promise<void> {
  const { session } = page;
  const main = mains.get(session);
  if (main !== undefined) {
    try {
      await session.switchToWindow(main, page.options());
      return page.atTop();
    } catch (error) {
      if (!isDriverError(error, 'no such window')) throw error;
    }
  }
  const left = (await session.windowHandles(page.options())).at(-1);
  if (left === undefined) throw new ControlError('DRIVER_LOST', { slot: session.slot, reason: 'no window is left' });
  mains.set(session, left);
  await session.switchToWindow(left, page.options());
  page.atTop();
}

/**
 * Waits for the step's target and goes there.
 * @throws ControlError STEP_TIMEOUT naming the windows there are
 */
export async function enterTarget(page: Page, target: string, name: string, patience: Patience): Promise<void> {
  for (;;) {
    if (await findTarget(page, target)) return;
    if (patience.over) {
      const step = `${name}: no window or frame shows ${target}; there are ${(await addresses(page)).join(', ')}`;
      throw new ControlError('STEP_TIMEOUT', { step, waitedMs: patience.waitedMs });
    }
    await sleep(100, page.signal);
  }
}

/** Goes to the target if it is there now: a window, else a frame of the first window. */
export async function findTarget(page: Page, target: string): Promise<boolean> {
  page.base = [];
  if (target === 'main') {
    await toMain(page);
    return true;
  }
  const { session } = page;
  if ((await urlHere(page)) === target) {
    await page.enter();
    return true;
  }
  const handles = await session.windowHandles(page.options());
  for (const handle of handles) {
    if ((await urlOf(page, handle)) === target) return true;
  }
  await toMain(page);
  const frame = await frameShowing(page, target, []);
  page.forgetFrame();
  if (!frame) return false;
  page.base = frame;
  return true;
}

/** Whether a window other than the one the driver stands in shows this address. The driver stays where it is. */
export async function showsElsewhere(page: Page, url: string): Promise<boolean> {
  const { session } = page;
  const handles = await session.windowHandles(page.options());
  if (handles.length < 2) return false;
  const here = await session.windowHandle(page.options());
  let found = false;
  for (const handle of handles.filter((one) => one !== here)) found ||= (await urlOf(page, handle)) === url;
  await session.switchToWindow(here, page.options());
  page.atTop();
  return found;
}

/** Closes the window the driver stands in and goes back to the first; the last one is the session's own and is emptied. */
export async function closeWindow(page: Page): Promise<void> {
  const { session } = page;
  const handles = await session.windowHandles(page.options());
  page.forgetFrame();
  if (handles.length < 2) return open(page, 'about:blank');
  await page.call((session, options) => session.closeWindow(options));
  await toMain(page);
}

async function urlHere(page: Page): Promise<string | null> {
  try {
    return await page.call((session, options) => session.url(options));
  } catch (error) {
    if (isDriverError(error, 'no such window')) return null;
    throw error;
  }
}

/** Switches to the window; null when it has gone. */
async function urlOf(page: Page, handle: string): Promise<string | null> {
  page.forgetFrame();
  try {
    await page.session.switchToWindow(handle, page.options());
    page.atTop();
    return await page.call((session, options) => session.url(options));
  } catch (error) {
    if (isDriverError(error, 'no such window')) return null;
    throw error;
  }
}

/** The frame at this address, breadth first by level. */
async function frameShowing(page: Page, target: string, at: Frame): Promise<Frame | null> {
  try {
    await page.enter(at);
    const { url, frames } = await page.ask<{ url: string; frames: number }>('place', {});
    if (at.length > 0 && url === target) return at;
    if (at.length === FRAME_DEPTH) return null;
    for (let index = 0; index < frames; index += 1) {
      const found = await frameShowing(page, target, [...at, index]);
      if (found) return found;
    }
  } catch (error) {
    if (!documentChanged(error)) throw error;
    page.forgetFrame();
  }
  return null;
}

async function addresses(page: Page): Promise<string[]> {
  const urls: string[] = [];
  for (const handle of await page.session.windowHandles(page.options())) {
    urls.push((await urlOf(page, handle)) ?? 'one that closed');
  }
  await toMain(page);
  return urls;
}
