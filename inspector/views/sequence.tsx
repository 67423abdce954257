import { useEffect, useMemo } from 'preact/hooks';
import type { EventEnvelope, StreamFilters } from '../../schemas/generated/contracts.ts';
import { Notice } from '../parts/notice.tsx';
import { clockTime } from '../parts/time.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { LogWindow } from '../state/log-window.ts';
import { href, query, setQuery } from '../state/router.ts';
import { lifelinesOf, type Message, messagesOf, OTHERS, OUTSIDE, shortName } from '../state/sequence.ts';

/** px: what lies between two lifelines, what a message takes, and the times before them. */
const LANE = 170;
const ROW = 44;
const TIMES = 110;
/** Sessions whose rows are gone through for what these actors told them. */
const MOST_SESSIONS = 3;

const FILTERS = ['correlation_id', 'command_id', 'session_id', 'account_id', 'platform'] as const;

/** Who told whom, downwards in time, of one command, session or correlation; `?as=list` says the same in words. */
export function Sequence() {
  const asked = query.value;
  const filters = Object.fromEntries(FILTERS.flatMap((name) => (asked.get(name) ? [[name, asked.get(name)]] : [])));
  const key = JSON.stringify(filters);
  const isList = asked.get('as') === 'list';
  const what = Object.entries(filters).map(([name, value]) => `${name.replace('_id', '')} ${value}`);
  return (
    <>
      <h1>Who told whom</h1>
      <div class="row">
        <span class="muted">{what.length === 0 ? 'the whole log' : what.join(', ')}</span>
        <a href={`${href('timeline')}?${new URLSearchParams(filters as Record<string, string>)}`}>its timeline</a>
        <span class="grow" />
        <button
          type="button"
          class="button"
          aria-pressed={isList}
          onClick={() => setQuery({ as: isList ? null : 'list' })}
        >
          As a list
        </button>
      </div>
      <Rows key={key} filters={filters as StreamFilters} isList={isList} />
    </>
  );
}

function Rows({ filters, isList }: { filters: StreamFilters; isList: boolean }) {
  const log = useMemo(() => new LogWindow(filters), []);
  useEffect(() => () => log.close(), [log]);
  const told = useTold(filters, log);
  const rows = log.rows.value;
  const older = log.older.value;
  const messages = useMemo(() => messagesOf(inOrder(rows, told)), [rows, told]);
  const lines = useMemo(() => lifelinesOf(messages), [messages]);
  // Of what the page has at hand nothing may be theirs.
  const isEmpty = messages.length === 0;
  useEffect(() => {
    if (isEmpty && older.state === 'there') void log.more();
  }, [isEmpty, older.state]);
  if (older.state === 'failed')
    return (
      <Notice title="Cannot read the log" role="alert">
        <p>{older.why}</p>
      </Notice>
    );
  if (messages.length === 0)
    return (
      <Notice title={older.state === 'none' ? 'Nobody told anybody anything' : 'Reading the log…'} role="status">
        {older.state === 'none' && <p>What is told from now on shows up here.</p>}
      </Notice>
    );
  const column = new Map(lines.map((line, at) => [line, at]));
  const at = (address: string) => column.get(address) ?? column.get(OTHERS) ?? 0;
  return (
    <section class="card" aria-label="Messages between actors">
      <VirtualList
        key={String(isList)}
        class="tall sequence"
        label="Who told whom, newest last"
        rowHeight={isList ? 32 : ROW}
        items={messages}
        keyOf={(message) => message.cursor}
        render={(message) => <MessageRow message={message} at={at} lines={isList ? 0 : lines.length} />}
        followEnd
        onStart={() => void log.more()}
        hasNewer={!log.isLive.value}
        onEnd={() => void log.later()}
        onNewest={() => log.newest()}
        onFollow={(isFollowing) => {
          log.isFollowed = isFollowing;
        }}
        {...(isList ? {} : { head: <Heads lines={lines} />, width: TIMES + lines.length * LANE })}
      />
    </section>
  );
}

