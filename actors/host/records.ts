/** What an actor is and leaves behind, as a host hands it to a journal and gets it back. All of it is data. */
import type { EventEnvelope, Severity } from '../../schemas/generated/contracts.ts';
import type { Undo } from './past.ts';

/** `kind/id` */
export type Address = string;

/** What is told to an actor. The host adds `at`, the ms since 1970 when it took the event. */
export interface MachineEvent {
  type: string;
  at?: number;
  [key: string]: unknown;
}

/** Whom an actor's events are about; from the machine's root `meta.subject`. */
export interface Subject {
  correlation_id: string | null;
  command_id: string | null;
  session_id: string | null;
  account_id: string | null;
  platform: string | null;
}

/** One live or ended actor as the journal keeps it. All of it is JSON. */
export interface ActorRecord {
  address: Address;
  kind: string;
  id: string;
  /** Hash of the machine it is of: see `versionOf`. */
  machineVersion: string;
  /** Steps taken; the first makes it 1. */
  step: number;
  status: 'active' | 'done' | 'error';
  /** State path, regions joined by a comma: `RUNNING.PREPARING`. */
  state: string;
  /** Persisted XState snapshot: value, context, historyValue, output, error, and `children` as id → {src, address?}. */
  snapshot: PersistedSnapshot;
  subject: Subject;
  /** ms since 1970 */
  createdAt: number;
  updatedAt: number;
  /** When it came into the state it is in, ms since 1970. */
  enteredAt: number;
  /** The earliest of its own timers, ms since 1970. */
  deadlineAt: number | null;
  /** Cursor of its newest event. */
  lastCursor: number;
  /** Its state accepts `host.resumed`: it is told of a restart. One that rests does not, and a restart does not read it. */
  resumes: boolean;
}

export interface PersistedSnapshot {
  value: unknown;
  context: Record<string, unknown>;
  status: 'active' | 'done' | 'error' | 'stopped';
  historyValue?: Record<string, string[]>;
  output?: unknown;
  error?: unknown;
  children: Record<string, { src: string; effect?: string; address?: Address }>;
  /** Of a child machine: whom it reports to, and under which name. */
  parent?: { address: Address; child: string };
  /** Timers that run now: id → due, ms since 1970. A timer that fires and is not here any more is stale. */
  timers: Record<string, number>;
}

/**
 * What an actor was from `lastCursor` on, until the row `until` of the log made it another. Either whole, or as what is
 * to be undone from its next state: see `past.ts`.
 */
export interface FormerState extends Omit<ActorRecord, 'snapshot'> {
  /** Exclusive. */
  until: number;
  snapshot: PersistedSnapshot | null;
  undo: Undo | null;
  /** What made it another, where that was an event. */
  took?: Took;
}

/** An event as an actor took it, and where it came from. */
export interface Took {
  event: MachineEvent;
  cause: { effect?: string; timer?: string; dueAt?: number; child?: Address };
}

/** One row of the log. `cursor` is assigned by the host in commit order. */
export interface EventRow {
  cursor: number;
  eventId: string;
  emittedAt: number;
  severity: Severity;
  type: string;
  actorKind: string;
  actorId: string;
  step: number;
  subject: Subject;
  payload: EventEnvelope['payload'];
}

export interface EffectRow {
  /** `<address>#<step>.<index>`: stable across crashes, the idempotency key of whatever it does outside. */
  id: string;
  address: Address;
  /** The invoke id in the machine: its result comes back as `xstate.done.actor.<child>`. */
  child: string;
  src: string;
  input: unknown;
}

export interface TimerRow {
  address: Address;
  id: string;
  dueAt: number;
  event: MachineEvent;
}

export interface TellRow {
  /** `<from>#<step>.<index>` */
  id: string;
  from: Address | null;
  to: Address;
  event: MachineEvent;
}
