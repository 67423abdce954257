/** What the states of a machine alone say, where nobody knows what an event carried: as much as a log can be held against. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { ActorRecord } from '../../actors/host/contract.ts';
import { acceptedEvents, type Definition, nodesIn, restore } from '../../actors/kernel/definition.ts';

/** `RUNNING.PREPARING` → { RUNNING: 'PREPARING' }; regions that are joined by a comma become one value. */
export function stateValueOf(state: string): unknown {
  const value: Record<string, unknown> = {};
  for (const leaf of state.split(',')) {
    const keys = leaf.split('.');
    let at = value;
    for (const key of keys) {
      at[key] ??= {};
      at = at[key] as Record<string, unknown>;
    }
  }
  const shortened = (of: unknown): unknown => {
    const entries = Object.entries(of as object);
    if (entries.length === 1 && Object.keys(entries[0]?.[1] as object).length === 0) return entries[0]?.[0];
    return Object.fromEntries(entries.map(([key, inner]) => [key, shortened(inner)]));
  };
  return shortened(value);
}

/** The states with these names; undefined: the machine has no such. */
export function nodesAt(machine: AnyStateMachine, state: string): AnyStateNode[] | undefined {
  const found = new Set<AnyStateNode>([machine.root]);
  for (const leaf of state === '' ? [] : state.split(',')) {
    let node: AnyStateNode | undefined = machine.root;
    for (const key of leaf.split('.')) {
      node = node?.states[key];
      if (!node) return undefined;
      found.add(node);
    }
  }
  return [...found];
}

/** An actor in that state with what its states want running, and no context that anybody knows. */
export function actorAt(
  { machine }: Definition,
  record: ActorRecord,
  { state, step, status }: { state: string; step: number; status: ActorRecord['status'] }
): ActorRecord {
  const nodes = nodesAt(machine, state) ?? [];
  const isActive = status === 'active';
  const invoked = isActive ? nodes.flatMap((node) => node.invoke) : [];
  const delayed = isActive ? nodes.flatMap((node) => node.after) : [];
  const { parent, context } = record.snapshot;
  return {
    ...record,
    step,
    state,
    status,
    snapshot: {
      value: stateValueOf(state),
      context,
      status,
      children: Object.fromEntries(
        invoked.map(({ id, src }) => [String(id), { src: String(src), effect: `${record.address}?${String(id)}` }])
      ),
      timers: Object.fromEntries(delayed.map(({ eventType }) => [eventType, 0])),
      ...(parent ? { parent } : {})
    }
  };
}

/** It has ended where every region of its root is in a final state. */
export function statusAt(machine: AnyStateMachine, state: string): ActorRecord['status'] {
  const top = (nodesAt(machine, state) ?? []).filter(({ parent }) => parent === machine.root);
  return machine.root.type !== 'parallel' && top.some(({ type }) => type === 'final') ? 'done' : 'active';
}

/** Whether some transition for that event, whatever its guard says, leads from there to there. */
export function mayLead(definition: Definition, record: ActorRecord, type: string, to: string): boolean {
  const snapshot = restore(definition, record.snapshot);
  const entered = nodesAt(definition.machine, to);
  if (!entered) return false;
  const ids = new Set(entered.map(({ id }) => id));
  const heard = nodesIn(snapshot).flatMap((node) =>
    [...node.transitions].flatMap(([descriptor, list]) => (matches(descriptor, type) ? list : []))
  );
  const isEnd = /^xstate\.(done|error)\.actor\./.test(type);
  if (heard.length === 0) return isEnd && record.state === to;
  return heard.some(({ target = [] }) =>
    target.length === 0
      ? record.state === to || hasAlways(nodesIn(snapshot))
      : target.every((node) => node.type === 'history' || ids.has(node.id) || hasAlways(below(node)))
  );
}

export const legalIn = (definition: Definition, record: ActorRecord): string[] =>
  record.status === 'active' ? acceptedEvents(restore(definition, record.snapshot)) : [];

const below = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(below)];
const hasAlways = (nodes: AnyStateNode[]) => nodes.some(({ always }) => (always?.length ?? 0) > 0);

/** As XState matches: `*` is any, `order.*` whatever begins so. */
const matches = (descriptor: string, type: string): boolean =>
  descriptor === type ||
  descriptor === '*' ||
  (descriptor.endsWith('.*') && (type === descriptor.slice(0, -2) || type.startsWith(descriptor.slice(0, -1))));
