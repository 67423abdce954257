/**
 * Which moves a machine has, from its outline alone: of a version that nobody has the code of any more too. Guards are
 * not run, so of several transitions each that a guard may let through is legal, up to the first without one. A move is
 * one row of the log: one microstep, from one configuration to the next.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { nodesOf } from '../actors/kernel/fitness.ts';
import type { MachineNode, MachineTransition } from '../schemas/generated/contracts.ts';

/** Of what a machine raises inside a step, the types; `any`: that cannot be told. */
export type Raised = 'any' | ReadonlySet<string>;

/** A transition that a state has. */
export interface LegalMove {
  /** Empty: `always`. */
  event: string;
  guard?: string;
  /** State path; `.*` after what a history state remembers. Without: the state stays as it is. */
  to: string;
}

interface Node {
  outline: MachineNode;
  path: string;
  depth: number;
  parent: Node | undefined;
  states: Node[];
}

interface Transition {
  source: Node;
  outline: MachineTransition;
}

/** A configuration; within `open` any that the machine has, for history states remember what the log does not say. */
interface Result {
  nodes: Set<Node>;
  open: Node[];
}

/** Combinations of what regions do at once; a parallel machine of many regions and guards has more, and is refused. */
const MOST_SELECTIONS = 4096;
/** Configurations that one step may pass. */
const MOST_PASSED = 512;

export class LegalMoves {
  readonly #root: Node;
  readonly #raised: Raised;
  readonly #byId = new Map<string, Node>();
  readonly #byPath = new Map<string, Node>();
  readonly #known = new Map<string, boolean>();

  constructor(outline: MachineNode, raised: Raised = 'any') {
    this.#raised = raised;
    this.#root = this.#node(outline, '', 0, undefined);
  }

  /** Whether there is such a state. */
  has(state: string): boolean {
    return this.#configuration(state) !== undefined;
  }

  /** Whether one microstep on this event leads there. */
  isMove(from: string, to: string, event: string): boolean {
    return this.#once(`1 ${from}\n${to}\n${event}`, () => this.#leads(from, to, this.#firstOf(from, event)));
  }

  /** Whether a microstep leads there that begins with no event from outside: an `always`, the end of a state, what was raised. */
  isFollowing(from: string, to: string): boolean {
    return this.#once(`2 ${from}\n${to}`, () => this.#leads(from, to, this.#followingOf(from)));
  }

  isBirth(to: string): boolean {
    const wanted = this.#configuration(to);
    return wanted !== undefined && fits(this.#entered(this.#root), wanted);
  }

  /** Whether a whole step on this event can lead there. */
  reaches(from: string, to: string, event: string): boolean {
    return this.#once(`3 ${from}\n${to}\n${event}`, () => {
      const seen = new Set<string>();
      let rim = this.#firstOf(from, event);
      const wanted = this.#configuration(to);
      if (wanted === undefined) return false;
      while (rim.length > 0 && seen.size < MOST_PASSED) {
        if (rim.some((result) => fits(result, wanted))) return true;
        const states = rim.filter(({ open }) => open.length === 0).map(nameOf);
        const fresh = [...new Set(states)].filter((state) => !seen.has(state));
        for (const state of fresh) seen.add(state);
        rim = fresh.flatMap((state) => this.#followingOf(state));
      }
      return false;
    });
  }

  /** Whether the state takes it whatever its guards say: then it cannot be refused. */
  mustTake(state: string, event: string): boolean {
    const nodes = this.#configuration(state);
    return nodes !== undefined && this.#selections(this.#root, nodes, event).every((one) => one.length > 0);
  }

  /** All that the state has, in the order of its nodes, innermost first. */
  from(state: string): LegalMove[] {
    const nodes = this.#configuration(state) ?? new Set<Node>();
    return [...nodes]
      .sort((a, b) => b.depth - a.depth)
      .flatMap((source) =>
        transitionsOf(source).map((outline) => {
          const result = this.#applied(nodes, [{ source, outline }]);
          return {
            event: outline.event,
            ...(outline.guard === undefined ? {} : { guard: outline.guard }),
            to: nameOf(result)
          };
        })
      );
  }

