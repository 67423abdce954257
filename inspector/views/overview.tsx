import { EventRow } from '../parts/event-row.tsx';
import { Notice } from '../parts/notice.tsx';
import { StatePill } from '../parts/pill.tsx';
import { Since } from '../parts/time.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { at } from '../state/cursor.ts';
import { isReading, shown, shownOf, shownRows } from '../state/past.ts';
import { href } from '../state/router.ts';
import { shortId } from '../state/short-id.ts';
import type { Tone } from '../state/tone.ts';
import type { LiveActor } from '../state/world.ts';

/** Of what needs attention. */
const SHOWN = 50;

/** The first minute: what runs, what waits for a person, what is in trouble, and what happens now. */
export function Overview() {
  return (
    <>
      <h1>{at.value === null ? 'Now' : 'Then'}</h1>
      <div class="tiles">
        <Tile tone="run" label="running" />
        <Tile tone="ask" label="wait for a person" />
        <Tile tone="wait" label="wait their turn" />
        <Tile tone="bad" label="in trouble" />
      </div>
      <section class="card" aria-labelledby="attention">
        <header>
          <h2 id="attention">Needs attention</h2>
          <span class="muted small">oldest first</span>
        </header>
        <div class="attention-box">
          <NeedsAttention />
        </div>
      </section>
      <section class="card" aria-labelledby="happening">
        <header>
          <h2 id="happening">Happening</h2>
          <a href={href('timeline')}>The whole log</a>
        </header>
        <Happening />
      </section>
    </>
  );
}

function Tile({ label, tone }: { label: string; tone: Tone }) {
  const count = shownOf(tone);
  return (
    <a class="card tile" href={`${href('actors')}?tone=${tone}`}>
      <b>{count}</b>
      <span>
        <span class={`pill tone-${count === 0 ? 'idle' : tone}`}>{label}</span>
      </span>
    </a>
  );
}

function NeedsAttention() {
  const attention = [...firstOf('ask'), ...firstOf('bad')].sort((a, b) => a.since - b.since);
  if (attention.length === 0)
    return (
      <Notice title={isReading() ? 'Reading what lives…' : 'Nothing needs you'}>
        <p>What waits for a person, or is in trouble, shows up here with its reason.</p>
      </Notice>
    );
  return (
    <ul class="attention">
      {attention.slice(0, SHOWN).map((actor) => (
        <Attention key={actor.address} actor={actor} />
      ))}
    </ul>
  );
}

const firstOf = (tone: Tone): LiveActor[] => {
  const found: LiveActor[] = [];
  for (const actor of shown().toned(tone).values()) if (found.push(actor) === SHOWN) break;
  return found;
};

function Happening() {
  const rows = shownRows();
  if (rows.length === 0)
    return (
      <Notice title="The log is quiet">
        <p>
          Send something: <code>npx troupe demo</code>, or <code>npx troupe run comment_on_post</code>.
        </p>
      </Notice>
    );
  return (
    <VirtualList
      class="happening"
      label="The newest events"
      items={rows}
      keyOf={(row) => row.cursor}
      render={(row) => <EventRow row={row} />}
      followEnd
      holdsAway
    />
  );
}

function Attention({ actor }: { actor: LiveActor }) {
  return (
    <li class="attention-row">
      <a href={href('actors', actor.kind, actor.id)} class="mono cut">
        {actor.kind}/{shortId(actor.id)}
      </a>
      <StatePill state={actor.state} status={actor.status} />
      <span>{actor.why ?? ''}</span>
      <span class="muted small">
        <Since at={actor.since} />
      </span>
    </li>
  );
}
