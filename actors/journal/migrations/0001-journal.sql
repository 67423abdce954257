-- Version 1 of the journal. Released files are never edited: a change is the next numbered file.
-- Times are ms since 1970. Columns that hold JSON are read and written as text by the host, never nested JSON.

-- boot: opens of this database so far. clean: 1 after an orderly close, 0 while open. probe: writes made to see that one works.
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('boot', 0), ('clean', 1), ('probe', 0);

-- The log. Retention may remove from the tail and must leave the newest row: its cursor is where the next one counts on.
CREATE TABLE events (
  cursor INTEGER PRIMARY KEY,
  event_id TEXT NOT NULL,
  emitted_at REAL NOT NULL,
  severity TEXT NOT NULL,
  type TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  step INTEGER NOT NULL,
  correlation_id TEXT,
  command_id TEXT,
  session_id TEXT,
  account_id TEXT,
  platform TEXT,
  payload TEXT NOT NULL
) STRICT;
-- Every index ends in the cursor by itself, so a filter reads its rows in log order.
CREATE INDEX events_by_correlation ON events (correlation_id) WHERE correlation_id IS NOT NULL;
CREATE INDEX events_by_command ON events (command_id) WHERE command_id IS NOT NULL;
CREATE INDEX events_by_session ON events (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX events_by_account ON events (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX events_by_actor ON events (actor_id);
CREATE INDEX events_by_type ON events (type);
-- Trouble is rare, so finding it costs the other rows nothing.
CREATE INDEX events_of_trouble ON events (severity) WHERE severity IN ('warn', 'error');

CREATE TABLE actors (
  seq INTEGER PRIMARY KEY,
  address TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  machine_version TEXT NOT NULL,
  step INTEGER NOT NULL,
  status TEXT NOT NULL,
  state TEXT NOT NULL,
  -- first segment of state
  phase TEXT NOT NULL,
  snapshot TEXT NOT NULL,
  -- context.envelope.type out of the snapshot
  envelope_type TEXT,
  correlation_id TEXT,
  command_id TEXT,
  session_id TEXT,
  account_id TEXT,
  platform TEXT,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  deadline_at REAL,
  last_cursor INTEGER NOT NULL
) STRICT;
-- Pages are newest first by (created_at, seq); every index below ends in seq by itself.
CREATE UNIQUE INDEX actors_by_address ON actors (address);
CREATE INDEX actors_by_age ON actors (created_at);
CREATE INDEX actors_by_id ON actors (id);
CREATE INDEX actors_by_phase ON actors (kind, phase, created_at);
CREATE INDEX actors_by_kind ON actors (kind, created_at);
CREATE INDEX actors_alive ON actors (kind, created_at) WHERE status = 'active';
CREATE INDEX actors_by_envelope_type ON actors (kind, envelope_type, created_at) WHERE envelope_type IS NOT NULL;
CREATE INDEX actors_by_correlation ON actors (correlation_id, created_at) WHERE correlation_id IS NOT NULL;
CREATE INDEX actors_by_session ON actors (session_id, created_at) WHERE session_id IS NOT NULL;
CREATE INDEX actors_by_account ON actors (account_id, created_at) WHERE account_id IS NOT NULL;
CREATE INDEX actors_by_platform ON actors (platform, created_at) WHERE platform IS NOT NULL;

-- What a restarted host takes up again: rows leave when they are over, so these stay as small as the work in hand.
CREATE TABLE timers (
  address TEXT NOT NULL,
  id TEXT NOT NULL,
  due_at REAL NOT NULL,
  event TEXT NOT NULL,
  PRIMARY KEY (address, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE effects (
  id TEXT PRIMARY KEY,
  address TEXT NOT NULL,
  child TEXT NOT NULL,
  src TEXT NOT NULL,
  input TEXT
) STRICT;
CREATE TABLE tells (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  sender TEXT,
  recipient TEXT NOT NULL,
  event TEXT NOT NULL
) STRICT;

CREATE TABLE idempotency (
  service TEXT NOT NULL,
  key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  command_id TEXT NOT NULL,
  created_at REAL NOT NULL,
  PRIMARY KEY (service, key)
) STRICT;
CREATE INDEX idempotency_by_command ON idempotency (command_id);

CREATE TABLE ledger (
  dedupe_key TEXT PRIMARY KEY,
  command_id TEXT NOT NULL,
  action TEXT NOT NULL,
  effect_id TEXT,
  state TEXT NOT NULL,
  updated_at REAL NOT NULL
) STRICT;
CREATE INDEX ledger_by_command ON ledger (command_id);
CREATE INDEX ledger_by_effect ON ledger (effect_id);
CREATE INDEX ledger_by_action ON ledger (action);
CREATE INDEX ledger_by_state ON ledger (state);

CREATE TABLE artifacts (
  id TEXT PRIMARY KEY,
  command_id TEXT,
  kind TEXT NOT NULL,
  media_type TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  created_at REAL NOT NULL
) STRICT;
CREATE INDEX artifacts_by_command ON artifacts (command_id);
CREATE INDEX artifacts_by_sha256 ON artifacts (sha256);
CREATE INDEX artifacts_by_kind ON artifacts (kind);

CREATE TABLE flows (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  created_at REAL NOT NULL,
  PRIMARY KEY (name, version)
) STRICT;
CREATE INDEX flows_by_name ON flows (name);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL,
  service TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at REAL NOT NULL,
  expires_at REAL,
  revoked_at REAL
) STRICT;
CREATE INDEX tokens_by_sha256 ON tokens (sha256);
CREATE INDEX tokens_by_service ON tokens (service);

CREATE TABLE consumers (
  service TEXT NOT NULL,
  name TEXT NOT NULL,
  cursor INTEGER NOT NULL,
  updated_at REAL NOT NULL,
  PRIMARY KEY (service, name)
) STRICT;
