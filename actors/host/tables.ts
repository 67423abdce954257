/** The rows that are no actors: what commands left on the world, what was seen of it, and what is counted and audited. */
import type { Subject } from './records.ts';

/** Tables that are not actors: written in the same transaction as a step, or by `host.write`. */
export interface Tables {
  /** key: service + key */
  idempotency: { service: string; key: string; body_hash: string; command_id: string; created_at: number };
  /** key: dedupe_key. A row of another command is never overwritten. */
  ledger: {
    dedupe_key: string;
    command_id: string;
    action: string;
    effect_id: string | null;
    state: 'ATTEMPTED' | 'VERIFIED' | 'VERIFICATION_FAILED' | 'UNKNOWN';
    updated_at: number;
  };
  /** key: id. The bytes are in `<data>/artifacts/<first two hex digits>/<sha256>`. */
  artifacts: {
    id: string;
    command_id: string | null;
    kind: string;
    media_type: string;
    sha256: string;
    size: number;
    created_at: number;
    /** Whose page it shows; null: of none. */
    account_id?: string | null;
  };
  /** key: command_id + name. What became of each action that a command began; `created_at` is when. */
  actions: {
    command_id: string;
    name: string;
    effect: string;
    flow: string | null;
    correlation_id: string | null;
    session_id: string | null;
    account_id: string | null;
    platform: string | null;
    attempts: number;
    /** PENDING until it is known; NONE when its command ended before. */
    outcome: 'PENDING' | 'VERIFIED' | 'VERIFICATION_FAILED' | 'UNKNOWN' | 'NONE';
    already_done: 0 | 1;
    verify_as: string | null;
    dedupe_key: string | null;
    why: string | null;
    error_code: string | null;
    /** JSON lists, and a JSON object. */
    proofs: string;
    artifacts: string;
    extracted: string | null;
    created_at: number;
    updated_at: number;
  };
  /** key: name + version. `body` is the flow as JSON text. */
  flows: { name: string; version: number; body: string; created_at: number };
  /** key: id. Only the SHA-256 of a token is kept; `scopes` is a JSON list. */
  tokens: {
    id: string;
    sha256: string;
    service: string;
    scopes: string;
    created_at: number;
    expires_at: number | null;
    revoked_at: number | null;
    /** JSON list of the accounts it is bound to; null: any. */
    accounts: string | null;
  };
  /** key: kind + version. Every version that ever ran here; `definition` is its MachineNode as JSON text. */
  machines: { kind: string; version: string; label: string | null; definition: string; first_seen_at: number };
  /** key: platform + account_id. What an account is set to; null: as its platform says. `logged_in` is a JSON list of selectors. */
  accounts: {
    platform: string;
    account_id: string;
    home: string | null;
    logged_in: string | null;
    created_at: number;
    updated_at: number;
  };
  /** key: platform + account_id. What is known of a stored login; `origins` is a JSON list. */
  profiles: {
    platform: string;
    account_id: string;
    state: 'none' | 'saved' | 'expired';
    key_id: string | null;
    origins: string;
    cookies: number;
    bytes: number;
    saved_at: number | null;
    proved_at: number | null;
    expired_at: number | null;
  };
  /** key: platform + account_id. The stored login itself, sealed; base64. */
  profile_bodies: { platform: string; account_id: string; key_id: string; nonce: string; ciphertext: string };
  /** key: platform + name + command_id: a sweep's look at one name. `tried` is JSON text. */
  selector_sweeps: {
    platform: string;
    name: string;
    command_id: string;
    swept_at: number;
    state: string;
    selector: string | null;
    likeness: number | null;
    tried: string;
  };
  /** key: id. A post as a flow saw it last; `created_at` is when one saw it first. `stats` is JSON text, name → number. */
  posts: Seen & { author: string | null; text: string | null; stats: string };
  /** key: post_id + command_id. What each look at a post read. */
  post_stats: { post_id: string; command_id: string; stats: string; created_at: number };
  /** key: id. A thread of messages as a flow saw it last. */
  dm_threads: Seen & { partner: string | null; last_message: string | null; unread: number | null };
  /** key: id. A video of a generator as a flow saw it last. */
  sora_drafts: Seen & { prompt: string | null; state: string | null };
  /** key: command_id. What a look read about the cost of videos; `figures` is JSON text, name → number. */
  sora_usage: {
    command_id: string;
    platform: string;
    account_id: string | null;
    figures: string;
    created_at: number;
  };
  /** key: seq. A chain, see `actors/audit/chain.ts`; only added to. `detail` is JSON text. */
  audit: AuditMark &
    Subject & {
      created_at: number;
      action: string;
      outcome: string;
      service: string | null;
      token_id: string | null;
      /** Address of the actor, or `kind/id` of what is none. */
      subject: string;
      detail: string;
      prev_hash: string;
    };
  /** key: name. `head`: the newest record of the chain; `checkpoint`: the newest that was removed. */
  audit_marks: AuditMark & { name: 'head' | 'checkpoint' };
  /**
   * key: kind + version + from_state + to_state + event. How often actors of one version of a machine took a transition;
   * written, `count` is added to what is there. `event`: '*' for what the machine takes without naming it.
   */
  moves: { kind: string; version: string; from_state: string; to_state: string; event: string; count: number };
  /** key: kind + state + bucket. How many stays in a state were so long, see `stays.ts`; written, `count` is added. */
  stays: { kind: string; state: string; bucket: number; count: number };
  /** key: service + name */
  consumers: { service: string; name: string; cursor: number; updated_at: number };
}
export type TableName = keyof Tables;

/** What was found on a page. */
interface Seen {
  id: string;
  platform: string;
  account_id: string | null;
  url: string;
  /** Of who saw it last. */
  command_id: string;
  created_at: number;
  last_seen_at: number;
}

/** A place in the audit log. */
export interface AuditMark {
  seq: number;
  hash: string;
}

/** Who asked for what an audit record is about; nobody: the program itself. */
export type AskedBy = Pick<AuditEntry, 'service' | 'token_id'>;

/** What an audit record says. The host gives it its place in the chain, and what is left out from the actor it is about. */
export interface AuditEntry extends Partial<Subject> {
  /** `noun.verb`, as it happened: `command.accepted`. */
  action: string;
  /** What came of it: a state of the contract, `done` or `refused`. */
  outcome: string;
  /** Who asked: a client, or null for the program itself. */
  service?: string | null;
  token_id?: string | null;
  subject?: string;
  /** Small and without secrets: what is long or somebody's is there by its hash. */
  detail?: Record<string, unknown>;
}

/** A row as it is stored. */
export type Put = { [T in TableName]: { into: T; row: Tables[T] } }[TableName];
/** A row to be written; one of the audit log goes with a step, and gets its place in the chain from the host. */
export type Write = Exclude<Put, { into: 'audit' | 'audit_marks' }> | { into: 'audit'; row: AuditEntry };
