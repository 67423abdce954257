import { assign, setup } from 'xstate';
import type { LimitedKind } from '../schemas/generated/contracts.ts';
import type { AccountContext, AccountEvent, AccountInput, Place } from './account-context.ts';
import { isLimited, limitsOf, type NextPlace, nextPlace } from './account-limits.ts';
import { hostActions, type PlaceGiven, type PlaceOpen, type PlaceWait, type Tell } from './protocol.ts';

type PlaceAnswer = PlaceOpen | PlaceGiven | PlaceWait;

const DAY = 24 * 3_600_000;
/** The first time the site asks for slowness; each time after that twice as long. ms */
const COOL_DOWN_MS = 15 * 60_000;
const LONGEST_COOL_DOWN_MS = DAY;
/** A site that was content for so long is asked for nothing any more. ms */
const FORGIVEN_MS = DAY;
/** How long an account is nothing but known. */
const REST_MS = 30 * DAY;

type With = { context: AccountContext; event: AccountEvent };

/**
 * One account on one platform: how it is set, and the one place where what it sends is counted. So two commands never
 * both take the last place, in whatever process and after whatever crash.
 *
 * ```
 * command ──place.ask──▶  a turn ──▶ place.open, or place.wait {retryAt} and it keeps that moment
 * command ──place.take──▶ right before the attempt ──▶ place.given: it counts from now, or place.wait
 * command ──place.settle──▶ what was not sent after all is free again
 *
 * OPEN ──account.limited──▶ COOLING ──after the cool-down──▶ OPEN      (account.set: from either, and on)
 * ```
 * A promised moment is nobody's right: what counts is when it is taken. Who is late is judged anew.
 */
export const accountMachine = setup({
  types: { input: {} as AccountInput, context: {} as AccountContext, events: {} as AccountEvent },
  actions: {
    ...hostActions,
    set: assign(({ context, event }) => {
      if (event.type !== 'account.set') return {};
      const { limits, ...settings } = event.settings;
      return {
        settings: { ...context.settings, ...settings, limits: { ...context.settings.limits, ...limits } },
        setBy: event.by
      };
    }),
    cool: assign(({ context, event }) =>
      event.type === 'account.limited' ? cooled(context, event.at, event.why) : {}
    ),
    place: assign(({ context, event }) => ({ places: placed(context, event) })),
    /** Whoever keeps a turn asks again: it may come earlier or later now. */
    forgetTurns: assign(({ context }) => ({ places: context.places.filter(({ taken }) => taken) })),
    because: assign((_, { why }: { why: string }) => ({ why }))
  },
  guards: {
    isCooling: ({ context, event }) => context.coolDown !== null && context.coolDown.until > event.at
  },
  delays: {
    cool: ({ context, event }) => Math.max(0, (context.coolDown?.until ?? 0) - (event as { at: number }).at),
    rest: REST_MS
  }
}).createMachine({
  id: 'account',
  meta: {
    telemetry: { type: 'account.changed', severity: 'debug', take: { cool_down: 'coolDown' } },
    subject: { account_id: 'accountId', platform: 'platform' }
  },
  context: ({ input: { platform, accountId } }) => ({
    platform,
    accountId,
    settings: { time_zone: 'UTC', approval: 'messages', test_account: false, limits: {} },
    setBy: null,
    places: [],
    coolDown: null,
    why: 'nothing was asked of it yet'
  }),
  on: {
    'account.set': { target: '.setting', actions: 'set' },
    'place.ask': { actions: ['place', { type: 'tell', params: answer }] },
    'place.take': { actions: ['place', { type: 'tell', params: answer }] },
    'place.settle': { actions: 'place' },
    'account.limited': { target: '.judging', actions: 'cool' }
  },
  initial: 'OPEN',
  states: {
    OPEN: {
      entry: { type: 'because', params: { why: 'what its limits leave may go out' } },
      after: { rest: { actions: { type: 'because', params: { why: 'nothing was asked of it for 30 days' } } } }
    },
    COOLING: {
      entry: {
        type: 'because',
        params: ({ context }) => ({
          why: `the site asked it to be slower; nothing is done before ${instant(context.coolDown?.until ?? 0)}`
        })
      },
      after: { cool: 'OPEN' }
    },
    setting: {
      meta: {
        telemetry: { type: 'account.changed', severity: 'info', take: { settings: 'settings', set_by: 'setBy' } }
      },
      entry: [{ type: 'tell', params: again }, 'forgetTurns'],
      always: [{ guard: 'isCooling', target: 'COOLING' }, { target: 'OPEN' }]
    },
    judging: {
      meta: { telemetry: { type: 'account.changed', severity: 'warn', take: { cool_down: 'coolDown' } } },
      entry: [{ type: 'tell', params: coolAnswer }, { type: 'tell', params: again }, 'forgetTurns'],
      always: 'COOLING'
    }
  }
});

const instant = (ms: number): string => new Date(ms).toISOString();
/** A command keeps one turn at a time, and a place for each action. */
const isOf =
  ({ commandId, action }: { commandId: string; action: string }) =>
  (place: Place): boolean =>
    place.commandId === commandId && (place.action === action || !place.taken);

/** To the commands that keep a turn, but for the one that has brought the news: it has an answer of its own. */
function again({ context, event }: With): Tell[] {
  const waiting = new Set(context.places.filter(({ taken }) => !taken).map(({ commandId }) => commandId));
  if (event.type === 'account.limited') waiting.delete(event.commandId);
  return [...waiting].map((id) => ({ to: `command/${id}`, event: { type: 'place.again' } }));
}

