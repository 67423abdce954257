/** The kinds of actors whose life can be tested: a machine and what it is walked with. */
import type { AnyStateMachine } from 'xstate';
import { commandKinds } from '../actors/command/kinds.ts';
import { stubDriverKinds } from '../actors/driver/effects.ts';
import { createStubExecutor } from '../actors/executor/stub.ts';
import type { ActorKind } from '../actors/host/contract.ts';
import type { MachineSamples, MachineSchema } from '../actors/user-config/define.ts';
import { type Samples, samplesOf } from './samples.ts';
import { builtInSamples } from './samples-built-in/index.ts';

export interface TestedKind {
  kind: string;
  machine: AnyStateMachine;
  /** What REST takes for it; a built-in kind has paths of its own in the API. */
  schema?: MachineSchema;
  samples: Samples;
  /** As a host takes it, complete with what does its outside work. */
  actorKind: ActorKind;
}

/** A machine of one's own, as it stands in a `troupe.config.ts`. */
export function testedKind(
  registered: {
    kind: string;
    machine: AnyStateMachine;
    schema?: MachineSchema | undefined;
    samples?: MachineSamples | undefined;
  },
  actorKind: ActorKind = { kind: registered.kind, machine: registered.machine, durable: true, foreign: true }
): TestedKind {
  const { kind, machine, schema, samples } = registered;
  return {
    kind,
    machine,
    ...(schema ? { schema } : {}),
    samples: samplesOf(machine, { schema, declared: samples }),
    actorKind
  };
}

/** The kinds that are always there, with hands that do nothing. */
export function builtInTestedKinds(): TestedKind[] {
  const journal = { find: async () => [], loadActors: async () => [] };
  const kinds = [...commandKinds({ executor: createStubExecutor(), journal }), ...stubDriverKinds()];
  return kinds.map((actorKind) =>
    testedKind({ kind: actorKind.kind, machine: actorKind.machine, samples: builtInSamples[actorKind.kind] }, actorKind)
  );
}
