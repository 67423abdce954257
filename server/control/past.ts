/** `?at=CURSOR`: what is asked for as it was right after that row of the log. */
import type { ActorView, Address } from '../../actors/host/contract.ts';
import { type Definition, pick } from '../../actors/kernel/definition.ts';
import type { Machines } from '../../actors/kernel/versions.ts';
import { withoutSealed } from '../../actors/profile/secret-params.ts';
import { ControlError } from '../../schemas/errors.ts';
import type { ActorPast } from '../../schemas/generated/contracts.ts';
import type { Control } from './deps.ts';
import { instantOf } from './views.ts';

/**
 * Whether that can be told. Without a cursor what is now is asked for, and it can.
 * @throws ControlError CURSOR_AHEAD, CURSOR_GONE
 */
export async function demandPast({ host }: Pick<Control, 'host'>, at: number | undefined): Promise<void> {
  if (at === undefined) return;
  const { head } = host;
  if (at > head) throw new ControlError('CURSOR_AHEAD', { cursor: String(at), head: String(head) });
  const earliest = await host.journal.pastFrom();
  if (at < earliest) {
    throw new ControlError('CURSOR_GONE', { cursor: String(at), earliest: String(earliest), head: String(head) });
  }
}

/** Reads actors as they were then; without a cursor, as they are. @throws ControlError CURSOR_AHEAD, CURSOR_GONE */
export async function readAt(control: Pick<Control, 'host'>, address: Address, at: number | undefined) {
  if (at === undefined) return control.host.read(address);
  await demandPast(control, at);
  return (await control.host.readAt([address], at))[0];
}

/** When the row was written, ms since 1970; undefined: nothing was yet. */
export async function timeOf({ host }: Pick<Control, 'host'>, at: number): Promise<number | undefined> {
  const [row] = at === 0 ? [] : (await host.journal.readEvents(at - 1, 1)).rows;
  return row?.emittedAt;
}

/** What is told of an actor of then, beside what it was: what of it nobody can tell any more. */
export function pastOf(machines: Machines, actor: ActorView, at: number, time: number | undefined): ActorPast {
  const isHere = actor.status !== 'active' || machines.of({ ...actor, machineVersion: actor.version }) !== undefined;
  const why = `the machine it was of then, version ${actor.version} of '${actor.kind}', is not here any more`;
  return {
    cursor: String(at),
    emitted_at: time === undefined ? null : instantOf(time),
    unknown: isHere ? [] : ['accepts', 'shows'].map((field) => ({ field, why }))
  };
}

/** What any event of it would tell. The rest of context stays inside. */
export const shown = (definition: Definition | null | undefined, { context }: ActorView): Record<string, unknown> =>
  withoutSealed(
    Object.fromEntries(
      Object.entries(definition?.telemetry.take ?? {}).map(([field, path]) => [field, pick(context, path) ?? null])
    )
  );