/** Twice as long as the last time, unless that is long ago; a second word of the same trouble changes nothing. */
function cooled({ coolDown: last }: AccountContext, at: number, why: string): Partial<AccountContext> {
  if (last && at < last.until) return {};
  const times = last && at < last.until + FORGIVEN_MS ? last.times + 1 : 1;
  const lastsMs = Math.min(LONGEST_COOL_DOWN_MS, COOL_DOWN_MS * 2 ** (times - 1));
  return { coolDown: { until: at + lastsMs, lastsMs, times, why } };
}

/** Until when nothing is done at all. A clock that was put back makes it no longer than it was meant to be. */
export const coolUntil = ({ coolDown }: AccountContext, now: number): number =>
  coolDown && coolDown.until > now ? Math.min(coolDown.until, now + coolDown.lastsMs) : now;

/** What went out cannot lie ahead: after a clock was put back it went out now, which is later than it did. */
export const kept = ({ places }: AccountContext, now: number): Place[] =>
  places
    .map((place) => (place.taken && place.at > now ? { ...place, at: now } : place))
    .filter(({ taken, at }) => !taken || at > now - DAY);

/** When an action of a kind may go out next, beside those that went out and, where `turns`, those that have a turn. */
export function placeFor(
  context: AccountContext,
  kind: LimitedKind,
  now: number,
  { beside, turns }: { beside?: { commandId: string; action: string }; turns: boolean }
): NextPlace | null {
  const isOwn = beside ? isOf(beside) : () => false;
  const others = kept(context, now)
    .filter((place) => place.kind === kind && (turns || place.taken) && !isOwn(place))
    // A turn that has come and is not taken yet is taken any moment.
    .map(({ taken, at }) => (taken ? at : Math.max(at, now)));
  const from = coolUntil(context, now);
  const found = nextPlace(limitsOf(context.settings, kind), context.settings.time_zone, others, from);
  return found && found.limit === null && from > now ? { ...found, limit: 'site' } : found;
}

type Asking = Extract<AccountEvent, { type: 'place.ask' | 'place.take' }>;
const isAsking = (event: AccountEvent): event is Asking => event.type === 'place.ask' || event.type === 'place.take';
const counts = ({ settings }: AccountContext, kind: LimitedKind | null): kind is LimitedKind =>
  kind !== null && isLimited(limitsOf(settings, kind));

/** The places once an event of theirs is taken. */
function placed(context: AccountContext, event: AccountEvent): Place[] {
  const places = kept(context, event.at);
  if (event.type === 'place.settle') {
    return places.filter(({ commandId, action }) => commandId !== event.commandId || event.kept.includes(action));
  }
  if (!isAsking(event)) return places;
  const { type, kind, commandId, action, at: now } = event;
  const others = places.filter((place) => !isOf(event)(place));
  if (!counts(context, kind)) return others;
  if (type === 'place.take' && placeFor(context, kind, now, { beside: event, turns: false })?.at === now) {
    return [...others, { commandId, action, kind, at: now, taken: true, limit: null }];
  }
  // Whose turn has come waits for no other turn: one whose browser does not come keeps nobody back.
  const hasCome = type === 'place.ask' && places.some((place) => isOf(event)(place) && !place.taken && place.at <= now);
  const turn = placeFor(context, kind, now, { beside: event, turns: !hasCome }) ?? {
    at: now + DAY,
    limit: 'hours' as const
  };
  return [...others, { commandId, action, kind, ...turn, taken: false }];
}

/** To the command that asked, after its place is noted. */
function answer({ context, event }: With): Tell[] {
  if (!isAsking(event)) return [];
  const { type, commandId, kind, at: now, n } = event;
  const own = context.places.find(isOf(event)) ?? { at: coolUntil(context, now), limit: 'site' as const, taken: false };
  const isTake = type === 'place.take' && counts(context, kind);
  const { test_account: testAccount, approval } = context.settings;
  const said: PlaceAnswer = (isTake ? own.taken : own.at <= now)
    ? { type: type === 'place.take' ? 'place.given' : 'place.open', n, testAccount, approval }
    : waitFor(context, own, { kind, now, n });
  return [{ to: `command/${commandId}`, event: { ...said } }];
}

/** To the command that met the site's own limit. */
function coolAnswer({ context, event }: With): Tell[] {
  if (event.type !== 'account.limited') return [];
  const { commandId, at: now, n } = event;
  const place = { at: coolUntil(context, now), limit: 'site' as const };
  return [{ to: `command/${commandId}`, event: { ...waitFor(context, place, { kind: null, now, n }) } }];
}

function waitFor(
  context: AccountContext,
  { at, limit }: NextPlace,
  { kind, now, n }: { kind: LimitedKind | null; now: number; n: number }
): PlaceAnswer {
  const { accountId, settings, coolDown } = context;
  const limits = kind === null ? null : limitsOf(settings, kind);
  const retryAt = instant(at);
  const times = coolDown && coolDown.times > 1 ? `, ${coolDown.times} times in a row` : '';
  const what = {
    per_hour: `'${accountId}' sends at most ${limits?.per_hour} of kind ${kind} an hour`,
    per_day: `'${accountId}' sends at most ${limits?.per_day} of kind ${kind} a day`,
    apart_s: `'${accountId}' sends one of kind ${kind} every ${limits?.apart_s} s`,
    hours: `'${accountId}' sends ${kind}s from ${limits?.hours?.from} to ${limits?.hours?.to} in ${settings.time_zone}`,
    site: `the site asked '${accountId}' to be slower${times}`
  }[limit ?? 'site'];
  return {
    type: 'place.wait',
    n,
    retryAt,
    waitMs: Math.max(1, at - now),
    limit: limit ?? 'site',
    why: `${what}; it goes on at ${retryAt}`
  };
}
