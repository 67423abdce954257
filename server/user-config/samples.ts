/** What a registered machine says it is to be tested with: `samples`. */
import type { AnyStateMachine } from 'xstate';
import { invokedBy, nodesOf } from '../../actors/kernel/fitness.ts';
import type { MachineSamples } from '../../actors/user-config/define.ts';
import { describe } from '../../schemas/errors.ts';
import type { ActorIntake } from './intake.ts';
import { assertKeys, isSchema as isObject, type Refuse, kindOf as whatIs } from './shape.ts';

/**
 * Inputs and events are what their schemas take, and name what is there to be named. A function is asked only when the
 * machine is walked.
 * @returns a copy, with the defaults of the schemas
 * @throws ControlError CONFIG_INVALID with the place in the file
 */
export function readSamples(
  given: MachineSamples,
  { machine, intake, place, refuse }: { machine: AnyStateMachine; intake?: ActorIntake; place: string; refuse: Refuse }
): MachineSamples {
  assertKeys(given, place, ['inputs', 'events', 'told', 'outcomes'], refuse);
  const samples = copied(given);
  const check = (at: string, run: () => void) => {
    try {
      run();
    } catch (cause) {
      refuse(at, describe(cause), cause);
    }
  };
  if (Array.isArray(samples.inputs) && samples.inputs.length === 0) {
    refuse(`${place}.inputs`, 'has nothing in it; leave it out, and what its schema takes is taken');
  }
  for (const [i, input] of objects(samples.inputs, `${place}.inputs`, refuse).entries()) {
    check(`${place}.inputs[${i}]`, () => intake?.input(input));
  }

  const declared = Object.keys(intake?.schema.events ?? {});
  if (samples.events !== undefined) assertKeys(samples.events, `${place}.events`, declared, refuse);
  for (const [type, list] of Object.entries(samples.events ?? {})) {
    for (const [i, fields] of objects(list, `${place}.events['${type}']`, refuse).entries()) {
      check(`${place}.events['${type}'][${i}]`, () => intake?.event({ ...fields, type }));
    }
  }

  if (samples.told !== undefined) {
    const inner = heardBy(machine).filter((type) => !declared.includes(type));
    assertKeys(samples.told, `${place}.told`, inner, refuse);
    for (const [type, list] of Object.entries(samples.told)) objects(list, `${place}.told['${type}']`, refuse);
  }

  if (samples.outcomes !== undefined) {
    assertKeys(samples.outcomes, `${place}.outcomes`, invokedBy(machine), refuse);
    for (const [src, ends] of Object.entries(samples.outcomes)) {
      const at = `${place}.outcomes.${src}`;
      assertKeys(ends, at, ['done', 'error'], refuse);
      if (ends.done !== undefined) listed(ends.done, `${at}.done`, refuse);
      for (const [i, error] of objects(ends.error, `${at}.error`, refuse).entries()) {
        for (const key of ['code', 'message']) {
          if (typeof error[key] !== 'string') {
            refuse(`${at}.error[${i}].${key}`, `must be a text, and is ${whatIs(error[key])}`);
          }
        }
      }
    }
  }
  return samples;
}

/** Validation fills defaults in; what the file exports stays as it is. */
function copied(value: MachineSamples): MachineSamples {
  const copy = (inner: unknown): unknown =>
    typeof inner === 'function'
      ? inner
      : Array.isArray(inner)
        ? inner.map(copy)
        : isObject(inner)
          ? Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, copy(item)]))
          : inner;
  return copy(value) as MachineSamples;
}

/** None where it is a function. */
function listed(value: unknown, place: string, refuse: Refuse): unknown[] {
  if (typeof value === 'function') return [];
  if (!Array.isArray(value))
    return refuse(place, `must be a list, or a function of a context, and is ${whatIs(value)}`);
  return value;
}

function objects(value: unknown, place: string, refuse: Refuse): Record<string, unknown>[] {
  if (value === undefined) return [];
  const list = listed(value, place, refuse);
  for (const [i, item] of list.entries()) {
    if (!isObject(item)) refuse(`${place}[${i}]`, `must be an object, and is ${whatIs(item)}`);
  }
  return list as Record<string, unknown>[];
}

const heardBy = (machine: AnyStateMachine): string[] =>
  [...new Set(nodesOf(machine.root).flatMap((node) => [...node.transitions.keys()]))]
    .filter((type) => type !== '' && !type.startsWith('xstate.'))
    .sort();
