/** Where two values of JSON differ first: by members in their order, by index. A member that is undefined is not there. */
export interface Difference {
  /** `context.actions[0].name`; empty: the values themselves. */
  at: string;
  /** undefined: nothing is there. */
  expected: unknown;
  actual: unknown;
}

export function difference(expected: unknown, actual: unknown, at = ''): Difference | undefined {
  if (Object.is(expected, actual)) return undefined;
  if (!isHolder(expected) || !isHolder(actual) || Array.isArray(expected) !== Array.isArray(actual)) {
    return { at, expected, actual };
  }
  const isList = Array.isArray(expected);
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  for (const key of keys) {
    const place = isList ? `${at}[${key}]` : at === '' ? key : `${at}.${key}`;
    const [one, other] = [own(expected, key), own(actual, key)];
    const found = difference(one, other, place);
    if (found) return found;
  }
  return undefined;
}

export const isSameJson = (one: unknown, other: unknown): boolean => difference(one, other) === undefined;

/** As it is after a journal: without what is undefined, and nothing shared with what it was made from. */
export const asJson = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

type Holder = Record<string, unknown>;
const isHolder = (value: unknown): value is Holder => typeof value === 'object' && value !== null;
const own = (of: Holder, key: string): unknown => (Object.hasOwn(of, key) ? of[key] : undefined);
