/** A log as JSON lines: what `troupe export timeline`, `troupe tail --json` and GET /v1/events give, one event a line. */
import type { EventEnvelope } from '../schemas/generated/contracts.ts';
import type { LogRow } from './conform.ts';

/** A line that is no event: which, and what is wrong with it. */
export class LogLineError extends Error {
  /** From 1; 0: the whole input. */
  readonly line: number;

  constructor(line: number, what: string) {
    super(line === 0 ? what : `line ${line}: ${what}`);
    this.name = 'LogLineError';
    this.line = line;
  }
}

/** Longer is no event of ours. */
const LONGEST_LINE = 16 * 1024 * 1024;
const SHOWN = 60;

/**
 * The rows of an input, as they come; empty lines are passed over. A page of GET /v1/events on one line is its items.
 * @throws LogLineError for what is empty, binary, cut short, not JSON or no event
 */
export async function* logRows(input: AsyncIterable<Uint8Array>): AsyncGenerator<LogRow, void> {
  let rows = 0;
  for await (const { text, line, whole } of linesOf(input)) {
    if (text.trim() === '') continue;
    for (const event of eventsIn(text, line, whole)) {
      rows += 1;
      yield rowOf(event, line);
    }
  }
  if (rows === 0) throw new LogLineError(0, 'there is no event in it');
}

interface Line {
  text: string;
  line: number;
  /** It ended with a line break. */
  whole: boolean;
}

async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let rest = '';
  const decoded = (bytes?: Uint8Array): string => {
    try {
      const text = bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
      if (!text.includes('\0')) return text;
    } catch {
      // Told below, with its place.
    }
    throw new LogLineError(line, 'it is no text; give a journal.db, or events as JSON lines');
  };
  for await (const bytes of input) {
    const parts = (rest + decoded(bytes)).split('\n');
    rest = parts.pop() as string;
    for (const text of parts) yield { text, line: line++, whole: true };
    if (rest.length > LONGEST_LINE) throw new LogLineError(line, `it is longer than ${LONGEST_LINE} characters`);
  }
  rest += decoded();
  if (rest !== '') yield { text: rest, line, whole: false };
}

function eventsIn(text: string, line: number, whole: boolean): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
    if (!whole) throw new LogLineError(line, `the last line is cut short: ${JSON.stringify(shown)}`);
    throw new LogLineError(line, `it is not JSON: ${JSON.stringify(shown)}`);
  }
  const { items, event, type } = isObject(value) ? value : ({} as Record<string, unknown>);
  if (Array.isArray(items)) return items;
  return type === 'event' && isObject(event) ? [event] : [value];
}

/**
 * An event as clients read it, as a row.
 * @param line null: it came alone
 * @throws LogLineError for what is no event
 */
export function rowOf(value: unknown, line: number | null): LogRow {
  const wrong = (what: string): never => {
    throw new LogLineError(line ?? 0, `it is no event: ${what}`);
  };
  if (!isObject(value))
    return wrong(`it is ${value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`}`);
  const event = value as Partial<EventEnvelope>;
  const { payload, target } = event;
  if (typeof event.cursor !== 'string' || !/^\d{1,15}$/.test(event.cursor)) {
    return wrong(`cursor is ${JSON.stringify(event.cursor) ?? 'missing'}, not digits as text`);
  }
  const at = Date.parse(String(event.emitted_at));
  if (Number.isNaN(at)) return wrong(`emitted_at is ${JSON.stringify(event.emitted_at) ?? 'missing'}, no time`);
  if (typeof event.type !== 'string') return wrong(`type is ${JSON.stringify(event.type) ?? 'missing'}`);
  if (!isObject(payload)) return wrong('payload is missing');
  const { actor, from, to, event: cause, step } = payload as Partial<EventEnvelope['payload']>;
  if (typeof actor?.kind !== 'string' || typeof actor.id !== 'string') return wrong('payload.actor has no kind and id');
  if (from !== null && typeof from !== 'string') return wrong(`payload.from is ${JSON.stringify(from) ?? 'missing'}`);
  if (typeof to !== 'string') return wrong(`payload.to is ${JSON.stringify(to) ?? 'missing'}`);
  if (typeof cause !== 'string') return wrong(`payload.event is ${JSON.stringify(cause) ?? 'missing'}`);
  if (step !== undefined && typeof step !== 'number') return wrong(`payload.step is ${JSON.stringify(step)}`);
  return {
    cursor: Number(event.cursor),
    eventId: String(event.event_id),
    emittedAt: at,
    severity: event.severity ?? 'info',
    type: event.type,
    actorKind: actor.kind,
    actorId: actor.id,
    step: step ?? 0,
    subject: {
      correlation_id: event.correlation_id ?? null,
      command_id: event.command_id ?? null,
      session_id: target?.session_id ?? null,
      account_id: target?.account_id ?? null,
      platform: target?.platform ?? null
    },
    payload: payload as EventEnvelope['payload'],
    version: null,
    line
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
