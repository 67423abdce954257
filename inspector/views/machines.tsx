import { useMemo } from 'preact/hooks';
import type { MachineSummary, Diagram as Picture } from '../../schemas/generated/contracts.ts';
import { Diagram } from '../parts/diagram.tsx';
import { MachineExports } from '../parts/exports.tsx';
import { HeatLegend, HeatTable, heatOf, heatOfEdges, pointedEdge } from '../parts/heat.tsx';
import { useLive } from '../parts/live-resource.ts';
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

/** Counts that grow all the time need not be read all the time. */
const HEAT_PACE_MS = 3_000;

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
      <MachinePicture key={kind} kind={kind} />
    </>
  );
}

function MachinePicture({ kind }: { kind: string }) {
  const picture = resource<Picture>(`/v1/machines/${encodeURIComponent(kind)}/diagram`).value;
  const machine = useLive<MachineSummary>(
    `/v1/machines/${encodeURIComponent(kind)}`,
    ({ payload }) => payload.actor.kind === kind,
    HEAT_PACE_MS
  );
  const taken = machine.state === 'here' ? (machine.value.taken ?? []) : undefined;
  const heat = useMemo(
    () => (picture.state === 'here' && taken ? heatOfEdges(picture.value, taken, heatOf.value) : undefined),
    [picture, taken, heatOf.value]
  );
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
  return (
    <>
      {machine.state === 'here' && taken && (
        <HeatLegend
          taken={taken}
          version={machine.value.version}
          testedVersion={machine.value.tested_version ?? null}
        />
      )}
      <Diagram
        picture={picture.value}
        state={null}
        counts={counts}
        label={`Statechart of ${kind}`}
        {...(heat && heatOf.value !== 'none' ? { heat, pointed: pointedEdge.value } : {})}
      />
      {taken && <HeatTable taken={taken} />}
    </>
  );
}

/** `RUNNING.PREPARING` is in RUNNING too. */
function pathsIn(state: string): Set<string> {
  const regions = state.split(',').map((region) => region.split('.'));
  return new Set(regions.flatMap((keys) => keys.map((_, at) => keys.slice(0, at + 1).join('.'))));
}
