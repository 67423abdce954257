import { commandKinds } from '../../actors/command/kinds.ts';
import { createStubExecutor } from '../../actors/executor/stub.ts';
import type { ActorKind } from '../../actors/host/contract.ts';
import { openLivingReader } from '../../actors/journal/living-reader.ts';
import { readConfig } from '../config.ts';
import { checkUpgrade, type Finding, type KindReport } from '../upgrade/check.ts';
import { userConfigPath } from '../user-config/file.ts';
import { loadUserConfig } from '../user-config/load.ts';
import type { AddCommand, CliContext } from './context.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { createTerminal, printable, type Terminal } from './terminal.ts';

interface CheckFlags {
  data?: string;
  config?: string;
  limit: string;
  json?: boolean;
}

export const addCheckUpgrade: AddCommand = (program, context, ends) => {
  program
    .command('check-upgrade')
    .description('which living actors other machines would break, before they are deployed')
    .usage('[options] [OLD] <NEW>')
    .argument('<CONFIG...>', 'the troupe.config.ts that is to run; before it the one that runs, for how they differ')
    .option('--data <DIR>', 'data directory, or a copy of its database (env TROUPE_DATA; default ./data)')
    .option('--config <FILE>', 'configuration file that says where the data directory is (env TROUPE_CONFIG)')
    .option('--limit <N>', 'actors of a kind that are listed for a person', '20')
    .option('--json', 'JSON lines, as in a pipe')
    .addHelpText(
      'after',
      '\nThe directory is only read, also while an instance runs on it. Exit code 0: nothing breaks; 1: some actor would be held.'
    )
    .action(async (files: string[], flags: CheckFlags) => ends(await check(files, flags, context)));
};

async function check(files: string[], flags: CheckFlags, context: CliContext): Promise<ExitCode> {
  if (files.length > 2) throw new CliError(`${files.length} files are given; give NEW, or OLD and NEW`, EXIT.usage);
  const limit = Number(flags.limit);
  if (!Number.isInteger(limit) || limit < 0) {
    throw new CliError(`--limit '${flags.limit}' is not a whole number`, EXIT.usage);
  }
  const terminal = createTerminal(context, { env: context.env, json: flags.json });
  const place = readConfig({ data: flags.data }, context.env, flags.config).data;
  const newest = await kindsOf(files.at(-1) as string);
  const before = files.length > 1 ? { before: await kindsOf(files[0] as string) } : {};
  const reader = await openLivingReader(place);
  const print = terminal.people ? forPeople(terminal, limit) : (finding: Finding) => terminal.json(finding);
  let [living, breaks] = [0, 0];
  try {
    for await (const finding of checkUpgrade(reader, newest, { ...before, now: Date.now() })) {
      if (context.signal.aborted) return EXIT.interrupted;
      print(finding);
      if (finding.type !== 'kind') continue;
      living += total(finding);
      breaks += finding.held;
    }
  } finally {
    await reader.close();
  }
  if (!terminal.people) terminal.json({ type: 'result', living, breaks });
  else if (breaks === 0) terminal.line(terminal.style('green', `nothing breaks: ${living} living actors`));
  else terminal.line(terminal.style('red', `${breaks} of ${living} living actors would be held`));
  return breaks === 0 ? EXIT.done : EXIT.failed;
}

/** Those of a file, and the durable ones that are always there: with another release of this program they change too. */
async function kindsOf(file: string): Promise<ActorKind[]> {
  const { kinds } = await loadUserConfig(userConfigPath(file, process.cwd()));
  const journal = { find: async () => [], loadActors: async () => [] };
  return [...commandKinds({ executor: createStubExecutor(), journal }), ...kinds];
}

const total = ({ unchanged, went_on, migrated, stayed, held }: KindReport) =>
  unchanged + went_on + migrated + stayed + held;

function forPeople(terminal: Terminal, limit: number): (finding: Finding) => void {
  let listed = 0;
  return (finding) => {
    if (finding.type === 'diff') {
      terminal.line(terminal.style('bold', `${finding.kind}  ${finding.from} → ${finding.to}`));
      for (const of of ['states', 'events', 'guards', 'actors'] as const) {
        const { added, removed } = finding[of];
        const names = [...removed.map((name) => `- ${name}`), ...added.map((name) => `+ ${name}`)];
        if (names.length > 0) terminal.line(`  ${of.padEnd(6)}  ${printable(names.join('  '))}`);
      }
    } else if (finding.type === 'held') {
      listed += 1;
      if (listed > limit) return;
      const from = finding.label === null ? finding.version : `${finding.label} (${finding.version})`;
      terminal.line(`  ${terminal.style('red', 'held')}  ${finding.address}  ${finding.state}, of version ${from}`);
      for (const why of finding.why) terminal.line(`        ${printable(why)}`);
      terminal.line(`        ${terminal.style('bold', printable(finding.cure))}`);
    } else {
      if (listed > limit) terminal.line(`  … and ${listed - limit} more that are held; --limit lists them`);
      listed = 0;
      for (const { text, count, first } of finding.warnings) {
        terminal.line(`  ${terminal.style('yellow', 'warn')}  ${printable(text)} (${count}, first ${first})`);
      }
      const counts = [
        `${finding.unchanged} unchanged`,
        `${finding.went_on} go on`,
        `${finding.migrated} migrate`,
        `${finding.stayed} stay on previous`,
        `${finding.held} held`
      ];
      terminal.line(`${finding.kind}: ${counts.join(', ')}`);
    }
  };
}
