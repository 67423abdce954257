import type { SessionView } from '../../schemas/generated/contracts.ts';
import { Act } from '../parts/act.tsx';
import { Later } from '../parts/later.tsx';
import { useLive } from '../parts/live-resource.ts';
import { Notice } from '../parts/notice.tsx';
import { StatePill } from '../parts/pill.tsx';
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
            <div class="card table-card">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Session</th>
                    <th scope="col">Account</th>
                    <th scope="col">State</th>
                    <th scope="col">Why</th>
                    <th scope="col">Browser</th>
                    <th scope="col">Waiting</th>
                    <th scope="col">You may</th>
                  </tr>
                </thead>
                <tbody>
                  {open.map((session) => (
                    <SessionRow key={session.session_id} session={session} done={found.again} />
                  ))}
                </tbody>
              </table>
            </div>
          );
        }}
      </Later>
    </>
  );
}

function SessionRow({ session, done }: { session: SessionView; done: () => void }) {
  const { session_id: id, state } = session;
  const verb = (name: string, title: string) => (
    <Act method="POST" path={`/v1/sessions/${id}/${name}`} scope={`session:${name}`} done={done}>
      {title}
    </Act>
  );
  return (
    <tr>
      <td>
        <a class="mono" href={href('actors', 'session', id)}>
          {id.slice(0, 8)}
        </a>
      </td>
      <td>
        {session.account_id ?? <span class="muted">none</span>} <span class="muted small">{session.platform}</span>
      </td>
      <td>
        <StatePill state={state} />
      </td>
      <td>{session.why}</td>
      <td class="mono">{session.driver?.slot ?? <span class="muted">none</span>}</td>
      <td>{session.queue.length}</td>
      <td>
        <span class="row">
          {state === 'PAUSED_BY_HUMAN' ? verb('resume', 'Resume') : verb('pause', 'Pause')}
          {state === 'HUMAN_DRIVING' ? verb('handback', 'Hand back') : verb('takeover', 'Take over')}
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
      </td>
    </tr>
  );
}
