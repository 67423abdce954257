/**
 * One actor in virtual time, moved by the kernel alone: no host, no journal, no promise. What a host would bring it, its
 * effects' ends, its timers in the order in which they are due, word of others, are moves like any other.
 */
import type { ActorRecord, MachineEvent, TimerRow } from '../actors/host/contract.ts';
import { type Definition, define, restore } from '../actors/kernel/definition.ts';
import { birth, type Cause, type Step, step } from '../actors/kernel/step.ts';
import type { TelemetryRow } from '../actors/kernel/telemetry.ts';
import type { TestedKind } from './kinds.ts';
import { NOON } from './noon.ts';
import { sampled } from './samples.ts';
import { type Seen, type Watched, watched } from './watched.ts';

/** Who brings an event. `client`: from outside. `self`: what the actor sent itself, which follows at once. */
export type Bringer = 'client' | 'actor' | 'host' | 'effect' | 'child' | 'timer' | 'self';

/** A move by what it is of, so that it can be made again where times differ. */
export interface Move {
  by: Bringer;
  /** Type of the event; for the end of an effect or child `xstate.done.actor.<id>` or `xstate.error.actor.<id>`. */
  type: string;
  /** Of the samples there are for it. */
  nth: number;
}

export interface Place {
  record: ActorRecord;
  /** ms since 1970 */
  now: number;
  /** Those that run, in the order in which they were set. */
  timers: readonly TimerRow[];
  /** Sent to itself and not yet taken. */
  inbox: readonly MachineEvent[];
  /** Which of the samples' inputs it was made with. */
  input: number;
}

export interface Trod {
  place: Place;
  event: MachineEvent;
  rows: TelemetryRow[];
  /** The state does not take the event. */
  rejected: boolean;
  seen: Seen;
}

const ENDS = /^xstate\.(done|error)\.actor\.(.*)$/s;
/** The host's own words; whoever else says something to an actor is another actor. */
const HOSTS = new Set(['host.resumed', 'tell.refused']);

export class VirtualActor {
  readonly kind: TestedKind;
  readonly watched: Watched;
  /** Of the machine as it is, for whoever makes its moves again. */
  readonly definition: Definition;
  readonly #definition: Definition;
  /** Types of the samples that a configuration listens for, by its state value. */
  readonly #heard = new Map<string, string[]>();

  constructor(kind: TestedKind) {
    this.kind = kind;
    this.watched = watched(kind.machine);
    const { foreign = false, context } = kind.actorKind;
    const own = define({
      kind: kind.kind,
      machine: kind.machine,
      durable: true,
      foreign,
      ...(context ? { context } : {})
    });
    this.definition = own;
    this.#definition = { ...own, machine: this.watched.machine };
  }

  /** @throws Error of the machine's own code, for an input it does not take */
  begin(given: Record<string, unknown>, input = 0): Trod {
    this.watched.look();
    const made = birth(this.#definition, `${this.kind.kind}/one`, given, NOON);
    return this.#trod({ now: NOON, timers: [], inbox: [], input }, made, { type: 'actor.created' });
  }

  /** What may come next. An actor that has ended, or is to hear itself, leaves no choice. */
  movesFrom({ record, timers, inbox }: Place): Move[] {
    if (record.status !== 'active') return [];
    if (inbox.length > 0) return [{ by: 'self', type: (inbox[0] as MachineEvent).type, nth: 0 }];
    const { samples } = this.kind;
    const { context, children } = record.snapshot;
    const heard = this.#heardBy(record);
    const moves: Move[] = [];
    const each = (by: Bringer, type: string, count: number) => {
      for (let nth = 0; nth < count; nth++) moves.push({ by, type, nth });
    };
    for (const type of heard) {
      if (type in samples.events) each('client', type, sampled(samples.events[type], context).length);
      else each(HOSTS.has(type) ? 'host' : 'actor', type, sampled(samples.told[type], context).length);
    }
    for (const [id, { src, effect, address }] of Object.entries(children)) {
      if (effect === undefined && address === undefined) continue;
      const by = effect === undefined ? 'child' : 'effect';
      const ends = samples.outcomes[src] ?? { done: [{}], error: [] };
      each(by, `xstate.done.actor.${id}`, sampled(ends.done, context).length);
      each(by, `xstate.error.actor.${id}`, sampled(ends.error, context).length);
    }
    const due = nextDue(timers);
    if (due) each('timer', due.id, 1);
    return moves;
  }

  /** undefined where it is none: its effect is over, its timer is cleared. */
  take(place: Place, { by, type, nth }: Move): Trod | undefined {
    const { samples } = this.kind;
    const { context, children } = place.record.snapshot;
    switch (by) {
      case 'self':
        return this.bring(place, by, place.inbox[0] as MachineEvent);
      case 'timer':
        return this.bring(place, by, { type }, type);
      case 'effect':
      case 'child': {
        const [, how, id] = ENDS.exec(type) as unknown as [string, 'done' | 'error', string];
        const src = children[id]?.src;
        if (src === undefined) return undefined;
        const end = sampled(samples.outcomes[src]?.[how] ?? [{}], context)[nth];
        return this.bring(place, by, { type, ...(how === 'done' ? { output: end } : { error: end }), actorId: id });
      }
      default: {
        const fields = sampled(samples.events[type] ?? samples.told[type], context)[nth];
        return fields && this.bring(place, by, { ...fields, type });
      }
    }
  }

  /** The event as it stands; of a timer its own. undefined where nobody could bring it. */
  bring(place: Place, by: Bringer, event: MachineEvent, timer?: string): Trod | undefined {
    const { children } = place.record.snapshot;
    if (by === 'timer') {
      const row = place.timers.find(({ id }) => id === timer);
      if (!row) return undefined;
      const timers = place.timers.filter((one) => one !== row);
      const now = Math.max(place.now, row.dueAt);
      return this.#step({ ...place, now, timers }, row.event, { timer: row.id, dueAt: row.dueAt });
    }
    if (by === 'self') return this.#step({ ...place, inbox: place.inbox.slice(1) }, event, {});
    if (by !== 'effect' && by !== 'child') return this.#step(place, event, {});
    const running = children[ENDS.exec(event.type)?.[2] ?? ''];
    if (running?.effect !== undefined) return this.#step(place, event, { effect: running.effect });
    return running?.address === undefined ? undefined : this.#step(place, event, { child: running.address });
  }

  #step(left: Place, event: MachineEvent, cause: Cause): Trod | undefined {
    this.watched.look();
    const result = step(this.#definition, left.record, event, cause, left.now);
    if (result.kind === 'stale') return undefined;
    if (result.kind === 'stepped') return this.#trod(left, result.step, event);
    // A timer that fired and was refused has fired all the same.
    const running = Object.entries(left.record.snapshot.timers).filter(([id]) => id !== cause.timer);
    const snapshot = { ...left.record.snapshot, timers: Object.fromEntries(running) };
    const place = { ...left, record: { ...left.record, snapshot } };
    return { place, event, rows: [result.row], rejected: true, seen: this.watched.look() };
  }

  #trod({ now, timers, inbox, input }: Omit<Place, 'record'>, made: Step, event: MachineEvent): Trod {
    const { record } = made;
    const again = new Set([...made.cleared, ...made.timers.map(({ id }) => id)]);
    const running = [...timers.filter(({ id }) => !again.has(id)), ...made.timers];
    const toSelf = made.tells.filter(({ to }) => to === record.address).map((row) => row.event);
    const place = {
      record,
      now,
      timers: running.filter(({ id }) => id in record.snapshot.timers),
      inbox: [...inbox, ...toSelf],
      input
    };
    return { place, event, rows: made.rows, rejected: false, seen: this.watched.look() };
  }

