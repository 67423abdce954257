import { Command, CommanderError } from 'commander';
import { isControlError } from '../../schemas/errors.ts';
import { addAccount } from './account.ts';
import { addAudit } from './audit.ts';
import { addBackup } from './backup.ts';
import { addCheckUpgrade } from './check-upgrade.ts';
import type { AddCommand, CliContext } from './context.ts';
import { addVerbs } from './decide.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { CliError, EXIT } from './exit.ts';
import { addExport } from './export.ts';
import { addInspect } from './inspect.ts';
import { addKey } from './key.ts';
import { addLists } from './lists.ts';
import { addRecipe } from './recipe.ts';
import { addRun } from './run.ts';
import { addSelectors } from './selectors.ts';
import { addStart } from './start.ts';
import { addSweep } from './sweep.ts';
import { addTail } from './tail.ts';
import { addTest } from './test.ts';
import { addToken } from './token.ts';
import { version } from './version.ts';

const commands: AddCommand[] = [
  addStart,
  addDemo,
  addRun,
  addTail,
  ...addLists,
  ...addVerbs,
  addSweep,
  addRecipe,
  addAudit,
  addSelectors,
  addInspect,
  addExport,
  addAccount,
  addToken,
  addKey,
  addDoctor,
  addBackup,
  addCheckUpgrade,
  addTest
];

/** Refused because of what was asked for, before anything was started. */
const WRONG_USAGE = ['CONFIG_INVALID', 'MACHINE_UNFIT', 'VERSIONS_UNCLEAR', 'BIND_REFUSED', 'BACKUP_TARGET_TAKEN'];

/** Runs one command line, without `node` and the script. Resolves with the exit code; what went wrong is on stderr. */
export async function runCli(argv: string[], context: CliContext): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = new Command('troupe')
    .description('every command and every session is an actor, and its transitions are the telemetry')
    .version(version)
    .exitOverride()
    .showHelpAfterError("'troupe help' lists the commands and 'troupe help COMMAND' its options")
    .configureOutput({
      writeOut: (text) => void context.out.write(text),
      writeErr: (text) => void context.err.write(text)
    })
    .addHelpText('after', EXIT_CODES);
  for (const add of commands) {
    add(program, context, (code) => {
      exitCode = code;
    });
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (context.signal.aborted && (error as Error).name === 'AbortError') return EXIT.interrupted;
    if (!(error instanceof CliError) && !isControlError(error)) throw error;
    context.err.write(`troupe: ${isControlError(error) ? `${error.code}: ` : ''}${error.message}\n`);
    if (error instanceof CliError) return error.exitCode;
    return WRONG_USAGE.includes(error.code) ? EXIT.usage : EXIT.failed;
  }
}

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the server cannot be reached, 4 denied or cancelled, 5 timed out.
Every option of start is also a TROUPE_… variable and a key of the JSON file that --config names.`;
