import type { Flow } from '../../schemas/generated/contracts.ts';
import { JsonTree } from '../parts/json-tree.tsx';
import { Later } from '../parts/later.tsx';
import { resource } from '../parts/resource.ts';
import { place } from '../state/router.ts';

/** One flow: what it takes, and what it does in which order. */
export function FlowView() {
  const name = place.value[1] ?? '';
  const flow = resource<Flow>(`/v1/flows/${encodeURIComponent(name)}`).value;
  return (
    <Later found={flow} what={`the flow ${name}`} whole>
      {(found) => (
        <>
          <header class="row">
            <h1>{found.title ?? found.name}</h1>
            <span class="muted mono">
              {found.name} {found.version === undefined ? '' : `version ${found.version}`}
            </span>
          </header>
          <section class="card" aria-labelledby="params">
            <header>
              <h2 id="params">Takes</h2>
            </header>
            <div class="body">
              <JsonTree value={found.params ?? {}} />
            </div>
          </section>
          <section class="card" aria-labelledby="actions">
            <header>
              <h2 id="actions">Does</h2>
            </header>
            <div class="body">
              {found.actions.map((action) => (
                <article class="stack" key={action.attempt}>
                  <h3 class="row">
                    <span class="mono">{action.attempt}</span>
                    <span class={`pill tone-${action.effect === 'write' ? 'ask' : 'idle'}`}>{action.effect}</span>
                  </h3>
                  <JsonTree value={action} />
                </article>
              ))}
            </div>
          </section>
        </>
      )}
    </Later>
  );
}
