import type { Diagram as Picture } from '../../schemas/generated/contracts.ts';
import { Diagram } from '../parts/diagram.tsx';
import { MachineExports } from '../parts/exports.tsx';
import { Notice } from '../parts/notice.tsx';
import { resource } from '../parts/resource.ts';
import { shownIn, statesOf } from '../state/past.ts';
import { href, place } from '../state/router.ts';

interface Summary {
  kind: string;
  version: string;
  durable: boolean;
  live: Record<string, number>;
}

/** Every kind there is, and the statechart of one: how many are where. */
export function Machines() {
  const list = resource<{ items: Summary[] }>('/v1/machines').value;
  if (list.state === 'loading') return <Notice title="Reading the machines…" role="status" whole />;
  if (list.state === 'failed')
    return (
      <Notice title="The machines cannot be read" role="alert" whole>
        {list.why}
      </Notice>
    );
  const { items } = list.value;
  const kind = place.value[1] ?? items[0]?.kind ?? '';
  return (
    <>
      <h1>Machines</h1>
      <nav class="tabs" aria-label="Kinds">
        {items.map((machine) => (
          <a
            key={machine.kind}
            href={href('machines', machine.kind)}
            aria-current={machine.kind === kind ? 'page' : undefined}
          >
            {machine.kind} <span class="muted">{shownIn(machine.kind)}</span>
          </a>
        ))}
      </nav>
      <MachineExports kind={kind} />
      <MachinePicture kind={kind} />
    </>
  );
}

function MachinePicture({ kind }: { kind: string }) {
  const picture = resource<Picture>(`/v1/machines/${encodeURIComponent(kind)}/diagram`).value;
  if (picture.state === 'loading') return <Notice title="Laying it out…" role="status" />;
  if (picture.state === 'failed')
    return (
      <Notice title="There is no picture of it" role="alert">
        {picture.why}
      </Notice>
    );
  const counts: Record<string, number> = {};
  for (const [state, count] of statesOf(kind)) {
    for (const path of pathsIn(state)) counts[path] = (counts[path] ?? 0) + count;
  }
  return <Diagram picture={picture.value} state={null} counts={counts} label={`Statechart of ${kind}`} />;
}

/** `RUNNING.PREPARING` is in RUNNING too. */
function pathsIn(state: string): Set<string> {
  const regions = state.split(',').map((region) => region.split('.'));
  return new Set(regions.flatMap((keys) => keys.map((_, at) => keys.slice(0, at + 1).join('.'))));
}
