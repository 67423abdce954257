/**
 * Between the host's records and the columns of a row. A row goes to SQLite as a list of scalars in the order of its
 * columns; JSON inside a row travels as text of its own, so that what is read back is what was written to the byte
 * (SQLite's JSON would lose lone surrogates and refuse deep nesting).
 */
import type { ActorRecord, EffectRow, EventRow, FormerState, Subject, TellRow, TimerRow } from '../host/contract.ts';
import type { Param } from './connection.ts';
import { forkOf } from './spans.ts';

export type Scalars = Param[];

const subjectColumns = ['correlation_id', 'command_id', 'session_id', 'account_id', 'platform'] as const;

export const eventColumns = [
  'cursor',
  'event_id',
  'emitted_at',
  'severity',
  'type',
  'actor_kind',
  'actor_id',
  'step',
  ...subjectColumns,
  'payload'
] as const;
export type StoredEvent = Subject & {
  cursor: number;
  event_id: string;
  emitted_at: number;
  severity: EventRow['severity'];
  type: string;
  actor_kind: string;
  actor_id: string;
  step: number;
  payload: string;
};

export const eventScalars = (row: EventRow): Scalars => [
  row.cursor,
  row.eventId,
  row.emittedAt,
  row.severity,
  row.type,
  row.actorKind,
  row.actorId,
  row.step,
  ...subjectScalars(row.subject),
  JSON.stringify(row.payload)
];

export const eventRow = (stored: StoredEvent): EventRow => ({
  cursor: stored.cursor,
  eventId: stored.event_id,
  emittedAt: stored.emitted_at,
  severity: stored.severity,
  type: stored.type,
  actorKind: stored.actor_kind,
  actorId: stored.actor_id,
  step: stored.step,
  subject: subjectOf(stored),
  payload: JSON.parse(stored.payload)
});

/** What the tables of actors as they are and as they were have in common. */
const stoodColumns = [
  'address',
  'kind',
  'id',
  'machine_version',
  'step',
  'status',
  'state',
  'phase',
  ...subjectColumns,
  'created_at',
  'updated_at',
  'entered_at',
  'deadline_at'
] as const;
interface Stood extends Subject {
  address: string;
  kind: string;
  id: string;
  machine_version: string;
  step: number;
  status: ActorRecord['status'];
  state: string;
  created_at: number;
  updated_at: number;
  entered_at: number;
  deadline_at: number | null;
}

type StoodRecord = Omit<ActorRecord, 'snapshot' | 'lastCursor' | 'resumes'>;

const stoodScalars = (record: StoodRecord): Scalars => [
  record.address,
  record.kind,
  record.id,
  record.machineVersion,
  record.step,
  record.status,
  record.state,
  phaseOf(record.state),
  ...subjectScalars(record.subject),
  record.createdAt,
  record.updatedAt,
  record.enteredAt,
  record.deadlineAt
];

const stoodRecord = (stored: Stood): StoodRecord => ({
  address: stored.address,
  kind: stored.kind,
  id: stored.id,
  machineVersion: stored.machine_version,
  step: stored.step,
  status: stored.status,
  state: stored.state,
  subject: subjectOf(stored),
  createdAt: stored.created_at,
  updatedAt: stored.updated_at,
  enteredAt: stored.entered_at,
  deadlineAt: stored.deadline_at
});

export const actorColumns = [...stoodColumns, 'snapshot', 'envelope_type', 'last_cursor', 'resumes'] as const;
export type StoredActor = Stood & { seq: number; snapshot: string; last_cursor: number; resumes: 0 | 1 };

export const actorScalars = (record: ActorRecord): Scalars => [
  ...stoodScalars(record),
  JSON.stringify(record.snapshot),
  envelopeTypeOf(record),
  record.lastCursor,
  Number(record.resumes)
];

/** What actors are found by; the rest changes with every step. */
export const actorIndexedColumns = [
  'machine_version',
  'status',
  'phase',
  'envelope_type',
  ...subjectColumns,
  'created_at',
  'resumes'
] as const;
export const actorUnindexedColumns = ['step', 'snapshot', 'updated_at', 'deadline_at', 'last_cursor'] as const;
/** Of one small index alone: they change with every move. */
export const actorStayColumns = ['state', 'entered_at'] as const;

