/** `troupe test conform LOG`, or `--follow`: whether a log is one that the machines could have written. */
import { closeSync, createReadStream, existsSync, openSync, readSync, statSync } from 'node:fs';
import { builtInMachines } from '../../actors/built-in-machines.ts';
import type { ActorKind } from '../../actors/host/contract.ts';
import { openLogReader } from '../../actors/journal/log-reader.ts';
import type { MachineNode } from '../../schemas/generated/contracts.ts';
import { Conformance, type ConformFinding, type Conformity, type LogRow } from '../../testing/conform.ts';
import { movesFinder } from '../../testing/conform-machines.ts';
import { LogLineError, logRows } from '../../testing/log-lines.ts';
import { userConfigPath } from '../user-config/file.ts';
import { loadUserConfig } from '../user-config/load.ts';
import { findingsForPeople, summaryForPeople } from './conform-shown.ts';
import { type AddCommand, type CliContext, withClientFlags } from './context.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { createTerminal } from './terminal.ts';
import { conformFollow, type FollowFlags } from './test-conform-follow.ts';

interface ConformFlags extends FollowFlags {
  machines?: string;
  follow?: boolean;
  limit?: string;
}

/** Of these each needs an instance that is followed. */
const OF_FOLLOWING = [
  'cursor',
  'until',
  'data',
  'config',
  'url',
  'telemetryUrl',
  'token',
  'ca',
  'cert',
  'key'
] as const;
const LIMIT = '20';

export const addTestConform: AddCommand = (group, context, ends) => {
  withClientFlags(group.command('conform'))
    .description('whether every recorded sequence is a legal path: the first illegal row, and what was legal there')
    .argument('[LOG]', 'data directory, journal.db, a file of events as JSON lines, or - for stdin')
    .option(
      '--follow',
      'in place of a LOG: judge a running instance as it goes, and raise an alert for what is illegal'
    )
    .option('--cursor <CURSOR>', 'with --follow: begin after this one; 0 is from the beginning')
    .option('--until <WHAT>', "with --follow: 'caught-up': end when the replay has come to now")
    .option('--machines <FILE>', 'the troupe.config.ts whose machines took part')
    .option('--filtered', 'the lines are a part of a log (of a command, of an actor): missing cursors are no fault')
    .option('--limit <N>', `findings of a LOG that are listed for a person (default: ${LIMIT})`)
    .addHelpText(
      'after',
      '\nA database is only read, also while an instance runs on it. Exit code 0: it conforms; 1: it does not; 2: it is no log.\nWith --follow the same, at Ctrl-C or --until.'
    )
    .action(async (log: string | undefined, flags: ConformFlags) => ends(await conform(log, flags, context)));
};

interface Source {
  /** What a person is told of it. */
  name: string;
  /** Whether its rows say their versions. */
  says: boolean;
  machines: { kind: string; version: string; definition: MachineNode }[];
  pages(): AsyncIterable<LogRow[]>;
  /** What only a database shows. */
  beside(): Promise<ConformFinding[]>;
  close(): Promise<void>;
}

