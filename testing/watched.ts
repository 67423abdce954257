/** A machine whose transitions and guards can be seen as they are taken and asked, by the objects XState itself goes by. */
import { type AnyStateMachine, type AnyStateNode, type AnyTransitionDefinition, and } from 'xstate';
import { nodesOf } from '../actors/kernel/fitness.ts';

/** One transition of a machine, as it is declared. */
export interface Declared {
  /** Path of the state it is declared in, `RUNNING.PREPARING`; of the machine itself: ''. */
  source: string;
  /** As XState names it: `order.pay`, `xstate.done.actor.charge`, `xstate.after.patience.order.WAITING`; `always` where it has none. */
  event: string;
  /** Among those of its state for its event, the first is 0. */
  nth: number;
  guard: string | null;
  /** Paths of the states it leads to; none: it stays. */
  targets: string[];
}

/** What was seen since the last look. */
export interface Seen {
  /** Indices of `declared`, a list for each microstep. */
  taken: number[][];
  /** Index of `declared` and what its guard said. */
  asked: [transition: number, said: boolean][];
}

export interface Watched {
  /** Does what the machine does. */
  machine: AnyStateMachine;
  declared: readonly Declared[];
  /** What was seen since it was last called. */
  look(): Seen;
}

/** The machine itself is left as it is: this one has state nodes of its own. */
export function watched(original: AnyStateMachine): Watched {
  const machine = original.provide({}) as AnyStateMachine;
  const declared: Declared[] = [];
  let seen: Seen = { taken: [], asked: [] };
  let isNewMicrostep = true;
  const take = (index: number) => {
    if (isNewMicrostep) seen.taken.push([]);
    isNewMicrostep = false;
    seen.taken.at(-1)?.push(index);
  };
  for (const node of nodesOf(machine.root)) {
    for (const [event, list] of transitionsOf(node)) {
      for (const [nth, transition] of list.entries()) {
        const index = declared.push(declaration(node, event, nth, transition)) - 1;
        watchGuard(transition, (said) => seen.asked.push([index, said]));
        // XState reads it once for each transition that a microstep takes, after those that conflict are put aside.
        const { actions } = transition;
        Object.defineProperty(transition, 'actions', {
          get: () => {
            take(index);
            return actions;
          }
        });
      }
    }
    // Looked at between microsteps.
    const { always } = node;
    Object.defineProperty(node, 'always', {
      get: () => {
        isNewMicrostep = true;
        return always;
      }
    });
  }
  const select = machine.getTransitionData.bind(machine);
  machine.getTransitionData = (...args) => {
    isNewMicrostep = true;
    return select(...args);
  };
  return {
    machine,
    declared,
    look() {
      const found = seen;
      seen = { taken: [], asked: [] };
      isNewMicrostep = true;
      return found;
    }
  };
}

const transitionsOf = (node: AnyStateNode): [event: string, list: AnyTransitionDefinition[]][] => [
  ...(node.transitions as Map<string, AnyTransitionDefinition[]>).entries(),
  ...(node.always?.length
    ? [['always', node.always as AnyTransitionDefinition[]] as [string, AnyTransitionDefinition[]]]
    : [])
];

const declaration = (
  node: AnyStateNode,
  event: string,
  nth: number,
  { guard, target }: AnyTransitionDefinition
): Declared => ({
  source: pathOf(node),
  event,
  nth,
  guard: guard === undefined ? null : guardName(guard),
  targets: ((target ?? []) as AnyStateNode[]).map(pathOf)
});

export const pathOf = (node: AnyStateNode): string => node.path.join('.');

/** `isWrite`, `and(isWrite, isOurs)`; of a function written in place: `inline`. */
function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const { type, name, guards } = guard as { type?: string; name?: string; guards?: unknown[] };
  if (guards) return `${name}(${guards.map(guardName).join(', ')})`;
  return type ?? (name === '' || name === undefined || name === 'guard' ? 'inline' : name);
}

function watchGuard(transition: AnyTransitionDefinition, saw: (said: boolean) => void) {
  const { guard } = transition;
  if (guard === undefined) return;
  // A guard that consists of this one: XState asks it as it would have.
  const both = and([guard as never]) as unknown as { check: (...args: unknown[]) => boolean };
  const own = Object.assign(() => false, {
    check: (snapshot: unknown, args: unknown) => {
      const said = both.check(snapshot, args, both);
      saw(said);
      return said;
    }
  });
  Object.assign(transition, { guard: own });
}
