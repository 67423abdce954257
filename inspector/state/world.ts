/**
 * What the page knows: every living actor and the newest rows of the log, kept current by the stream. Views read
 * `revision` to be drawn again; it moves once a frame, however much has happened.
 */
import { signal } from '@preact/signals';
import type { ActorSummary, EventEnvelope } from '../../schemas/generated/contracts.ts';
import { api } from '../api/connection.ts';
import { LogStream } from '../api/stream.ts';

/** Rows of the log kept in the page; older ones are read from the API when somebody scrolls to them. */
const KEPT_ROWS = 5_000;
/** Actors of the first look; with more, the page shows what moves and searches for the rest. */
const FIRST_LOOK = 10_000;
/** Actors kept in the page; past it, those that ended first are let go. */
const KEPT_ACTORS = 15_000;

export interface LiveActor {
  address: string;
  kind: string;
  id: string;
  state: string;
  status: 'active' | 'done' | 'error';
  why: string | null;
  /** ms since 1970 */
  since: number;
  lastCursor: string;
  accountId: string | null;
  platform: string | null;
}

export const actors = new Map<string, LiveActor>();
export const rows: EventEnvelope[] = [];
export const revision = signal(0);
export const loading = signal(true);
/** Rows the log no longer had when they were asked for. */
export const missed = signal<{ from: string; to: string } | null>(null);

/** An approval stands for a command that waits too, and the supervisor for the process: neither is work of its own. */
const ASIDE = new Set(['approval', 'supervisor']);

/** Everything that is somebody's work, or what it is done with. */
export const work = (): LiveActor[] => [...actors.values()].filter(({ kind }) => !ASIDE.has(kind));

let stream: LogStream | undefined;
const listeners = new Set<(batch: EventEnvelope[]) => void>();

/** Hears of new rows, in order, once a frame. Returns how to stop. */
export function onRows(listener: (batch: EventEnvelope[]) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Reads what lives, then follows the log from before that look, so that nothing between is lost. */
export async function open(): Promise<void> {
  const { head } = await api<{ head: string }>('GET', '/v1/events?limit=1');
  let page: string | null = null;
  do {
    const at: string = page === null ? '' : `&page=${encodeURIComponent(page)}`;
    const found: { items: ActorSummary[]; next_page: string | null } = await api('GET', `/v1/actors?limit=500${at}`);
    for (const actor of found.items) know(actor);
    page = found.next_page;
  } while (page !== null && actors.size < FIRST_LOOK);
  loading.value = false;
  revision.value++;
  const from = String(Math.max(0, Number(head) - 500));
  stream = new LogStream(from, {
    events: take,
    gap: (gapFrom, to) => {
      missed.value = { from: gapFrom, to };
    }
  });
}

export function close(): void {
  stream?.close();
  actors.clear();
  rows.length = 0;
  loading.value = true;
}

function know(actor: ActorSummary): void {
  actors.set(actor.address, {
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
}

function take(batch: EventEnvelope[]): void {
  for (const row of batch) {
    rows.push(row);
    move(row);
  }
  // By the half: what is taken from the front moves all the others.
  if (rows.length > KEPT_ROWS * 1.5) rows.splice(0, rows.length - KEPT_ROWS);
  if (actors.size > KEPT_ACTORS) letGo();
  for (const listener of listeners) listener(batch);
  revision.value++;
}

/** What is in a state that nobody waits for, longest first: it is the oldest that is looked for by its id alone. */
function letGo(): void {
  const over = [...actors.values()]
    .filter(({ state, status }) => isEnded(state, status))
    .sort((a, b) => a.since - b.since);
  for (const { address } of over.slice(0, Math.max(0, actors.size - KEPT_ACTORS * 0.9))) actors.delete(address);
}

/** The log says where an actor is and not that this is the end of it. */
export const isEnded = (state: string, status: LiveActor['status']): boolean =>
  status !== 'active' || /^(SUCCEEDED|FAILED|CANCELLED|CLOSED|ALLOWED|DENIED|EXPIRED|WITHDRAWN)/.test(state);

function move({ payload, cursor, emitted_at, target, type }: EventEnvelope): void {
  const { kind, id } = payload.actor;
  const address = `${kind}/${id}`;
  const known = actors.get(address);
  if (known && BigInt(known.lastCursor) >= BigInt(cursor)) return;
  const moved = payload.from !== payload.to;
  actors.set(address, {
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
