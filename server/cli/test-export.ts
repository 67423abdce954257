/** `troupe test export KIND/ID`: the life of an actor as a regression test. */
import { writeFileSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { builtInMachines } from '../../actors/built-in-machines.ts';
import { readLife } from '../../actors/journal/life-reader.ts';
import { describe } from '../../schemas/errors.ts';
import type { Trace } from '../../schemas/generated/contracts.ts';
import { traceOf } from '../../testing/recorded-life.ts';
import { definitionOf } from '../../testing/trace.ts';
import { readConfig } from '../config.ts';
import { masked } from '../control/masked.ts';
import { userConfigPath } from '../user-config/file.ts';
import { loadUserConfig } from '../user-config/load.ts';
import type { AddCommand, CliContext } from './context.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { createTerminal } from './terminal.ts';

interface ExportFlags {
  data?: string;
  config?: string;
  machines?: string;
  format: string;
  output?: string;
}

export const addTestExport: AddCommand = (group, context, ends) => {
  group
    .command('export')
    .description("an actor's history as a regression test: all that came to it, and what came of that")
    .argument('<KIND/ID>', 'address of the actor: command/1f0c4a9e-…')
    .option('--data <DIR>', 'data directory, or a copy of its database (env TROUPE_DATA; default ./data)')
    .option('--config <FILE>', 'configuration file that says where the data directory is (env TROUPE_CONFIG)')
    .option('--machines <FILE>', 'the troupe.config.ts whose machine it is of')
    .option('--format <FORMAT>', 'json: the trace; test: a test of node:test with the trace beside it', 'json')
    .option('-o, --output <FILE>', 'where to; needed for test: NAME.test.ts, and NAME.trace.json beside it')
    .addHelpText(
      'after',
      '\nThe directory is only read, also while an instance runs on it. Secrets are masked, and what is not known is told in `gaps`.'
    )
    .action(async (address: string, flags: ExportFlags) => ends(await exported(address, flags, context)));
};

async function exported(address: string, flags: ExportFlags, context: CliContext): Promise<ExitCode> {
  const [, kind] = /^([^/]+)\/.+$/s.exec(address) ?? [];
  if (kind === undefined)
    throw new CliError(`'${address}' is no address: KIND/ID, as 'troupe tail' shows it`, EXIT.usage);
  const { format, output } = flags;
  if (format !== 'json' && format !== 'test')
    throw new CliError(`--format '${format}' is none of json, test`, EXIT.usage);
  if (format === 'test' && !output?.endsWith('.test.ts')) {
    throw new CliError(
      `--format test needs --output NAME.test.ts${output === undefined ? '' : `; '${output}' is none`}`,
      EXIT.usage
    );
  }
  const terminal = createTerminal(context, { env: context.env });
  const place = readConfig({ data: flags.data }, context.env, flags.config).data;
  const machines = userConfigPath(flags.machines ?? '', process.cwd());
  const { kinds } = await loadUserConfig(machines);
  const isOurs = !kinds.some((one) => kind === one.kind || kind.startsWith(`${one.kind}_`));
  const life = await readLife(place, address);
  if (!life) throw new CliError(`there is no '${address}' in ${place}`, EXIT.failed);
  const trace = traced(() => traceOf(definitionOf(kind, isOurs ? builtInMachines : kinds), life, masked), address);
  const text = `${JSON.stringify(trace, null, 2)}\n`;
  if (output === undefined) context.out.write(text);
  else if (format === 'json') write(output, text);
  else {
    const path = output.replace(/\.test\.ts$/, '.trace.json');
    write(path, text);
    write(
      output,
      testOf(trace, address, basename(path), isOurs ? null : relative(dirname(resolve(output)), machines as string))
    );
  }
  for (const gap of trace.gaps ?? []) terminal.note(`gap: ${gap}`);
  if (output !== undefined) terminal.note(`${trace.steps.length} steps of ${address} in ${output}`);
  return EXIT.done;
}

function traced(make: () => Trace, address: string): Trace {
  try {
    return make();
  } catch (error) {
    throw new CliError(`${address} cannot be replayed: ${describe(error)}`, EXIT.failed, error);
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new CliError(
      `'${path}' ${isThere ? 'is there already' : `cannot be written: ${describe(error)}`}`,
      EXIT.failed,
      error
    );
  }
}

/** @param config of a machine of one's own: the file that registers it, from where the test is */
function testOf(trace: Trace, address: string, path: string, config: string | null): string {
  const from = config === null ? null : config.startsWith('.') ? config : `./${config}`;
  const imports = [
    "import assert from 'node:assert/strict';",
    "import { readFileSync } from 'node:fs';",
    "import { it } from 'node:test';",
    `import { ${from === null ? 'builtInMachines, ' : ''}replay } from 'troupe/testing';`,
    ...(from === null ? [] : [`import config from ${JSON.stringify(from)};`])
  ];
  const end = trace.steps.at(-1)?.expect.state ?? trace.start.expect?.state ?? '';
  return `/** ${address} as it was recorded by ${trace.kind} of version ${trace.machine.version}. Made by \`troupe test export\`. */
${imports.join('\n')}

const trace = JSON.parse(readFileSync(new URL(${JSON.stringify(`./${path}`)}, import.meta.url), 'utf8'));
const kinds = ${from === null ? 'builtInMachines' : 'config.machines ?? []'};

it(${JSON.stringify(`${address} lives as it did: ${trace.steps.length} steps, to ${end}`)}, () => {
  assert.equal(replay(trace, ...kinds).difference, null);
});
`;
}
