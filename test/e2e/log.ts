/** The log as a client reads it, and what must be true of any of it. */
import assert from 'node:assert/strict';
import type { EventEnvelope, EventPage } from '../../schemas/generated/contracts.ts';
import type { Manager } from '../support/manager.ts';

export const ENDS = ['SUCCEEDED', 'FAILED', 'CANCELLED'];

/** GET /v1/events to its head, in pages. @param query filters: `command_id=…` */
export async function readLog(manager: Manager, query = ''): Promise<EventEnvelope[]> {
  const events: EventEnvelope[] = [];
  for (let cursor = '0'; ; ) {
    const { status, body } = await manager.request<EventPage>('GET', `/v1/events?cursor=${cursor}&limit=500&${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.gap, undefined);
    events.push(...body.items);
    if (body.next_cursor === cursor || Number(body.next_cursor) >= Number(body.head)) return events;
    cursor = body.next_cursor;
  }
}

/** The cursor of the first event of the process that runs now. */
export async function bootOf(manager: Manager): Promise<string> {
  const supervisor = await readLog(manager, 'actor_kinds=supervisor');
  return supervisor.findLast(({ payload }) => payload.from === null)!.cursor;
}

/** From the first event on, each cursor is the one after the last, and no event comes twice. */
export function assertWhole(events: EventEnvelope[]): void {
  for (const [i, { cursor }] of events.entries()) {
    assert.equal(cursor, String(i + 1), `hole or repeat: ${describeRows(events.slice(Math.max(0, i - 2), i + 2))}`);
  }
  assert.equal(new Set(events.map(({ event_id }) => event_id)).size, events.length, 'an event_id came twice');
}

/** Kinds whose actors are made anew in every process. */
const VOLATILE = ['supervisor', 'driver', 'audit'];

/**
 * Each actor's rows: born once (the volatile kinds once a process), each `from` is the `to` before it, and a command
 * that has ended does not move again.
 */
export function assertChained(events: EventEnvelope[]): void {
  const last = new Map<string, EventEnvelope>();
  for (const event of events) {
    const { actor, from, to } = event.payload;
    const address = `${actor.kind}/${actor.id}`;
    const before = last.get(address);
    const expected = before?.payload.to ?? null;
    const isReborn = from === null && VOLATILE.includes(actor.kind);
    assert.ok(from === expected || isReborn, `${address} was in ${expected}: ${describeRows([before, event])}`);
    if (actor.kind === 'command' && ENDS.includes(String(from))) {
      assert.equal(to, from, `an ended command moved: ${describeRows([before, event])}`);
    }
    last.set(address, event);
  }
}

/** First and last cursor of a command's time in RUNNING; null when it never ran. @param events whole, or its own */
export function runningInterval(events: EventEnvelope[], commandId: string): [number, number] | null {
  const own = events.filter(({ payload }) => payload.actor.kind === 'command' && payload.actor.id === commandId);
  const isRunning = (state: string | null) => state?.split('.')[0] === 'RUNNING';
  const begin = own.find(({ payload }) => isRunning(payload.to));
  const end = own.find(({ payload }) => isRunning(payload.from) && !isRunning(payload.to));
  if (!begin) return null;
  assert.ok(end, `command ${commandId} is still running`);
  return [Number(begin.cursor), Number(end.cursor)];
}

export const describeRows = (rows: (EventEnvelope | undefined)[]): string =>
  rows
    .filter((row) => row !== undefined)
    .map(
      ({ cursor, type, payload: { actor, from, to, event } }) =>
        `\n  ${cursor} ${actor.kind}/${actor.id} ${type} ${from} -> ${to} (${event})`
    )
    .join('');
