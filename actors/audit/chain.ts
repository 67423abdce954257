/**
 * The audit log is a chain: a record's hash is the SHA-256 of its canonical JSON (RFC 8785) without `hash`, and one of its
 * fields is the hash of the record before. So whoever has a record as GET /v1/audit shows it can compute its hash, and
 * whoever has kept one hash can tell whether anything before it was changed since.
 */
import { hash as digest } from 'node:crypto';
import { canonical } from '../../machines/action-hash.ts';
import type { AuditRecord } from '../../schemas/generated/contracts.ts';
import type { ActorRecord, AuditEntry, AuditMark, Journal, Subject, Tables } from '../host/contract.ts';

type Row = Tables['audit'];

/** Before the first record. */
export const GENESIS: AuditMark = { seq: 0, hash: '0'.repeat(64) };

/** As clients read it. */
export const auditRecord = (row: Row): AuditRecord => ({
  seq: row.seq,
  at: new Date(row.created_at).toISOString(),
  action: row.action,
  outcome: row.outcome,
  service: row.service,
  token_id: row.token_id,
  subject: row.subject,
  correlation_id: row.correlation_id,
  command_id: row.command_id,
  session_id: row.session_id,
  account_id: row.account_id,
  platform: row.platform,
  detail: JSON.parse(row.detail) as Record<string, unknown>,
  prev_hash: row.prev_hash,
  hash: row.hash
});

/** @throws SyntaxError when `detail` is no JSON any more */
export function hashOf(row: Row): string {
  const { hash: _, ...content } = auditRecord(row);
  return digest('sha256', canonical(content));
}

const text = JSON.stringify;

/** The canonical JSON of a record without its hash, of a row whose `detail` is canonical itself: nothing is parsed, sorted or copied. */
const sealedText = (row: Row): string =>
  `{"account_id":${text(row.account_id)},"action":${text(row.action)},"at":"${new Date(row.created_at).toISOString()}",` +
  `"command_id":${text(row.command_id)},"correlation_id":${text(row.correlation_id)},"detail":${row.detail},` +
  `"outcome":${text(row.outcome)},"platform":${text(row.platform)},"prev_hash":"${row.prev_hash}","seq":${row.seq},` +
  `"service":${text(row.service)},"session_id":${text(row.session_id)},"subject":${text(row.subject)},` +
  `"token_id":${text(row.token_id)}}`;

/** The next record of the chain. @param of the actor whose step it is about: what the entry does not name is the actor's */
export function seal(head: AuditMark, entry: AuditEntry, of: ActorRecord, at: number): Row {
  const about = (field: keyof Subject) => entry[field] ?? of.subject[field];
  const row: Row = {
    seq: head.seq + 1,
    created_at: at,
    action: entry.action,
    outcome: entry.outcome,
    service: entry.service ?? null,
    token_id: entry.token_id ?? null,
    subject: entry.subject ?? of.address,
    correlation_id: about('correlation_id'),
    command_id: about('command_id'),
    session_id: about('session_id'),
    account_id: about('account_id'),
    platform: about('platform'),
    detail: canonical(entry.detail ?? {}),
    prev_hash: head.hash,
    hash: ''
  };
  row.hash = digest('sha256', sealedText(row));
  return row;
}

/** Where the chain goes on after a restart. Rows that were taken away behind the mark do not make it begin again there. */
export async function readHead(journal: Pick<Journal, 'find'>): Promise<AuditMark> {
  const [mark = GENESIS] = await journal.find('audit_marks', { name: 'head' }, 1);
  const [newest = GENESIS] = await journal.find('audit', {}, 1);
  const { seq, hash } = newest.seq > mark.seq ? newest : mark;
  return { seq, hash };
}
