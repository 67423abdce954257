/** What a snapshot can keep. Everything else would be something else, or nothing, after a restart. */

export interface NotJson {
  /** JSON Pointer into what was looked through. */
  path: string;
  /** `a function`, `a Date`, `NaN`. */
  what: string;
}

const step = (key: string | number) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** The first place that JSON would not give back as it is. A field that is undefined is left out by JSON, and is fine. */
export function firstNonJson(value: unknown, path = '', inside: object[] = []): NotJson | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : { path, what: String(value) };
    case 'object':
      return value === null ? undefined : inObject(value, path, inside);
    default:
      return { path, what: value === undefined ? 'undefined' : `a ${typeof value}` };
  }
}

function inObject(value: object, path: string, inside: object[]): NotJson | undefined {
  if (inside.includes(value)) return { path, what: 'an object that holds itself' };
  const within = [...inside, value];
  if (Array.isArray(value)) {
    // By index: `entries` of a sparse array is what a hole is read as too.
    for (let i = 0; i < value.length; i++) {
      const found = firstNonJson(value[i], path + step(i), within);
      if (found) return found;
    }
    return undefined;
  }
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null;
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return { path, what: `an instance of ${prototype.constructor?.name || 'a class'}` };
  }
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const found = firstNonJson(item, path + step(key), within);
    if (found) return found;
  }
  return undefined;
}
