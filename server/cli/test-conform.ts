/** `troupe test conform LOG`: whether a log is one that the machines could have written. */
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
import type { AddCommand, CliContext } from './context.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { createTerminal, printable, type Terminal } from './terminal.ts';

interface ConformFlags {
  machines?: string;
  filtered?: boolean;
  limit: string;
  json?: boolean;
}

export const addTestConform: AddCommand = (group, context, ends) => {
  group
    .command('conform')
    .description('whether every recorded sequence is a legal path: the first illegal row, and what was legal there')
    .argument('<LOG>', 'data directory, journal.db, a file of events as JSON lines, or - for stdin')
    .option('--machines <FILE>', 'the troupe.config.ts whose machines took part')
    .option('--filtered', 'the lines are a part of a log (of a command, of an actor): missing cursors are no fault')
    .option('--limit <N>', 'findings that are listed for a person', '20')
    .option('--json', 'JSON lines, as in a pipe')
    .addHelpText(
      'after',
      '\nA database is only read, also while an instance runs on it. Exit code 0: it conforms; 1: it does not; 2: it is no log.'
    )
    .action(async (log: string, flags: ConformFlags) => ends(await conform(log, flags, context)));
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

async function conform(log: string, flags: ConformFlags, context: CliContext): Promise<ExitCode> {
  const limit = Number(flags.limit);
  if (!Number.isInteger(limit) || limit < 0)
    throw new CliError(`--limit '${flags.limit}' is not a whole number`, EXIT.usage);
  const terminal = createTerminal(context, { env: context.env, json: flags.json });
  const { kinds } = await loadUserConfig(userConfigPath(flags.machines ?? '', process.cwd()));
  const source = await sourceOf(log, context);
  const moves = movesFinder([...kinds.flatMap(withPrevious), ...builtInMachines], {
    remembered: source.machines,
    assume: !source.says
  });
  const judge = new Conformance({ moves, ...(flags.filtered ? { filtered: true } : {}) });
  const print = terminal.people ? forPeople(terminal, limit) : (finding: ConformFinding) => terminal.json(finding);
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
    if (terminal.people) summary(terminal, source, whole, limit);
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

const KIND = {
  illegal: 'illegal',
  cursor: 'cursor',
  time_backwards: 'time',
  clock_adjusted: 'clock',
  invariant: 'broken'
};

function forPeople(terminal: Terminal, limit: number): (finding: ConformFinding) => void {
  let listed = 0;
  return ({ type, violates, cursor, line, about, why, invariant, legal, version }) => {
    listed += 1;
    if (listed > limit) return;
    const place = [line === null ? '' : `line ${line}`, cursor === null ? '' : `cursor ${cursor}`]
      .filter(Boolean)
      .join(', ');
    const kind = terminal.style(violates ? 'red' : 'yellow', KIND[type].padEnd(7));
    terminal.line(`${kind}  ${[place, about[0]].filter(Boolean).join('  ')}`);
    terminal.line(`         ${printable(why)}${version ? ` (version ${version})` : ''}`);
    if (invariant) terminal.line(terminal.style('dim', `         ${invariant}`));
    for (const move of legal ?? []) {
      const guard = move.guard === undefined ? '' : `  if ${move.guard}`;
      terminal.line(
        terminal.style('dim', `         legal: ${printable(move.event || 'always')} ─▶ ${move.to}${guard}`)
      );
    }
  };
}

function summary(terminal: Terminal, { name, says }: Source, verdict: Conformity, limit: number) {
  const { rows, actors, legal, aside, cursors, not_judged, inconclusive, violations, warnings } = verdict;
  const more = violations + warnings - limit;
  if (more > 0) terminal.line(`… and ${more} more; --limit lists them`);
  terminal.line(`${name}: ${rows} rows of ${actors} actors, cursors ${cursors.from ?? '-'} to ${cursors.to ?? '-'}`);
  const assumed = says ? '' : '; the lines do not say of which version: judged by the newest machines';
  terminal.line(`${legal} moves are legal, ${aside} rows tell of none${assumed}`);
  for (const { kind, version, rows, why } of not_judged) {
    const of = version === null ? kind : `${kind} of version ${version}`;
    terminal.line(terminal.style('yellow', `not judged: ${rows} rows of ${of}: ${why}`));
  }
  for (const { invariant, count, first, why } of inconclusive) {
    const whom = count === 0 ? '' : ` for ${count} (${first.join(', ')}${count > first.length ? ', …' : ''})`;
    terminal.line(terminal.style('yellow', `inconclusive${whom}: ${invariant}: ${why}`));
  }
  if (verdict.conforms) terminal.line(terminal.style('green', 'it conforms'));
  else terminal.line(terminal.style('red', `it does not conform: ${violations} violations`));
}
