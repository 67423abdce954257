/** What a command and its account say to each other about places among what the account sends. */
import type { Failure } from '../schemas/errors.ts';
import type { LimitedKind } from '../schemas/generated/contracts.ts';
import type { CommandContext, PlaceContext } from './command-context.ts';
import {
  accountAddress,
  type Create,
  type PlaceAsk,
  type PlaceGiven,
  type PlaceOpen,
  type PlaceWait
} from './protocol.ts';

type With = { context: CommandContext };
type Event = { type: string; n?: number };

const noPlace: PlaceContext = { n: 0, asked: false, given: [], kept: [], wait: null };
/** Of a command that was made before there were places, none. */
export const placeOf = ({ place }: CommandContext): PlaceContext => place ?? noPlace;

const accountOf = ({ envelope: { target } }: CommandContext): string | null =>
  target.account_id === undefined ? null : accountAddress(target.platform, target.account_id);

export const hasAccount = (context: CommandContext): boolean => accountOf(context) !== null;

/** The first action from here that reaches somebody and is not proved to be done; null: nothing will. */
function nextReaching({ flow, reaches, index, actions, envelope }: CommandContext) {
  if (envelope.dry_run) return null;
  for (const [i, { attempt }] of (flow?.actions ?? []).entries()) {
    const kind = reaches?.[i] ?? 'nobody';
    if (i < index || kind === 'nobody') continue;
    if (actions.some(({ name, outcome }) => name === attempt && outcome === 'VERIFIED')) continue;
    return { action: attempt, kind };
  }
  return null;
}

/** It asks its account before it asks for a browser: for a turn, and when it has been sent away before. */
export const wantsPlace = (context: CommandContext): boolean =>
  hasAccount(context) && (nextReaching(context) !== null || placeOf(context).wait !== null);

/** Of the action at hand. What goes on from an action that had a place is part of the same. */
export function takesPlace(context: CommandContext): boolean {
  const { flow, index, reaches, envelope } = context;
  if (!hasAccount(context) || envelope.dry_run || (reaches?.[index] ?? 'nobody') === 'nobody') return false;
  return !(flow?.actions[index]?.continues === true && placeOf(context).given.length > 0);
}

export const isOurPlace = ({ context, event }: With & { event: Event }): boolean => event.n === placeOf(context).n;

/** As things stand with the account now, a person has to be asked first, and none has allowed it. */
export function demandsAnswer({ context, event }: With & { event: Event }): boolean {
  const { approval, approved } = context;
  return approval !== null && !approved && isDemanded(context, event as PlaceOpen | PlaceGiven);
}

const isDemanded = ({ flow, reaches }: CommandContext, { testAccount, approval }: PlaceOpen | PlaceGiven): boolean =>
  flow?.approval === 'required' ||
  (reaches.includes('message') && !testAccount) ||
  (approval === 'required' && reaches.some((reach) => reach !== 'nobody'));

/** What the account says goes, also where it said otherwise when the command was accepted. */
export function notedPlace({ context, event }: With & { event: Event }): Partial<CommandContext> {
  const place = placeOf(context);
  const name = context.current?.name;
  const given = event.type === 'place.given' && name ? [...place.given, name] : place.given;
  return {
    place: { ...place, given, wait: null },
    waived: context.approval !== null && !isDemanded(context, event as PlaceOpen | PlaceGiven),
    why: null
  };
}

export function notedWait({ context, event }: With & { event: Event }): Partial<CommandContext> {
  const { retryAt, waitMs, limit, why } = event as PlaceWait;
  return { lease: null, place: { ...placeOf(context), wait: { retryAt, waitMs, limit } }, why };
}

export const counted = ({ context }: With): Partial<CommandContext> => {
  const place = placeOf(context);
  return { place: { ...place, n: place.n + 1, asked: true } };
};

/** It is being sent: its place is used, unless it turns out that nothing of it was. */
export const keptPlace = ({ context }: With): Partial<CommandContext> => {
  const place = placeOf(context);
  const name = context.current?.name;
  return name && place.given.includes(name) ? { place: { ...place, kept: [...new Set([...place.kept, name])] } } : {};
};
export const gaveBack = ({ context }: With): Partial<CommandContext> => {
  const place = placeOf(context);
  const others = (names: string[]) => names.filter((name) => name !== context.current?.name);
  return { place: { ...place, kept: others(place.kept), given: others(place.given) } };
};

const tellAccount = (
  eventOf: (context: CommandContext, event: unknown) => { type: string; [key: string]: unknown } | null
) => ({
  type: 'tell' as const,
  params: ({ context, event }: With & { event: unknown }) => {
    const [to, told] = [accountOf(context), eventOf(context, event)];
    return to && told ? [{ to, event: told }] : [];
  }
});

export const makeAccount = {
  type: 'create' as const,
  params: ({ context }: With): Create[] => {
    const address = accountOf(context);
    const { platform, account_id: accountId } = context.envelope.target;
    return address ? [{ address, input: { platform, accountId }, ifAbsent: true }] : [];
  }
};

export const askPlace = tellAccount((context): PlaceAsk => {
  const { commandId } = context;
  const next = nextReaching(context);
  return { type: 'place.ask', commandId, action: next?.action ?? '', kind: next?.kind ?? null, n: placeOf(context).n };
});

export const takePlace = tellAccount((context) => ({
  type: 'place.take',
  commandId: context.commandId,
  action: context.current?.name ?? '',
  kind: (context.reaches[context.index] ?? 'message') as LimitedKind,
  n: placeOf(context).n
}));

/** What was not sent after all is free again. */
export const settlePlaces = tellAccount((context) =>
  placeOf(context).asked ? { type: 'place.settle', commandId: context.commandId, kept: placeOf(context).kept } : null
);

export const tellLimited = tellAccount((context, event) => ({
  type: 'account.limited',
  commandId: context.commandId,
  why: (event as { error?: Failure }).error?.message ?? 'the site asked for slowness',
  n: placeOf(context).n
}));
