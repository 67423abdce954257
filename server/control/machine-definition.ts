import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import type { MachineNode, MachineTransition } from '../../schemas/generated/contracts.ts';

/** A machine as data, root first: what an inspector draws and a reader of the API sees. Code is shown by its name. */
export const machineDefinition = (machine: AnyStateMachine): MachineNode => describe(machine.root);

function describe(node: AnyStateNode): MachineNode {
  const transitions = [...node.transitions.values()].flat() as AnyTransitionDefinition[];
  const after = node.after as (AnyTransitionDefinition & { delay: string | number })[];
  const delayed = new Set(after.map(({ eventType }) => eventType));
  const initial = node.type === 'compound' ? (node.initial.target[0]?.key as string | undefined) : undefined;
  return {
    id: node.id,
    key: node.key,
    type: node.type,
    ...(initial === undefined ? {} : { initial }),
    ...(node.description === undefined ? {} : { description: node.description }),
    tags: node.tags,
    ...(node.meta === undefined ? {} : { meta: node.meta as Record<string, unknown> }),
    on: transitions.filter(({ eventType }) => !delayed.has(eventType)).map(transition),
    after: after.map((item) => ({ ...transition(item), delay: nameOf(item.delay) })),
    always: (node.always ?? []).map(transition),
    invoke: node.invoke.map(({ id, src }) => ({ id, src: nameOf(src) })),
    entry: node.entry.map(nameOf),
    exit: node.exit.map(nameOf),
    states: Object.values(node.states).map(describe)
  };
}

const transition = (item: AnyTransitionDefinition): MachineTransition => ({
  event: item.eventType,
  targets: (item.target ?? []).map(({ id }) => id),
  ...(item.guard === undefined ? {} : { guard: nameOf(item.guard) }),
  actions: item.actions.map(nameOf)
});

/** `decide`, `{type: 'tell'}` and inline code alike. */
function nameOf(code: unknown): string {
  if (typeof code === 'string' || typeof code === 'number') return String(code);
  const { type, name } = code as { type?: unknown; name?: unknown };
  if (typeof type === 'string') return type;
  return typeof name === 'string' && name !== '' ? name : 'inline';
}
