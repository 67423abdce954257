import type { ActorView, Address } from '../../actors/host/contract.ts';
import type { ActorRelative } from '../../schemas/generated/contracts.ts';

/** Whom an actor has to do with now, by what they are to it. */
export function relativesOf({ address, kind, context, subject, parent, children }: ActorView): ActorRelative[] {
  const found = new Map<Address, string>();
  const add = (as: string, kindOfIt: string, id: unknown) => {
    if (typeof id === 'string' && id !== '') addAddress(as, `${kindOfIt}/${id}`);
  };
  const addAddress = (as: string, other: Address | null | undefined) => {
    if (other && other !== address && !found.has(other)) found.set(other, as);
  };
  addAddress('parent', parent);
  for (const [name, child] of Object.entries(children)) addAddress(`child ${name}`, child.address);
  const lease = context.lease as { slot?: unknown } | null | undefined;
  if (kind === 'command') add('approval', 'approval', context.approvalId);
  if (kind === 'session') {
    add('driver', 'driver', lease?.slot);
    add('runs', 'command', context.current);
    for (const { commandId } of (context.queue ?? []) as { commandId: string }[]) add('waits', 'command', commandId);
  }
  if (kind === 'driver') add('session', 'session', context.sessionId);
  if (kind === 'approval') add('command', 'command', context.commandId);
  if (kind === 'supervisor') {
    for (const { slot } of (Array.isArray(context.slots) ? context.slots : []) as { slot?: string }[])
      add('driver', 'driver', slot);
  }
  add('command', 'command', subject.command_id);
  add('session', 'session', subject.session_id);
  return [...found].map(([other, as]) => ({ as, address: other }));
}
