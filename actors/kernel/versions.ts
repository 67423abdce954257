import { ControlError } from '../../schemas/errors.ts';
import type { ActorKind, ActorRecord, Migration } from '../host/contract.ts';
import { type Definition, defineAll } from './definition.ts';
import { shapePart } from './outline.ts';

/** One kind with the machines its actors may be of. */
export interface KindVersions {
  kind: string;
  durable: boolean;
  /** What new actors are of; undefined for a child that only a former machine still has. */
  current: Definition | undefined;
  /** Registered beside the newest, newest first. */
  previous: Definition[];
  migrations: Migration[];
}

/** All machines of a process, each kind's child machines included, each in all its versions. */
export class Machines {
  readonly #kinds = new Map<string, KindVersions>();

  /** @throws ControlError MACHINE_UNFIT, VERSIONS_UNCLEAR */
  constructor(kinds: ActorKind[]) {
    for (const kind of kinds) this.#add(kind);
    for (const kind of kinds) this.#addMigrations(kind);
  }

  get all(): KindVersions[] {
    return [...this.#kinds.values()];
  }

  get(kind: string): KindVersions | undefined {
    return this.#kinds.get(kind);
  }

  isDurable(kind: string): boolean {
    return this.#kinds.get(kind)?.durable === true;
  }

  /** Of an actor that is made now: that of its parent's machine, where that one is here. */
  forBirth(kind: string, version?: string): Definition | undefined {
    const versions = this.#kinds.get(kind);
    const asked = versions && version !== undefined ? ofVersion(versions, version) : undefined;
    return asked ?? versions?.current ?? versions?.previous[0];
  }

  /** The machine the actor is of. undefined: it is held, or its kind is not registered. */
  of({
    kind,
    machineVersion,
    status
  }: Pick<ActorRecord, 'kind' | 'machineVersion' | 'status'>): Definition | undefined {
    const versions = this.#kinds.get(kind);
    if (!versions) return undefined;
    // One that has ended takes no more steps, whatever it was of.
    return ofVersion(versions, machineVersion) ?? (status === 'active' ? undefined : this.forBirth(kind));
  }

  #add({ previous = [], ...newest }: ActorKind) {
    for (const definition of defineAll(newest)) this.#entry(definition).current = definition;
    for (const [i, former] of previous.entries()) {
      const { context: _, ...kind } = newest;
      const defined = defineAll({ ...kind, ...former });
      const added = defined.filter((definition) => this.#addFormer(definition));
      if (added.length > 0) continue;
      const { version } = defined[0] as Definition;
      const reason = `it is the same machine as another of the kind (${version}); leave it out, or give it a \`version\` of its own`;
      throw new ControlError('VERSIONS_UNCLEAR', { kind: newest.kind, place: `previous[${i}]`, reason });
    }
  }

  /** A child that did not change from one version of its parent to the next is one machine. */
  #addFormer(definition: Definition): boolean {
    const versions = this.#entry(definition);
    const shape = shapePart(definition.version);
    if ([versions.current, ...versions.previous].some((known) => known && shapePart(known.version) === shape))
      return false;
    versions.previous.push(definition);
    return true;
  }

  #entry({ kind, durable }: Definition): KindVersions {
    const known = this.#kinds.get(kind) ?? { kind, durable, current: undefined, previous: [], migrations: [] };
    this.#kinds.set(kind, known);
    return known;
  }

  #addMigrations({ kind, migrations = [] }: ActorKind) {
    for (const migration of migrations) {
      const of = migration.kind ?? kind;
      const versions = of === kind || of.startsWith(`${kind}_`) ? this.#kinds.get(of) : undefined;
      const refuse = (reason: string): never => {
        const place = `migrations[${migrations.indexOf(migration)}]`;
        throw new ControlError('VERSIONS_UNCLEAR', { kind, place, reason });
      };
      if (!versions?.current) {
        refuse(`'${of}' is neither '${kind}' nor a child machine of it`);
      } else {
        if (means(migration.from, versions.current)) refuse(`from '${migration.from}' is the newest version itself`);
        if (versions.migrations.some(({ from }) => from === migration.from)) {
          refuse(`from '${migration.from}' is there twice; one of them is never run`);
        }
        versions.migrations.push(migration);
      }
    }
    for (const migration of migrations) this.#assertLeadsOn(kind, migration, migrations);
  }

  #assertLeadsOn(kind: string, first: Migration, all: Migration[]) {
    const versions = this.#kinds.get(first.kind ?? kind) as KindVersions;
    const passed = new Set<string>();
    for (let at: Migration | undefined = first; at?.to !== undefined; ) {
      const { to }: Migration = at;
      if (versions.current && means(to, versions.current)) return;
      const place = `migrations[${all.indexOf(first)}]`;
      if (passed.has(to)) {
        throw new ControlError('VERSIONS_UNCLEAR', {
          kind,
          place,
          reason: `it goes round in a circle by way of '${to}'`
        });
      }
      passed.add(to);
      at = versions.migrations.find(({ from }) => from === to);
      if (at) continue;
      const reason = `to '${to}' is not the newest version (${versions.current?.version}), and no migration goes on from it`;
      throw new ControlError('VERSIONS_UNCLEAR', { kind, place, reason });
    }
  }
}

/** An actor by another schema of its context is still of the same machine, where that is a former one. */
function ofVersion({ current, previous }: KindVersions, version: string): Definition | undefined {
  if (current?.version === version) return current;
  return previous.find((former) => shapePart(former.version) === shapePart(version));
}

/** Whether somebody who writes `name` means this machine: its version, that without the schema's part, or its label. */
export const means = (name: string, { version, label }: { version: string; label: string | null }): boolean =>
  name === version || name === shapePart(version) || name === label;
