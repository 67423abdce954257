/**
 * The kernel: one event for one actor becomes one step, as data.
 *
 * XState's own `getMicrosteps()` says which states were passed and which actions that asks for; nothing is executed.
 * The kernel sorts those actions into what a host must make durable and then real: effects, timers, tells, rows. It
 * knows no clock, storage or network: `now` is handed in, and the same arguments give the same step, which is what
 * lets a test drive thousands of actors in virtual time and crash the host between any two lines.
 *
 * - `invoke` of a promise → an effect with the id `<address>#<step>.<index>`, stable across crashes.
 * - `after` and delayed `raise` → a timer; leaving the state clears it.
 * - `tell`, `create`, `record` → the outbox and the tables, in the transaction of the step.
 * - every state entered → one row of telemetry, computed from that state's `meta`.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { ControlError, toFailure } from '../../schemas/errors.ts';
import type {
  ActorRecord,
  Address,
  EffectRow,
  MachineEvent,
  PersistedSnapshot,
  TellRow,
  TimerRow,
  Took,
  Write
} from '../host/contract.ts';
import { type Cause, Collector, DELAYED_SEND, PARENT } from './collector.ts';
import { acceptedEvents, type Definition, nodesIn, persist, restore, stateOf, subjectOf } from './definition.ts';
import { firstNonJson } from './json.ts';
import { firstMicrosteps, type Microstep, microsteps, type Seat, stamp } from './microsteps.ts';
import {
  birthRow,
  emittedRow,
  failureRow,
  microstepRow,
  quietRow,
  rejectedRow,
  stoppedRow,
  type TelemetryRow
} from './telemetry.ts';

export interface Step {
  /** The actor after the step. `lastCursor` is still the former one: the host knows the cursors. */
  record: ActorRecord;
  rows: TelemetryRow[];
  /** The actor after each row but the last, where it was another than after the row before: `row` is an index of `rows`. */
  passed: { row: number; record: ActorRecord }[];
  effects: EffectRow[];
  /** Ids of effects that are over: aborted because their state was left, or because this event was their result. */
  settled: string[];
  timers: TimerRow[];
  cleared: string[];
  tells: TellRow[];
  writes: Write[];
  /** What it came of; undefined: of no event. */
  took?: Took;
}

export type StepResult =
  | { kind: 'stepped'; step: Step }
  /** The state does not accept the event: a row in the log, nothing else. */
  | { kind: 'rejected'; row: TelemetryRow; legal: string[]; state: string }
  /** The late result of an effect, or firing of a timer, that is over already. */
  | { kind: 'stale' };

type Parent = PersistedSnapshot['parent'];

export type { Cause };

/** The first step of an actor. */
export function birth(
  definition: Definition,
  address: Address,
  input: Record<string, unknown>,
  now: number,
  parent?: Parent
): Step {
  const [kind, id] = splitAddress(address);
  const empty: ActorRecord = {
    address,
    kind,
    id,
    machineVersion: definition.version,
    step: 0,
    status: 'active',
    state: '',
    snapshot: { value: {}, context: {}, status: 'active', children: {}, timers: {}, ...(parent ? { parent } : {}) },
    subject: subjectOf(definition, {}),
    createdAt: now,
    updatedAt: now,
    enteredAt: now,
    deadlineAt: null,
    lastCursor: 0,
    resumes: false
  };
  const passed = firstMicrosteps(definition.machine, stamp(input, now), seatOf(empty));
  const last = passed.at(-1)?.[0];
  if (!last) throw new Error(`machine '${kind}' has no initial state`);
  if (last.status === 'error') throw last.error;
  const made = new Collector(definition, empty, 1, now);
  return collect(definition, empty, undefined, passed, { type: 'actor.created', at: now }, made, now);
}

/** One event for a living actor. A machine that throws ends its actor with status `error`: never half a step. */
export function step(
  definition: Definition,
  record: ActorRecord,
  told: MachineEvent,
  cause: Cause,
  now: number
): StepResult {
  const event = underItsName(record.snapshot, told, cause);
  if (isStale(record.snapshot, event, cause)) return { kind: 'stale' };
  const took = { event, cause };
  if (event.type === DELAYED_SEND) {
    return { kind: 'stepped', step: { ...sendNow(definition, record, event, cause, now), took } };
  }
  const stamped = stamp(event, now);
  if (record.status !== 'active') return rejected(record, stamped, [], cause);
  try {
    const before = restore(definition, record.snapshot);
    const take = () => microsteps(definition.machine, before, stamped, seatOf(record));
    const passed = accepts(before, stamped, cause) ? take() : takenByAlways(before, stamped, take);
    if (!passed) return rejected(record, stamped, acceptedEvents(before), cause);
    const made = new Collector(definition, record, record.step + 1, now);
    made.finish(cause);
    return { kind: 'stepped', step: { ...collect(definition, record, before, passed, stamped, made, now), took } };
  } catch (error) {
    return { kind: 'stepped', step: { ...broken(definition, record, stamped, error, cause, now), took } };
  }
}

