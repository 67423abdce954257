import type { TableName, Tables } from '../host/contract.ts';

interface TableShape<T extends TableName> {
  columns: readonly (keyof Tables[T] & string)[];
  key: readonly (keyof Tables[T] & string)[];
  /** They stay as they were written first, when the key comes again. */
  kept?: readonly (keyof Tables[T] & string)[];
  /** Numbers that are added to those that are there. */
  added?: readonly (keyof Tables[T] & string)[];
}

/** Of what was found on a page. */
const SEEN = ['id', 'platform', 'account_id', 'url', 'command_id', 'created_at', 'last_seen_at'] as const;
const FIRST_SEEN = ['platform', 'account_id', 'url', 'created_at'] as const;

/** The columns and the key of every table that is not an actor's own. */
export const tables: { readonly [T in TableName]: TableShape<T> } = {
  idempotency: {
    columns: ['service', 'key', 'body_hash', 'command_id', 'created_at'],
    key: ['service', 'key']
  },
  ledger: {
    columns: ['dedupe_key', 'command_id', 'action', 'effect_id', 'state', 'updated_at'],
    key: ['dedupe_key']
  },
  artifacts: {
    columns: ['id', 'command_id', 'kind', 'media_type', 'sha256', 'size', 'created_at', 'account_id'],
    key: ['id']
  },
  actions: {
    columns: [
      'command_id',
      'name',
      'effect',
      'flow',
      'correlation_id',
      'session_id',
      'account_id',
      'platform',
      'attempts',
      'outcome',
      'already_done',
      'verify_as',
      'dedupe_key',
      'why',
      'error_code',
      'proofs',
      'artifacts',
      'extracted',
      'created_at',
      'updated_at'
    ],
    key: ['command_id', 'name'],
    kept: ['effect', 'flow', 'correlation_id', 'session_id', 'account_id', 'platform', 'created_at']
  },
  flows: { columns: ['name', 'version', 'body', 'created_at'], key: ['name', 'version'] },
  tokens: {
    columns: ['id', 'sha256', 'service', 'scopes', 'created_at', 'expires_at', 'revoked_at', 'accounts'],
    key: ['id']
  },
  machines: { columns: ['kind', 'version', 'label', 'definition', 'first_seen_at'], key: ['kind', 'version'] },
  accounts: {
    columns: ['platform', 'account_id', 'home', 'logged_in', 'created_at', 'updated_at'],
    key: ['platform', 'account_id']
  },
  profiles: {
    columns: [
      'platform',
      'account_id',
      'state',
      'key_id',
      'origins',
      'cookies',
      'bytes',
      'saved_at',
      'proved_at',
      'expired_at'
    ],
    key: ['platform', 'account_id']
  },
  profile_bodies: {
    columns: ['platform', 'account_id', 'key_id', 'nonce', 'ciphertext'],
    key: ['platform', 'account_id']
  },
  selector_sweeps: {
    columns: ['platform', 'name', 'command_id', 'swept_at', 'state', 'selector', 'likeness', 'tried'],
    key: ['platform', 'name', 'command_id']
  },
  audit: {
    columns: [
      'seq',
      'created_at',
      'action',
      'outcome',
      'service',
      'token_id',
      'subject',
      'correlation_id',
      'command_id',
      'session_id',
      'account_id',
      'platform',
      'detail',
      'prev_hash',
      'hash'
    ],
    key: ['seq']
  },
  posts: {
    columns: [...SEEN, 'author', 'text', 'stats'],
    key: ['id'],
    kept: FIRST_SEEN
  },
  post_stats: { columns: ['post_id', 'command_id', 'stats', 'created_at'], key: ['post_id', 'command_id'] },
  dm_threads: {
    columns: [...SEEN, 'partner', 'last_message', 'unread'],
    key: ['id'],
    kept: FIRST_SEEN
  },
  moves: {
    columns: ['kind', 'version', 'from_state', 'to_state', 'event', 'count'],
    key: ['kind', 'version', 'from_state', 'to_state', 'event'],
    added: ['count']
  },
  stays: { columns: ['kind', 'state', 'bucket', 'count'], key: ['kind', 'state', 'bucket'], added: ['count'] },
  sora_drafts: { columns: [...SEEN, 'prompt', 'state'], key: ['id'], kept: FIRST_SEEN },
  sora_usage: { columns: ['command_id', 'platform', 'account_id', 'figures', 'created_at'], key: ['command_id'] },
  audit_marks: { columns: ['name', 'seq', 'hash'], key: ['name'] },
  consumers: { columns: ['service', 'name', 'cursor', 'updated_at'], key: ['service', 'name'] }
};

/** The same of whatever table, its columns as names. */
export const shapeOf = (table: TableName): Record<'columns' | 'key' | 'kept' | 'added', readonly string[]> => ({
  kept: [],
  added: [],
  ...tables[table]
});

export const tableNames = Object.keys(tables) as TableName[];

/** Rows `find` returns when it is not told how many. */
export const FIND_LIMIT = 1000;
