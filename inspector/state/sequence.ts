/** Who told whom: the log's rows as messages between actors. */
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';

/** A person, a program, or the start of the process: whoever is no actor. */
export const OUTSIDE = 'outside';
/** Actors that have a line of their own; what the others say is on one together. */
const MOST_LINES = 24;
export const OTHERS = 'others';

export interface Message {
  cursor: string;
  /** RFC 3339 */
  at: string;
  /** Address of who told it, the actor itself for a timer or a result of its own, or OUTSIDE. */
  from: string;
  to: string;
  event: string;
  /** Where it brought the actor; null: it was refused. */
  state: string | null;
  /** Its first row is the actor's first. */
  isBirth: boolean;
}

/** One for each step, however many rows it left. */
export function messagesOf(rows: readonly EventEnvelope[]): Message[] {
  const messages: Message[] = [];
  const last = new Map<string, { step: number | undefined; message: Message }>();
  for (const { cursor, emitted_at: at, type, payload } of rows) {
    if (type === 'audit.recorded') continue;
    const to = `${payload.actor.kind}/${payload.actor.id}`;
    const isRefused = type === 'event.rejected';
    const known = last.get(to);
    if (!isRefused && known && payload.step !== undefined && known.step === payload.step) {
      known.message.state = payload.to;
      continue;
    }
    const message: Message = {
      ...{ cursor, at, to, event: payload.event },
      from: payload.told_by ?? (isOwn(payload.event) ? to : OUTSIDE),
      state: isRefused ? null : payload.to,
      isBirth: payload.from === null && !isRefused
    };
    messages.push(message);
    if (!isRefused) last.set(to, { step: payload.step, message });
  }
  return messages;
}

/** What an actor hears from itself: its timers, the results of its effects, the word of its host. */
const isOwn = (event: string) => /^(xstate|troupe|host)\./.test(event);

/** In the order in which they first spoke or were spoken to; from outside first. */
export function lifelinesOf(messages: readonly Message[]): string[] {
  const met = new Set<string>();
  for (const { from, to } of messages) {
    met.add(from);
    met.add(to);
  }
  const all = [...met].filter((one) => one !== OUTSIDE);
  const shown = all.length > MOST_LINES ? [...all.slice(0, MOST_LINES - 1), OTHERS] : all;
  return met.has(OUTSIDE) ? [OUTSIDE, ...shown] : shown;
}

/** `kind/12345678` of an address. */
export function shortName(address: string): string {
  const [kind = '', id = ''] = address.split(/\/(.*)/s, 2);
  return id === '' ? kind : `${kind}/${id.length > 12 ? id.slice(0, 8) : id}`;
}
