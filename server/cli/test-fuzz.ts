/** `troupe test fuzz KIND`: a deployment under sequences of whatever clients and networks do, and the shortest that breaks it. */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type FuzzReport, fuzzLive } from '../../testing/fuzz/fuzz.ts';
import { openProxy } from '../../testing/fuzz/proxy.ts';
import type { Target } from '../../testing/fuzz/target.ts';
import { Deployment, type Endpoint } from '../../testing/live/deployment.ts';
import { userConfigPath } from '../user-config/file.ts';
import { type AddCommand, type CliContext, type ClientFlags, connect, withClientFlags } from './context.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { ownDeployment } from './own-deployment.ts';
import { createTerminal, printable, type Terminal } from './terminal.ts';
import { endpointOf, printDeviation, secondsOf, tested } from './test-run.ts';
import { kindNamed, testedKinds } from './tested-kinds.ts';

interface FuzzFlags extends ClientFlags {
  machines?: string;
  seed?: string;
  path?: string;
  runs: string;
  maxCommands: string;
  clients: string;
  anyVersion?: boolean;
  own?: boolean;
  killBy?: string;
  restartBy?: string;
  mishaps: boolean;
  timeout: string;
}

export const addTestFuzz: AddCommand = (group, context, ends) => {
  withClientFlags(group.command('fuzz <KIND>'))
    .description(
      'send a deployment whatever may come: legal, illegal and unfit events, at once, again, while it is killed'
    )
    .option('--machines <FILE>', 'the troupe.config.ts that the deployment runs (default: the one in this folder)')
    .option('--seed <N>', 'the same sequences as that time (default: another each time; it is printed)')
    .option('--path <P>', 'with --seed: that one sequence, as a failure prints it')
    .option('--runs <N>', 'sequences', '30')
    .option('--max-commands <N>', 'of one sequence, at most', '20')
    .option('--clients <N>', 'that send at the same time, at most; 1: nothing races', '3')
    .option(
      '--own',
      'start a deployment for it, on a temporary folder, that drives nothing and is killed and restarted'
    )
    .option('--kill-by <COMMAND>', 'of a shell: ends the deployment in the middle of what it does')
    .option('--restart-by <COMMAND>', 'of a shell: brings it back, or restarts it; it is waited for')
    .option('--no-mishaps', 'no proxy before it that delays, doubles and cuts requests')
    .option('--any-version', 'also when the deployment has another version of the machine')
    .option('--timeout <SECONDS>', 'for all of it, making a failure shorter too', '600')
    .addHelpText('after', HELP)
    .action(async (kind: string, flags: FuzzFlags) => ends(await fuzz(kind, flags, context)));
};

const HELP = `
The same seed with the same flags and samples gives the same sequence of commands. What is not the same: ids of actors,
and how a real server's scheduler lets requests, effects, timers and a kill meet. A failure that needs a race may
therefore not come again at once; what it printed of the log stays true. It makes actors with ids that begin with fuzz-
and leaves them there. Exit codes: 0 nothing was found, 1 something was, 2 wrong usage or another version, 3 the
deployment cannot be reached, 4 it refuses the token, 5 --timeout is over.`;

async function fuzz(name: string, flags: FuzzFlags, context: CliContext): Promise<ExitCode> {
  const kind = kindNamed(await testedKinds(flags.machines), name);
  const terminal = createTerminal(context, { env: context.env, json: flags.json });
  const seed = flags.seed === undefined ? randomInt(2 ** 31) : integerOf('--seed', flags.seed, -(2 ** 31), 2 ** 31 - 1);
  const options = {
    seed,
    runs: integerOf('--runs', flags.runs, 1),
    maxCommands: integerOf('--max-commands', flags.maxCommands, 1),
    clients: integerOf('--clients', flags.clients, 1, 100),
    anyVersion: flags.anyVersion ?? false,
    timeoutMs: secondsOf('--timeout', flags.timeout) * 1000,
    signal: context.signal,
    ...(flags.path === undefined ? {} : { path: flags.path })
  };
  if (flags.path !== undefined && flags.seed === undefined) throw new CliError('--path needs its --seed', EXIT.usage);
  const { target, close } = await targetOf(flags, context);
  try {
    if (terminal.people) terminal.note(`seed ${seed}`);
    const report = await tested(() => fuzzLive(target, kind, options));
    print(terminal, report, `troupe test fuzz ${name}`, options);
    return report.failure ? EXIT.failed : EXIT.done;
  } finally {
    await close();
  }
}

