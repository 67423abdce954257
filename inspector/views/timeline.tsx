import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { EventEnvelope, Severity, StreamFilters } from '../../schemas/generated/contracts.ts';
import { EventRow } from '../parts/event-row.tsx';
import { TimelineExports } from '../parts/exports.tsx';
import { Notice } from '../parts/notice.tsx';
import { duration } from '../parts/time.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { at } from '../state/cursor.ts';
import { LogWindow } from '../state/log-window.ts';
import { href, query, setQuery } from '../state/router.ts';

const SEVERITIES: Severity[] = ['debug', 'info', 'warn', 'error'];
const LISTS = { actor_kinds: 'Kinds', event_types: 'Types' } as const;
const TEXTS = {
  account_id: 'Account',
  platform: 'Platform',
  session_id: 'Session',
  command_id: 'Command',
  correlation_id: 'Correlation'
} as const;

/** The whole log, newest last, with the stream's own filters; they are in the address, so that a look can be sent on. */
export function Timeline() {
  const filters = filtersOf(query.value);
  const key = JSON.stringify(filters);
  const cursor = at.value;
  const log = useMemo(() => new LogWindow(filters, cursor), [key, cursor]);
  useEffect(() => () => log.close(), [log]);
  const older = log.older.value;
  const read = log.rows.value;
  // While another moment is read, the one before stays.
  const kept = useRef({ key, rows: read });
  if (read.length > 0 || older.state !== 'reading' || kept.current.key !== key) kept.current = { key, rows: read };
  const { rows } = kept.current;
  const lines = useMemo(() => folded(rows), [rows]);
  return (
    <>
      <header class="row">
        <h1>Timeline</h1>
        <span class="grow" />
        <a class="button" href={`${href('sequence')}?${sequenceOf(filters)}`}>
          Who told whom
        </a>
      </header>
      <Filters />
      <TimelineExports />
      <section class="card" aria-label="The log">
        {older.state === 'failed' && (
          <p class="failure older" role="alert">
            {older.why}
          </p>
        )}
        {rows.length === 0 ? (
          <Notice title={older.state === 'reading' ? 'Reading the log…' : 'No row fits'} role="status">
            {older.state !== 'reading' && <p>New ones that do show up here.</p>}
          </Notice>
        ) : (
          <VirtualList
            key={`${key} ${cursor === null}`}
            class="tall"
            label="Events, newest last"
            items={lines}
            keyOf={({ cursor }) => cursor}
            render={(line) => <TimelineLine line={line} />}
            followEnd
            hasNewer={!log.isLive.value}
            onStart={() => void log.more()}
            onEnd={() => void log.later()}
            onNewest={() => log.newest()}
            onFollow={(isFollowing) => {
              log.isFollowed = isFollowing;
            }}
          />
        )}
      </section>
    </>
  );
}

/** A row, or how long nothing happened. */
type Line = EventEnvelope | { idleMs: number; cursor: string };

/** Longer than this without a row is one line, whatever it was. */
const IDLE_MS = 60_000;

function folded(rows: readonly EventEnvelope[]): readonly Line[] {
  const lines: Line[] = [];
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    // Few rows are of another minute than the one before.
    if (before && before.emitted_at.slice(0, 16) !== row.emitted_at.slice(0, 16)) {
      const idleMs = Date.parse(row.emitted_at) - Date.parse(before.emitted_at);
      if (idleMs >= IDLE_MS) lines.push({ idleMs, cursor: `idle ${row.cursor}` });
    }
    lines.push(row);
  }
  return lines;
}

const TimelineLine = ({ line }: { line: Line }) =>
  'idleMs' in line ? (
    <span class="folded muted small">{duration(line.idleMs)} without an event</span>
  ) : (
    <EventRow row={line} toMoment />
  );

function Filters() {
  const now = query.value;
  const change = (name: string) => (event: Event) => {
    const { value } = event.currentTarget as HTMLInputElement | HTMLSelectElement;
    setQuery({ [name]: value.trim() || null });
  };
  return (
    <search class="filters">
      <label>
        Severity
        <select class="field" value={now.get('severity') ?? ''} onChange={change('severity')}>
          <option value="">any</option>
          {SEVERITIES.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
          <option value="warn,error">warn and error</option>
        </select>
      </label>
      {Object.entries({ ...LISTS, ...TEXTS }).map(([name, title]) => (
        <label key={name}>
          {title}
          <input class="field" value={now.get(name) ?? ''} placeholder="any" onChange={change(name)} />
        </label>
      ))}
    </search>
  );
}

/** Of whom a sequence can be: a severity or a type would leave out what was said between. */
const sequenceOf = (filters: StreamFilters) =>
  new URLSearchParams(
    Object.keys(TEXTS).flatMap((name) => {
      const value = filters[name as keyof typeof TEXTS];
      return typeof value === 'string' ? [[name, value]] : [];
    })
  );

/** What of the address is a filter; the server refuses what it does not know. */
function filtersOf(asked: URLSearchParams): StreamFilters {
  const listOf = (name: string) =>
    (asked.get(name) ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean);
  const found: Record<string, string | string[]> = {};
  for (const name of ['severity', ...Object.keys(LISTS)]) if (listOf(name).length > 0) found[name] = listOf(name);
  for (const name of Object.keys(TEXTS)) if (asked.get(name)) found[name] = asked.get(name) as string;
  return found as StreamFilters;
}
