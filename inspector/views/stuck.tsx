import { Later } from '../parts/later.tsx';
import { Notice } from '../parts/notice.tsx';
import { StatePill } from '../parts/pill.tsx';
import { Ahead, Since, span } from '../parts/time.tsx';
import { href } from '../state/router.ts';
import { type Stuck as StuckOne, stuck } from '../state/stuck.ts';

/** Who has been in a state for longer than 99 of 100 before: since when, why, and what is usual there. */
export function Stuck() {
  return (
    <>
      <h1>Stuck</h1>
      <p class="muted">
        In their state for longer than 99 of 100 before them; where too few have been there to say, past its deadline.
        Longest first.
      </p>
      <Later found={stuck.value} what="who is stuck">
        {({ items, total }) =>
          items.length === 0 ? (
            <Notice title="Nobody is stuck">
              <p>Everybody is where others have been for as long.</p>
            </Notice>
          ) : (
            <>
              <div class="card table-card">
                <table class="stuck">
                  <caption class="visually-hidden">Actors that are stuck, longest first</caption>
                  <thead>
                    <tr>
                      <th scope="col">Actor</th>
                      <th scope="col">State</th>
                      <th scope="col">For</th>
                      <th scope="col">Usual</th>
                      <th scope="col">Deadline</th>
                      <th scope="col">Why</th>
                    </tr>
                  </thead>
                  <tbody>
                    {items.map((one) => (
                      <StuckRow key={one.actor.address} one={one} />
                    ))}
                  </tbody>
                </table>
              </div>
              {total > items.length && (
                <p class="muted small">
                  These are the first {items.length} of {total}.
                </p>
              )}
            </>
          )
        }
      </Later>
    </>
  );
}

function StuckRow({ one }: { one: StuckOne }) {
  const { actor, account_id, platform, sinceHere } = one;
  return (
    <tr>
      <th scope="row">
        <a class="mono" href={href('actors', actor.kind, actor.id)}>
          {actor.kind}/{actor.id.length > 12 ? actor.id.slice(0, 8) : actor.id}
        </a>
        {account_id !== null && (
          <span class="muted small stuck-whose">
            {account_id}
            {platform === null ? '' : ` on ${platform}`}
          </span>
        )}
      </th>
      <td>
        <StatePill state={actor.state} status={actor.status} />
      </td>
      <td class="stuck-for">
        <Since at={sinceHere} />
      </td>
      <td class="small">
        <Usual one={one} />
      </td>
      <td>
        {actor.deadline_at === null ? <span class="muted">none</span> : <Ahead at={Date.parse(actor.deadline_at)} />}
      </td>
      <td>{actor.why ?? <span class="muted">it does not say</span>}</td>
    </tr>
  );
}

function Usual({ one: { usual, limit_ms } }: { one: StuckOne }) {
  const known = usual.samples === 1 ? '1 stay is' : `${usual.samples} stays are`;
  if (usual.p50_ms === null || usual.p99_ms === null) {
    return (
      <>
        {known} too few to say; its deadline was {span(limit_ms)}
      </>
    );
  }
  return (
    <>
      half within {span(usual.p50_ms)}, 99 of 100 within {span(usual.p99_ms)}{' '}
      <span class="muted">of {usual.samples} stays</span>
    </>
  );
}
