/**
 * What must hold of every log of ours, written apart from the machines: it reads rows, and knows no transition table.
 * It needs nothing but the log, so it judges a simulation, a database of a deployment and a stream that still runs.
 */
import type { EventRow } from '../actors/host/contract.ts';
import {
  always,
  before,
  eventually,
  groupBy,
  implies,
  type Judgement,
  judge,
  never,
  next,
  now,
  type Property,
  within
} from './temporal.ts';

export interface Violation {
  /** By its name in `invariants` below, or of whoever else looks. */
  invariant: string;
  why: string;
  /** Addresses of the actors it is about. */
  about: string[];
  cursor: number | null;
}

export interface LogFacts {
  rows: readonly EventRow[];
  /** Nothing more will come. */
  ended: boolean;
  /** Everything from the first row on is there. Default: whether the first cursor is 1. */
  whole?: boolean;
  /** ms; default `emittedAt`, which goes back when the clock does */
  timeOf?(row: EventRow): number;
  /** From when on, and for how long at most, an accepted command may take to end, ms. Default: not judged. */
  bound?: { from: number; ms: number };
}

const ENDS: Record<string, string[]> = {
  command: ['SUCCEEDED', 'FAILED', 'CANCELLED'],
  session: ['CLOSED', 'FAILED'],
  approval: ['ALLOWED', 'DENIED', 'EXPIRED', 'WITHDRAWN'],
  alert: ['ACKNOWLEDGED', 'EXPIRED']
};

const addressOf = ({ actorKind, actorId }: EventRow) => `${actorKind}/${actorId}`;
/** An event that was refused moved nothing, nor did what is in the audit log of a move. */
const moved = ({ type }: EventRow) => type !== 'event.rejected' && type !== 'audit.recorded';
const isEnd = (row: EventRow) => moved(row) && (ENDS[row.actorKind]?.includes(row.payload.to) ?? false);
const isIn =
  (...states: string[]) =>
  (row: EventRow) =>
    moved(row) && states.some((state) => row.payload.to === state || row.payload.to.startsWith(`${state}.`));
const isType = (type: string) => (row: EventRow) => row.type === type;
const isBirth = ({ payload }: EventRow) => payload.from === null;

/** Judged for each actor of a kind on its own. */
interface Rule {
  kind: string;
  says: string;
  property: Property<EventRow>;
}

const rules: Record<string, Rule[]> = {
  'exactly one terminal state': Object.keys(ENDS).map((kind) => ({
    kind,
    says: 'moved after it had ended',
    property: always(implies(isEnd, next(never(moved))))
  })),
  'no effect starts after CANCELLED': [
    {
      kind: 'command',
      says: 'attempted something after it was CANCELLED',
      property: always(implies(isIn('CANCELLED'), next(never(isType('action.attempted')))))
    }
  ],
  'nothing runs before it is allowed': [
    {
      kind: 'command',
      says: 'was RUNNING though its approval was asked for and not given',
      property: always(
        implies(
          // Where it waits for a word about a selector, nobody was asked.
          isIn('AWAITING_APPROVAL.asking'),
          before(({ payload }) => payload.event === 'approval.resolved', isIn('RUNNING'))
        )
      )
    }
  ]
};

export const invariants: Record<string, (facts: LogFacts) => Violation[]> = {
  'cursors have no hole': cursorsHaveNoHole,
  'an actor goes on from where it was': transitionsChain,
  'a step is committed once': stepsAreCommittedOnce,
  'ACTION_ATTEMPTED before VERIFIED': attemptsComeBeforeProof,
  'an effect id commits at most once': attemptsCommitOnce,
  'a message never goes out without an ALLOWED approval for its hash': messagesAreAllowed,
  'every accepted command ends': commandsEnd,
  ...Object.fromEntries(Object.entries(rules).map(([name, those]) => [name, (facts) => judgeRules(name, those, facts)]))
};

