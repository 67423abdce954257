/**
 * Values that a JSON Schema takes, chosen so that guards differ: its `const`, `default`, `examples` and `enum`, the edges
 * of its numbers and texts, objects with all their fields and with the required ones alone. The same schema gives the
 * same values in the same order.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import type { JsonSchema } from '../actors/user-config/define.ts';

/** So many of an object's fields are varied in turn; what is nested deeper is not looked at. */
const DEEPEST = 6;

interface Place {
  root: JsonSchema;
  depth: number;
}

/**
 * @param limit values at most; the first has all fields
 * @returns none where no value that the schema takes could be found
 */
export function valuesOfSchema(schema: JsonSchema, limit = 12): unknown[] {
  const ajv = new Ajv2020({ useDefaults: true, strict: false, addUsedSchema: false, logger: false });
  (addFormats as unknown as (to: typeof ajv) => void)(ajv);
  const validate = ajv.compile(schema);
  const found = new Map<string, unknown>();
  for (const value of valuesOf(schema, { root: schema, depth: 0 })) {
    if (found.size === limit) break;
    // Of its own: validation fills in what the schema declares as default.
    const own = structuredClone(value);
    if (validate(own)) found.set(JSON.stringify(own), own);
  }
  return [...found.values()];
}

function valuesOf(schema: unknown, place: Place): unknown[] {
  if (typeof schema !== 'object' || schema === null || place.depth > DEEPEST) return schema === false ? [] : ['text'];
  const given = schema as JsonSchema;
  const { $ref, allOf, oneOf, anyOf, if: condition, ...rest } = given;
  if (typeof $ref === 'string') return valuesOf(merged(rest, resolved($ref, place.root)), deeper(place));
  if (Array.isArray(allOf)) {
    return valuesOf(merged(without(given, 'allOf'), ...allOf.map((one) => flat(one, place))), deeper(place));
  }
  for (const [word, branches] of Object.entries({ oneOf, anyOf })) {
    if (!Array.isArray(branches)) continue;
    const base = without(given, word);
    return turns(branches.map((branch) => valuesOf(merged(base, flat(branch, place)), deeper(place))));
  }
  if (condition !== undefined) {
    const base = without(given, 'if', 'then', 'else');
    const isSo = valuesOf(merged(base, flat(condition, place), flat(given.then, place)), deeper(place));
    return turns([isSo, valuesOf(merged(base, flat(given.else, place)), deeper(place))]);
  }
  if ('const' in given) return [given.const];
  const named = [
    ...(Array.isArray(given.examples) ? given.examples : []),
    ...('default' in given ? [given.default] : []),
    ...(Array.isArray(given.enum) ? given.enum : [])
  ];
  if (Array.isArray(given.enum)) return distinct(named);
  const types = [given.type ?? typeIn(given)].flat() as string[];
  return distinct([...named, ...turns(types.map((type) => ofType(type, given, place)))]);
}

function ofType(type: string, schema: JsonSchema, place: Place): unknown[] {
  switch (type) {
    case 'object':
      return objects(schema, place);
    case 'array':
      return lists(schema, place);
    case 'string':
      return texts(schema);
    case 'integer':
    case 'number':
      return numbers(schema, type === 'integer');
    case 'boolean':
      return [true, false];
    case 'null':
      return [null];
    default:
      return ['text'];
  }
}

/** All fields; the required ones alone; then each other value of each field in turn, the first of all of them first. */
function objects(schema: JsonSchema, place: Place): Record<string, unknown>[] {
  const properties = (schema.properties ?? {}) as Record<string, unknown>;
  const required = (schema.required ?? []) as string[];
  const named = new Set([...Object.keys(properties), ...required]);
  const values = [...named].flatMap((name) => {
    const found = valuesOf(properties[name] ?? true, deeper(place));
    return found.length === 0 ? [] : [[name, found] as const];
  });
  const all = Object.fromEntries(values.map(([name, [first]]) => [name, first]));
  const least = Object.fromEntries(Object.entries(all).filter(([name]) => required.includes(name)));
  const others = values.map(([name, [, ...more]]) => more.map((value) => ({ ...all, [name]: value })));
  const lacking = Object.keys(all)
    .filter((name) => !required.includes(name))
    .map((name) => without(all, name));
  return [all, least, ...turns(others), ...lacking];
}

