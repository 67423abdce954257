import { readConfig } from '../config.ts';
import type { AddCommand, CliContext } from './context.ts';
import { checksOf } from './doctor-checks.ts';
import type { Finding } from './doctor-finding.ts';
import { openRealPage } from './doctor-page.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { createTerminal, printable } from './terminal.ts';

interface DoctorFlags {
  data?: string;
  config?: string;
  quick?: boolean;
  json?: boolean;
}

export const addDoctor: AddCommand = (program, context, ends) => {
  program
    .command('doctor')
    .description('what works and what does not on this machine, each with the cure')
    .option('--data <DIR>', 'data directory to look at (env TROUPE_DATA; default ./data)')
    .option('--config <FILE>', 'configuration file (env TROUPE_CONFIG)')
    .option('--quick', 'open no real page')
    .option('--json', 'JSON lines, as in a pipe')
    .action(async (flags: DoctorFlags) => ends(await doctor(flags, context)));
};

const MARKS = { ok: ['green', 'ok'], warn: ['yellow', 'warn'], fail: ['red', 'FAIL'] } as const;

/** Exit code 1 when anything fails; a warning is none. */
async function doctor(flags: DoctorFlags, context: CliContext): Promise<ExitCode> {
  const config = readConfig({ data: flags.data }, context.env, flags.config);
  const terminal = createTerminal(context, { env: context.env, json: flags.json });
  let failed = false;
  const report = (name: string, { state, detail, cure }: Finding) => {
    failed ||= state === 'fail';
    if (!terminal.people) return terminal.json({ name, state, detail, ...(cure === undefined ? {} : { cure }) });
    const [style, mark] = MARKS[state];
    terminal.line(`${terminal.style(style, mark.padEnd(4))}  ${name.padEnd(17)}  ${printable(detail)}`);
    if (cure !== undefined) terminal.line(`${' '.repeat(25)}${terminal.style('bold', cure)}`);
  };

  for (const { name, run } of checksOf({ config, env: context.env, system: process.platform })) {
    report(name, await run());
    if (context.signal.aborted) return EXIT.interrupted;
  }
  if (!flags.quick && config.driver === 'safari') {
    if (terminal.people) terminal.note('opening a real page …');
    report('a real page', await openRealPage(context.env as NodeJS.ProcessEnv, context.signal));
  }
  return failed ? EXIT.failed : EXIT.done;
}
