import { signal } from '@preact/signals';
import type { DiagramEdge, Diagram as Picture, TransitionUse } from '../../schemas/generated/contracts.ts';

/** Whose counts are drawn. */
export type HeatOf = 'none' | 'production' | 'tests' | 'both';

const CHOICES: [HeatOf, string][] = [
  ['none', 'No heat'],
  ['production', 'Production'],
  ['tests', 'Tests'],
  ['both', 'Both']
];

export const heatOf = signal<HeatOf>('both');
/** The arrow whose row of the table is pointed at or has the focus. */
export const pointedEdge = signal<string | null>(null);

export interface EdgeHeat {
  production: number;
  tests: number;
  /** 0 to 1, of those that are drawn; the coldest that was taken at all is not 0. */
  warmth: number;
  /** Tests are drawn and took none of it. */
  untested: boolean;
}

/** Edge id → how often what the arrow stands for was taken. */
export function heatOfEdges({ edges }: Picture, taken: readonly TransitionUse[], of: HeatOf): Map<string, EdgeHeat> {
  if (of === 'none') return new Map();
  const counts = edges.map((edge) => ({ edge, ...countsOf(edge, taken) }));
  const drawn = (one: { production: number; tests: number }) => (of === 'both' ? one.production + one.tests : one[of]);
  const most = Math.max(1, ...counts.map(drawn));
  return new Map(
    counts.map(({ edge, production, tests }) => {
      const count = drawn({ production, tests });
      // From one to a million: what is taken ten times as often is a step warmer.
      const warmth = count === 0 ? 0 : 0.15 + (0.85 * Math.log1p(count)) / Math.log1p(most);
      return [edge.id, { production, tests, warmth, untested: of !== 'production' && tests === 0 }];
    })
  );
}

function countsOf({ source, target, transitions }: DiagramEdge, taken: readonly TransitionUse[]) {
  const own = taken.filter(
    (use) =>
      use.source === source &&
      use.targets.includes(target) &&
      transitions.some(({ event, guard }) => event === use.event && guard === use.guard)
  );
  const sum = (of: 'production' | 'tests') => own.reduce((total, use) => total + use[of], 0);
  return { production: sum('production'), tests: sum('tests') };
}

/** Which counts are drawn, what the colours say, and how much of the machine the tests took. */
export function HeatLegend({
  taken,
  version,
  testedVersion
}: {
  taken: readonly TransitionUse[];
  version: string;
  testedVersion: string | null;
}) {
  const of = heatOf.value;
  const leading = taken.filter(({ targets }) => targets.length > 0);
  const tested = leading.filter(({ tests }) => tests > 0).length;
  return (
    <fieldset class="heat-legend">
      <legend class="visually-hidden">Heat</legend>
      {CHOICES.map(([name, title]) => (
        <label key={name}>
          <input type="radio" name="heat" checked={of === name} onChange={() => (heatOf.value = name)} />
          {title}
        </label>
      ))}
      {of !== 'none' && (
        <span class="heat-scale small muted">
          never <i /> often
        </span>
      )}
      {(of === 'tests' || of === 'both') && (
        <span class="small muted">
          <i class="heat-untested" /> never by tests
          {testedVersion === null
            ? '; none of this kind are known'
            : `: ${leading.length - tested} of ${leading.length}${testedVersion === version ? '' : ', of another version'}`}
        </span>
      )}
    </fieldset>
  );
}

/** The same as numbers, for who reads instead of looks. */
export function HeatTable({ taken }: { taken: readonly TransitionUse[] }) {
  return (
    <details class="card heat-table">
      <summary>Every transition, and how often it was taken</summary>
      <div class="table-card">
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">Event</th>
              <th scope="col">To</th>
              <th scope="col">Production</th>
              <th scope="col">Tests</th>
            </tr>
          </thead>
          <tbody>
            {taken.map((use) => (
              <tr key={`${use.source} ${use.event} ${use.guard} ${use.targets}`}>
                <td class="mono">
                  <RowButton use={use} />
                </td>
                <td class="mono">
                  {use.event === '' ? 'at once' : use.event}
                  {use.guard !== undefined && <span class="muted"> [{use.guard}]</span>}
                </td>
                <td class="mono">{use.targets.map(short).join(', ') || <span class="muted">stays</span>}</td>
                <td>{use.production}</td>
                <td>{use.tests === 0 ? <span class="heat-never">never</span> : use.tests}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** Shows its arrow in the picture for as long as it is pointed at. */
function RowButton({ use: { source, targets } }: { use: TransitionUse }) {
  const point = () => {
    pointedEdge.value = targets.length === 0 ? null : `${source} → ${targets[0]}`;
  };
  const away = () => {
    pointedEdge.value = null;
  };
  return (
    <button type="button" class="button quiet" onFocus={point} onBlur={away} onMouseEnter={point} onMouseLeave={away}>
      {short(source)}
    </button>
  );
}

/** Without the machine's own name before it. */
const short = (id: string) => id.slice(id.indexOf('.') + 1);
