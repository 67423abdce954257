import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { DiagramEdge, DiagramNode, Diagram as Picture } from '../../schemas/generated/contracts.ts';
import type { EdgeHeat } from './heat.tsx';
import { type Box, useViewBox } from './view-box.ts';

interface Props {
  picture: Picture;
  /** State path, regions joined by a comma; null lights nothing. */
  state: string | null;
  /** How it came there: lights the arrow it took. */
  last?: { from: string | null; to: string; event: string } | null;
  /** Edge id → how often it was taken. */
  heat?: ReadonlyMap<string, EdgeHeat>;
  /** An edge that somebody points at elsewhere on the page. */
  pointed?: string | null;
  /** State path → how many actors are there. */
  counts?: Readonly<Record<string, number>>;
  label: string;
}

/**
 * A machine as it was laid out. Drawn once: what changes with the actor are classes on what is there, so a state that
 * lights up moves nothing and a thousand transitions build no new picture.
 */
export function Diagram({ picture, state, last = null, heat, pointed = null, counts, label }: Props) {
  const svg = useRef<SVGSVGElement>(null);
  const drawing = useMemo(() => <Drawing picture={picture} />, [picture]);
  const active = useMemo(() => activeIds(picture, state), [picture, state]);
  const part = useMemo(() => around(picture, active), [picture, active]);
  const { box, scale, zoom, fit, follow } = useViewBox(svg, picture.width, picture.height, part);
  usePointing(svg, picture);
  const over = useEdgeUnderPointer(svg, picture);

  useEffect(() => {
    const root = svg.current;
    if (!root) return;
    for (const element of root.querySelectorAll('.d-node')) {
      element.classList.toggle('active', active.has(element.id));
    }
    const taken = last && edgeTaken(picture, last);
    for (const element of root.querySelectorAll<SVGElement>('.d-edge')) {
      const id = element.dataset.edge ?? '';
      element.classList.toggle('taken', id === taken?.id);
      const own = heat?.get(id);
      element.classList.toggle('untested', own?.untested === true);
      if (own === undefined) element.style.removeProperty('--heat');
      else element.style.setProperty('--heat', String(own.warmth));
    }
    for (const element of root.querySelectorAll<SVGTextElement>('.d-count')) {
      const count = counts?.[element.dataset.path ?? ''] ?? 0;
      const text = count === 0 ? '' : String(count);
      if (element.textContent === text) continue;
      element.textContent = text;
      element.parentElement?.classList.toggle('peopled', count > 0);
    }
  }, [picture, active, last, heat, counts]);

  useEffect(() => {
    for (const element of svg.current?.querySelectorAll<SVGElement>('.d-edge') ?? [])
      element.classList.toggle('chosen', element.dataset.edge === pointed);
  }, [picture, pointed]);

  return (
    <div class="diagram">
      <svg
        ref={svg}
        viewBox={box}
        role="img"
        aria-label={`${label}${state === null ? '' : `, in ${state}`}`}
        data-zoom={scale < FAR ? 'far' : scale < NEAR ? 'middle' : 'near'}
        style={{ '--scale': scale }}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move it, + and - zoom
        tabIndex={0}
      >
        <defs>
          <marker id="d-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 8 4 0 8z" class="d-head" />
          </marker>
        </defs>
        {drawing}
      </svg>
      {heat && <output class="d-counts small">{countsText(over ?? pointed, heat)}</output>}
      <div class="diagram-tools">
        <button type="button" class="button" onClick={() => zoom(1 / 1.3)} aria-label="Closer">
          +
        </button>
        <button type="button" class="button" onClick={() => zoom(1.3)} aria-label="Further away">
          −
        </button>
        <button type="button" class="button" onClick={fit}>
          Whole
        </button>
        {part !== null && (
          <button type="button" class="button" onClick={follow}>
            Where it is
          </button>
        )}
      </div>
    </div>
  );
}

