/**
 * The default export of `troupe.config.ts`, looked through to the last field before anything starts: what would go
 * wrong later is refused here, with its place in the file and the cure.
 */
import type { AnyStateMachine } from 'xstate';
import type { ActorKind } from '../../actors/host/contract.ts';
import { defineAll } from '../../actors/kernel/definition.ts';
import { isMachine } from '../../actors/kernel/fitness.ts';
import { firstNonJson } from '../../actors/kernel/json.ts';
import type { MachineSamples, RegisteredMachine, UserConfig } from '../../actors/user-config/define.ts';
import { ControlError, describe, isControlError } from '../../schemas/errors.ts';
import type { Flow, SelectorRegistry } from '../../schemas/generated/contracts.ts';
import { parse } from '../contracts.ts';
import { builtInKinds } from '../control/built-in-kinds.ts';
import { checkFlow } from '../control/flow-registry.ts';
import { effectsOf } from './effects.ts';
import { type ActorIntake, actorIntake } from './intake.ts';
import { readSamples } from './samples.ts';
import { assertKeys, listOf, type Refuse, kindOf as whatIs } from './shape.ts';
import { assertVersions, formerIntakes, kindOf } from './versions.ts';

/** What a config adds to a process. */
export interface Registered {
  kinds: ActorKind[];
  /** What REST takes, by kind; a machine without a schema has none. */
  intakes: ReadonlyMap<string, ActorIntake>;
  /** What `troupe test` walks machines with, by kind; of one that says nothing there is none. */
  samples: ReadonlyMap<string, MachineSamples>;
  flows: Flow[];
  platforms: SelectorRegistry[];
}

export const nothingRegistered: Registered = {
  kinds: [],
  intakes: new Map(),
  samples: new Map(),
  flows: [],
  platforms: []
};

const KEYS = ['machines', 'effects', 'flows', 'platforms'];

/**
 * @param file for messages
 * @throws ControlError CONFIG_INVALID, MACHINE_UNFIT
 */
export function readUserConfig(value: unknown, file: string): Registered {
  const refuse: Refuse = (place, reason, cause) => {
    throw new ControlError('CONFIG_INVALID', { option: file, value: place, reason }, cause);
  };
  assertKeys(value, 'the default export', KEYS, refuse);
  const { machines, effects, flows, platforms } = value as UserConfig;
  const listed = listOf(machines, 'machines', refuse);
  for (const [i, entry] of listed.entries()) assertEntry(entry, `machines[${i}]`, listed, refuse);
  const given = effectsOf(listed, effects, refuse);
  const kinds = listed.map((entry, i) => kindOf(entry, `machines[${i}]`, given, refuse));
  assertDistinct(kinds, refuse);

  const intakes = new Map<string, ActorIntake>();
  for (const [i, { kind, schema, previous = [] }] of listed.entries()) {
    const place = `machines[${i}]`;
    const former = formerIntakes(kinds[i]!, previous, place, refuse);
    if (!schema) {
      if (former.size === 0) continue;
      refuse(
        `${place}.schema`,
        'is missing, so nothing reaches actors of former machines either; give it, if only { events: {} }'
      );
    }
    intakes.set(kind, actorIntake(kinds[i]!, schema, `${place}.schema`, refuse, former));
  }
  const samples = new Map<string, MachineSamples>();
  for (const [i, { kind, machine, samples: given }] of listed.entries()) {
    if (given === undefined) continue;
    const intake = intakes.get(kind);
    const place = `machines[${i}].samples`;
    samples.set(kind, readSamples(given, { machine, place, refuse, ...(intake ? { intake } : {}) }));
  }
  return {
    kinds,
    intakes,
    samples,
    flows: checkedList(flows, 'flows', (flow) => checkFlow(flow), refuse),
    platforms: checkedList(platforms, 'platforms', parse.selectorRegistry, refuse)
  };
}

function assertEntry(entry: RegisteredMachine, place: string, all: RegisteredMachine[], refuse: Refuse): void {
  assertKeys(entry, place, ['kind', 'machine', 'schema', 'previous', 'migrations', 'samples'], refuse);
  const { kind, machine, schema } = entry;
  if (typeof kind !== 'string' || !/^[a-z][a-z0-9_]{0,62}$/.test(kind)) {
    refuse(`${place}.kind`, `${JSON.stringify(kind)} must be small letters, digits and _, beginning with a letter`);
  }
  if (Object.hasOwn(builtInKinds, kind)) refuse(`${place}.kind`, `'${kind}' is built in; choose another name`);
  if (all.find((other) => other?.kind === kind) !== entry) {
    refuse(`${place}.kind`, `'${kind}' is registered twice; choose another name`);
  }
  assertMachine(kind, machine, `${place}.machine`, refuse);
  if (schema !== undefined) assertKeys(schema, `${place}.schema`, ['input', 'events', 'context'], refuse);
  assertVersions(entry, place, (former, at) => assertMachine(kind, former, at, refuse), refuse);
}

function assertMachine(kind: string, machine: AnyStateMachine, place: string, refuse: Refuse): void {
  if (!isMachine(machine)) {
    const isOther = typeof (machine as { resolveState?: unknown } | null)?.resolveState === 'function';
    refuse(
      place,
      isOther
        ? 'was made by another copy of xstate; let one version serve both (npm ls xstate, then npm dedupe)'
        : `must be what createMachine of xstate 5 returns, and is ${whatIs(machine)}`
    );
  }
  const { context } = machine.config;
  const unfit = typeof context === 'function' ? undefined : firstNonJson(context ?? {});
  if (unfit) {
    const reason = `it is ${unfit.what}, which a snapshot cannot keep; keep JSON there`;
    throw new ControlError('MACHINE_UNFIT', { kind, place: `context ${unfit.path}`, reason });
  }
}

/** Children are kinds too: `order` with a child `payment` is a second kind `order_payment`. @throws MACHINE_UNFIT */
function assertDistinct(kinds: ActorKind[], refuse: Refuse): void {
  const seen = new Set(Object.keys(builtInKinds));
  for (const [i, kind] of kinds.entries()) {
    const versions = [kind, ...(kind.previous ?? []).map(({ machine }) => ({ ...kind, machine }))];
    const own = versions.map((version) => defineAll(version).map((definition) => definition.kind));
    for (const names of own) {
      const taken = names.find((name, at) => seen.has(name) || names.indexOf(name) !== at);
      if (taken === undefined) continue;
      refuse(`machines[${i}]`, `its child machine would be the kind '${taken}', which is taken; rename one`);
    }
    for (const name of own.flat()) seen.add(name);
  }
}

function checkedList<T>(value: T[] | undefined, place: string, check: (item: unknown) => T, refuse: Refuse): T[] {
  return listOf(value, place, refuse).map((item, i) => {
    try {
      return check(item);
    } catch (cause) {
      if (!isControlError(cause)) throw cause;
      return refuse(`${place}[${i}]`, describe(cause), cause);
    }
  });
}
