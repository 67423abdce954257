/** What paths are to cover: states, transitions, pairs of transitions one after the other, or what guards say. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { nodesOf } from '../actors/kernel/fitness.ts';
import { type Declared, pathOf, type Seen } from './watched.ts';

export const CRITERIA = ['states', 'transitions', 'pairs', 'guards'] as const;
export type Criterion = (typeof CRITERIA)[number];

/** One piece of a walk: being made, or one event. */
export interface Trodden {
  /** Every state it was in, also in passing: paths of leaves, those of regions joined by a comma. */
  states: readonly string[];
  seen: Seen;
}

export class Goals {
  /** What each stands for, by its number. */
  readonly names: string[] = [];
  readonly criterion: Criterion;
  readonly #numbers = new Map<string, number>();

  constructor(criterion: Criterion, machine: AnyStateMachine, declared: readonly Declared[]) {
    this.criterion = criterion;
    if (criterion === 'states') {
      for (const node of nodesOf(machine.root)) {
        if (node.type !== 'history' && node.path.length > 0) this.#add(pathOf(node), pathOf(node));
      }
    }
    for (const [i, transition] of declared.entries()) {
      if (criterion === 'transitions') this.#add(String(i), nameOf(transition));
      if (criterion === 'guards' && transition.guard !== null) {
        for (const said of [true, false]) {
          this.#add(`${i} ${said}`, `${nameOf(transition)} : ${transition.guard} is ${said}`);
        }
      }
    }
    if (criterion === 'pairs') {
      for (const [i, j] of adjacent(machine, declared)) {
        const [first, second] = [declared[i] as Declared, declared[j] as Declared];
        this.#add(`${i} ${j}`, `${nameOf(first)} , then ${nameOf(second)}`);
      }
    }
  }

  /** @param before what the microstep before it took */
  reachedBy({ states, seen }: Trodden, before: readonly number[]): number[] {
    switch (this.criterion) {
      case 'states':
        return this.#known([...new Set(states.flatMap((state) => state.split(',').flatMap(withParents)))]);
      case 'transitions':
        return this.#known(seen.taken.flat().map(String));
      case 'guards':
        return this.#known(seen.asked.map(([transition, said]) => `${transition} ${said}`));
      case 'pairs':
        return this.#known(
          seen.taken.flatMap((now, i) => {
            const last = i === 0 ? before : (seen.taken[i - 1] as number[]);
            return last.flatMap((first) => now.map((second) => `${first} ${second}`));
          })
        );
    }
  }

  #add(key: string, name: string) {
    if (this.#numbers.has(key)) return;
    this.#numbers.set(key, this.names.length);
    this.names.push(name);
  }

  #known = (keys: string[]): number[] =>
    keys.flatMap((key) => {
      const number = this.#numbers.get(key);
      return number === undefined ? [] : [number];
    });
}

/** `WAITING order.pay [isEnough] → PAID` */
export const nameOf = ({ source, event, guard, targets }: Declared): string =>
  `${source || '(any state)'} ${event}${guard === null ? '' : ` [${guard}]`} → ${targets.join(', ') || '(stays)'}`;

const withParents = (path: string): string[] => {
  const keys = path.split('.');
  return path === '' ? [] : keys.map((_, i) => keys.slice(0, i + 1).join('.'));
};

/**
 * Pairs of which the second is declared where the first leads to: in the state it enters, in one around it, or in one
 * that is entered with it; nothing follows an end. One that stays leads to where it is declared, and to what is inside. What guards and context
 * rule out is among them.
 */
function adjacent(machine: AnyStateMachine, declared: readonly Declared[]): [first: number, second: number][] {
  const nodes = new Map(nodesOf(machine.root).map((node) => [pathOf(node), node]));
  const bySource = new Map<string, number[]>();
  for (const [i, { source }] of declared.entries()) bySource.set(source, [...(bySource.get(source) ?? []), i]);
  return declared.flatMap(({ source, targets }, first) => {
    const at = new Set<AnyStateNode>();
    if (targets.some((target) => isEnd(nodes.get(target) as AnyStateNode))) return [];
    for (const target of targets.length > 0 ? targets : [source]) {
      const node = nodes.get(target) as AnyStateNode;
      for (const around of aroundOf(node)) at.add(around);
      for (const inside of targets.length > 0 ? enteredWith(node) : nodesOf(node)) at.add(inside);
    }
    return [...at].flatMap((node) =>
      (bySource.get(pathOf(node)) ?? []).map((second): [number, number] => [first, second])
    );
  });
}

/** The actor ends with it: nothing follows. */
const isEnd = ({ type, parent }: AnyStateNode): boolean =>
  type === 'final' && (parent as AnyStateNode | undefined)?.parent === undefined && parent?.type !== 'parallel';

const aroundOf = (node: AnyStateNode): AnyStateNode[] =>
  node.parent ? [node, ...aroundOf(node.parent as AnyStateNode)] : [node];

/** Of a history state what it may remember: all that is beside it. */
function enteredWith(node: AnyStateNode): AnyStateNode[] {
  if (node.type === 'history') return nodesOf(node.parent as AnyStateNode);
  if (node.type === 'parallel') return [node, ...Object.values(node.states).flatMap(enteredWith)];
  if (node.type !== 'compound') return [node];
  return [node, ...((node.initial.target ?? []) as AnyStateNode[]).flatMap(enteredWith)];
}
