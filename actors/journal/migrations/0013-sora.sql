-- Version 13 of the journal: videos of a generator and what they cost, as flows that look at them read them.

-- `created_at` is when it was seen first, `command_id` who saw it last.
CREATE TABLE sora_drafts (
  id TEXT PRIMARY KEY,
  platform TEXT NOT NULL,
  account_id TEXT,
  url TEXT NOT NULL,
  prompt TEXT,
  state TEXT,
  command_id TEXT NOT NULL,
  created_at REAL NOT NULL,
  last_seen_at REAL NOT NULL
) STRICT;
CREATE INDEX sora_drafts_by_age ON sora_drafts (created_at);
CREATE INDEX sora_drafts_by_account ON sora_drafts (account_id, created_at) WHERE account_id IS NOT NULL;
CREATE INDEX sora_drafts_by_platform ON sora_drafts (platform, created_at);
CREATE INDEX sora_drafts_by_command ON sora_drafts (command_id);

-- One row for each command that looked. figures: JSON, name → number.
CREATE TABLE sora_usage (
  command_id TEXT PRIMARY KEY,
  platform TEXT NOT NULL,
  account_id TEXT,
  figures TEXT NOT NULL,
  created_at REAL NOT NULL
) STRICT;
CREATE INDEX sora_usage_by_age ON sora_usage (created_at);
CREATE INDEX sora_usage_by_account ON sora_usage (account_id, created_at) WHERE account_id IS NOT NULL;
CREATE INDEX sora_usage_by_platform ON sora_usage (platform, created_at);
