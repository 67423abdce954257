/**
 * Whether a log is one that these machines could have written: row by row, so that a log of any length needs memory for
 * the actors that live in it and not for its rows. Two judges apart from each other: the machines say which moves there
 * are, the invariants what must hold whatever the machines say.
 */
import type { EventRow } from '../actors/host/contract.ts';
import { type ActorMemory, type Followed, FollowedActors, kept, slimmed } from './conform-actors.ts';
import { brokenInvariants, type Violation } from './invariants.ts';
import type { LegalMove, LegalMoves } from './legal-moves.ts';

/** A row, and where it is known the version of the machine that took the move. */
export interface LogRow extends EventRow {
  version?: string | null;
  /** Of the input, from 1, where it has lines. */
  line?: number | null;
}

export type ConformFindingType =
  /** The machine has no such move. */
  | 'illegal'
  /** Cursors are missing, come twice, or go back. */
  | 'cursor'
  /** The row is much older than the one before it. */
  | 'time_backwards'
  /** It is a little older: a clock was set. A warning. */
  | 'clock_adjusted'
  | 'invariant';

export interface ConformFinding {
  type: ConformFindingType;
  /** false: a warning. */
  violates: boolean;
  cursor: number | null;
  /** Of the input, from 1, where it has lines. */
  line: number | null;
  /** Addresses of the actors it is about. */
  about: string[];
  why: string;
  /** Of `invariant`: its name. */
  invariant?: string;
  /** Of `illegal`: what its state has, and the version of the machine that was asked. */
  legal?: LegalMove[];
  version?: string | null;
}

/** What the end of a log leaves open. */
export interface Inconclusive {
  invariant: string;
  count: number;
  /** Addresses of some of them. */
  first: string[];
  why: string;
}

export interface Conformity {
  conforms: boolean;
  rows: number;
  actors: number;
  /** Moves that a machine was asked about, and had. */
  legal: number;
  illegal: number;
  /** Rows that tell of no move of a machine: refusals, failures, upgrades, records of the audit log. */
  aside: number;
  /** Not judged, by kind and reason. */
  not_judged: { kind: string; version: string | null; rows: number; why: string }[];
  cursors: { from: number | null; to: number | null; missing: number };
  violations: number;
  warnings: number;
  inconclusive: Inconclusive[];
}

/** Machines by kind and version. A string: why there is none. */
export type FindMoves = (kind: string, version: string | null) => LegalMoves | string;

export interface ConformOptions {
  moves: FindMoves;
  /** The rows are a part of a log: holes in the cursors are no fault. Default false. */
  filtered?: boolean;
  /**
   * For rows without end: each is judged at once and not when its actor ends, and of actors no more are remembered than
   * these, the ones that moved last. What is forgotten is judged anew when it moves again. Default: all are remembered.
   */
  memory?: ActorMemory;
}

/** Up to this a clock was put right, ms; farther back something is wrong. */
const ADJUSTED_MS = 60_000;
/** Rows of an actor that are kept before it is judged and what does not matter any more is forgotten. */
const MOST_KEPT = 500;
const MOST_NAMED = 5;
/** Rows that are the host's: no transition of the machine says them. */
const ASIDE = new Set(['event.rejected', 'audit.recorded', 'actor.failed', 'actor.upgraded']);
const HOSTS = new Set(['actor.stop', 'troupe.send']);
const ENDS: Record<string, string[]> = {
  command: ['SUCCEEDED', 'FAILED', 'CANCELLED'],
  session: ['CLOSED', 'FAILED'],
  approval: ['ALLOWED', 'DENIED', 'EXPIRED', 'WITHDRAWN'],
  alert: ['ACKNOWLEDGED', 'EXPIRED']
};

export class Conformance {
  readonly #moves: FindMoves;
  readonly #filtered: boolean;
  readonly #actors: FollowedActors;
  /** Each row is judged when it comes, and not when its actor ends. */
  readonly #atOnce: boolean;
  readonly #notJudged = new Map<string, Conformity['not_judged'][number]>();
  /** Rows that messages are judged by: of accounts their newest settings, of approvals what they allow. */
  readonly #leave = new Map<string, LogRow>();
  /** Which invariants a kept row was told to break: it is judged again with later ones. */
  readonly #told = new WeakMap<LogRow, Set<string>>();
  readonly #gaps: string[] = [];
  #first: LogRow | undefined;
  #last: LogRow | undefined;
  /** Rows are gone between the last and the next. */
  #isGap = false;
  #missing = 0;
  readonly #counts = { rows: 0, legal: 0, illegal: 0, aside: 0, violations: 0, warnings: 0 };

  constructor({ moves, filtered = false, memory }: ConformOptions) {
    this.#moves = moves;
    this.#filtered = filtered;
    this.#atOnce = memory !== undefined;
    this.#actors = new FollowedActors(memory, (address) => this.#leave.delete(address));
  }

