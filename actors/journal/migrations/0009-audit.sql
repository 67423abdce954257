-- Version 9 of the journal: the audit log. Who asked for what, and what came of it.

-- A chain: each row carries the hash of the one before, and its own hash covers all of it (actors/audit/chain.ts). detail: JSON.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  created_at REAL NOT NULL,
  action TEXT NOT NULL,
  outcome TEXT NOT NULL,
  service TEXT,
  token_id TEXT,
  subject TEXT NOT NULL,
  correlation_id TEXT,
  command_id TEXT,
  session_id TEXT,
  account_id TEXT,
  platform TEXT,
  detail TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_age ON audit (created_at);
CREATE INDEX audit_by_action ON audit (action, created_at);
CREATE INDEX audit_by_outcome ON audit (outcome, created_at);
CREATE INDEX audit_by_service ON audit (service, created_at) WHERE service IS NOT NULL;
CREATE INDEX audit_by_command ON audit (command_id, created_at) WHERE command_id IS NOT NULL;
CREATE INDEX audit_by_correlation ON audit (correlation_id, created_at) WHERE correlation_id IS NOT NULL;
CREATE INDEX audit_by_account ON audit (account_id, created_at) WHERE account_id IS NOT NULL;

-- Apart from the chain, so that a chain that was cut is found: `head` is its newest row, written with it; `checkpoint` the
-- newest that retention removed, written with that.
CREATE TABLE audit_marks (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;

-- Nothing of ours does this; whatever does is told.
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
  WHEN OLD.seq > coalesce((SELECT seq FROM audit_marks WHERE name = 'checkpoint'), 0)
  BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
