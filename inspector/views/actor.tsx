import type {
  ActorSummary,
  EventEnvelope,
  Diagram as Picture,
  SessionView
} from '../../schemas/generated/contracts.ts';
import { ActorPanel } from '../parts/actor-panel.tsx';
import { Diagram } from '../parts/diagram.tsx';
import { Effects } from '../parts/effects.tsx';
import { EventRow } from '../parts/event-row.tsx';
import { JsonTree } from '../parts/json-tree.tsx';
import { Later } from '../parts/later.tsx';
import { useLive } from '../parts/live-resource.ts';
import { Moment } from '../parts/moment.tsx';
import { Notice } from '../parts/notice.tsx';
import { StatePill } from '../parts/pill.tsx';
import { resource } from '../parts/resource.ts';
import { Screen } from '../parts/screen.tsx';
import { Since } from '../parts/time.tsx';
import { at } from '../state/cursor.ts';
import { href, place } from '../state/router.ts';

/** One actor: where it is in its machine, how it came there, what it waits for, and what it takes now. */
export function ActorView() {
  const [, kind = '', id = ''] = place.value;
  if (kind === '' || id === '') return <Notice title="Which actor?" />;
  return <Actor key={`${kind}/${id}`} kind={kind} id={id} />;
}

function Actor({ kind, id }: { kind: string; id: string }) {
  const path = `/v1/actors/${encodeURIComponent(kind)}/${encodeURIComponent(id)}`;
  const actor = useLive<ActorSummary>(path, ({ payload }) => payload.actor.kind === kind && payload.actor.id === id);
  const picture = resource<Picture>(`/v1/machines/${encodeURIComponent(kind)}/diagram`).value;
  const cursor = at.value;
  return (
    <Later found={actor} what={`${kind}/${id}`} whole>
      {(found) => (
        <>
          <header class="row">
            <h1 class="mono">
              {kind}/{id.length > 12 ? id.slice(0, 8) : id}
            </h1>
            <StatePill state={found.state} status={found.status} />
            {cursor === null ? (
              <span class="muted">
                for <Since at={Date.parse(found.entered_at)} />
              </span>
            ) : (
              <span class="muted">as it was at cursor {found.past?.cursor ?? cursor}</span>
            )}
          </header>
          {(kind === 'command' || kind === 'session') && (
            <p>
              <a href={`${href('sequence')}?${kind}_id=${encodeURIComponent(id)}`}>Who told whom</a>
            </p>
          )}
          <div class="two">
            {picture.state === 'here' ? (
              <Diagram
                picture={picture.value}
                state={found.state}
                last={lastMove(found)}
                label={`Statechart of ${kind}`}
              />
            ) : (
              <Notice title="Laying it out…" role="status" />
            )}
            <aside class="stack">
              {cursor === null && kind === 'session' && <Window id={id} />}
              {cursor !== null && <Moment row={found.transitions?.at(-1)} />}
              <ActorPanel actor={found} done={actor.again} />
            </aside>
          </div>
          {picture.state === 'here' && found.past && picture.value.version !== found.version && (
            <p class="muted small">
              The picture is of version {picture.value.version}; it was of version {found.version} then.
            </p>
          )}
          {kind === 'command' && <Effects id={id} />}
          {found.context && (
            <section class="card" aria-labelledby="context">
              <header>
                <h2 id="context">Context</h2>
                <span class="muted small">what it works with; secrets are masked</span>
              </header>
              <div class="body">
                <JsonTree value={found.context} />
              </div>
            </section>
          )}
          <section class="card" aria-labelledby="path">
            <header>
              <h2 id="path">How it came here</h2>
              <span class="muted small">the last {found.transitions?.length ?? 0} events</span>
            </header>
            {[...(found.transitions ?? [])].reverse().map((row) => (
              <div class="static-row" key={row.cursor}>
                <EventRow row={row} toMoment />
              </div>
            ))}
          </section>
        </>
      )}
    </Later>
  );
}

/** Of a session: what its browser shows. */
function Window({ id }: { id: string }) {
  const session = useLive<SessionView>(
    `/v1/sessions/${encodeURIComponent(id)}`,
    ({ payload }) => payload.actor.kind === 'session' && payload.actor.id === id
  );
  return (
    <section class="card" aria-labelledby="window">
      <header>
        <h2 id="window">Window</h2>
      </header>
      <div class="body">
        <Later found={session} what="the session">
          {(found) => <Screen session={found} />}
        </Later>
      </div>
    </section>
  );
}

function lastMove({ transitions = [] }: ActorSummary) {
  const row = transitions.findLast(({ payload }: EventEnvelope) => payload.from !== payload.to);
  return row ? moveOf(row) : null;
}

const moveOf = ({ payload: { from, to, event } }: EventEnvelope) => ({ from, to, event });
