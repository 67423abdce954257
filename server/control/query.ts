/** Query strings as values. An unknown or repeated parameter is refused by name: a misspelt filter must not widen an answer. */
import type { ParsedUrlQuery } from 'node:querystring';
import { ControlError } from '../../schemas/errors.ts';

type Reader<T> = (value: string, parameter: string) => T;

const refuse = (parameter: string, value: string, expected: string) =>
  new ControlError('QUERY_INVALID', { parameter, value: value.slice(0, 200), expected });

export const text: Reader<string> = (value, parameter) => {
  if (value.length === 0 || value.length > 255) throw refuse(parameter, value, 'a text of 1 to 255 characters');
  return value;
};

export const integer =
  (min: number, max: number): Reader<number> =>
  (value, parameter) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) throw refuse(parameter, value, `an integer from ${min} to ${max}`);
    return number;
  };

/** SHA-256, hex. */
export const digest: Reader<string> = (value, parameter) => {
  if (!/^[0-9a-f]{64}$/.test(value)) throw refuse(parameter, value, 'a SHA-256, 64 hex digits');
  return value;
};

const INSTANT = /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/** ms since 1970. Only a day that there is: JavaScript would take 30 February for 2 March. */
export const instant: Reader<number> = (value, parameter) => {
  const [, day] = INSTANT.exec(value) ?? [];
  const at = Date.parse(value);
  const isDay = day !== undefined && new Date(`${day}T00:00:00Z`).getUTCDate() === Number(day.slice(8));
  if (!isDay || !Number.isFinite(at)) {
    throw refuse(
      parameter,
      value,
      'an RFC 3339 instant with its zone and no leap second, such as 2026-01-31T09:30:00Z'
    );
  }
  return at;
};

/** One of `values`, in any case, or several with commas between. */
export const oneOf =
  <T extends string>(values: readonly T[]): Reader<T[]> =>
  (value, parameter) =>
    value.split(',').map((item) => {
      const found = values.find((known) => known.toLowerCase() === item.trim().toLowerCase());
      if (found === undefined) throw refuse(parameter, value, `one of ${values.join(', ')}`);
      return found;
    });

/** Exactly one of `values`. */
export const choice =
  <T extends string>(values: readonly T[]): Reader<T> =>
  (value, parameter) => {
    const found = values.find((known) => known === value);
    if (found === undefined) throw refuse(parameter, value, `one of ${values.join(', ')}`);
    return found;
  };

export const list: Reader<string[]> = (value, parameter) => {
  const items = value.split(',').map((item) => item.trim());
  if (items.some((item) => item === '') || items.length > 100)
    throw refuse(parameter, value, 'names with commas between');
  return items;
};

export const cursor: Reader<number> = (value) => {
  if (!/^(0|[1-9]\d{0,14})$/.test(value)) throw new ControlError('CURSOR_INVALID', { cursor: value.slice(0, 40) });
  return Number(value);
};

type Values<T extends Record<string, Reader<unknown>>> = { [K in keyof T]?: ReturnType<T[K]> };

/** @throws ControlError QUERY_INVALID, CURSOR_INVALID */
export function readQuery<T extends Record<string, Reader<unknown>>>(query: ParsedUrlQuery, readers: T): Values<T> {
  const read: Record<string, unknown> = {};
  for (const [parameter, value] of Object.entries(query)) {
    const reader = Object.hasOwn(readers, parameter) ? readers[parameter] : undefined;
    if (!reader)
      throw refuse(
        parameter,
        String(value),
        `a parameter here; there are ${Object.keys(readers).join(', ') || 'none'}`
      );
    if (value === undefined) continue;
    if (Array.isArray(value)) throw refuse(parameter, value.join('&'), 'given once; put commas between several values');
    read[parameter] = reader(value, parameter);
  }
  return read as Values<T>;
}
