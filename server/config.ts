/**
 * The options of a process, from four places: flag, then environment, then the configuration file, then the default.
 * `schemas/config.schema.json` is the one list of them: a property there is a flag, a variable and a key here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { packageRoot } from '../actors/package-root.ts';
import { ControlError, describe } from '../schemas/errors.ts';
import type { Config } from '../schemas/generated/contracts.ts';
import { parseAddress } from './auth/bind-guard.ts';

interface OptionSchema {
  type?: 'string' | 'integer' | 'boolean' | 'object';
  enum?: string[];
  default: string | number | boolean | Record<string, unknown>;
  description: string;
}

/** One option under its three names. */
export interface ConfigOption {
  key: keyof Config;
  /** `--log-level` */
  flag: string;
  /** `TROUPE_LOG_LEVEL` */
  variable: string;
  schema: OptionSchema;
}

const contract = JSON.parse(readFileSync(join(packageRoot(), 'schemas/config.schema.json'), 'utf8'));
const properties = contract.$defs.Config.properties as Record<keyof Config, OptionSchema>;
const limitSchemas = contract.$defs.DriverLimits.properties as Record<string, OptionSchema>;
let validate: ValidateFunction | undefined;

export const configOptions: ConfigOption[] = Object.entries(properties).map(([key, schema]) => ({
  key: key as keyof Config,
  flag: `--${key.replaceAll('_', '-')}`,
  variable: `TROUPE_${key.toUpperCase()}`,
  schema
}));

/** Variables that are no options: of commands that talk to an instance, and of what it starts itself. */
const OTHERS = [
  ...['CONFIG', 'URL', 'TELEMETRY_URL', 'TOKEN', 'CA', 'CERT', 'KEY'],
  ...['SLOT', 'LEDGER', 'WEBKIT_DRIVER', 'SAFARIDRIVER_CONTROL', 'FAKE_SAFARI']
].map((name) => `TROUPE_${name}`);

/** Where a value came from, in its user's words, for the message when it is wrong. */
type Named = { value: unknown; name: string };

/**
 * @param flags by key (`log_level`), as commander read them; undefined means not given
 * @param env the process environment; `TROUPE_CONFIG` names the file when `file` does not
 * @throws ControlError CONFIG_INVALID naming the option as its user wrote it
 */
export function readConfig(
  flags: Partial<Record<keyof Config, unknown>>,
  env: Record<string, string | undefined>,
  file?: string
): Config {
  const path = file ?? env.TROUPE_CONFIG;
  const fromFile = path === undefined ? {} : readFile(path);
  const given = new Map<string, Named>();
  for (const key of Object.keys(fromFile)) given.set(key, { value: fromFile[key], name: `'${key}' in ${path}` });
  for (const name of Object.keys(env)) {
    if (!name.startsWith('TROUPE_') || OTHERS.includes(name)) continue;
    if (!configOptions.some(({ variable }) => variable === name)) {
      const reason = `is no option; there are ${configOptions.map(({ variable }) => variable).join(', ')}`;
      throw new ControlError('CONFIG_INVALID', { option: name, value: env[name] ?? '', reason });
    }
  }
  for (const { key, variable, schema } of configOptions) {
    const text = env[variable];
    if (text !== undefined && text !== '') given.set(key, { value: fromText(text, schema), name: variable });
  }
  for (const { key, flag, schema } of configOptions) {
    const value = flags[key];
    if (value !== undefined) {
      given.set(key, { value: typeof value === 'string' ? fromText(value, schema) : value, name: flag });
    }
  }

  const config: Record<string, unknown> = {};
  for (const { key, schema } of configOptions) config[key] = schema.default;
  for (const [key, { value }] of given) config[key] = value;
  refuseInvalid(config, given);
  const valid = config as unknown as Config;
  for (const key of ['control', 'telemetry'] as const) parseAddress(valid[key], given.get(key)?.name ?? key);
  return valid;
}

function readFile(path: string): Record<string, unknown> {
  const refuse = (reason: string, cause?: unknown) =>
    new ControlError('CONFIG_INVALID', { option: '--config', value: path, reason }, cause);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw refuse(`cannot be read: ${describe(cause)}`, cause);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw refuse(`is not JSON: ${describe(cause)}`, cause);
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) throw refuse('must hold one JSON object');
  return parsed as Record<string, unknown>;
}

/** A flag or variable as its schema's type; what does not convert stays text and is refused by the schema. */
function fromText(text: string, { type }: OptionSchema): unknown {
  if (type === 'integer' && /^-?\d+$/.test(text)) return Number(text);
  if (type === 'boolean' && /^(true|1|yes)$/i.test(text)) return true;
  if (type === 'boolean' && /^(false|0|no)$/i.test(text)) return false;
  if (type === 'object') return parsed(text) ?? text;
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refuseInvalid(config: Record<string, unknown>, given: Map<string, Named>): void {
  validate ??= new Ajv2020({ allErrors: true, strict: true, validateSchema: false, code: { optimize: false } })
    .addSchema(contract)
    .compile({ $ref: 'troupe:config#/$defs/Config' });
  if (validate(config)) return;
  const error = validate.errors![0]!;
  const [, key = '', inside] = error.instancePath.split('/');
  const stranger = error.keyword === 'additionalProperties' ? String(error.params.additionalProperty) : undefined;
  const named = (option: string) => given.get(option)?.name ?? option;
  if (key === '' && stranger !== undefined) {
    const reason = `is no option; there are ${configOptions.map((o) => o.key).join(', ')}`;
    throw new ControlError('CONFIG_INVALID', {
      option: named(stranger),
      value: textOf(given.get(stranger)?.value),
      reason
    });
  }
  const option = configOptions.find((o) => o.key === key) as ConfigOption;
  if (stranger !== undefined) {
    const reason = `${stranger} is none of it; there are ${Object.keys(limitSchemas).join(', ')}`;
    throw new ControlError('CONFIG_INVALID', { option: named(key), value: textOf(config[key]), reason });
  }
  const value = inside === undefined ? config[key] : (config[key] as Record<string, unknown>)[inside];
  const reason =
    inside === undefined
      ? expectation(option)
      : `${inside} ${error.message}; it is ${limitSchemas[inside]?.description.replace(/\.$/, '')}`;
  throw new ControlError('CONFIG_INVALID', { option: named(key), value: textOf(value), reason });
}

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

function expectation({ key, schema }: ConfigOption): string {
  if (schema.enum) return `must be one of ${schema.enum.join(', ')}`;
  if (key === 'control' || key === 'telemetry') return `must be HOST:PORT, like ${schema.default}`;
  if (schema.type === 'boolean') return 'must be true or false';
  if (schema.type === 'object') return `must be one JSON object, like {"queue_length":100}`;
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
  if (schema.type === 'integer') return `must be a whole number from ${minimum} to ${maximum}`;
  return `must be a ${schema.type} that is not empty`;
}
