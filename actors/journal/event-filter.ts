import type { EventFilter, EventRow } from '../host/contract.ts';

/** Whether a row passes. What is replayed from the journal and what is sent live pass the same test; a list means any of. */
export function matchesFilter(row: EventRow, filter: EventFilter): boolean {
  const { subject } = row;
  return (
    among(filter.severity, row.severity) &&
    among(filter.event_types, row.type) &&
    among(filter.actor_kinds, row.actorKind) &&
    same(filter.actor_id, row.actorId) &&
    same(filter.session_id, subject.session_id) &&
    anyOf(filter.account_id, subject.account_id) &&
    same(filter.platform, subject.platform) &&
    same(filter.command_id, subject.command_id) &&
    same(filter.correlation_id, subject.correlation_id)
  );
}

/** A list means any of. */
export const anyOf = (wanted: string | readonly string[] | undefined, value: string | null) =>
  typeof wanted === 'object' ? value !== null && wanted.includes(value) : same(wanted, value);
const among = (wanted: string[] | undefined, value: string) => wanted === undefined || wanted.includes(value);
const same = (wanted: string | undefined, value: string | null) => wanted === undefined || wanted === value;