const rejected = (record: ActorRecord, event: MachineEvent, legal: string[], { timer }: Cause): StepResult => ({
  kind: 'rejected',
  legal,
  state: record.state,
  row: rejectedRow(record, event, legal, timer !== undefined)
});

/** What ends was begun under a name that another version of the machine may have changed: its end comes under the new one. */
function underItsName({ children }: PersistedSnapshot, event: MachineEvent, { effect, child }: Cause): MachineEvent {
  if ((effect ?? child) === undefined) return event;
  const isIt = (one: PersistedSnapshot['children'][string] | undefined) =>
    one !== undefined && (effect === undefined ? one.address === child : one.effect === effect);
  if (isIt(children[String(event.actorId)])) return event;
  const id = Object.keys(children).find((name) => isIt(children[name]));
  if (id === undefined) return event;
  return { ...event, type: event.type.replace(/^(xstate\.\w+\.actor\.).*$/s, (_, start) => start + id), actorId: id };
}

function isStale({ children, timers }: PersistedSnapshot, event: MachineEvent, cause: Cause): boolean {
  if (cause.effect !== undefined) return children[String(event.actorId)]?.effect !== cause.effect;
  if (cause.child !== undefined) return children[String(event.actorId)]?.address !== cause.child;
  if (cause.timer === undefined) return false;
  const dueAt = timers[cause.timer];
  return dueAt === undefined || (cause.dueAt !== undefined && cause.dueAt !== dueAt);
}

/** An `always` whose guard reads the event may take what no `on` does. XState's own events come with a cause, or are forged. */
function takenByAlways(
  before: AnyMachineSnapshot,
  event: MachineEvent,
  take: () => Microstep[]
): Microstep[] | undefined {
  if (before.status !== 'active' || event.type.startsWith('xstate.')) return undefined;
  if (!nodesIn(before).some((node) => node.always?.length)) return undefined;
  const passed = take();
  return passed.some(([after]) => after !== before) ? passed : undefined;
}

/** The end of an effect or child is always accepted: without a handler it is only noted, or for an error ends the actor. */
function accepts(snapshot: AnyMachineSnapshot, event: MachineEvent, cause: Cause): boolean {
  if (snapshot.status !== 'active') return false;
  return (
    cause.effect !== undefined ||
    cause.child !== undefined ||
    snapshot.machine.getTransitionData(snapshot, event as never).length > 0
  );
}

/** @param first the row of the first microstep, when it is not to be worked out from the states */
export function collect(
  definition: Definition,
  record: ActorRecord,
  before: AnyMachineSnapshot | undefined,
  passed: Microstep[],
  event: MachineEvent,
  made: Collector,
  now: number,
  first?: (after: AnyMachineSnapshot) => TelemetryRow
): Step {
  const after = (passed.at(-1) as Microstep)[0];
  const number = record.step + 1;
  /** With what was made so far. */
  const become = (snapshot: AnyMachineSnapshot): ActorRecord => {
    const state = stateOf(snapshot);
    return {
      ...record,
      machineVersion: definition.version,
      step: number,
      status: actorStatus(snapshot.status),
      state,
      snapshot: {
        ...persist(snapshot),
        children: { ...made.children },
        timers: { ...made.timers },
        ...(record.snapshot.parent ? { parent: record.snapshot.parent } : {})
      },
      subject: subjectOf(definition, snapshot.context),
      updatedAt: now,
      enteredAt: state === record.state ? record.enteredAt : now,
      deadlineAt: deadlineOf(made.timers),
      resumes: snapshot.status === 'active' && listens(snapshot, 'host.resumed')
    };
  };
  const rows: TelemetryRow[] = [];
  const were: Step['passed'] = [];
  let previous = before;
  for (const [i, [snapshot, actions]] of passed.entries()) {
    const told = rows.length;
    const emitted = actions.filter(({ type }) => type === 'xstate.emit');
    for (const action of actions) made.take(action);
    const row =
      first && i === 0
        ? first(snapshot)
        : previous
          ? microstepRow(definition, record, number, previous, snapshot, event)
          : birthRow(definition, record, number, snapshot, event);
    if (row) rows.push(row);
    for (const { params } of emitted) {
      rows.push(emittedRow(definition, record, number, snapshot, (params as { event: MachineEvent }).event));
    }
    const isLast = i === passed.length - 1 && rows.length - told <= 1;
    if (rows.length > told && !isLast) were.push({ row: told, record: become(snapshot) });
    previous = snapshot;
  }
  made.assertKnows(Object.keys(after.children));
  if (after.status !== 'active') {
    made.endAll();
    made.report(after.status === 'error' ? { error: after.error } : { output: after.output });
  }

  if (definition.foreign) assertKept(definition, before, after, made);

  return {
    record: become(after),
    rows,
    passed: were.filter(({ row }) => row < rows.length - 1),
    effects: made.effects.filter((effect) => !made.settled.includes(effect.id)),
    settled: made.settled,
    timers: made.timerRows.filter((row) => made.timers[row.id] === row.dueAt),
    cleared: made.cleared.filter((id) => !(id in made.timers)),
    tells: made.tells,
    writes: made.writes
  };
}

