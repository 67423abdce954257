/**
 * The life of one actor as data, `schemas/trace.schema.json`: written down and replayed by the kernel alone, in virtual
 * time. No effect runs and no timer waits; their ends are events of the trace. So a life that a deployment recorded is a
 * test of the machine as it is now.
 *
 * ```ts
 * const { ok, difference } = replay(readTrace('order-17.trace.json'), { kind: 'order', machine: orderMachine });
 * ```
 */
import type { AnyStateMachine } from 'xstate';
import type { ActorRecord, MachineEvent, PersistedSnapshot } from '../actors/host/contract.ts';
import { type Definition, defineAll, restore, stateOf, subjectOf } from '../actors/kernel/definition.ts';
import { outlineOf } from '../actors/kernel/outline.ts';
import { birth, type Cause, deadlineOf, type Step, step, stop } from '../actors/kernel/step.ts';
import type { Failure } from '../schemas/errors.ts';
import type { Trace, TraceExpectation, TraceStart, TraceStep } from '../schemas/generated/contracts.ts';
import { asJson, type Difference, difference, isSameJson } from './difference.ts';
import { LegalMoves } from './legal-moves.ts';

export const TRACE_FORMAT = 'troupe.trace/1';

/** A kind as it is registered; of its child machines each is a kind too. */
export interface ReplayedKind {
  kind: string;
  machine: AnyStateMachine;
  /** Default true. */
  foreign?: boolean;
}

/** What comes to an actor, without what came of it. */
export type TraceMove = Omit<TraceStep, 'expect'>;

export interface TraceDifference extends Difference {
  /** Index among the steps; -1: its start. */
  step: number;
  /** `step 3, timer 'xstate.after.…' in WAITING`. */
  where: string;
}

export interface Replay {
  ok: boolean;
  /** Steps that came out as expected, before the first that did not. */
  steps: number;
  difference: TraceDifference | null;
  /** That it was recorded with, and that it was replayed with. */
  machine: { recorded: string; replayed: string };
}

/**
 * Takes an actor through a trace and compares each step with what is expected of it; the first that differs ends it.
 * @throws Error when the trace is of another kind than those given, or of another format
 */
export function replay(trace: Trace, ...kinds: ReplayedKind[]): Replay {
  if (trace.format !== TRACE_FORMAT) {
    throw new Error(`the trace is of the format '${trace.format}'; this reads '${TRACE_FORMAT}'`);
  }
  const definition = definitionOf(trace.kind, kinds);
  const machine = { recorded: trace.machine.version, replayed: definition.version };
  const differs = (at: number, where: string, found: Difference): Replay => ({
    ok: false,
    steps: Math.max(0, at),
    difference: { step: at, where, ...found },
    machine
  });
  const life = new Life(definition, trace.start);
  const first = trace.start.expect && compared(trace.start.expect, life.first);
  if (first) return differs(-1, 'its start', first);
  for (const [at, { expect, ...move }] of trace.steps.entries()) {
    const where = `step ${at + 1}, ${move.by} '${move.event.type}' in ${life.record.state}`;
    const found = compared(expect, life.take(move));
    if (found) return differs(at, where, found);
  }
  return { ok: true, steps: trace.steps.length, difference: null, machine };
}

/** Writes down what comes of it. @throws Error of the machine, when it does not take its input */
export function record(
  definition: Definition,
  {
    start,
    moves,
    about,
    gaps = []
  }: { start: TraceStart; moves: readonly TraceMove[]; about?: string; gaps?: string[] }
): Trace {
  const life = new Life(definition, start);
  const steps = moves.map((move): TraceStep => ({ ...move, expect: life.take(move) }));
  return asJson({
    format: TRACE_FORMAT,
    ...(about === undefined ? {} : { about }),
    kind: definition.kind,
    machine: { version: definition.version, label: definition.label },
    start: { ...start, expect: life.first },
    steps,
    ended: life.record.status !== 'active',
    ...(gaps.length > 0 ? { gaps } : {})
  });
}

/** @throws Error naming the kinds there are */
export function definitionOf(kind: string, kinds: readonly ReplayedKind[]): Definition {
  const all = kinds.flatMap(({ kind, machine, foreign = true }) =>
    defineAll({ kind, machine, durable: true, foreign })
  );
  const found = all.find((one) => one.kind === kind);
  if (found) return found;
  throw new Error(
    `the trace is of the kind '${kind}', and there is ${all.map((one) => one.kind).join(', ') || 'none'}`
  );
}

/** The one difference that is told: of where it is before what it has. */
function compared(expect: TraceExpectation, actual: TraceExpectation): Difference | undefined {
  for (const field of Object.keys(expect) as (keyof TraceExpectation)[]) {
    const wanted = field === 'effects' ? withInputs(expect.effects, actual.effects) : expect[field];
    const found = difference(wanted, actual[field], field);
    if (found) return found;
  }
  // What is expected to be taken, and is not.
  for (const field of ['rejected', 'stale'] as const) {
    if (actual[field] && !expect[field]) return { at: field, expected: undefined, actual: true };
  }
  return undefined;
}

/** Where no input is expected, whatever is there. */
const withInputs = (expected: TraceExpectation['effects'], actual: TraceExpectation['effects']) =>
  expected?.map((one, at) =>
    'input' in one || actual?.[at]?.input === undefined ? one : { ...one, input: actual[at].input }
  );

/** One actor, moved by the kernel. */
export class Life {
  readonly definition: Definition;
  /** What came of its start. */
  readonly first: TraceExpectation;
  record: ActorRecord;
  #now: number;
  #legal: LegalMoves | undefined;