/** Nothing but names can be read below the first, and names and notes but no labels below the second. */
const FAR = 0.35;
const NEAR = 0.6;

/** The arrows of the state under the pointer stand out. Classes alone: the picture is not drawn again. */
function usePointing(svg: { current: SVGSVGElement | null }, picture: Picture): void {
  useEffect(() => {
    const root = svg.current;
    if (!root) return;
    const ends = new Map(picture.edges.map(({ id, source, target }) => [id, [source, target]]));
    let pointed = '';
    const point = (id: string) => {
      if (id === pointed) return;
      pointed = id;
      root.toggleAttribute('data-pointing', id !== '');
      for (const edge of root.querySelectorAll<SVGElement>('.d-edge')) {
        edge.classList.toggle('pointed', id !== '' && !!ends.get(edge.dataset.edge ?? '')?.includes(id));
      }
    };
    const over = ({ target }: Event) => {
      const node = (target as Element).closest?.('.d-atomic, .d-final, .d-history');
      point(node?.id ?? '');
    };
    const away = () => point('');
    root.addEventListener('pointerover', over);
    root.addEventListener('pointerleave', away);
    return () => {
      root.removeEventListener('pointerover', over);
      root.removeEventListener('pointerleave', away);
    };
  }, [picture]);
}

/** Which arrow that is; null: none. */
function useEdgeUnderPointer(svg: { current: SVGSVGElement | null }, picture: Picture): string | null {
  const [edge, setEdge] = useState<string | null>(null);
  useEffect(() => {
    const root = svg.current;
    if (!root) return;
    const over = ({ target }: Event) =>
      setEdge((target as Element).closest?.<SVGElement>('.d-edge')?.dataset.edge ?? null);
    const away = () => setEdge(null);
    root.addEventListener('pointerover', over);
    root.addEventListener('pointerleave', away);
    return () => {
      root.removeEventListener('pointerover', over);
      root.removeEventListener('pointerleave', away);
    };
  }, [picture]);
  return edge;
}

function countsText(edge: string | null, heat: ReadonlyMap<string, EdgeHeat>): string {
  const own = edge === null ? undefined : heat.get(edge);
  if (!own) return '';
  const times = (count: number) => (count === 0 ? 'never' : count === 1 ? 'once' : `${count} times`);
  return `${edge}: production ${times(own.production)}, tests ${times(own.tests)}`;
}

/** The innermost active states and those one arrow away from them; null when none is active. */
function around({ nodes, edges }: Picture, active: Set<string>): Box | null {
  const inner = nodes.filter(
    ({ id, path }) =>
      active.has(id) &&
      !nodes.some(
        (other) => active.has(other.id) && other.path.startsWith(path === '' ? '' : `${path}.`) && other.id !== id
      )
  );
  if (inner.length === 0) return null;
  const own = new Set(inner.map(({ id }) => id));
  const next = new Set(
    edges.flatMap(({ source, target }) => (own.has(source) || own.has(target) ? [source, target] : []))
  );
  const centre = boundsOf(inner);
  const near = nodes
    .filter(({ id, type }) => next.has(id) && (type === 'atomic' || type === 'final'))
    .sort((a, b) => distance(a, centre) - distance(b, centre));
  // Far ones are a long arrow away: what they would add is emptiness, and letters too small to read.
  return near.reduce<Box>((box, node) => {
    const wider = boundsOf([box, node]);
    return wider.width <= MOST.width && wider.height <= MOST.height ? wider : box;
  }, centre);
}

const MOST = { width: 680, height: 440 };

function boundsOf(boxes: Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y
  };
}

const distance = (a: Box, b: Box) =>
  Math.hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2);

function Drawing({ picture }: { picture: Picture }) {
  return (
    <>
      {picture.nodes.map((node) => (
        <Node key={node.id} node={node} />
      ))}
      {picture.edges.map((edge) => (
        <Edge key={edge.id} edge={edge} />
      ))}
    </>
  );
}

