/**
 * A machine as data: what an inspector draws (`outlineOf`), and what tells its versions apart (`versionOf`).
 *
 * A version covers what an actor is: states and their order of nesting, transitions with their targets and order, guards,
 * actions, actors and delays by name with the values they are given, `after`, `always`, invokes, tags, meta, and the
 * label. It does not cover code: the text of a function is another after every build, and says nothing of what it
 * closes over. Whoever changes only what code does and wants that to be a version sets `version` on the machine.
 */
import { createHash } from 'node:crypto';
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { ControlError, describe } from '../../schemas/errors.ts';
import type { MachineNode, MachineTransition } from '../../schemas/generated/contracts.ts';

/** Root first. Code is shown by its name. */
export const outlineOf = (machine: AnyStateMachine): MachineNode => outlineOfNode(machine.root);

function outlineOfNode(node: AnyStateNode): MachineNode {
  const transitions = [...node.transitions.values()].flat() as AnyTransitionDefinition[];
  const after = node.after as (AnyTransitionDefinition & { delay: string | number })[];
  const delayed = new Set(after.map(({ eventType }) => eventType));
  const initial = node.type === 'compound' ? (node.initial.target[0]?.key as string | undefined) : undefined;
  return {
    id: node.id,
    key: node.key,
    type: node.type,
    ...(initial === undefined ? {} : { initial }),
    ...(node.type === 'history' ? historyOf(node) : {}),
    ...(node.description === undefined ? {} : { description: node.description }),
    tags: node.tags,
    ...(node.meta === undefined ? {} : { meta: node.meta as Record<string, unknown> }),
    on: transitions.filter(({ eventType }) => !delayed.has(eventType)).map(transition),
    after: after.map((item) => ({ ...transition(item), delay: nameOf(item.delay) })),
    always: (node.always ?? []).map(transition),
    invoke: node.invoke.map(({ id, src }) => ({ id, src: nameOf(src) })),
    entry: node.entry.map(nameOf),
    exit: node.exit.map(nameOf),
    states: Object.values(node.states).map(outlineOfNode)
  };
}

/** What it goes back to, and where to when nothing was there yet. */
function historyOf(node: AnyStateNode): Pick<MachineNode, 'history' | 'targets'> {
  const declared = [(node.config as { target?: string | string[] }).target ?? []].flat();
  const targets = declared.map((target) =>
    target.startsWith('#')
      ? target.slice(1)
      : target.split('.').reduce((at, key) => at.states[key] ?? at, node.parent as AnyStateNode).id
  );
  return { history: node.history === 'deep' ? 'deep' : 'shallow', ...(targets.length > 0 ? { targets } : {}) };
}

const transition = (item: AnyTransitionDefinition): MachineTransition => ({
  event: item.eventType,
  targets: (item.target ?? []).map(({ id }) => id),
  ...(item.guard === undefined ? {} : { guard: nameOf(item.guard) }),
  ...(item.reenter ? { reenter: true } : {}),
  actions: item.actions.map(nameOf)
});

/** `decide`, `{type: 'tell'}` and inline code alike. */
function nameOf(code: unknown): string {
  if (typeof code === 'string' || typeof code === 'number') return String(code);
  const { type, name } = code as { type?: unknown; name?: unknown };
  if (typeof type === 'string') return type;
  return typeof name === 'string' && name !== '' ? name : 'inline';
}

/** By config, which a machine keeps that is provided with other code: none of what a version covers changes then. */
const shapes = new WeakMap<object, string>();

/**
 * 16 hex digits of the machine; where its contexts have a schema, a dash and 8 of that: a context that was legal by
 * another schema is looked at again.
 * @throws ControlError MACHINE_UNFIT
 */
export function versionOf(kind: string, machine: AnyStateMachine, contextSchema?: object): string {
  try {
    const shape = shapes.get(machine.config) ?? hash({ label: labelOf(machine), root: shapeOf(machine.root) }, 16);
    shapes.set(machine.config, shape);
    return contextSchema === undefined ? shape : `${shape}-${hash(contextSchema, 8)}`;
  } catch (cause) {
    const reason = `it is not data and functions: ${describe(cause)}`;
    throw new ControlError('MACHINE_UNFIT', { kind, place: 'its config', reason }, cause);
  }
}

/** Of a version, the part that is the machine's, without the schema's. */
export const shapePart = (version: string): string => version.split('-', 1)[0] as string;

/** What people call the version: `version` of the machine's config. */
export const labelOf = ({ config }: AnyStateMachine): string | null => config.version ?? null;

const hash = (value: unknown, digits: number): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex')
    .slice(0, digits);

function shapeOf(node: AnyStateNode): Record<string, unknown> {
  const transitions = [...node.transitions.entries()] as [string, AnyTransitionDefinition[]][];
  return {
    id: node.id,
    type: node.type,
    history: node.type === 'history' ? [node.history, node.config.target] : undefined,
    initial: node.type === 'compound' ? [idsOf(node.initial.target), node.initial.actions] : undefined,
    on: Object.fromEntries(transitions.map(([event, list]) => [event, list.map(shapeOfTransition)])),
    always: (node.always ?? []).map(shapeOfTransition),
    invoke: node.invoke.map(({ id, src, input }) => [id, src, input]),
    entry: node.entry,
    exit: node.exit,
    tags: [...node.tags].sort(),
    meta: node.meta,
    output: node.output,
    states: Object.fromEntries(Object.values(node.states).map((child) => [child.key, shapeOf(child)]))
  };
}

const shapeOfTransition = ({ target, guard, actions, reenter }: AnyTransitionDefinition) => [
  target && idsOf(target),
  guard,
  actions,
  reenter
];

const idsOf = (nodes: readonly AnyStateNode[] | undefined) => nodes?.map(({ id }) => id);

/** As JSON, whatever the order of keys; XState's own actions by what they are given, other code as the mark that some is there. */
function sorted(value: unknown): unknown {
  if (typeof value === 'function') return Object.keys(value).length > 0 ? sorted({ ...value }) : '<code>';
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sorted);
  if ('transition' in value && typeof value.transition === 'function') return '<logic>';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