  /** @throws Error of the machine, when it does not take its input */
  constructor(definition: Definition, start: TraceStart) {
    this.definition = definition;
    this.#now = start.at;
    const address = `${definition.kind}/${start.id}`;
    if (start.snapshot !== undefined) {
      this.record = takenUp(definition, address, start, start.snapshot as unknown as PersistedSnapshot);
      this.first = { state: this.record.state, status: this.record.status };
      return;
    }
    const made = birth(definition, address, start.input ?? {}, start.at, start.parent);
    this.record = asJson(made.record);
    this.first = asJson(this.#told(undefined, made));
  }

  get now(): number {
    return this.#now;
  }

  take(move: TraceMove): TraceExpectation {
    this.#now += move.after_ms;
    if (move.becomes !== undefined) return this.#become(move, move.becomes as unknown as PersistedSnapshot);
    const before = this.record;
    const event = asJson(move.event) as MachineEvent;
    if (move.event.type === 'actor.stop' && move.by === 'actor') {
      return this.#moved(before, stop(this.definition, before, this.#now));
    }
    const result = step(this.definition, before, event, causeOf(move, before), this.#now);
    if (result.kind === 'stepped') return this.#moved(before, result.step);
    if (result.kind === 'rejected' && move.timer !== undefined) this.#forget(move.timer);
    const { state, status } = this.record;
    return { state, status, [result.kind]: true };
  }

  #moved(before: ActorRecord, made: Step): TraceExpectation {
    this.record = asJson(made.record);
    return asJson(this.#told(before, made));
  }

  #told(before: ActorRecord | undefined, made: Step): TraceExpectation {
    const { record, rows, effects, tells, writes } = made;
    const was = (before?.snapshot.context ?? {}) as Record<string, unknown>;
    const is = asJson(record.snapshot.context) as Record<string, unknown>;
    const changed = Object.entries(is).filter(
      ([key, value]) => !Object.hasOwn(was, key) || !isSameJson(was[key], value)
    );
    const gone = Object.keys(was).filter((key) => !Object.hasOwn(is, key));
    const through = rows.slice(0, -1).map(({ payload }) => payload.to);
    const { output, error } = record.snapshot;
    const stops = Object.entries(before?.snapshot.children ?? {})
      .filter(([id, child]) => isRunning(child) && !isSameJson(record.snapshot.children[id], child))
      .map(([id]) => id);
    return {
      state: record.state,
      status: record.status,
      ...(through.length > 0 ? { through } : {}),
      ...(changed.length > 0 ? { context: Object.fromEntries(changed) } : {}),
      ...(gone.length > 0 ? { gone } : {}),
      events: rows.map(({ type }) => type),
      effects: effects.map(({ child, src, input }) => ({
        child,
        src,
        ...(input === null ? {} : { input: input as Record<string, unknown> })
      })),
      stops: stops.sort(),
      timers: Object.fromEntries(
        Object.entries(record.snapshot.timers)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([id, dueAt]) => [id, dueAt - this.#now])
      ),
      tells: tells.map(({ to, event }) => ({ to, event })),
      records: writes.map(({ into }) => into),
      ...(output === undefined ? {} : { output: output as Record<string, unknown> }),
      ...(error === undefined ? {} : { error: (error as Failure).code ?? 'INTERNAL' })
    };
  }

  /** Part of the event is not known: it is put where the recording has it, if the machine can get there on such an event. */
  #become({ event }: TraceMove, snapshot: PersistedSnapshot): TraceExpectation {
    const before = this.record;
    this.#legal ??= new LegalMoves(outlineOf(this.definition.machine));
    const record = {
      ...before,
      ...taken(this.definition, asJson(snapshot)),
      step: before.step + 1,
      updatedAt: this.#now
    };
    const { state, status } = record;
    if (!this.#legal.reaches(before.state, state, event.type))
      return { state: before.state, status: before.status, rejected: true };
    this.record = record;
    return { state, status };
  }

  /** A timer that fired and was refused has fired all the same. */
  #forget(id: string) {
    const { [id]: _, ...timers } = this.record.snapshot.timers;
    this.record = { ...this.record, snapshot: { ...this.record.snapshot, timers }, deadlineAt: deadlineOf(timers) };
  }
}

const isRunning = ({ effect, address }: PersistedSnapshot['children'][string]) => (effect ?? address) !== undefined;

function causeOf({ by, event, timer }: TraceMove, { snapshot }: ActorRecord): Cause {
  if (by === 'timer') return { timer: timer ?? event.type };
  if (by !== 'effect' && by !== 'child') return {};
  const id = typeof event.actorId === 'string' ? event.actorId : event.type.replace(/^xstate\.\w+\.actor\./s, '');
  const child = snapshot.children[id];
  // One that is over has no name any more: its end is nobody's.
  if (by === 'effect') return { effect: child?.effect ?? 'none' };
  return { child: child?.address ?? 'none' };
}

const taken = (definition: Definition, snapshot: PersistedSnapshot) => ({
  snapshot,
  state: stateOf(restore(definition, snapshot)),
  status: (snapshot.status === 'stopped' ? 'done' : snapshot.status) as ActorRecord['status'],
  subject: subjectOf(definition, snapshot.context),
  deadlineAt: deadlineOf(snapshot.timers)
});

function takenUp(definition: Definition, address: string, start: TraceStart, snapshot: PersistedSnapshot): ActorRecord {
  return {
    address,
    kind: definition.kind,
    id: start.id,
    machineVersion: definition.version,
    step: start.step ?? 1,
    createdAt: start.at,
    updatedAt: start.at,
    enteredAt: start.at,
    lastCursor: 0,
    resumes: false,
    ...taken(definition, asJson(snapshot))
  };
}
