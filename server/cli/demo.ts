/** `troupe demo`: the main job, once, where everybody can see it. Everything runs here; nothing leaves this machine. */
import { copyFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { CommandAccepted, CommandView, Config, EventEnvelope } from '../../schemas/generated/contracts.ts';
import { readConfig } from '../config.ts';
import { createLogger } from '../log.ts';
import { startTroupe, type Troupe } from '../start.ts';
import { createApi } from './api.ts';
import type { AddCommand, CliContext } from './context.ts';
import { type DemoSite, startDemoSite } from './demo-site.ts';
import { events } from './events.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { createTerminal, type Terminal } from './terminal.ts';
import { timeline } from './timeline.ts';
import { version } from './version.ts';

interface DemoFlags {
  data?: string;
  driver?: Config['driver'];
  keep?: boolean;
  json?: boolean;
}

const PLATFORM = 'example';
const ACCOUNT = 'alice';
/** From sending the command to its end: a cold browser and a slow machine fit in. */
const LIMIT_MS = 180_000;
const ENDED = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED']);

export const addDemo: AddCommand = (program, context, ends) => {
  program
    .command('demo')
    .description('a real browser comments on a post of the example site, and the stream shows it')
    .option('--data <DIR>', 'where to keep what it leaves; default a temporary folder')
    .option('--driver <safari|stub>', 'stub drives nothing (env TROUPE_DRIVER; default: safari)')
    .option('--keep', 'stay up afterwards, until Ctrl-C')
    .option('--json', 'JSON lines instead of text')
    .action(async (flags: DemoFlags) => ends(await demo(flags, context)));
};

async function demo(flags: DemoFlags, context: CliContext): Promise<ExitCode> {
  const terminal = createTerminal(context, { env: context.env, json: flags.json, text: true });
  const dataDir = resolve(flags.data ?? (await mkdtemp(join(tmpdir(), 'troupe-demo-'))));
  // Of the environment only what is meant for a demo: its ports are free ones and its slot is one.
  const { TROUPE_DRIVER, TROUPE_LOG_LEVEL = 'warn' } = context.env;
  const config = readConfig(
    { data: dataDir, driver: flags.driver, control: '127.0.0.1:0', telemetry: '127.0.0.1:0' },
    { TROUPE_DRIVER, TROUPE_LOG_LEVEL }
  );
  const logger = createLogger(config.log_level, context.err);
  const site = await startDemoSite(ACCOUNT);
  let troupe: Troupe | undefined;
  try {
    troupe = await startTroupe(config, { logger, environment: context.env as NodeJS.ProcessEnv, version });
    const exitCode = await show({ troupe, site, terminal, signal: context.signal });
    if (flags.keep && !context.signal.aborted) await stayUp(troupe, site, terminal, context.signal);
    return context.signal.aborted && !flags.keep ? EXIT.interrupted : exitCode;
  } finally {
    await troupe?.stop();
    await site.close();
    // Nothing was seen that could be looked at: an interrupted demo leaves nothing.
    if (flags.data === undefined && context.signal.aborted) await rm(dataDir, { recursive: true, force: true });
  }
}

interface Stage {
  troupe: Troupe;
  site: DemoSite;
  terminal: Terminal;
  signal: AbortSignal;
}

async function show({ troupe, site, terminal, signal }: Stage): Promise<ExitCode> {
  const { endpoints, adminToken, dataDir, inspector } = troupe;
  const connection = { ...endpoints, token: adminToken.token };
  const api = createApi(connection, signal);
  const text = `Troupe was here 🎭 ${new Date().toISOString()}`;
  const line = (words = '') => terminal.people && terminal.line(words);
  line(`control plane    ${endpoints.control}`);
  line(`telemetry plane  ${endpoints.telemetry}`);
  line(`inspector        ${inspector}`);
  line(`example site     ${site.url}, where '${ACCOUNT}' is logged in`);
  line(`\nComment on post 1 of it: ${terminal.style('bold', text)}`);
  line('\nWhat a WebSocket client hears:\n');

  const started = performance.now();
  let sent: Promise<CommandAccepted> | undefined;
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal, AbortSignal.timeout(LIMIT_MS)]);
  const print = timeline(terminal, { when: 'offset' });
  const heard: EventEnvelope[] = [];
  const stream = events(connection, {
    signal: until,
    onSubscribed: () => {
      sent = send(api, `${site.url}/post/1`, text);
      sent.catch(() => stop.abort());
    }
  });
  let commandId: string | undefined;
  for await (const frame of stream) {
    if (frame.type !== 'event') continue;
    const { event } = frame;
    heard.push(event);
    terminal.people ? print(event) : terminal.json(event);
    commandId ??= (await sent)?.command_id;
    const { actor, to } = event.payload;
    if (actor.kind === 'command' && actor.id === commandId && ENDED.has(to)) break;
  }
  if (signal.aborted) return EXIT.interrupted;
  const accepted = await sent;
  if (!accepted) throw new CliError('the stream did not begin', EXIT.failed);
  const command = await api.call<CommandView>('GET', `/v1/commands/${accepted.command_id}`);
  const seconds = (performance.now() - started) / 1000;
  const count = await site.comments(text);
  const isStub = troupe.config.driver === 'stub';
  const isRight = command.state === 'SUCCEEDED' && count === (isStub ? 0 : 1);
  if (terminal.people) {
    conclude({ command, count, heard, seconds, dataDir, isStub }, terminal);
  } else {
    terminal.json({ command, comments_on_the_site: count, events: heard.length, seconds: Number(seconds.toFixed(3)) });
  }
  return isRight ? EXIT.done : EXIT.failed;
}

