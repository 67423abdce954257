-- Version 10 of the journal: posts and threads of messages, as flows that look at them read them.

-- `created_at` is when it was seen first, `command_id` who saw it last. stats: JSON, name → number.
CREATE TABLE posts (
  id TEXT PRIMARY KEY,
  platform TEXT NOT NULL,
  account_id TEXT,
  url TEXT NOT NULL,
  author TEXT,
  text TEXT,
  stats TEXT NOT NULL,
  command_id TEXT NOT NULL,
  created_at REAL NOT NULL,
  last_seen_at REAL NOT NULL
) STRICT;
CREATE INDEX posts_by_age ON posts (created_at);
CREATE INDEX posts_by_account ON posts (account_id, created_at) WHERE account_id IS NOT NULL;
CREATE INDEX posts_by_platform ON posts (platform, created_at);
CREATE INDEX posts_by_command ON posts (command_id);

-- One row for each command that looked.
CREATE TABLE post_stats (
  post_id TEXT NOT NULL,
  command_id TEXT NOT NULL,
  stats TEXT NOT NULL,
  created_at REAL NOT NULL,
  PRIMARY KEY (post_id, command_id)
) STRICT;
CREATE INDEX post_stats_by_post ON post_stats (post_id, created_at);
CREATE INDEX post_stats_by_age ON post_stats (created_at);
CREATE INDEX post_stats_by_command ON post_stats (command_id);

CREATE TABLE dm_threads (
  id TEXT PRIMARY KEY,
  platform TEXT NOT NULL,
  account_id TEXT,
  url TEXT NOT NULL,
  partner TEXT,
  last_message TEXT,
  unread INTEGER,
  command_id TEXT NOT NULL,
  created_at REAL NOT NULL,
  last_seen_at REAL NOT NULL
) STRICT;
CREATE INDEX dm_threads_by_age ON dm_threads (created_at);
CREATE INDEX dm_threads_by_account ON dm_threads (account_id, created_at) WHERE account_id IS NOT NULL;
CREATE INDEX dm_threads_by_platform ON dm_threads (platform, created_at);
CREATE INDEX dm_threads_by_command ON dm_threads (command_id);
