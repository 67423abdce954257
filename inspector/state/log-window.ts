/**
 * A part of the log that grows at both ends: older rows are read from the API when somebody gets to the first, new ones
 * come with the stream. Both pass the same filters.
 */
import { signal } from '@preact/signals';
import type { EventEnvelope, EventPage, StreamFilters } from '../../schemas/generated/contracts.ts';
import { api } from '../api/connection.ts';
import { onRows } from './world.ts';

/** Rows of one look back, and how far in the log the first of them goes. */
const ROWS = 200;
const LIMIT = 500;
/** What is kept while the newest is followed; scrolled back, it grows. */
const FOLLOWED = 5_000;

export class LogWindow {
  readonly rows = signal<EventEnvelope[]>([]);
  /** Of the older rows: `there` are some, they are being read, none is left, or why they cannot be read. */
  readonly older = signal<{ state: 'there' | 'reading' | 'none' } | { state: 'failed'; why: string }>({
    state: 'there'
  });
  readonly #filters: StreamFilters;
  readonly #stop: () => void;
  /** Everything after it that fits is in `rows`. */
  #from: number | undefined;
  #over = false;
  #early: EventEnvelope[] = [];

  constructor(filters: StreamFilters) {
    this.#filters = filters;
    this.#stop = onRows((batch) => this.#take(batch));
    void this.more();
  }

  close(): void {
    this.#over = true;
    this.#stop();
  }

  /** Reads what is before the first row; one at a time. */
  async more(): Promise<void> {
    if (this.older.value.state === 'reading' || this.older.value.state === 'none') return;
    this.older.value = { state: 'reading' };
    try {
      const to = this.#from ?? Number((await api<EventPage>('GET', '/v1/events?limit=1')).head);
      const { from, rows } = await this.#before(to);
      if (this.#over) return;
      const first = this.#from === undefined;
      this.#from = from;
      // What the stream brought during the first look may be in that look too.
      const fresh = first ? this.#early.filter(({ cursor }) => Number(cursor) > to) : this.rows.value;
      this.#early = [];
      this.rows.value = [...rows, ...fresh];
      this.older.value = { state: from === 0 ? 'none' : 'there' };
    } catch (error) {
      this.older.value = { state: 'failed', why: (error as Error).message };
    }
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
      const asked = new URLSearchParams({ cursor: String(position), limit: String(LIMIT) });
      for (const [name, value] of Object.entries(this.#filters)) asked.set(name, String(value));
      const page = await api<EventPage>('GET', `/v1/events?${asked}`);
      rows.push(...page.items.filter(({ cursor }) => Number(cursor) <= to));
      const next = Number(page.next_cursor);
      if (next <= position) break;
      position = next;
    }
    return rows;
  }

  #take(batch: EventEnvelope[]): void {
    const fitting = batch.filter((row) => fits(row, this.#filters));
    if (fitting.length === 0) return;
    if (this.#from === undefined) {
      this.#early.push(...fitting);
      return;
    }
    const last = Number(this.rows.value.at(-1)?.cursor ?? this.#from);
    this.rows.value = [...this.rows.value, ...fitting.filter(({ cursor }) => Number(cursor) > last)];
  }

  /** Lets go of what is far behind the newest. */
  trim(): void {
    if (this.rows.value.length <= FOLLOWED * 2 || this.older.value.state === 'reading') return;
    this.rows.value = this.rows.value.slice(-FOLLOWED);
    this.#from = Number(this.rows.value[0]?.cursor) - 1;
    this.older.value = { state: 'there' };
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
