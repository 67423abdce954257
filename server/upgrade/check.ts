/**
 * What a start with other machines would make of the actors of a data directory: the very check and the very migrations of
 * that start (`actors/kernel/carry.ts`), of which nothing is written.
 */
import type { ActorKind } from '../../actors/host/contract.ts';
import type { LivingReader } from '../../actors/journal/living-reader.ts';
import { carry, type Origin } from '../../actors/kernel/carry.ts';
import { outlineOf } from '../../actors/kernel/outline.ts';
import { type KindVersions, Machines } from '../../actors/kernel/versions.ts';
import type { MachineNode } from '../../schemas/generated/contracts.ts';
import { isSame, type MachineDiff, machineDiff } from './machine-diff.ts';

/** One version of a kind that lives, or was there before, and the newest. */
export interface VersionDiff extends MachineDiff {
  type: 'diff';
  kind: string;
  from: string;
  to: string;
}

/** An actor that would take no step. */
export interface HeldActor {
  type: 'held';
  kind: string;
  address: string;
  state: string;
  version: string;
  label: string | null;
  why: string[];
  cure: string;
}

export interface KindReport {
  type: 'kind';
  kind: string;
  /** null: no machine of the kind is registered. */
  version: string | null;
  label: string | null;
  /** Of the newest version already. */
  unchanged: number;
  went_on: number;
  migrated: number;
  stayed: number;
  held: number;
  /** What is worth a look in those that go on, and migrations that fail where a former machine takes the actor. */
  warnings: { text: string; count: number; first: string }[];
}

export type Finding = VersionDiff | HeldActor | KindReport;

/**
 * Kind by kind: how its machines differ, each actor that would be held, then the numbers.
 * @param before the machines of the deployment as it is; where they are not given, those the journal knows
 */
export async function* checkUpgrade(
  reader: LivingReader,
  kinds: ActorKind[],
  { before, now }: { before?: ActorKind[]; now: number }
): AsyncGenerator<Finding, void> {
  const machines = new Machines(kinds);
  const former = before && new Machines(before);
  const origins = new Map<string, Origin>();
  for (const { kind, version, label, definition } of await reader.machines()) {
    origins.set(`${kind} ${version}`, { version, label, definition: JSON.parse(definition) as MachineNode });
  }
  const living = await reader.versions();
  const durable = machines.all.filter((one) => one.durable).map(({ kind }) => kind);
  for (const kind of [...new Set([...durable, ...living.map((one) => one.kind)])]) {
    const versions = machines.get(kind);
    const own = living.filter((one) => one.kind === kind);
    const newest = versions?.current;
    const bases = former
      ? [former.get(kind)?.current].flatMap((one) =>
          one ? { version: one.version, definition: outlineOf(one.machine) } : []
        )
      : own.flatMap(({ version }) => origins.get(`${kind} ${version}`) ?? []);
    for (const { version, definition } of bases) {
      if (!newest || !definition || version === newest.version) continue;
      const diff = machineDiff(definition, outlineOf(newest.machine));
      if (!isSame(diff)) yield { type: 'diff', kind, from: version, to: newest.version, ...diff };
    }
    const report = new Report(kind, versions);
    for (const { version, count } of own) {
      if (version === newest?.version) report.unchanged(count);
      else
        for await (const actor of reader.actors(kind, version)) {
          const held = report.take(actor, origins.get(`${kind} ${version}`), now);
          if (held) yield held;
        }
    }
    if (own.length > 0) yield report.whole;
  }
}

type Actor = Parameters<typeof carry>[1];

class Report {
  readonly whole: KindReport;
  readonly #versions: KindVersions | undefined;
  readonly #warnings = new Map<string, KindReport['warnings'][number]>();

  constructor(kind: string, versions: KindVersions | undefined) {
    this.#versions = versions;
    const { version = null, label = null } = versions?.current ?? {};
    const counts = { unchanged: 0, went_on: 0, migrated: 0, stayed: 0, held: 0 };
    this.whole = { type: 'kind', kind, version, label, ...counts, warnings: [] };
  }

  unchanged(count: number) {
    this.whole.unchanged += count;
  }

  take(actor: Actor, origin: Origin | undefined, now: number): HeldActor | undefined {
    const { kind, address, state, machineVersion: version } = actor;
    const held = (why: string[], cure: string): HeldActor => {
      this.whole.held += 1;
      return { type: 'held', kind, address, state, version, label: origin?.label ?? null, why, cure };
    };
    if (!this.#versions) {
      return held(['no machine of its kind is registered'], `register '${kind}' again, or let its actors end before`);
    }
    const outcome = carry(this.#versions, actor, origin, now);
    if (outcome.kind === 'held') return held(outcome.misfits, outcome.cure);
    if (outcome.kind === 'stays') {
      this.whole.stayed += 1;
      if (outcome.failed !== null) this.#warn(`stays with its former machine: ${outcome.failed}`, address);
    } else {
      this.whole[outcome.kind] += 1;
      for (const warning of outcome.warnings) this.#warn(warning, address);
    }
    return undefined;
  }

  #warn(text: string, address: string) {
    const known = this.#warnings.get(text);
    if (known) known.count += 1;
    else {
      const warning = { text, count: 1, first: address };
      this.#warnings.set(text, warning);
      this.whole.warnings.push(warning);
    }
  }
}
