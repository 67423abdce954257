/** What an application is opened with: a file by its real path, or a web address. */
import { realpathSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RecipeError } from './contract.ts';

const WEB = /^https?:\/\//i;

export class Targets {
  readonly #allowed: readonly string[];

  /** @param allowed files, folders with all that is in them, and web origins; none allows all */
  constructor(allowed: readonly string[] = []) {
    this.#allowed = allowed;
  }

  /** @throws RecipeError invalid_argument, not_permitted */
  resolve(target: string): string {
    const resolved = resolveTarget(target);
    if (this.#allowed.length === 0 || this.#allowed.some((one) => covers(one, resolved))) return resolved;
    throw new RecipeError('not_permitted', `'${target.slice(0, 100)}' is not among those of --recipe-targets`);
  }
}

function covers(allowed: string, resolved: string): boolean {
  if (WEB.test(allowed) || WEB.test(resolved)) {
    if (!URL.canParse(allowed) || !URL.canParse(resolved)) return false;
    return new URL(allowed).origin === new URL(resolved).origin;
  }
  try {
    const way = relative(realpathSync(allowed), resolved);
    return isAbsolute(allowed) && way !== '..' && !way.startsWith('../');
  } catch {
    return false; // what is not there has nothing in it
  }
}

/**
 * A file by its real path, or a web address.
 * @throws RecipeError invalid_argument
 */
function resolveTarget(target: string): string {
  if (/^https?:\/\//i.test(target)) {
    if (URL.canParse(target)) return new URL(target).href;
    throw new RecipeError('invalid_argument', `'${target.slice(0, 100)}' is no web address`);
  }
  const path = target.startsWith('file://') && URL.canParse(target) ? pathOf(target) : target;
  if (!isAbsolute(path) || path.includes('\0')) {
    throw new RecipeError(
      'invalid_argument',
      `'${target.slice(0, 100)}' is neither an absolute path nor an http address`
    );
  }
  try {
    return realpathSync(path);
  } catch (cause) {
    throw new RecipeError('invalid_argument', `there is no file '${path.slice(0, 200)}'`, cause);
  }
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new RecipeError('invalid_argument', `'${url.slice(0, 100)}' is no file of this machine`, cause);
  }
}
