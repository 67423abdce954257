/** What a machine is walked with: inputs, events and how its outside work ends, each with values by which guards differ. */
import type { AnyStateMachine } from 'xstate';
import { invokedBy, nodesOf } from '../actors/kernel/fitness.ts';
import type { MachineSamples, MachineSchema, Sampled } from '../actors/user-config/define.ts';
import type { Failure } from '../schemas/errors.ts';
import { valuesOfSchema } from './schema-samples.ts';

export type { MachineSamples, Sampled };

/** Fields of an event beside its `type`. */
export type Fields = Record<string, unknown>;

export interface Samples {
  /** What an actor is made with. */
  inputs: readonly Fields[];
  /** By type: from outside, which is what REST takes. */
  events: Record<string, Sampled<Fields>>;
  /** By type: from other actors, child machines and the host, which nobody outside can say. */
  told: Record<string, Sampled<Fields>>;
  /** By the name in `setup({ actors })`: what a promise or a child machine ends with. */
  outcomes: Record<string, Outcomes>;
}

export interface Outcomes {
  done: Sampled<unknown>;
  error: Sampled<Failure>;
}

/** Those for an actor with this context. */
export const sampled = <T>(samples: Sampled<T> | undefined, context: unknown): readonly T[] =>
  typeof samples === 'function' ? samples(context) : (samples ?? []);

/** What effects and child machines fail with where nobody has said. */
const FAILED: Failure = { code: 'EFFECT_FAILED', message: 'it failed' };

/**
 * Those that are declared, and for what is not: inputs and events by their JSON Schemas; of events without one their
 * bare type, as word from inside; each effect and child machine done with `{}` and failed.
 */
export function samplesOf(
  machine: AnyStateMachine,
  { schema, declared = {} }: { schema?: MachineSchema | undefined; declared?: MachineSamples | undefined } = {}
): Samples {
  const types = eventTypes(machine);
  const events: Samples['events'] = { ...declared.events };
  for (const [type, fields] of Object.entries(schema?.events ?? {})) {
    events[type] ??= valuesOfSchema(fields).map((value) => withoutType(value as Fields));
  }
  const inner = types.filter((type) => !(type in events));
  return {
    inputs: declared.inputs ?? (schema?.input ? (valuesOfSchema(schema.input, 8) as Fields[]) : [{}]),
    events,
    told: { ...Object.fromEntries(inner.map((type) => [type, [{}]])), ...declared.told },
    outcomes: Object.fromEntries(
      invokedBy(machine).map((src) => {
        const { done = [{}], error = [FAILED] } = declared.outcomes?.[src] ?? {};
        return [src, { done, error }];
      })
    )
  };
}

const withoutType = ({ type: _, ...fields }: Fields): Fields => fields;

/** Names, and patterns such as `order.*` are none: there is no event to send. */
const eventTypes = (machine: AnyStateMachine): string[] =>
  [...new Set(nodesOf(machine.root).flatMap((node) => [...node.transitions.keys()]))]
    .filter((type) => type !== '' && !type.startsWith('xstate.') && !type.endsWith('*'))
    .sort();
