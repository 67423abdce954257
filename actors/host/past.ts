/**
 * What an actor was before: each move that replaces a state of it keeps that state, as what is to be undone from the one
 * after it. Of an actor at a cursor the oldest former state that was still in force then is taken, made from the next
 * ones; nothing older is needed, so that old ones can go at any time. Every few steps one is kept whole, so that no read
 * undoes more than that.
 */
import type { ActorRecord, FormerState, PersistedSnapshot, Took } from './contract.ts';

/** A state is kept whole at steps that this divides. */
const WHOLE_EVERY = 16;

/** A state and the cursor from which on the actor was in it. */
export interface Stood {
  since: number;
  record: ActorRecord;
}

/** What is kept of all but the last of an actor's states, oldest first. @param took what made the first of them the next */
export function formerStates(stood: Stood[], took: Took | null = null): FormerState[] {
  return stood.slice(0, -1).map(({ since, record }, index) => {
    const next = stood[index + 1] as Stood;
    const { snapshot, ...rest } = record;
    const kept: FormerState = {
      ...rest,
      ...{ lastCursor: since, until: next.since, snapshot: null, undo: null },
      ...(index === 0 && took ? { took } : {})
    };
    if (index === 0 && record.step % WHOLE_EVERY === 0) return { ...kept, snapshot };
    return { ...kept, undo: undoing(next.record.snapshot, snapshot) ?? {} };
  });
}

/**
 * The actor at a cursor from what is kept of it: its states from then on, oldest first, the newest of them whole.
 * undefined: it was not there yet, or what it was made of is gone.
 */
export function recordAt(at: number, states: (FormerState | ActorRecord)[]): ActorRecord | undefined {
  const [first] = states;
  if (!first || first.lastCursor > at) return undefined;
  const end = states.findIndex(({ snapshot }) => snapshot !== null);
  if (end < 0) return undefined;
  let snapshot = states[end]?.snapshot as unknown;
  for (const state of states.slice(0, end).reverse()) {
    snapshot = undone(snapshot, ('undo' in state ? state.undo : null) ?? {});
  }
  const { until: _, undo: __, took: ___, ...record } = first as FormerState;
  return { ...record, snapshot: snapshot as PersistedSnapshot };
}

/**
 * How one value of JSON is made another. `set`: it is replaced; no `set` is nothing there. `in`: members that change, of
 * an object or a list; `gone`: those that go; `length`: of the list.
 */
export interface Undo {
  set?: unknown;
  in?: Record<string, Undo>;
  gone?: string[];
  length?: number;
}

/** From `now` back to `then`; undefined where they are the same. A member that is undefined is not there, as in JSON. */
export function undoing(now: unknown, then: unknown): Undo | undefined {
  if (now === then) return undefined;
  if (!isHolder(now) || !isHolder(then) || Array.isArray(now) !== Array.isArray(then)) return { set: then };
  const undo: Undo = {};
  // Collected apart from an object: a member may be called `__proto__`.
  const changed: [string, Undo][] = [];
  for (const key of Object.keys(then)) {
    const former = then[key] ?? null;
    if (then[key] === undefined && !Array.isArray(then)) continue;
    const change = Object.hasOwn(now, key) && now[key] !== undefined ? undoing(now[key], former) : { set: former };
    if (change) changed.push([key, change]);
  }
  if (changed.length > 0) undo.in = Object.fromEntries(changed);
  if (Array.isArray(then) && Array.isArray(now)) {
    if (then.length !== now.length) undo.length = then.length;
  } else {
    const gone = Object.keys(now).filter(
      (key) => now[key] !== undefined && !(Object.hasOwn(then, key) && then[key] !== undefined)
    );
    if (gone.length > 0) undo.gone = gone;
  }
  return undo.in || undo.gone || undo.length !== undefined ? undo : undefined;
}

export function undone(now: unknown, undo: Undo): unknown {
  if ('set' in undo) return undo.set;
  if (!isHolder(now)) return now;
  const then = (Array.isArray(now) ? [...now] : { ...now }) as Record<string, unknown>;
  if (undo.length !== undefined && Array.isArray(then)) then.length = undo.length;
  for (const [key, change] of Object.entries(undo.in ?? {})) {
    Object.defineProperty(then, key, {
      value: undone(Object.hasOwn(then, key) ? then[key] : undefined, change),
      ...{ enumerable: true, configurable: true, writable: true }
    });
  }
  for (const key of undo.gone ?? []) delete then[key];
  return then;
}

const isHolder = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