/** What the actors of these rows told the sessions of theirs, which is in rows of the sessions alone. */
function useTold(filters: StreamFilters, log: LogWindow): EventEnvelope[] {
  const rows = log.rows.value;
  const sessions = filters.session_id
    ? []
    : [...new Set(rows.flatMap(({ target }) => target.session_id ?? []))].slice(0, MOST_SESSIONS);
  const key = sessions.join();
  const windows = useMemo(
    () => sessions.map((session_id) => new LogWindow({ session_id, actor_kinds: ['session'] })),
    [key]
  );
  useEffect(
    () => () => {
      for (const one of windows) one.close();
    },
    [windows]
  );
  const first = Number(rows[0]?.cursor ?? Number.POSITIVE_INFINITY);
  const found = windows.map((one) => one.rows.value);
  useEffect(() => {
    for (const one of windows) {
      const oldest = Number(one.rows.value[0]?.cursor ?? Number.POSITIVE_INFINITY);
      if (oldest > first && one.older.value.state === 'there') void one.more();
    }
  }, [windows, first, ...found, ...windows.map((one) => one.older.value.state)]);
  return useMemo(() => {
    const own = new Set(rows.map(({ payload: { actor } }) => `${actor.kind}/${actor.id}`));
    return found.flat().filter(({ payload }) => payload.told_by !== undefined && own.has(payload.told_by));
  }, [rows, ...found]);
}

/** Both, by cursor, each row once; of those told nothing from before the first. */
function inOrder(rows: readonly EventEnvelope[], told: readonly EventEnvelope[]): EventEnvelope[] {
  if (told.length === 0) return [...rows];
  const first = Number(rows[0]?.cursor ?? 0);
  const all = new Map(
    [...rows, ...told.filter(({ cursor }) => Number(cursor) > first)].map((row) => [row.cursor, row])
  );
  return [...all.values()].sort((a, b) => Number(a.cursor) - Number(b.cursor));
}

function Heads({ lines }: { lines: string[] }) {
  return (
    <div class="sequence-heads" style={{ width: `${TIMES + lines.length * LANE}px`, paddingLeft: `${TIMES}px` }}>
      {lines.map((line) => (
        <span key={line} style={{ width: `${LANE}px` }}>
          {line === OUTSIDE || line === OTHERS ? (
            line
          ) : (
            <a class="mono" href={addressOf(line)}>
              {shortName(line)}
            </a>
          )}
        </span>
      ))}
    </div>
  );
}

function addressOf(address: string): string {
  const [kind = '', id = ''] = address.split(/\/(.*)/s, 2);
  return href('actors', kind, id);
}

/** In words for whoever hears it; drawn, unless there are no lines to draw it between. */
function MessageRow({ message, at, lines }: { message: Message; at: (address: string) => number; lines: number }) {
  const { from, to, event, state, cursor } = message;
  const [start, end] = [at(from), at(to)];
  const left = Math.min(start, end);
  return (
    <a class="sequence-row" href={`${addressOf(to)}?at=${cursor}`} data-cursor={cursor}>
      <span class="mono muted">{clockTime(message.at)}</span>
      <span class={lines === 0 ? 'sequence-words' : 'visually-hidden'}>
        <span class="mono">{shortName(from)}</span>
        {from === to ? ' went on by ' : message.isBirth ? ' made ' : ' told '}
        {from !== to && <span class="mono">{shortName(to)}</span>}
        {from !== to && !message.isBirth && ' '}
        {!message.isBirth && <b>{event}</b>}
        {state === null ? ': refused' : `: ${state}`}
      </span>
      {lines > 0 && (
        <span class="sequence-lanes" aria-hidden="true" style={{ width: `${lines * LANE}px`, '--lane': `${LANE}px` }}>
          <span
            class={`sequence-arrow ${start === end ? 'own' : start < end ? 'onward' : 'back'} ${state === null ? 'refused' : ''}`}
            style={{
              left: `${(left + 0.5) * LANE}px`,
              width: start === end ? '14px' : `${Math.abs(end - start) * LANE}px`
            }}
          />
          <span class="sequence-label" style={{ left: `${(left + 0.5) * LANE + (start === end ? 22 : 8)}px` }}>
            {event} <span class={state === null ? 'failure' : 'muted'}>{state ?? 'refused'}</span>
          </span>
        </span>
      )}
    </a>
  );
}
