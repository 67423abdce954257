/** Cookies and localStorage of a browser: looked at where it stands, and put into one that stands nowhere yet. */
import { isControlError } from '../../schemas/errors.ts';
import { open } from '../executor/navigate.ts';
import { documentChanged, type Page } from '../executor/page.ts';
import type { CommandOptions } from '../webdriver/client.ts';
import {
  type Capture,
  type Cookie,
  isOver,
  MAX_LOCAL_CHARS,
  type StorageState,
  type StoredCookie
} from './storage-state.ts';

/** For one origin's page, ms. A site that does not answer must not keep the others from being put back. */
const OPEN_LIMIT_MS = 10_000;

interface Look {
  url: string;
  origin: string;
  /** null: more than is kept, or not for this page to read. */
  local: Record<string, string> | null;
}

const LOOK = `
  let local = {};
  try {
    let chars = 0;
    for (let i = 0; i < localStorage.length; i++) {
      const key = localStorage.key(i);
      local[key] = localStorage.getItem(key);
      chars += key.length + local[key].length;
      if (chars > arguments[0]) { local = null; break; }
    }
  } catch { local = null; }
  return { url: location.href, origin: location.origin, local };
`;

/** @returns how many of the entries read back as they were written */
const PUT = `
  let right = 0;
  for (const [key, value] of Object.entries(arguments[0])) {
    try {
      localStorage.setItem(key, value);
      if (localStorage.getItem(key) === value) right++;
    } catch {}
  }
  return right;
`;

/** Bodies that hold somebody's login stay out of Appium's log. */
const secret = (page: Page): CommandOptions => page.options({ sensitive: true });

/**
 * What the page shows of cookies and localStorage; null where there is nothing to keep: no web page, or one that is
 * just being left.
 */
export async function capture(page: Page, now: () => number): Promise<Capture | null> {
  try {
    await page.enter();
    const before = await look(page);
    if (!before) return null;
    if (!/^https?:$/.test(new URL(before.url).protocol) || before.origin === 'null') return null;
    const cookies = await cookiesOf(page);
    const after = await look(page);
    if (after?.origin !== before.origin) return null;
    return { url: before.url, at: now(), cookies, local: before.local ?? {} };
  } catch (error) {
    if (documentChanged(error)) return null;
    throw error;
  }
}

export interface Restored {
  /** What was to be put back, and what was read back as it should be. */
  cookies: { wanted: number; restored: number };
  entries: { wanted: number; restored: number };
  /** Origins that could not be opened: nothing of them was put back. */
  unreachable: string[];
}

/** Whether the browser has now all that the profile holds. */
export const isComplete = ({ cookies, entries, unreachable }: Restored): boolean =>
  unreachable.length === 0 && cookies.restored === cookies.wanted && entries.restored === entries.wanted;

/**
 * Opens a page of each origin, sets what belongs there, and reads it back: a driver answers 200 to a cookie of another
 * domain and does not set it.
 * @throws ControlError of a lost browser, CANCELLED
 */
export async function putBack(page: Page, state: StorageState, now: () => number): Promise<Restored> {
  const result: Restored = {
    cookies: { wanted: 0, restored: 0 },
    entries: { wanted: 0, restored: 0 },
    unreachable: []
  };
  for (const { origin, local } of state.origins) {
    const cookies = state.cookies.filter((cookie) => cookie.origin === origin && !isOver(cookie, now()));
    const entries = Object.keys(local).length;
    if (cookies.length + entries === 0) continue;
    result.cookies.wanted += cookies.length;
    result.entries.wanted += entries;
    const byPath = groupByPath(cookies);
    if (entries > 0 && !byPath.has('/')) byPath.set('/', []);
    for (const [path, group] of byPath) {
      if (!(await standAt(page, origin, path))) {
        if (!result.unreachable.includes(origin)) result.unreachable.push(origin);
        continue;
      }
      result.cookies.restored += await setCookies(page, group);
      if (path === '/' && entries > 0) {
        result.entries.restored += Number(await page.session.executeSync(PUT, [local], secret(page)));
      }
    }
  }
  return result;
}

function groupByPath(cookies: StoredCookie[]): Map<string, StoredCookie[]> {
  const groups = new Map<string, StoredCookie[]>();
  for (const cookie of cookies) groups.set(cookie.path, [...(groups.get(cookie.path) ?? []), cookie]);
  return groups;
}

/**
 * A page of this origin, below this path: a cookie is set and seen only there. `robots.txt` is small, runs nothing, and
 * where there is none the site's own 404 does as well; a site that leads away from it gets a second try at its home.
 */
async function standAt(page: Page, origin: string, path: string): Promise<boolean> {
  for (const place of [`${path.replace(/\/?$/, '/')}robots.txt`, path]) {
    try {
      await page.pastAlerts(() => open(page, origin + place, OPEN_LIMIT_MS));
      if ((await look(page))?.origin === origin) return true;
    } catch (error) {
      if (!isControlError(error) || !['NAVIGATION_FAILED', 'NAVIGATION_TIMEOUT', 'ALERT_OPEN'].includes(error.code)) {
        throw error;
      }
    }
  }
  return false;
}

async function setCookies(page: Page, cookies: StoredCookie[]): Promise<number> {
  if (cookies.length === 0) return 0;
  for (const { origin: _, ...cookie } of cookies) {
    try {
      await page.session.addCookie(cookie, secret(page));
    } catch (error) {
      // Refused by the driver: it will be missing when they are read back.
      if (!isControlError(error, 'DRIVER_ERROR')) throw error;
    }
  }
  const there = await cookiesOf(page);
  return cookies.filter((wanted) => there.some((one) => one.name === wanted.name && one.value === wanted.value)).length;
}

/** null: an alert kept the script from its end. */
const look = async (page: Page): Promise<Look | null> =>
  (await page.session.executeSync(LOOK, [MAX_LOCAL_CHARS], secret(page))) as Look | null;

const cookiesOf = async (page: Page): Promise<Cookie[]> => page.session.cookies(secret(page));
