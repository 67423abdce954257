/**
 * Which machines can be hosted. What a crash would lose without anybody knowing is refused when the machine is
 * registered, with the place and the cure: callbacks and observables, whose state is in a closure; actions with code of
 * their own, which would run or not run unrecorded.
 */
import { type AnyStateMachine, type AnyStateNode, fromPromise, StateMachine } from 'xstate';
import { hostActions } from '../../machines/protocol.ts';
import { ControlError } from '../../schemas/errors.ts';

export const nodesOf = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)];

const promiseTransition = String(fromPromise(async () => undefined).transition);

export const isMachine = (logic: unknown): logic is AnyStateMachine => logic instanceof StateMachine;
export const isPromise = (logic: unknown): boolean =>
  String((logic as { transition?: unknown } | undefined)?.transition) === promiseTransition;

/** Logic written where it is invoked, by the name XState gives it. */
export function inlineActors({ root }: AnyStateMachine): [src: string, logic: unknown][] {
  const found =
    inline.get(root) ??
    nodesOf(root).flatMap((node) => {
      const written = [node.config.invoke ?? []].flat() as { src: unknown }[];
      return node.invoke.flatMap(({ src }, i) =>
        typeof written[i]?.src === 'object' ? [[String(src), written[i]?.src] as [string, unknown]] : []
      );
    });
  inline.set(root, found);
  return found;
}

const inline = new WeakMap<AnyStateNode, [src: string, logic: unknown][]>();

/** What a name of an invoke or a `spawnChild` means. */
export const logicOf = (machine: AnyStateMachine, src: string): unknown =>
  machine.implementations.actors[src] ?? inlineActors(machine).find(([name]) => name === src)?.[1];

/** Names of promises and child machines that a machine starts, or has for its actions to start. */
export const invokedBy = (machine: AnyStateMachine): string[] => [
  ...new Set([
    ...Object.keys(machine.implementations.actors),
    ...nodesOf(machine.root).flatMap((node) => node.invoke.map(({ src }) => String(src)))
  ])
];

/** @throws ControlError MACHINE_UNFIT */
export function assertHostable(kind: string, machine: AnyStateMachine) {
  const refuse = (place: string, reason: string): never => {
    throw new ControlError('MACHINE_UNFIT', { kind, place, reason });
  };
  for (const [src, logic] of Object.entries(machine.implementations.actors))
    assertLogic(`actor '${src}'`, logic, refuse);
  for (const [name, action] of Object.entries(machine.implementations.actions)) {
    if (!(name in hostActions)) assertAction(`action '${name}'`, action, refuse);
  }
  for (const node of nodesOf(machine.root)) {
    for (const { src, id, onSnapshot, systemId } of node.invoke) {
      const place = `state '${node.id}', invoke '${id}'`;
      assertOwnActor(place, { onSnapshot, systemId }, refuse);
      const logic = logicOf(machine, String(src));
      if (!logic) refuse(place, `no implementation of '${src}'; provide one`);
      assertLogic(place, logic, refuse);
    }
    for (const action of actionsOf(node)) assertAction(`state '${node.id}'`, action, refuse);
    for (const { what, name } of namesIn(node)) {
      if (!isGiven(machine, what, name)) {
        refuse(`state '${node.id}'`, `the ${what} '${name}' has no implementation; give it in setup({ ${what}s })`);
      }
    }
  }
}

type Refuse = (place: string, reason: string) => never;

function assertLogic(place: string, logic: unknown, refuse: Refuse) {
  if (isPromise(logic) || isMachine(logic)) return;
  refuse(place, 'it is neither a promise nor a machine; write it as fromPromise, or as a machine of its own');
}

/** A child is an actor of its own here: what it does reaches its parent as an event, and it is found by its id in there. */
function assertOwnActor(
  place: string,
  { onSnapshot, syncSnapshot, systemId }: { onSnapshot?: unknown; syncSnapshot?: unknown; systemId?: unknown },
  refuse: Refuse
) {
  if (onSnapshot || syncSnapshot) {
    const name = onSnapshot ? 'onSnapshot' : 'syncSnapshot';
    refuse(place, `${name}: a child's snapshots are not sent to its parent; let the child sendParent what matters`);
  }
  if (systemId) refuse(place, 'systemId: there is no system to find it in; send to it by its id');
}

/** assign, raise, sendTo and their kind are data to XState (`resolve`); a bare function is code. */
function assertAction(place: string, action: unknown, refuse: Refuse) {
  if (typeof action === 'function' && 'type' in action && action.type === 'xstate.spawnChild') {
    assertOwnActor(`${place}, spawnChild`, action as { syncSnapshot?: unknown; systemId?: unknown }, refuse);
  }
  if (typeof action !== 'function' || 'resolve' in action) return;
  refuse(
    place,
    `the action ${action.name || '(anonymous)'} has code of its own, which a crash would lose; use an invoked fromPromise`
  );
}

const actionsOf = (node: AnyStateNode): unknown[] => [
  ...node.entry,
  ...node.exit,
  ...[...node.transitions.values()].flat().flatMap(({ actions }) => actions),
  ...(node.always ?? []).flatMap(({ actions }) => actions),
  ...(node.initial?.actions ?? [])
];

type Named = { what: 'action' | 'guard' | 'delay'; name: string };

/** What the state calls by name: XState looks it up when it comes to it, which is too late. */
function namesIn(node: AnyStateNode): Named[] {
  const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
  const delays = node.after.flatMap(({ delay }) => (typeof delay === 'string' ? delay : []));
  return [
    ...actionsOf(node).flatMap((action) => named('action', action)),
    ...transitions.flatMap(({ guard }) => named('guard', guard)),
    ...delays.map((name): Named => ({ what: 'delay', name }))
  ];
}

function named(what: Named['what'], code: unknown): Named[] {
  const name =
    typeof code === 'string' ? code : typeof code === 'object' && code !== null && 'type' in code && code.type;
  return typeof name === 'string' && !name.startsWith('xstate.') ? [{ what, name }] : [];
}

const isGiven = ({ implementations }: AnyStateMachine, what: Named['what'], name: string): boolean =>
  name in implementations[`${what}s`] || (what === 'action' && name in hostActions);
