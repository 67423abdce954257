/**
 * What the page knows: every living actor and the newest rows of the log, kept current by the stream. Views read
 * `revision` to be drawn again; it moves once an update of the stream, however much has happened. Numbers that seldom
 * change are signals of their own, so that who shows them is drawn only when they do.
 */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { ActorSummary, EventEnvelope } from '../../schemas/generated/contracts.ts';
import { api } from '../api/connection.ts';
import { LogStream } from '../api/stream.ts';
import { isEnded, type LiveActor, Population } from './population.ts';
import type { Tone } from './tone.ts';

export type { LiveActor };

/** Rows of the log kept in the page; older ones are read from the API when somebody scrolls to them. */
export const KEPT_ROWS = 5_000;
/** Actors of the first look; with more, the page shows what moves and searches for the rest. */
const FIRST_LOOK = 10_000;
/** Actors kept in the page; past it, those that ended first are let go. */
const KEPT_ACTORS = 15_000;
/** Of the log, to begin with. */
const FIRST_ROWS = 500;

export const actors = new Population();
/** The newest of the log, without a hole; another list with every update, so that who holds one has it as it was. */
export const tail = signal<readonly EventEnvelope[]>([]);
export const revision = signal(0);
export const loading = signal(true);
/** Rows the log no longer had when they were asked for. */
export const missed = signal<{ from: string; to: string } | null>(null);

const watched = <T>(read: () => T): ReadonlySignal<T> =>
  computed(() => {
    revision.value;
    return read();
  });

const counts = new Map<string, ReadonlySignal<number>>();
function counted(key: string, read: () => number): ReadonlySignal<number> {
  const known = counts.get(key);
  if (known) return known;
  const made = watched(read);
  counts.set(key, made);
  return made;
}

/** How much work stands so. */
export const countOf = (tone: Tone): ReadonlySignal<number> => counted(tone, () => actors.toned(tone).size);

/** How many of a kind are in a state; in any, without one. */
export const countIn = (kind: string, state?: string): ReadonlySignal<number> =>
  counted(`${kind} ${state ?? ''}`, () => {
    const states = actors.statesOf(kind);
    return state === undefined ? [...states.values()].reduce((sum, one) => sum + one, 0) : (states.get(state) ?? 0);
  });

let stream: LogStream | undefined;
let mostActors = KEPT_ACTORS;
const listeners = new Set<(batch: EventEnvelope[]) => void>();

/** Hears of new rows, in order, once an update. Returns how to stop. */
export function onRows(listener: (batch: EventEnvelope[]) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Follows the log from a little before now, and reads what lives beside: who is told of twice is as the newer says. The
 * page can be used from the first row on.
 */
export async function open(): Promise<void> {
  const { head } = await api<{ head: string }>('GET', '/v1/events?limit=1');
  const from = String(Math.max(0, Number(head) - FIRST_ROWS));
  const own = new LogStream(from, {
    events: take,
    gap: (gapFrom, to) => {
      missed.value = { from: gapFrom, to };
    }
  });
  stream = own;
  await readLiving(() => stream === own);
}

async function readLiving(isWanted: () => boolean): Promise<void> {
  let read = 0;
  let page: string | null = null;
  do {
    const at: string = page === null ? '' : `&page=${encodeURIComponent(page)}`;
    const look: { items: ActorSummary[]; next_page: string | null } = await api('GET', `/v1/actors?limit=500${at}`);
    if (!isWanted()) return;
    for (const actor of look.items) know(actor);
    read += look.items.length;
    page = look.next_page;
    revision.value++;
  } while (page !== null && read < FIRST_LOOK);
  actors.settle();
  loading.value = false;
  revision.value++;
}

export function close(): void {
  stream?.close();
  stream = undefined;
  actors.clear();
  mostActors = KEPT_ACTORS;
  tail.value = [];
  loading.value = true;
}

function know(actor: ActorSummary): void {
  const known = actors.get(actor.address);
  if (known && Number(known.lastCursor) >= Number(actor.last_cursor)) return;
  actors.put({ ...liveActor(actor), accountId: known?.accountId ?? null, platform: known?.platform ?? null });
}

export const liveActor = (actor: ActorSummary): LiveActor => ({
  address: actor.address,
  kind: actor.kind,
  id: actor.id,
  state: actor.state,
  status: actor.status,
  why: actor.why,
  since: Date.parse(actor.entered_at),
  lastCursor: actor.last_cursor,
  accountId: null,
  platform: null
});

function take(batch: EventEnvelope[]): void {
  for (const row of batch) move(row);
  if (actors.size > mostActors) letGo();
  tail.value = [...tail.value, ...batch].slice(-KEPT_ROWS);
  for (const listener of listeners) listener(batch);
  revision.value++;
}

/** What is in a state that nobody waits for, longest first: it is the oldest that is looked for by its id alone. */
function letGo(): void {
  const over = [...actors.values()].filter(isEnded).sort((a, b) => a.since - b.since);
  for (const { address } of over.slice(0, Math.max(0, actors.size - KEPT_ACTORS * 0.9))) actors.remove(address);
  // Those that live are kept, however many: they are not gone through again with every update.
  mostActors = Math.max(KEPT_ACTORS, Math.ceil(actors.size * 1.1));
}

function move({ payload, cursor, emitted_at, target, type }: EventEnvelope): void {
  const { kind, id } = payload.actor;
  const address = `${kind}/${id}`;
  const known = actors.get(address);
  if (known && Number(known.lastCursor) >= Number(cursor)) return;
  const moved = payload.from !== payload.to;
  actors.put({
    address,
    kind,
    id,
    state: payload.to,
    status: type === 'actor.failed' ? 'error' : (known?.status ?? 'active'),
    why: payload.why === undefined ? (known?.why ?? null) : payload.why,
    since: moved || !known ? Date.parse(emitted_at) : known.since,
    lastCursor: cursor,
    accountId: target.account_id ?? known?.accountId ?? null,
    platform: target.platform ?? known?.platform ?? null
  });
}
