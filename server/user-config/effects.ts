import type { AnyStateMachine } from 'xstate';
import { effect } from '../../actors/host/effect.ts';
import { childKind } from '../../actors/kernel/definition.ts';
import { invokedBy, isMachine } from '../../actors/kernel/fitness.ts';
import type { EffectFunction, RegisteredMachine, UserConfig } from '../../actors/user-config/define.ts';
import { assertKeys, kindOf, type Refuse } from './shape.ts';

export type Effects = Readonly<Record<string, Record<string, EffectFunction>>>;

/** The effects of a config, each of which some machine of it names. */
export function effectsOf(listed: RegisteredMachine[], effects: UserConfig['effects'], refuse: Refuse): Effects {
  const machines = listed.flatMap(({ kind, machine, previous = [] }) =>
    [machine, ...previous.map((former) => former.machine)].flatMap((one) => familyOf(kind, one))
  );
  for (const [i, { kind, previous = [] }] of listed.entries()) {
    for (const [j, former] of previous.entries()) {
      assertEffects(familyOf(kind, former.machine), former.effects, `machines[${i}].previous[${j}].effects`, refuse);
    }
  }
  assertEffects(machines, effects, 'effects', refuse);
  return effects ?? {};
}

function assertEffects(
  machines: [kind: string, machine: AnyStateMachine][],
  effects: UserConfig['effects'],
  at: string,
  refuse: Refuse
): void {
  if (effects === undefined) return;
  assertKeys(effects, at, [...new Set(machines.map(([kind]) => kind))], refuse);
  for (const [kind, given] of Object.entries(effects)) {
    const of = machines.flatMap(([name, machine]) => (name === kind ? machine : []));
    assertKeys(given, `${at}.${kind}`, [...new Set(of.flatMap(invokedBy))], refuse);
    for (const [name, run] of Object.entries(given)) {
      const place = `${at}.${kind}.${name}`;
      if (typeof run !== 'function') refuse(place, `must be an async function, and is ${kindOf(run)}`);
      if (of.every((machine) => isMachine(machine.implementations.actors[name]))) {
        refuse(place, 'is a child machine; it is given in setup({ actors })');
      }
    }
  }
}

/** Those of a config with others over them. */
export const effectsOver = (effects: Effects, more: Effects = {}): Effects =>
  Object.fromEntries(
    [...new Set([...Object.keys(effects), ...Object.keys(more)])].map((kind) => [
      kind,
      { ...effects[kind], ...more[kind] }
    ])
  );

/** The machine with the effects of its kind and of its children's kinds for hands. */
export function withEffects(kind: string, machine: AnyStateMachine, effects: Effects): AnyStateMachine {
  const actors: Record<string, unknown> = {};
  for (const [src, logic] of Object.entries(machine.implementations.actors)) {
    if (isMachine(logic)) actors[src] = withEffects(childKind(kind, src), logic, effects);
  }
  const names = invokedBy(machine);
  for (const [name, run] of Object.entries(effects[kind] ?? {})) {
    // Of another version of the machine, or a child machine in this one.
    if (names.includes(name) && !isMachine(machine.implementations.actors[name])) actors[name] = effect(run);
  }
  return Object.keys(actors).length === 0 ? machine : (machine.provide({ actors } as never) as AnyStateMachine);
}

/** A machine and the child machines it names, by kind. */
const familyOf = (kind: string, machine: AnyStateMachine): [string, AnyStateMachine][] => [
  [kind, machine],
  ...Object.entries(machine.implementations.actors).flatMap(([src, logic]) =>
    isMachine(logic) ? familyOf(childKind(kind, src), logic) : []
  )
];
