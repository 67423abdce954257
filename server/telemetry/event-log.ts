/**
 * The log as readers see it: its newest rows in memory, the rest from the journal. Every reader keeps its own position
 * and asks for what comes after it, so however slow it is, it skips and repeats nothing, and costs nobody else anything.
 */
import type { ActorHost, EventFilter, EventRow } from '../../actors/host/contract.ts';
import { matchesFilter } from '../../actors/journal/event-filter.ts';

/** What a reader asked for and cannot have. The log goes on after `to`. */
export interface Gap {
  from: number;
  to: number;
  reason: 'retention' | 'unknown_cursor';
}

export interface Read {
  /** Oldest first. */
  rows: EventRow[];
  /** Where to read on: how far the log was looked through. */
  position: number;
  gap?: Gap;
}

export interface EventLog {
  readonly head: number;
  /**
   * Rows after `position` that match, at most `limit`. A filter that matches little may answer none and a new position.
   */
  read(position: number, limit: number, filter: EventFilter): Promise<Read>;
  /** Resolves once there is something after `position`, or the signal aborts. */
  grown(position: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

export function createEventLog(host: ActorHost, { tailRows = 10_000 } = {}): EventLog {
  /** Every row after `floor` is in `tail`; nothing is, before the first commit is seen. */
  let tail: EventRow[] = [];
  let floor = Number.POSITIVE_INFINITY;
  let waiting = new Set<() => void>();

  const stop = host.onCommit((rows) => {
    if (floor === Number.POSITIVE_INFINITY) floor = (rows[0] as EventRow).cursor - 1;
    for (const row of rows) tail.push(row);
    // Trimmed by the half: one copy of the list now and then, not one a commit.
    if (tail.length > tailRows * 1.5) {
      const cut = tail.length - tailRows;
      floor = (tail[cut - 1] as EventRow).cursor;
      tail = tail.slice(cut);
    }
    wakeAll();
  });

  function wakeAll() {
    const woken = waiting;
    waiting = new Set();
    for (const wake of woken) wake();
  }

  function fromTail(position: number, limit: number, filter: EventFilter): Read {
    const start = firstAfter(tail, position);
    const rows: EventRow[] = [];
    let at = start;
    for (; at < tail.length && rows.length < limit && at - start < limit * 4; at++) {
      const row = tail[at] as EventRow;
      if (matchesFilter(row, filter)) rows.push(row);
    }
    return { rows, position: at === tail.length ? host.head : (tail[at - 1] as EventRow).cursor };
  }

  async function fromJournal(position: number, limit: number, filter: EventFilter): Promise<Read> {
    const { rows, scannedTo } = await host.journal.readEvents(position, limit, filter);
    // Looked at after the read: when the oldest row kept is no newer than the next, nothing was missing from it.
    const bounds = await host.journal.bounds();
    if (bounds.tail > position + 1) {
      const to = bounds.tail - 1;
      return { rows: [], position: to, gap: { from: position + 1, to, reason: 'retention' } };
    }
    // The journal may have rows of a commit the host has not announced yet: they are read when it has.
    const { head } = host;
    return {
      rows: rows.filter(({ cursor }) => cursor <= head),
      position: Math.min(Math.max(position, scannedTo), head)
    };
  }

  return {
    get head() {
      return host.head;
    },

    async read(position, limit, filter) {
      const { head } = host;
      if (position > head) {
        return { rows: [], position: head, gap: { from: position, to: head, reason: 'unknown_cursor' } };
      }
      if (position === head) return { rows: [], position };
      return position >= floor ? fromTail(position, limit, filter) : fromJournal(position, limit, filter);
    },

    async grown(position, signal) {
      while (host.head <= position && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const wake = () => {
            waiting.delete(wake);
            signal.removeEventListener('abort', wake);
            resolve();
          };
          waiting.add(wake);
          signal.addEventListener('abort', wake, { once: true });
        });
      }
    },

    close() {
      stop();
      wakeAll();
    }
  };
}

/** Index of the first row whose cursor is greater. */
function firstAfter(rows: EventRow[], cursor: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle] as EventRow).cursor > cursor) high = middle;
    else low = middle + 1;
  }
  return low;
}
