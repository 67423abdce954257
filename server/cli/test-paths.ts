import type { Trace } from '../../schemas/generated/contracts.ts';
import type { Criterion, PathSet } from '../../testing/paths.ts';
import type { AddCommand, CliContext } from './context.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { createTerminal, printable, type Terminal } from './terminal.ts';

interface PathFlags {
  machines?: string;
  criterion: string;
  limit: string;
  json?: boolean;
}

const CRITERIA: Criterion[] = ['states', 'transitions', 'pairs', 'guards'];

export const addTestPaths: AddCommand = (program, context, ends) => {
  program
    .command('paths')
    .description('the fewest paths that cover a machine, walked in virtual time and judged by the invariants')
    .argument('<KIND>', 'command, session … or one of a troupe.config.ts')
    .option('--machines <FILE>', 'the troupe.config.ts (env TROUPE_MACHINES; default: the one in this folder)')
    .option('--criterion <WHAT>', `what is covered: ${CRITERIA.join(', ')}`, 'transitions')
    .option('--limit <N>', 'places that are gone on from, at most', '3000')
    .option('--json', 'JSON lines, as in a pipe: each path a trace, then the result')
    .addHelpText(
      'after',
      '\nEffects, child machines and other actors are not run: what they would say is an event of the path.' +
        '\nExit code 0: all is covered, no invariant broken and no actor failed; 1: not; 2: no such kind.'
    )
    .action(async (kind: string, flags: PathFlags) => ends(await paths(kind, flags, context)));
};

async function paths(name: string, flags: PathFlags, context: CliContext): Promise<ExitCode> {
  const criterion = CRITERIA.find((one) => one === flags.criterion);
  if (!criterion) {
    throw new CliError(`--criterion '${flags.criterion}' is none; there are ${CRITERIA.join(', ')}`, EXIT.usage);
  }
  const limit = Number(flags.limit);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new CliError(`--limit '${flags.limit}' is not a whole number above 0`, EXIT.usage);
  }
  const terminal = createTerminal(context, { env: context.env, json: flags.json });
  // What only tests need is loaded for them alone.
  const { kindNamed, testedKinds } = await import('./tested-kinds.ts');
  const { pathsOf } = await import('../../testing/paths.ts');
  const kind = kindNamed(await testedKinds(flags.machines ?? context.env.TROUPE_MACHINES), name);
  const set = pathsOf(kind, { criterion, limit });
  const isWhole = isFine(set);
  if (terminal.people) forPeople(terminal, set, limit);
  else {
    const { paths: traces, ...result } = set;
    for (const trace of traces) terminal.json({ type: 'path', path: trace });
    terminal.json({ type: 'result', ...result, paths: traces.length });
  }
  return isWhole ? EXIT.done : EXIT.failed;
}

const isFine = ({ uncovered, violations, failures }: PathSet): boolean =>
  uncovered.length === 0 && violations.length === 0 && failures.length === 0;

function forPeople(terminal: Terminal, set: PathSet, limit: number) {
  const { style } = terminal;
  for (const [i, path] of set.paths.entries()) {
    terminal.line(style('bold', `${i + 1}  ${printable(stateIn(path))}`));
    for (const { by, event, timer, after_ms, expect } of path.steps) {
      const what = timer ?? event.type;
      const waited = after_ms > 0 ? style('dim', `  ${by}, after ${after_ms} ms`) : style('dim', `  ${by}`);
      const state = expect.rejected ? style('yellow', 'refused') : expect.state;
      const passed = (expect.through ?? []).map((one) => `${one} → `).join('');
      terminal.line(`     ${printable(what)} → ${printable(passed)}${printable(state)}${waited}`);
    }
  }
  const { covered, total, criterion, uncovered, violations, failures, refused, explored } = set;
  terminal.line('');
  for (const { path, invariant, why } of violations) {
    terminal.line(`${style('red', 'broken')}  ${printable(invariant)}: ${printable(why)} (path ${path})`);
  }
  for (const { path, why } of failures) terminal.line(`${style('red', 'failed')}  ${printable(why)} (path ${path})`);
  for (const { input, why } of refused) {
    terminal.line(`${style('yellow', 'refused')}  ${printable(JSON.stringify(input))}: ${printable(why)}`);
  }
  for (const why of ['unreachable', 'bound'] as const) {
    const goals = uncovered.filter((one) => one.why === why);
    if (goals.length === 0) continue;
    const said = why === 'unreachable' ? 'not reachable with these samples' : `not reached within --limit ${limit}`;
    terminal.line(style('yellow', `${said}: ${goals.length}`));
    for (const { goal } of goals) terminal.line(`  ${printable(goal)}`);
  }
  const steps = set.paths.reduce((sum, path) => sum + path.steps.length, 0);
  const places = `${explored.places} places looked at${explored.exhausted ? ', all there are' : ''}`;
  const said = `${criterion}: ${covered} of ${total} by ${set.paths.length} paths with ${steps} events; ${places}`;
  terminal.line(style(isFine(set) ? 'green' : 'red', said));
}

const stateIn = ({ kind, start }: Trace): string => {
  const { state = '', through = [] } = start.expect ?? {};
  return `${kind} → ${[...through, state].join(' → ')}`;
};
