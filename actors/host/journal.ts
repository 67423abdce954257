/** `Journal`: what a host writes through, and what is asked of it. SQLite is one; a cluster log is meant to be another. */
import type { ActorRecord, Address, EffectRow, EventRow, FormerState, Subject, TellRow, TimerRow } from './records.ts';
import type { AuditMark, Put, TableName, Tables } from './tables.ts';

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
