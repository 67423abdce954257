/** Finds the file and loads it. What is in it is looked at in `read.ts`. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ControlError, describe } from '../../schemas/errors.ts';

const NAMES = ['troupe.config.ts', 'troupe.config.mts', 'troupe.config.js', 'troupe.config.mjs'];

/** The file that `--machines` names, else the one in the folder, else null. */
export function userConfigPath(named: string, folder: string): string | null {
  if (named !== '') return resolve(folder, named);
  return NAMES.map((name) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/**
 * Its default export.
 * @throws ControlError CONFIG_INVALID when it cannot be loaded, or exports nothing
 */
export async function loadFile(path: string): Promise<unknown> {
  const refuse = (reason: string, cause?: unknown) =>
    new ControlError('CONFIG_INVALID', { option: '--machines', value: path, reason }, cause);
  if (!existsSync(path)) throw refuse('there is no such file');
  let loaded: Record<string, unknown>;
  try {
    loaded = await importFile(path);
  } catch (cause) {
    throw refuse(`it could not be loaded: ${describe(cause)}`, cause);
  }
  // A CommonJS module, as a .ts file without `"type": "module"` beside it is, has its exports inside `default`.
  const inner = loaded.default as { __esModule?: boolean; default?: unknown } | undefined;
  const value = inner !== null && typeof inner === 'object' && 'default' in inner ? inner.default : inner;
  if (value === undefined) throw refuse('it has no default export; write: export default defineConfig({ … })');
  return value;
}

/** Node 20 takes no TypeScript; the loader is itself only loaded for a config that is some. */
async function importFile(path: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(path).href;
  if (!/\.[cm]?ts$/.test(path)) return import(url);
  const { tsImport } = await import('tsx/esm/api');
  return tsImport(url, import.meta.url);
}
