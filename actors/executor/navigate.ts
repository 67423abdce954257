import { ControlError, isControlError } from '../../schemas/errors.ts';
import { documentChanged, newToken, type Page, Patience, sleep } from './page.ts';

/** Time for a page to load, ms, when the step names none. */
export const LOAD_LIMIT_MS = 30_000;
/** The driver's answer to a navigation comes this long after its own limit at most, ms. */
const ANSWER_MS = 5_000;

interface State {
  marked: boolean;
  url: string;
  title: string;
  state: 'loading' | 'interactive' | 'complete';
  /** Words of an error page. */
  said: string;
}

/**
 * Opens an address and waits until its document has loaded, whatever the session's page load strategy. With strategy
 * 'none' a page that never loads costs its time once; with 'normal' WebKit makes every later command wait for it too.
 * @throws ControlError NAVIGATION_FAILED, NAVIGATION_TIMEOUT, STEP_UNSUPPORTED, ALERT_OPEN
 */
export async function open(page: Page, url: string, limitMs = LOAD_LIMIT_MS): Promise<void> {
  const parsed = parseUrl(url);
  if (!parsed)
    throw new ControlError('NAVIGATION_FAILED', { url: withoutCredentials(url), reason: 'it is not an address' });
  // javascript: would be code, file: somebody's disk.
  if (!['http:', 'https:'].includes(parsed.protocol) && url !== 'about:blank') {
    throw new ControlError('STEP_UNSUPPORTED', { step: 'navigate', reason: `flows open http and https, not '${url}'` });
  }
  const patience = new Patience(limitMs);
  await page.enter();
  await leave(page, patience, async (before) => {
    const samePage = url.includes('#') && withoutHash(before.url) === withoutHash(parsed.href);
    try {
      await page.session.navigate(url, page.options({ timeoutMs: limitMs + ANSWER_MS }));
    } catch (error) {
      if (isControlError(error, 'DRIVER_ERROR')) {
        const { error: code, message } = error.details as { error: string; message: string };
        throw new ControlError('NAVIGATION_FAILED', { url: withoutCredentials(url), reason: message || code }, error);
      }
      throw error;
    }
    return { url, samePage };
  });
}

/** Loads the page again, whatever alerts it opens. @throws as `open`, but for ALERT_OPEN */
export async function reload(page: Page, limitMs = LOAD_LIMIT_MS): Promise<void> {
  const bear: Bear = (task) => page.pastAlerts(task);
  await bear(() => page.enter());
  await leave(
    page,
    new Patience(limitMs),
    async (before) => {
      await bear(() =>
        page.call((session, options) => session.refresh({ ...options, timeoutMs: limitMs + ANSWER_MS }))
      );
      return { url: before.url, samePage: false };
    },
    bear
  );
}

/** What an alert in the way means: the end, or to do it again. */
type Bear = <T>(task: () => Promise<T>) => Promise<T>;

/** Marks the document, makes it go, and waits for another one to be complete. */
async function leave(
  page: Page,
  patience: Patience,
  go: (before: { url: string }) => Promise<{ url: string; samePage: boolean }>,
  bear: Bear = (task) => task()
): Promise<void> {
  const token = newToken();
  let before: { url: string };
  try {
    before = await bear(() => page.ask<{ url: string }>('mark', { token }));
  } catch (error) {
    if (!documentChanged(error)) throw error;
    before = { url: '' };
  }
  const { url, samePage } = await go(before);
  page.forgetFrame();
  for (;;) {
    const now = await bear(() => look(page, token));
    if (now?.state === 'complete' && (!now.marked || (samePage && now.url === parseUrl(url)?.href))) {
      if (isErrorPage(now.url, url)) {
        throw new ControlError('NAVIGATION_FAILED', {
          url: withoutCredentials(url),
          reason: now.said || 'the site did not answer'
        });
      }
      page.session.loads.missed = 0;
      return bear(() => page.enter());
    }
    if (patience.over) {
      await page.ask('stop', {}).catch(() => {});
      page.session.loads.missed += 1;
      throw new ControlError('NAVIGATION_TIMEOUT', { url: withoutCredentials(url), waitedMs: patience.waitedMs });
    }
    await sleep(15, page.signal);
  }
}

async function look(page: Page, token: string): Promise<State | null> {
  try {
    return await page.ask<State>('page', { token });
  } catch (error) {
    if (documentChanged(error)) return null;
    throw error;
  }
}

/** WebKitGTK shows its error page at about:blank, Safari at an address of its own; both drivers answer 200. */
const isErrorPage = (now: string, asked: string): boolean =>
  (now === 'about:blank' && asked !== 'about:blank') || now.startsWith('safari-resource:');

const withoutHash = (url: string): string => url.split('#')[0]!;

/**
 * Waits until the page is at this address, with this title if one is named.
 * @param elsewhere whether another window is: the Recorder asserts what a click opened as the click's own navigation
 * @throws ControlError VERIFICATION_FAILED with where it is instead
 */
export async function arrive(
  page: Page,
  expected: { url?: string; title?: string },
  { action, patience, elsewhere }: { action: string; patience: Patience; elsewhere?: (url: string) => Promise<boolean> }
): Promise<void> {
  const token = newToken();
  await page.enter();
  for (;;) {
    const now = await look(page, token);
    const atUrl = expected.url === undefined || expected.url === '' || sameUrl(now?.url ?? '', expected.url);
    const hasTitle = expected.title === undefined || expected.title === '' || now?.title === expected.title;
    if (now?.state === 'complete' && atUrl && hasTitle) return;
    if (!atUrl && elsewhere && (await elsewhere(expected.url!))) return;
    if (patience.over) {
      const predicate = `navigation to ${expected.url || 'another page'}${expected.title ? ` titled '${expected.title}'` : ''}; the page is ${now ? `${now.url} titled '${now.title}'` : 'changing'}`;
      throw new ControlError('VERIFICATION_FAILED', { action, predicate, waitedMs: patience.waitedMs });
    }
    await sleep(50, page.signal);
  }
}

/** Equal but for how it is written. */
function sameUrl(a: string, b: string): boolean {
  const [left, right] = [parseUrl(a), parseUrl(b)];
  return left !== null && right !== null ? left.href === right.href : a === b;
}

function parseUrl(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

/** `https://ada:secret@x.test/` says who somebody is and how to prove it; a failure says where, and no more. */
export const withoutCredentials = (url: string): string => url.replace(/(?<=:\/\/)[^\s/?#]*@/, '•••@');
