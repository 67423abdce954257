/** The definitions of `schemas/` as components of a document: one flat list of names, as the generated types have them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../actors/package-root.ts';
import type { Json, Schema } from './operation.ts';

/** Every definition by its name, with references into the document. */
export function readComponents(folder = join(packageRoot(), 'schemas')): Record<string, Schema> {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.schema.json'))
    .sort();
  const all: Record<string, Schema> = {};
  for (const file of files) {
    const { $defs } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { $defs: Record<string, Schema> };
    for (const [name, definition] of Object.entries($defs)) all[name] = relinked(definition) as Schema;
  }
  return all;
}

const SCHEMAS = '#/components/schemas/';
export const refTo = (name: string): Schema => ({ $ref: SCHEMAS + name });

function relinked(node: Json): Json {
  if (Array.isArray(node)) return node.map(relinked);
  if (node === null || typeof node !== 'object') return node;
  // One that selects among nameless branches is for ajv alone.
  const isNamed = (one: Json) => typeof one === 'object' && one !== null && '$ref' in one;
  const drop = Array.isArray(node.oneOf) && !node.oneOf.every(isNamed) ? 'discriminator' : undefined;
  const kept = Object.entries(node).filter(([key]) => key !== drop);
  return Object.fromEntries(
    kept.map(([key, value]) =>
      key === '$ref' && typeof value === 'string'
        ? [key, value.replace(/^(troupe:[a-z]+)?#\/\$defs\//, SCHEMAS)]
        : [key, relinked(value)]
    )
  );
}

/** Those that `from` leads to, by name, but for those that the document has `besides`. */
export function reachable(
  all: Record<string, Schema>,
  from: Json,
  besides: Record<string, Schema> = {}
): Record<string, Schema> {
  const found = new Map<string, Schema>();
  const left: Json[] = [from];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (node === null || typeof node !== 'object') continue;
    const ref = Array.isArray(node) ? undefined : node.$ref;
    const name = typeof ref === 'string' && ref.startsWith(SCHEMAS) ? ref.slice(SCHEMAS.length) : undefined;
    if (name !== undefined && !found.has(name) && !Object.hasOwn(besides, name)) {
      const definition = all[name];
      if (!definition) throw new Error(`no definition '${name}' in schemas/`);
      found.set(name, definition);
      left.push(definition);
    }
    left.push(...Object.values(node));
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
