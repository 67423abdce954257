import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import { ControlError } from '../../schemas/errors.ts';
import type { Flow, SelectorRegistry, Selectors } from '../../schemas/generated/contracts.ts';
import { packageRoot } from '../package-root.ts';

/** What the executor asks of a registry. */
export interface SelectorLookup {
  /** Ranked alternatives of `@name`. @throws ControlError SELECTOR_UNKNOWN, PLATFORM_UNKNOWN */
  lookup(platform: string, name: string): Selectors;
}

export type SelectorEntry = SelectorRegistry['selectors'][string];

export interface SelectorEntries extends SelectorLookup {
  /** All that ships of it. @throws ControlError SELECTOR_UNKNOWN, PLATFORM_UNKNOWN */
  entry(platform: string, name: string): SelectorEntry;
}

/** The shipped selectors, by platform; those of registered platforms are added. */
export class Registry implements SelectorEntries {
  readonly #platforms = new Map<string, SelectorRegistry>();

  constructor(registries: SelectorRegistry[]) {
    for (const registry of registries) this.#platforms.set(registry.platform, registry);
  }

  get platforms(): string[] {
    return [...this.#platforms.keys()].sort();
  }

  get(platform: string): SelectorRegistry | undefined {
    return this.#platforms.get(platform);
  }

  lookup(platform: string, name: string): Selectors {
    return this.entry(platform, name).candidates;
  }

  entry(platform: string, name: string): SelectorEntry {
    const registry = this.#platforms.get(platform);
    if (!registry) throw new ControlError('PLATFORM_UNKNOWN', { platform, known: this.platforms });
    const entry = Object.hasOwn(registry.selectors, name) ? registry.selectors[name] : undefined;
    if (!entry) throw new ControlError('SELECTOR_UNKNOWN', { name, platform });
    return entry;
  }
}

/**
 * `machines/selectors/*.json`, and over those of the same platform what a user registered.
 * @throws ControlError CONFIG_INVALID naming the file and what is wrong in it
 */
export function loadRegistry(
  folder = join(packageRoot(), 'machines', 'selectors'),
  registered: SelectorRegistry[] = []
): Registry {
  return new Registry([
    ...loadAll<SelectorRegistry>(folder, 'troupe:selectors#/$defs/SelectorRegistry'),
    ...registered
  ]);
}

/** `machines/flows/*.json`, the built-in flows. @throws ControlError CONFIG_INVALID */
export function loadFlows(folder = join(packageRoot(), 'machines', 'flows')): Flow[] {
  return loadAll<Flow>(folder, 'troupe:flow#/$defs/Flow');
}

function loadAll<T>(folder: string, schema: string): T[] {
  const ajv = contracts();
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const invalid = (reason: string) => new ControlError('CONFIG_INVALID', { option: 'file', value: path, reason });
      let value: unknown;
      try {
        value = JSON.parse(readFileSync(path, 'utf8'));
      } catch (cause) {
        throw invalid(cause instanceof Error ? cause.message : String(cause));
      }
      const check = ajv.getSchema(schema);
      if (!check?.(value)) throw invalid(ajv.errorsText(check?.errors ?? null));
      return value as T;
    });
}

let compiled: Ajv2020 | undefined;

function contracts(): Ajv2020 {
  if (compiled) return compiled;
  const ajv = new Ajv2020({
    discriminator: true,
    strict: false,
    allErrors: false,
    validateSchema: false,
    // Its second pass over the code it has written takes longer than that code ever runs.
    code: { optimize: false }
  });
  // ajv-formats is CommonJS; its default export arrives as a namespace.
  (addFormatsModule as unknown as { default: (ajv: Ajv2020) => void }).default(ajv);
  const folder = join(packageRoot(), 'schemas');
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.schema.json')) ajv.addSchema(JSON.parse(readFileSync(join(folder, name), 'utf8')));
  }
  compiled = ajv;
  return ajv;
}
