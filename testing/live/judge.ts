/**
 * Holds the life of one actor of a deployment against the machine: the kernel takes the same steps in process, in the
 * order the stream gives them, and every row, answer and look has to be what comes of that.
 *
 * The stream is the one order of all that happened, so clients that race need no guess of who was first: their answers
 * name the step they made, and an order is refused in which a request comes before one that was over when it was sent.
 *
 * What an effect gave or another actor told is on no stream. There each sample that would explain the rows may have been
 * it; where none does, the states alone are asked whether a transition leads there. A look at that step settles it.
 */
import type { ActorRecord, MachineEvent } from '../../actors/host/contract.ts';
import type { Definition } from '../../actors/kernel/definition.ts';
import { birth, type Cause, type Step, step } from '../../actors/kernel/step.ts';
import type { ActorSummary, EventEnvelope } from '../../schemas/generated/contracts.ts';
import type { Samples } from '../samples.ts';
import { type Deviation, deviation, type Life, type Request } from './life.ts';
import { Requests } from './requests.ts';
import { isAs, isOfStep, list, sameRows, told } from './rows.ts';
import { otherwise } from './same-context.ts';
import { innerSource, type Source, unseenSources } from './sources.ts';
import { actorAt, legalIn, mayLead, nodesAt, statusAt } from './structure.ts';

export interface Against {
  definition: Definition;
  samples: Samples;
  /**
   * Kinds that clients move by paths of their own, and others move too: what their events carry is not known, so each is
   * held against the transitions there are, whatever guards say. Only these types come from clients.
   */
  fromClients?: readonly string[];
}

/** One step of the actor as it is known to have been. */
export interface Taken {
  step: number;
  /** null: the first. */
  before: ActorRecord | null;
  event: MachineEvent;
  cause: Cause;
  /** ms since 1970, by the deployment's clock */
  at: number;
  after: ActorRecord;
  /** States that its rows lead to, in order. */
  through: string[];
  /** The request that it came of. */
  request: Request | null;
  /** What the event carried is known, or cannot matter. */
  known: boolean;
}

/** What moved an actor, as the kernel takes it. */
interface Moved {
  event: MachineEvent;
  cause: Cause;
}

export interface Verdict {
  deviations: Deviation[];
  taken: Taken[];
  /** Where the machine is after all of it; undefined: it is not born. */
  record: ActorRecord | undefined;
  /** A look at the actor at this cursor would settle what a step carried. */
  unsettled: string[];
}

/** @param whole no row is missing because it has not come yet */
export function judge(life: Life, against: Against, whole: boolean): Verdict {
  const judging = new Judging(life, against);
  judging.rows(whole);
  return {
    deviations: judging.deviations,
    taken: judging.taken,
    record: judging.record,
    unsettled: judging.unsettled
  };
}

type Known = 'exactly' | 'by a sample' | 'its state alone';

class Judging {
  readonly deviations: Deviation[] = [];
  readonly taken: Taken[] = [];
  readonly unsettled: string[] = [];
  record: ActorRecord | undefined;
  #known: Known = 'exactly';
  readonly #timers = new Map<string, MachineEvent>();
  readonly #life: Life;
  readonly #against: Against;
  readonly #requests: Requests;

  constructor(life: Life, against: Against) {
    this.#life = life;
    this.#against = against;
    this.#requests = new Requests(life);
  }

