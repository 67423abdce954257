/** What a form has to know of a JSON Schema: what to show for it, and what to begin with. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: Json;
  const?: Json;
  enum?: Json[];
  format?: string;
  minimum?: number;
  maximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  [key: string]: unknown;
}

export type FieldKind = 'string' | 'number' | 'integer' | 'boolean' | 'enum' | 'object' | 'array' | 'json';

/** A name as a segment of a JSON Pointer. */
export const at = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** With its references followed, its `allOf` as one, and choices between constants as an `enum`. */
export function settled(schema: Schema, root: Schema, depth = 0): Schema {
  // A schema that refers to itself is followed as far as anybody fills in.
  if (depth > 16) return {};
  if (schema.$ref?.startsWith('#/')) {
    const path = schema.$ref.slice(2).split('/');
    const found = path.reduce<unknown>(
      (inner, key) => (inner as Record<string, unknown> | undefined)?.[key.replaceAll('~1', '/').replaceAll('~0', '~')],
      root
    );
    const { $ref, ...beside } = schema;
    return settled({ ...((found as Schema | undefined) ?? {}), ...beside }, root, depth + 1);
  }
  if (schema.allOf) {
    const { allOf, ...beside } = schema;
    return [beside, ...allOf.map((one) => settled(one, root, depth + 1))].reduce(merged);
  }
  const choices = schema.oneOf ?? schema.anyOf;
  const constants = choices
    ?.map((one) => settled(one, root, depth + 1))
    .flatMap((one) => constantsOf(one) ?? [undefined]);
  if (constants?.every((one) => one !== undefined)) {
    const { oneOf, anyOf, ...beside } = schema;
    return { ...beside, enum: constants };
  }
  return 'const' in schema && !schema.enum ? { ...schema, enum: [schema.const as Json] } : schema;
}

const constantsOf = (schema: Schema): Json[] | undefined =>
  'const' in schema ? [schema.const as Json] : (schema.enum ?? (schema.type === 'null' ? [null] : undefined));

const merged = (a: Schema, b: Schema): Schema => ({
  ...a,
  ...b,
  properties: { ...a.properties, ...b.properties },
  required: [...(a.required ?? []), ...(b.required ?? [])]
});

/** What of a settled schema there is a field for; all else is written as JSON. */
export function kindOf(schema: Schema): FieldKind {
  if (schema.enum) return 'enum';
  const types = [schema.type ?? []].flat().filter((type) => type !== 'null');
  const [type] = types;
  if (types.length !== 1) return schema.properties ? 'object' : 'json';
  if (type === 'object') return schema.properties ? 'object' : 'json';
  if (type === 'array') return schema.items ? 'array' : 'json';
  return type === 'string' || type === 'number' || type === 'integer' || type === 'boolean' ? type : 'json';
}

/** What it begins as: its defaults, and the objects that have to be there. undefined: nothing. */
export function sketch(schema: Schema, root: Schema, depth = 0): Json | undefined {
  const whole = settled(schema, root);
  if (whole.default !== undefined) return structuredClone(whole.default);
  if (whole.enum?.length === 1 && 'const' in whole) return whole.enum[0];
  if (kindOf(whole) !== 'object' || depth > 8) return undefined;
  const required = new Set(whole.required ?? []);
  const begun = Object.entries(whole.properties ?? {}).flatMap(([name, inner]): [string, Json][] => {
    const isObject = kindOf(settled(inner, root)) === 'object';
    const value = !isObject || required.has(name) ? sketch(inner, root, depth + 1) : undefined;
    if (value === undefined) return required.has(name) && isObject ? [[name, {}]] : [];
    return [[name, value]];
  });
  return begun.length > 0 || depth === 0 ? Object.fromEntries(begun) : undefined;
}
