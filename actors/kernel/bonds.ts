/**
 * What an actor has running (effects, child machines, timers), matched to what the states of another machine want
 * running. In order, and only between things of one kind:
 *
 * 1. under the same id: the same work (an invoke also of the same `src`); it goes on, and a timer keeps its due time;
 * 2. of the same `src`, or for a timer of the same delay, where just one on each side is left: the same work whose state
 *    has another name; it goes on under its new id;
 * 3. what runs and is wanted by no state is over; a child that no state invoked (`spawnChild`) stays while the machine
 *    names its logic;
 * 4. what is wanted and never ran begins: an invoke is started, an `after` is armed from now.
 *
 * An invoke that has ended in the state it is in, or an `after` that has fired there, is not begun again.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { MachineNode } from '../../schemas/generated/contracts.ts';
import type { PersistedSnapshot } from '../host/contract.ts';
import { isMachine, logicOf } from './fitness.ts';

type Child = PersistedSnapshot['children'][string];
type Invoke = AnyStateNode['invoke'][number];

export interface Bonds {
  /** By their new ids, those that are over left out. */
  children: PersistedSnapshot['children'];
  /** Old ids of what ran and is over, with the reason. */
  over: { child: string; reason: string }[];
  start: Invoke[];
  /** Old id → new id, of timers that go on. */
  timers: Map<string, string>;
  /** Ids of `after` timers that no state has any more. */
  cleared: string[];
  arm: { node: AnyStateNode; id: string }[];
}

/** @param origin the states the actor was in, as its own machine had them; undefined when that is not known */
export function bondsOf(
  machine: AnyStateMachine,
  active: AnyStateNode[],
  { children, timers }: Pick<PersistedSnapshot, 'children' | 'timers'>,
  origin: MachineNode[] | undefined,
  restart: readonly string[] = []
): Bonds {
  return { ...childBonds(machine, active, children, origin, restart), ...timerBonds(active, timers, origin, restart) };
}

function childBonds(
  machine: AnyStateMachine,
  active: AnyStateNode[],
  running: PersistedSnapshot['children'],
  origin: MachineNode[] | undefined,
  restart: readonly string[]
): Pick<Bonds, 'children' | 'over' | 'start'> {
  const wanted = new Map(active.flatMap((node) => node.invoke).map((invoke) => [String(invoke.id), invoke]));
  const left = new Map(Object.entries(running));
  const children: Bonds['children'] = {};
  const go = (from: string, to: string) => {
    children[to] = { ...(left.get(from) as Child), src: String(wanted.get(to)?.src) };
    left.delete(from);
    wanted.delete(to);
  };
  const isSame = (child: Child, src: string) => child.src === src && hasNature(machine, child, src);

  const begun = [...wanted.values()].filter(({ id }) => restart.includes(String(id)));
  for (const { id } of begun) wanted.delete(String(id));
  for (const [id, { src }] of [...wanted]) {
    const child = left.get(id);
    if (child && isSame(child, String(src))) go(id, id);
  }
  for (const [id, { src }] of [...wanted]) {
    const candidates = [...left].filter(([, child]) => isSame(child, String(src)));
    const rivals = [...wanted.values()].filter((other) => String(other.src) === String(src));
    if (candidates.length === 1 && rivals.length === 1) go((candidates[0] as [string, Child])[0], id);
  }
  const invoked = origin && new Set(origin.flatMap((node) => node.invoke.map(({ id }) => id)));
  const over: Bonds['over'] = [];
  for (const [id, child] of left) {
    const wasInvoked = invoked ? invoked.has(id) : child.src.startsWith('xstate.invoke.');
    const isKnown = logicOf(machine, child.src) !== undefined && hasNature(machine, child, child.src);
    if (!wasInvoked && isKnown && !wanted.has(id)) children[id] = child;
    else if (child.effect !== undefined || child.address !== undefined) {
      const reason = wasInvoked
        ? 'no state the actor is in invokes it'
        : `the machine has no actor '${child.src}' of that kind`;
      over.push({ child: id, reason });
    }
  }
  return { children, over, start: [...wanted.values(), ...begun] };
}

/** A promise that runs is no machine, and the other way round; one that has ended could be either. */
function hasNature(machine: AnyStateMachine, { effect, address }: Child, src: string): boolean {
  const logic = logicOf(machine, src);
  return (effect === undefined || !isMachine(logic)) && (address === undefined || isMachine(logic));
}

const AFTER = 'xstate.after.';

function timerBonds(
  active: AnyStateNode[],
  running: PersistedSnapshot['timers'],
  origin: MachineNode[] | undefined,
  restart: readonly string[]
): Pick<Bonds, 'timers' | 'cleared' | 'arm'> {
  const wanted = new Map(
    active.flatMap((node) =>
      node.after.map(({ eventType, delay }) => [eventType, { node, id: eventType, delay: String(delay) }] as const)
    )
  );
  // What is no `after`, a raise or sendTo with a delay, is the actor's own and goes on.
  const left = new Set(Object.keys(running).filter((id) => id.startsWith(AFTER)));
  const timers: Bonds['timers'] = new Map();
  const go = (from: string, to: string) => {
    timers.set(from, to);
    left.delete(from);
    wanted.delete(to);
  };
  const begun = [...wanted.values()].filter(({ delay }) => restart.includes(delay));
  for (const { id } of begun) wanted.delete(id);
  for (const id of [...wanted.keys()]) if (left.has(id)) go(id, id);
  for (const [id, { delay }] of [...wanted]) {
    const candidates = [...left].filter((other) => other.startsWith(`${AFTER}${delay}.`));
    const rivals = [...wanted.values()].filter((other) => other.delay === delay);
    if (candidates.length === 1 && rivals.length === 1) go(candidates[0] as string, id);
  }
  // One that its machine had in this very state and that does not run has fired, and a guard refused it.
  const fired = new Set(origin?.flatMap((node) => node.after.map(({ event }) => event)));
  const arm = [...wanted.values()].filter(({ id }) => !fired.has(id));
  return { timers, cleared: [...left], arm: [...arm, ...begun].map(({ node, id }) => ({ node, id })) };
}

/** Of a machine as data, the states that a state value names: those an actor with that value is in. */
export function statesIn(node: MachineNode, value: unknown): MachineNode[] {
  const inner =
    typeof value === 'string' ? { [value]: undefined } : typeof value === 'object' && value !== null ? value : {};
  const entered = Object.entries(inner).flatMap(([key, of]) => {
    const child = node.states.find((state) => state.key === key);
    return child ? statesIn(child, of) : [];
  });
  return [node, ...entered];
}
