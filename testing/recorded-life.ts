/**
 * The life of an actor as a deployment recorded it, made a trace. What the journal keeps are the states it was in and the
 * events that led from one to the next; where an event is not kept, or does not lead there in this machine, the trace says
 * so and goes on from the state that is known. Secrets are masked, and then the masked life is what is replayed.
 */

import type {
  ActorRecord,
  EventRow,
  FormerState,
  MachineEvent,
  PersistedSnapshot,
  Took
} from '../actors/host/contract.ts';
import { undone } from '../actors/host/past.ts';
import type { Definition } from '../actors/kernel/definition.ts';
import type { Trace, TraceExpectation, TraceStart, TraceStep } from '../schemas/generated/contracts.ts';
import { asJson, difference } from './difference.ts';
import { Life, TRACE_FORMAT, type TraceMove } from './trace.ts';

export interface RecordedLife {
  rows: readonly EventRow[];
  /** Oldest first, each whole or as what is to be undone from the next. */
  states: readonly (FormerState | ActorRecord)[];
}

/** A state of its life, whole. */
interface Known {
  record: Omit<ActorRecord, 'snapshot'>;
  snapshot: PersistedSnapshot;
  took: Took | undefined;
}

/** What came to it, and what it is known to have become. */
interface Happened {
  move: TraceMove;
  /** undefined: it was refused, and stayed. */
  became: Known | undefined;
  /** There is nothing of the event but its type. */
  bare: boolean;
}

/** @param mask what is left out of the events and states of somebody's life: secrets */
export function traceOf(
  definition: Definition,
  life: RecordedLife,
  mask: (value: unknown) => unknown = (value) => value
): Trace {
  const gaps: string[] = [];
  const known = wholeStates(life.states);
  const from = known.length > 0 ? beginning(life.rows, known, gaps) : undefined;
  if (!from) throw new Error('nothing is kept of what it was: its journal is from before that was written down');
  const [first, ...later] = from as [Known, ...Known[]];
  const masked = <T>(value: T): T => asJson(mask(value)) as T;
  const start = started(definition, first, masked, gaps);
  const moves = happened(life.rows, first, later);
  const replayed = new Life(definition, start);
  const steps: TraceStep[] = [];
  let passed = 0;
  for (const one of moves) {
    const step = taken(replayed, one, { at: steps.length, masked, gaps });
    passed += one.move.after_ms;
    if (!step) continue;
    steps.push({ ...step, after_ms: passed });
    passed = 0;
  }
  return asJson({
    format: TRACE_FORMAT,
    about: `${first.record.address} as it was recorded`,
    kind: definition.kind,
    machine: { version: definition.version, label: definition.label },
    start: { ...start, expect: replayed.first },
    steps,
    ended: replayed.record.status !== 'active',
    ...(gaps.length > 0 ? { gaps } : {})
  });
}

function wholeStates(states: RecordedLife['states']): Known[] {
  let next: unknown;
  const whole: Known[] = [];
  for (const state of states.toReversed()) {
    const undo = 'undo' in state ? state.undo : null;
    const snapshot = state.snapshot ?? undone(next, undo ?? {});
    next = snapshot;
    const { snapshot: _, ...record } = state;
    whole.unshift({ record, snapshot: snapshot as PersistedSnapshot, took: 'took' in state ? state.took : undefined });
  }
  return whole;
}

/** Where the trace takes it up: its birth, its last upgrade, or the first that is kept. */
function beginning(rows: readonly EventRow[], known: Known[], gaps: string[]): Known[] {
  const birth = rows.findLast(({ payload }) => payload.from === null && payload.event === 'actor.created');
  const upgrade = rows.findLast(({ type }) => type === 'actor.upgraded');
  const stepAt = new Map(rows.map(({ cursor, step }) => [cursor, step]));
  const isPassed = ({ record: { lastCursor } }: Known, next: Known | undefined) =>
    next !== undefined && stepAt.has(lastCursor) && stepAt.get(lastCursor) === stepAt.get(next.record.lastCursor);
  // An address may have had several lives; and of a step of several rows the last is what came of it.
  const own = known.filter((one, at) => one.record.lastCursor >= (birth?.cursor ?? 0) && !isPassed(one, known[at + 1]));
  if (upgrade && upgrade.cursor >= (birth?.cursor ?? 0)) {
    gaps.push(`before cursor ${upgrade.cursor} it was of another version of its machine; the trace begins after it`);
    return own.filter(({ record }) => record.lastCursor >= upgrade.cursor);
  }
  if (!birth || (own[0] as Known).record.step > 1)
    gaps.push('its beginning is not kept any more; the trace begins with the first state that is');
  return own;
}