  #heardBy(record: ActorRecord): string[] {
    const { events, told } = this.kind.samples;
    const key = JSON.stringify(record.snapshot.value);
    let heard = this.#heard.get(key);
    if (!heard) {
      const nodes = restore(this.#definition, record.snapshot)._nodes as {
        transitions: Map<string, unknown>;
        always?: unknown[];
      }[];
      const descriptors = nodes.flatMap(({ transitions }) => [...transitions.keys()]);
      // The guard of an `always` may read any event.
      const isOpen = nodes.some(({ always }) => always?.length);
      const types = [...new Set([...Object.keys(events), ...Object.keys(told)])];
      heard = types.filter((type) => isOpen || descriptors.some((descriptor) => matches(descriptor, type)));
      this.#heard.set(key, heard);
      this.watched.look();
    }
    return heard;
  }
}

/** The one that a host would fire next: by when it is due, then by age. */
const nextDue = (timers: readonly TimerRow[]): TimerRow | undefined =>
  timers.reduce<TimerRow | undefined>((first, row) => (first && first.dueAt <= row.dueAt ? first : row), undefined);

/** As XState has it: `order.*` is whatever begins so, and `order` itself. */
const matches = (descriptor: string, type: string): boolean =>
  descriptor === '*' ||
  descriptor === type ||
  (descriptor.endsWith('.*') && `${type}.`.startsWith(descriptor.slice(0, -1)));

/**
 * What two places have in common that go on alike: everything but when it is, what numbers only tell steps apart, and
 * `why` of the context, which is for people and which no guard reads.
 */
export function keyOf({ record, now, timers, inbox }: Place): string {
  const { value, historyValue, context, children, status } = record.snapshot;
  const { why: _, ...told } = context ?? {};
  return JSON.stringify([
    controlOf({ record, timers }),
    status,
    value,
    historyValue ?? null,
    timers.map(({ id, dueAt }) => [id, dueAt - now]),
    timeless(told, now),
    timeless(inbox, now),
    Object.keys(children)
  ]);
}

/** Where it is, without its context: its states, what runs, and which timer is next. */
export const controlOf = ({ record, timers }: Pick<Place, 'record' | 'timers'>): string => {
  const { children } = record.snapshot;
  const running = Object.entries(children).filter(([, { effect, address }]) => (effect ?? address) !== undefined);
  return `${record.state} | ${running.map(([id]) => id).join(' ')} | ${nextDue(timers)?.id ?? ''}`;
};

/** Which fields of its context are null, true, empty: what guards ask most. */
export const shapeOf = ({ record }: Place): string =>
  Object.values(record.snapshot.context ?? {})
    .map(shapeOfValue)
    .join('');

function shapeOfValue(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'number')
    return isTime(value) ? '@' : Number.isInteger(value) && value >= 0 && value < 10 ? `${value}` : 'n';
  if (typeof value === 'string') return value === '' ? 'e' : 's';
  const { length } = Object.keys(value);
  return length < 4 ? `${length}` : 'm';
}

const YEAR = 366 * 86_400_000;
const isTime = (n: number) => n > NOON - YEAR && n < NOON + 50 * YEAR;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** Times by how far away they are: what happens an hour later is the same. */
function timeless(value: unknown, now: number): unknown {
  if (typeof value === 'number') return isTime(value) ? `${value - now} ms` : value;
  if (typeof value === 'string') {
    const at = INSTANT.test(value) ? Date.parse(value) : Number.NaN;
    return isTime(at) ? `${at - now} ms` : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => timeless(item, now));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, timeless(item, now)]));
}
