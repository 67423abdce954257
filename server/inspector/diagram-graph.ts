/** A machine's definition as a graph that ELK lays out, and the graph that comes back as a diagram. */
import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type {
  Diagram,
  DiagramEdge,
  DiagramNode,
  MachineNode,
  MachineTransition
} from '../../schemas/generated/contracts.ts';

type Line = DiagramEdge['transitions'][number];
type Note = DiagramNode['notes'][number];

/** Of the page's fonts (inspector/styles/diagram.css): a title's letter, a note's and a label's, a line. px */
const TITLE = { letter: 9.6, height: 24 };
/** Room beside a title for how many are there. */
const COUNT = 18;
const SMALL = { letter: 6.7, height: 16 };
const PADDING = 12;
const NOTE_LETTERS = 34;
const NOTE_LINES = 6;

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.spacing.nodeNodeBetweenLayers': '34',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '4'
};

interface Arrow {
  id: string;
  source: string;
  target: string;
  transitions: Line[];
}

export interface DiagramGraph {
  graph: ElkNode;
  nodes: Map<string, Omit<DiagramNode, 'x' | 'y' | 'width' | 'height'>>;
  arrows: Map<string, Arrow>;
}

export function diagramGraph(root: MachineNode): DiagramGraph {
  const nodes: DiagramGraph['nodes'] = new Map();
  const arrows: DiagramGraph['arrows'] = new Map();

  const visit = (node: MachineNode, path: string[], initial: boolean): ElkNode => {
    for (const { source, target, line } of arrowsOf(node)) {
      const id = `${source} → ${target}`;
      const arrow = arrows.get(id) ?? { id, source, target, transitions: [] };
      arrow.transitions.push(line);
      arrows.set(id, arrow);
    }
    const notes = notesOf(node);
    nodes.set(node.id, {
      id: node.id,
      path: path.join('.'),
      key: node.key,
      type: node.type,
      initial,
      ...(node.description === undefined ? {} : { description: node.description }),
      notes
    });
    const children = node.states.map((child) => visit(child, [...path, child.key], node.initial === child.key));
    const { width, height } = sizeOf(node, notes);
    if (children.length === 0) return { id: node.id, width, height };
    return {
      id: node.id,
      children,
      layoutOptions: {
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.padding': `[top=${height + 6},left=16,bottom=16,right=16]`,
        'elk.nodeSize.minimum': `(${width}, ${height})`
      }
    };
  };

  const graph: ElkNode = { id: '(diagram)', layoutOptions: OPTIONS, children: [visit(root, [], false)] };
  const order = new Map([...nodes.keys()].map((id, at) => [id, at]));
  // What is written first is where it begins and lies on top: an arrow back is laid out as one onward, see edgeOf.
  const ends = (source: string, target: string) => {
    const isOnward = (order.get(source) ?? 0) < (order.get(target) ?? 0);
    return isOnward ? { sources: [source], targets: [target] } : { sources: [target], targets: [source] };
  };
  graph.edges = [...arrows.values()].map(({ id, source, target, transitions }) => ({
    id,
    ...ends(source, target),
    labels: [
      {
        text: id,
        width: Math.max(...transitions.map(({ text }) => text.length)) * SMALL.letter + 8,
        height: transitions.length * SMALL.height,
        layoutOptions: { 'elk.edgeLabels.inline': 'false' }
      }
    ]
  }));
  return { graph, nodes, arrows };
}

/** What ELK placed, in the terms of the machine. */
export function diagramOf(
  kind: string,
  version: string,
  { nodes, arrows }: Pick<DiagramGraph, 'nodes' | 'arrows'>,
  laidOut: ElkNode
): Diagram {
  const placed: DiagramNode[] = [];
  const place = (node: ElkNode) => {
    const known = nodes.get(node.id);
    if (known) placed.push({ ...known, ...boxOf(node) });
    for (const child of node.children ?? []) place(child);
  };
  place(laidOut);
  const edges = (laidOut.edges ?? []).map((edge) => edgeOf(edge, arrows.get(edge.id) as Arrow));
  return { kind, version, width: round(laidOut.width), height: round(laidOut.height), nodes: placed, edges };
}

