import { useEffect, useState } from 'preact/hooks';
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import { type History, indexAt, isTrouble } from '../state/history.ts';
import { setQuery } from '../state/router.ts';
import { Notice } from './notice.tsx';

const SPEEDS = [1, 4, 16];
/** While it plays, nothing keeps one waiting for longer, however idle the actor was. */
const LONGEST_WAIT_MS = 1_000;
const SHORTEST_WAIT_MS = 40;

const to = (row: EventEnvelope | undefined) => setQuery({ at: row?.cursor ?? null });

/** Goes through what an actor did. The moment it shows is `at` of the address, so that a link shows it too; none: live. */
export function Scrubber({ history, at }: { history: History; at: string | null }) {
  const [speed, setSpeed] = useState(1);
  const [isPlaying, play] = useState(false);
  const { rows } = history;
  const end = rows.length - 1;
  const index = at === null ? end : indexAt(rows, at);
  const next = rows[index + 1];

  useEffect(() => {
    if (!isPlaying) return;
    if (!next) return play(false);
    const idle = rows[index] ? Date.parse(next.emitted_at) - Date.parse(rows[index].emitted_at) : 0;
    const wait = Math.max(SHORTEST_WAIT_MS, Math.min(idle, LONGEST_WAIT_MS) / speed);
    const timer = setTimeout(() => to(next), wait);
    return () => clearTimeout(timer);
  }, [isPlaying, speed, next?.cursor]);

  if (history.why !== null)
    return (
      <Notice title="Cannot read what it did before" role="alert">
        <p>{history.why}</p>
      </Notice>
    );
  const troubleBefore = rows.slice(0, Math.max(0, index)).findLast(isTrouble);
  const troubleAfter = rows.slice(index + 1).find(isTrouble);
  const button = (text: string, target: EventEnvelope | undefined, shows = text) => (
    <button type="button" class="button" aria-label={text} title={text} disabled={!target} onClick={() => to(target)}>
      {shows}
    </button>
  );
  const start = () => {
    if (!next) to(rows[0]);
    play(!isPlaying);
  };

  return (
    <section class="card scrubber" aria-label="Time">
      <div class="scrubber-bar">
        {button('A step back', at === null ? rows[end - 1] : rows[index - 1], '◀')}
        <button type="button" class="button" disabled={rows.length < 2} onClick={start}>
          {isPlaying ? 'Pause' : 'Play'}
        </button>
        {button('A step forward', next, '▶')}
        <label>
          <span class="visually-hidden">Speed</span>
          <select class="field" value={speed} onChange={({ currentTarget }) => setSpeed(Number(currentTarget.value))}>
            {SPEEDS.map((times) => (
              <option key={times} value={times}>
                {times}×
              </option>
            ))}
          </select>
        </label>
        <input
          type="range"
          aria-label="Moment"
          aria-valuetext={textOf(rows, index)}
          min={0}
          max={Math.max(0, end)}
          value={Math.max(0, index)}
          disabled={rows.length < 2}
          onInput={({ currentTarget }) => to(rows[Number(currentTarget.value)])}
        />
        {button('Trouble before', troubleBefore, '◀ trouble')}
        {button('Trouble after', troubleAfter, 'trouble ▶')}
        <button type="button" class="button primary" disabled={at === null} onClick={() => setQuery({ at: null })}>
          Live
        </button>
      </div>
      <p class="muted small scrubber-text">{history.reading ? 'Reading the log…' : textOf(rows, index)}</p>
      {(history.isCut || (rows[0] && rows[0].payload.from !== null)) && (
        <p class="muted small scrubber-text">
          {history.isCut
            ? `Its first ${rows.length} events are gone through here; the newer ones are on the timeline.`
            : `The log no longer has what was before ${rows[0]?.emitted_at}.`}
        </p>
      )}
    </section>
  );
}

const textOf = (rows: EventEnvelope[], index: number): string => {
  const row = rows[index];
  if (!row) return rows.length === 0 ? 'The log has nothing of it.' : 'It was not there yet.';
  const { emitted_at, cursor, payload } = row;
  return `Event ${index + 1} of ${rows.length}, ${payload.to}, ${emitted_at.slice(0, 10)} ${emitted_at.slice(11, 23)} UTC, cursor ${cursor}`;
};
