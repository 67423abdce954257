/** What a registered machine says of its versions from before: `previous` and `migrations`. */
import type { AnyStateMachine } from 'xstate';
import type { ActorKind } from '../../actors/host/contract.ts';
import { shapePart, versionOf } from '../../actors/kernel/outline.ts';
import { Machines } from '../../actors/kernel/versions.ts';
import type { PreviousMachine, RegisteredMachine } from '../../actors/user-config/define.ts';
import { isControlError } from '../../schemas/errors.ts';
import { type Effects, effectsOver, withEffects } from './effects.ts';
import { type ActorIntake, actorIntake, contextSchema } from './intake.ts';
import { assertKeys, listOf, type Refuse, kindOf as whatIs } from './shape.ts';

/** @throws ControlError CONFIG_INVALID with the place in the file */
export function assertVersions(
  { previous, migrations }: RegisteredMachine,
  place: string,
  assertMachine: (machine: AnyStateMachine, place: string) => void,
  refuse: Refuse
): void {
  for (const [i, former] of listOf(previous, `${place}.previous`, refuse).entries()) {
    const at = `${place}.previous[${i}]`;
    assertKeys(former, at, ['machine', 'schema', 'effects'], refuse);
    assertMachine(former.machine, `${at}.machine`);
    if (former.schema !== undefined) assertKeys(former.schema, `${at}.schema`, ['input', 'events', 'context'], refuse);
  }
  for (const [i, migration] of listOf(migrations, `${place}.migrations`, refuse).entries()) {
    const at = `${place}.migrations[${i}]`;
    assertKeys(migration, at, ['kind', 'from', 'to', 'migrate'], refuse);
    const { kind, from, to, migrate } = migration as unknown as Record<string, unknown>;
    for (const [key, name] of Object.entries({
      from,
      ...(kind === undefined ? {} : { kind }),
      ...(to === undefined ? {} : { to })
    })) {
      if (typeof name !== 'string' || name === '') {
        refuse(
          `${at}.${key}`,
          `must be ${key === 'kind' ? 'a kind' : 'a version or its label'}, a text, and is ${whatIs(name)}`
        );
      }
    }
    if (typeof migrate !== 'function') {
      refuse(`${at}.migrate`, `must be a function of { value, context } that returns such, and is ${whatIs(migrate)}`);
    }
  }
}

/**
 * A registered machine as the host takes it, its former ones beside it.
 * @throws ControlError CONFIG_INVALID, MACHINE_UNFIT
 */
export function kindOf(
  { kind, machine, schema, previous = [], migrations }: RegisteredMachine,
  place: string,
  effects: Effects,
  refuse: Refuse
): ActorKind {
  const context = (of: RegisteredMachine['schema'], at: string) =>
    of?.context === undefined ? {} : { context: contextSchema(of.context, `${at}.schema.context`, refuse) };
  const complete: ActorKind = {
    kind,
    machine: withEffects(kind, machine, effects),
    durable: true,
    foreign: true,
    ...context(schema, place),
    previous: previous.map((former, i) => ({
      machine: withEffects(kind, former.machine, effectsOver(effects, former.effects)),
      ...context(former.schema, `${place}.previous[${i}]`)
    })),
    ...(migrations ? { migrations } : {})
  };
  try {
    new Machines([complete]);
  } catch (error) {
    if (!isControlError(error, 'VERSIONS_UNCLEAR')) throw error;
    const unclear = error.details as { place: string; reason: string };
    refuse(`${place}.${unclear.place}`, unclear.reason, error);
  }
  return complete;
}

/** What actors that stay with a former machine take, where that is something of its own. */
export function formerIntakes(
  kind: ActorKind,
  previous: PreviousMachine[],
  place: string,
  refuse: Refuse
): ReadonlyMap<string, ActorIntake> {
  const intakes = new Map<string, ActorIntake>();
  for (const [i, { schema }] of previous.entries()) {
    const machine = kind.previous?.[i]?.machine;
    // One of its context alone says nothing of REST.
    if (!machine || (schema?.input === undefined && schema?.events === undefined)) continue;
    const former = { kind: kind.kind, machine, durable: true, foreign: true };
    const intake = actorIntake(former, schema, `${place}.previous[${i}].schema`, refuse);
    intakes.set(shapePart(versionOf(kind.kind, machine)), intake);
  }
  return intakes;
}
