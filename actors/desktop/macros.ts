/** `DATA/macros/NAME.json`: commands under a name. Read anew when the file has changed, so an edit counts at once. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RecipeCommand, RunMacro } from '../../schemas/generated/contracts.ts';
import { RecipeError } from './contract.ts';
import { isMacro, misfit } from './recipe-schema.ts';

/** Commands but macros: what is really done. */
export type Step = Exclude<RecipeCommand, RunMacro>;

const MAX_DEPTH = 8;
const MAX_STEPS = 1_000;
const MAX_BYTES = 1024 * 1024;

export class Macros {
  readonly #folder: string;
  readonly #known = new Map<string, { version: string; steps: RecipeCommand[] }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The command itself, or the steps of its macro and of those it runs, in order.
   * @throws RecipeError invalid_argument: no such macro, not one, too deep, too long
   */
  open(command: RecipeCommand): Step[] {
    if (command.type !== 'run_macro') return [command];
    const steps: Step[] = [];
    this.#add(command, steps, 1);
    return steps;
  }

  #add(command: RecipeCommand, steps: Step[], depth: number) {
    if (command.type !== 'run_macro') {
      if (steps.push(command) > MAX_STEPS) throw invalid(`a macro of more than ${MAX_STEPS} steps is not run`);
      return;
    }
    if (depth > MAX_DEPTH) throw invalid(`macros run each other more than ${MAX_DEPTH} deep at '${command.name}'`);
    for (const step of this.#read(command.name)) this.#add(step, steps, depth + 1);
  }

  #read(name: string): RecipeCommand[] {
    const path = join(this.#folder, `${name}.json`);
    let version: string;
    let text: string;
    try {
      const { mtimeMs, size, ino } = statSync(path);
      version = `${mtimeMs} ${size} ${ino}`;
      const known = this.#known.get(name);
      if (known?.version === version) return known.steps;
      if (size > MAX_BYTES) throw invalid(`macro '${name}' has ${size} bytes; ${MAX_BYTES} are the most`);
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if (error instanceof RecipeError) throw error;
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      throw invalid(missing ? `no macro '${name}': ${path} is not there` : `macro '${name}' cannot be read`, error);
    }
    const steps = parse(name, text);
    this.#known.set(name, { version, steps });
    return steps;
  }
}

function parse(name: string, text: string): RecipeCommand[] {
  let macro: unknown;
  try {
    macro = JSON.parse(text);
  } catch (error) {
    throw invalid(`macro '${name}' is not JSON: ${(error as Error).message}`, error);
  }
  if (!isMacro(macro)) throw invalid(`macro '${name}' ${misfit(isMacro.errors)}`);
  return macro.steps;
}

const invalid = (message: string, cause?: unknown) => new RecipeError('invalid_argument', message, cause);
