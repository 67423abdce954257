-- Accounts and their stored logins.

-- What an account is set to; null: as its platform says. logged_in: a JSON list of selectors.
CREATE TABLE accounts (
  platform TEXT NOT NULL,
  account_id TEXT NOT NULL,
  home TEXT,
  logged_in TEXT,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  PRIMARY KEY (platform, account_id)
) STRICT;
CREATE INDEX accounts_by_id ON accounts (account_id);

-- What is known of a stored login: state none (forgotten), saved or expired; the content is apart, so that listing reads none of it.
CREATE TABLE profiles (
  platform TEXT NOT NULL,
  account_id TEXT NOT NULL,
  state TEXT NOT NULL,
  key_id TEXT,
  -- JSON list
  origins TEXT NOT NULL,
  cookies INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  saved_at REAL,
  proved_at REAL,
  expired_at REAL,
  PRIMARY KEY (platform, account_id)
) STRICT;
CREATE INDEX profiles_by_account ON profiles (account_id);
CREATE INDEX profiles_by_key ON profiles (key_id);

-- AES-256-GCM, base64; the account is associated data, so a row moved to another account does not open.
CREATE TABLE profile_bodies (
  platform TEXT NOT NULL,
  account_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  nonce TEXT NOT NULL,
  ciphertext TEXT NOT NULL,
  PRIMARY KEY (platform, account_id)
) STRICT;
