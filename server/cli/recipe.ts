import { resolve } from 'node:path';
import { createRecipeClient, type RecipeCommand } from '../../client/recipes.ts';
import { readConfig } from '../config.ts';
import { readEndpoints } from '../endpoints.ts';
import type { AddCommand, CliContext } from './context.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { createTerminal } from './terminal.ts';

interface SendFlags {
  data?: string;
  config?: string;
  socket?: string;
  id?: string;
  timeout: string;
  stream?: boolean;
  json?: boolean;
}

export const addRecipe: AddCommand = (program, context, ends) => {
  program
    .command('recipe')
    .description('desktop commands, over the recipe sockets of this machine')
    .command('send')
    .description('run commands in order; the first that fails stops the rest')
    .argument('<COMMAND...>', `JSON each, like '{"type":"keystroke","key":"a"}'`)
    .option('--data <DIR>', 'data directory of the running instance (env TROUPE_DATA; default ./data)')
    .option('--config <FILE>', 'configuration file that says where the data directory is (env TROUPE_CONFIG)')
    .option('--socket <PATH>', 'its stream socket, when it is elsewhere')
    .option('--id <ID>', 'the same id again runs nothing and answers the same')
    .option('--timeout <MS>', 'of all commands together', '10000')
    .option('--stream', 'not as a datagram')
    .option('--json', 'JSON lines, as in a pipe')
    .action(async (commands: string[], flags: SendFlags) => ends(await send(commands, flags, context)));
};

async function send(texts: string[], flags: SendFlags, context: CliContext): Promise<ExitCode> {
  const commands = texts.map(commandOf);
  const timeoutMs = Number(flags.timeout);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1) {
    throw new CliError(`--timeout '${flags.timeout}' is no number of ms`, EXIT.usage);
  }
  const client = createRecipeClient({ path: socketOf(flags, context), source: 'cli', datagrams: !flags.stream });
  try {
    const id = flags.id === undefined ? {} : { id: flags.id };
    const reply = await client.send(commands.length === 1 ? commands[0]! : commands, { timeoutMs, ...id });
    const terminal = createTerminal(context, { env: context.env, json: flags.json });
    if (!terminal.people) terminal.json(reply);
    else {
      for (const result of reply?.results ?? []) {
        const said = [result.state, result.command_id].filter(Boolean).join(' ');
        terminal.line(`${result.ok ? 'done  ' : 'failed'}  ${result.type}  ${result.us} µs${said ? `  ${said}` : ''}`);
      }
      if (reply?.error) terminal.note(`${reply.error.code}: ${reply.error.message}`);
    }
    if (reply?.ok) return EXIT.done;
    return EXIT_OF[reply?.error?.code ?? ''] ?? EXIT.failed;
  } catch (error) {
    throw new CliError((error as Error).message, EXIT.unreachable, error);
  } finally {
    client.close();
  }
}

const EXIT_OF: Record<string, ExitCode> = {
  malformed: EXIT.usage,
  unknown_command: EXIT.usage,
  invalid_argument: EXIT.usage,
  too_large: EXIT.usage,
  not_permitted: EXIT.denied,
  timeout: EXIT.timedOut
};

/** What it says is looked at by the server: it alone knows the commands. */
function commandOf(text: string): RecipeCommand {
  try {
    const command = JSON.parse(text);
    if (command !== null && typeof command === 'object' && !Array.isArray(command)) return command;
  } catch {
    // said below
  }
  throw new CliError(`'${text}' is no JSON object, like '{"type":"keystroke","key":"a"}'`, EXIT.usage);
}

function socketOf({ socket, data, config }: SendFlags, { env }: CliContext): string {
  if (socket) return resolve(socket);
  const dataDir = resolve(readConfig({ data }, env, config).data);
  const endpoints = readEndpoints(dataDir);
  if (!endpoints) throw new CliError(`nothing runs on ${dataDir}; start it with 'troupe start'`, EXIT.unreachable);
  const path = endpoints.recipes?.stream;
  if (path) return path;
  throw new CliError(`recipes are not served by what runs on ${dataDir}; /ready says why`, EXIT.unreachable);
}