/** The address, then the indexed columns. */
export const actorIndexScalars = (record: ActorRecord): Scalars => [
  record.address,
  record.machineVersion,
  record.status,
  phaseOf(record.state),
  envelopeTypeOf(record),
  ...subjectScalars(record.subject),
  record.createdAt,
  Number(record.resumes)
];

/** The address, then the columns of its stay. */
export const actorStayScalars = (record: ActorRecord): Scalars => [record.address, record.state, record.enteredAt];

export const actorRecord = (stored: StoredActor): ActorRecord => ({
  ...stoodRecord(stored),
  snapshot: JSON.parse(stored.snapshot),
  lastCursor: stored.last_cursor,
  resumes: stored.resumes === 1
});

export const formerColumns = [...stoodColumns, 'since', 'until', 'node', 'snapshot', 'undo', 'took'] as const;
export const formerScalars = (state: FormerState): Scalars => [
  ...stoodScalars(state),
  state.lastCursor,
  state.until,
  forkOf(state.lastCursor, state.until - 1),
  state.snapshot && JSON.stringify(state.snapshot),
  state.undo && JSON.stringify(state.undo),
  tookText(state)
];

/** Characters of JSON. What is longer says most of it in the state it led to, and is not written twice. */
const LONGEST_TOOK = 32_768;

function tookText({ took }: FormerState): string | null {
  const text = took ? JSON.stringify(took) : null;
  return text !== null && text.length <= LONGEST_TOOK ? text : null;
}
/** A former state, or the newest of an actor, as the statements of `past.ts` name their columns. */
export type StoredState = Stood & { since: number; until: number; snapshot: string | null; undo: string | null };
export const formerState = (stored: StoredState): FormerState => ({
  ...stoodRecord(stored),
  snapshot: stored.snapshot === null ? null : JSON.parse(stored.snapshot),
  undo: stored.undo === null ? null : JSON.parse(stored.undo),
  lastCursor: stored.since,
  until: stored.until,
  resumes: false
});

export const standingColumns = [...stoodColumns, 'since', 'snapshot'] as const;
export const standingScalars = (record: ActorRecord): Scalars => [
  ...stoodScalars(record),
  record.lastCursor,
  JSON.stringify(record.snapshot)
];

/** The first segment of a state path: `RUNNING` of `RUNNING.PREPARING`, the first region's of a parallel one. */
export const phaseOf = (state: string): string => /^[^.,]*/.exec(state)![0];

/** Kept in a column of its own because commands are listed by it. */
function envelopeTypeOf({ snapshot }: ActorRecord): string | null {
  const { envelope } = snapshot.context;
  const type = typeof envelope === 'object' && envelope !== null ? (envelope as { type?: unknown }).type : undefined;
  return typeof type === 'string' ? type : null;
}

export const timerColumns = ['address', 'id', 'due_at', 'event'] as const;
export const timerScalars = (row: TimerRow): Scalars => [row.address, row.id, row.dueAt, JSON.stringify(row.event)];
export const timerRow = (stored: { address: string; id: string; due_at: number; event: string }): TimerRow => ({
  address: stored.address,
  id: stored.id,
  dueAt: stored.due_at,
  event: JSON.parse(stored.event)
});

export const effectColumns = ['id', 'address', 'child', 'src', 'input'] as const;
export const effectScalars = (row: EffectRow): Scalars => [
  row.id,
  row.address,
  row.child,
  row.src,
  row.input === undefined ? null : JSON.stringify(row.input)
];
export const effectRow = (
  stored: Record<'id' | 'address' | 'child' | 'src', string> & { input: string | null }
): EffectRow => ({
  id: stored.id,
  address: stored.address,
  child: stored.child,
  src: stored.src,
  input: stored.input === null ? undefined : JSON.parse(stored.input)
});

export const tellColumns = ['id', 'sender', 'recipient', 'event'] as const;
export const tellScalars = (row: TellRow): Scalars => [row.id, row.from, row.to, JSON.stringify(row.event)];
export const tellRow = (stored: { id: string; sender: string | null; recipient: string; event: string }): TellRow => ({
  id: stored.id,
  from: stored.sender,
  to: stored.recipient,
  event: JSON.parse(stored.event)
});

const subjectScalars = (subject: Subject): Scalars => [
  subject.correlation_id,
  subject.command_id,
  subject.session_id,
  subject.account_id,
  subject.platform
];

const subjectOf = ({ correlation_id, command_id, session_id, account_id, platform }: Subject): Subject => ({
  correlation_id,
  command_id,
  session_id,
  account_id,
  platform
});