function lists(schema: JsonSchema, place: Place): unknown[][] {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema as { minItems?: number; maxItems?: number };
  const prefix = ((schema.prefixItems ?? []) as unknown[]).map((item) => valuesOf(item, deeper(place))[0]);
  const items = valuesOf(schema.items ?? true, deeper(place));
  const ofLength = (length: number) => [
    ...prefix.slice(0, length),
    ...Array.from({ length: Math.max(0, length - prefix.length) }, (_, i) => items[i % Math.max(1, items.length)])
  ];
  const lengths = [Math.max(1, minItems), minItems, Math.max(2, minItems)].filter((length) => length <= maxItems);
  return distinct(lengths.map(ofLength)) as unknown[][];
}

const FORMATS: Record<string, string> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  duration: 'PT1M',
  email: 'ann@example.org',
  hostname: 'example.org',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.org/',
  'uri-reference': '/path',
  uuid: '00000000-0000-4000-8000-000000000000',
  'json-pointer': '/a',
  regex: '.*'
};

function texts(schema: JsonSchema): string[] {
  const {
    minLength = 0,
    maxLength,
    pattern,
    format
  } = schema as Record<string, never> as {
    minLength?: number;
    maxLength?: number;
    pattern?: string;
    format?: string;
  };
  if (pattern !== undefined) return matching(pattern);
  const known = format === undefined ? undefined : FORMATS[format];
  if (known !== undefined) return [known];
  const long = 'text'.padEnd(minLength, '.').slice(0, maxLength);
  return distinct([
    long,
    'x'.repeat(minLength),
    ...(maxLength === undefined ? [] : ['x'.repeat(Math.min(maxLength, 64))])
  ]);
}

/** The same ones each time. A pattern that cannot be turned round gives none. */
function matching(pattern: string): string[] {
  try {
    return distinct(fc.sample(fc.stringMatching(new RegExp(pattern, 'u')), { seed: 1, numRuns: 4 }));
  } catch {
    return [];
  }
}

function numbers(schema: JsonSchema, whole: boolean): number[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema as Record<string, number>;
  const step = multipleOf ?? (whole ? 1 : 0.5);
  const least = minimum ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + step);
  const most = maximum ?? (exclusiveMaximum === undefined ? undefined : exclusiveMaximum - step);
  const from = Math.ceil((least ?? Math.min(0, most ?? 0)) / step) * step;
  const last = most === undefined ? from + step : Math.floor(most / step) * step;
  return distinct([from, last, from + step, last - step].filter((n) => n <= (most ?? n) && n >= (least ?? n)));
}

const typeIn = (schema: JsonSchema): string =>
  'properties' in schema || 'required' in schema ? 'object' : 'items' in schema ? 'array' : 'string';

const deeper = ({ root, depth }: Place): Place => ({ root, depth: depth + 1 });

/** A branch with what it refers to in it. */
const flat = (schema: unknown, { root }: Place): JsonSchema => {
  if (typeof schema !== 'object' || schema === null) return {};
  const { $ref, ...rest } = schema as JsonSchema;
  return typeof $ref === 'string' ? merged(rest, resolved($ref, root)) : (schema as JsonSchema);
};

function resolved(ref: string, root: JsonSchema): JsonSchema {
  if (!ref.startsWith('#')) return {};
  const keys = decodeURIComponent(ref.slice(1)).split('/').slice(1);
  const names = keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return (names.reduce<unknown>((at, name) => (at as JsonSchema | undefined)?.[name], root) ?? {}) as JsonSchema;
}

/** What holds where all of them do; fields and what is required add up. */
function merged(...schemas: JsonSchema[]): JsonSchema {
  const properties = Object.assign({}, ...schemas.map((schema) => schema.properties ?? {})) as JsonSchema;
  const required = schemas.flatMap((schema) => (schema.required ?? []) as string[]);
  return {
    ...Object.assign({}, ...schemas),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {})
  };
}

const without = (from: Record<string, unknown>, ...names: string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));

const distinct = <T>(values: T[]): T[] => [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];

/** The first of each, then the second of each: whoever takes only some has some of each. */
function turns<T>(lists: T[][]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) =>
    lists.flatMap((list) => (i < list.length ? [list[i] as T] : []))
  ).flat();
}
