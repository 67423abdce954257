/** `troupe test run KIND`: a deployment is walked along the paths of its machine, and held against it. */
import { Option } from 'commander';
import type { TestedKind } from '../../testing/kinds.ts';
import { runStories, STORY_KINDS, type StoryReport } from '../../testing/live/built-in.ts';
import { Deployment, type Endpoint, NotTested } from '../../testing/live/deployment.ts';
import type { Deviation } from '../../testing/live/life.ts';
import { type LiveReport, runLive } from '../../testing/live/run.ts';
import type { Walk } from '../../testing/live/walk.ts';
import { CRITERIA, type Criterion } from '../../testing/paths.ts';
import type { Connection } from './connection.ts';
import {
  type AddCommand,
  type CliContext,
  type Client,
  type ClientFlags,
  connect,
  withClientFlags
} from './context.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { printable, type Terminal } from './terminal.ts';
import { kindNamed, testedKinds } from './tested-kinds.ts';

interface RunFlags extends ClientFlags {
  machines?: string;
  criterion: Criterion;
  anyVersion?: boolean;
  wait: string;
  timeout: string;
}

export const addTestRun: AddCommand = (group, context, ends) => {
  withClientFlags(group.command('run <KIND>'))
    .description('walk the paths of a machine on a deployment, and hold every state, answer and row against it')
    .option('--machines <FILE>', 'the troupe.config.ts that the deployment runs (default: the one in this folder)')
    .addOption(new Option('--criterion <WHAT>', 'what the paths cover').choices(CRITERIA).default('transitions'))
    .option('--any-version', 'also when the deployment has another version of the machine')
    .option(
      '--wait <SECONDS>',
      'for the end of an effect and for a timer; a path that needs longer is not walked',
      '10'
    )
    .option('--timeout <SECONDS>', 'for all of it', '600')
    .addHelpText('after', HELP)
    .action(async (kind: string, flags: RunFlags) => ends(await run(kind, flags, context)));
};

const HELP = `
It makes actors with ids that begin with test-, and leaves them there. What effects do, they do: point it at a
deployment whose outside is a rehearsal. An outcome that the outside does not give makes a path 'not walked', which is
neither a pass nor a failure. command, session and approval have no such paths: what clients do with them is done, on a
deployment that was started with --driver stub. Exit codes: 0 nothing differs, 1 something does, 2 wrong usage or another version, 3 the
deployment cannot be reached, 4 it refuses the token, 5 --timeout is over.`;

async function run(name: string, flags: RunFlags, context: CliContext): Promise<ExitCode> {
  const kind = kindNamed(await testedKinds(flags.machines), name);
  const { connection, terminal } = connect(flags, context);
  if (STORY_KINDS.includes(name)) return stories(kind, flags, { connection, terminal }, context);
  const report = await tested(() =>
    runLive(new Deployment(endpointOf(connection)), kind, {
      criterion: flags.criterion,
      anyVersion: flags.anyVersion ?? false,
      waitMs: secondsOf('--wait', flags.wait) * 1000,
      timeoutMs: secondsOf('--timeout', flags.timeout) * 1000,
      signal: context.signal,
      onWalk: (walk, path) => printWalk(terminal, walk, path)
    })
  );
  printReport(terminal, report);
  return report.deviations.length > 0 ? EXIT.failed : EXIT.done;
}

async function stories(
  kind: TestedKind,
  { criterion, anyVersion = false, timeout }: RunFlags,
  { connection, terminal }: Pick<Client, 'connection' | 'terminal'>,
  { signal }: CliContext
): Promise<ExitCode> {
  const timeoutMs = secondsOf('--timeout', timeout) * 1000;
  const onStory = (told: StoryReport['stories'][number]) => {
    if (!terminal.people) return terminal.json({ type: 'story', ...told });
    const isGood = told.deviations.length === 0;
    const outcome = terminal.style(isGood ? 'green' : 'red', (isGood ? 'done' : 'differs').padEnd(10));
    terminal.line(`${outcome}  ${told.story}`);
    for (const one of told.deviations) printDeviation(terminal, one);
  };
  const options = { criterion, anyVersion, timeoutMs, signal, onStory };
  const report = await tested(() => runStories(new Deployment(endpointOf(connection)), kind, options));
  const { stories: told, deviations, ...figures } = report;
  if (terminal.people) {
    terminal.line();
    terminal.line(`coverage  ${figures.covered} of ${figures.total} ${criterion} really reached`);
    terminal.line(`judged    ${figures.steps} steps, by their states`);
  } else {
    terminal.json({ type: 'result', told: told.length, deviations: deviations.length, ...figures });
  }
  return deviations.length > 0 ? EXIT.failed : EXIT.done;
}

export const endpointOf = ({ control, telemetry, token, tls }: Connection): Endpoint => ({
  url: control,
  telemetryUrl: telemetry,
  token,
  ...(tls ? { tls } : {})
});

const EXITS = { unreachable: EXIT.unreachable, denied: EXIT.denied, usage: EXIT.usage, 'timed out': EXIT.timedOut };

/** @throws CliError for what kept it from being tested */
export async function tested<T>(test: () => Promise<T>): Promise<T> {
  try {
    return await test();
  } catch (error) {
    if (!(error instanceof NotTested)) throw error;
    throw new CliError(error.message, EXITS[error.why], error);
  }
}

/** @throws CliError naming the flag */
export function secondsOf(flag: string, text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new CliError(`${flag} '${text}' must be a number of seconds above 0`, EXIT.usage);
}

function printWalk(terminal: Terminal, { path, life, verdict, outcome, why, steps }: Walk, number: number) {
  const { deviations } = verdict;
  if (!terminal.people) {
    const events = path.steps.map(({ event }) => event.type);
    terminal.json({ type: 'path', path: number, address: life.address, outcome, why, steps, events, deviations });
    return;
  }
  const colour = outcome === 'walked' ? 'green' : outcome === 'differs' ? 'red' : 'yellow';
  const events = path.steps.map(({ event }) => event.type).join(' → ') || '(made)';
  terminal.line(`${terminal.style(colour, outcome.padEnd(10))}  ${String(number).padStart(3)}  ${printable(events)}`);
  if (why !== null) terminal.line(`                 ${printable(why)}`);
  for (const deviation of deviations) printDeviation(terminal, deviation);
}

export function printDeviation(terminal: Terminal, { what, why, address, cursor }: Deviation) {
  const where = cursor === null ? address : `${address}, cursor ${cursor}`;
  terminal.line(`                 ${terminal.style('red', what)}: ${printable(why)} (${where})`);
}

function printReport(terminal: Terminal, report: LiveReport) {
  const { walks, deviations, ...figures } = report;
  if (!terminal.people) {
    terminal.json({ type: 'result', paths: walks.length, deviations: deviations.length, ...figures });
    return;
  }
  const { criterion, covered, total, missing, walked, notWalked, steps, unknown } = figures;
  terminal.line();
  terminal.line(
    `paths     ${walked} of ${walks.length} walked, ${notWalked} not, ${walks.length - walked - notWalked} differ`
  );
  terminal.line(`coverage  ${covered} of ${total} ${criterion} really reached`);
  for (const name of missing) terminal.line(`          not ${printable(name)}`);
  terminal.line(`judged    ${steps} steps${unknown === 0 ? '' : `, ${unknown} of them by their states alone`}`);
}
