import type { JsonSchema } from '../../actors/user-config/define.ts';

/** @throws ControlError CONFIG_INVALID with the place in the file */
export type Refuse = (place: string, reason: string, cause?: unknown) => never;

export function assertKeys(value: unknown, place: string, known: string[], refuse: Refuse): void {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    refuse(place, `must be an object with ${known.join(', ')}, and is ${kindOf(value)}`);
  }
  const unknown = Object.keys(value as object).find((key) => !known.includes(key));
  if (unknown !== undefined) refuse(place, `'${unknown}' is no key of it; there are ${known.join(', ') || 'none'}`);
}

export function listOf<T>(value: T[] | undefined, place: string, refuse: Refuse): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : refuse(place, `must be a list, and is ${kindOf(value)}`);
}

/** For a message: what somebody gave instead. */
export const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : value === undefined
        ? 'missing'
        : typeof value === 'object'
          ? 'an object'
          : `a ${typeof value}`;

export const isSchema = (value: unknown): value is JsonSchema =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
