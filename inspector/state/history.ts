import { useEffect, useState } from 'preact/hooks';
import type { EventEnvelope, EventPage } from '../../schemas/generated/contracts.ts';
import { api } from '../api/connection.ts';
import { onRows } from './world.ts';

/** Rows of one actor that a page holds: past it, its newest are not gone through here. */
const MOST_ROWS = 5_000;
const PAGE = 500;

export interface History {
  /** Oldest first. */
  rows: EventEnvelope[];
  reading: boolean;
  why: string | null;
  /** There are newer ones that are not here. */
  isCut: boolean;
}

/** All that an actor did, from the log, and what it does as it comes: where it was at any cursor is then here at once. */
export function useHistory(kind: string, id: string): History {
  const [history, setHistory] = useState<History>({ rows: [], reading: true, why: null, isCut: false });

  useEffect(() => {
    let over = false;
    // What is heard while the pages are read comes after them, once.
    const heard: EventEnvelope[] = [];
    const stop = onRows((batch) => {
      const own = batch.filter(({ payload: { actor } }) => actor.kind === kind && actor.id === id);
      if (own.length === 0) return;
      heard.push(...own);
      setHistory((known) => (known.reading ? known : withNewer(known, own)));
    });
    readAll(kind, id, () => over).then(
      (read) => !over && setHistory(withNewer({ ...read, reading: false, why: null }, heard)),
      (error: Error) => !over && setHistory((known) => ({ ...known, reading: false, why: error.message }))
    );
    return () => {
      over = true;
      stop();
    };
  }, [kind, id]);

  return history;
}

async function readAll(kind: string, id: string, isOver: () => boolean) {
  const rows: EventEnvelope[] = [];
  const path = `/v1/actors/${encodeURIComponent(kind)}/${encodeURIComponent(id)}/events`;
  for (let cursor = '0'; !isOver(); ) {
    const page = await api<EventPage>('GET', `${path}?cursor=${cursor}&limit=${PAGE}`);
    rows.push(...page.items);
    if (BigInt(page.next_cursor) >= BigInt(page.head) || page.next_cursor === cursor) break;
    if (rows.length >= MOST_ROWS) return { rows, isCut: true };
    cursor = page.next_cursor;
  }
  return { rows, isCut: false };
}

function withNewer(known: History, more: EventEnvelope[]): History {
  if (known.isCut || known.why !== null) return known;
  const newest = BigInt(known.rows.at(-1)?.cursor ?? '0');
  const newer = more.filter(({ cursor }) => BigInt(cursor) > newest);
  if (newer.length === 0) return known;
  const rows = [...known.rows, ...newer];
  return rows.length > MOST_ROWS ? { ...known, isCut: true } : { ...known, rows };
}

/** Index of the last row at or before the cursor; -1: the actor was not there yet. */
export function indexAt(rows: EventEnvelope[], cursor: string): number {
  const at = /^\d{1,15}$/.test(cursor) ? Number(cursor) : 0;
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Number(rows[middle]?.cursor) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export const isTrouble = ({ severity }: EventEnvelope): boolean => severity === 'warn' || severity === 'error';
