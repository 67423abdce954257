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
import { type AnyMachineSnapshot, getInitialMicrosteps, getMicrosteps } from 'xstate';
import type { Create, Record_, Tell } from '../../machines/protocol.ts';
import { ControlError, toFailure } from '../../schemas/errors.ts';
import type {
  ActorRecord,
  Address,
  EffectRow,
  MachineEvent,
  PersistedSnapshot,
  TellRow,
  TimerRow,
  Write
} from '../host/contract.ts';
import { acceptedEvents, type Definition, persist, restore, stateOf, subjectOf } from './definition.ts';
import { birthRow, failureRow, microstepRow, rejectedRow, type TelemetryRow } from './telemetry.ts';

export interface Step {
  /** The actor after the step. `lastCursor` is still the former one: the host knows the cursors. */
  record: ActorRecord;
  rows: TelemetryRow[];
  effects: EffectRow[];
  /** Ids of effects that are over: aborted because their state was left, or because this event was their result. */
  settled: string[];
  timers: TimerRow[];
  cleared: string[];
  tells: TellRow[];
  writes: Write[];
}

export type StepResult =
  | { kind: 'stepped'; step: Step }
  /** The state does not accept the event: a row in the log, nothing else. */
  | { kind: 'rejected'; row: TelemetryRow; legal: string[]; state: string }
  /** The late result of an effect, or firing of a timer, that is over already. */
  | { kind: 'stale' };

/** Where an event comes from, for what is checked before the machine sees it. */
export type Cause = { effect?: string; timer?: string };

type Action = { type: string; params: unknown; exec?: unknown };
type Microstep = [AnyMachineSnapshot, Action[]];

/** The first step of an actor. */
export function birth(definition: Definition, address: Address, input: Record<string, unknown>, now: number): Step {
  const [kind, id] = splitAddress(address);
  const empty: ActorRecord = {
    address,
    kind,
    id,
    machineVersion: definition.version,
    step: 0,
    status: 'active',
    state: '',
    snapshot: { value: {}, context: {}, status: 'active', children: {}, timers: {} },
    subject: subjectOf(definition, {}),
    createdAt: now,
    updatedAt: now,
    deadlineAt: null,
    lastCursor: 0
  };
  const microsteps = getInitialMicrosteps(definition.machine, { ...input, at: now } as never) as Microstep[];
  const last = microsteps.at(-1)?.[0];
  if (!last) throw new Error(`machine '${kind}' has no initial state`);
  if (last.status === 'error') throw last.error;
  return collect(definition, empty, undefined, microsteps, { type: 'actor.created', at: now }, {}, now);
}

/** One event for a living actor. A machine that throws ends its actor with status `error`: never half a step. */
export function step(
  definition: Definition,
  record: ActorRecord,
  event: MachineEvent,
  cause: Cause,
  now: number
): StepResult {
  if (isStale(record.snapshot, event, cause)) return { kind: 'stale' };
  const stamped = { ...event, at: now };
  try {
    const before = restore(definition, record.snapshot);
    if (!accepts(before, stamped, cause)) {
      const legal = acceptedEvents(before);
      return {
        kind: 'rejected',
        legal,
        state: record.state,
        row: rejectedRow(record, stamped, legal, cause.timer !== undefined)
      };
    }
    const microsteps = getMicrosteps(definition.machine, before, stamped as never) as Microstep[];
    return { kind: 'stepped', step: collect(definition, record, before, microsteps, stamped, cause, now) };
  } catch (error) {
    return { kind: 'stepped', step: broken(definition, record, stamped, error, cause, now) };
  }
}

function isStale({ children, timers }: PersistedSnapshot, event: MachineEvent, cause: Cause): boolean {
  if (cause.effect !== undefined) return children[String(event.actorId)]?.effect !== cause.effect;
  if (cause.timer !== undefined) return !(cause.timer in timers);
  return false;
}

/** The result of an effect is always accepted: without a handler it only ends the effect, or for an error the actor. */
function accepts(snapshot: AnyMachineSnapshot, event: MachineEvent, cause: Cause): boolean {
  if (snapshot.status !== 'active') return false;
  return cause.effect !== undefined || snapshot.machine.getTransitionData(snapshot, event as never).length > 0;
}

function collect(
  definition: Definition,
  record: ActorRecord,
  before: AnyMachineSnapshot | undefined,
  microsteps: Microstep[],
  event: MachineEvent,
  cause: Cause,
  now: number
): Step {
  const after = (microsteps.at(-1) as Microstep)[0];
  const number = record.step + 1;
  const made = new Collector(definition.kind, record, number, now);
  made.finish(cause);

  const rows: TelemetryRow[] = [];
  let previous = before;
  for (const [snapshot, actions] of microsteps) {
    for (const action of actions) made.take(action);
    const row = previous
      ? microstepRow(definition, record, number, previous, snapshot, event)
      : birthRow(definition, record, number, snapshot, event);
    if (row) rows.push(row);
    previous = snapshot;
  }
  if (after.status !== 'active') made.endAll();

  const context = after.context as Record<string, unknown>;
  const deadlines = Object.values(made.timers);
  return {
    record: {
      ...record,
      machineVersion: definition.version,
      step: number,
      status: after.status === 'stopped' ? 'done' : after.status,
      state: stateOf(after),
      snapshot: { ...persist(after), children: made.children, timers: made.timers },
      subject: subjectOf(definition, context),
      updatedAt: now,
      deadlineAt: deadlines.length > 0 ? Math.min(...deadlines) : null
    },
    rows,
    effects: made.effects.filter((effect) => !made.settled.includes(effect.id)),
    settled: made.settled,
    timers: made.timerRows.filter((row) => made.timers[row.id] === row.dueAt),
    cleared: made.cleared.filter((id) => !(id in made.timers)),
    tells: made.tells,
    writes: made.writes
  };
}

