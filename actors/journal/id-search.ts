/**
 * What an id, or the beginning of one, may be of. Each statement walks one index from the first entry that begins so and
 * ends after a few: what it costs does not depend on how much there is.
 */
import type { ArtifactMatch, EventMatch, IdMatches } from '../host/contract.ts';
import type { Connection } from './connection.ts';

/** Behind every text that begins so: the greatest there is in SQLite's order of bytes. */
const LAST = String.fromCodePoint(0x10ffff);
/** Of an event's id, what the index holds. */
const EVENT_HEAD = 8;

const SUBJECT = 'correlation_id, command_id, session_id, account_id, platform';

/** One entry of each value: from one straight to the next greater one, however many rows have it. */
const distinct = (table: string, index: string, column: string) => `
  WITH RECURSIVE found (value) AS (
    SELECT * FROM (SELECT ${column} FROM ${table} INDEXED BY ${index}
      WHERE ${column} >= ?1 AND ${column} <= ?2 ORDER BY ${column} LIMIT 1)
    UNION ALL
    SELECT (SELECT ${column} FROM ${table} INDEXED BY ${index}
      WHERE ${column} > found.value AND ${column} <= ?2 ORDER BY ${column} LIMIT 1)
    FROM found WHERE found.value IS NOT NULL LIMIT ?3
  ) SELECT value FROM found WHERE value IS NOT NULL`;

export const idStatements = {
  actors: `SELECT address, kind, id, status, state, ${SUBJECT}, updated_at FROM actors INDEXED BY actors_by_id
    WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT ?3`,
  artifacts: `SELECT artifacts.id, artifacts.command_id, artifacts.kind, artifacts.media_type, artifacts.created_at,
    actors.account_id FROM artifacts LEFT JOIN actors ON actors.address = 'command/' || artifacts.command_id
    WHERE artifacts.id >= ?1 AND artifacts.id <= ?2 ORDER BY artifacts.id LIMIT ?3`,
  events: `SELECT cursor, event_id, emitted_at, type, actor_kind, actor_id, ${SUBJECT}
    FROM events INDEXED BY events_by_id_head
    WHERE substr(event_id, 1, ${EVENT_HEAD}) >= substr(?1, 1, ${EVENT_HEAD}) AND substr(event_id, 1, ${EVENT_HEAD}) <= ?2
    AND event_id >= ?1 AND event_id <= ?2 ORDER BY substr(event_id, 1, ${EVENT_HEAD}) LIMIT ?3`,
  atCursor: `SELECT cursor, event_id, emitted_at, type, actor_kind, actor_id, ${SUBJECT} FROM events WHERE cursor = ?1`,
  /** An account for each, so that who is bound to some is told of no others. */
  correlations: `SELECT DISTINCT correlation_id, account_id FROM (
    SELECT correlation_id, account_id FROM actors INDEXED BY actors_by_correlation
    WHERE correlation_id >= ?1 AND correlation_id <= ?2 ORDER BY correlation_id LIMIT ?3)`,
  accounts: distinct('actors', 'actors_by_account', 'account_id'),
  keptAccounts: distinct('accounts', 'accounts_by_id', 'account_id')
};

export async function searchIds(reader: Connection, beginning: string, limit: number): Promise<IdMatches> {
  const asked = [beginning, beginning + LAST, limit];
  const actors = await reader.all<IdMatches['actors'][number]>(idStatements.actors, asked);
  const artifacts = await reader.all<ArtifactMatch>(idStatements.artifacts, asked);
  const events = await reader.all<EventMatch>(idStatements.events, asked);
  // A cursor is what people say to each other: 'look at 4711'.
  if (/^[1-9]\d{0,14}$/.test(beginning)) {
    events.unshift(...(await reader.all<EventMatch>(idStatements.atCursor, [Number(beginning)])));
  }
  const correlations = await reader.all<IdMatches['correlations'][number]>(idStatements.correlations, asked);
  const accounts = [
    ...(await reader.all<{ value: string }>(idStatements.accounts, asked)),
    ...(await reader.all<{ value: string }>(idStatements.keptAccounts, asked))
  ];
  return {
    actors,
    artifacts,
    events,
    correlations,
    accounts: [...new Set(accounts.map(({ value }) => value))].sort().slice(0, limit)
  };
}
