import type { StreamFilters } from '../../schemas/generated/contracts.ts';
import { type AddCommand, type CliContext, type ClientFlags, connect, withClientFlags } from './context.ts';
import { events } from './events.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { timeline } from './timeline.ts';

interface TailFlags extends ClientFlags {
  cursor?: string;
  until?: 'caught-up';
  severity?: string[];
  type?: string[];
  kind?: string[];
  session?: string;
  account?: string;
  platform?: string;
  command?: string;
  correlation?: string;
}

export const addTail: AddCommand = (program, context, ends) => {
  withClientFlags(program.command('tail'))
    .description('print events as they happen, until Ctrl-C')
    .option('--cursor <CURSOR>', 'replay what came after it first; 0 is from the beginning')
    .option('--until <WHAT>', "'caught-up': end when the replay has come to now")
    .option('--severity <LEVEL...>', 'debug, info, warn, error; a terminal shows debug only when asked for')
    .option('--type <TYPE...>', 'event types, like action.verified')
    .option('--kind <KIND...>', 'actor kinds, like command or session')
    .option('--session <ID>', 'of one session')
    .option('--account <ID>', 'of one account')
    .option('--platform <NAME>', 'of one platform')
    .option('--command <ID>', 'of one command')
    .option('--correlation <ID>', 'of one correlation id')
    .action(async (flags: TailFlags) => ends(await tail(flags, context)));
};

async function tail(flags: TailFlags, context: CliContext): Promise<ExitCode> {
  const { connection, terminal } = connect(flags, context);
  const print = timeline(terminal, { when: 'clock', debug: flags.severity !== undefined });
  const heard = events(connection, {
    ...(flags.cursor === undefined ? {} : { cursor: flags.cursor }),
    filters: filtersOf(flags),
    signal: context.signal,
    onSubscribed: () => terminal.people && !flags.until && terminal.note('listening; Ctrl-C ends'),
    onLost: (why) => terminal.note(`the stream was lost (${why}); connecting again`)
  });
  for await (const frame of heard) {
    if (frame.type === 'event') terminal.people ? print(frame.event) : terminal.json(frame.event);
    else if (frame.type === 'gap') terminal.note(`events ${frame.from} to ${frame.to} are gone (${frame.reason})`);
    else if (flags.until === 'caught-up') break;
  }
  return EXIT.done;
}

function filtersOf(flags: TailFlags): StreamFilters {
  const filters: StreamFilters = {};
  if (flags.severity) filters.severity = flags.severity as NonNullable<StreamFilters['severity']>;
  if (flags.type) filters.event_types = flags.type;
  if (flags.kind) filters.actor_kinds = flags.kind;
  if (flags.session) filters.session_id = flags.session;
  if (flags.account) filters.account_id = flags.account;
  if (flags.platform) filters.platform = flags.platform;
  if (flags.command) filters.command_id = flags.command;
  if (flags.correlation) filters.correlation_id = flags.correlation;
  return filters;
}
