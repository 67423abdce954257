import { hostname } from 'node:os';
import type {
  AccountView,
  CommandAccepted,
  CommandEnvelope,
  CommandView,
  EventPage,
  FlowSummary,
  SessionView
} from '../../schemas/generated/contracts.ts';
import { type Api, createApi } from './api.ts';
import type { Connection } from './connection.ts';
import {
  type AddCommand,
  type CliContext,
  type Client,
  type ClientFlags,
  connect,
  withClientFlags
} from './context.ts';
import { events } from './events.ts';
import { CliError, EXIT, type ExitCode, exitCodeOf } from './exit.ts';
import { isFlowFile, putFlowFile } from './flow-file.ts';
import { printable, type Terminal, table } from './terminal.ts';
import { timeline } from './timeline.ts';

interface RunFlags extends ClientFlags {
  param: string[];
  account?: string;
  platform?: string;
  session?: string;
  idempotencyKey?: string;
  reaches?: string;
  priority?: string;
  dryRun?: boolean;
  follow?: boolean;
  wait?: boolean;
  timeout: string;
}

/** The server answers `?wait=` after so long at most. */
const WAIT_SECONDS = 30;
const ENDED = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED']);

export const addRun: AddCommand = (program, context, ends) => {
  const collect = (value: string, all: string[]) => [...all, value];
  withClientFlags(program.command('run'))
    .description('send a flow to be run, and say what became of it')
    .argument(
      '<FLOW>',
      'its name, like comment_on_post; or a file: a flow, or a recording of the Chrome DevTools Recorder'
    )
    .option('--platform <NAME>', "where it runs; default: that of the session or account, or the flow's only one")
    .option('--param <K=V>', 'a parameter of the flow, as text; K:=JSON for anything else', collect, [])
    .option('--account <ID>', 'the account it acts for')
    .option('--session <ID>', 'the session it runs in')
    .option('--idempotency-key <KEY>', 'the same again is the same command')
    .option('--priority <1-5>', '1 is served first')
    .option('--reaches <WHOM>', 'of a file: whom what it clicks and types reaches, such as nobody; default a message')
    .option('--dry-run', 'look at everything, change nothing')
    .option('--follow', 'print its events until it ends')
    .option('--wait', 'wait until it ends')
    .option('--timeout <SECONDS>', 'how long --follow and --wait do', '600')
    .action(async (flow: string, flags: RunFlags) => ends(await run(flow, flags, context)));
};

async function run(flow: string, flags: RunFlags, context: CliContext): Promise<ExitCode> {
  const seconds = Number(flags.timeout);
  if (!(seconds > 0)) throw new CliError(`--timeout '${flags.timeout}' is not a number of seconds`, EXIT.usage);
  if (flags.reaches !== undefined && !isFlowFile(flow)) {
    throw new CliError(`--reaches is of a file; '${flow}' says itself whom it reaches`, EXIT.usage);
  }
  const params = readParams(flags.param);
  const client = connect(flags, context);
  const { api, terminal } = client;
  // A key may answer with a command of long ago; a new one's events all come after the log's head of now.
  const since = flags.idempotencyKey === undefined && flags.follow ? await headOf(api) : '0';
  const name = isFlowFile(flow) ? await putFlowFile(api, flow, flags.reaches) : flow;
  const accepted = await api.call<CommandAccepted>('POST', '/v1/commands', await envelopeOf(api, name, params, flags));
  if (!flags.follow && !flags.wait) {
    if (!terminal.people) terminal.json(accepted);
    else terminal.line(`${accepted.state}  ${accepted.command_id}\n${howToFollow(accepted.command_id)}`);
    return EXIT.done;
  }
  return outcome(client, accepted.command_id, { since: flags.follow ? since : null, seconds, signal: context.signal });
}

/**
 * Waits until the command has ended and prints how; in between its events, when they are asked for.
 * @param options `since`: events after this cursor are printed; null prints none
 */
async function outcome(
  client: Client,
  commandId: string,
  { since, seconds, signal }: { since: string | null; seconds: number; signal: AbortSignal }
): Promise<ExitCode> {
  const { terminal } = client;
  const late = AbortSignal.timeout(seconds * 1000);
  const until = AbortSignal.any([signal, late]);
  const view =
    since === null
      ? await waitForEnd(client.connection, commandId, until)
      : await follow(client, commandId, since, until);
  if (!view) {
    const waited = late.aborted ? `it has not ended in ${seconds} s` : 'you stopped waiting';
    terminal.note(`${waited} and goes on\n${howToFollow(commandId)}`);
    return late.aborted ? EXIT.timedOut : EXIT.interrupted;
  }
  if (terminal.people) summary(view, terminal);
  else terminal.json(view);
  return exitCodeOf(view);
}

const headOf = async (api: Api): Promise<string> =>
  (await api.call<EventPage>('GET', '/v1/events?cursor=0&limit=1')).head;

const howToFollow = (commandId: string) => `follow it: npx troupe tail --command ${commandId} --cursor 0`;

