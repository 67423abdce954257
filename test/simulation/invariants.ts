/**
 * What must hold of every run beside what the log alone shows (`testing/invariants.ts`): it knows the world outside,
 * what was promised to whom, and who drove what. Written apart from the machines; each broken one is a sentence.
 */
import { createHash } from 'node:crypto';
import type { ActorRecord, EventRow } from '../../actors/host/contract.ts';
import { brokenInvariants as brokenInLog, invariants as ofLog, type Violation } from '../../testing/invariants.ts';
import type { Acknowledgement } from './clients.ts';
import type { Exchange } from './executor-hands.ts';
import { flows } from './flows.ts';
import type { Happening, SimulatedSite, Wish } from './site.ts';
import type { DurableRow } from './storage.ts';

export interface Evidence {
  rows: DurableRow[];
  actors: ActorRecord[];
  acknowledged: Acknowledgement[];
  site: SimulatedSite;
  exchanges: Exchange[];
  /** How often each tell was heard. */
  heard: Map<string, number>;
  /** Then no two times can be compared. */
  clockJumped: boolean;
  /** When the faults were over, and how long a command may take after that, ms. */
  bound: { from: number; ms: number };
}

const ENDED = ['SUCCEEDED', 'FAILED', 'CANCELLED'];

const invariants: Record<string, (evidence: Evidence) => Omit<Violation, 'invariant'>[]> = {
  'what is acknowledged exists and ends': acknowledgedCommandsEnd,
  'one key is one command': keysNameOneCommand,
  'an effect id commits at most once': effectIdsCommitOnce,
  'a write happens at most once, unless nobody could know': writesHappenOnce,
  'what is said of a write is true': outcomesAreTrue,
  'a message goes out only as a person allowed it': messagesAreAllowed,
  'messages of an account are as far apart as its limit says': messagesAreApart,
  'who was asked for slowness reaches nobody before the cool-down is over': cooledAccountsRest,
  'a slot has one holder, and old fencing is refused': leasesHaveOneHolder,
  'an account is in one browser at a time': accountsHaveOneBrowser,
  'a tell is heard once': tellsAreHeardOnce
};

/** Looked at while it runs. */
export const watched = {
  journalThenAct: 'an effect starts after its step is durable',
  nothingAfterTheEnd: 'no effect starts after CANCELLED, or any other end',
  oneStart: 'an effect is started once, and again only when resumed',
  explained: 'nothing waits without a deadline and a why',
  oneDriver: 'one command drives a slot',
  inOrder: 'a receiver hears each sender in order',
  noTrouble: 'no actor breaks'
};

export const names = [...Object.keys(ofLog), ...Object.keys(invariants), ...Object.values(watched)];

export function brokenInvariants(evidence: Evidence): Violation[] {
  const at = new Map(evidence.rows.map((durable) => [durable.row, durable.at]));
  const log = {
    rows: evidence.rows.map(({ row }) => row),
    ended: true,
    timeOf: (row: EventRow) => at.get(row) ?? 0,
    bound: evidence.bound
  };
  const beside = Object.entries(invariants).flatMap(([invariant, look]) =>
    look(evidence).map((violation) => ({ invariant, ...violation }))
  );
  return [...brokenInLog(log), ...beside];
}

function acknowledgedCommandsEnd({ acknowledged, actors }: Evidence) {
  const states = new Map(actors.map(({ address, state }) => [address, state]));
  return acknowledged.flatMap(({ commandId }) => {
    const address = `command/${commandId}`;
    const state = states.get(address);
    if (state === undefined) return [broken(`${address} was acknowledged and is lost`, address)];
    return ENDED.includes(state) ? [] : [broken(`${address} was acknowledged and is still ${state}`, address)];
  });
}

