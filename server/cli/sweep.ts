import { hostname } from 'node:os';
import type { CommandAccepted, CommandEnvelope, CommandView, SelectorView } from '../../schemas/generated/contracts.ts';
import { type AddCommand, type CliContext, type ClientFlags, connect, withClientFlags } from './context.ts';
import { CliError, EXIT, type ExitCode, exitCodeOf } from './exit.ts';
import { waitForEnd } from './run.ts';
import { printable, type Terminal, table } from './terminal.ts';

interface SweepFlags extends ClientFlags {
  page: string[];
  name: string[];
  account?: string;
  session?: string;
  dryRun?: boolean;
  timeout: string;
}

type Swept = Pick<SelectorView, 'name' | 'state' | 'selector' | 'tried' | 'why'>;

export const addSweep: AddCommand = (program, context, ends) => {
  const collect = (value: string, all: string[]) => [...all, value];
  withClientFlags(program.command('sweep'))
    .description('look for every selector of a platform on its pages; ends with 1 when one is not found well')
    .argument('<PLATFORM>', 'its name, like example')
    .option('--page <NAME=URL>', 'where a page is; only the pages named so are visited', collect, [])
    .option('--name <NAME>', 'only this selector', collect, [])
    .option('--account <ID>', 'the account to look with')
    .option('--session <ID>', 'the session to look in')
    .option('--dry-run', 'look, and tell the registry nothing')
    .option('--timeout <SECONDS>', 'how long to wait for the end', '600')
    .action(async (platform: string, flags: SweepFlags) => ends(await sweep(platform, flags, context)));
};

async function sweep(platform: string, flags: SweepFlags, context: CliContext): Promise<ExitCode> {
  const seconds = Number(flags.timeout);
  if (!(seconds > 0)) throw new CliError(`--timeout '${flags.timeout}' is not a number of seconds`, EXIT.usage);
  const pages = readPages(flags.page);
  const { api, connection, terminal } = connect(flags, context);
  const { service } = await api.call<{ service: string }>('GET', '/v1/tokens/self');
  const envelope: CommandEnvelope = {
    version: '1.0',
    requester: { service, instance_id: `cli@${hostname()}` },
    target: {
      platform,
      ...(flags.account === undefined ? {} : { account_id: flags.account }),
      ...(flags.session === undefined ? {} : { session_id: flags.session })
    },
    type: 'selector.sweep',
    payload: {
      ...(flags.page.length > 0 ? { pages } : {}),
      ...(flags.name.length > 0 ? { names: flags.name } : {})
    },
    ...(flags.dryRun ? { dry_run: true } : {})
  };
  const { command_id } = await api.call<CommandAccepted>('POST', '/v1/commands', envelope);
  const late = AbortSignal.timeout(seconds * 1000);
  const view = await waitForEnd(connection, command_id, AbortSignal.any([context.signal, late]));
  if (!view) {
    terminal.note(`it goes on\nfollow it: npx troupe tail --command ${command_id} --cursor 0`);
    return late.aborted ? EXIT.timedOut : EXIT.interrupted;
  }
  if (view.state !== 'SUCCEEDED') {
    if (terminal.people) terminal.note(`${view.state}: ${printable(view.error?.message ?? '')}`);
    else terminal.json(view);
    return exitCodeOf(view);
  }
  return print(view, terminal);
}

function print(view: CommandView, terminal: Terminal): ExitCode {
  const { selectors } = view.result as unknown as { selectors: Swept[] };
  if (terminal.people) {
    const rows = selectors.map(({ name, state, selector, tried, why }) => [
      name,
      state,
      printable(selector ?? why ?? ''),
      tried.map((one) => one.found).join(', ')
    ]);
    for (const line of table([['NAME', 'STATE', 'BY', 'FOUND'], ...rows])) terminal.line(line);
  } else terminal.json(view);
  return selectors.every(({ state }) => state === 'ok') ? EXIT.done : EXIT.failed;
}

/** `post=https://…`. @throws CliError usage */
function readPages(pairs: string[]): Record<string, string> {
  const pages: Record<string, string> = {};
  for (const pair of pairs) {
    const [, page, url] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
    if (page === undefined || url === undefined) throw new CliError(`--page '${pair}' is not NAME=URL`, EXIT.usage);
    pages[page] = url;
  }
  return pages;
}