/** @throws ControlError MACHINE_UNFIT naming the first thing of this step that JSON would not give back as it is */
function assertKept(
  { kind }: Definition,
  before: AnyMachineSnapshot | undefined,
  after: AnyMachineSnapshot,
  made: Collector
) {
  const kept: [place: string, value: unknown][] = [
    ...(after.context === before?.context ? [] : [['context', after.context] as [string, unknown]]),
    ...(after.output === undefined ? [] : [['output', after.output] as [string, unknown]]),
    ...made.effects.map(({ src, input }): [string, unknown] => [`input of '${src}'`, input]),
    ...made.tells.map(({ to, event: { input, ...event } }): [string, unknown] =>
      event.type === 'actor.create'
        ? [`input of ${to}`, input]
        : [`event '${event.type}' to ${to}`, { ...event, input }]
    )
  ];
  for (const [place, value] of kept) {
    const unfit = firstNonJson(value);
    if (!unfit) continue;
    const reason = `it is ${unfit.what}, which a snapshot cannot keep; keep JSON there, and an actor by its id`;
    throw new ControlError('MACHINE_UNFIT', { kind, place: `${place} ${unfit.path}`.trimEnd(), reason });
  }
}

export const seatOf = ({ address, snapshot }: ActorRecord): Seat => ({
  id: address,
  ...(snapshot.parent ? { parent: { id: PARENT } } : {})
});

/** The step of a machine that threw: the actor stays where it was, with status `error` and the failure in its snapshot. */
function broken(
  definition: Definition,
  record: ActorRecord,
  event: MachineEvent,
  error: unknown,
  cause: Cause,
  now: number
): Step {
  const made = new Collector(definition, record, record.step + 1, now);
  made.finish(cause);
  made.endAll();
  const failure = toFailure(error);
  made.report({ error: failure });
  const row = failureRow(record, record.step + 1, event, failure);
  return inPlace(record, made, row, now, { status: 'error', error: failure });
}

/** A parent has stopped its child: whatever it was doing ends, and so do its own children. */
export function stop(definition: Definition, record: ActorRecord, now: number): Step {
  const made = new Collector(definition, record, record.step + 1, now);
  made.endAll();
  return inPlace(record, made, stoppedRow(definition, record, record.step + 1), now, { status: 'stopped' });
}

/** A delayed `sendTo` falls due: its event goes out; the sender's own state does not move. */
function sendNow(definition: Definition, record: ActorRecord, event: MachineEvent, cause: Cause, now: number): Step {
  const made = new Collector(definition, record, record.step + 1, now);
  made.finish(cause);
  made.take({ type: 'tell', params: { to: event.to as Address, event: event.event as MachineEvent } });
  return inPlace(record, made, quietRow(definition, record, record.step + 1, event.type), now, {});
}

/** A step in which the machine's state does not move. */
function inPlace(
  record: ActorRecord,
  made: Collector,
  row: TelemetryRow,
  now: number,
  change: Partial<Pick<PersistedSnapshot, 'status' | 'error'>>
): Step {
  const { children, timers, settled, cleared, tells } = made;
  const snapshot = { ...record.snapshot, ...change, children, timers };
  return {
    record: {
      ...record,
      step: record.step + 1,
      status: actorStatus(snapshot.status),
      snapshot,
      updatedAt: now,
      deadlineAt: deadlineOf(timers)
    },
    rows: [row],
    passed: [],
    effects: [],
    settled,
    timers: [],
    cleared,
    tells,
    writes: []
  };
}

const actorStatus = (status: PersistedSnapshot['status']): ActorRecord['status'] =>
  status === 'stopped' ? 'done' : status;

/** By name: a state that takes whatever comes is not asking for it. */
const listens = (snapshot: AnyMachineSnapshot, type: string) =>
  nodesIn(snapshot).some((node) => node.transitions.has(type));

/** The earliest of an actor's timers, ms since 1970. */
export function deadlineOf(timers: PersistedSnapshot['timers']): number | null {
  const deadlines = Object.values(timers);
  return deadlines.length > 0 ? Math.min(...deadlines) : null;
}

export function splitAddress(address: Address): [kind: string, id: string] {
  const slash = address.indexOf('/');
  return [address.slice(0, slash), address.slice(slash + 1)];
}
