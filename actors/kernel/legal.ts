/**
 * Whether what one machine has left is something another could be in: its state value, what its history states
 * remember, its context. Each answer is a list of what is wrong, in words for whoever changed the machine.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Definition } from './definition.ts';
import { nodesOf } from './fitness.ts';
import { firstNonJson } from './json.ts';

/** Nothing: the value is a whole configuration of the machine, and one in which an actor lives. */
export function stateMisfits(machine: AnyStateMachine, value: unknown): string[] {
  const { root } = machine;
  const wrong: string[] = [];
  inNode(root, value, wrong);
  const top = typeof value === 'string' ? root.states[value] : undefined;
  if (wrong.length === 0 && root.type === 'compound' && top?.type === 'final') {
    wrong.push(`state '${value as string}' is a final one, and the actor has not ended`);
  }
  return wrong;
}

function inNode(node: AnyStateNode, value: unknown, wrong: string[]): void {
  const keys = Object.keys(node.states);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  switch (node.type) {
    case 'compound': {
      const inner = typeof value === 'string' ? { [value]: undefined } : isObject ? (value as object) : {};
      const [named, ...more] = Object.keys(inner);
      if (named === undefined)
        wrong.push(`${nameOf(node)} has states of its own now (${keys.join(', ')}): none is named`);
      else if (more.length > 0)
        wrong.push(`${nameOf(node)} has one state at a time, and ${[named, ...more].join(', ')} are named`);
      else inChild(node, named, (inner as Record<string, unknown>)[named], wrong);
      return;
    }
    case 'parallel': {
      const inner = isObject ? (value as Record<string, unknown>) : {};
      for (const key of Object.keys(inner)) inChild(node, key, inner[key], wrong);
      const missing = keys.filter((key) => node.states[key]?.type !== 'history' && !(key in inner));
      for (const key of missing) wrong.push(`${nameOf(node)} has a region '${key}', in which the actor has no state`);
      return;
    }
    default: {
      const isWhole = value === undefined || (isObject && Object.keys(value as object).length === 0);
      if (!isWhole) wrong.push(`${nameOf(node)} has no states of its own, and ${JSON.stringify(value)} is named`);
    }
  }
}

function inChild(parent: AnyStateNode, key: string, value: unknown, wrong: string[]): void {
  const child = Object.hasOwn(parent.states, key) ? parent.states[key] : undefined;
  if (child && child.type !== 'history') {
    inNode(child, value, wrong);
    return;
  }
  const path = [...parent.path, key].join('.');
  const others = Object.keys(parent.states).join(', ') || 'none';
  wrong.push(`state '${path}' is not in the machine; ${nameOf(parent)} has ${others}`);
}

const nameOf = (node: AnyStateNode): string =>
  node.path.length === 0 ? 'the machine' : `state '${node.path.join('.')}'`;

/** What the machine's own history states remember of it, and what of that is not in the machine. */
export function historyOf(
  machine: AnyStateMachine,
  remembered: Record<string, string[]>
): { history: Record<string, string[]>; misfits: string[] } {
  const history: Record<string, string[]> = {};
  const misfits: string[] = [];
  const asksForNone = !nodesOf(machine.root).some(({ type }) => type === 'history');
  for (const [id, states] of Object.entries(remembered)) {
    if (asksForNone) break;
    if (nodeOf(machine, id)?.type !== 'history') {
      misfits.push(`history state '${id}' is not in the machine`);
      continue;
    }
    const gone = states.find((state) => !nodeOf(machine, state));
    if (gone === undefined) history[id] = states;
    else misfits.push(`history state '${id}' remembers '${gone}', which is not in the machine`);
  }
  return { history, misfits };
}

function nodeOf(machine: AnyStateMachine, id: string): AnyStateNode | undefined {
  try {
    return machine.getStateNodeById(id);
  } catch {
    return undefined;
  }
}

export interface ContextVerdict {
  /** With the defaults of its schema. */
  context: Record<string, unknown>;
  misfits: string[];
  /** Where it is not of the shape that the machine begins with: worth a look, and no reason to hold an actor. */
  warnings: string[];
}

/** By the machine's own schema of its context; without one it is only compared with what the machine begins with. */
export function contextVerdict({ machine, contextSchema }: Definition, given: unknown): ContextVerdict {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  if (!isObject)
    return { context: {}, misfits: [`context is ${JSON.stringify(given) ?? 'missing'}, no object`], warnings: [] };
  const context = given as Record<string, unknown>;
  const unfit = firstNonJson(context);
  if (unfit)
    return { context, misfits: [`context ${unfit.path} is ${unfit.what}, which a snapshot cannot keep`], warnings: [] };
  if (contextSchema) {
    const { context: filled, errors } = contextSchema.check(context);
    return { context: filled, misfits: errors.map((error) => `context ${error}`), warnings: [] };
  }
  return { context, misfits: [], warnings: shapeWarnings(initialContext(machine), context) };
}

/** undefined where it cannot be known without the input of an actor's birth. */
function initialContext({ config }: AnyStateMachine): Record<string, unknown> {
  try {
    const { context } = config as { context?: unknown };
    const made = typeof context === 'function' ? context({ input: {}, self: {}, spawn: () => ({}) }) : context;
    return typeof made === 'object' && made !== null ? (made as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function shapeWarnings(initial: Record<string, unknown>, context: Record<string, unknown>): string[] {
  return Object.entries(initial).flatMap(([key, begins]) => {
    if (begins === undefined) return [];
    if (!(key in context)) return [`context has no '${key}'; the machine begins with ${JSON.stringify(begins)}`];
    const [was, is] = [typeOf(begins), typeOf(context[key])];
    const isComparable = was !== 'null' && is !== 'null' && was !== is;
    return isComparable ? [`context '${key}' is ${is}; the machine begins with ${was}`] : [];
  });
}

const typeOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'an object'
        : `a ${typeof value}`;
