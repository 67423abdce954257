import type { ActorSummary } from '../../schemas/generated/contracts.ts';
import { shown } from '../state/past.ts';
import { href } from '../state/router.ts';
import { Offers } from './offers.tsx';
import { StatePill } from './pill.tsx';
import { duration, now, Since } from './time.tsx';

/** Beside an actor's picture: what it waits for, what one may do about it, whom it has to do with. */
export function ActorPanel({ actor, done }: { actor: ActorSummary; done: () => void }) {
  const { offers = [], relatives = [], running = [] } = actor;
  const told = new Set(offers.map(({ event }) => event));
  const others = actor.accepts.filter((event) => !told.has(event));
  return (
    <>
      {(actor.why !== null || actor.deadline_at !== null) && (
        <section class="card" aria-labelledby="waits">
          <header>
            <h2 id="waits">Waits</h2>
          </header>
          <div class="body">
            {actor.why !== null && <p>{actor.why}</p>}
            {actor.deadline_at !== null && <Deadline at={Date.parse(actor.deadline_at)} />}
          </div>
        </section>
      )}
      {offers.length > 0 && (
        <section class="card" aria-labelledby="may">
          <header>
            <h2 id="may">You may</h2>
          </header>
          <div class="body">
            <Offers offers={offers} done={done} />
          </div>
        </section>
      )}
      {actor.past && actor.accepts.length > 0 && (
        <section class="card" aria-labelledby="took">
          <header>
            <h2 id="took">It took then</h2>
          </header>
          <div class="body row">
            {actor.accepts.map((event) => (
              <button key={event} type="button" class="button mono" disabled>
                {event}
              </button>
            ))}
          </div>
        </section>
      )}
      {(actor.past?.unknown ?? []).map(({ field, why }) => (
        <p key={field} class="muted small">
          What it {field}: {why}.
        </p>
      ))}
      {relatives.length > 0 && (
        <section class="card" aria-labelledby="relatives">
          <header>
            <h2 id="relatives">Relatives</h2>
          </header>
          <ul class="relatives">
            {relatives.map(({ as, address }) => (
              <Relative key={address} as={as} address={address} />
            ))}
          </ul>
        </section>
      )}
      <section class="card" aria-label="Facts">
        <dl class="facts body">
          {running.length > 0 && (
            <div>
              <dt>works on</dt>
              <dd class="mono small">{running.join(', ')}</dd>
            </div>
          )}
          <div>
            <dt>hears too</dt>
            <dd class="mono small">{others.join(', ') || 'nothing'}</dd>
          </div>
          <div>
            <dt>steps</dt>
            <dd>{actor.step}</dd>
          </div>
          <div>
            <dt>made</dt>
            <dd>
              <Since at={Date.parse(actor.created_at)} /> ago
            </dd>
          </div>
          <div>
            <dt>version</dt>
            <dd class="mono small">{actor.version}</dd>
          </div>
        </dl>
      </section>
    </>
  );
}

/** What happens when nobody does anything comes then. */
function Deadline({ at }: { at: number }) {
  const left = at - now.value;
  return (
    <p>
      <b class={left < 60_000 ? 'failure' : ''}>{left <= 0 ? 'due now' : `${countdown(left)} left`}</b>{' '}
      <time class="muted small" dateTime={new Date(at).toISOString()}>
        until {new Date(at).toLocaleString()}
      </time>
    </p>
  );
}

/** `1:05` under an hour; then as long as it is. */
function countdown(ms: number): string {
  if (ms >= 3_600_000) return duration(ms);
  const seconds = Math.ceil(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function Relative({ as, address }: { as: string; address: string }) {
  const [kind = '', ...rest] = address.split('/');
  const id = rest.join('/');
  const known = shown().get(address);
  return (
    <li>
      <span class="muted small">{as}</span>
      <a class="mono" href={href('actors', kind, id)}>
        {kind}/{id.length > 12 ? id.slice(0, 8) : id}
      </a>
      {known && <StatePill state={known.state} status={known.status} />}
    </li>
  );
}
