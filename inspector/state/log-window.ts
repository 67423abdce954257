/**
 * A part of the log, moved along it: older rows are read from the API when somebody gets to the first, newer ones come
 * with the stream or, when somebody was away for long, are read when one gets to the last. All pass the same filters, and
 * between the first and the last nothing is left out. However long it is open, it holds `MOST` rows.
 */
import { signal } from '@preact/signals';
import type { EventEnvelope, EventPage, StreamFilters } from '../../schemas/generated/contracts.ts';
import { api } from '../api/connection.ts';
import { onRows, tail } from './world.ts';

/** Rows of one look back, and how far in the log the first of them goes. */
const ROWS = 200;
const LIMIT = 500;
/** What is kept while the newest is followed. */
const FOLLOWED = 5_000;
/** What is kept while somebody reads. */
const MOST = 20_000;

export class LogWindow {
  readonly rows = signal<readonly EventEnvelope[]>([]);
  /** Of the older rows: `there` are some, they are being read, none is left, or why they cannot be read. */
  readonly older = signal<{ state: 'there' | 'reading' | 'none' } | { state: 'failed'; why: string }>({
    state: 'there'
  });
  /** It goes up to the newest; otherwise there are newer rows, see `later`. */
  readonly isLive = signal(true);
  /** Nobody reads what is far behind the newest. */
  isFollowed = true;
  readonly #filters: StreamFilters;
  /** The log as it was at that cursor; null: as it is, with what comes. */
  readonly #end: number | null;
  readonly #stop: () => void;
  /** Everything after `#from` that fits is in `rows`: up to `#to`, or the newest when it is live. */
  #from: number | undefined;
  #to = 0;
  #over = false;
  #isReadingLater = false;
  /** Moves when the window goes elsewhere: what was being read for the former place is not wanted any more. */
  #place = 0;
  #early: EventEnvelope[] = [];

  constructor(filters: StreamFilters, end: number | null = null) {
    this.#filters = filters;
    this.#end = end;
    this.#stop = end === null ? onRows((batch) => this.#take(batch)) : () => {};
    if (end === null && tail.peek().length > 0) this.newest();
    else void this.more();
  }

  close(): void {
    this.#over = true;
    this.#stop();
  }

