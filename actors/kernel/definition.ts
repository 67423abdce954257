import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import type { TelemetryMeta } from '../../machines/protocol.ts';
import type { ActorKind, ContextSchema, PersistedSnapshot, Subject } from '../host/contract.ts';
import { assertHostable, inlineActors, isMachine, nodesOf } from './fitness.ts';
import { labelOf, versionOf } from './outline.ts';

/** A kind the kernel has looked through: fit to be hosted, with what it needs at every step worked out once. */
export interface Definition {
  kind: string;
  durable: boolean;
  /** See `ActorKind`. */
  foreign: boolean;
  machine: AnyStateMachine;
  /** Hash of the machine's config and of the schema of its context: see `versionOf`. */
  version: string;
  /** What people call the version. */
  label: string | null;
  contextSchema: ContextSchema | undefined;
  /** Versions of the child machines, by their names in `setup({ actors })`. */
  children: ReadonlyMap<string, string>;
  subjectPaths: Partial<Record<keyof Subject, string>>;
  /** Telemetry of a state that declares none of its own. */
  telemetry: TelemetryMeta;
  /** Event types, and patterns such as `order.*`, that some state has a transition for; XState's own are not among them. */
  descriptors: ReadonlySet<string>;
  /** Whether any state accepts an event of this type. */
  listensFor(type: string): boolean;
}

interface RootMeta {
  telemetry?: TelemetryMeta;
  subject?: Partial<Record<keyof Subject, string>>;
}

/**
 * The kind itself and one for every child machine it can start: `order` with an actor `payment` gives `order_payment`.
 * @throws ControlError MACHINE_UNFIT with the place and the cure.
 */
export function defineAll({ kind, machine, durable, foreign = false, context }: KindOfMachine): Definition[] {
  const own = define({ kind, machine, durable, foreign, ...(context ? { context } : {}) });
  const children = childMachines(machine).flatMap(([src, child]) =>
    defineAll({ kind: childKind(kind, src), machine: child, durable, foreign })
  );
  return [own, ...children];
}

/** One version of a kind. */
export type KindOfMachine = Pick<ActorKind, 'kind' | 'machine' | 'durable' | 'foreign' | 'context'>;

const childMachines = (machine: AnyStateMachine): [src: string, child: AnyStateMachine][] =>
  [...Object.entries(machine.implementations.actors), ...inlineActors(machine)].flatMap(([src, logic]) =>
    isMachine(logic) ? [[src, logic] as [string, AnyStateMachine]] : []
  );

/** @throws ControlError MACHINE_UNFIT */
export function define({ kind, machine, durable, foreign = false, context }: KindOfMachine): Definition {
  assertHostable(kind, machine);
  const meta = (machine.root.meta ?? {}) as RootMeta;
  const descriptors = new Set(nodesOf(machine.root).flatMap((node) => [...node.transitions.keys()]));
  return {
    kind,
    machine,
    durable,
    foreign,
    version: versionOf(kind, machine, context?.schema),
    label: labelOf(machine),
    contextSchema: context,
    children: new Map(childMachines(machine).map(([src, child]) => [src, versionOf(childKind(kind, src), child)])),
    subjectPaths: meta.subject ?? {},
    telemetry: meta.telemetry ?? { type: `${kind}.changed` },
    descriptors: new Set([...descriptors].filter((type) => type !== '' && !type.startsWith('xstate.'))),
    listensFor: (type) => descriptors.has(type)
  };
}

/** The kind of a child machine, from its parent's kind and the name of its logic there. */
export const childKind = (kind: string, src: string): string =>
  `${kind}_${src.replace(/^xstate\.invoke\./, '')}`.toLowerCase().replace(/[^a-z0-9_]/g, '_');

/** Event types the state accepts now, without XState's own. */
export function acceptedEvents(snapshot: AnyMachineSnapshot): string[] {
  if (snapshot.status !== 'active') return [];
  const types = new Set<string>();
  for (const node of nodesIn(snapshot)) {
    for (const type of node.ownEvents as string[]) if (!type.startsWith('xstate.')) types.add(type);
  }
  return [...types].sort();
}

export const nodesIn = (snapshot: AnyMachineSnapshot): AnyStateNode[] => snapshot._nodes as AnyStateNode[];

/** `RUNNING.PREPARING`; the regions of a parallel state joined by a comma. */
export function stateOf(snapshot: AnyMachineSnapshot): string {
  const leaves = nodesIn(snapshot).filter((node) => node.type === 'atomic' || node.type === 'final');
  return leaves
    .filter((leaf) => leaf.path.length > 0)
    .map((leaf) => leaf.path.join('.'))
    .sort()
    .join(',');
}

/** Back from JSON. Children are kept as bare ids: the host owns them, XState only has to find them by name. */
export function restore({ machine }: Definition, persisted: PersistedSnapshot): AnyMachineSnapshot {
  const snapshot = machine.resolveState({
    value: persisted.value as never,
    context: persisted.context,
    status: persisted.status,
    output: persisted.output,
    error: persisted.error,
    ...(persisted.historyValue ? { historyValue: historyNodes(machine, persisted.historyValue) } : {})
  } as never) as AnyMachineSnapshot;
  for (const id of Object.keys(persisted.children)) {
    (snapshot.children as Record<string, unknown>)[id] = { id };
  }
  return snapshot;
}

const historyNodes = (machine: AnyStateMachine, ids: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(ids).map(([key, list]) => [key, list.map((id) => machine.getStateNodeById(id))]));

/** To JSON, without children, timers and parent, which the step adds. */
export function persist(snapshot: AnyMachineSnapshot): Omit<PersistedSnapshot, 'children' | 'timers' | 'parent'> {
  const history = Object.entries((snapshot.historyValue ?? {}) as Record<string, AnyStateNode[]>);
  return {
    value: snapshot.value,
    context: snapshot.context as Record<string, unknown>,
    status: snapshot.status,
    ...(history.length > 0
      ? { historyValue: Object.fromEntries(history.map(([key, nodes]) => [key, nodes.map((node) => node.id)])) }
      : {}),
    ...(snapshot.output === undefined ? {} : { output: snapshot.output }),
    ...(snapshot.error === undefined ? {} : { error: snapshot.error })
  };
}

/** `pick({a: {b: 1}}, 'a.b')` is 1; undefined where the path ends early. */
export function pick(value: unknown, path: string): unknown {
  let at = value;
  for (const key of path.split('.')) {
    if (at === null || typeof at !== 'object') return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/** Whom an actor's rows are about, from the paths its machine names. */
export function subjectOf(definition: Definition, context: unknown): Subject {
  const at = (field: keyof Subject) => {
    const path = definition.subjectPaths[field];
    const value = path === undefined ? undefined : pick(context, path);
    return typeof value === 'string' ? value : null;
  };
  return {
    correlation_id: at('correlation_id'),
    command_id: at('command_id'),
    session_id: at('session_id'),
    account_id: at('account_id'),
    platform: at('platform')
  };
}
