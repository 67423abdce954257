import { Notice } from '../parts/notice.tsx';
import { StatePill } from '../parts/pill.tsx';
import { Since } from '../parts/time.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { isReading, past, shown } from '../state/past.ts';
import { href, query } from '../state/router.ts';
import { shortId } from '../state/short-id.ts';
import type { Tone } from '../state/tone.ts';
import type { LiveActor } from '../state/world.ts';

const TONES: [Tone | '', string][] = [
  ['', 'All'],
  ['run', 'Running'],
  ['ask', 'Wait for a person'],
  ['wait', 'Wait their turn'],
  ['bad', 'In trouble']
];

/** Everything that lives, longest in its state first; `?tone=` keeps what is so. */
export function Actors() {
  const tone = query.value.get('tone') ?? '';
  const all = shown();
  const listed = [...(tone === '' ? all.living() : all.toned(tone as Tone)).values()];
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
      {past.value?.isCut && (
        <p class="muted small">Of those that were there, {all.size} are listed; Machines counts all of them.</p>
      )}
      {listed.length === 0 ? (
        <Notice title={isReading() ? 'Reading what lives…' : 'Nothing is so now'} />
      ) : (
        <div class="card">
          <VirtualList
            class="tall"
            label="Actors"
            rowHeight={40}
            items={listed}
            keyOf={(actor) => actor.address}
            render={({ address }) => <ActorRow actor={shown().get(address)} />}
          />
        </div>
      )}
    </>
  );
}

/** As it is now, also in a list that is held. */
function ActorRow({ actor }: { actor: LiveActor | undefined }) {
  if (!actor) return null;
  return (
    <div class="attention-row">
      <a href={href('actors', actor.kind, actor.id)} class="mono cut">
        {actor.kind}/{shortId(actor.id)}
      </a>
      <StatePill state={actor.state} status={actor.status} />
      <span class="cut">{actor.why ?? ''}</span>
      <span class="muted small">
        <Since at={actor.since} />
      </span>
    </div>
  );
}