  /** Goes to the newest rows of the log. */
  newest(): void {
    if (this.#end !== null) return;
    const newest = tail.peek();
    this.#place++;
    this.#from = Number(newest[0]?.cursor ?? 1) - 1;
    this.rows.value = newest.filter((row) => fits(row, this.#filters));
    this.older.value = { state: this.#from === 0 ? 'none' : 'there' };
    this.isLive.value = true;
  }

  /** Reads what is before the first row; one at a time. */
  async more(): Promise<void> {
    if (this.older.value.state === 'reading' || this.older.value.state === 'none') return;
    this.older.value = { state: 'reading' };
    const place = this.#place;
    const isElsewhere = () => this.#over || place !== this.#place;
    try {
      const to = this.#from ?? this.#end ?? Number((await api<EventPage>('GET', '/v1/events?limit=1')).head);
      const { from, rows } = await this.#before(to);
      if (isElsewhere()) return;
      const first = this.#from === undefined;
      this.#from = from;
      // What the stream brought during the first look may be in that look too.
      const fresh = first ? this.#early.filter(({ cursor }) => Number(cursor) > to) : this.rows.value;
      this.#early = [];
      this.#show([...rows, ...fresh], 'oldest');
      this.older.value = { state: from === 0 ? 'none' : 'there' };
    } catch (error) {
      if (!isElsewhere()) this.older.value = { state: 'failed', why: (error as Error).message };
    }
  }

  /** Reads what is after the last row, and goes on with the stream once that has been reached; one at a time. */
  async later(): Promise<void> {
    if (this.isLive.value || this.#isReadingLater) return;
    this.#isReadingLater = true;
    const place = this.#place;
    try {
      for (let found = 0; found === 0 && !this.#joined(); ) {
        const page = await this.#page(this.#to);
        if (this.#over || place !== this.#place || Number(page.next_cursor) <= this.#to) return;
        this.#to = Number(page.next_cursor);
        const items = page.items.filter(({ cursor }) => this.#end === null || Number(cursor) <= this.#end);
        found = items.length;
        this.#show([...this.rows.value, ...items], 'newest');
      }
    } catch (error) {
      this.older.value = { state: 'failed', why: (error as Error).message };
    } finally {
      this.#isReadingLater = false;
    }
  }

  /** Whether what the page keeps of the log goes on right where this ends: then it is live again. */
  #joined(): boolean {
    if (this.#end !== null) {
      this.isLive.value = this.#to >= this.#end;
      return this.isLive.value;
    }
    const newest = tail.peek();
    const first = newest[0];
    if (!first || Number(first.cursor) > this.#to + 1) return false;
    const after = newest.filter((row) => Number(row.cursor) > this.#to && fits(row, this.#filters));
    this.isLive.value = true;
    this.#show([...this.rows.value, ...after], 'newest');
    return true;
  }

  /** Further and further back until enough fit: of a rare kind of row the last may be long ago. */
  async #before(end: number): Promise<{ from: number; rows: EventEnvelope[] }> {
    let rows: EventEnvelope[] = [];
    let to = end;
    for (let reach = LIMIT; rows.length < ROWS && to > 0 && !this.#over; reach *= 4) {
      const from = Math.max(0, to - reach);
      rows = [...(await this.#between(from, to)), ...rows];
      to = from;
    }
    return { from: to, rows };
  }

  async #between(from: number, to: number): Promise<EventEnvelope[]> {
    const rows: EventEnvelope[] = [];
    for (let position = from; position < to; ) {
      const page = await this.#page(position);
      rows.push(...page.items.filter(({ cursor }) => Number(cursor) <= to));
      const next = Number(page.next_cursor);
      if (next <= position) break;
      position = next;
    }
    return rows;
  }

  #page(after: number): Promise<EventPage> {
    const asked = new URLSearchParams({ cursor: String(after), limit: String(LIMIT) });
    for (const [name, value] of Object.entries(this.#filters)) asked.set(name, String(value));
    return api<EventPage>('GET', `/v1/events?${asked}`);
  }

  #take(batch: EventEnvelope[]): void {
    if (!this.isLive.peek()) return;
    const fitting = batch.filter((row) => fits(row, this.#filters));
    if (fitting.length === 0) return;
    if (this.#from === undefined) {
      this.#early.push(...fitting);
      return;
    }
    const rows = this.rows.peek();
    const last = Number(rows.at(-1)?.cursor ?? this.#from);
    this.#show(
      [...rows, ...fitting.filter(({ cursor }) => Number(cursor) > last)],
      this.isFollowed ? 'newest' : 'oldest'
    );
  }

  /** What is too much is let go at the other end. While older ones are read, the first must stay what they are read for. */
  #show(rows: readonly EventEnvelope[], keeps: 'oldest' | 'newest'): void {
    const most = keeps === 'newest' && this.isFollowed ? FOLLOWED : MOST;
    const isReading = this.older.peek().state === 'reading';
    if (rows.length <= most || (keeps === 'newest' && isReading)) {
      this.rows.value = rows;
    } else if (keeps === 'oldest') {
      this.rows.value = rows.slice(0, most);
      this.#to = Number(this.rows.value.at(-1)?.cursor);
      this.isLive.value = false;
    } else {
      this.rows.value = rows.slice(-most);
      this.#from = Number(this.rows.value[0]?.cursor) - 1;
      this.older.value = { state: 'there' };
    }
  }
}

/** As the server filters, see schemas/stream.schema.json. */
export function fits(row: EventEnvelope, filters: StreamFilters): boolean {
  const within = <T>(some: T[] | undefined, value: T) => !some?.length || some.includes(value);
  const same = (wanted: string | undefined, value: string | null | undefined) =>
    wanted === undefined || wanted === value;
  return (
    within(filters.severity, row.severity) &&
    within(filters.event_types, row.type) &&
    within(filters.actor_kinds, row.payload.actor.kind) &&
    same(filters.session_id, row.target.session_id) &&
    same(filters.account_id, row.target.account_id) &&
    same(filters.platform, row.target.platform) &&
    same(filters.command_id, row.command_id) &&
    same(filters.correlation_id, row.correlation_id)
  );
}