async function conform(log: string | undefined, flags: ConformFlags, context: CliContext): Promise<ExitCode> {
  if (flags.follow) {
    if (log !== undefined)
      throw new CliError(`--follow reads a running instance, and no LOG: leave out '${log}', or --follow`, EXIT.usage);
    if (flags.limit !== undefined) throw new CliError('--limit is for a LOG: --follow lists all', EXIT.usage);
    return conformFollow(flags, await machinesHere(flags), context);
  }
  if (log === undefined) throw new CliError('name a LOG, or --follow an instance', EXIT.usage);
  const stray = OF_FOLLOWING.find((name) => flags[name] !== undefined);
  if (stray !== undefined) {
    const flag = stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new CliError(`--${flag} is for --follow, and a LOG is read from '${log}'`, EXIT.usage);
  }
  const limit = Number(flags.limit ?? LIMIT);
  if (!Number.isInteger(limit) || limit < 0)
    throw new CliError(`--limit '${flags.limit}' is not a whole number`, EXIT.usage);
  const terminal = createTerminal(context, { env: context.env, json: flags.json });
  const kinds = await machinesHere(flags);
  const source = await sourceOf(log, context);
  const moves = movesFinder(kinds, {
    remembered: source.machines,
    assume: !source.says
  });
  const judge = new Conformance({ moves, ...(flags.filtered ? { filtered: true } : {}) });
  const print = terminal.people
    ? findingsForPeople(terminal, limit)
    : (finding: ConformFinding) => terminal.json(finding);
  try {
    for await (const page of source.pages()) {
      if (context.signal.aborted) return EXIT.interrupted;
      for (const row of page) for (const finding of judge.take(row)) print(finding);
    }
    const { findings, verdict } = judge.end();
    const beside = await source.beside();
    for (const finding of [...findings, ...beside]) print(finding);
    const violations = verdict.violations + beside.length;
    const whole: Conformity = { ...verdict, violations, conforms: violations === 0 };
    const judgedBy = source.says ? null : 'the lines do not say of which version: judged by the newest machines';
    if (terminal.people) summaryForPeople(terminal, { name: source.name, judgedBy }, whole, limit);
    else
      terminal.json({ type: 'result', log: source.name, versions: source.says ? 'of each row' : 'assumed', ...whole });
    return whole.conforms ? EXIT.done : EXIT.failed;
  } catch (error) {
    if (error instanceof LogLineError) throw new CliError(`${source.name}: ${error.message}`, EXIT.usage, error);
    throw error;
  } finally {
    await source.close();
  }
}

const machinesHere = async ({ machines }: ConformFlags) => {
  const { kinds } = await loadUserConfig(userConfigPath(machines ?? '', process.cwd()));
  return [...kinds.flatMap(withPrevious), ...builtInMachines];
};

/** The newest first: rows that do not say their version are judged by it. */
const withPrevious = ({ kind, machine, previous = [] }: ActorKind) => [
  { kind, machine },
  ...previous.map((former) => ({ kind, machine: former.machine }))
];

/** SQLite's files begin so. */
const HEADER = 'SQLite format 3\0';

async function sourceOf(log: string, context: CliContext): Promise<Source> {
  if (log === '-') return linesOf('stdin', process.stdin);
  if (!existsSync(log))
    throw new CliError(`there is no '${log}'; give a data directory, its journal.db, or a file of events`, EXIT.usage);
  if (!statSync(log).isDirectory() && !isDatabase(log))
    return linesOf(log, createReadStream(log, { signal: context.signal }));
  const reader = await openLogReader(log);
  return {
    name: reader.path,
    says: true,
    machines: (await reader.machines()).map(({ kind, version, definition }) => ({
      kind,
      version,
      definition: JSON.parse(definition) as MachineNode
    })),
    pages: () => reader.rows(),
    async beside() {
      const twice = await reader.effectsTwice();
      return twice.map(({ effect_id, count }): ConformFinding => {
        const why = `the ledger has effect ${effect_id} ${count} times`;
        const about = [effect_id.replace(/#.*$/s, '')];
        return {
          type: 'invariant',
          violates: true,
          invariant: 'an effect id commits at most once',
          cursor: null,
          line: null,
          about,
          why
        };
      });
    },
    close: () => reader.close()
  };
}

function isDatabase(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const begin = Buffer.alloc(HEADER.length);
    readSync(file, begin, 0, begin.length, 0);
    return begin.toString('latin1') === HEADER;
  } finally {
    closeSync(file);
  }
}

const linesOf = (name: string, input: AsyncIterable<Uint8Array>): Source => ({
  name,
  says: false,
  machines: [],
  async *pages() {
    for await (const row of logRows(input)) yield [row];
  },
  beside: async () => [],
  close: async () => {}
});
