/**
 * The cursor that one looks at: `at` of the address, so that a link leads there; none is now. Every view shows what was
 * right after that row of the log, and nothing can be done there. On an actor's page the steps are that actor's.
 */
import { computed, signal } from '@preact/signals';
import type { EventEnvelope, EventPage } from '../../schemas/generated/contracts.ts';
import { api } from '../api/connection.ts';
import { place, query, setQuery } from './router.ts';
import { tail } from './world.ts';

/** Rows read at a time while it plays. */
const AHEAD = 100;
/** How far back the first look for trouble goes; each is wider than the one before. */
const LOOK_BACK = 2_000;

const CURSOR = /^(0|[1-9]\d{0,14})$/;

/** null: now. */
export const at = computed<number | null>(() => {
  const asked = query.value.get('at');
  return asked === null || !CURSOR.test(asked) ? null : Number(asked);
});

export const moveTo = (cursor: number | null) => setQuery({ at: cursor === null ? null : String(cursor) });

/** A path of the API, of what was there at the cursor. */
export function pathAt(path: string, cursor: number | null): string {
  if (cursor === null || !/^\/v1\/(actors|machines|commands|approvals|sessions)\b/.test(path)) return path;
  return `${path}${path.includes('?') ? '&' : '?'}at=${cursor}`;
}

/** What steps go along: the rows of one actor, or the whole log, which has one at every cursor. */
export interface Track {
  path: string;
  isWhole: boolean;
}

export const track = computed<Track>(() => {
  const [section, kind, id] = place.value;
  if (section !== 'actors' || !kind || !id) return { path: '/v1/events', isWhole: true };
  return { path: `/v1/actors/${encodeURIComponent(kind)}/${encodeURIComponent(id)}/events`, isWhole: false };
});

/** The newest cursor that is known of, and the first that can be looked at on a track. */
export const newest = signal(0);

/** When the row at the cursor was written, ms since 1970; null: one looks at now. */
export const moment = signal<number | null>(null);

/** Whether it was there already at the moment one looks at. */
export const wasBy = (instant: string): boolean => moment.value === null || Date.parse(instant) <= moment.value;

const pathOf = ({ path }: Track, asked: Record<string, string>): string => `${path}?${new URLSearchParams(asked)}`;

/** The rows of a track after a cursor, oldest first. */
export async function rowsAfter(on: Track, cursor: number, limit = AHEAD): Promise<EventEnvelope[]> {
  for (let position = cursor; ; ) {
    const page = await api<EventPage>('GET', pathOf(on, { cursor: String(position), limit: String(limit) }));
    if (Number(page.head) > newest.value) newest.value = Number(page.head);
    const next = Number(page.next_cursor);
    if (page.items.length > 0 || next <= position || next >= Number(page.head)) return page.items;
    position = next;
  }
}

export const rowAfter = async (on: Track, cursor: number) => (await rowsAfter(on, cursor, 1))[0];

/** The newest row of a track that is older than a cursor. */
export const rowBefore = (on: Track, cursor: number) =>
  lastBefore(cursor, (from) => rowsAfter(on, from, 500), on.isWhole ? 1 : LOOK_BACK);

/** What failed, could not be known or was refused, and faults: their states say so with a severity. */
export const isTrouble = ({ severity }: EventEnvelope): boolean => severity === 'warn' || severity === 'error';

/** Looked for by the server, which has an index of it. */
const troublesAfter = async (on: Track, cursor: number): Promise<EventEnvelope[]> => {
  if (!on.isWhole) return (await rowsAfter(on, cursor, 500)).filter(isTrouble);
  const page = await api<EventPage>(
    'GET',
    pathOf(on, { cursor: String(cursor), limit: '500', severity: 'warn,error' })
  );
  return page.items;
};

export async function troubleAfter(on: Track, cursor: number): Promise<EventEnvelope | undefined> {
  if (on.isWhole) return (await troublesAfter(on, cursor))[0];
  for (let position = cursor; ; ) {
    const read = await rowsAfter(on, position, 500);
    const found = read.find(isTrouble);
    const last = read.at(-1);
    if (found || !last) return found;
    position = Number(last.cursor);
  }
}

export const troubleBefore = (on: Track, cursor: number) =>
  lastBefore(cursor, (from) => troublesAfter(on, from), LOOK_BACK);

/** The log is read forwards: further and further back, and there all of it up to the cursor. */
async function lastBefore(
  cursor: number,
  read: (from: number) => Promise<EventEnvelope[]>,
  reach: number
): Promise<EventEnvelope | undefined> {
  for (let wide = reach, end = cursor; end > 0; wide *= 4) {
    const start = Math.max(0, end - wide - 1);
    let found: EventEnvelope | undefined;
    for (let position = start; position < end; ) {
      const before = (await read(position)).filter((row) => Number(row.cursor) < end);
      if (before.length === 0) break;
      found = before.at(-1);
      position = Number(found?.cursor);
    }
    if (found) return found;
    end = start;
  }
  return undefined;
}

/** The newest row of the log that the page has heard of. */
export const headNow = (): number => Math.max(newest.value, Number(tail.value.at(-1)?.cursor ?? 0));