/** Sorts the actions of one step. Later actions win over earlier ones of the same step: a timer set after its cancel stays. */
class Collector {
  readonly children: PersistedSnapshot['children'];
  readonly timers: Record<string, number>;
  readonly effects: EffectRow[] = [];
  readonly settled: string[] = [];
  readonly timerRows: TimerRow[] = [];
  readonly cleared: string[] = [];
  readonly tells: TellRow[] = [];
  readonly writes: Write[] = [];
  readonly #kind: string;
  readonly #address: Address;
  readonly #step: number;
  readonly #now: number;
  #index = 0;

  constructor(kind: string, record: ActorRecord, step: number, now: number) {
    this.children = { ...record.snapshot.children };
    this.timers = { ...record.snapshot.timers };
    this.#kind = kind;
    this.#address = record.address;
    this.#step = step;
    this.#now = now;
  }

  /** The event itself was an effect's result or a timer's firing: that one is over. */
  finish({ effect, timer }: Cause) {
    if (effect !== undefined) {
      const child = Object.entries(this.children).find(([, c]) => c.effect === effect)?.[0];
      if (child !== undefined) this.#settle(child);
    }
    if (timer !== undefined) this.#clear(timer);
  }

  take(action: Action) {
    switch (action.type) {
      case 'xstate.spawnChild':
        return this.#effect(action.params as { id: string; src: unknown; input: unknown });
      case 'xstate.stopChild':
        return this.#settle((action.params as { id?: string } | undefined)?.id);
      case 'xstate.raise':
        return this.#raise(action.params as { event: MachineEvent; id?: string; delay?: number });
      case 'xstate.cancel':
        return this.#clear((action.params as { sendId: string }).sendId);
      case 'xstate.log':
        return;
      case 'tell': {
        for (const { to, event } of listOf(action.params as Tell | Tell[])) this.#tell(to, event);
        return;
      }
      case 'create': {
        for (const { address, input, ifAbsent } of listOf(action.params as Create | Create[])) {
          this.#tell(address, { type: 'actor.create', input, ifAbsent: ifAbsent ?? false });
        }
        return;
      }
      case 'record': {
        this.writes.push(...(listOf(action.params as Record_ | Record_[]) as unknown as Write[]));
        return;
      }
      default:
        throw new ControlError('MACHINE_UNFIT', {
          kind: this.#kind,
          place: `action '${action.type}'`,
          reason: 'it has code of its own, which a crash would lose; use tell, create, record or an invoked promise'
        });
    }
  }

  endAll() {
    for (const child of Object.keys(this.children)) this.#settle(child);
    for (const id of Object.keys(this.timers)) this.#clear(id);
  }

  #name = () => `${this.#address}#${this.#step}.${this.#index++}`;

  #effect({ id, src, input }: { id: string; src: unknown; input: unknown }) {
    const effect = this.#name();
    this.children[id] = { src: String(src), effect };
    this.effects.push({ id: effect, address: this.#address, child: id, src: String(src), input: input ?? null });
  }

  #settle(child: string | undefined) {
    const running = child === undefined ? undefined : this.children[child];
    if (child === undefined || !running) return;
    if (running.effect) this.settled.push(running.effect);
    delete this.children[child];
  }

  #raise({ event, id, delay }: { event: MachineEvent; id?: string; delay?: number }) {
    if (typeof delay !== 'number') return; // taken inside the step by XState itself
    const timer = id ?? this.#name();
    const dueAt = this.#now + Math.max(0, delay);
    this.timers[timer] = dueAt;
    this.timerRows.push({ address: this.#address, id: timer, dueAt, event });
  }

  #clear(id: string) {
    if (!(id in this.timers)) return;
    delete this.timers[id];
    this.cleared.push(id);
  }

  #tell(to: Address, event: MachineEvent) {
    this.tells.push({ id: this.#name(), from: this.#address, to, event });
  }
}

/** The step of a machine that threw: the actor stays where it was, with status `error` and the failure in its snapshot. */
function broken(
  definition: Definition,
  record: ActorRecord,
  event: MachineEvent,
  error: unknown,
  cause: Cause,
  now: number
): Step {
  const number = record.step + 1;
  const made = new Collector(definition.kind, record, number, now);
  made.finish(cause);
  made.endAll();
  const failure = toFailure(error);
  return {
    record: {
      ...record,
      step: number,
      status: 'error',
      snapshot: { ...record.snapshot, status: 'error', error: failure, children: {}, timers: {} },
      updatedAt: now,
      deadlineAt: null
    },
    rows: [failureRow(record, number, event, failure)],
    effects: [],
    settled: made.settled,
    timers: [],
    cleared: made.cleared,
    tells: [],
    writes: []
  };
}

const listOf = <T>(one: T | T[]): T[] => (Array.isArray(one) ? one : [one]);

export function splitAddress(address: Address): [kind: string, id: string] {
  const slash = address.indexOf('/');
  return [address.slice(0, slash), address.slice(slash + 1)];
}
