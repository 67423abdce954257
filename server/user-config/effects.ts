import type { AnyStateMachine } from 'xstate';
import { effect } from '../../actors/host/effect.ts';
import { childKind } from '../../actors/kernel/definition.ts';
import { isMachine, nodesOf } from '../../actors/kernel/fitness.ts';
import type { EffectFunction, RegisteredMachine, UserConfig } from '../../actors/user-config/define.ts';
import { assertKeys, kindOf, type Refuse } from './shape.ts';

export type Effects = Readonly<Record<string, Record<string, EffectFunction>>>;

/** The effects of a config, each of which some machine of it names. */
export function effectsOf(listed: RegisteredMachine[], effects: UserConfig['effects'], refuse: Refuse): Effects {
  const machines = new Map(listed.flatMap(({ kind, machine }) => familyOf(kind, machine)));
  if (effects === undefined) return {};
  assertKeys(effects, 'effects', [...machines.keys()], refuse);
  for (const [kind, given] of Object.entries(effects)) {
    const names = invokedBy(machines.get(kind) as AnyStateMachine);
    assertKeys(given, `effects.${kind}`, names, refuse);
    for (const [name, run] of Object.entries(given)) {
      const place = `effects.${kind}.${name}`;
      if (typeof run !== 'function') refuse(place, `must be an async function, and is ${kindOf(run)}`);
      if (isMachine(machines.get(kind)?.implementations.actors[name])) {
        refuse(place, 'is a child machine; it is given in setup({ actors })');
      }
    }
  }
  return effects;
}

/** The machine with the effects of its kind and of its children's kinds for hands. */
export function withEffects(kind: string, machine: AnyStateMachine, effects: Effects): AnyStateMachine {
  const actors: Record<string, unknown> = {};
  for (const [src, logic] of Object.entries(machine.implementations.actors)) {
    if (isMachine(logic)) actors[src] = withEffects(childKind(kind, src), logic, effects);
  }
  for (const [name, run] of Object.entries(effects[kind] ?? {})) actors[name] = effect(run);
  return Object.keys(actors).length === 0 ? machine : (machine.provide({ actors } as never) as AnyStateMachine);
}

/** A machine and the child machines it names, by kind. */
const familyOf = (kind: string, machine: AnyStateMachine): [string, AnyStateMachine][] => [
  [kind, machine],
  ...Object.entries(machine.implementations.actors).flatMap(([src, logic]) =>
    isMachine(logic) ? familyOf(childKind(kind, src), logic) : []
  )
];

const invokedBy = (machine: AnyStateMachine): string[] => [
  ...new Set([
    ...Object.keys(machine.implementations.actors),
    ...nodesOf(machine.root).flatMap((node) => node.invoke.map(({ src }) => String(src)))
  ])
];
