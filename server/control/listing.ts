/** All lists are asked for in the same way: filters, `since`, `limit`, `page`. */
import type { ActorQuery, ListedTable, RowQuery } from '../../actors/host/contract.ts';
import type { ControlLimits } from './deps.ts';
import { cursor, instant, integer, oneOf, text } from './query.ts';

/** What each list of rows takes beside filters of its own. */
export const pageParameters = ({ pageMax }: ControlLimits) => ({
  since: instant,
  limit: integer(1, pageMax),
  page: text
});

/** What each list of actors takes beside filters of its own. */
export const listParameters = (limits: ControlLimits, states: readonly string[]) => ({
  state: oneOf(states),
  account_id: text,
  platform: text,
  at: cursor,
  ...pageParameters(limits)
});

interface Asked extends Omit<ActorQuery, 'kind' | 'createdSince'> {
  /** ms since 1970 */
  since?: number;
}

/** What was asked, as the journal is asked for it. */
export const actorQuery = (kind: string, { pageDefault }: ControlLimits, { since, ...query }: Asked): ActorQuery => ({
  kind,
  limit: pageDefault,
  ...query,
  ...(since === undefined ? {} : { createdSince: since })
});

/** The same of rows: whatever is no word of every list is a column. */
export function rowQuery<T extends ListedTable>(
  { pageDefault }: ControlLimits,
  asked: { since?: number; limit?: number; page?: string } & object
): RowQuery<T> {
  const { since, limit = pageDefault, page, ...where } = asked;
  return {
    where: where as RowQuery<T>['where'] & object,
    limit,
    ...(page === undefined ? {} : { page }),
    ...(since === undefined ? {} : { createdSince: since })
  };
}
