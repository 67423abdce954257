/** `troupe export machine KIND` and `troupe export timeline`: for documents, and for who was not there. */
import { type FormatName, formatNames, formats } from '../inspector/export/formats.ts';
import { EXPORTED_MOST } from '../inspector/export/timeline.ts';
import { type AddCommand, type ClientFlags, connect, withClientFlags } from './context.ts';
import { CliError, EXIT } from './exit.ts';

interface MachineFlags extends ClientFlags {
  format: string;
  version?: string;
}

interface TimelineFlags extends ClientFlags {
  format: string;
  command?: string;
  session?: string;
  account?: string;
  correlation?: string;
  cursor?: string;
  limit: string;
}

const oneOf = <T extends string>(format: string, known: readonly T[]): T => {
  const found = known.find((one) => one === format);
  if (found === undefined) throw new CliError(`--format '${format}' is none of ${known.join(', ')}`, EXIT.usage);
  return found;
};

export const addExport: AddCommand = (program, context, ends) => {
  const group = program.command('export').description('a machine, or a piece of the log, to take away');

  withClientFlags(group.command('machine'))
    .description('the statechart of a kind: mermaid for documents, scxml for tools, json as it is')
    .argument('<KIND>', 'command, session, approval, driver, or one of yours')
    .option('--format <FORMAT>', formatNames.join(', '), 'mermaid')
    .option('--version <VERSION>', 'of another version that ran here')
    .action(async (kind: string, flags: MachineFlags) => {
      const format: FormatName = oneOf(flags.format, formatNames);
      const { api } = connect(flags, context);
      const query = new URLSearchParams({ format, ...(flags.version === undefined ? {} : { version: flags.version }) });
      const path = `/v1/machines/${encodeURIComponent(kind)}`;
      const text = await api.text(`${path}?${query}`, formats[format].type);
      context.out.write(format === 'json' ? `${JSON.stringify(JSON.parse(text), null, 2)}\n` : text);
      ends(EXIT.done);
    });

  withClientFlags(group.command('timeline'))
    .description('events of the log, oldest first: JSON lines, or one HTML file that shows them anywhere')
    .option('--format <FORMAT>', 'jsonl, html', 'jsonl')
    .option('--command <ID>', 'of one command')
    .option('--session <ID>', 'of one session')
    .option('--account <ID>', 'of one account')
    .option('--correlation <ID>', 'of one correlation id')
    .option('--cursor <CURSOR>', 'those after it', '0')
    .option('--limit <N>', 'at most so many', '10000')
    .action(async (flags: TimelineFlags) => {
      const format = oneOf(flags.format, ['jsonl', 'html']);
      const limit = Number(flags.limit);
      if (!Number.isInteger(limit) || limit < 1 || limit > EXPORTED_MOST) {
        throw new CliError(`--limit '${flags.limit}' is not a number from 1 to ${EXPORTED_MOST}`, EXIT.usage);
      }
      const { api } = connect(flags, context);
      const asked = {
        command_id: flags.command,
        session_id: flags.session,
        account_id: flags.account,
        correlation_id: flags.correlation,
        cursor: flags.cursor,
        limit: flags.limit,
        format
      };
      const query = new URLSearchParams(
        Object.entries(asked).filter((pair) => pair[1] !== undefined) as [string, string][]
      );
      context.out.write(await api.text(`/v1/events/export?${query}`, '*/*'));
      ends(EXIT.done);
    });
};