  rows(whole: boolean): void {
    this.#fits();
    const rows = this.#inOrder();
    for (let i = 0; i < rows.length; ) {
      const row = rows[i] as EventEnvelope;
      if (row.type === 'event.rejected') {
        if (!this.#refusal(row)) return;
        i += 1;
        continue;
      }
      let end = i + 1;
      while (end < rows.length && isOfStep(rows[end] as EventEnvelope, row)) end += 1;
      if (!this.#step(rows.slice(i, end))) return;
      i = end;
    }
    if (whole && this.deviations.length === 0) this.#complete();
  }

  /** What does not fit a schema is refused, and what does is not. */
  #fits() {
    for (const { event, answer, unfit = false } of this.#life.requests) {
      const isRefused = answer.kind === 'refused';
      if (answer.kind === 'lost' || unfit === isRefused) continue;
      const said = JSON.stringify(event);
      if (answer.kind === 'refused')
        this.#differ('fit was refused', `${said} was refused: ${answer.code}: ${answer.why}`);
      else this.#differ('unfit was taken', `${said} does not fit its schema and was answered as ${answer.kind}`);
    }
  }

  /** Without the rows that came again. */
  #inOrder(): EventEnvelope[] {
    const seen = new Set<string>();
    let last = -1n;
    return this.#life.rows.filter((row) => {
      if (seen.has(row.event_id)) {
        this.#differ('row came twice', `${told(row)} is on the stream twice`, row);
        return false;
      }
      seen.add(row.event_id);
      const cursor = BigInt(row.cursor);
      if (cursor <= last) this.#differ('cursor went back', `cursor ${cursor} comes after ${last}: ${told(row)}`, row);
      last = cursor;
      // What the audit log keeps of it moved nothing.
      return row.type !== 'audit.recorded';
    });
  }

  /** @returns whether it makes sense to go on */
  #step(rows: EventEnvelope[]): boolean {
    const [first] = rows as [EventEnvelope];
    const number = first.payload.step ?? 0;
    if (!this.#withoutRows(number, first)) return false;
    const { record } = this;
    if (!record) return this.#birth(rows, first);
    if (number <= record.step) {
      return this.#differ(
        'row came twice',
        `step ${number} is on the stream after step ${record.step}: ${told(first)}`,
        first
      );
    }
    if (first.payload.from !== record.state) {
      return this.#differ('chain is broken', `${told(first)}, and it was in ${record.state}`, first);
    }
    const own = this.#requestOf(number, first);
    if (own && own.event.type !== first.payload.event) {
      const why = `step ${number} is the answer to '${own.event.type}', and on the stream it is ${told(first)}`;
      return this.#differ('transition is wrong', why, first);
    }
    const source: Source | undefined = own
      ? { known: true, may: [{ event: own.event, cause: {} }] }
      : innerSource(first, record, this.#against.samples, this.#timers);
    if (!source && this.#mayBeInner(first.payload.event)) {
      return this.#take(rows, record, { known: false, may: [] }, null);
    }
    if (!source) {
      return this.#differ('nobody sent it', `${told(first)}: nobody sent '${first.payload.event}' then`, first);
    }
    return this.#take(rows, record, source, own);
  }

  #take(rows: EventEnvelope[], record: ActorRecord, source: Source, own: Request | null): boolean {
    const [first] = rows as [EventEnvelope];
    const now = Date.parse(first.emitted_at);
    const isWhere = this.#known === 'exactly' && this.#against.fromClients === undefined;
    const results =
      this.#known === 'its state alone'
        ? []
        : source.may.map(({ event, cause }) => {
            return { event, cause, result: step(this.#against.definition, record, event, cause, now) };
          });
    const fitting = results.find(({ result }) => result.kind === 'stepped' && sameRows(result.step, rows));
    if (fitting?.result.kind === 'stepped') {
      return this.#become(fitting.result.step, rows, fitting, own, source.known);
    }
    const legal = legalIn(this.#against.definition, record);
    const last = rows.at(-1) as EventEnvelope;
    if (isWhere && source.known) {
      const { result } = results[0] as (typeof results)[number];
      if (result.kind !== 'stepped') {
        const why = `${told(first)}: ${record.state} does not take ${JSON.stringify(results[0]?.event)}; legal are ${list(legal)}`;
        return this.#differ('illegal event was taken', why, first);
      }
      return this.#mismatch(result.step, rows, last);
    }
    if (!mayLead(this.#against.definition, record, first.payload.event, last.payload.to)) {
      const what = legal.includes(first.payload.event) || first.payload.event.startsWith('xstate.');
      const why = `${told(first)} … ${last.payload.to}: no transition of ${record.state} for it leads there; legal are ${list(legal)}`;
      return this.#differ(what ? 'transition is wrong' : 'illegal event was taken', why, first);
    }
    return this.#becomeAt(rows, record, source.may[0] ?? { event: { type: first.payload.event }, cause: {} }, own);
  }

  #mismatch({ rows: expected }: Step, rows: EventEnvelope[], last: EventEnvelope): boolean {
    const wanted = expected.map(({ payload }) => `${payload.from} ─▶ ${payload.to}`).join(', ');
    const is = rows.map(({ payload }) => `${payload.from} ─▶ ${payload.to}`).join(', ');
    const isShort = rows.length < expected.length && rows.every((row) => expected.some((one) => isAs(one, row)));
    const why = `on '${last.payload.event}' the stream has ${is}, and the machine goes ${wanted || 'nowhere'}`;
    return this.#differ(isShort ? 'transition is lost' : 'transition is wrong', why, last);
  }

  #birth(rows: EventEnvelope[], first: EventEnvelope): boolean {
    const { definition } = this.#against;
    const { address, input } = this.#life;
    const last = rows.at(-1) as EventEnvelope;
    if (first.payload.from !== null) {
      return this.#differ(
        'transition is lost',
        `${told(first)} is its first row, and says nothing of how it began`,
        first
      );
    }
    if (input !== undefined) {
      const made = birth(definition, address, input, Date.parse(first.emitted_at));
      if (!sameRows(made, rows)) return this.#mismatch(made, rows, last);
      return this.#become(made, rows, { event: { type: 'actor.created', input }, cause: {} }, null, true);
    }
    if (!nodesAt(definition.machine, last.payload.to)) {
      return this.#differ('transition is wrong', `${told(last)}: the machine has no such state`, last);
    }
    const empty = { address, kind: definition.kind, snapshot: { context: {}, children: {}, timers: {} } };
    return this.#becomeAt(rows, empty as unknown as ActorRecord, { event: { type: 'actor.created' }, cause: {} }, null);
  }

  #become(made: Step, rows: EventEnvelope[], moved: Moved, own: Request | null, known: boolean): boolean {
    if (!known && this.#known === 'exactly') this.#known = 'by a sample';
    for (const timer of made.timers) this.#timers.set(timer.id, timer.event);
    return this.#arrive(made.record, rows, moved, own);
  }

  #becomeAt(rows: EventEnvelope[], from: ActorRecord, moved: Moved, own: Request | null): boolean {
    const { payload } = rows.at(-1) as EventEnvelope;
    const { definition } = this.#against;
    const failed = rows.some(({ type }) => type === 'actor.failed');
    const status = failed ? 'error' : statusAt(definition.machine, payload.to);
    this.#known = 'its state alone';
    const after = actorAt(definition, from, { state: payload.to, step: payload.step ?? 0, status });
    return this.#arrive(after, rows, moved, own);
  }

  #arrive(after: ActorRecord, rows: EventEnvelope[], moved: Moved, request: Request | null): boolean {
    const before = this.record ?? null;
    this.record = after;
    if (request) this.#requests.use(request);
    const last = rows.at(-1);
    const { answer } = this.#requests.answeredWith(after.step) ?? {};
    const shown = [
      ...this.#life.looks.filter((look) => look.step === after.step),
      ...(answer?.kind === 'accepted' ? [answer.actor] : [])
    ];
    const isFollowed = this.#known === 'exactly' && this.#against.fromClients === undefined;
    if (!isFollowed) {
      const look = shown.find(({ context }) => context !== undefined);
      if (look) {
        after.snapshot.context = structuredClone(look.context) as Record<string, unknown>;
        if (look.status !== 'active') after.status = look.status;
        this.#known = 'exactly';
      } else if (last) {
        this.unsettled.push(last.cursor);
      }
    }
    const at = last ? Date.parse(last.emitted_at) : after.updatedAt;
    const through = rows.map(({ payload }) => payload.to);
    this.taken.push({
      step: after.step,
      before,
      ...moved,
      at,
      after,
      through,
      request,
      known: this.#known === 'exactly'
    });
    for (const look of shown) {
      this.#shows(look, after);
      if (isFollowed) this.#holds(look, after);
    }
    return this.deviations.length === 0;
  }

  #shows(look: ActorSummary, after: ActorRecord) {
    const at = `after step ${after.step}`;
    if (look.state !== after.state || look.status !== after.status) {
      const is = `${look.state} (${look.status})`;
      this.#differ('state is wrong', `${at} it shows ${is}, and the machine is in ${after.state} (${after.status})`);
      return;
    }
    const legal = legalIn(this.#against.definition, after);
    // What it was is told without what it took.
    if (look.past === undefined && String(look.accepts) !== String(legal)) {
      this.#differ(
        'accepts is wrong',
        `${at} in ${after.state} it accepts ${list(look.accepts)}, and the machine ${list(legal)}`
      );
    }
  }

  #holds({ context }: ActorSummary, { step: number, snapshot }: ActorRecord) {
    const at = context && otherwise(snapshot.context, context);
    if (at === undefined) return;
    const why = `after step ${number} ${at.place || 'it'} is ${at.actual}, and the machine has ${at.expected}`;
    this.#differ('context is wrong', why);
  }

  /** @returns whether it makes sense to go on */
  #refusal(row: EventEnvelope): boolean {
    const { record } = this;
    const { event: type, legal: said = [], from } = row.payload;
    if (!record) return this.#differ('transition is lost', `${told(row)} was refused before it was made`, row);
    // A timer whose guard refused, and what others told it.
    const isInner = type.startsWith('xstate.') || this.#isTimer(type) || this.#mayBeInner(type);
    if (row.payload.told_by !== undefined || isInner) return true;
    if (from !== record.state) {
      return this.#differ('chain is broken', `'${type}' was refused in ${from}, and it was in ${record.state}`, row);
    }
    const refused =
      (is: (legal: readonly string[]) => boolean) =>
      ({ event, answer }: Request) =>
        event.type === type && (answer.kind === 'lost' || (answer.kind === 'rejected' && is(answer.legal)));
    const same = (legal: readonly string[]) => String(legal) === String(said);
    const own =
      this.#requests.sentAfter(record.step, refused(same)) ??
      this.#requests.sentAfter(
        record.step,
        refused(() => true)
      );
    if (!own) return this.#differ('nobody sent it', `'${type}' was refused in ${from}, and nobody sent it then`, row);
    if (own.answer.kind === 'rejected' && !same(own.answer.legal)) {
      const why = `'${type}' was refused with ${list(own.answer.legal)} as what is legal, and the log has ${list(said)}`;
      return this.#differ('alternatives are wrong', why, row);
    }
    this.#requests.use(own);
    const legal = legalIn(this.#against.definition, record);
    if (String(said) !== String(legal)) {
      const why = `'${type}' was refused in ${record.state} with ${list(said)} as what is legal; the machine takes ${list(legal)}`;
      return this.#differ('alternatives are wrong', why, row);
    }
    if (this.#known !== 'exactly' || this.#against.fromClients) return true;
    const result = step(this.#against.definition, record, own.event, {}, Date.parse(row.emitted_at));
    if (result.kind !== 'stepped') return true;
    const why = `${JSON.stringify(own.event)} was refused in ${record.state}; the machine goes to ${result.step.record.state}`;
    return this.#differ('legal event was refused', why, row);
  }

  #mayBeInner = (type: string) => this.#against.fromClients?.includes(type) === false;
  #isTimer = (type: string) => [...this.#timers.values()].some((event) => event.type === type);

  /** Steps before this one that moved nothing have no row; the others are missing. */
  #withoutRows(until: number, next?: EventEnvelope): boolean {
    if (this.#against.fromClients && this.record && this.record.step + 1 < until) {
      // What others told it and moved nothing nobody knows; what moved it is missed in the chain, or here.
      const { record } = this;
      const missed = this.#life.looks.find(
        (look) => look.step > record.step && look.step < until && look.state !== record.state
      );
      this.record = { ...record, step: until - 1 };
      const why =
        missed && `it shows ${missed.state} after step ${missed.step}, and the stream ends in ${record.state}`;
      return why === undefined || this.#differ('transition is lost', why, next);
    }
    while (this.record && this.record.step + 1 < until) {
      const { record } = this;
      const number = record.step + 1;
      const own = this.#requests.answeredWith(number) ?? null;
      const quiet = own ? [{ event: own.event, cause: {} }] : unseenSources(record, this.#against.samples);
      const results = quiet.map(({ event, cause }) => ({
        event,
        cause,
        result: step(this.#against.definition, record, event, cause, record.updatedAt)
      }));
      const silent = results.find(({ result }) => result.kind === 'stepped' && result.step.rows.length === 0);
      const isStateAlone = own !== null && this.#known !== 'exactly';
      if (silent?.result.kind === 'stepped') {
        if (!this.#become(silent.result.step, [], silent, own, own !== null)) return false;
        continue;
      }
      if (isStateAlone) {
        if (!this.#arrive({ ...record, step: number }, [], { event: own.event, cause: {} }, own)) return false;
        continue;
      }
      const { result } = results[0] ?? {};
      const by = own ? ` ('${own.event.type}', answered with step ${number})` : '';
      if (own && result && result.kind !== 'stepped') {
        const legal = list(legalIn(this.#against.definition, record));
        const why = `${JSON.stringify(own.event)} was accepted in ${record.state}; legal are ${legal}`;
        return this.#differ('illegal event was taken', why, next);
      }
      return this.#differ('transition is lost', `step ${number}${by} from ${record.state} is not on the stream`, next);
    }
    return true;
  }

  /** The request that made this step: the one that was answered with it, else one that was never answered. */
  #requestOf(number: number, { payload }: EventEnvelope): Request | null {
    const { event: type, told_by } = payload;
    const own = this.#requests.answeredWith(number);
    const late = own && this.#requests.overtaken(own, number);
    if (late) {
      const before = `'${late.request.event.type}', which was answered before that was sent`;
      this.#differ('order is wrong', `'${own.event.type}' made step ${number}, and ${before}, step ${late.step}`);
    }
    if (own || told_by !== undefined || type.startsWith('xstate.')) return own ?? null;
    const isLost = ({ event, answer }: Request) => answer.kind === 'lost' && event.type === type;
    return this.#requests.sentAfter(number - 1, isLost) ?? null;
  }

  /** All rows have been seen: what was answered has to be among them. */
  #complete() {
    const newest = Math.max(this.#requests.newest, ...this.#life.looks.map((look) => look.step));
    if (!this.record) {
      if (newest > 0) this.#differ('acknowledged and lost', 'it was made, and no row says so');
      return;
    }
    if (!this.#withoutRows(newest + 1)) return;
    for (const { event, answer, unfit } of this.#requests.left) {
      if (unfit) continue;
      if (answer.kind === 'accepted') {
        const why = `'${event.type}' was answered with step ${answer.actor.step}, and the log goes on without it`;
        this.#differ('acknowledged and lost', why);
      } else if (answer.kind === 'rejected') {
        const why = `'${event.type}' was refused in ${answer.state} with ${list(answer.legal)} as what is legal, and no row says so`;
        this.#differ('refusal is not in the log', why);
      }
    }
  }

  #differ(what: Deviation['what'], why: string, row?: EventEnvelope): false {
    this.deviations.push(deviation(what, this.#life, why, row));
    return false;
  }
}