function keysNameOneCommand({ acknowledged }: Evidence) {
  const named = new Map<string, string>();
  return acknowledged.flatMap(({ service, key, commandId }) => {
    const before = named.get(`${service} ${key}`) ?? commandId;
    named.set(`${service} ${key}`, before);
    if (before === commandId) return [];
    return [
      broken(`key ${key} of ${service} is ${before} and ${commandId}`, `command/${before}`, `command/${commandId}`)
    ];
  });
}

function effectIdsCommitOnce({ site }: Evidence) {
  return twice(site.happenings, ({ effectId }) => effectId).map(([effectId, { commandId }]) =>
    broken(`effect ${effectId} happened more than once`, `command/${commandId}`)
  );
}

function writesHappenOnce({ site, actors }: Evidence) {
  const { happenings } = site;
  const unknown = (wish: Happening) =>
    happenings.some((one) => sameWish(one, wish) && outcomeOf(actors, one) === 'UNKNOWN');
  return [
    ...twice(happenings, ({ commandId, action }) => `${commandId} ${action}`),
    ...twice(happenings, ({ dedupeKey }) => dedupeKey),
    // What is done is seen, and not done again; unless the first was not seen because nobody could know of it.
    ...twice(happenings, ({ account, verb, target, text }) => JSON.stringify([account, verb, target, text])).filter(
      ([, wish]) => ['LIKE', 'MAKE'].includes(wish.verb) && !unknown(wish)
    )
  ].map(([, { action, account, target, ...one }]) => {
    const by = happenings
      .filter((other) => sameWish(other, { ...one, action, account, target }))
      .map(({ commandId }) => `command/${commandId}`);
    return broken(`${action} of ${account} on ${target} happened ${by.length} times, by ${by.join(' and ')}`, ...by);
  });
}

const sameWish = (a: Happening, b: Happening) =>
  a.account === b.account && a.verb === b.verb && a.target === b.target && a.text === b.text;

function twice<T>(list: readonly T[], keyOf: (one: T) => string): [string, T][] {
  const first = new Map<string, T>();
  const found = new Map<string, T>();
  for (const one of list) {
    const key = keyOf(one);
    if (first.has(key)) found.set(key, one);
    else first.set(key, one);
  }
  return [...found];
}

interface Seen {
  name: string;
  effect: string;
  outcome: string | null;
}
const actionsOf = ({ snapshot }: ActorRecord) => (snapshot.context.actions ?? []) as Seen[];

const outcomeOf = (actors: ActorRecord[], { commandId, action }: Happening) =>
  actors
    .filter(({ address }) => address === `command/${commandId}`)
    .flatMap(actionsOf)
    .find(({ name }) => name === action)?.outcome;

function outcomesAreTrue({ actors, site }: Evidence) {
  const commands = actors.filter(({ kind }) => kind === 'command');
  return commands.flatMap((actor) =>
    actionsOf(actor).flatMap(({ name, effect, outcome }) => {
      if (effect !== 'write') return [];
      if (outcome === 'VERIFIED' && !site.shows(wishOf(actor, name)))
        return [broken(`${actor.address} says ${name} is VERIFIED and the site does not show it`, actor.address)];
      if (outcome === 'VERIFICATION_FAILED' && site.count(actor.id, name) !== 0)
        return [broken(`${actor.address} says ${name} did not happen and it did`, actor.address)];
      if (actor.state === 'SUCCEEDED' && outcome !== 'VERIFIED')
        return [broken(`${actor.address} SUCCEEDED with ${name} ${outcome}`, actor.address)];
      return [];
    })
  );
}

/** What was asked for, read from the command as it was sent. */
function wishOf({ snapshot, subject }: ActorRecord, verb: string): Wish {
  const { payload } = snapshot.context.envelope as { payload: { params: Record<string, string> } };
  const { post, to, text = '' } = payload.params;
  const target = `https://site.test/${to === undefined ? `p/${post}` : `u/${to}`}`;
  return { account: subject.account_id ?? '', verb, target, text: verb === 'LIKE' ? '' : text };
}

