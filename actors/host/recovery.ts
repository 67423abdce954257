/**
 * What a start finds in the journal of the process before it: what was told and not heard, who must hear of the restart,
 * which effects have no result, what waits for a kind that is not here. Read page by page, and only what is in hand.
 */
import { ControlError, type Failure, toFailure } from '../../schemas/errors.ts';
import type { Machines } from '../kernel/versions.ts';
import type { ActorRecord, Address, EffectRow, Journal, Pending, TellRow } from './contract.ts';

/** Rows read at a time. */
const PAGE = 500;

/**
 * What was told and not heard: no more than the former process had in memory. Read before anything moves. The word of
 * an actor that died with its process is void, and forgotten here: whoever waits for it hears `host.resumed`, and the
 * next actor of its address counts its steps, and so names its tells, from the first one again.
 */
export async function undelivered(
  journal: Journal,
  machines: Machines,
  isVolatile: (address: Address) => boolean
): Promise<TellRow[]> {
  const kinds = machines.all.map(({ kind }) => kind);
  const tells: TellRow[] = [];
  for (let place: number | null = 0; place !== null; ) {
    const page: { rows: TellRow[]; next: number | null } = await journal.outbox(kinds, place, PAGE);
    tells.push(...page.rows);
    place = page.next;
  }
  const isVoid = ({ id }: TellRow) => isVolatile(id.slice(0, id.lastIndexOf('#')));
  const consumed = tells.filter(isVoid).map(({ id }) => id);
  if (consumed.length > 0) {
    await journal.commit({
      events: [],
      actors: [],
      timers: { set: [], cleared: [] },
      effects: { declared: [], settled: [] },
      tells: { sent: [], consumed },
      writes: []
    });
  }
  return tells.filter((tell) => !isVoid(tell));
}

/** Living durable actors whose state accepts `host.resumed`, a page at a time; the others are not read. */
export async function* thoseToResume(journal: Journal, machines: Machines): AsyncGenerator<Address[]> {
  for (const { kind, durable, current, previous } of machines.all) {
    const listens = [current, ...previous].some((definition) => definition?.listensFor('host.resumed'));
    if (!durable || !listens) continue;
    for (let page: string | null | undefined; page !== null; ) {
      const found: { items: ActorRecord[]; next: string | null } = await journal.queryActors({
        kind,
        resumes: true,
        limit: PAGE,
        ...(page === undefined ? {} : { page })
      });
      yield found.items.map(({ address }) => address);
      page = found.next;
    }
  }
}

/** Effects without a result, each with its actor: as `cached`, else as the journal has it. */
export async function* unsettledEffects(
  journal: Journal,
  cached: (address: Address) => ActorRecord | undefined
): AsyncGenerator<{ row: EffectRow; record: ActorRecord }> {
  for (let place: number | null = 0; place !== null; ) {
    const { rows, next }: { rows: EffectRow[]; next: number | null } = await journal.unsettled(place, PAGE);
    place = next;
    const records = await journal.loadActors([...new Set(rows.map((row) => row.address))]);
    const read = new Map(records.map((record) => [record.address, record]));
    for (const row of rows) {
      const record = cached(row.address) ?? read.get(row.address);
      // By its id: another version of the machine may have another name for the child.
      const isAskedFor = Object.values(record?.snapshot.children ?? {}).some(({ effect }) => effect === row.id);
      if (record && isAskedFor) yield { row, record };
    }
  }
}

/** What waits for a kind that this process was started without stays in the journal until one comes that has it. */
export function forgottenKinds(byKind: Pending['byKind'], machines: Machines): { failure: Failure; what: string }[] {
  const known = machines.all.map(({ kind }) => kind);
  return Object.entries(byKind)
    .filter(([kind]) => !known.includes(kind))
    .map(([kind, count]) => ({
      failure: toFailure(new ControlError('MACHINE_NOT_FOUND', { kind, known })),
      what: `${count} timers, effects and messages wait until '${kind}' is registered again`
    }));
}
