/** `troupe test coverage [KIND]`: which transitions tests have taken, and which production has. */
import { builtInMachines } from '../../actors/built-in-machines.ts';
import type { ActorKind, Tables } from '../../actors/host/contract.ts';
import { openLogReader } from '../../actors/journal/log-reader.ts';
import { type Definition, defineAll } from '../../actors/kernel/definition.ts';
import { outlineOf } from '../../actors/kernel/outline.ts';
import type { MachineSummary, TransitionUse } from '../../schemas/generated/contracts.ts';
import { readConfig } from '../config.ts';
import { readCoverage, usesOf } from '../inspector/heat.ts';
import { userConfigPath } from '../user-config/file.ts';
import { loadUserConfig } from '../user-config/load.ts';
import { type AddCommand, type CliContext, type ClientFlags, connect, withClientFlags } from './context.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { createTerminal, printable, type Terminal, table } from './terminal.ts';

interface CoverageFlags extends ClientFlags {
  machines?: string;
}

/** How the transitions of one version of a machine were taken. */
interface KindCoverage {
  kind: string;
  version: string;
  /** Of the machine that the tests took; another: their counts are of an older or newer one. null: none did. */
  tested_version: string | null;
  transitions: number;
  /** Transitions that were taken at all. */
  tests: number;
  production: number;
  /** By neither. */
  never: number;
  taken: TransitionUse[];
}

export const addTestCoverage: AddCommand = (group, context, ends) => {
  withClientFlags(group.command('coverage'))
    .description('transitions covered by tests and by production; of one KIND each of them')
    .argument('[KIND]', 'command, session, or one of yours')
    .option('--machines <FILE>', 'the troupe.config.ts whose machines took part, for a data directory')
    .addHelpText(
      'after',
      '\nA data directory is only read, also while an instance runs on it; with --url the instance is asked.'
    )
    .action(async (kind: string | undefined, flags: CoverageFlags) => ends(await coverage(kind, flags, context)));
};

async function coverage(kind: string | undefined, flags: CoverageFlags, context: CliContext): Promise<ExitCode> {
  const terminal = createTerminal(context, { env: context.env, json: flags.json });
  const all =
    flags.url === undefined ? await ofDirectory(kind, flags, context) : await ofInstance(kind, flags, context);
  if (!terminal.people) for (const one of all) terminal.json(one);
  else if (kind === undefined) forAll(terminal, all);
  else for (const one of all) forOne(terminal, one);
  return EXIT.done;
}

async function ofDirectory(kind: string | undefined, flags: CoverageFlags, context: CliContext) {
  const { kinds } = await loadUserConfig(userConfigPath(flags.machines ?? '', process.cwd()));
  const ours = builtInMachines.flatMap(defineAll);
  const theirs = kinds.flatMap((one: ActorKind) => defineAll(one));
  const asked = [...ours, ...theirs].filter((one) => kind === undefined || one.kind === kind);
  if (asked.length === 0) {
    const known = [...ours, ...theirs].map((one) => one.kind).join(', ');
    throw new CliError(`no machine '${kind}'; there are ${known}`, EXIT.usage);
  }
  const reader = await openLogReader(readConfig({ data: flags.data }, context.env, flags.config).data);
  try {
    const moves = await reader.moves();
    const tested = readCoverage();
    return asked.map((one) => measured(one, moves, tested[one.kind]));
  } finally {
    await reader.close();
  }
}

function measured(
  { kind, version, machine }: Definition,
  moves: Tables['moves'][],
  tested: ReturnType<typeof readCoverage>[string] | undefined
): KindCoverage {
  const production = moves
    .filter((move) => move.kind === kind && move.version === version)
    .map(({ from_state, to_state, event, count }): [string, string, string, number] => [
      from_state,
      to_state,
      event,
      count
    ]);
  const taken = usesOf(outlineOf(machine), production, tested?.moves ?? []);
  return counted(kind, version, tested?.version ?? null, taken);
}

async function ofInstance(kind: string | undefined, flags: CoverageFlags, context: CliContext) {
  const { api } = connect(flags, context);
  const kinds =
    kind === undefined
      ? (await api.call<{ items: MachineSummary[] }>('GET', '/v1/machines')).items.map((one) => one.kind)
      : [kind];
  return Promise.all(
    kinds.map(async (name) => {
      const { version, tested_version, taken } = await api.call<MachineSummary>(
        'GET',
        `/v1/machines/${encodeURIComponent(name)}`
      );
      return counted(name, version ?? '', tested_version ?? null, taken ?? []);
    })
  );
}

function counted(kind: string, version: string, tested_version: string | null, taken: TransitionUse[]): KindCoverage {
  const count = (is: (use: TransitionUse) => boolean) => taken.filter(is).length;
  return {
    ...{ kind, version, tested_version, transitions: taken.length },
    tests: count(({ tests }) => tests > 0),
    production: count(({ production }) => production > 0),
    never: count(({ tests, production }) => tests + production === 0),
    taken
  };
}

const share = (part: number, whole: number) => `${part}  ${whole === 0 ? 100 : Math.floor((100 * part) / whole)} %`;
const isStale = ({ version, tested_version }: KindCoverage) => tested_version !== null && tested_version !== version;

function forAll(terminal: Terminal, all: KindCoverage[]) {
  const rows = all.map((one) => [
    one.kind,
    `${one.transitions}`,
    share(one.tests, one.transitions),
    share(one.production, one.transitions),
    `${one.never}`,
    isStale(one) ? `tests are of version ${one.tested_version}` : ''
  ]);
  for (const line of table([['KIND', 'TRANSITIONS', 'TESTS', 'PRODUCTION', 'NEVER', ''], ...rows])) terminal.line(line);
}

function forOne(terminal: Terminal, one: KindCoverage) {
  const path = (id: string) => id.replace(`${one.kind}.`, '');
  const rows = one.taken.map(({ source, event, targets, guard, tests, production }) => [
    `${tests}`,
    `${production}`,
    path(source),
    event === '' ? 'always' : event,
    targets.length === 0 ? '(stays)' : targets.map(path).join(', '),
    guard ?? ''
  ]);
  for (const line of table([['TESTS', 'PRODUCTION', 'STATE', 'EVENT', 'TO', 'IF'], ...rows]))
    terminal.line(printable(line));
  const { transitions, tests, production, never } = one;
  terminal.line(
    `${transitions} transitions of version ${one.version}: tests ${tests}, production ${production}, never ${never}`
  );
  if (isStale(one))
    terminal.note(`what tests took is of version ${one.tested_version}: 'npm run test:coverage' measures again`);
}