export const brokenInvariants = (facts: LogFacts): Violation[] =>
  Object.values(invariants).flatMap((invariant) => invariant(facts));

function judgeRules(invariant: string, those: Rule[], { rows, ended, timeOf = emittedAt }: LogFacts): Violation[] {
  return those.flatMap(({ kind, says, property }) =>
    [...groupBy(rows, (row) => (row.actorKind === kind ? addressOf(row) : null))].flatMap(([address, own]) =>
      broken(judge(property, own, { timeOf, ended }), (row) => ({
        invariant,
        why: `${address} ${says}: ${row?.payload.from} ─▶ ${row?.payload.to} on ${row?.payload.event}`,
        about: [address],
        cursor: row?.cursor ?? null
      }))
    )
  );
}

const broken = ({ verdict, row }: Judgement<EventRow>, violation: (row: EventRow | undefined) => Violation) =>
  verdict === 'broken' ? [violation(row)] : [];

/** Of a log whose tail was removed, the first row may have any cursor. */
function cursorsHaveNoHole({ rows }: LogFacts): Violation[] {
  return rows.flatMap((row, i) => {
    const previous = rows[i - 1]?.cursor;
    if (previous === undefined || row.cursor === previous + 1) return [];
    const why = `cursor ${row.cursor} comes after ${previous}`;
    return [{ invariant: 'cursors have no hole', why, about: [addressOf(row)], cursor: row.cursor }];
  });
}

/** Each row of an actor starts where the one before ended, across crashes. A volatile actor begins anew with each process. */
function transitionsChain({ rows }: LogFacts): Violation[] {
  const at = new Map<string, string>();
  return rows.flatMap((row) => {
    const address = addressOf(row);
    const { from, to } = row.payload;
    const was = at.get(address);
    if (moved(row) && to !== '') at.set(address, to);
    if (from === null || !moved(row) || was === undefined || from === was) return [];
    const why = `${address} moved from ${from} and was in ${was}`;
    return [{ invariant: 'an actor goes on from where it was', why, about: [address], cursor: row.cursor }];
  });
}

/** Microsteps of one step are one commit, and their rows stand together. A step that moved nothing has no row. */
function stepsAreCommittedOnce({ rows }: LogFacts): Violation[] {
  const last = new Map<string, EventRow>();
  return rows.flatMap((row, i) => {
    const address = addressOf(row);
    if (!moved(row)) return [];
    const was = last.get(address);
    last.set(address, row);
    if (!was || isBirth(row) || row.step > was.step) return [];
    if (row.step === was.step && was === rows[i - 1]) return [];
    const why = `${address} took step ${row.step} after step ${was.step}`;
    return [{ invariant: 'a step is committed once', why, about: [address], cursor: row.cursor }];
  });
}

function attemptsComeBeforeProof({ rows }: LogFacts): Violation[] {
  const attempted = new Set<string>();
  return rows.flatMap((row) => {
    const key = `${row.actorId} ${row.payload.action}`;
    if (row.type === 'action.attempted') attempted.add(key);
    if (row.type !== 'action.verified' || attempted.has(key) || row.payload.already_done === true) return [];
    const why = `${row.payload.action} of ${addressOf(row)} is VERIFIED and was never attempted`;
    return [{ invariant: 'ACTION_ATTEMPTED before VERIFIED', why, about: [addressOf(row)], cursor: row.cursor }];
  });
}

/**
 * The effect of an attempt has one id, and each attempt of an action a number: it begins once and ends once. A write that
 * is proved is not attempted again.
 */
