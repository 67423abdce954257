/**
 * The two seams of the runtime: `ActorHost` (what servers and machines' owners see) and `Journal` (what a host writes
 * through). The embedded host on SQLite is one pair; a cluster host on Restate with JetStream is meant to be another,
 * and nothing above these interfaces may know which it has.
 */
import type { AnyStateMachine } from 'xstate';
import type { Failure } from '../../schemas/errors.ts';
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

/** Tables that are not actors: written in the same transaction as a step, or by `host.write`. */
export interface Tables {
  /** key: service + key */
  idempotency: { service: string; key: string; body_hash: string; command_id: string; created_at: number };
  /** key: dedupe_key. A row of another command is never overwritten. */
  ledger: {
    dedupe_key: string;
    command_id: string;
    action: string;
    effect_id: string | null;
    state: 'ATTEMPTED' | 'VERIFIED' | 'VERIFICATION_FAILED' | 'UNKNOWN';
    updated_at: number;
  };
  /** key: id. The bytes are in `<data>/artifacts/<first two hex digits>/<sha256>`. */
  artifacts: {
    id: string;
    command_id: string | null;
    kind: string;
    media_type: string;
    sha256: string;
    size: number;
    created_at: number;
    /** Whose page it shows; null: of none. */
    account_id?: string | null;
  };
  /** key: command_id + name. What became of each action that a command began; `created_at` is when. */
  actions: {
    command_id: string;
    name: string;
    effect: string;
    flow: string | null;
    correlation_id: string | null;
    session_id: string | null;
    account_id: string | null;
    platform: string | null;
    attempts: number;
    /** PENDING until it is known; NONE when its command ended before. */
    outcome: 'PENDING' | 'VERIFIED' | 'VERIFICATION_FAILED' | 'UNKNOWN' | 'NONE';
    already_done: 0 | 1;
    verify_as: string | null;
    dedupe_key: string | null;
    why: string | null;
    error_code: string | null;
    /** JSON lists, and a JSON object. */
    proofs: string;
    artifacts: string;
    extracted: string | null;
    created_at: number;
    updated_at: number;
  };
  /** key: name + version. `body` is the flow as JSON text. */
  flows: { name: string; version: number; body: string; created_at: number };
  /** key: id. Only the SHA-256 of a token is kept; `scopes` is a JSON list. */
  tokens: {
    id: string;
    sha256: string;
    service: string;
    scopes: string;
    created_at: number;
    expires_at: number | null;
    revoked_at: number | null;
    /** JSON list of the accounts it is bound to; null: any. */
    accounts: string | null;
  };
  /** key: kind + version. Every version that ever ran here; `definition` is its MachineNode as JSON text. */
  machines: { kind: string; version: string; label: string | null; definition: string; first_seen_at: number };
  /** key: platform + account_id. What an account is set to; null: as its platform says. `logged_in` is a JSON list of selectors. */
  accounts: {
    platform: string;
    account_id: string;
    home: string | null;
    logged_in: string | null;
    created_at: number;
    updated_at: number;
  };
  /** key: platform + account_id. What is known of a stored login; `origins` is a JSON list. */
  profiles: {
    platform: string;
    account_id: string;
    state: 'none' | 'saved' | 'expired';
    key_id: string | null;
    origins: string;
    cookies: number;
    bytes: number;
    saved_at: number | null;
    proved_at: number | null;
    expired_at: number | null;
  };
  /** key: platform + account_id. The stored login itself, sealed; base64. */
  profile_bodies: { platform: string; account_id: string; key_id: string; nonce: string; ciphertext: string };
  /** key: platform + name + command_id: a sweep's look at one name. `tried` is JSON text. */
  selector_sweeps: {
    platform: string;
    name: string;
    command_id: string;
    swept_at: number;
    state: string;
    selector: string | null;
    likeness: number | null;
    tried: string;
  };
  /** key: id. A post as a flow saw it last; `created_at` is when one saw it first. `stats` is JSON text, name → number. */
  posts: Seen & { author: string | null; text: string | null; stats: string };
  /** key: post_id + command_id. What each look at a post read. */
  post_stats: { post_id: string; command_id: string; stats: string; created_at: number };
  /** key: id. A thread of messages as a flow saw it last. */
  dm_threads: Seen & { partner: string | null; last_message: string | null; unread: number | null };
  /** key: id. A video of a generator as a flow saw it last. */
  sora_drafts: Seen & { prompt: string | null; state: string | null };
  /** key: command_id. What a look read about the cost of videos; `figures` is JSON text, name → number. */
  sora_usage: {
    command_id: string;
    platform: string;
    account_id: string | null;
    figures: string;
    created_at: number;
  };
  /** key: seq. A chain, see `actors/audit/chain.ts`; only added to. `detail` is JSON text. */
  audit: AuditMark &
    Subject & {
      created_at: number;
      action: string;
      outcome: string;
      service: string | null;
      token_id: string | null;
      /** Address of the actor, or `kind/id` of what is none. */
      subject: string;
      detail: string;
      prev_hash: string;
    };
  /** key: name. `head`: the newest record of the chain; `checkpoint`: the newest that was removed. */
  audit_marks: AuditMark & { name: 'head' | 'checkpoint' };
  /**
   * key: kind + version + from_state + to_state + event. How often actors of one version of a machine took a transition;
   * written, `count` is added to what is there. `event`: '*' for what the machine takes without naming it.
   */
  moves: { kind: string; version: string; from_state: string; to_state: string; event: string; count: number };
  /** key: kind + state + bucket. How many stays in a state were so long, see `stays.ts`; written, `count` is added. */
  stays: { kind: string; state: string; bucket: number; count: number };
  /** key: service + name */
  consumers: { service: string; name: string; cursor: number; updated_at: number };
}
export type TableName = keyof Tables;

