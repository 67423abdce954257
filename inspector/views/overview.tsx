import { EventRow } from '../parts/event-row.tsx';
import { Notice } from '../parts/notice.tsx';
import { StatePill } from '../parts/pill.tsx';
import { Since } from '../parts/time.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { href } from '../state/router.ts';
import { type Tone, toneOf } from '../state/tone.ts';
import { type LiveActor, loading, revision, rows, work } from '../state/world.ts';

/** The first minute: what runs, what waits for a person, what is in trouble, and what happens now. */
export function Overview() {
  revision.value;
  const all = work();
  const of = (tone: Tone) => all.filter((actor) => actor.status === 'active' && toneOf(actor) === tone);
  const [running, asking, waiting] = [of('run'), of('ask'), of('wait')];
  const failed = all.filter((actor) => toneOf(actor) === 'bad');
  const attention = [...asking, ...failed].sort((a, b) => a.since - b.since);
  return (
    <>
      <h1>Now</h1>
      <div class="tiles">
        <Tile count={running.length} label="running" tone="run" to={`${href('actors')}?tone=run`} />
        <Tile count={asking.length} label="wait for a person" tone="ask" to={`${href('actors')}?tone=ask`} />
        <Tile count={waiting.length} label="wait their turn" tone="wait" to={`${href('actors')}?tone=wait`} />
        <Tile count={failed.length} label="in trouble" tone="bad" to={`${href('actors')}?tone=bad`} />
      </div>
      <section class="card" aria-labelledby="attention">
        <header>
          <h2 id="attention">Needs attention</h2>
          <span class="muted small">oldest first</span>
        </header>
        {attention.length === 0 ? (
          <Notice title={loading.value ? 'Reading what lives…' : 'Nothing needs you'}>
            <p>What waits for a person, or is in trouble, shows up here with its reason.</p>
          </Notice>
        ) : (
          <ul class="attention">
            {attention.slice(0, 50).map((actor) => (
              <Attention key={actor.address} actor={actor} />
            ))}
          </ul>
        )}
      </section>
      <section class="card" aria-labelledby="happening">
        <header>
          <h2 id="happening">Happening</h2>
          <a href={href('timeline')}>The whole log</a>
        </header>
        {rows.length === 0 ? (
          <Notice title="The log is quiet">
            <p>
              Send something: <code>npx troupe demo</code>, or <code>npx troupe run comment_on_post</code>.
            </p>
          </Notice>
        ) : (
          <VirtualList
            class="happening"
            label="The newest events"
            items={rows}
            keyOf={(row) => row.cursor}
            render={(row) => <EventRow row={row} />}
            followEnd
          />
        )}
      </section>
    </>
  );
}

function Tile({ count, label, tone, to }: { count: number; label: string; tone: Tone; to: string }) {
  return (
    <a class="card tile" href={to}>
      <b>{count}</b>
      <span>
        <span class={`pill tone-${count === 0 ? 'idle' : tone}`}>{label}</span>
      </span>
    </a>
  );
}

function Attention({ actor }: { actor: LiveActor }) {
  return (
    <li class="attention-row">
      <a href={href('actors', actor.kind, actor.id)} class="mono">
        {actor.kind}/{actor.id.slice(0, 8)}
      </a>
      <StatePill state={actor.state} status={actor.status} />
      <span>{actor.why ?? ''}</span>
      <span class="muted small">
        <Since at={actor.since} />
      </span>
    </li>
  );
}