async function targetOf(flags: FuzzFlags, context: CliContext): Promise<{ target: Target; close(): Promise<void> }> {
  if (flags.own) {
    const other = (['url', 'data', 'killBy', 'restartBy'] as const).find((flag) => flags[flag] !== undefined);
    if (other)
      throw new CliError(
        '--own is a deployment of its own; leave out --url, --data, --kill-by and --restart-by',
        EXIT.usage
      );
    return ownDeployment(userConfigPath(flags.machines ?? '', process.cwd()), context.env);
  }
  const { connection } = connect(flags, context);
  const straight = endpointOf(connection);
  const { killBy, restartBy } = flags;
  if (killBy !== undefined && restartBy === undefined) {
    throw new CliError('--kill-by needs --restart-by, which brings the deployment back', EXIT.usage);
  }
  // With TLS a proxy would be somebody else.
  const proxy = flags.mishaps && straight.url.startsWith('http:') ? await openProxy(straight) : undefined;
  const endpoint = {
    ...straight,
    ...(proxy ? { url: proxy.url, telemetryUrl: proxy.telemetryUrl } : {}),
    streamRetries: 40
  };
  const start = async () => {
    await shell('--restart-by', restartBy ?? '', context);
    await isUp(straight, context.signal);
  };
  const target: Target = {
    endpoint,
    alone: false,
    ...(proxy ? { proxy } : {}),
    ...(killBy === undefined ? {} : { kill: () => shell('--kill-by', killBy, context), start }),
    ...(restartBy === undefined || killBy !== undefined ? {} : { restart: start })
  };
  return { target, close: async () => proxy?.close() };
}

/** Of a sequence; others give other sequences. */
type Lengths = Record<'maxCommands' | 'clients', number>;

/** @throws CliError when the command fails */
async function shell(flag: string, command: string, { env, signal }: CliContext): Promise<void> {
  const child = spawn(command, {
    shell: true,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: env as NodeJS.ProcessEnv,
    signal
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new CliError(`${flag} '${command}' ended with ${code ?? 'a signal'}`, EXIT.failed);
}

const UP_LIMIT_MS = 120_000;

async function isUp(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
  const { client } = new Deployment(endpoint);
  for (const until = Date.now() + UP_LIMIT_MS; ; await delay(100, undefined, { signal })) {
    try {
      await client.head();
      return;
    } catch (cause) {
      if (Date.now() < until) continue;
      throw new CliError(`${endpoint.url} did not come back in ${UP_LIMIT_MS / 1000} s`, EXIT.unreachable, cause);
    }
  }
}

/** @throws CliError naming the flag */
function integerOf(flag: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  throw new CliError(`${flag} '${text}' must be a whole number ${range}`, EXIT.usage);
}

function print(terminal: Terminal, report: FuzzReport, asked: string, { maxCommands, clients }: Lengths) {
  const { failure, seed, runs, commands, actors, steps, covered, total } = report;
  const lengths = `--max-commands ${maxCommands} --clients ${clients}`;
  const again = failure && `${asked} --seed ${seed} --path ${failure.path} ${lengths}`;
  if (!terminal.people) {
    terminal.json({ type: 'result', ...report, ...(again ? { again } : {}) });
    return;
  }
  terminal.line(`done      ${runs} sequences, ${commands} commands, ${actors} actors, ${steps} steps judged`);
  terminal.line(`coverage  ${covered} of ${total} transitions really taken`);
  if (!failure) return;
  terminal.line();
  terminal.line(
    `${terminal.style('red', 'found')}     after ${failure.shrinks} times shorter, in ${failure.commands.length} commands:`
  );
  for (const [i, command] of failure.commands.entries())
    terminal.line(`  ${String(i + 1).padStart(3)}  ${printable(command)}`);
  for (const one of failure.deviations) printDeviation(terminal, one);
  terminal.line(`again     npx ${again}, and the other flags of now`);
}
