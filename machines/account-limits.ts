/** When the next of a kind may go out for an account: pure arithmetic over what went out before and what is promised. */
import type { AccountSettings, ActionLimits, LimitedKind } from '../schemas/generated/contracts.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MINUTE = 60_000;
/** A longer search finds nothing: such limits leave no place. */
const MOST_STEPS = 10_000;

export const KINDS: LimitedKind[] = ['like', 'follow', 'comment', 'post', 'message'];

/** Nothing but messages is limited unless somebody says so. */
const NONE: ActionLimits = { per_hour: null, per_day: null, apart_s: null, hours: null };
const MESSAGES: ActionLimits = { per_hour: 10, per_day: 30, apart_s: 60, hours: { from: '09:00', to: '21:00' } };

/** Of a kind, with the defaults put in. What is set holds for every account; the defaults are for those of real people. */
export function limitsOf({ limits, test_account }: AccountSettings, kind: LimitedKind): ActionLimits {
  const base = kind === 'message' && !test_account ? MESSAGES : NONE;
  return { ...base, ...limits[kind] };
}

export const isLimited = ({ per_hour, per_day, apart_s, hours }: ActionLimits): boolean =>
  per_hour !== null || per_day !== null || apart_s !== null || hours !== null;

/** Which limit keeps it back, by the name of its field. */
export type LimitName = keyof ActionLimits | 'site';

export interface NextPlace {
  /** ms since 1970, never before `now` */
  at: number;
  /** What keeps it from being now; null: nothing does. */
  limit: LimitName | null;
}

/**
 * The first moment from `now` at which one more may go out beside the others, so that no window of an hour or a day that
 * it falls into holds too many, also of those that come after it.
 * @param others ms since 1970, in any order
 * @returns null when the limits leave no place
 */
export function nextPlace(limits: ActionLimits, timeZone: string, others: number[], now: number): NextPlace | null {
  const sorted = [...others].sort((a, b) => a - b);
  let at = now;
  let limit: LimitName | null = null;
  for (let i = 0; i < MOST_STEPS; i += 1) {
    const later = laterFor(limits, timeZone, sorted, at);
    if (!later) return { at, limit };
    ({ at, limit } = later);
  }
  return null;
}

/** A later moment than `at`, if a limit speaks against `at`. */
function laterFor(
  { per_hour, per_day, apart_s, hours }: ActionLimits,
  timeZone: string,
  others: number[],
  at: number
): { at: number; limit: LimitName } | null {
  if (hours) {
    const open = openFrom(hours, timeZone, at);
    if (open > at) return { at: open, limit: 'hours' };
  }
  if (apart_s !== null) {
    const near = others.findLast((one) => Math.abs(one - at) < apart_s * 1000);
    if (near !== undefined) return { at: near + apart_s * 1000, limit: 'apart_s' };
  }
  const hour = per_hour === null ? null : afterWindow(others, at, per_hour, HOUR);
  if (hour !== null) return { at: hour, limit: 'per_hour' };
  const day = per_day === null ? null : afterWindow(others, at, per_day, DAY);
  return day === null ? null : { at: day, limit: 'per_day' };
}

/** When the fullest window with `at` in it has let one go; null when each has room for it. */
function afterWindow(others: number[], at: number, most: number, span: number): number | null {
  // A window ends with `at`, or with one that comes after it and is less than a span away.
  for (const end of [at, ...others.filter((one) => one > at && one < at + span)]) {
    const inside = others.filter((one) => one > end - span && one <= end);
    if (inside.length >= most) return inside[inside.length - most]! + span;
  }
  return null;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes since midnight on the account's clock. */
export function localMinutes(timeZone: string, at: number): number {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    formats.set(timeZone, format);
  }
  const [hour, minute] = format.format(at).split(':').map(Number) as [number, number];
  return hour * 60 + minute;
}

const minutesOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

/**
 * `at` itself inside the hours, else the minute at which they begin next. Looked for on the account's own clock, minute by
 * minute around where it should be: on the days on which clocks change that is an hour off, or does not come at all.
 */
function openFrom({ from, to }: { from: string; to: string }, timeZone: string, at: number): number {
  const [begins, ends] = [minutesOf(from), minutesOf(to)];
  const isOpen = (local: number) => (begins < ends ? local >= begins && local < ends : local >= begins || local < ends);
  const local = localMinutes(timeZone, at);
  if (isOpen(local)) return at;
  const minute = Math.floor(at / MINUTE) * MINUTE;
  const guess = minute + ((begins - local + 1440) % 1440) * MINUTE;
  for (let one = Math.max(minute + MINUTE, guess - 2 * HOUR); one <= guess + 3 * HOUR; one += MINUTE) {
    if (isOpen(localMinutes(timeZone, one))) return one;
  }
  return guess;
}