function attemptsCommitOnce({ rows }: LogFacts): Violation[] {
  const begun = new Set<string>();
  const ended = new Set<string>();
  const proved = new Set<string>();
  return rows.flatMap((row) => {
    const { action, attempts, effect } = row.payload as { action?: string; attempts?: number; effect?: string };
    if (row.actorKind !== 'command' || typeof action !== 'string' || typeof attempts !== 'number') return [];
    const own = `${row.actorId} ${action}`;
    const one = `${own} ${attempts}`;
    const twice = (what: string): Violation[] => {
      const why = `${addressOf(row)} ${what}`;
      return [{ invariant: 'an effect id commits at most once', why, about: [addressOf(row)], cursor: row.cursor }];
    };
    if (row.type === 'action.attempted') {
      if (begun.has(one)) return twice(`attempted ${action} as number ${attempts} twice`);
      begun.add(one);
      if (effect === 'write' && proved.has(own)) return twice(`attempted ${action} again, which was VERIFIED`);
    }
    if (row.type === 'action.verified' && attempts > 0) {
      if (effect === 'write' && ended.has(one)) return twice(`proved attempt ${attempts} of ${action} twice`);
      ended.add(one);
      proved.add(own);
    }
    return [];
  });
}

interface Attempted {
  reaches?: (string | undefined)[] | null;
  index?: number | null;
  approval_id?: string | null;
  action_hash?: string | null;
}

/**
 * What an attempt says goes out is what a person allowed before, to the hash. Of an account that is for tests nobody is
 * asked. Where the log begins later than the command or its account, it cannot be told.
 */
function messagesAreAllowed({ rows, whole = (rows[0]?.cursor ?? 1) <= 1 }: LogFacts): Violation[] {
  const allowed = new Map<string, string>();
  const forTests = new Map<string, boolean>();
  const born = new Set<string>();
  return rows.flatMap((row) => {
    const { payload, actorKind, actorId, subject } = row;
    if (actorKind === 'command' && isBirth(row)) born.add(actorId);
    if (actorKind === 'account') {
      const settings = payload.settings as { test_account?: boolean } | undefined;
      if (settings) forTests.set(accountOf(subject), settings.test_account === true);
    }
    if (actorKind === 'approval' && isIn('ALLOWED')(row)) {
      const edited = payload.edited as { actionHash?: string } | null | undefined;
      allowed.set(actorId, edited?.actionHash ?? String(payload.action_hash));
    }
    if (actorKind !== 'command' || row.type !== 'action.attempted') return [];
    const { reaches, index, approval_id, action_hash } = payload as Attempted;
    if (reaches?.[index ?? 0] !== 'message' || !(whole || born.has(actorId))) return [];
    const isForTests = forTests.get(accountOf(subject));
    if (isForTests === true || (isForTests === undefined && !whole)) return [];
    const given = allowed.get(approval_id ?? '');
    if (given !== undefined && given === action_hash) return [];
    const why =
      given === undefined
        ? `${addressOf(row)} attempted the message ${payload.action}, and approval ${approval_id ?? 'none'} is not ALLOWED`
        : `${addressOf(row)} attempted the message ${payload.action} with the hash ${action_hash}, and ${given} is ALLOWED`;
    const about = [addressOf(row), ...(approval_id ? [`approval/${approval_id}`] : [])];
    const invariant = 'a message never goes out without an ALLOWED approval for its hash';
    return [{ invariant, why, about, cursor: row.cursor }];
  });
}

const accountOf = ({ platform, account_id }: EventRow['subject']) => `${platform} ${account_id}`;

function commandsEnd({ rows, ended, bound, timeOf = emittedAt }: LogFacts): Violation[] {
  if (!bound) return [];
  const commands = groupBy(rows, (row) => (row.actorKind === 'command' && moved(row) ? addressOf(row) : null));
  const ends = within(bound.ms, eventually(now(isEnd)));
  return [...commands].flatMap(([address, own]) => {
    const from = (row: EventRow) => Math.max(bound.from, timeOf(row));
    return broken(judge(ends, own, { timeOf: from, ended }), () => ({
      invariant: 'every accepted command ends',
      why: `${address} was still ${own.at(-1)?.payload.to} ${bound.ms} ms after it was accepted and the faults were over`,
      about: [address],
      cursor: own.at(-1)?.cursor ?? null
    }));
  });
}

const emittedAt = (row: EventRow) => row.emittedAt;
