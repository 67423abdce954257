import type { EventRow } from '../../actors/host/contract.ts';
import { withoutSealed } from '../../actors/profile/secret-params.ts';
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';

/** A row of the log as clients read it. */
export const eventEnvelope = (row: EventRow): EventEnvelope => ({
  version: '1.0',
  event_id: row.eventId,
  cursor: String(row.cursor),
  correlation_id: row.subject.correlation_id,
  command_id: row.subject.command_id,
  emitted_at: new Date(row.emittedAt).toISOString(),
  severity: row.severity,
  type: row.type,
  target: {
    session_id: row.subject.session_id,
    account_id: row.subject.account_id,
    platform: row.subject.platform
  },
  // An approval's shows what is asked; what is sealed in it says nothing to anybody.
  payload: row.actorKind === 'approval' ? withoutSealed(row.payload) : row.payload
});

const frames = new WeakMap<EventRow, string>();

/** The row's `event` frame as text; made once, however many clients get it. */
export function eventFrame(row: EventRow): string {
  let frame = frames.get(row);
  if (frame === undefined) {
    frame = JSON.stringify({ type: 'event', event: eventEnvelope(row) });
    frames.set(row, frame);
  }
  return frame;
}