  /** The next row of the log. */
  take(row: LogRow): ConformFinding[] {
    const found = [...this.#order(row), ...this.#legality(row), ...this.#follow(row)];
    this.#counts.rows += 1;
    this.#first ??= row;
    this.#last = row;
    this.#isGap = false;
    return this.#counted(found);
  }

  /**
   * Rows are gone, and nobody can say whose: what was known of actors is judged and forgotten.
   * @param why told at the end, among what is inconclusive
   */
  gap(why: string): ConformFinding[] {
    const found = this.#counted(this.#actors.all.flatMap(([, actor]) => this.#judge(actor)));
    this.#actors.clear();
    this.#leave.clear();
    this.#gaps.push(why);
    if (this.#gaps.length > MOST_NAMED) this.#gaps.shift();
    this.#isGap = true;
    return found;
  }

  /** Rows that later ones are judged by, in memory. */
  get kept(): number {
    return this.#actors.all.reduce((sum, [, { rows }]) => sum + rows.length, this.#leave.size);
  }

  /** What the rows show that were kept, and the verdict. */
  end(): { findings: ConformFinding[]; verdict: Conformity } {
    const findings = this.#counted(this.#actors.all.flatMap(([, actor]) => this.#judge(actor)));
    const { violations } = this.#counts;
    const verdict: Conformity = {
      conforms: violations === 0,
      ...this.#counts,
      actors: this.#actors.met,
      not_judged: [...this.#notJudged.values()],
      cursors: { from: this.#first?.cursor ?? null, to: this.#last?.cursor ?? null, missing: this.#missing },
      inconclusive: this.#open()
    };
    return { findings, verdict };
  }

  #counted(found: ConformFinding[]): ConformFinding[] {
    for (const { violates } of found) this.#counts[violates ? 'violations' : 'warnings'] += 1;
    return found;
  }

  #order(row: LogRow): ConformFinding[] {
    const { line = null } = row;
    const last = this.#last;
    if (!last) return [];
    const about = [addressOf(row)];
    const found: ConformFinding[] = [];
    if (row.cursor <= last.cursor) {
      const why =
        row.cursor === last.cursor
          ? `cursor ${row.cursor} is there twice`
          : `cursor ${row.cursor} comes after ${last.cursor}`;
      found.push({ type: 'cursor', violates: true, cursor: row.cursor, line, about, why });
    } else if (row.cursor > last.cursor + 1 && !this.#filtered && !this.#isGap) {
      const missing = row.cursor - last.cursor - 1;
      this.#missing += missing;
      const which =
        missing === 1 ? `cursor ${row.cursor - 1} is` : `cursors ${last.cursor + 1} to ${row.cursor - 1} are`;
      found.push({ type: 'cursor', violates: true, cursor: row.cursor, line, about, why: `${which} missing` });
    }
    const back = last.emittedAt - row.emittedAt;
    if (back > 0) {
      const type = back > ADJUSTED_MS ? 'time_backwards' : 'clock_adjusted';
      const why = `it was emitted ${back} ms before the row before it (cursor ${last.cursor})`;
      found.push({ type, violates: type === 'time_backwards', cursor: row.cursor, line, about, why });
    }
    return found;
  }

  #legality(row: LogRow): ConformFinding[] {
    const { actorKind: kind, type, version = null, line = null } = row;
    const { from, to, event } = row.payload;
    const actor = this.#actors.get(addressOf(row));
    const follows = actor !== undefined && actor.step === row.step;
    const isEmitted = type === event && from === to;
    if ((ASIDE.has(type) && type !== 'event.rejected') || HOSTS.has(event)) return this.#aside();
    // Nobody was there to refuse it.
    if (type === 'event.rejected' && (from === null || (row.payload.legal as unknown[] | undefined)?.length === 0))
      return this.#aside();
    const moves = this.#moves(kind, version);
    if (typeof moves === 'string') {
      const key = `${kind} ${version} ${moves}`;
      const known = this.#notJudged.get(key) ?? { kind, version, rows: 0, why: moves };
      known.rows += 1;
      this.#notJudged.set(key, known);
      return [];
    }
    const illegal = (why: string): ConformFinding[] => {
      this.#counts.illegal += 1;
      const legal = from === null ? [] : moves.from(from);
      return [
        { type: 'illegal', violates: true, cursor: row.cursor, line, about: [addressOf(row)], why, legal, version }
      ];
    };
    if (type === 'event.rejected') {
      if (!moves.mustTake(from as string, event)) return this.#aside();
      return illegal(`it refused '${event}' in ${from}, which takes that without a condition`);
    }
    const is = () => {
      if (from === null) return moves.isBirth(to);
      // Of one that is met in the middle of a step, the row before is not known.
      const isMet = actor === undefined && moves.isFollowing(from, to);
      return follows ? moves.isFollowing(from, to) : isMet || moves.isMove(from, to, event);
    };
    if (is()) {
      this.#counts.legal += 1;
      return [];
    }
    if (isEmitted && from !== null && moves.has(from)) return this.#aside();
    if (from === null) return illegal(`it was made in ${to || 'no state'}, where the machine does not begin`);
    if (!moves.has(from)) return illegal(`state ${from} is not in the machine`);
    if (!moves.has(to)) return illegal(`state ${to} is not in the machine`);
    return illegal(
      `there is no transition ${from} ─▶ ${to} on '${event}'${follows ? ', nor one without an event, in the middle of a step' : ''}`
    );
  }

  #aside(): ConformFinding[] {
    this.#counts.aside += 1;
    return [];
  }

