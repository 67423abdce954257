/** The context of an actor as a deployment shows it: secrets are masked, long texts are cut, and its clock is its own. */
import { difference } from '../difference.ts';

/** Where they differ; undefined: nowhere that can be seen. */
export function otherwise(
  expected: unknown,
  shown: unknown
): { place: string; expected: string; actual: string } | undefined {
  const found = difference(comparable(expected, shown), comparable(shown, shown));
  return found && { place: found.at, expected: text(found.expected), actual: text(found.actual) };
}

const text = (value: unknown) => JSON.stringify(value) ?? 'not there';
const MASKED = /•••|…$|… \(\d+ characters\)$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
/** ms since 1970, from 2001 on. */
const isTime = (value: unknown) =>
  (typeof value === 'number' && value > 1e12) || (typeof value === 'string' && INSTANT.test(value));

/** With what cannot be compared as `shown` has it. */
function comparable(value: unknown, shown: unknown): unknown {
  if (typeof shown === 'string' && MASKED.test(shown)) return shown;
  if (isTime(value) && isTime(shown)) return shown;
  if (typeof value !== 'object' || value === null) return value;
  const of = (key: string | number) =>
    typeof shown === 'object' && shown !== null ? (shown as never)[key] : undefined;
  if (Array.isArray(value)) return value.map((item, i) => comparable(item, of(i)));
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, comparable(item, of(key))]]))
  );
}
