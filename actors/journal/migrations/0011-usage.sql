-- Version 11 of the journal: how machines are used. Since when an actor is in its state, how long others were, and how
-- often each transition was taken.

-- ms since 1970. Of those from before it is when they last took a step.
ALTER TABLE actors ADD COLUMN entered_at REAL NOT NULL DEFAULT 0;
UPDATE actors SET entered_at = updated_at WHERE status = 'active';
CREATE INDEX actors_alive_by_stay ON actors (kind, state, entered_at) WHERE status = 'active';

-- Counted in the transaction of the step. `event` is a name or pattern of the machine; '*' for what it takes without naming it.
CREATE TABLE moves (
  kind TEXT NOT NULL,
  version TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state TEXT NOT NULL,
  event TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (kind, version, from_state, to_state, event)
) STRICT;
-- A histogram of each state's dwell times: see actors/host/stays.ts for what a bucket holds.
CREATE TABLE stays (
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (kind, state, bucket)
) STRICT;

-- What the log has of it, the newest million rows; which version a row is of it does not say, so the newest has them all.
CREATE TEMP TABLE moved AS
  SELECT cursor, actor_kind AS kind, actor_id AS id, emitted_at AS at, step,
    json ->> '$.from' AS from_state, json ->> '$.to' AS to_state, json ->> '$.event' AS event
  FROM (
    SELECT *, CASE WHEN json_valid(payload) THEN payload ELSE '{}' END AS json FROM events
    WHERE cursor > (SELECT coalesce(max(cursor), 0) - 1000000 FROM events)
      AND type NOT IN ('event.rejected', 'actor.upgraded', 'actor.failed', 'audit.recorded')
  )
  WHERE json ->> '$.from' IS NOT NULL AND json ->> '$.to' IS NOT NULL AND json ->> '$.event' IS NOT NULL;

INSERT INTO moves (kind, version, from_state, to_state, event, count)
  SELECT moved.kind, newest.version, from_state, to_state, event, count(*)
  FROM moved JOIN (SELECT kind, version, max(first_seen_at) FROM machines GROUP BY kind) AS newest ON newest.kind = moved.kind
  GROUP BY 1, 2, 3, 4, 5;

INSERT INTO stays (kind, state, bucket, count)
  SELECT kind, state, CASE WHEN ms < 1 THEN 0 ELSE 1 + CAST(floor(ln(ms) / ln(1.1)) AS INTEGER) END, count(*)
  FROM (
    SELECT kind, from_state AS state, step, at - lag(at) OVER actor AS ms, lag(to_state) OVER actor AS was,
      lag(step) OVER actor AS step_before
    FROM moved WHERE from_state <> to_state
    WINDOW actor AS (PARTITION BY kind, id ORDER BY cursor)
  )
  WHERE was = state AND step <> step_before AND ms >= 0
  GROUP BY 1, 2, 3;

DROP TABLE moved;