  /** Keeps the row with its actor's others; judges them when it has ended, or when they are many. */
  #follow(row: LogRow): ConformFinding[] {
    if (row.type === 'event.rejected' || row.type === 'audit.recorded') return [];
    const address = addressOf(row);
    const actor = this.#actors.meet(address, row);
    const slim = slimmed(row);
    const found = this.#again(actor, slim);
    actor.step = row.step;
    actor.rows.push(slim);
    this.#keepLeave(address, slim);
    const isEnd = ENDS[row.actorKind]?.includes(row.payload.to) === true;
    actor.ended ||= isEnd || row.type === 'actor.failed' || row.payload.event === 'actor.stop';
    this.#actors.moved(address, actor);
    const isTime = actor.ended || actor.rows.length >= MOST_KEPT;
    if (isTime || this.#atOnce) found.push(...this.#judge(actor));
    if (!isTime) return found;
    for (const { payload } of actor.ended ? actor.rows : []) this.#leave.delete(`approval/${payload.approval_id}`);
    actor.rows = kept(actor);
    return found;
  }

  /** Rows of one step are one commit and stand together. */
  #again({ rows, step }: Followed, row: LogRow): ConformFinding[] {
    const was = rows.at(-1);
    if (!was || row.step !== step || row.payload.from === null || was.cursor === this.#last?.cursor) return [];
    const why = `${addressOf(row)} took step ${row.step} again`;
    return [
      this.#finding({ invariant: 'a step is committed once', why, about: [addressOf(row)], cursor: row.cursor }, row)
    ];
  }

  #keepLeave(address: string, row: LogRow) {
    const { actorKind, payload } = row;
    if (actorKind === 'account' && payload.settings) this.#leave.set(address, row);
    if (actorKind === 'approval' && payload.to === 'ALLOWED') this.#leave.set(address, row);
  }

  /** By every invariant that is of one actor, and of a command by what others have let it do. */
  #judge({ kind, rows, isMet }: Followed): ConformFinding[] {
    const [first] = rows;
    if (first === undefined) return [];
    const { platform, account_id } = first.subject;
    const account = `account/${String(platform).replaceAll(':', '::')}:${account_id}`;
    const approvals = rows.map(({ payload }) => `approval/${payload.approval_id}`);
    const leave =
      kind === 'command'
        ? [...new Set([account, ...approvals])].flatMap((address) => this.#leave.get(address) ?? [])
        : [];
    const own = [...leave, ...rows].sort((a, b) => a.cursor - b.cursor);
    const whole = this.#first?.cursor === 1 && this.#gaps.length === 0 && this.#actors.forgotten === 0;
    return brokenInvariants({ rows: own, ended: false, whole }).flatMap((violation) => {
      const row = rows.find((one) => one.cursor === violation.cursor);
      // A part of a log has holes.
      if (violation.invariant === 'cursors have no hole') return [];
      if (isMet && violation.invariant === 'ACTION_ATTEMPTED before VERIFIED') return [];
      return row && this.#told.get(row)?.has(violation.invariant) ? [] : [this.#finding(violation, row)];
    });
  }

  #finding({ invariant, why, about, cursor }: Violation, row: LogRow | undefined): ConformFinding {
    if (row) this.#told.set(row, (this.#told.get(row) ?? new Set()).add(invariant));
    return { type: 'invariant', violates: true, invariant, cursor, line: row?.line ?? null, about, why };
  }

  /** Lives that go on after the log: what may still come of them nobody can say. */
  #open(): Inconclusive[] {
    const living = this.#actors.all.filter(([, { kind, ended }]) => kind in ENDS && !ended).map(([address]) => address);
    const undecided: [invariant: string, about: string[]][] = [
      ['exactly one terminal state', living],
      ['every accepted command ends', living.filter((address) => address.startsWith('command/'))]
    ];
    const open = undecided
      .filter(([, about]) => about.length > 0)
      .map(
        ([invariant, about]): Inconclusive => ({
          invariant,
          count: about.length,
          first: about.slice(0, MOST_NAMED),
          why: 'the log ends before they do'
        })
      );
    for (const why of this.#gaps) {
      open.push({ invariant: 'cursors have no hole', count: 0, first: [], why: `${why}; all after it is judged anew` });
    }
    if (this.#actors.forgotten > 0) {
      const why = `${this.#actors.forgotten} actors that had not moved for long were forgotten`;
      open.push({ invariant: 'an actor goes on from where it was', count: 0, first: [], why });
    }
    if ((this.#first?.cursor ?? 1) > 1) {
      const why = `the log begins with cursor ${this.#first?.cursor}: what was allowed or begun before that is not in it`;
      open.push({
        invariant: 'a message never goes out without an ALLOWED approval for its hash',
        count: 0,
        first: [],
        why
      });
    }
    return open;
  }
}

const addressOf = ({ actorKind, actorId }: EventRow) => `${actorKind}/${actorId}`;
