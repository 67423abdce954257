/**
 * What goes when it is old, a slice at a time: each call is one short transaction, so that a commit never waits for more
 * than a slice. The rules, and why, are in `docs/decisions/retention.md`.
 */
import type { Address, AuditMark, Pruned, RetentionLimits } from '../host/contract.ts';
import type { Connection, Param } from './connection.ts';
import { sql } from './statements.ts';

/** Inside a transaction of the caller's. At most `slice` rows a table. */
export async function pruneSlice(writer: Connection, limits: RetentionLimits, slice: number): Promise<Pruned> {
  const pruned: Pruned = { events: 0, actors: [], keys: 0, files: [], tokens: 0, audit: 0, more: false };
  await pruneEvents(writer, limits, slice, pruned);
  if (limits.before !== undefined) {
    await pruneActors(writer, limits.before, slice, pruned);
    const over = 'revoked_at < ?1 OR expires_at < ?1';
    pruned.tokens = await changed(writer, `DELETE FROM tokens WHERE ${over}`, [limits.before]);
  }
  if (limits.auditThrough !== undefined) await pruneAudit(writer, limits.auditThrough, slice, pruned);
  return pruned;
}

/** Where a chain was cut is kept beside it: what follows is held to that hash. */
async function pruneAudit(writer: Connection, through: number, slice: number, pruned: Pruned) {
  const rows = await writer.all<AuditMark>('SELECT seq, hash FROM audit WHERE seq <= ? ORDER BY seq LIMIT ?', [
    through,
    slice
  ]);
  const last = rows.at(-1);
  if (!last) return;
  await writer.run(
    `INSERT INTO audit_marks (name, seq, hash) VALUES ('checkpoint', ?1, ?2)
      ON CONFLICT (name) DO UPDATE SET seq = ?1, hash = ?2`,
    [last.seq, last.hash]
  );
  pruned.audit = await changed(writer, 'DELETE FROM audit WHERE seq <= ?', [last.seq]);
  pruned.more ||= rows.length === slice;
}

async function pruneEvents(writer: Connection, { before, keep }: RetentionLimits, slice: number, pruned: Pruned) {
  const { tail, head } = (await writer.get<{ tail: number; head: number }>(sql.bounds))!;
  if (head === 0) return;
  const byCount = keep === undefined ? 0 : head - keep;
  const byAge = before === undefined ? 0 : await lastBefore(writer, before, { tail, head });
  // The newest row stays: the next cursor is counted from it.
  const last = Math.min(head - 1, Math.max(byCount, byAge));
  const to = Math.max(tail - 1, Math.min(last, tail + slice - 1));
  if (to >= tail) pruned.events = await changed(writer, 'DELETE FROM events WHERE cursor <= ?', [to]);
  const former = await changed(writer, formerBefore, [slice, to + 1]);
  pruned.more ||= to < last || former === slice;
}

/** What was over by the oldest row that is kept: they are in the order in which they ended. */
export const formerBefore =
  'DELETE FROM former WHERE seq IN (SELECT seq FROM former ORDER BY seq LIMIT ?1) AND until <= ?2';

/**
 * The newest cursor that is older than `before`, 0 for none. The log is in commit order, so that what lies before an
 * event that is too old is older still, whatever a clock that was moved has written on it.
 */
async function lastBefore(writer: Connection, before: number, { tail, head }: { tail: number; head: number }) {
  let [known, beyond] = [tail - 1, head + 1];
  while (beyond - known > 1) {
    const middle = Math.floor((known + beyond) / 2);
    const row = await writer.get<{ emitted_at: number }>('SELECT emitted_at FROM events WHERE cursor = ?', [middle]);
    if (row!.emitted_at < before) known = middle;
    else beyond = middle;
  }
  return known;
}

export const endedBefore = `SELECT seq, address, kind, id FROM actors INDEXED BY actors_ended
  WHERE status <> 'active' AND updated_at < ? ORDER BY updated_at LIMIT ?`;

async function pruneActors(writer: Connection, before: number, slice: number, pruned: Pruned) {
  const ended = await writer.all<{ seq: number; address: Address; kind: string; id: string }>(endedBefore, [
    before,
    slice
  ]);
  const among = 'IN (SELECT value FROM json_each(?1))';
  const commands = JSON.stringify(ended.filter(({ kind }) => kind === 'command').map(({ id }) => id));
  await writer.run(`DELETE FROM actors WHERE seq ${among}`, [JSON.stringify(ended.map(({ seq }) => seq))]);
  pruned.actors = ended.map(({ address }) => address);
  // What they were is made from what they became.
  await writer.run(`DELETE FROM former WHERE address ${among}`, [JSON.stringify(pruned.actors)]);
  pruned.keys = await changed(writer, `DELETE FROM idempotency WHERE command_id ${among}`, [commands]);

  for (const table of [
    'selector_sweeps',
    'actions',
    'posts',
    'post_stats',
    'dm_threads',
    'sora_drafts',
    'sora_usage'
  ]) {
    await writer.run(`DELETE FROM ${table} WHERE command_id ${among}`, [commands]);
  }
  const ofCommands = await writer.all<File>(`DELETE FROM artifacts WHERE command_id ${among} RETURNING sha256`, [
    commands
  ]);
  const ofNone = await writer.all<File>(
    `DELETE FROM artifacts WHERE id IN (SELECT id FROM artifacts INDEXED BY artifacts_of_none
      WHERE command_id IS NULL AND created_at < ? ORDER BY created_at LIMIT ?) RETURNING sha256`,
    [before, slice]
  );
  const gone = [...new Set([...ofCommands, ...ofNone].map(({ sha256 }) => sha256))];
  pruned.files = await unnamed(writer, gone);
  pruned.more ||= ended.length === slice || ofNone.length === slice;
}

interface File {
  sha256: string;
}

/** Those that no row of the artifacts names. */
async function unnamed(reader: Connection, files: string[]): Promise<string[]> {
  const found = await reader.all<File>(
    'SELECT DISTINCT sha256 FROM artifacts WHERE sha256 IN (SELECT value FROM json_each(?))',
    [JSON.stringify(files)]
  );
  const named = new Set(found.map(({ sha256 }) => sha256));
  return files.filter((sha256) => !named.has(sha256));
}

async function changed(writer: Connection, statement: string, params: Param[]): Promise<number> {
  await writer.run(statement, params);
  return (await writer.get<{ count: number }>('SELECT changes() AS count'))!.count;
}

const INCREMENTAL = 2;

export async function vacuumSlice(writer: Connection, bytes: number): Promise<{ bytes: number; freeBytes: number }> {
  const pragma = async (name: string) => (await writer.get<Record<string, number>>(`PRAGMA ${name}`))![name]!;
  const pageBytes = await pragma('page_size');
  const shrinks = (await pragma('auto_vacuum')) === INCREMENTAL;
  const pages = Math.ceil(bytes / pageBytes);
  if (shrinks && pages > 0) {
    // `exec`, because this pragma has to be stepped to its end and frees one page a step.
    await writer.exec(`PRAGMA incremental_vacuum(${pages})`);
    // The file gets shorter when the write-ahead log is moved into it.
    await writer.all('PRAGMA wal_checkpoint(PASSIVE)');
  }
  const freeBytes = shrinks ? (await pragma('freelist_count')) * pageBytes : 0;
  return { bytes: (await pragma('page_count')) * pageBytes, freeBytes };
}
