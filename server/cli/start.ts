import { relative } from 'node:path';
import { camelCase } from '../camel-case.ts';
import { configOptions, readConfig } from '../config.ts';
import { createLogger } from '../log.ts';
import { startTroupe, type Troupe } from '../start.ts';
import { userConfigPath } from '../user-config/file.ts';
import { loadUserConfig } from '../user-config/load.ts';
import type { AddCommand, CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { createTerminal, type Terminal } from './terminal.ts';
import { version } from './version.ts';

/** How an option's value is called in the help. */
const VALUE: Record<string, string> = {
  data: ' <DIR>',
  control: ' <HOST:PORT>',
  telemetry: ' <HOST:PORT>',
  driver: ' <safari|stub>',
  slots: ' <N>',
  driver_limits: ' <JSON>',
  request_limit: ' <N>',
  machines: ' <FILE>',
  log_level: ' <LEVEL>',
  recipe_apps: ' <NAMES>',
  recipe_targets: ' <PATHS>',
  retention_days: ' <N>',
  retention_events: ' <N>',
  audit_days: ' <N>',
  hosts: ' <NAMES>',
  tls_cert: ' <FILE>',
  tls_key: ' <FILE>',
  client_ca: ' <FILE>'
};

export const addStart: AddCommand = (program, context, ends) => {
  const command = program.command('start').description('bring up the control plane and the telemetry plane');
  for (const { key, flag, schema } of configOptions) {
    const fallback =
      ['boolean', 'object'].includes(schema.type ?? '') || schema.default === '' ? '' : ` (default: ${schema.default})`;
    command.option(`${flag}${VALUE[key] ?? ''}`, `${schema.description}${fallback}`);
    // What is on unless it is said otherwise. Both forms: with this one alone, commander takes it for given.
    if (schema.default === true) command.option(flag.replace('--', '--no-'), `not ${flag}`);
  }
  command
    .option('--config <FILE>', 'JSON file with any of these options')
    .action(async (flags: Record<string, unknown>) => ends(await start(flags, context)));
};

async function start({ config: file, ...flags }: Record<string, unknown>, context: CliContext): Promise<ExitCode> {
  const byKey = Object.fromEntries(
    configOptions.map(({ key }) => [key, flags[camelCase(key)] /* as commander names it */])
  );
  const config = readConfig(byKey, context.env, file as string | undefined);
  const terminal = createTerminal(context, { env: context.env, text: true });
  const logger = createLogger(config.log_level, context.err);
  const machinesFile = userConfigPath(config.machines, process.cwd());
  const registered = await loadUserConfig(machinesFile);
  const environment = context.env as NodeJS.ProcessEnv;
  const troupe = await startTroupe(config, { logger, environment, version, registered });
  banner(troupe, terminal, machinesFile);
  await new Promise<void>((resolve) => {
    if (context.signal.aborted) return resolve();
    context.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  terminal.note('ending; once more Ctrl-C ends at once');
  await troupe.stop();
  return EXIT.done;
}

function banner(troupe: Troupe, terminal: Terminal, machinesFile: string | null): void {
  const { config, endpoints, dataDir, adminToken, inspector } = troupe;
  const folder = shellWord(nearer(dataDir));
  const atData = config.data === './data' ? '' : ` --data ${folder}`;
  const driver = config.driver === 'stub' ? 'stub: nothing is really driven' : `safari, ${config.slots} at a time`;
  const bold = (text: string) => terminal.style('bold', text);
  terminal.line(`${bold('Troupe is up')}

  control plane    ${endpoints.control}
  telemetry plane  ${endpoints.telemetry}
  inspector        ${inspector}
  driver           ${driver}
  data             ${dataDir}${machinesFile === null ? '' : `\n  machines         ${machinesFile}`}
  admin token      ${adminToken.path}

Try next, in another terminal:

  ${bold('npx troupe demo')}
  ${bold(`npx troupe tail --cursor 0${atData}`)}
  ${bold(`curl -H "Authorization: Bearer $(cat ${shellWord(nearer(adminToken.path))})" ${endpoints.control}/v1/flows`)}

Ctrl-C ends it.`);
}

/** As seen from here, when that is shorter. */
function nearer(path: string): string {
  const seen = relative(process.cwd(), path);
  return seen !== '' && seen.length < path.length ? seen : path;
}

const shellWord = (text: string): string => (/^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
