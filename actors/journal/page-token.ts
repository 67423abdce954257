import { createHash } from 'node:crypto';
import { ControlError } from '../../schemas/errors.ts';
import type { Paged } from './newest-first.ts';

/** Where a page ended: lists are newest first by these two. */
export interface Place {
  createdAt: number;
  seq: number;
}

/** Tokens hold nothing secret; they carry a digest of the filters because a place in one list means nothing in another. */
export const pageToken = (place: Place, query: Paged): string =>
  Buffer.from(JSON.stringify([place.createdAt, place.seq, digestOf(query)])).toString('base64url');

/** @throws ControlError QUERY_INVALID */
export function placeOf(token: string, query: Paged): Place {
  const [createdAt, seq, digest, ...others] = parts(token);
  if (
    typeof createdAt !== 'number' ||
    !Number.isFinite(createdAt) ||
    !Number.isSafeInteger(seq) ||
    digest !== digestOf(query) ||
    others.length > 0
  ) {
    throw new ControlError('QUERY_INVALID', {
      parameter: 'page',
      value: String(token).slice(0, 100),
      expected: 'the token of the page before, asked for with the same filters'
    });
  }
  return { createdAt, seq: seq as number };
}

function parts(token: string): unknown[] {
  if (typeof token !== 'string' || token.length > 200 || !/^[\w-]+$/.test(token)) return [];
  try {
    const decoded: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return Array.isArray(decoded) ? decoded : [];
  } catch {
    return [];
  }
}

/** Of everything but `limit` and `page`: a caller may ask for a longer next page. */
function digestOf({ limit: _limit, page: _page, ...filters }: Paged): string {
  const sorted = JSON.stringify(filters, (_key, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value
  );
  return createHash('sha256').update(sorted).digest('base64url').slice(0, 12);
}