/** What was found on a page. */
interface Seen {
  id: string;
  platform: string;
  account_id: string | null;
  url: string;
  /** Of who saw it last. */
  command_id: string;
  created_at: number;
  last_seen_at: number;
}

/** A place in the audit log. */
export interface AuditMark {
  seq: number;
  hash: string;
}

/** Who asked for what an audit record is about; nobody: the program itself. */
export type AskedBy = Pick<AuditEntry, 'service' | 'token_id'>;

/** What an audit record says. The host gives it its place in the chain, and what is left out from the actor it is about. */
export interface AuditEntry extends Partial<Subject> {
  /** `noun.verb`, as it happened: `command.accepted`. */
  action: string;
  /** What came of it: a state of the contract, `done` or `refused`. */
  outcome: string;
  /** Who asked: a client, or null for the program itself. */
  service?: string | null;
  token_id?: string | null;
  subject?: string;
  /** Small and without secrets: what is long or somebody's is there by its hash. */
  detail?: Record<string, unknown>;
}
/** Columns compare by equality; a list means any of. */
export type Where<T extends TableName> = { [C in keyof Tables[T]]?: Tables[T][C] | readonly Tables[T][C][] };
/** Tables that are listed newest first, a page at a time. */
export type ListedTable =
  | 'actions'
  | 'artifacts'
  | 'audit'
  | 'posts'
  | 'post_stats'
  | 'dm_threads'
  | 'sora_drafts'
  | 'sora_usage';
/** Columns compare by equality, a list means any of; only those that an index walks may be asked for. */
export interface RowQuery<T extends ListedTable> {
  where?: { [C in keyof Tables[T]]?: string | readonly string[] };
  /** ms since 1970, inclusive */
  createdSince?: number;
  /** Newest first. Default 50, at most 500. */
  limit?: number;
  /** From the previous page's `next`. */
  page?: string;
}
/** A row as it is stored. */
export type Put = { [T in TableName]: { into: T; row: Tables[T] } }[TableName];
/** A row to be written; one of the audit log goes with a step, and gets its place in the chain from the host. */
export type Write = Exclude<Put, { into: 'audit' | 'audit_marks' }> | { into: 'audit'; row: AuditEntry };

/** Everything one group commit writes: all of it or nothing. */
export interface Batch {
  events: EventRow[];
  /** The newest record of each actor that moved. */
  actors: ActorRecord[];
  /** The same of volatile actors, for what is asked of the past alone: no start takes them up again. */
  standing?: ActorRecord[];
  /** What those that moved were before, in the order of the log. */
  former?: FormerState[];
  timers: { set: TimerRow[]; cleared: { address: Address; id: string }[] };
  effects: { declared: EffectRow[]; settled: string[] };
  tells: { sent: TellRow[]; consumed: string[] };
  writes: Put[];
}

