import type { SessionView } from '../../schemas/generated/contracts.ts';
import { connection, may } from '../api/connection.ts';
import { Act } from '../parts/act.tsx';
import { Later } from '../parts/later.tsx';
import { useLive } from '../parts/live-resource.ts';
import { Notice } from '../parts/notice.tsx';
import { StatePill } from '../parts/pill.tsx';
import { Screen } from '../parts/screen.tsx';
import { at } from '../state/cursor.ts';
import { href } from '../state/router.ts';

const ENDED = ['CLOSED', 'FAILED', 'CLOSING'];

/** Who drives what: every open session, its account, its browser, and the ways a person takes part. */
export function Sessions() {
  const found = useLive<{ items: SessionView[] }>(
    '/v1/sessions?limit=200',
    ({ payload }) => payload.actor.kind === 'session'
  );
  return (
    <>
      <h1>Sessions</h1>
      <Later found={found} what="sessions">
        {({ items }) => {
          const open = items.filter(({ state }) => !ENDED.includes(state));
          if (open.length === 0) {
            return (
              <Notice title="No session is open">
                <p>A command opens one by itself, and keeps it for the next of its account.</p>
              </Notice>
            );
          }
          return (
            <ul class="sessions">
              {open.map((session) => (
                <SessionCard key={session.session_id} session={session} done={found.again} />
              ))}
            </ul>
          );
        }}
      </Later>
    </>
  );
}

function SessionCard({ session, done }: { session: SessionView; done: () => void }) {
  const { session_id: id, state, queue } = session;
  const heading = `session-${id}`;
  const verb = (name: string, title: string) => (
    <Act method="POST" path={`/v1/sessions/${id}/${name}`} scope={`session:${name}`} done={done}>
      {title}
    </Act>
  );
  return (
    <li class="card" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>
          {session.account_id ?? 'no account'} <span class="muted">on {session.platform}</span>
        </h2>
        <StatePill state={state} />
      </header>
      <div class="body">
        <Screen session={session} />
        <dl class="facts">
          <div>
            <dt>session</dt>
            <dd>
              <a class="mono" href={href('actors', 'session', id)}>
                {id.slice(0, 8)}
              </a>
            </dd>
          </div>
          <div>
            <dt>drives</dt>
            <dd>
              <Driver session={session} />
            </dd>
          </div>
          {session.why !== null && (
            <div>
              <dt>why</dt>
              <dd>{session.why}</dd>
            </div>
          )}
          {session.needs && (
            <div>
              <dt>needs</dt>
              <dd>{session.needs.message}</dd>
            </div>
          )}
          <div>
            <dt>browser</dt>
            <dd>
              {session.driver ? (
                <a class="mono" href={href('actors', 'driver', session.driver.slot)}>
                  {session.driver.slot}
                </a>
              ) : (
                <span class="muted">none</span>
              )}
            </dd>
          </div>
          <div>
            <dt>waiting</dt>
            <dd>{queue.length === 0 ? <span class="muted">nothing</span> : `${queue.length} commands`}</dd>
          </div>
        </dl>
        <span class="row">
          {state === 'PAUSED_BY_HUMAN' && verb('resume', 'Resume')}
          {!['PAUSED_BY_HUMAN', 'HUMAN_DRIVING'].includes(state) && verb('pause', 'Pause')}
          {state === 'HUMAN_DRIVING' ? verb('handback', 'Hand back') : verb('takeover', 'Take over')}
          {state === 'HUMAN_DRIVING' && may('session:drive') && !connection.value?.stub && at.value === null && (
            <a class="button" href={`/v1/sessions/${id}/view`} target="_blank" rel="noreferrer">
              Open its window
            </a>
          )}
          <Act
            method="DELETE"
            path={`/v1/sessions/${id}`}
            scope="session:close"
            kind="danger"
            confirm="Close this session? What runs in it is finished first, what waits is refused."
            done={done}
          >
            Close
          </Act>
        </span>
      </div>
    </li>
  );
}

/** A person, a command, or nobody. */
function Driver({ session: { driven_by, current_command_id, state } }: { session: SessionView }) {
  if (state === 'HUMAN_DRIVING') return <b>{driven_by ?? 'a person'}</b>;
  if (current_command_id === null) return <span class="muted">nobody</span>;
  return (
    <a class="mono" href={href('actors', 'command', current_command_id)}>
      command/{current_command_id.slice(0, 8)}
    </a>
  );
}
