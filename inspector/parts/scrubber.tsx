import { useEffect, useRef, useState } from 'preact/hooks';
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import {
  at,
  headNow,
  moment,
  moveTo,
  rowAfter,
  rowBefore,
  rowsAfter,
  type Track,
  track,
  troubleAfter,
  troubleBefore
} from '../state/cursor.ts';
import { latestOf, pastTrouble } from '../state/past.ts';

const SPEEDS = [1, 4, 16, 64];
/** While it plays, nothing keeps one waiting for longer, however idle it was. */
const LONGEST_WAIT_MS = 1_000;
/** Rows that follow closer are passed together. */
const SHORTEST_WAIT_MS = 40;
const KEYS: Record<string, string> = { ',': 'back', '.': 'forward', p: 'play', n: 'after', N: 'before', l: 'live' };

interface Known {
  /** The first cursor there is on the track. */
  first: number;
  /** The row at the cursor, of whatever actor. */
  row: EventEnvelope | undefined;
  path: string;
}

/** One cursor for the whole page: `at` of the address. Without it one looks at now. */
export function Scrubber() {
  const [speed, setSpeed] = useState(1);
  const [isPlaying, play] = useState(false);
  const [known, setKnown] = useState<Known>({ first: 0, row: undefined, path: '' });
  const [trouble, setTrouble] = useState<string | null>(null);
  const on = track.value;
  const cursor = at.value;
  const head = headNow();
  const { first } = known;

  useFirst(on, (start) => setKnown((was) => ({ ...was, first: start, path: on.path })));
  useRow(cursor, (row) => setKnown((was) => ({ ...was, row })));
  usePlay(on, isPlaying ? speed : null, () => play(false));

  /** To a row that has to be looked for; there may be none. */
  const seek = (find: () => Promise<EventEnvelope | undefined>, none: string) => async () => {
    setTrouble(null);
    try {
      const row = await find();
      if (row) moveTo(Number(row.cursor));
      else setTrouble(none);
    } catch (error) {
      setTrouble((error as Error).message);
    }
  };
  const start = async () => {
    if (!isPlaying && (cursor === null || !(await rowAfter(on, cursor)))) moveTo(first);
    play(!isPlaying);
  };
  const acts: Record<string, () => unknown> = {
    back: seek(async () => {
      if (cursor !== null) return rowBefore(on, cursor);
      const last = await rowBefore(on, head + 1);
      return last && rowBefore(on, Number(last.cursor));
    }, 'Nothing is before it.'),
    forward: seek(() => rowAfter(on, cursor ?? head), 'Nothing came after it yet.'),
    before: seek(() => troubleBefore(on, cursor ?? head + 1), 'No trouble is before it.'),
    after: seek(() => troubleAfter(on, cursor ?? head), 'No trouble came after it.'),
    play: start,
    live: () => {
      play(false);
      moveTo(null);
    }
  };
  useKeys(acts);

  const isPast = cursor !== null;
  const button = (name: string, text: string, shows: string, isOff = false) => (
    <button
      type="button"
      class="button"
      aria-label={text}
      title={`${text}, key ${Object.keys(KEYS).find((key) => KEYS[key] === name)}`}
      disabled={isOff}
      onClick={() => void acts[name]?.()}
    >
      {shows}
    </button>
  );
  const words = isPast ? textOf(cursor, known.row) : `Now, cursor ${head}`;
  const said = trouble ?? pastTrouble.value;

  return (
    <section class={`scrubber ${isPast ? 'is-past' : ''}`} aria-label="Time">
      <div class="scrubber-bar">
        {button('back', 'A step back', '◀', isPast && cursor <= first)}
        <button type="button" class="button" title="Key p" disabled={head === 0} onClick={() => void start()}>
          {isPlaying ? 'Pause' : 'Play'}
        </button>
        {button('forward', 'A step forward', '▶', !isPast)}
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
          aria-valuetext={words}
          min={first}
          max={Math.max(first, head)}
          value={cursor ?? head}
          disabled={head === 0}
          onInput={({ currentTarget }) => moveTo(Number(currentTarget.value))}
        />
        {button('before', 'Trouble before', '◀ trouble')}
        {button('after', 'Trouble after', 'trouble ▶', !isPast)}
        <button type="button" class="button primary" title="Key l" disabled={!isPast} onClick={() => acts.live?.()}>
          Live
        </button>
        <span class="scrubber-text small" role={isPast ? 'status' : undefined}>
          {isPast && <b>The past: </b>}
          {words}
        </span>
      </div>
      {said !== null && (
        <p class="failure small" role="alert">
          {said}
        </p>
      )}
    </section>
  );
}