/** The person saw this text to this person from this account, and said yes before it went out. */
function messagesAreAllowed({ site, actors, rows }: Evidence) {
  return site.happenings
    .filter(({ verb }) => verb === 'SEND')
    .flatMap(({ commandId, account, text, target }) => {
      const command = `command/${commandId}`;
      const approval = actors.find(
        ({ kind, snapshot }) => kind === 'approval' && snapshot.context.commandId === commandId
      );
      if (approval?.state !== 'ALLOWED') {
        return [broken(`${command} sent a message and its approval is ${approval?.state ?? 'nowhere'}`, command)];
      }
      const to = decodeURIComponent(target.slice(target.lastIndexOf('/') + 1));
      const { actionHash: asked, edited } = approval.snapshot.context as {
        actionHash: string;
        edited: { actionHash: string } | null;
      };
      if ((edited?.actionHash ?? asked) !== hashOfMessage({ account, text, to })) {
        return [broken(`${command} sent '${text}' to ${to}, which is not what was allowed`, command, approval.address)];
      }
      const cursorOf = (found: (row: EventRow) => boolean) =>
        rows.find(({ row }) => found(row))?.row.cursor ?? Number.POSITIVE_INFINITY;
      const allowed = cursorOf((row) => row.actorId === approval.id && row.payload.to === 'ALLOWED');
      const attempted = cursorOf(
        (row) => row.actorId === commandId && row.type === 'action.attempted' && row.payload.action === 'SEND'
      );
      if (allowed < attempted) return [];
      return [broken(`${command} attempted its message before it was allowed`, command, approval.address)];
    });
}

/** s */
export const APART_S = 40;
/** Between being counted and being attempted a tell may be late, ms. */
const ON_ITS_WAY_MS = 15_000;

/** Of those that reached the site: when each was attempted for the last time. */
function messagesAreApart({ rows, site, clockJumped }: Evidence) {
  if (clockJumped) return [];
  const attempted = new Map<string, number>();
  for (const { row } of rows) {
    if (row.type === 'action.attempted' && row.payload.action === 'SEND') attempted.set(row.actorId, row.emittedAt);
  }
  const sent = site.happenings
    .filter(({ verb }) => verb === 'SEND')
    .map(({ account, commandId }) => ({ account, commandId, at: attempted.get(commandId) ?? 0 }))
    .sort((a, b) => a.at - b.at);
  return sent.flatMap(({ account, commandId, at }, i) => {
    const before = sent.slice(0, i).findLast((one) => one.account === account && one.commandId !== commandId);
    const apart = at - (before?.at ?? Number.NEGATIVE_INFINITY);
    if (apart >= APART_S * 1000 - ON_ITS_WAY_MS) return [];
    return [broken(`${account} attempted a message ${apart} ms after another`, `command/${commandId}`)];
  });
}

/** The first one, as the contract of accounts has it, ms. */
const COOL_DOWN_MS = 15 * 60_000;
/** The word of it may have to wait for a process that was killed, ms. */
const TOLD_MS = 60_000;
const REACHING = ['SEND', 'COMMENT', 'LIKE'];

/** From when a command has noted that the site asks for slowness. */
function cooledAccountsRest({ rows, clockJumped }: Evidence) {
  if (clockJumped) return [];
  const since = new Map<string, number>();
  return rows.flatMap(({ row }) => {
    const { account_id: account } = row.subject;
    if (row.actorKind !== 'command' || account === null) return [];
    const { to = '', action } = row.payload as { to?: string; action?: string };
    // A second word of the same trouble makes it no longer.
    const begun = since.get(account) ?? Number.NEGATIVE_INFINITY;
    const rest = row.emittedAt - begun;
    if (/QUEUED\.slowing|ACTION_ATTEMPTED\.cooling\.telling/.test(to) && rest >= COOL_DOWN_MS)
      since.set(account, row.emittedAt);
    if (row.type !== 'action.attempted' || !REACHING.includes(action ?? '')) return [];
    if (rest < TOLD_MS || rest >= COOL_DOWN_MS) return [];
    return [
      broken(`${account} attempted ${action} ${rest} ms after the site asked it for slowness`, `command/${row.actorId}`)
    ];
  });
}

