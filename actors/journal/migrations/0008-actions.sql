-- Version 8 of the journal: what became of every action, and whose each artifact is.

-- One row for each action that a command began, in the transaction of the step that says so. JSON columns: proofs, artifacts, extracted.
CREATE TABLE actions (
  seq INTEGER PRIMARY KEY,
  command_id TEXT NOT NULL,
  name TEXT NOT NULL,
  effect TEXT NOT NULL,
  flow TEXT,
  correlation_id TEXT,
  session_id TEXT,
  account_id TEXT,
  platform TEXT,
  attempts INTEGER NOT NULL,
  -- PENDING until it is known: VERIFIED, VERIFICATION_FAILED, UNKNOWN, or NONE when its command ended before
  outcome TEXT NOT NULL,
  already_done INTEGER NOT NULL,
  verify_as TEXT,
  dedupe_key TEXT,
  why TEXT,
  error_code TEXT,
  proofs TEXT NOT NULL,
  artifacts TEXT NOT NULL,
  extracted TEXT,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  UNIQUE (command_id, name)
) STRICT;
-- Lists are newest first by (created_at, seq); every index below ends in seq by itself.
CREATE INDEX actions_by_age ON actions (created_at);
CREATE INDEX actions_by_command ON actions (command_id, created_at);
CREATE INDEX actions_by_correlation ON actions (correlation_id, created_at) WHERE correlation_id IS NOT NULL;
CREATE INDEX actions_by_account ON actions (account_id, created_at) WHERE account_id IS NOT NULL;
CREATE INDEX actions_by_platform ON actions (platform, created_at) WHERE platform IS NOT NULL;
CREATE INDEX actions_by_name ON actions (name, created_at);
CREATE INDEX actions_by_outcome ON actions (outcome, created_at);

ALTER TABLE artifacts ADD COLUMN account_id TEXT;
UPDATE artifacts SET account_id = (SELECT account_id FROM actors WHERE address = 'command/' || artifacts.command_id)
  WHERE command_id IS NOT NULL;
DROP INDEX artifacts_by_command;
DROP INDEX artifacts_by_kind;
CREATE INDEX artifacts_by_command ON artifacts (command_id, created_at);
CREATE INDEX artifacts_by_kind ON artifacts (kind, created_at);
CREATE INDEX artifacts_by_account ON artifacts (account_id, created_at) WHERE account_id IS NOT NULL;
CREATE INDEX artifacts_by_age ON artifacts (created_at);