/** Where a track begins: an actor at its first row. */
function useFirst(on: Track, found: (cursor: number) => void) {
  useEffect(() => {
    let over = false;
    rowAfter(on, 0).then(
      (row) => !over && found(Number(row?.cursor ?? 0)),
      () => {}
    );
    return () => {
      over = true;
    };
  }, [on.path]);
}

function useRow(cursor: number | null, found: (row: EventEnvelope | undefined) => void) {
  const look = useRef<ReturnType<typeof latestOf<number, EventEnvelope | undefined>> | null>(null);
  look.current ??= latestOf(
    async (wanted: number) => (wanted === 0 ? undefined : rowAfter({ path: '/v1/events', isWhole: true }, wanted - 1)),
    (wanted, row) => {
      const isIt = row !== undefined && Number(row.cursor) === wanted;
      found(isIt ? row : undefined);
      if (at.peek() !== null && isIt) moment.value = Date.parse(row.emitted_at);
    },
    () => found(undefined)
  );
  useEffect(() => {
    if (cursor === null) moment.value = null;
    void look.current?.(cursor ?? undefined);
  }, [cursor]);
}

/** From row to row, as fast as they came times the speed; who moves the cursor meanwhile is followed. */
function usePlay(on: Track, speed: number | null, end: () => void) {
  useEffect(() => {
    if (speed === null) return;
    let over = false;
    const run = async () => {
      let position = at.peek();
      let last: number | undefined;
      let ahead: EventEnvelope[] = [];
      let waited = 0;
      while (!over && position !== null) {
        if (ahead.length === 0) ahead = await rowsAfter(on, position);
        const next = ahead.shift();
        if (!next || over) break;
        const time = Date.parse(next.emitted_at);
        waited += Math.min(last === undefined ? 0 : time - last, LONGEST_WAIT_MS) / speed;
        last = time;
        const isLast = ahead.length === 0;
        const isSoon = waited < SHORTEST_WAIT_MS && speed > 1 && !isLast;
        if (isSoon) {
          position = Number(next.cursor);
          continue;
        }
        await new Promise((resolve) => setTimeout(resolve, Math.max(waited, SHORTEST_WAIT_MS)));
        waited = 0;
        if (over) return;
        const shown = at.peek();
        if (shown === null) break;
        position = Number(next.cursor);
        moveTo(position);
      }
      if (!over) end();
    };
    run().catch(() => end());
    return () => {
      over = true;
    };
  }, [speed, on.path]);
}

/** Anywhere but where one writes. */
function useKeys(acts: Record<string, () => unknown>) {
  const current = useRef(acts);
  current.current = acts;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isWriting = (event.target as Element).closest?.('input:not([type="range"]), textarea, select, dialog');
      const name = KEYS[event.key];
      if (isWriting || !name || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      void current.current[name]?.();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

function textOf(cursor: number, row: EventEnvelope | undefined): string {
  if (!row) return `cursor ${cursor}`;
  const { emitted_at: time, payload } = row;
  const who = `${payload.actor.kind}/${payload.actor.id.slice(0, 8)}`;
  return `cursor ${cursor}, ${time.slice(0, 10)} ${time.slice(11, 23)} UTC, ${who} ${payload.to}`;
}
