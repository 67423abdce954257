/**
 * Applications by name, as a real program with its arguments: a desktop entry, a program on the PATH, or a path. No shell
 * reads any of it.
 * @see Desktop Entry Specification, "The Exec key"
 */
import { accessSync, constants, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, extname, isAbsolute, join } from 'node:path';
import { RecipeError } from './contract.ts';

export interface App {
  /** Its program: a real path. */
  program: string;
  /** Where `%f` and `%u` stand is where a target goes. */
  args: string[];
  /** What its windows may be called, in lower case. */
  names: string[];
}

/** Where applications are looked for: `XDG_DATA_HOME`, `XDG_DATA_DIRS`, `HOME` and `PATH` of the environment. */
export class Apps {
  readonly #folders: string[];
  readonly #path: string[];
  readonly #allowed: readonly string[];

  /** @param allowed names and paths; none at all allows every one */
  constructor(environment: NodeJS.ProcessEnv, allowed: readonly string[] = []) {
    const { HOME = '/', XDG_DATA_HOME, XDG_DATA_DIRS, PATH = '' } = environment;
    const data = [
      XDG_DATA_HOME || join(HOME, '.local/share'),
      ...(XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(':')
    ];
    this.#folders = data.filter(isAbsolute).map((folder) => join(folder, 'applications'));
    this.#path = PATH.split(delimiter).filter(isAbsolute);
    this.#allowed = allowed;
  }

  /** @throws RecipeError app_not_found, not_permitted */
  find(name: string): App {
    if (name.includes('\0')) throw new RecipeError('invalid_argument', 'an application has no NUL in its name');
    const app = this.#entry(name) ?? this.#program(name);
    if (!app) throw new RecipeError('app_not_found', `no application '${name}' among desktop entries or on the PATH`);
    if (this.#allowed.length > 0 && !this.#allowed.some((one) => this.#means(one, name, app))) {
      throw new RecipeError('not_permitted', `application '${name}' is not among those of --recipe-apps`);
    }
    return app;
  }

  /** One that is allowed is this app: by its name, or because both are the same program. A path is no name. */
  #means(allowed: string, name: string, { program }: App): boolean {
    if (isAbsolute(allowed)) return executable(allowed) === program;
    return allowed.toLowerCase() === name.toLowerCase() || this.#onPath(allowed) === program;
  }

  #program(name: string): App | undefined {
    const program = isAbsolute(name) ? executable(name) : name.includes('/') ? undefined : this.#onPath(name);
    return program ? { program, args: ['%u'], names: namesOf(name, program) } : undefined;
  }

  #onPath(name: string): string | undefined {
    for (const folder of this.#path) {
      const found = executable(join(folder, name));
      if (found) return found;
    }
    return undefined;
  }

  /** By the name of its file, or by the name that people see. */
  #entry(name: string): App | undefined {
    if (name.includes('/')) return undefined;
    for (const folder of this.#folders) {
      const app = this.#read(join(folder, `${name}.desktop`), name);
      if (app) return app;
    }
    for (const folder of this.#folders) {
      for (const file of filesIn(folder)) {
        const app = this.#read(join(folder, file), name, (shown) => shown.toLowerCase() === name.toLowerCase());
        if (app) return app;
      }
    }
    return undefined;
  }

  #read(path: string, asked: string, isIt: (shown: string) => boolean = () => true): App | undefined {
    const entry = readEntry(path);
    if (!entry?.Exec || entry.Hidden === 'true' || !isIt(entry.Name ?? '')) return undefined;
    const [word, ...args] = splitExec(entry.Exec);
    const program = word && (isAbsolute(word) ? executable(word) : this.#onPath(word));
    if (!program) return undefined;
    const names = namesOf(asked, program, basename(path, '.desktop'), entry.Name ?? '', entry.StartupWMClass ?? '');
    return { program, args: args.filter((arg) => !/^%[ick]$/.test(arg)), names };
  }
}

/** The arguments with the target where the entry wants it, and at the end when it says nowhere. */
export function argumentsFor({ args }: Pick<App, 'args'>, target?: string): string[] {
  const isPlace = (arg: string) => /^%[fFuU]$/.test(arg);
  const placed = args.some(isPlace) || target === undefined ? args : [...args, '%u'];
  return placed.flatMap((arg) => (isPlace(arg) ? (target === undefined ? [] : [target]) : [arg.replaceAll('%%', '%')]));
}

const namesOf = (...names: string[]): string[] =>
  [...new Set(names.flatMap((name) => [name, basename(name, extname(name))]).map((name) => name.toLowerCase()))].filter(
    Boolean
  );

function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.desktop'));
  } catch {
    return [];
  }
}

/** The group [Desktop Entry], without the translations. */
function readEntry(path: string): Partial<Record<string, string>> | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const [, group = ''] = /^\[Desktop Entry\]$([\s\S]*?)(?=^\[|(?![\s\S]))/m.exec(text) ?? [];
  const pairs = [...group.matchAll(/^([A-Za-z]+)\s*=\s*(.*?)\s*$/gm)].map(([, key, value]) => [key, value]);
  return Object.fromEntries(pairs);
}

/** Words of an Exec line: quoted ones with their escapes taken away. */
export function splitExec(line: string): string[] {
  // The general escape of a value comes first: `\\` is one backslash.
  const text = line.replaceAll('\\\\', '\\');
  return [...text.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain as string) : quoted.replace(/\\(["`$\\])/g, '$1')
  );
}
