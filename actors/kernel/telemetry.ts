/**
 * Telemetry is computed from the step, never emitted by hand: each microstep that enters a state is one row, of the type
 * that state's `meta.telemetry` names, carrying what it takes from context.
 */
import type { AnyMachineSnapshot, AnyStateNode } from 'xstate';
import type { TelemetryMeta } from '../../machines/protocol.ts';
import type { Failure } from '../../schemas/errors.ts';
import type { ActorRecord, EventRow, MachineEvent } from '../host/contract.ts';
import { type Definition, nodesIn, pick, stateOf, subjectOf } from './definition.ts';

/** A row of the log before the host gives it its cursor, id and time. */
export type TelemetryRow = Omit<EventRow, 'cursor' | 'eventId' | 'emittedAt'>;

export const birthRow = (
  definition: Definition,
  record: ActorRecord,
  step: number,
  snapshot: AnyMachineSnapshot,
  event: MachineEvent
): TelemetryRow => row(definition, record, step, null, snapshot, event, speaker(nodesIn(snapshot)));

/** undefined where a microstep changed nothing. One that only changed context is a row of severity debug. */
export function microstepRow(
  definition: Definition,
  record: ActorRecord,
  step: number,
  before: AnyMachineSnapshot,
  after: AnyMachineSnapshot,
  event: MachineEvent
): TelemetryRow | undefined {
  const were = new Set(nodesIn(before));
  const entered = nodesIn(after).filter((node) => !were.has(node));
  if (entered.length > 0) return row(definition, record, step, stateOf(before), after, event, speaker(entered));
  if (after.status === 'error') {
    return failureRow(record, step, event, after.error as Failure);
  }
  if (after === before) return undefined;
  const quiet: TelemetryMeta = { ...definition.telemetry, severity: 'debug' };
  return row(definition, record, step, stateOf(before), after, event, quiet);
}

/** The state entered that speaks: the deepest with telemetry of its own. */
function speaker(entered: AnyStateNode[]): TelemetryMeta | undefined {
  let found: TelemetryMeta | undefined;
  let depth = -1;
  for (const node of entered) {
    const own = (node.meta as { telemetry?: TelemetryMeta } | undefined)?.telemetry;
    if (own && node.path.length > depth && node.path.length > 0) {
      found = own;
      depth = node.path.length;
    }
  }
  return found;
}

function row(
  definition: Definition,
  record: ActorRecord,
  step: number,
  from: string | null,
  snapshot: AnyMachineSnapshot,
  event: MachineEvent,
  said: TelemetryMeta | undefined
): TelemetryRow {
  const meta = said ?? definition.telemetry;
  const context = snapshot.context as Record<string, unknown>;
  const taken = Object.entries(meta.take ?? {}).map(([field, path]) => [field, pick(context, path) ?? null] as const);
  return {
    severity: meta.severity ?? 'info',
    type: meta.type,
    actorKind: record.kind,
    actorId: record.id,
    step,
    subject: subjectOf(definition, context),
    payload: {
      ...Object.fromEntries(taken),
      ...(typeof context?.why === 'string' ? { why: context.why } : {}),
      actor: { kind: record.kind, id: record.id },
      from,
      to: stateOf(snapshot),
      event: event.type,
      step
    }
  };
}

/** An event the state does not accept. Word that reaches an actor after its end, and a timer whose guard refused, are nobody's mistake: debug. */
export const rejectedRow = (
  record: ActorRecord,
  event: MachineEvent,
  legal: string[],
  quiet: boolean
): TelemetryRow => ({
  severity: quiet || record.status !== 'active' ? 'debug' : 'warn',
  type: 'event.rejected',
  actorKind: record.kind,
  actorId: record.id,
  step: record.step,
  subject: record.subject,
  payload: {
    actor: { kind: record.kind, id: record.id },
    from: record.state,
    to: record.state,
    event: event.type,
    step: record.step,
    legal
  }
});

/** The machine threw, or nobody handled an effect's error. */
export const failureRow = (record: ActorRecord, step: number, event: MachineEvent, failure: Failure): TelemetryRow => ({
  severity: 'error',
  type: 'actor.failed',
  actorKind: record.kind,
  actorId: record.id,
  step,
  subject: record.subject,
  payload: {
    actor: { kind: record.kind, id: record.id },
    from: record.state,
    to: record.state,
    event: event.type,
    step,
    why: failure?.message ?? null,
    error: failure
  }
});

/** What a machine says with `emit`: a row of that type. */
export const emittedRow = (
  definition: Definition,
  record: ActorRecord,
  step: number,
  snapshot: AnyMachineSnapshot,
  { type, ...said }: MachineEvent
): TelemetryRow => {
  const at = stateOf(snapshot);
  const base = row(definition, record, step, at, snapshot, { type }, { type, severity: 'info' });
  return { ...base, payload: { ...said, ...base.payload } };
};

/** It went over to the newest version of its machine. */
export const upgradedRow = (
  definition: Definition,
  record: ActorRecord,
  step: number,
  snapshot: AnyMachineSnapshot,
  said: Record<string, unknown>
): TelemetryRow => {
  const type = 'actor.upgraded';
  const base = row(definition, record, step, record.state, snapshot, { type }, { type, severity: 'info' });
  return { ...base, payload: { ...base.payload, ...said } };
};

const still = (
  { telemetry }: Definition,
  record: ActorRecord,
  step: number,
  event: string,
  severity: 'debug' | 'info'
): TelemetryRow => ({
  severity,
  type: telemetry.type,
  actorKind: record.kind,
  actorId: record.id,
  step,
  subject: record.subject,
  payload: { actor: { kind: record.kind, id: record.id }, from: record.state, to: record.state, event, step }
});

/** A step that moved no state. */
export const quietRow = (definition: Definition, record: ActorRecord, step: number, event: string): TelemetryRow =>
  still(definition, record, step, event, 'debug');

/** The parent stopped it where it was. */
export const stoppedRow = (definition: Definition, record: ActorRecord, step: number): TelemetryRow =>
  still(definition, record, step, 'actor.stop', 'info');
