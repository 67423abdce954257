import { Notice } from '../parts/notice.tsx';
import { StatePill } from '../parts/pill.tsx';
import { Since } from '../parts/time.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { href, query } from '../state/router.ts';
import { type Tone, toneOf } from '../state/tone.ts';
import { type LiveActor, loading, revision, work } from '../state/world.ts';

const TONES: [Tone | '', string][] = [
  ['', 'All'],
  ['run', 'Running'],
  ['ask', 'Wait for a person'],
  ['wait', 'Wait their turn'],
  ['bad', 'In trouble']
];

/** Everything that lives, longest in its state first; `?tone=` keeps what is so. */
export function Actors() {
  revision.value;
  const tone = query.value.get('tone') ?? '';
  const shown = work()
    .filter((actor) => (tone === '' ? isLiving(actor) : toneOf(actor) === tone))
    .sort((a, b) => a.since - b.since);
  return (
    <>
      <h1>Actors</h1>
      <nav class="tabs" aria-label="Which">
        {TONES.map(([name, title]) => (
          <a
            key={name}
            href={href('actors') + (name === '' ? '' : `?tone=${name}`)}
            aria-current={name === tone ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      {shown.length === 0 ? (
        <Notice title={loading.value ? 'Reading what lives…' : 'Nothing is so now'} />
      ) : (
        <div class="card">
          <VirtualList
            class="tall"
            label="Actors"
            rowHeight={40}
            items={shown}
            keyOf={(actor) => actor.address}
            render={(actor) => <ActorRow actor={actor} />}
          />
        </div>
      )}
    </>
  );
}

/** What has ended stays in its last state; its tone tells. */
const isLiving = (actor: LiveActor) => actor.status === 'active' && !/^(SUCCEEDED|CANCELLED|CLOSED)/.test(actor.state);

function ActorRow({ actor }: { actor: LiveActor }) {
  return (
    <div class="attention-row">
      <a href={href('actors', actor.kind, actor.id)} class="mono">
        {actor.kind}/{actor.id.slice(0, 8)}
      </a>
      <StatePill state={actor.state} status={actor.status} />
      <span class="cut">{actor.why ?? ''}</span>
      <span class="muted small">
        <Since at={actor.since} />
      </span>
    </div>
  );
}
