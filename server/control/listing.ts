/** The lists of commands, sessions and approvals are asked for in the same way. */
import type { ActorQuery } from '../../actors/host/contract.ts';
import type { ControlLimits } from './deps.ts';
import { instant, integer, oneOf, text } from './query.ts';

/** What each takes beside filters of its own. */
export const listParameters = ({ pageMax }: ControlLimits, states: readonly string[]) => ({
  state: oneOf(states),
  account_id: text,
  platform: text,
  since: instant,
  limit: integer(1, pageMax),
  page: text
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
