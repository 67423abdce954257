/**
 * A machine as a Mermaid state diagram, for documents. Mermaid knows no history states: they are drawn as states named
 * H or H*. An arrow is written inside the innermost state around both its ends, where Mermaid looks for them.
 */
import type { MachineNode, MachineTransition } from '../../../schemas/generated/contracts.ts';
import { Names } from './scxml.ts';

interface Place {
  node: MachineNode;
  /** Outermost first, itself last. */
  path: MachineNode[];
}

/** Longer, a label is cut. */
const LABEL = 120;

export function mermaidOf(root: MachineNode, kind: string, version: string): string {
  const ids = new Names(/^[A-Za-z]/, /[^A-Za-z0-9]/g);
  const places = new Map<string, Place>();
  const visit = (node: MachineNode, above: MachineNode[]) => {
    const path = [...above, node];
    places.set(node.id, { node, path });
    for (const child of node.states) visit(child, path);
  };
  visit(root, []);
  // A prefix of its own, so that no state is named as a word of the language: `end`, `state`, `note`.
  const idOf = (id: string) => `s_${ids.of(id)}`;

  /** By the state they are written in; undefined is the diagram itself. */
  const arrows = new Map<MachineNode | undefined, Set<string>>();
  for (const { node, path } of places.values()) {
    for (const item of [...node.always, ...node.on, ...node.after]) {
      for (const target of item.targets) {
        const to = places.get(target);
        if (!to) continue;
        const line = `${idOf(node.id)} --> ${idOf(target)}${labelOf(item)}`;
        const around = innermost(path, to.path);
        arrows.set(around, (arrows.get(around) ?? new Set()).add(line));
      }
    }
  }

  const linesOf = (node: MachineNode): string[] => {
    const id = idOf(node.id);
    const declared = `state "${quoted(titleOf(node))}" as ${id}`;
    const stays = [...node.on, ...node.after].filter(({ targets }) => targets.length === 0).map(({ event }) => event);
    const notes = [
      ...node.invoke.map(({ src }) => `invokes ${src}`),
      ...(stays.length > 0 ? [`takes ${[...new Set(stays)].join(', ')}`] : [])
    ];
    if (node.states.length === 0) return [declared, ...notes.map((note) => `${id} : ${plain(note)}`)];
    const inner =
      node.type === 'parallel'
        ? node.states.flatMap(linesOf)
        : [
            ...node.states.filter(({ key }) => key === node.initial).map((child) => `[*] --> ${idOf(child.id)}`),
            ...node.states.flatMap(linesOf),
            ...node.states.filter(({ type }) => type === 'final').map((child) => `${idOf(child.id)} --> [*]`),
            ...(arrows.get(node) ?? [])
          ];
    return [`${declared} {`, ...inner.map((line) => `  ${line}`), '}'];
  };

  const lines = [
    `%% ${plain(`${kind}, version ${version}`)}`,
    'stateDiagram-v2',
    ...[`[*] --> ${idOf(root.id)}`, ...linesOf(root), ...(arrows.get(undefined) ?? [])].map((line) => `  ${line}`)
  ];
  return `${lines.join('\n')}\n`;
}

/** Regions of a parallel state see each other's states from outside of it. */
function innermost(a: MachineNode[], b: MachineNode[]): MachineNode | undefined {
  let around: MachineNode | undefined;
  for (let at = 0; at < Math.min(a.length, b.length) - 1 && a[at] === b[at]; at++) {
    if (a[at]?.type !== 'parallel') around = a[at];
  }
  return around;
}

const titleOf = ({ type, key, history }: MachineNode) => (type === 'history' ? (history === 'deep' ? 'H*' : 'H') : key);

function labelOf({ event, delay, guard }: MachineTransition): string {
  const what = delay === undefined ? nameOf(event) : `after ${delay}`;
  const label = [what, guard === undefined ? '' : `[${guard}]`].filter(Boolean).join(' ');
  return label === '' ? '' : ` : ${plain(label)}`;
}

const nameOf = (event: string) =>
  event
    .replace(/^xstate\.done\.actor\./, 'done ')
    .replace(/^xstate\.error\.actor\./, 'error ')
    .replace(/^xstate\.done\.state\./, 'done ');

/** Of a label: Mermaid ends it at a colon or a semicolon, and reads `#` and `<` as the begin of something. */
const plain = (text: string) => {
  const safe = text.replace(/[\s]+/g, ' ').replace(/[:;#<>{}"%\\]/g, '_');
  return safe.length > LABEL ? `${safe.slice(0, LABEL - 1)}…` : safe;
};
const quoted = (text: string) => plain(text);
