/**
 * At the start of a host: living actors that are not of the newest version of their machine. They are found by an index
 * and without reading any other, brought over page by page as mail among other mail (so in bounded batches that hold the
 * event loop no longer than any), each batch in one transaction with its rows: a process killed in the middle goes on at
 * the next start with those that are left.
 */
import { ControlError, type Failure, toFailure } from '../../schemas/errors.ts';
import type { MachineNode } from '../../schemas/generated/contracts.ts';
import type { Origin, Outcome } from '../kernel/carry.ts';
import { outlineOf, shapePart } from '../kernel/outline.ts';
import { type KindVersions, type Machines, means } from '../kernel/versions.ts';
import type { ActorRecord, HeldActors, HostStatus, Journal, LivingVersion, Write } from './contract.ts';
import type { Mail } from './mail.ts';

/** Actors at a time. */
const PAGE = 500;

export type Versions = HostStatus['versions'];

export const noVersions = (): Versions => ({ wentOn: 0, migrated: 0, stayed: 0, held: [] });

/** Versions that are not here any more, as the journal remembers them. */
export class Origins {
  readonly #known = new Map<string, Origin>();

  get = (kind: string, version: string): Origin | undefined => this.#known.get(`${kind} ${version}`);

  async load(journal: Pick<Journal, 'find'>, wanted: { kind: string; version: string }[]): Promise<void> {
    if (wanted.length === 0) return;
    const kind = [...new Set(wanted.map((one) => one.kind))];
    const version = [...new Set(wanted.map((one) => one.version))];
    for (const row of await journal.find('machines', { kind, version }, kind.length * version.length)) {
      const definition = JSON.parse(row.definition) as MachineNode;
      this.#known.set(`${row.kind} ${row.version}`, { version: row.version, label: row.label, definition });
    }
  }
}

/** Rows for the versions that run here for the first time. */
export async function unseenVersions(machines: Machines, journal: Journal, now: number): Promise<Write[]> {
  const here = machines.all
    .filter(({ durable }) => durable)
    .flatMap(({ current, previous }) => [...(current ? [current] : []), ...previous]);
  const seen = new Origins();
  await seen.load(journal, here);
  return here
    .filter(({ kind, version }) => !seen.get(kind, version))
    .map(({ kind, version, label, machine }) => {
      const definition = JSON.stringify(outlineOf(machine));
      return { into: 'machines', row: { kind, version, label, definition, first_seen_at: now } };
    });
}

/** Living actors of kinds that are registered, and not of their newest version. */
export const outdated = (living: LivingVersion[], machines: Machines): LivingVersion[] =>
  living.filter(({ kind, version }) => {
    const versions = machines.get(kind);
    return versions?.durable && versions.current?.version !== version;
  });

/** Their machine is registered beside the newest, and no migration is given: nothing is to be done with any of them. */
export const allStay = ({ previous, migrations }: KindVersions, version: string, origin: Origin | undefined): boolean =>
  previous.some((former) => shapePart(former.version) === shapePart(version)) &&
  !migrations.some(({ from }) => means(from, origin ?? { version, label: null }));

interface Upgrading {
  journal: Journal;
  machines: Machines;
  origins: Origins;
  post(mail: Mail): void;
  /** Records that the mail is for, so that they are not read twice. */
  pin(records: ActorRecord[]): void;
  untilIdle(): Promise<void>;
  onTrouble(failure: Failure, what: string): void;
}

export async function upgradeActors(living: LivingVersion[], host: Upgrading): Promise<Versions> {
  const { journal, machines, origins } = host;
  const found = noVersions();
  for (const { kind, version, count } of outdated(living, machines)) {
    if (allStay(machines.get(kind) as KindVersions, version, origins.get(kind, version))) {
      found.stayed += count;
      continue;
    }
    const tally = new Tally(kind, version);
    for (let page: string | null | undefined; page !== null; ) {
      const read: { items: ActorRecord[]; next: string | null } = await journal.queryActors({
        kind,
        status: 'active',
        version,
        limit: PAGE,
        ...(page === undefined ? {} : { page })
      });
      host.pin(read.items);
      for (const { address } of read.items) host.post({ kind: 'upgrade', address, told: tally.take });
      await host.untilIdle();
      page = read.next;
    }
    tally.report(found, host.onTrouble);
  }
  return found;
}

/** What became of the actors of one version. */
class Tally {
  readonly #counts = { wentOn: 0, migrated: 0, stayed: 0 };
  readonly #held: HeldActors;
  #first: { address: string; why: string } | undefined;

  constructor(kind: string, version: string) {
    this.#held = { kind, version, count: 0, why: '' };
  }

  take = ({ address }: ActorRecord, outcome: Outcome) => {
    if (outcome.kind === 'went_on') this.#counts.wentOn++;
    else if (outcome.kind === 'migrated') this.#counts.migrated++;
    else if (outcome.kind === 'stays') this.#counts.stayed++;
    else this.#held.count++;
    const why = outcome.kind === 'held' ? outcome.why : outcome.kind === 'stays' ? outcome.failed : null;
    if (why !== null) this.#first ??= { address, why };
  };

  report(into: Versions, onTrouble: Upgrading['onTrouble']) {
    for (const key of ['wentOn', 'migrated', 'stayed'] as const) into[key] += this.#counts[key];
    const { kind, version, count } = this.#held;
    if (count > 0) into.held.push({ ...this.#held, why: this.#first?.why ?? '' });
    if (!this.#first) return;
    const failure = toFailure(new ControlError('ACTOR_HELD', this.#first));
    const what =
      count > 0
        ? `${count} actors of kind '${kind}', version ${version}, are held`
        : `actors of kind '${kind}', version ${version}, stay with their former machine: their migration failed`;
    onTrouble(failure, what);
  }
}