const send = (api: ReturnType<typeof createApi>, postUrl: string, text: string) =>
  api.call<CommandAccepted>('POST', '/v1/commands', {
    version: '1.0',
    idempotency_key: `demo-${process.pid}-${Date.now()}`,
    requester: { service: 'admin', instance_id: `demo@${hostname()}` },
    target: { platform: PLATFORM, account_id: ACCOUNT },
    type: 'flow.run',
    payload: { flow: 'comment_on_post', params: { post_url: postUrl, text } }
  });

interface Ending {
  command: CommandView;
  count: number;
  heard: EventEnvelope[];
  seconds: number;
  dataDir: string;
  isStub: boolean;
}

function conclude({ command, count, heard, seconds, dataDir, isStub }: Ending, terminal: Terminal): void {
  const isDone = command.state === 'SUCCEEDED';
  terminal.line();
  terminal.line(`${'command'.padEnd(12)}${terminal.style(isDone ? 'green' : 'red', command.state)}`);
  if (command.error) terminal.line(`${''.padEnd(12)}${command.error.code}: ${command.error.message}`);
  for (const { name, outcome, attempts } of command.actions) {
    terminal.line(`${''.padEnd(12)}${name}: ${outcome}, attempted ${attempts === 1 ? 'once' : `${attempts} times`}`);
  }
  const verdict = count === 1 ? 'has the comment exactly once' : `has the comment ${count} times`;
  terminal.line(`${'site'.padEnd(12)}${verdict}${isStub ? ': nothing was driven, this is the stub' : ''}`);
  const screenshot = keepScreenshot(command, dataDir);
  if (screenshot) terminal.line(`${'screenshot'.padEnd(12)}${screenshot}`);
  const browser = secondsOf(heard, command);
  terminal.line(
    `${'figures'.padEnd(12)}${heard.length} events; ${seconds.toFixed(1)} s in all, ${browser.toFixed(1)} s of them with the browser open`
  );
}

/** The newest proof that is a picture, under a name that a picture viewer takes. */
function keepScreenshot(command: CommandView, dataDir: string): string | undefined {
  const proofs = command.actions.flatMap((action) => action.proofs);
  const sha256 = proofs.findLast((proof) => proof.kind === 'screenshot')?.sha256;
  if (!sha256) return undefined;
  const path = join(dataDir, 'screenshot.png');
  copyFileSync(join(dataDir, 'artifacts', sha256.slice(0, 2), sha256), path);
  return path;
}

/** From the command being granted a browser to its end. */
function secondsOf(heard: EventEnvelope[], command: CommandView): number {
  const own = heard.filter(({ payload }) => payload.actor.id === command.command_id);
  const running = own.find(({ payload }) => payload.to.startsWith('RUNNING'));
  const last = own.at(-1);
  return running && last ? (Date.parse(last.emitted_at) - Date.parse(running.emitted_at)) / 1000 : 0;
}

async function stayUp(
  { endpoints, adminToken, dataDir }: Troupe,
  site: DemoSite,
  terminal: Terminal,
  signal: AbortSignal
) {
  terminal.note(`
still up, until Ctrl-C:
  npx troupe tail --cursor 0 --data ${dataDir}
  npx troupe run comment_on_post --platform ${PLATFORM} --account ${ACCOUNT} --follow --data ${dataDir} \\
    --param post_url=${site.url}/post/2 --param text='and here'
  curl -H "Authorization: Bearer $(cat ${adminToken.path})" ${endpoints.control}/v1/commands`);
  await new Promise<void>((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
