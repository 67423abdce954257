/** Applications of a Mac, each as the real path of its bundle. */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { RecipeError } from '../contract.ts';

/** Where macOS and its users keep them, and in folders in there. */
const FOLDERS = ['/Applications', '/System/Applications', '/System/Library/CoreServices'];

export interface MacAppsOptions {
  /** Names or paths of those that may be opened; none allows all. */
  allowed: readonly string[];
  /** Whose own applications count too. */
  home: string | undefined;
  folders?: readonly string[];
}

export class MacApps {
  readonly #allowed: readonly string[];
  readonly #folders: readonly string[];

  constructor({ allowed, home, folders = FOLDERS }: MacAppsOptions) {
    this.#allowed = allowed;
    this.#folders = home ? [join(home, 'Applications'), ...folders] : folders;
  }

  /**
   * Its bundle, as `/System/Applications/Notes.app`.
   * @throws RecipeError app_not_found, not_permitted
   */
  find(name: string): string {
    const bundle = this.#locate(name);
    if (!bundle) {
      throw new RecipeError('app_not_found', `no application '${name}' in ${this.#folders.join(', ')}; send its path`);
    }
    if (this.#allowed.length === 0 || this.#allowed.some((one) => this.#locate(one) === bundle)) return bundle;
    throw new RecipeError('not_permitted', `application '${name}' is not among those of --recipe-apps`);
  }

  #locate(name: string): string | undefined {
    const file = name.endsWith('.app') ? name : `${name}.app`;
    if (isAbsolute(file)) return bundleAt(file);
    if (file.includes('/') || file.includes('\0')) return undefined;
    for (const folder of this.#folders) {
      const found = bundleAt(join(folder, file));
      if (found) return found;
    }
    for (const folder of this.#folders.flatMap(foldersIn)) {
      const found = bundleAt(join(folder, file));
      if (found) return found;
    }
    return undefined;
  }
}

function bundleAt(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}

function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((one) => one.isDirectory() && !one.name.endsWith('.app'))
      .map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}