/** From its input, where that is found again: a machine often keeps it in its context. */
function started(
  definition: Definition,
  { record, snapshot }: Known,
  masked: <T>(value: T) => T,
  gaps: string[]
): TraceStart {
  const at = record.updatedAt;
  const base = { id: record.id, at, ...(snapshot.parent ? { parent: snapshot.parent } : {}) };
  if (record.step === 1) {
    for (const input of [snapshot.context, {}]) {
      if (!isBornAs(definition, { ...base, input }, snapshot)) continue;
      const safe = masked(input);
      if (isBornAs(definition, { ...base, input: safe }, masked(snapshot))) return { ...base, input: safe };
    }
    gaps.push('what it was made with is not kept: the trace begins with the state it was made in');
  }
  const { parent: _, ...rest } = base;
  return { ...rest, step: record.step, snapshot: masked(snapshot) as unknown as Record<string, unknown> };
}

function isBornAs(definition: Definition, start: TraceStart, snapshot: PersistedSnapshot): boolean {
  try {
    return isLike(new Life(definition, start).record.snapshot, snapshot);
  } catch {
    return false;
  }
}

/** Ids of effects count steps, those without a row too; they are not compared. */
const isLike = (one: PersistedSnapshot, other: PersistedSnapshot): boolean =>
  difference([one.value, one.status, asJson(one.context)], [other.value, other.status, asJson(other.context)]) ===
  undefined;

/** In the order of the log: each step, and each refusal between. */
function happened(rows: readonly EventRow[], first: Known, later: Known[]): Happened[] {
  const all: Happened[] = [];
  let before = first;
  let at = first.record.updatedAt;
  const place = rows.findLastIndex(({ cursor }) => cursor <= first.record.lastCursor);
  const after = rows.slice(place + 1);
  const push = (row: EventRow, took: Took | undefined, became: Known | undefined) => {
    const now = became?.record.updatedAt ?? row.emittedAt;
    const event = took?.event ?? bareEvent(row);
    const { by, ...more } = whoBrought(row, event, took, first.record.address);
    all.push({ move: { by, ...more, after_ms: now - at, event }, became, bare: took === undefined });
    at = now;
  };
  for (const became of later) {
    const from = before.record.lastCursor;
    const between = after.filter(({ cursor }) => cursor > from && cursor <= became.record.lastCursor);
    for (const row of between.filter(({ type }) => type === 'event.rejected')) push(row, undefined, undefined);
    const row = between.find(({ type }) => type !== 'event.rejected' && type !== 'audit.recorded');
    if (row) push(row, before.took, became);
    before = became;
  }
  const last = before.record.lastCursor;
  for (const row of after) if (row.cursor > last && row.type === 'event.rejected') push(row, undefined, undefined);
  return all;
}

function bareEvent({ payload: { event: type } }: EventRow): MachineEvent {
  const child = /^xstate\.(?:done|error)\.actor\.(.*)$/s.exec(type)?.[1];
  return { type, ...(child === undefined ? {} : { actorId: child }) };
}

function whoBrought(
  { payload }: EventRow,
  { type }: MachineEvent,
  took: Took | undefined,
  own: string
): Pick<TraceMove, 'by' | 'timer' | 'from'> {
  const { cause } = took ?? {};
  if (cause?.timer !== undefined) return { by: 'timer', timer: cause.timer };
  if (cause?.child !== undefined) return { by: 'child' };
  if (cause?.effect !== undefined || /^xstate\.(done|error)\.actor\./.test(type)) return { by: 'effect' };
  if (type.startsWith('xstate.after.')) return { by: 'timer', timer: type };
  if (type === 'host.resumed' || type === 'tell.refused') return { by: 'host' };
  const from = payload.told_by;
  if (typeof from !== 'string') return { by: 'client' };
  return from === own ? { by: 'self' } : { by: 'actor', from };
}

interface Taking {
  at: number;
  masked: <T>(value: T) => T;
  gaps: string[];
}

/**
 * What came of it, as the machine has it now; where that is not what was recorded, from the state that was. undefined: it
 * was refused for what it said, and that is not kept.
 */
function taken(life: Life, { move, became, bare }: Happened, { at, masked, gaps }: Taking): TraceStep | undefined {
  const before = life.record;
  const safe: TraceMove = { ...move, event: masked(move.event) };
  const where = `step ${at + 1}, '${move.event.type}'`;
  const put = (expect: TraceExpectation): TraceStep => ({ ...safe, expect });
  let expect = life.take(safe);
  if (became === undefined) {
    if (expect.rejected) return put(expect);
    life.record = before;
    gaps.push(
      `before step ${at + 1}, '${move.event.type}' was refused for what it said, which is not kept; it is left out`
    );
    return undefined;
  }
  const wanted = masked(became.snapshot);
  if (!expect.rejected && !expect.stale && isLike(life.record.snapshot, wanted)) return put(expect);
  life.record = before;
  const why = bare
    ? 'all that is kept of it is its type'
    : 'it leads elsewhere without its secrets, or in this machine';
  expect = life.take({ ...safe, after_ms: 0, becomes: wanted as unknown as Record<string, unknown> });
  if (expect.rejected)
    throw new Error(`${where}: this machine has no way from ${before.state} to ${became.record.state} on it`);
  gaps.push(`${where}: ${why}; the trace goes on from the state it led to`);
  return { ...safe, becomes: wanted as unknown as Record<string, unknown>, expect };
}