/** Columns compare by equality; a list means any of. */
export interface ActorQuery {
  kind?: string;
  ids?: string[];
  /** Of the machine. */
  version?: string;
  /** A state path's first segment: `RUNNING` finds `RUNNING.PREPARING`. */
  state?: string | string[];
  status?: ActorRecord['status'];
  session_id?: string;
  account_id?: string | readonly string[];
  correlation_id?: string;
  platform?: string;
  /** Alive and to be told of a restart, see `ActorRecord`. */
  resumes?: true;
  /** JSON path in context → value: { 'envelope.type': 'flow.run' } */
  context?: Record<string, string | number>;
  createdSince?: number;
  /** As they were right after the row of the log with this cursor; what is asked of context is asked of now. */
  at?: number;
  /** Newest first. Default 50, at most 500. */
  limit?: number;
  /** From the previous page's `next`. */
  page?: string;
}

export interface EventFilter {
  severity?: string[];
  event_types?: string[];
  session_id?: string;
  account_id?: string | readonly string[];
  platform?: string;
  command_id?: string;
  correlation_id?: string;
  actor_kinds?: string[];
  actor_id?: string;
}

/** What a restarted host finds to be taken up again, counted and not read. */
export interface Pending {
  actors: number;
  timers: number;
  effects: number;
  tells: number;
  /** Timers, effects and tells together, by the kind of actor they are for. */
  byKind: Record<string, number>;
}

/** Where a timer stands among all: they are read in this order. */
export type TimerPlace = Pick<TimerRow, 'dueAt' | 'address' | 'id'>;

/** What may go. Both may be given: then whatever goes by either. */
export interface RetentionLimits {
  /**
   * ms since 1970. Events from before go, and actors that ended before with what is theirs: the idempotency keys and
   * artifacts of commands. Rows of the ledger stay: they are why nothing is done twice.
   */
  before?: number;
  /** Newest events kept. */
  keep?: number;
  /** Records of the audit log up to this one go; the mark `checkpoint` says up to which they have. */
  auditThrough?: number;
}

/** Actors that have not ended. */
export interface LivingVersion {
  kind: string;
  /** Of their machine. */
  version: string;
  count: number;
}

/** Actors of one kind that live in one state. */
export interface LivingState {
  kind: string;
  state: string;
  count: number;
  /** When the first of them came into it, ms since 1970. */
  oldest: number;
}

/** Living actors that have been in a state for long. */
export interface StayQuery {
  /** State paths in full. None twice. */
  states: readonly { kind: string; state: string; enteredBefore: number }[];
  account_id?: string | readonly string[];
  /** Longest first. Default 50, at most 500. */
  limit?: number;
  /** From the previous page's `next`. */
  page?: string;
}

/** What one call of `prune` removed. */
export interface Pruned {
  events: number;
  /** Ended actors. */
  actors: Address[];
  keys: number;
  /** SHA-256 of artifacts that no row names any more: their files may go. */
  files: string[];
  tokens: number;
  /** Records of the audit log. */
  audit: number;
  /** There is more to remove. */
  more: boolean;
}

/** Of an actor, what is told of it where it is one of many. */
export interface ActorMatch extends Subject {
  address: Address;
  kind: string;
  id: string;
  status: ActorRecord['status'];
  state: string;
  updated_at: number;
}

export type ArtifactMatch = Pick<Tables['artifacts'], 'id' | 'command_id' | 'kind' | 'media_type' | 'created_at'> & {
  /** Of its command. */
  account_id: string | null;
};

export interface EventMatch extends Subject {
  cursor: number;
  event_id: string;
  emitted_at: number;
  type: string;
  actor_kind: string;
  actor_id: string;
}

/** What has an id that begins so, in the order of ids; of each at most as many as were asked for. */
export interface IdMatches {
  actors: ActorMatch[];
  artifacts: ArtifactMatch[];
  /** The row with that cursor is the first. */
  events: EventMatch[];
  correlations: { correlation_id: string; account_id: string | null }[];
  accounts: string[];
}

