import type { ActorHost } from '../../actors/host/contract.ts';
import type { CommandView } from '../../schemas/generated/contracts.ts';

/**
 * Commands with their place in their session's line as it is now, 1 being next. A command is told its place once; asking
 * finds where it has come to since.
 */
export async function withPlaces(read: ActorHost['read'], commands: CommandView[]): Promise<CommandView[]> {
  const waiting = commands.filter(({ state }) => state === 'QUEUED');
  const lines = new Map<string, string[]>();
  const ids = new Set(waiting.flatMap(({ session_id }) => session_id ?? []));
  const sessions = await Promise.all([...ids].map((id) => read(`session/${id}`)));
  for (const session of sessions) if (session) lines.set(session.id, lineOf(session.context.queue as Queued[]));
  return commands.map((command) => {
    const place = lines.get(command.session_id ?? '')?.indexOf(command.command_id) ?? -1;
    return command.state === 'QUEUED' && place >= 0 ? { ...command, queue_position: place + 1 } : command;
  });
}

interface Queued {
  commandId: string;
  priority: number;
}

/** Command ids, next first: the most urgent, then the oldest. */
export const lineOf = (queue: Queued[]): string[] =>
  [...queue].sort((a, b) => a.priority - b.priority).map(({ commandId }) => commandId);