  #once(key: string, find: () => boolean): boolean {
    let known = this.#known.get(key);
    if (known === undefined) {
      known = find();
      this.#known.set(key, known);
    }
    return known;
  }

  #leads(from: string, to: string, results: Result[]): boolean {
    const wanted = this.#configuration(to);
    if (wanted === undefined || this.#configuration(from) === undefined) return false;
    return results.some((result) => fits(result, wanted));
  }

  /** By the event itself, or by an `always` that may read it; where it moves nothing, that has no row, and what it raised follows. */
  #firstOf(from: string, event: string): Result[] {
    const own = this.#by(from, event);
    const stays = own.some((result) => result.open.length === 0 && nameOf(result) === from);
    return [...own, ...this.#by(from, ''), ...(stays ? this.#followingOf(from) : [])];
  }

  #followingOf(from: string): Result[] {
    const nodes = this.#configuration(from);
    if (!nodes) return [];
    const inside = [...nodes]
      .flatMap((node) => transitionsOf(node).map(({ event }) => event))
      .filter((event) => {
        if (event.startsWith('xstate.done.state.')) return true;
        if (event === '' || event.startsWith('xstate.')) return false;
        return this.#raised === 'any' || [...this.#raised].some((type) => matches(event, type));
      });
    return ['', ...new Set(inside)].flatMap((event) => this.#by(from, event));
  }

  #by(from: string, event: string): Result[] {
    const nodes = this.#configuration(from);
    if (!nodes) return [];
    return this.#selections(this.#root, nodes, event)
      .filter((one) => one.length > 0)
      .map((one) => this.#applied(nodes, one));
  }

  /** What the active states may select for an event; an empty one: they take nothing. As XState has it: inside first. */
  #selections(node: Node, active: Set<Node>, event: string): Transition[][] {
    const inner = node.states.filter((child) => active.has(child));
    let selections: Transition[][] = [[]];
    for (const child of inner) {
      const of = this.#selections(child, active, event);
      selections = selections.flatMap((one) => of.map((other) => [...one, ...other]));
      if (selections.length > MOST_SELECTIONS) {
        throw new Error(`'${node.outline.id}' has more than ${MOST_SELECTIONS} ways to take '${event}'`);
      }
    }
    if (!selections.some((one) => one.length === 0)) return selections;
    const own: Transition[][] = [];
    let falls = true;
    for (const outline of candidatesOf(node, event)) {
      own.push([{ source: node, outline }]);
      if (outline.guard !== undefined) continue;
      falls = false;
      break;
    }
    return [...selections.filter((one) => one.length > 0), ...own, ...(falls ? [[]] : [])];
  }

  #applied(active: Set<Node>, selection: Transition[]): Result {
    const taken: { exits: Set<Node>; source: Node; enters: Node[]; domain: Node }[] = [];
    for (const { source, outline } of selection) {
      const enters = outline.targets.flatMap((id) => this.#byId.get(id) ?? []);
      if (enters.length === 0) continue;
      const domain = domainOf(source, enters, outline.reenter === true);
      const exits = new Set([...active].filter((node) => isWithin(node, domain)));
      const rival = taken.findIndex((one) => [...one.exits].some((node) => exits.has(node)));
      if (rival >= 0 && !isWithin(source, (taken[rival] as (typeof taken)[number]).source)) continue;
      if (rival >= 0) taken.splice(rival, 1);
      taken.push({ exits, source, enters, domain });
    }
    const nodes = new Set(active);
    for (const { exits } of taken) for (const node of exits) nodes.delete(node);
    const open: Node[] = [];
    for (const { enters, domain } of taken) {
      for (const node of enters) this.#enter(node, domain, enters, nodes, open);
    }
    return { nodes, open };
  }

  /** The state, what is around it up to the domain, and what both begin with. */
  #enter(node: Node, domain: Node, targets: Node[], nodes: Set<Node>, open: Node[]) {
    const isHistory = node.outline.type === 'history';
    const target = isHistory ? (node.parent as Node) : node;
    for (let at: Node | undefined = target; at && at !== domain; at = at.parent) {
      nodes.add(at);
      if (at.parent?.outline.type !== 'parallel') continue;
      for (const region of at.parent.states) {
        const isMeant = targets.some((one) => one === region || isWithin(one, region));
        if (!isMeant && region.outline.type !== 'history') this.#descend(region, nodes, open);
      }
    }
    if (isHistory) open.push(target);
    else if (!targets.some((one) => one !== node && isWithin(one, node))) this.#descend(node, nodes, open);
  }

  #descend(node: Node, nodes: Set<Node>, open: Node[]) {
    nodes.add(node);
    if (node.outline.type === 'parallel') {
      for (const region of node.states) if (region.outline.type !== 'history') this.#descend(region, nodes, open);
    } else if (node.outline.type === 'compound') {
      const first = node.states.find(({ outline }) => outline.key === node.outline.initial);
      if (first) this.#enter(first, node, [first], nodes, open);
      // An initial transition may lead deeper than one level; the outline has its first.
      else open.push(node);
    }
  }

  #entered(root: Node): Result {
    const nodes = new Set<Node>();
    const open: Node[] = [];
    this.#descend(root, nodes, open);
    return { nodes, open };
  }

  #configuration(state: string): Set<Node> | undefined {
    const nodes = new Set([this.#root]);
    if (state === '') return this.#root.states.length === 0 ? nodes : undefined;
    for (const path of state.split(',')) {
      let node = this.#byPath.get(path);
      if (!node) return undefined;
      for (; node; node = node.parent) nodes.add(node);
    }
    return nodes;
  }

  #node(outline: MachineNode, path: string, depth: number, parent: Node | undefined): Node {
    const node: Node = { outline, path, depth, parent, states: [] };
    this.#byId.set(outline.id, node);
    this.#byPath.set(path, node);
    node.states = outline.states.map((child) =>
      this.#node(child, path === '' ? child.key : `${path}.${child.key}`, depth + 1, node)
    );
    return node;
  }
}

