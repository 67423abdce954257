/**
 * An actor whose machine is not the newest any more: what becomes of it. The same for a host that starts, for a reader
 * who asks why an actor is held, and for `troupe check-upgrade`.
 *
 * 1. A migration is given from its version: it is applied, as far as the migrations lead, and what comes of it must be
 *    legal in the newest machine.
 * 2. Its machine is registered beside the newest: it stays with that one until it ends. So does one whose migration failed.
 * 3. Its state, what its history states remember, its context and all it has running are legal in the newest: it goes
 *    on there, where it is.
 * 4. Otherwise it is held: no step, its mail and timers kept, until a later start can do one of these.
 *
 * Going over is a step of its own with a row of its own, `actor.upgraded`. No state is entered or left in it, so no entry
 * or exit action runs: a migration that gives another state gives the context that belongs there. What runs is matched
 * to what the states want (`bonds.ts`). Then the machine may say more: `on: { 'actor.upgraded': … }`, and `always`.
 *
 * Without a migration nothing that may have done something outside is given up: where an effect or child machine runs
 * that no state wants, the actor is held. A migration says with what it returns that this is meant; then its signal
 * aborts, and its result, if one still comes, is nobody's.
 */
import type { AnyMachineSnapshot, AnyStateMachine, AnyTransitionDefinition } from 'xstate';
import { spawnChild } from 'xstate';
import { describe } from '../../schemas/errors.ts';
import type { MachineNode } from '../../schemas/generated/contracts.ts';
import type { ActorRecord, MachineEvent, Migrated, PersistedSnapshot } from '../host/contract.ts';
import { type Bonds, bondsOf, statesIn } from './bonds.ts';
import { Collector } from './collector.ts';
import { type Definition, nodesIn, restore } from './definition.ts';
import { contextVerdict, historyOf, stateMisfits } from './legal.ts';
import { microsteps, stamp } from './microsteps.ts';
import { shapePart } from './outline.ts';
import { collect, type Step, seatOf } from './step.ts';
import { upgradedRow } from './telemetry.ts';
import { type KindVersions, means } from './versions.ts';

/** What is known of a version that is not here any more: it was once. */
export interface Origin {
  version: string;
  label: string | null;
  definition: MachineNode | undefined;
}

export type Outcome =
  /** `failed`: why the migration that would have been better did not do. */
  | { kind: 'stays'; definition: Definition; failed: string | null }
  | { kind: 'went_on' | 'migrated'; step: Step; warnings: string[] }
  | { kind: 'held'; why: string; misfits: string[]; cure: string };

export const UPGRADED = 'actor.upgraded';

/** @param origin of the actor's version, when the journal has it */
export function carry(versions: KindVersions, record: ActorRecord, origin: Origin | undefined, now: number): Outcome {
  const { current, previous } = versions;
  if (current?.version === record.machineVersion) return { kind: 'stays', definition: current, failed: null };
  const from = origin ?? { version: record.machineVersion, label: null, definition: undefined };
  const former = previous.find((one) => shapePart(one.version) === shapePart(record.machineVersion));
  const isMigrated = versions.migrations.some((migration) => means(migration.from, from));
  let misfits: string[];
  if (current && (isMigrated || !former)) {
    try {
      const migrated = isMigrated ? applied(versions, current, record, from) : undefined;
      const result = goOver(current, record, from, migrated, now);
      if ('step' in result) return { kind: migrated ? 'migrated' : 'went_on', ...result };
      misfits = result.misfits;
    } catch (error) {
      misfits = [isMigrated ? describe(error) : `the newest machine fails on it: ${describe(error)}`];
    }
    if (isMigrated)
      misfits = misfits.map((misfit) => `the migration from '${from.label ?? from.version}' does not do: ${misfit}`);
  } else {
    misfits = current ? [] : ['only a former machine of its parent has such a child, and that is another version'];
  }
  if (former) return { kind: 'stays', definition: former, failed: misfits[0] ?? null };
  return held(versions, from, misfits, isMigrated);
}

function held({ kind, current }: KindVersions, from: Origin, misfits: string[], isMigrated: boolean): Outcome {
  const name = from.label === null ? from.version : `${from.label} (${from.version})`;
  const cure = `register the machine of that version under previous of '${kind}', or ${
    isMigrated ? 'mend the migration' : `give a migration from '${from.label ?? from.version}'`
  }`;
  const newest = current ? `; the newest is ${current.label ?? current.version}` : '';
  return { kind: 'held', misfits, cure, why: `made by version ${name}${newest}: ${misfits.join('; ')}; ${cure}` };
}

/** As far as the migrations lead. @throws Error what is wrong with the first that does not do */
function applied({ migrations }: KindVersions, current: Definition, record: ActorRecord, from: Origin): Migrated {
  const { value, context, historyValue: history = {} } = structuredClone(record.snapshot);
  let actor: Migrated & { history: Record<string, string[]> } = { value, context, history };
  const restart: string[] = [];
  let given: Migrated['history'];
  let at: { version: string; label: string | null } = from;
  for (let left = migrations.length; left > 0; left--) {
    const migration = migrations.find((one) => means(one.from, at));
    if (!migration) break;
    const made: unknown = migration.migrate({ ...actor, id: record.id, version: at.version });
    assertMigrated(made);
    actor = { ...made, history: made.history ?? actor.history };
    restart.push(...(made.restart ?? []));
    given = made.history ?? given;
    if (migration.to === undefined || means(migration.to, current)) break;
    at = { version: migration.to, label: migration.to };
  }
  const { history: _, ...made } = actor;
  return { ...made, restart, ...(given === undefined ? {} : { history: given }) };
}

