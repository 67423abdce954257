-- Version 14 of the journal: what each actor was at every cursor that the log still has.

-- One row for each state that another has replaced: in force from the row `since` of the log until the row `until`.
-- node: see actors/journal/spans.ts. Either `snapshot` is all of it, or `undo` makes it from the next one of its actor
-- (actors/host/past.ts), so that old ones go without a look at what is left. Rows are in the order of `until`.
CREATE TABLE former (
  seq INTEGER PRIMARY KEY,
  address TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  node INTEGER NOT NULL,
  machine_version TEXT NOT NULL,
  step INTEGER NOT NULL,
  status TEXT NOT NULL,
  state TEXT NOT NULL,
  phase TEXT NOT NULL,
  correlation_id TEXT,
  command_id TEXT,
  session_id TEXT,
  account_id TEXT,
  platform TEXT,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  entered_at REAL NOT NULL,
  deadline_at REAL,
  snapshot TEXT,
  undo TEXT
) STRICT;
CREATE INDEX former_by_address ON former (address, until);
CREATE INDEX former_by_node ON former (node, until, since);

-- The newest state of volatile actors, for the past alone: the next open makes them former.
CREATE TABLE standing (
  address TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  since INTEGER NOT NULL,
  machine_version TEXT NOT NULL,
  step INTEGER NOT NULL,
  status TEXT NOT NULL,
  state TEXT NOT NULL,
  phase TEXT NOT NULL,
  correlation_id TEXT,
  command_id TEXT,
  session_id TEXT,
  account_id TEXT,
  platform TEXT,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  entered_at REAL NOT NULL,
  deadline_at REAL,
  snapshot TEXT NOT NULL
) STRICT;

-- Of those that have ended, which already had at a cursor: written once, when they end.
CREATE INDEX actors_ended_by_phase ON actors (kind, phase, last_cursor) WHERE status <> 'active';

-- past: of before this cursor nobody kept what actors were.
INSERT INTO meta (key, value) SELECT 'past', coalesce(max(cursor), 0) FROM events;
