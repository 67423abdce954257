/**
 * The two seams of the runtime: `ActorHost` (what servers and machines' owners see) and `Journal` (what a host writes
 * through). The embedded host on SQLite is one pair; a cluster host on Restate with JetStream is meant to be another,
 * and nothing above these interfaces may know which it has.
 */
import type { AnyStateMachine } from 'xstate';
import type { Failure } from '../../schemas/errors.ts';
import type { Journal, LivingVersion, Pruned, RetentionLimits } from './journal.ts';
import type { ActorRecord, Address, EventRow, MachineEvent, Subject } from './records.ts';
import type { AuditEntry, Write } from './tables.ts';

export type * from './journal.ts';
export type * from './records.ts';
export type * from './tables.ts';

/** A kind of actor the host can run. The machine is complete: its promises are provided. */
export interface ActorKind {
  kind: string;
  machine: AnyStateMachine;
  /** false: no snapshot, timer or effect of it is kept across a restart; its events are in the log all the same. */
  durable: boolean;
  /** Registered by a user: each step is looked through for what a snapshot could not keep. */
  foreign?: boolean;
  /** What every context of the machine must be. */
  context?: ContextSchema;
  /** Former machines that run beside this one: an actor made by one of them stays with it until it ends. */
  previous?: { machine: AnyStateMachine; context?: ContextSchema }[];
  /** From former machines to this one, for actors of the kind and of its child machines. */
  migrations?: Migration[];
}

export interface ContextSchema {
  /** JSON Schema; counts in the version. */
  schema: object;
  /** The context with the defaults that the schema declares, and what is wrong with it. The one given stays as it is. */
  check(context: Record<string, unknown>): { context: Record<string, unknown>; errors: string[] };
}

/** How an actor of one version of its machine becomes one of another. */
export interface Migration {
  /** Of a child machine: `order_payment`. Default: the kind it is registered with. */
  kind?: string;
  /** Version (as GET /v1/machines and each actor show it) or label of the former machine. */
  from: string;
  /** Version or label of what comes of it, when that is not the newest; another migration goes on from there. */
  to?: string;
  /** Pure: it runs again when the process is killed before its result is on disk, and in `troupe check-upgrade`. */
  migrate(actor: Migrating): Migrated;
}

/** What a migration is given: a copy. */
export interface Migrating {
  /** As XState has it: `'WAITING'`, `{ RUNNING: 'PREPARING' }`. */
  value: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: of a machine that is not there any more
  context: any;
  /** Ids of history states → ids of the states they remember. */
  history: Record<string, string[]>;
  id: string;
  version: string;
}

export interface Migrated {
  value: unknown;
  context: Record<string, unknown>;
  /** Default: what of it is in the new machine too. */
  history?: Record<string, string[]>;
  /** Ids of invokes, and delays as `after` names them, that begin anew although they run on in the new machine, or are over. */
  restart?: string[];
}

/** What an effect is handed beside its input. */
export interface EffectContext {
  /** `<address>#<step>.<index>` */
  id: string;
  /** true: this effect was started before a crash and its result never came. */
  resumed: boolean;
}

export interface ActorView {
  address: Address;
  kind: string;
  id: string;
  state: string;
  status: ActorRecord['status'];
  step: number;
  /** Of its machine. */
  version: string;
  /** Why it is not stepped: no machine that is registered fits it. Its mail and timers are kept. null: it is not held. */
  held: string | null;
  context: Record<string, unknown>;
  /** Event types the state accepts now. */
  accepts: string[];
  subject: Subject;
  /** Of a child machine: whom it reports to. */
  parent: Address | null;
  /** What it has begun and not ended, by the id of its invoke: a child machine, or an effect, which has no address. */
  children: Record<string, { src: string; address?: Address }>;
  why: string | null;
  deadlineAt: number | null;
  createdAt: number;
  updatedAt: number;
  /** When it came into its state. */
  enteredAt: number;
  lastCursor: number;
}

export interface HostStatus {
  state: 'starting' | 'running' | 'stopping' | 'stopped';
  /** What the last start found: */
  recovered: { actors: number; timers: number; effects: number; tells: number };
  /** What the last start made of living actors of other versions than the newest: */
  versions: {
    /** Legal in the newest as they were. */
    wentOn: number;
    migrated: number;
    /** With the former machine, which is registered beside. */
    stayed: number;
    held: HeldActors[];
  };
  /** Set while the journal cannot be written. */
  journalError: Failure | null;
  /** Mail taken and not yet durable. */
  backlog: number;
  /** In memory now: records of actors and about how many bytes they are, timers, running effects. */
  held: { records: number; bytes: number; timers: number; effects: number };
}

/** Living actors of one version that fit no machine that is registered. */
export interface HeldActors extends LivingVersion {
  /** The reason and the cure, of the first of them. */
  why: string;
}

export interface ActorHost {
  /**
   * Makes an actor; resolves once that is durable. `writes` go into the same transaction.
   * @throws ControlError ACTOR_EXISTS, JOURNAL_UNAVAILABLE, DRAINING
   */
  create(address: Address, input: Record<string, unknown>, options?: { writes?: Write[] }): Promise<ActorView>;
  /**
   * Tells an actor; resolves with what it has become once that is durable.
   * @throws ControlError ACTOR_NOT_FOUND, ACTOR_HELD, EVENT_REJECTED (with the legal alternatives), JOURNAL_UNAVAILABLE
   */
  send(address: Address, event: MachineEvent, options?: { writes?: Write[] }): Promise<ActorView>;
  /**
   * Rows without an actor, durable when it resolves; with `entry` also what the audit log is to say of it, in the same
   * transaction.
   */
  write(writes: Write[], entry?: AuditEntry): Promise<void>;
  /** `journal.prune`; what went is forgotten here too. */
  prune(limits: RetentionLimits, slice: number): Promise<Pruned>;
  read(address: Address): Promise<ActorView | undefined>;
  /** Actors as they were right after the row with this cursor; see `journal.actorsAt`. Of one nobody has the machine of, nothing is accepted. */
  readAt(addresses: Address[], at: number): Promise<ActorView[]>;
  /** The actors of a volatile kind: they are in this process and in no table. */
  volatileActors(kind: string): ActorView[];
  /** Resolves when `until` holds, at once if it does; undefined after `timeoutMs`, or when the signal aborts. */
  waitFor(
    address: Address,
    until: (view: ActorView) => boolean,
    options: { timeoutMs: number; signal?: AbortSignal }
  ): Promise<ActorView | undefined>;
  /** Called with each batch of rows right after its commit, in order. Returns how to stop. */
  onCommit(listener: (rows: EventRow[], head: number) => void): () => void;
  readonly head: number;
  readonly status: HostStatus;
  readonly journal: Journal;
  start(): Promise<void>;
  /** No new work; aborts effects, writes what is left, closes the journal. */
  stop(options?: { graceMs?: number }): Promise<void>;
}