/** Of what a machine raises without a delay. What is raised by code that is not run here is not known. */
export function raisedBy(machine: AnyStateMachine): Raised {
  const types = new Set<string>();
  const named = machine.implementations.actions as Record<string, unknown>;
  const actions = nodesOf(machine.root).flatMap((node: AnyStateNode) => [
    ...node.entry,
    ...node.exit,
    ...[...node.transitions.values()].flat().flatMap((one) => one.actions),
    ...(node.always ?? []).flatMap((one) => one.actions)
  ]);
  for (const action of actions) {
    const name = typeof action === 'string' ? action : (action as { type?: string }).type;
    const code = (typeof action === 'function' ? action : named[name ?? '']) as
      | { type?: string; event?: unknown; delay?: unknown }
      | undefined;
    if (code?.type === 'xstate.enqueueActions') return 'any';
    if (code?.type !== 'xstate.raise' || code.delay !== undefined) continue;
    const type = (code.event as { type?: unknown } | undefined)?.type;
    if (typeof type !== 'string') return 'any';
    types.add(type);
  }
  return types;
}

const transitionsOf = ({ outline }: Node): MachineTransition[] => [...outline.on, ...outline.after, ...outline.always];

/** In the order in which they are tried: the event by its name, then patterns, the longest first. */
function candidatesOf({ outline }: Node, event: string): MachineTransition[] {
  if (event === '') return outline.always;
  const fitting = [...outline.on, ...outline.after].filter((one) => matches(one.event, event));
  const exactly = fitting.filter((one) => one.event === event);
  const patterns = fitting.filter((one) => one.event !== event).sort((a, b) => b.event.length - a.event.length);
  return [...exactly, ...patterns];
}

/** As XState has it: `order.*` is whatever begins so, and `order` itself. */
const matches = (descriptor: string, type: string): boolean =>
  descriptor === type ||
  (descriptor === '*' && type !== '') ||
  (descriptor.endsWith('.*') && `${type}.`.startsWith(descriptor.slice(0, -1)));

const isWithin = (node: Node, around: Node): boolean => {
  for (let at = node.parent; at; at = at.parent) if (at === around) return true;
  return false;
};

/** What is left and entered by a transition is within it. */
function domainOf(source: Node, targets: Node[], reenter: boolean): Node {
  const isInside = targets.every((target) => target === source || isWithin(target, source));
  if (!reenter && isInside) return source;
  for (let at = source.parent; at; at = at.parent) {
    const around = at;
    if (around.parent === undefined || targets.every((target) => isWithin(target, around))) return around;
  }
  return source;
}

function fits({ nodes, open }: Result, wanted: Set<Node>): boolean {
  const isOpen = (node: Node) => open.some((one) => isWithin(node, one));
  for (const node of nodes) if (!isOpen(node) && !wanted.has(node)) return false;
  for (const node of wanted) if (!isOpen(node) && !nodes.has(node)) return false;
  return true;
}

function nameOf({ nodes, open }: Result): string {
  const leaves = [...nodes].filter((node) => node.depth > 0 && !node.states.some((child) => nodes.has(child)));
  return leaves
    .map((node) => (open.includes(node) ? `${node.path}.*` : node.path))
    .sort()
    .join(',');
}