function Node({ node }: { node: DiagramNode }) {
  const { x, y, width, height, type } = node;
  if (type === 'history') {
    return (
      <g id={node.id} class="d-node d-history">
        <circle cx={x + width / 2} cy={y + height / 2} r={width / 2} />
        <text x={x + width / 2} y={y + height / 2 + 4} text-anchor="middle">
          H
        </text>
      </g>
    );
  }
  return (
    <g id={node.id} class={`d-node d-${type}`}>
      {node.description !== undefined && <title>{node.description}</title>}
      <rect x={x} y={y} width={width} height={height} rx={6} />
      {type === 'final' && <rect x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={4} />}
      {node.initial && <circle class="d-initial" cx={x + 1} cy={y + 1} r={5} />}
      <text class="d-title" x={x + 12} y={y + 18}>
        {node.key}
      </text>
      <text class="d-count" data-path={node.path} x={x + width - 10} y={y + 18} text-anchor="end" />
      {node.notes.map(({ kind, text }, line) => (
        <text key={`${kind} ${text}`} class={`d-note d-${kind}`} x={x + 12} y={y + 36 + line * 16}>
          {MARKS[kind]} {text}
        </text>
      ))}
    </g>
  );
}

/** Its work, on the way in, on the way out, takes and stays. */
const MARKS = { invoke: '⚙', entry: '↳', exit: '↱', takes: '↻' };

function Edge({ edge }: { edge: DiagramEdge }) {
  const { label, points, transitions } = edge;
  const way = rounded(points as [number, number][]);
  return (
    <g class={`d-edge d-by-${transitions[0]?.kind}`} data-edge={edge.id}>
      <path d={way} marker-end="url(#d-arrow)" />
      <path d={way} class="d-reach" />
      {label && (
        <text class="d-label" x={label.x + 4} y={label.y}>
          {transitions.map(({ text }, line) => (
            <tspan key={`${line} ${text}`} x={label.x + 4} dy={line === 0 ? 12 : 16}>
              {text}
            </tspan>
          ))}
        </text>
      )}
    </g>
  );
}

const BEND = 8;

/** Right angles with their corners taken off. */
function rounded(points: [number, number][]): string {
  return points
    .map(([x, y], at) => {
      const before = points[at - 1];
      const after = points[at + 1];
      if (!before) return `M${x} ${y}`;
      if (!after) return `L${x} ${y}`;
      const [inX, inY] = towards([x, y], before);
      const [outX, outY] = towards([x, y], after);
      return `L${inX} ${inY}Q${x} ${y} ${outX} ${outY}`;
    })
    .join('');
}

function towards([x, y]: [number, number], [toX, toY]: [number, number]): [number, number] {
  const length = Math.hypot(toX - x, toY - y) || 1;
  const part = Math.min(BEND, length / 2) / length;
  return [x + (toX - x) * part, y + (toY - y) * part];
}

/** The states a path names, and those around them: of `RUNNING.PREPARING.waiting` all three. */
function activeIds({ nodes }: Picture, state: string | null): Set<string> {
  if (state === null) return new Set();
  const paths = new Set(['']);
  for (const region of state.split(',')) {
    const keys = region.split('.');
    keys.forEach((_, at) => {
      paths.add(keys.slice(0, at + 1).join('.'));
    });
  }
  return new Set(nodes.filter(({ path }) => paths.has(path)).map(({ id }) => id));
}

/** The arrow of a row of the log: it starts at the state that was left or one around it, and has the row's event. */
export function edgeTaken(
  picture: Picture,
  { from, to, event }: { from: string | null; to: string; event: string }
): DiagramEdge | undefined {
  const left = activeIds(picture, from);
  const entered = activeIds(picture, to);
  const able = picture.edges.filter(({ source, target }) => left.has(source) && entered.has(target));
  return (
    able.find(({ transitions }) => transitions.some((one) => one.event === event)) ??
    able.find(({ transitions }) => transitions.some(({ kind }) => kind === 'always'))
  );
}