export interface Journal {
  /**
   * Opens or makes the database, runs migrations, checks it.
   * `boot` counts the opens of this data directory, for fencing numbers that never come again.
   * @throws ControlError JOURNAL_DAMAGED, JOURNAL_MISSING, JOURNAL_TOO_NEW, DATA_DIR_UNWRITABLE
   */
  open(): Promise<{ head: number; tail: number; boot: number }>;
  /** Resolves once the whole batch is on disk. @throws ControlError JOURNAL_UNAVAILABLE: then nothing of it is. */
  commit(batch: Batch): Promise<void>;
  /** Missing addresses are left out. */
  loadActors(addresses: Address[]): Promise<ActorRecord[]>;
  queryActors(query: ActorQuery): Promise<{ items: ActorRecord[]; next: string | null }>;
  /** Whatever has an id that is `beginning` or begins with it. */
  searchIds(beginning: string, limit: number): Promise<IdMatches>;
  /** By the first segment of their state, those that have ended too. */
  countActors(kind: string, at?: number): Promise<Record<string, number>>;
  /** How many actors that have not ended are of which version of their machine. */
  livingVersions(at?: number): Promise<LivingVersion[]>;
  /** In which states actors live, how many, and since when. */
  livingStates(): Promise<LivingState[]>;
  /** `total`: of all pages. @throws ControlError QUERY_INVALID */
  longStays(query: StayQuery): Promise<{ items: ActorRecord[]; next: string | null; total: number }>;
  /** The first cursor at which it can be told what actors were: of before nothing was kept, or it is gone. */
  pastFrom(): Promise<number>;
  /** Actors, volatile ones too, right after the row with this cursor. Those that were not there yet are left out. */
  actorsAt(addresses: Address[], at: number): Promise<ActorRecord[]>;
  /** The volatile actors of these kinds that there were. */
  volatileAt(kinds: string[], at: number): Promise<ActorRecord[]>;
  /** How many there were that had not ended, by kind and state path. */
  statesAt(at: number): Promise<{ kind: string; state: string; count: number }[]>;
  /** Living actors, and what waits for them. */
  pending(): Promise<Pending>;
  /** The next timers after this place, the earliest first; from the first without one. */
  timersAfter(place: TimerPlace | null, limit: number): Promise<TimerRow[]>;
  /** Effects without a result, oldest first; 0 begins, `next` continues, null is the end. */
  unsettled(place: number, limit: number): Promise<{ rows: EffectRow[]; next: number | null }>;
  /** What is in the outbox for actors of these kinds, oldest first; 0 begins, `next` continues, null is the end. */
  outbox(kinds: string[], place: number, limit: number): Promise<{ rows: TellRow[]; next: number | null }>;
  /**
   * Rows with `cursor > after` that match, oldest first. `scannedTo` is how far the log was looked through, so that a
   * filter that matches nothing still moves on.
   */
  readEvents(after: number, limit: number, filter?: EventFilter): Promise<{ rows: EventRow[]; scannedTo: number }>;
  /** Oldest cursor kept and newest, 0 and 0 when empty. */
  bounds(): Promise<{ tail: number; head: number }>;
  /** Rows of a table by equality, newest first by rowid. */
  find<T extends TableName>(table: T, where?: Where<T>, limit?: number): Promise<Tables[T][]>;
  /**
   * One page of a table, newest first by `created_at` and then by when it was first written.
   * @throws ControlError QUERY_INVALID
   */
  list<T extends ListedTable>(table: T, query?: RowQuery<T>): Promise<{ items: Tables[T][]; next: string | null }>;
  /** Records of the audit log with a greater `seq`, in order. */
  readAudit(after: number, limit: number): Promise<Tables['audit'][]>;
  /** The newest record of before then, ms since 1970. */
  auditBefore(at: number): Promise<AuditMark | null>;
  /**
   * Removes a slice of at most `slice` rows a table of what the limits let go, in a short transaction of its own. The log
   * loses its oldest rows and keeps its newest, whatever the limits, so that no cursor comes again. Events of living
   * actors go like others: what such an actor needs is in its record.
   */
  prune(limits: RetentionLimits, slice: number): Promise<Pruned>;
  /**
   * Gives at most so many bytes of what was removed back to the file system. Says how large the database is then and how
   * much of it is free: 0 where it was not made to shrink.
   */
  vacuum(bytes: number): Promise<{ bytes: number; freeBytes: number }>;
  /** Checks that a write would work, for /ready. */
  probe(): Promise<{ ok: boolean; why: string | null }>;
  close(): Promise<void>;
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
