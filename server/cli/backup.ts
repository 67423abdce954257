import { type BackupReport, makeBackup } from '../backup.ts';
import { readConfig } from '../config.ts';
import type { AddCommand, CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { createTerminal, type Terminal } from './terminal.ts';

interface BackupFlags {
  data?: string;
  config?: string;
  json?: boolean;
}

export const addBackup: AddCommand = (program, context, ends) => {
  program
    .command('backup')
    .description('a checked copy of a whole data directory, also while an instance runs on it')
    .argument('<DIR>', 'where it goes: a folder that is not there yet, or is empty')
    .option('--data <DIR>', 'data directory to copy (env TROUPE_DATA; default ./data)')
    .option('--config <FILE>', 'configuration file that says where the data directory is (env TROUPE_CONFIG)')
    .option('--json', 'JSON, as in a pipe')
    .addHelpText(
      'after',
      '\nThe copy starts as an instance: troupe start --data DIR. Exit code 1 also when files of artifacts were damaged.'
    )
    .action(async (target: string, flags: BackupFlags) => ends(await backup(target, flags, context)));
};

async function backup(target: string, flags: BackupFlags, context: CliContext): Promise<ExitCode> {
  const config = readConfig({ data: flags.data }, context.env, flags.config);
  const terminal = createTerminal(context, { env: context.env, json: flags.json });
  const report = await makeBackup(config.data, target, context.signal);
  if (terminal.people) forPeople(report, terminal);
  else terminal.json(report);
  if (config.profile_keys !== '') {
    terminal.note(`the keys of stored logins are not in it: ${config.profile_keys} is kept apart, copy it too`);
  }
  for (const sha256 of report.damaged.slice(0, 20)) terminal.note(`damaged in the original: artifact ${sha256}`);
  return report.damaged.length > 0 ? EXIT.failed : EXIT.done;
}

function forPeople(report: BackupReport, terminal: Terminal): void {
  const { to, tail, head, actors, living, files, bytes, others, damaged } = report;
  const figure = (value: number) => value.toLocaleString('en');
  terminal.line(`${terminal.style('bold', to)}, checked

  events      ${head === 0 ? 'none' : `${figure(head - tail + 1)}, cursors ${tail} to ${head}`}
  actors      ${figure(actors)}, of them ${figure(living)} living
  artifacts   ${figure(files)} files${damaged.length > 0 ? `, ${damaged.length} damaged or missing` : ''}
  beside      ${others.join(', ') || 'nothing'}
  size        ${figure(Math.ceil(bytes / 1024))} KiB`);
}
