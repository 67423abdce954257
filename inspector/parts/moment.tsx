import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import { JsonTree } from './json-tree.tsx';
import { StatePill } from './pill.tsx';

/** What an actor did at a moment that is over. */
export function Moment({ row }: { row: EventEnvelope | undefined }) {
  return (
    <section class="card" aria-labelledby="then">
      <header>
        <h2 id="then">Then</h2>
        <span class="muted small">as the log has it</span>
      </header>
      <div class="body stack">
        {row ? (
          <>
            <p class="row">
              <span class="mono">{row.payload.event}</span>
              <span aria-hidden="true">→</span>
              <StatePill state={row.payload.to} />
            </p>
            {row.payload.why && <p>{row.payload.why}</p>}
            <JsonTree value={row.payload} />
          </>
        ) : (
          <p>It was not there yet at that cursor.</p>
        )}
      </div>
    </section>
  );
}
