/** How an account stands: its settings, its limits and what they have counted, out of the context of its actor. */

import { coolUntil, kept, placeFor } from '../../machines/account.ts';
import type { AccountContext } from '../../machines/account-context.ts';
import { isLimited, KINDS, limitsOf } from '../../machines/account-limits.ts';
import type { AccountSettings, AccountUse, AccountView } from '../../schemas/generated/contracts.ts';

export { accountAddress } from '../../machines/protocol.ts';

const HOUR = 3_600_000;

/** Of an account that nobody has set and nothing has acted for. */
const unknown: AccountSettings = { time_zone: 'UTC', approval: 'messages', test_account: false, limits: {} };

export type Standing = Pick<AccountView, 'time_zone' | 'approval' | 'test_account' | 'limits' | 'used' | 'cool_down'>;

export const settingsIn = (context: object | undefined): AccountSettings =>
  (context as AccountContext | undefined)?.settings ?? unknown;

/** @param now ms since 1970 */
export function standingOf(given: object | undefined, now: number): Standing {
  const settings = settingsIn(given);
  const context = given as AccountContext | undefined;
  const { time_zone, approval, test_account } = settings;
  const cool = context ? coolUntil(context, now) : now;
  return {
    time_zone,
    approval,
    test_account,
    limits: Object.fromEntries(KINDS.map((kind) => [kind, limitsOf(settings, kind)])),
    used: Object.fromEntries(
      KINDS.filter((kind) => isLimited(limitsOf(settings, kind))).map((kind) => [
        kind,
        useOf(context, settings, kind, now)
      ])
    ),
    cool_down:
      context?.coolDown && cool > now
        ? { until: new Date(cool).toISOString(), times: context.coolDown.times, why: context.coolDown.why }
        : null
  };
}

function useOf(
  context: AccountContext | undefined,
  settings: AccountSettings,
  kind: (typeof KINDS)[number],
  now: number
): AccountUse {
  const nobody = { settings, places: [], coolDown: null } as unknown as AccountContext;
  const places = kept(context ?? nobody, now).filter((place) => place.kind === kind);
  const taken = places.filter((place) => place.taken);
  const next = placeFor(context ?? nobody, kind, now, { turns: true });
  return {
    last_hour: taken.filter(({ at }) => at > now - HOUR).length,
    last_day: taken.length,
    waiting: places.length - taken.length,
    next_at: next ? new Date(next.at).toISOString() : null,
    limit: next?.limit ?? null
  };
}

/** The time zone is one that this system's clock data knows. */
export function isTimeZone(name: string): boolean {
  // An offset is taken for a zone too, and has no summer.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
