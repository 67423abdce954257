import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import { href } from '../state/router.ts';
import { shortId } from '../state/short-id.ts';
import { StatePill } from './pill.tsx';
import { clockTime } from './time.tsx';

/** One row of the log: when, who, from where to where, by what. `toMoment`: its link is to the actor as it was then. */
export function EventRow({ row, toMoment = false }: { row: EventEnvelope; toMoment?: boolean }) {
  const { actor, to, from, event } = row.payload;
  return (
    <a
      class={`event-row severity-${row.severity}`}
      data-cursor={row.cursor}
      href={href('actors', actor.kind, actor.id) + (toMoment ? `?at=${row.cursor}` : '')}
    >
      <span class="mono muted">{clockTime(row.emitted_at)}</span>
      <span class="event-type">{row.type}</span>
      <span class="mono">
        {actor.kind}/{shortId(actor.id)}
      </span>
      <span class="event-move">
        {from !== null && from !== to && <span class="muted">{from}</span>}
        {from !== null && from !== to && '→'}
        <StatePill state={to} />
      </span>
      <span class="muted mono">{event}</span>
    </a>
  );
}
