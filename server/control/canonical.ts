import { createHash } from 'node:crypto';

/**
 * JSON with sorted keys and no space, after RFC 8785: two bodies that say the same have the same text. Nesting must
 * have been bounded before.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).filter(([, item]) => item !== undefined);
    // By UTF-16 code units, as the RFC wants and as `<` compares.
    fields.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** SHA-256 of the canonical text, hex. */
export const canonicalHash = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('hex');