function edgeOf({ sources, sections, labels }: ElkExtendedEdge, arrow: Arrow): DiagramEdge {
  const points = (sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
    [startPoint, ...bendPoints, endPoint].map(({ x, y }): [number, number] => [round(x), round(y)])
  );
  if (sources[0] !== arrow.source) points.reverse();
  const label = labels?.[0];
  return { ...arrow, points, ...(label ? { label: boxOf(label) } : {}) };
}

const boxOf = ({ x, y, width, height }: { x?: number; y?: number; width?: number; height?: number }) => ({
  x: round(x),
  y: round(y),
  width: round(width),
  height: round(height)
});
const round = (value = 0) => Math.round(value * 10) / 10;

/** Those that lead somewhere else. One that leads back to where it starts is a note on the state. */
function arrowsOf(node: MachineNode): { source: string; target: string; line: Line }[] {
  return linesOf(node).flatMap(({ targets, line }) =>
    targets.filter((target) => target !== node.id).map((target) => ({ source: node.id, target, line }))
  );
}

function linesOf(node: MachineNode): { targets: string[]; line: Line }[] {
  const line = (transition: MachineTransition, kind: Line['kind'], words: string) => ({
    targets: transition.targets,
    line: {
      event: transition.event,
      kind,
      text: transition.guard === undefined ? words : `${words} [${transition.guard}]`,
      ...(transition.guard === undefined ? {} : { guard: transition.guard })
    }
  });
  return [
    ...node.on.map((transition) => {
      const { kind, words } = eventWords(transition.event);
      return line(transition, kind, words);
    }),
    ...node.after.map((transition) => line(transition, 'after', `after ${delayWords(transition.delay)}`)),
    ...node.always.map((transition) => line(transition, 'always', 'at once'))
  ];
}

function eventWords(event: string): { kind: Line['kind']; words: string } {
  const [, how, what, id = ''] = /^xstate\.(done|error)\.(actor|state)\.(.*)$/.exec(event) ?? [];
  if (how === 'error') return { kind: 'error', words: `${id} failed` };
  if (how === 'done') return { kind: 'done', words: what === 'state' ? 'done' : `${id} done` };
  return { kind: 'event', words: event === '*' ? 'anything else' : event };
}

/** ms as a person says it; a named delay is its name. */
function delayWords(delay: string | number | undefined): string {
  const ms = Number(delay);
  if (delay === undefined || !Number.isFinite(ms)) return String(delay ?? '');
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 120_000) return `${ms / 1_000} s`;
  return `${Math.round(ms / 6_000) / 10} min`;
}

function notesOf(node: MachineNode): Note[] {
  const takes = new Set(
    linesOf(node)
      .filter(({ targets }) => targets.length === 0 || targets.includes(node.id))
      .map(({ line }) => line.text)
  );
  const notes: Note[] = [
    ...node.invoke.map(({ src }): Note => ({ kind: 'invoke', text: short(src) })),
    ...node.entry.filter(isNamed).map((name): Note => ({ kind: 'entry', text: short(name) })),
    ...node.exit.filter(isNamed).map((name): Note => ({ kind: 'exit', text: short(name) })),
    ...[...takes].map((text): Note => ({ kind: 'takes', text: short(text) }))
  ];
  if (notes.length <= NOTE_LINES) return notes;
  const left = notes.length - NOTE_LINES + 1;
  return [...notes.slice(0, NOTE_LINES - 1), { kind: 'takes', text: `and ${left} more` }];
}

/** Inline code has no name to show; every tell is called tell, which says nothing. */
const isNamed = (name: string) => !['inline', 'tell', 'record', 'create'].includes(name) && !name.startsWith('xstate.');
const short = (text: string) => (text.length > NOTE_LETTERS ? `${text.slice(0, NOTE_LETTERS - 1)}…` : text);

function sizeOf({ key, type }: MachineNode, notes: Note[]): { width: number; height: number } {
  if (type === 'history') return { width: 30, height: 30 };
  const longest = Math.max(0, ...notes.map(({ text }) => text.length + 3));
  const width = Math.max(64, key.length * TITLE.letter + 2 * PADDING + COUNT, longest * SMALL.letter + 2 * PADDING);
  return { width: Math.ceil(width), height: TITLE.height + 8 + notes.length * SMALL.height };
}
