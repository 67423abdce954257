/** What lived at the cursor that one looks at. It does not change: what was read once is kept. */
import { effect, signal } from '@preact/signals';
import type { ActorSummary, EventEnvelope, EventPage, MachineSummary } from '../../schemas/generated/contracts.ts';
import { api, identity } from '../api/connection.ts';
import { at, pathAt } from './cursor.ts';
import { isWork, Population } from './population.ts';
import { type Tone, toneOf } from './tone.ts';
import { actors, countIn, countOf, liveActor, loading, revision, tail } from './world.ts';

/** Actors of one moment that are listed; how many there were is counted by the server. */
const LISTED = 1_000;
/** Pages asked for at most: one of a long list may be empty and have a next. */
const PAGES = 20;
/** Rows of the log before the cursor. */
const ROWS = 200;
const KEPT = 300;

export interface PastWorld {
  at: number;
  actors: Population;
  /** There were more. */
  isCut: boolean;
  machines: MachineSummary[];
  rows: EventEnvelope[];
}

/** null: one looks at now, or it is not here yet. */
export const past = signal<PastWorld | null>(null);
/** Why what was cannot be shown, in the server's words. */
export const pastTrouble = signal<string | null>(null);

const kept = new Map<string, unknown>();

/** A GET of what was; the answer is the same each time. */
export async function readPast<T>(path: string): Promise<T> {
  const known = kept.get(path);
  if (known !== undefined) return known as T;
  const value = await api<T>('GET', path);
  kept.set(path, value);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
  return value;
}

/** One read at a time, and of all that was asked for meanwhile the last: a scrubber asks faster than anybody answers. */
export function latestOf<Asked, T>(
  read: (asked: Asked) => Promise<T>,
  use: (asked: Asked, value: T) => void,
  fail: (error: Error) => void
) {
  let wanted: Asked | undefined;
  let isReading = false;
  return async (asked: Asked | undefined) => {
    wanted = asked;
    if (isReading) return;
    isReading = true;
    while (wanted !== undefined) {
      const asking: Asked = wanted;
      try {
        const value = await read(asking);
        if (wanted !== undefined) use(asking, value);
      } catch (error) {
        if (wanted === asking) fail(error as Error);
      }
      if (wanted === asking) break;
    }
    isReading = false;
  };
}

async function worldAt(cursor: number): Promise<PastWorld> {
  const [machines, log, listed] = await Promise.all([
    readPast<{ items: MachineSummary[] }>(pathAt('/v1/machines', cursor)),
    readPast<EventPage>(`/v1/events?cursor=${Math.max(0, cursor - ROWS)}&limit=${ROWS}`),
    actorsAt(cursor)
  ]);
  return {
    at: cursor,
    ...listed,
    machines: machines.items,
    rows: log.items.filter((row) => Number(row.cursor) <= cursor)
  };
}

async function actorsAt(cursor: number): Promise<Pick<PastWorld, 'actors' | 'isCut'>> {
  const found = new Population();
  let page: string | null = '';
  for (let pages = 0; page !== null && pages < PAGES && found.size < LISTED; pages++) {
    const next: string = page === '' ? '' : `&page=${encodeURIComponent(page)}`;
    const read: { items: ActorSummary[]; next_page: string | null } = await readPast(
      pathAt(`/v1/actors?limit=500${next}`, cursor)
    );
    for (const actor of read.items) found.put(liveActor(actor));
    page = read.next_page;
  }
  found.settle();
  return { actors: found, isCut: page !== null };
}

const look = latestOf(
  worldAt,
  (_, world) => {
    past.value = world;
    pastTrouble.value = null;
  },
  (error) => {
    pastTrouble.value = error.message;
  }
);
effect(() => {
  const cursor = identity.value?.service ? at.value : null;
  if (cursor === null) {
    past.value = null;
    pastTrouble.value = null;
  }
  void look(cursor ?? undefined);
});

const NOBODY = new Population();

/** Of now, or of the moment one looks at. */
export function shown(): Population {
  if (at.value !== null) return past.value?.actors ?? NOBODY;
  revision.value;
  return actors;
}

export const shownRows = (): readonly EventEnvelope[] => (at.value === null ? tail.value : (past.value?.rows ?? []));

/** What lives is not here yet. */
export const isReading = (): boolean => (at.value === null ? loading.value : past.value === null);

/** How many are in each state of a kind: also those that are not listed. */
export const statesOf = (kind: string): Iterable<[state: string, count: number]> =>
  at.value === null ? shown().statesOf(kind) : Object.entries(machineOf(kind)?.states ?? {});

const machineOf = (kind: string) => past.value?.machines.find((one) => one.kind === kind);

/** How much work stands so, or stood. */
export function shownOf(tone: Tone): number {
  if (at.value === null) return countOf(tone).value;
  const states = (past.value?.machines ?? [])
    .filter(({ kind }) => isWork(kind))
    .flatMap(({ kind }) => [...statesOf(kind)]);
  return states.reduce((sum, [state, count]) => sum + (toneOf({ state }) === tone ? count : 0), 0);
}

/** How many of a kind are in a state, or were; in any, without one. */
export function shownIn(kind: string, state?: string): number {
  if (at.value === null) return countIn(kind, state).value;
  return [...statesOf(kind)].reduce((sum, [one, count]) => sum + (state === undefined || one === state ? count : 0), 0);
}
