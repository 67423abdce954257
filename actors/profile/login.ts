/** Whether an account is logged in, asked of the page: its own predicate, or that of its platform. */
import { isControlError } from '../../schemas/errors.ts';
import type { Selectors } from '../../schemas/generated/contracts.ts';
import { open } from '../executor/navigate.ts';
import { documentChanged, type Page, Patience, sleep } from '../executor/page.ts';
import type { SelectorLookup } from '../executor/registry.ts';
import { type Candidate, candidatesOf } from '../executor/selectors.ts';
import type { Owner } from './seal.ts';

/** What says so on every platform that has it. */
export const LOGGED_IN = '@account.logged_in';

const EVERY_MS = 150;
const OPEN_LIMIT_MS = 15_000;

export type Proof = { state: 'proved'; url: string } | { state: 'expired' | 'unproved'; why: string };

/** The alternatives of which one is on a page of somebody logged in; null where nothing says so. */
export function loggedInCandidates(
  registry: SelectorLookup,
  { platform, accountId }: Owner,
  own: Selectors | null
): Candidate[] | null {
  try {
    const scope = { params: {}, account: { id: accountId } };
    return candidatesOf(own ?? [LOGGED_IN], { registry, platform, scope });
  } catch (error) {
    if (isControlError(error, 'SELECTOR_UNKNOWN') || isControlError(error, 'PLATFORM_UNKNOWN')) return null;
    throw error;
  }
}

/** One look at the page as it is. */
export async function showsLogin(page: Page, candidates: Candidate[]): Promise<boolean> {
  try {
    await page.enter();
    const { count } = await page.ask<{ count: number }>('count', { candidates });
    return count > 0;
  } catch (error) {
    if (!documentChanged(error)) throw error;
    page.forgetFrame();
    return false;
  }
}

/**
 * Proves the login where the browser stands, or at `url`. A site that cannot be reached, or is out of order, proves
 * nothing either way.
 * @throws ControlError of a lost browser, CANCELLED
 */
export async function proveLogin(
  page: Page,
  candidates: Candidate[],
  url: string | null,
  lookMs: number
): Promise<Proof> {
  if (url === null) {
    if (await showsLogin(page, candidates)) return { state: 'proved', url: await page.session.url(page.options()) };
    return { state: 'unproved', why: 'nothing says on which page the account would be seen to be logged in' };
  }
  const place = placeOf(url);
  try {
    await page.pastAlerts(() => open(page, url, OPEN_LIMIT_MS));
  } catch (error) {
    if (!isControlError(error)) throw error;
    if (!['NAVIGATION_FAILED', 'NAVIGATION_TIMEOUT', 'ALERT_OPEN'].includes(error.code)) throw error;
    return { state: 'unproved', why: `${place} could not be opened` };
  }
  const patience = new Patience(lookMs);
  for (;;) {
    if (await page.pastAlerts(() => showsLogin(page, candidates))) return { state: 'proved', url };
    if (patience.over) break;
    await sleep(EVERY_MS, page.signal);
  }
  const status = Number(await page.session.executeAsync(STATUS, [], page.options()));
  if (status >= 500) return { state: 'unproved', why: `${place} answered ${status}` };
  return { state: 'expired', why: `${place} shows nobody logged in` };
}

/** Of the document, asked for once more where the browser does not tell; 0 when the page may not ask. */
const STATUS = `
  const done = arguments[arguments.length - 1];
  const [entry] = performance.getEntriesByType('navigation');
  if (entry && entry.responseStatus) done(entry.responseStatus);
  else fetch(location.href, { credentials: 'include', cache: 'no-store' }).then(({ status }) => done(status), () => done(0));
  setTimeout(done, 4000, 0);
`;

/** An address without its query, which may hold what is nobody's business. */
export function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
