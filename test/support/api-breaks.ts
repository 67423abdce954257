/** What a client of an earlier document would trip over in a later one. */

// biome-ignore lint/suspicious/noExplicitAny: a document is looked into freely
type Any = any;
/** A request is `in`: what was taken must be taken still. An answer is `out`: what was said must be said still. */
type Direction = 'in' | 'out';

/** Of OpenAPI documents: each break in words, with where it is. */
export function openapiBreaks(before: Any, after: Any): string[] {
  const found: string[] = [];
  for (const [path, methods] of Object.entries<Any>(before.paths)) {
    for (const [method, was] of Object.entries<Any>(methods)) {
      const is = after.paths[path]?.[method];
      const at = `${method.toUpperCase()} ${path}`;
      if (is) found.push(...operationBreaks(at, was, is, new Comparison(before, after)));
      else found.push(`${at}: the operation is gone`);
    }
  }
  return found;
}

/** Of AsyncAPI documents: what a client sends is taken still, and what it is sent is as it was. */
export function asyncapiBreaks(before: Any, after: Any): string[] {
  const comparison = new Comparison(before, after);
  return Object.entries<Any>(before.components.messages).flatMap(([name, was]) => {
    const is = after.components.messages[name];
    if (!is) return [`message ${name} is gone`];
    return comparison.schemas(`message ${name}`, was.payload, is.payload, name.startsWith('client.') ? 'in' : 'out');
  });
}

function operationBreaks(at: string, was: Any, is: Any, comparison: Comparison): string[] {
  const found: string[] = [];
  if (was.operationId !== is.operationId) found.push(`${at}: operationId was ${was.operationId}, is ${is.operationId}`);
  const keyOf = (one: Any) => `${one.in} ${one.name}`;
  const [old, now] = [was, is].map(
    (one) => new Map<string, Any>((one.parameters ?? []).map((p: Any) => [keyOf(p), p]))
  );
  for (const [key, one] of old as Map<string, Any>) {
    const other = now?.get(key);
    if (!other) found.push(`${at}: parameter ${key} is gone`);
    else found.push(...comparison.schemas(`${at} parameter ${key}`, one.schema, other.schema, 'in'));
  }
  for (const [key, one] of now as Map<string, Any>) {
    if (one.required && !old?.get(key)?.required) found.push(`${at}: parameter ${key} is needed now`);
  }
  if (is.requestBody?.required && !was.requestBody?.required) found.push(`${at}: a body is needed now`);
  const bodyOf = (one: Any) => one.requestBody?.content['application/json']?.schema;
  if (bodyOf(was) && !bodyOf(is)) found.push(`${at}: no body is taken any more`);
  else if (bodyOf(was)) found.push(...comparison.schemas(`${at} body`, bodyOf(was), bodyOf(is), 'in'));
  for (const [status, one] of Object.entries<Any>(was.responses)) {
    if (!is.responses[status]) {
      found.push(`${at}: status ${status} is gone`);
      continue;
    }
    const [before, after] = comparison.responses(one, is.responses[status]);
    for (const [type, content] of Object.entries<Any>(before.content ?? {})) {
      const where = `${at} ${status} ${type}`;
      const other = after.content?.[type];
      if (!other) found.push(`${where} is gone`);
      else if (content.schema) found.push(...comparison.schemas(where, content.schema, other.schema ?? {}, 'out'));
    }
  }
  return found;
}

class Comparison {
  readonly #before: Any;
  readonly #after: Any;
  /** References that are compared already: a shape may contain itself. */
  readonly #seen = new Set<string>();

  constructor(before: Any, after: Any) {
    this.#before = before;
    this.#after = after;
  }