const viewOf = (api: Api, commandId: string, query = '') =>
  api.call<CommandView>('GET', `/v1/commands/${commandId}${query}`);

/** undefined when `until` came first. */
export async function waitForEnd(
  connection: Connection,
  commandId: string,
  until: AbortSignal
): Promise<CommandView | undefined> {
  const api = createApi(connection, until);
  try {
    for (;;) {
      const view = await viewOf(api, commandId, `?wait=${WAIT_SECONDS}`);
      if (view.completed_at !== null) return view;
    }
  } catch (error) {
    if (until.aborted) return undefined;
    throw error;
  }
}

/** Prints the command's events until it ends; undefined when `until` came first. */
async function follow(
  { api, connection, terminal }: Client,
  commandId: string,
  since: string,
  until: AbortSignal
): Promise<CommandView | undefined> {
  const print = timeline(terminal, { when: 'offset' });
  for await (const frame of events(connection, {
    cursor: since,
    filters: { command_id: commandId },
    signal: until,
    onLost: (why) => terminal.note(`the stream was lost (${why}); connecting again`)
  })) {
    if (frame.type !== 'event') continue;
    const { event } = frame;
    terminal.people ? print(event) : terminal.json(event);
    const { actor, to } = event.payload;
    if (actor.kind === 'command' && actor.id === commandId && ENDED.has(to)) return viewOf(api, commandId);
  }
  return undefined;
}

/** `k=v` is text, `k:=json` anything. @throws CliError usage */
export function readParams(pairs: string[]): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const pair of pairs) {
    const [, name, json, value] = /^([^=:]+)(:?)=([\s\S]*)$/.exec(pair) ?? [];
    if (name === undefined) throw new CliError(`--param '${pair}' is not K=V or K:=JSON`, EXIT.usage);
    try {
      params[name] = json ? JSON.parse(value!) : value;
    } catch (cause) {
      throw new CliError(`--param '${pair}': ${(cause as Error).message}`, EXIT.usage, cause);
    }
  }
  return params;
}

/** Where it runs, when only one place is meant. @throws CliError usage, naming the places */
async function platformOf(api: Api, flow: string, { session, account }: RunFlags): Promise<string> {
  if (session !== undefined) {
    return (await api.call<SessionView>('GET', `/v1/sessions/${encodeURIComponent(session)}`)).platform;
  }
  const flows = (await api.call<{ items: FlowSummary[] }>('GET', '/v1/flows')).items;
  const platforms = flows.find(({ name }) => name === flow)?.platforms;
  if (!platforms) {
    throw new CliError(`no flow '${flow}'; there are ${flows.map(({ name }) => name).join(', ')}`, EXIT.usage);
  }
  const [only, ...others] = platforms;
  if (only !== undefined && only !== '*' && others.length === 0) return only;
  const { items } = await api.call<{ items: AccountView[] }>('GET', '/v1/accounts?limit=500');
  const own = items.filter(({ account_id }) => account_id === account).map(({ platform }) => platform);
  const fitting = own.filter((platform) => platforms.includes('*') || platforms.includes(platform));
  if (fitting.length === 1) return fitting[0] as string;
  const places =
    fitting.length > 1 ? `account '${account}' is on ${fitting.join(', ')}` : `it runs on ${platforms.join(', ')}`;
  throw new CliError(`which platform? '${flow}': ${places}; name one with --platform`, EXIT.usage);
}

async function envelopeOf(
  api: Api,
  flow: string,
  params: Record<string, unknown>,
  flags: RunFlags
): Promise<CommandEnvelope> {
  const { service } = await api.call<{ service: string }>('GET', '/v1/tokens/self');
  return {
    version: '1.0',
    requester: { service, instance_id: `cli@${hostname()}` },
    target: {
      platform: flags.platform ?? (await platformOf(api, flow, flags)),
      ...(flags.account === undefined ? {} : { account_id: flags.account }),
      ...(flags.session === undefined ? {} : { session_id: flags.session })
    },
    type: 'flow.run',
    payload: { flow, params },
    ...(flags.idempotencyKey === undefined ? {} : { idempotency_key: flags.idempotencyKey }),
    ...(flags.priority === undefined ? {} : { priority: Number(flags.priority) }),
    ...(flags.dryRun ? { dry_run: true } : {})
  };
}

function summary(view: CommandView, terminal: Terminal): void {
  const style = view.state === 'SUCCEEDED' ? 'green' : view.state === 'FAILED' ? 'red' : 'yellow';
  terminal.line(`${terminal.style(style, view.state)}  ${view.command_id}`);
  if (view.error) terminal.line(`  ${view.error.code}: ${printable(view.error.message)}`);
  const rows = view.actions.map((action) => [
    `  ${action.name}`,
    action.already_done ? 'already done' : (action.outcome ?? 'not attempted'),
    action.proofs.map((proof) => printable(proof.value ?? proof.kind)).join(', ')
  ]);
  for (const line of table(rows)) terminal.line(line);
}