/** As `approvals` of the contract say it: SHA-256 over sorted keys. */
function hashOfMessage({ account, text, to }: { account: string; text: string; to: string }): string {
  const flow = { ...flows.find(({ name }) => name === 'message'), version: 1 };
  return sha256({ flow: flow.name, version: 1, body: sha256(flow), params: { to, text }, account, platform: 'x' });
}

const sha256 = (value: unknown) =>
  createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex');
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, one]) => [key, sorted(one)])
        )
      : value;

function leasesHaveOneHolder({ rows, exchanges, actors }: Evidence) {
  const holders = new Map<number, string>();
  const given = new Set<number>();
  const found: Omit<Violation, 'invariant'>[] = [];
  for (const { row } of rows) {
    const { slot, fencing, slots } = row.payload as LeasePayload;
    if (row.actorKind === 'session' && typeof fencing === 'number') {
      const holder = `session/${row.actorId}`;
      const before = holders.get(fencing) ?? `${holder} ${slot}`;
      holders.set(fencing, before);
      if (before !== `${holder} ${slot}`)
        found.push(broken(`lease ${fencing} is of ${before} and of ${holder} ${slot}`, holder));
    }
    if (row.actorKind !== 'supervisor') continue;
    for (const { fencing: number } of slots ?? []) {
      if (number === null || given.has(number)) continue;
      const newest = Math.max(0, ...given);
      if (number < newest) found.push(broken(`lease ${number} was given after lease ${newest}`, 'supervisor/main'));
      given.add(number);
    }
  }
  const sessionOf = new Map(actors.map(({ address, snapshot }) => [address, snapshot.context.sessionId]));
  for (const { commandId, slot, fencing, opened } of exchanges) {
    const command = `command/${commandId}`;
    if (opened !== fencing)
      found.push(broken(`${command} drove ${slot} with lease ${fencing}, and ${opened} was open there`, command));
    const holder = `session/${sessionOf.get(command)} ${slot}`;
    if (holders.get(fencing) !== holder)
      found.push(broken(`${command} drove lease ${fencing}, which is of ${holders.get(fencing)}`, command));
  }
  return found;
}

function accountsHaveOneBrowser({ rows }: Evidence) {
  const accountOf = new Map<string, string | null>();
  const found: Omit<Violation, 'invariant'>[] = [];
  for (const { row } of rows) {
    const { account_id: account, platform } = row.subject;
    if (row.actorKind === 'session') accountOf.set(row.actorId, account === null ? null : `${platform} ${account}`);
    if (row.actorKind !== 'supervisor') continue;
    const inBrowsers = new Map<string, string>();
    for (const { sessionId } of (row.payload as LeasePayload).slots ?? []) {
      const owner = sessionId === null ? null : accountOf.get(sessionId);
      if (!owner || sessionId === null) continue;
      const other = inBrowsers.get(owner);
      if (other !== undefined)
        found.push(
          broken(`${owner} is in the browsers of session/${other} and session/${sessionId}`, 'supervisor/main')
        );
      inBrowsers.set(owner, sessionId);
    }
  }
  return found;
}

interface LeasePayload {
  slot?: string;
  fencing?: number | null;
  slots?: { sessionId: string | null; fencing: number | null }[];
}

function tellsAreHeardOnce({ heard }: Evidence) {
  return [...heard].flatMap(([id, count]) => {
    const [from = ''] = id.split('#');
    return count > 1 ? [broken(`tell ${id} was heard ${count} times`, from)] : [];
  });
}

const broken = (why: string, ...about: string[]) => ({ why, about, cursor: null });