  responses(was: Any, is: Any): [Any, Any] {
    return [resolved(this.#before, was), resolved(this.#after, is)];
  }

  schemas(at: string, was: Any, is: Any, direction: Direction): string[] {
    if (was.$ref || is.$ref) {
      const key = `${direction} ${was.$ref} ${is.$ref}`;
      if (was.$ref && is.$ref) {
        if (this.#seen.has(key)) return [];
        this.#seen.add(key);
      }
      const [old, now] = [resolved(this.#before, was), resolved(this.#after, is)];
      if (!old || !now) return [`${at}: the shape ${was.$ref ?? is.$ref} is gone`];
      return this.schemas(at, old, now, direction);
    }
    return [
      ...valueBreaks(at, was, is, direction),
      ...this.#fields(at, was, is, direction),
      ...(was.items && is.items ? this.schemas(`${at}[]`, was.items, is.items, direction) : []),
      ...['oneOf', 'anyOf', 'allOf'].flatMap((word) => this.#branches(at, was[word], is[word], direction))
    ];
  }

  #fields(at: string, was: Any, is: Any, direction: Direction): string[] {
    const found: string[] = [];
    const isNeeded = new Set<string>(is.required ?? []);
    const wasNeeded = new Set<string>(was.required ?? []);
    for (const [name, schema] of Object.entries<Any>(was.properties ?? {})) {
      const other = is.properties?.[name];
      if (!other) found.push(`${at}: field ${name} is gone`);
      else found.push(...this.schemas(`${at}.${name}`, schema, other, direction));
    }
    const lost = [...wasNeeded].filter((name) => !isNeeded.has(name) && is.properties?.[name]);
    const added = [...isNeeded].filter((name) => !wasNeeded.has(name));
    if (direction === 'out') found.push(...lost.map((name) => `${at}: field ${name} may be absent now`));
    else found.push(...added.map((name) => `${at}: field ${name} is needed now`));
    if (
      direction === 'in' &&
      is.additionalProperties === false &&
      was.additionalProperties !== false &&
      was.properties
    ) {
      found.push(`${at}: takes no unknown fields any more`);
    }
    return found;
  }

  #branches(at: string, was: Any[] | undefined, is: Any[] | undefined, direction: Direction): string[] {
    if (!was) return [];
    if (!is) return [`${at}: is no longer one of several`];
    const named = (one: Any, i: number) => one.$ref ?? `branch ${i + 1}`;
    return was.flatMap((one, i) => {
      const other = is.find((candidate, j) => named(candidate, j) === named(one, i));
      if (!other) return [`${at}: ${named(one, i)} is gone`];
      return this.schemas(at, one, other, direction);
    });
  }
}

const resolved = (document: Any, node: Any): Any =>
  node.$ref
    ? node.$ref
        .slice(2)
        .split('/')
        .reduce((at: Any, key: string) => at?.[key], document)
    : node;

const RAISED = ['minimum', 'minLength', 'minItems', 'minProperties'];
const LOWERED = ['maximum', 'maxLength', 'maxItems', 'maxProperties'];

function valueBreaks(at: string, was: Any, is: Any, direction: Direction): string[] {
  const found: string[] = [];
  const [old, now] = [was, is].map((one) => (one.type === undefined ? undefined : new Set<string>([one.type].flat())));
  const isPart = (a: Set<string>, b: Set<string>) =>
    [...a].every((type) => b.has(type) || (type === 'integer' && b.has('number')));
  const types = () => `${[...(old ?? ['anything'])]} is ${[...(now ?? ['anything'])]} now`;
  if (direction === 'in' && now && (!old || !isPart(old, now))) found.push(`${at}: type ${types()}`);
  if (direction === 'out' && old && (!now || !isPart(now, old))) found.push(`${at}: type ${types()}`);
  const valuesOf = (one: Any): unknown[] | undefined => (one.const === undefined ? one.enum : [one.const]);
  const [values, left] = [valuesOf(was), valuesOf(is)];
  const lost = (values ?? []).filter((value) => left && !left.includes(value));
  if (lost.length > 0) found.push(`${at}: value ${lost.join(', ')} is gone`);
  if (direction === 'in' && left && !values) found.push(`${at}: takes only ${left.join(', ')} now`);
  if (direction === 'out' && values && !left) found.push(`${at}: may be anything now`);
  if (direction === 'in') {
    for (const limit of RAISED)
      if ((is[limit] ?? -Infinity) > (was[limit] ?? -Infinity)) found.push(`${at}: ${limit} is ${is[limit]} now`);
    for (const limit of LOWERED)
      if ((is[limit] ?? Infinity) < (was[limit] ?? Infinity)) found.push(`${at}: ${limit} is ${is[limit]} now`);
    for (const word of ['pattern', 'format'])
      if (is[word] !== undefined && is[word] !== was[word]) found.push(`${at}: ${word} is ${is[word]} now`);
  }
  return found;
}
