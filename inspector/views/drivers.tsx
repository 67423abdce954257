import type { ActorSummary, SessionView } from '../../schemas/generated/contracts.ts';
import { Later } from '../parts/later.tsx';
import { useLive } from '../parts/live-resource.ts';
import { Notice } from '../parts/notice.tsx';
import { StatePill } from '../parts/pill.tsx';
import { Since } from '../parts/time.tsx';
import { href } from '../state/router.ts';

type Shows = Record<string, string | number | null | undefined>;

/** The browsers there may be at a time: which is up, for whom, and what its health has against it. */
export function Drivers() {
  const drivers = useLive<{ items: ActorSummary[] }>('/v1/actors?kind=driver&limit=100', concernsDriver);
  const sessions = useLive<{ items: SessionView[] }>('/v1/sessions?limit=200', ({ payload }) =>
    ['session', 'driver'].includes(payload.actor.kind)
  );
  const inSlot = new Map(
    sessions.state === 'here'
      ? sessions.value.items.flatMap((session) => (session.driver ? [[session.driver.slot, session] as const] : []))
      : []
  );
  return (
    <>
      <h1>Drivers</h1>
      <Later found={drivers} what="drivers">
        {({ items }) =>
          items.length === 0 ? (
            <Notice title="There is no slot">
              <p>
                <code>troupe start --slots N</code> makes room for N browsers at a time.
              </p>
            </Notice>
          ) : (
            <div class="card table-card">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Slot</th>
                    <th scope="col">State</th>
                    <th scope="col">Health</th>
                    <th scope="col">Session</th>
                    <th scope="col">Up for</th>
                    <th scope="col">Memory</th>
                    <th scope="col">Sessions so far</th>
                    <th scope="col">Faults</th>
                    <th scope="col">Why</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((driver) => (
                    <DriverRow key={driver.id} driver={driver} session={inSlot.get(driver.id)} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Later>
    </>
  );
}

const concernsDriver = ({ payload }: { payload: { actor: { kind: string } } }) => payload.actor.kind === 'driver';

function DriverRow({ driver, session }: { driver: ActorSummary; session: SessionView | undefined }) {
  const whole = useLive<ActorSummary>(
    `/v1/actors/driver/${encodeURIComponent(driver.id)}`,
    ({ payload }) => payload.actor.kind === 'driver' && payload.actor.id === driver.id
  );
  const shows = (whole.state === 'here' ? (whole.value.shows as Shows | undefined) : undefined) ?? {};
  const faults = [shows.suspicion, shows.code, shows.worn].filter((one) => one !== null && one !== undefined);
  return (
    <tr>
      <td>
        <a class="mono" href={href('actors', 'driver', driver.id)}>
          {driver.id}
        </a>
      </td>
      <td>
        <StatePill state={region(driver.state, 'slot')} />
      </td>
      <td>{region(driver.state, 'health')}</td>
      <td>
        {session ? (
          <>
            <a class="mono" href={href('actors', 'session', session.session_id)}>
              {session.session_id.slice(0, 8)}
            </a>{' '}
            <span class="muted small">{session.account_id}</span>
          </>
        ) : (
          <span class="muted">none</span>
        )}
      </td>
      <td>
        {typeof shows.up_since_ms === 'number' ? <Since at={shows.up_since_ms} /> : <span class="muted">down</span>}
      </td>
      <td>
        {typeof shows.resident_bytes === 'number' ? (
          `${Math.round(shows.resident_bytes / 1_048_576)} MB`
        ) : (
          <span class="muted">unknown</span>
        )}
      </td>
      <td>{shows.sessions}</td>
      <td>{faults.length === 0 ? <span class="muted">none</span> : faults.join(', ')}</td>
      <td>{driver.why}</td>
    </tr>
  );
}

/** `READY.idle` of `health.healthy,slot.READY.idle`. */
const region = (state: string, name: string) =>
  state
    .split(',')
    .find((one) => one.startsWith(`${name}.`))
    ?.slice(name.length + 1) ?? state;
