import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let found: string | undefined;

/** The folder of the package: where `machines/flows`, migrations and other data are, from a checkout and from `dist/` alike. */
export function packageRoot(): string {
  if (found) return found;
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (nameIn(folder) === 'troupe') {
      found = folder;
      return folder;
    }
    if (folder === dirname(folder)) throw new Error(`no package.json named troupe above ${import.meta.url}`);
  }
}

function nameIn(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string }).name;
  } catch {
    return undefined;
  }
}