function assertMigrated(made: unknown): asserts made is Migrated {
  if (made instanceof Promise) {
    made.catch(() => {});
    throw new Error('it returns a promise; what it needs must be in the actor');
  }
  const { value, context, history, restart } = (made ?? {}) as Partial<Migrated>;
  if (value === undefined || context === undefined) throw new Error('it does not return { value, context }');
  if (restart !== undefined && !isTexts(restart)) throw new Error('restart is no list of names');
  const isHistory =
    history === undefined || (typeof history === 'object' && history !== null && Object.values(history).every(isTexts));
  if (!isHistory) throw new Error('history is not ids of history states with lists of the ids of states');
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** The step into the newest machine, or why there is none. @throws Error of the machine's own code */
function goOver(
  definition: Definition,
  record: ActorRecord,
  from: Origin,
  migrated: Migrated | undefined,
  now: number
): { step: Step; warnings: string[] } | { misfits: string[] } {
  const { machine } = definition;
  const { snapshot } = record;
  const value = migrated ? migrated.value : snapshot.value;
  const { history, misfits: forgotten } = historyOf(machine, migrated?.history ?? snapshot.historyValue ?? {});
  const verdict = contextVerdict(definition, migrated ? migrated.context : snapshot.context);
  const wrong = [
    ...stateMisfits(machine, value),
    // What a migration was not told to keep, it may lose.
    ...(migrated && migrated.history === undefined ? [] : forgotten),
    ...verdict.misfits
  ];
  if (wrong.length > 0) return { misfits: wrong };

  const { historyValue: _, ...rest } = snapshot;
  const moved: PersistedSnapshot = {
    ...rest,
    value,
    context: verdict.context,
    ...(Object.keys(history).length > 0 ? { historyValue: history } : {})
  };
  const active = nodesIn(restore(definition, { ...moved, children: {} }));
  const origin = from.definition && statesIn(from.definition, snapshot.value);
  const bonds = bondsOf(machine, active, snapshot, origin, migrated?.restart);
  if (!migrated && bonds.over.length > 0) {
    return { misfits: bonds.over.map(({ child, reason }) => `'${child}' is under way, and ${reason}`) };
  }
  const step = stepOver(definition, record, moved, bonds, now, {
    version: { from: from.version, to: definition.version },
    how: migrated ? 'migrated' : 'went_on',
    ...(verdict.warnings.length > 0 ? { warnings: verdict.warnings } : {})
  });
  return { step, warnings: verdict.warnings };
}

function stepOver(
  definition: Definition,
  record: ActorRecord,
  moved: PersistedSnapshot,
  bonds: Bonds,
  now: number,
  said: Record<string, unknown>
): Step {
  // What is over has to be known to be ended; what goes on has its new name.
  const over = Object.fromEntries(
    bonds.over.map(({ child }) => [overName(child), record.snapshot.children[child] as { src: string }])
  );
  const before: ActorRecord = { ...record, snapshot: { ...moved, children: { ...bonds.children, ...over } } };
  const made = new Collector(definition, before, record.step + 1, now);
  for (const { child } of bonds.over) made.take({ type: 'xstate.stopChild', params: { id: overName(child) } });
  for (const id of bonds.cleared) made.take({ type: 'xstate.cancel', params: { sendId: id } });
  for (const [id, next] of bonds.timers) if (id !== next) made.rename(id, next);

  const event: MachineEvent = stamp({ type: UPGRADED, ...(said.version as object) }, now);
  const { machine, snapshot } = thatBegins(definition, { ...before.snapshot, children: bonds.children }, bonds);
  const passed = microsteps(machine, snapshot, event, seatOf(record));
  const row = (after: AnyMachineSnapshot) => upgradedRow(definition, record, record.step + 1, after, said);
  return collect(definition, before, snapshot, passed, event, made, now, row);
}

/** No id of XState's or of a user's looks like it. */
const overName = (child: string) => `\u0000${child}`;

/**
 * The machine with one transition more, for this one event: it goes nowhere and starts what the states want. XState
 * itself so works out inputs and delays, takes what the machine has for the event, and every `always` after it.
 */
function thatBegins(
  definition: Definition,
  persisted: PersistedSnapshot,
  { start, arm }: Bonds
): { machine: AnyStateMachine; snapshot: AnyMachineSnapshot } {
  const actions = [
    ...arm.map(({ node, id }) => node.entry.find((action) => (action as { id?: unknown }).id === id)),
    // As XState itself does on entering a state.
    ...start.map((invoke) => spawnChild(invoke.src as string, invoke as object))
  ].filter((action) => action !== undefined);
  const begin = {
    source: definition.machine.root,
    target: undefined,
    actions,
    reenter: false,
    eventType: UPGRADED
  } as unknown as AnyTransitionDefinition;
  const { machine: own } = definition;
  const machine: AnyStateMachine = Object.assign(Object.create(own), {
    getTransitionData(snapshot: AnyMachineSnapshot, event: MachineEvent) {
      if (event.type !== UPGRADED) return own.getTransitionData(snapshot, event);
      return [begin, ...(definition.listensFor(UPGRADED) ? own.getTransitionData(snapshot, event) : [])];
    }
  });
  return { machine, snapshot: restore({ ...definition, machine }, persisted) };
}
