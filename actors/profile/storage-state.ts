/**
 * What a profile holds: cookies, and localStorage by origin. A browser tells only of the page it stands on, so a profile
 * grows look by look: each replaces what it could see and leaves the rest.
 *
 * Not kept: sessionStorage, which belongs to one tab and which an ordinary restart of a browser loses as well, so sites
 * live without it, and a half-filled form of last week would come back with it. IndexedDB, which WebDriver cannot reach
 * but through scripts, may hold keys that no script can read, and is a database of the site's own with versions of its
 * own: half of it put back is worse than none. A site that keeps its login there alone asks for it again, and the proof
 * says so.
 */
import { createHash } from 'node:crypto';
import { ControlError } from '../../schemas/errors.ts';
import type { CookieSeen } from '../webdriver/client.ts';
import type { Owner } from './seal.ts';

export type Cookie = CookieSeen;

export interface StoredCookie extends Cookie {
  /** Where it was seen, which is where it can be set. */
  origin: string;
}

export interface OriginState {
  origin: string;
  /** ms since 1970 */
  seenAt: number;
  local: Record<string, string>;
}

export interface StorageState {
  version: 1;
  cookies: StoredCookie[];
  /** Newest look first. */
  origins: OriginState[];
  /** Where the account was last seen to be logged in. */
  provedUrl: string | null;
}

/** One look at the page a browser stands on. */
export interface Capture {
  url: string;
  /** ms since 1970 */
  at: number;
  cookies: Cookie[];
  local: Record<string, string>;
}

/** Beyond these the oldest origins are left out: each costs a navigation when it is put back. */
export const MAX_ORIGINS = 10;
/** localStorage of one origin, characters; more is a cache and no login, and none of it is kept. */
export const MAX_LOCAL_CHARS = 512 * 1024;
/** A whole profile as JSON. */
export const MAX_BYTES = 2 * 1024 * 1024;

export const emptyState = (): StorageState => ({ version: 1, cookies: [], origins: [], provedUrl: null });

export const isEmpty = ({ cookies, origins }: StorageState): boolean =>
  cookies.length === 0 && origins.every(({ local }) => Object.keys(local).length === 0);

/** The profile after one more look. What the page could have shown and did not is gone. */
export function merge(state: StorageState, { url, at, cookies, local }: Capture): StorageState {
  const page = new URL(url);
  const seen = new Set(cookies.map(cookieKey));
  const kept = state.cookies.filter((cookie) => !seen.has(cookieKey(cookie)) && !isVisibleAt(cookie, page));
  const origins = [
    { origin: page.origin, seenAt: at, local },
    ...state.origins.filter((one) => one.origin !== page.origin)
  ];
  const within = origins.slice(0, MAX_ORIGINS);
  const names = new Set(within.map(({ origin }) => origin));
  return {
    version: 1,
    cookies: [...kept, ...cookies.map((cookie) => ({ ...pick(cookie), origin: page.origin }))].filter(
      (cookie) => names.has(cookie.origin) && !isOver(cookie, at)
    ),
    origins: within,
    provedUrl: state.provedUrl
  };
}

/** Its time has passed: a browser would not take it any more. */
export const isOver = ({ expiry }: Cookie, at: number): boolean => expiry !== undefined && expiry * 1000 <= at;

/** RFC 6265, 5.4: whether a page at this address would have been sent it. */
export function isVisibleAt({ domain, path, secure }: Cookie, { hostname, pathname, protocol }: URL): boolean {
  const host = domain.replace(/^\./, '').toLowerCase();
  const ofHost = hostname === host || (domain.startsWith('.') && hostname.endsWith(`.${host}`));
  const ofPath =
    pathname === path || (pathname.startsWith(path) && (path.endsWith('/') || pathname[path.length] === '/'));
  return ofHost && ofPath && (!secure || protocol === 'https:');
}

/** Same name, domain and path: one replaces the other. */
export const cookieKey = ({ name, domain, path }: Cookie): string => JSON.stringify([name, domain, path]);

/** Drivers add fields of their own. */
const pick = ({ name, value, path, domain, secure, httpOnly, expiry, sameSite }: Cookie): Cookie => ({
  name,
  value,
  path: path || '/',
  domain,
  secure: secure === true,
  httpOnly: httpOnly === true,
  ...(typeof expiry === 'number' ? { expiry } : {}),
  ...(typeof sameSite === 'string' ? { sameSite } : {})
});

/** @throws ControlError PROFILE_TOO_LARGE */
export function encode(owner: Owner, state: StorageState): Buffer {
  const content = Buffer.from(JSON.stringify(state), 'utf8');
  if (content.length <= MAX_BYTES) return content;
  throw new ControlError('PROFILE_TOO_LARGE', { ...owner, bytes: content.length, limitBytes: MAX_BYTES });
}

/** @throws ControlError PROFILE_DAMAGED */
export function decode(owner: Owner, content: Buffer): StorageState {
  try {
    const state = JSON.parse(content.toString('utf8')) as StorageState;
    if (state.version === 1 && Array.isArray(state.cookies) && Array.isArray(state.origins)) return state;
  } catch {
    // What the parser quotes of it would be somebody's login.
  }
  throw new ControlError('PROFILE_DAMAGED', { ...owner });
}

/** The same for the same content, whenever it was seen. */
export function fingerprint({ cookies, origins, provedUrl }: StorageState): string {
  const content = [cookies, origins.map(({ origin, local }) => [origin, local]), provedUrl];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
