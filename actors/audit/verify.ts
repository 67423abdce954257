/**
 * Whether the audit log is as it was written. Its records are walked in order beside two other traces of them: the mark
 * of the newest, written with each, and the `audit.recorded` rows of the event log, as far back as that goes. So a record
 * that was changed and hashed anew, or cut off with all after it, is found as one that was merely changed.
 *
 * Whoever can write the whole database can make all three agree. What they cannot reach is a hash that a reader kept:
 * that is what `anchor` is for.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditFault, AuditVerification } from '../../schemas/generated/contracts.ts';
import type { AuditMark, Journal, Tables } from '../host/contract.ts';
import { GENESIS, hashOf } from './chain.ts';

type Reads = Pick<Journal, 'bounds' | 'find' | 'readAudit' | 'readEvents'>;
type Row = Tables['audit'];

/** Records of one read. */
const BATCH = 500;

/** @param anchor a record's place and hash as somebody kept them */
export async function verifyAudit(journal: Reads, anchor?: AuditMark): Promise<AuditVerification> {
  // In this order: what the event log knows by now is at or before the newest record.
  const { head: logHead } = await journal.bounds();
  const [head, checkpoint] = [await markOf(journal, 'head'), await markOf(journal, 'checkpoint')];
  const walk = new Walk(checkpoint, anchor);
  const told = new Told(journal, checkpoint.seq, logHead);
  let fault: AuditFault | null = null;
  for await (const row of records(journal, head.seq)) {
    fault = (await told.contradicts(row)) ?? walk.take(row);
    if (fault) break;
  }
  fault ??= walk.end(head) ?? (await behindHead(journal)) ?? (await told.more(walk.at));
  return { ok: fault === null, checked: walk.checked, fault, checkpoint, head };
}

async function markOf(journal: Reads, name: 'head' | 'checkpoint'): Promise<AuditMark> {
  const [{ seq, hash } = GENESIS] = await journal.find('audit_marks', { name }, 1);
  return { seq, hash };
}

async function* records(journal: Reads, through: number): AsyncGenerator<Row> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = await journal.readAudit(after, BATCH);
    for (const row of rows) if (row.seq <= through) yield row;
    const last = rows.at(-1);
    if (!last || last.seq >= through) return;
    after = last.seq;
    await nextTurn();
  }
}

/** A record and its mark are written together; looked at in this order, a record without one is nobody's of ours. */
async function behindHead(journal: Reads): Promise<AuditFault | null> {
  const [newest] = await journal.find('audit', {}, 1);
  const head = await markOf(journal, 'head');
  if (!newest || newest.seq <= head.seq) return null;
  const detail = `the newest record that was written is ${head.seq}, and there is a ${newest.seq}`;
  return { seq: head.seq + 1, problem: 'inserted', detail };
}

/** The chain itself. */
class Walk {
  checked = 0;
  #at: AuditMark;
  /** Hash of the record before `#at`. */
  #before: string | null = null;
  readonly #checkpoint: AuditMark;
  readonly #anchor: AuditMark | undefined;
  /** How far retention said that it would remove. */
  #pruned: AuditMark = GENESIS;
  #anchored = false;

  constructor(checkpoint: AuditMark, anchor: AuditMark | undefined) {
    this.#at = checkpoint;
    this.#checkpoint = checkpoint;
    this.#anchor = anchor;
  }

  get at(): number {
    return this.#at.seq;
  }

  take(row: Row): AuditFault | null {
    const next = this.#at.seq + 1;
    if (row.seq < next) {
      const detail = `all up to ${this.#checkpoint.seq} were removed by retention, and this one is there`;
      return { seq: row.seq, problem: 'inserted', detail };
    }
    if (row.seq > next) {
      return { seq: next, problem: 'missing', detail: `the record after ${this.#at.seq} is ${row.seq}` };
    }
    const misfit = this.#misfit(row);
    if (misfit) return misfit;
    if (this.#anchor?.seq === row.seq) {
      this.#anchored = true;
      if (this.#anchor.hash !== row.hash) {
        return { seq: row.seq, problem: 'anchor', detail: `its hash is ${row.hash}; ${this.#anchor.hash} was kept` };
      }
    }
    this.#notePruning(row);
    this.#before = this.#at.hash;
    this.#at = { seq: row.seq, hash: row.hash };
    this.checked++;
    return null;
  }

  #misfit(row: Row): AuditFault | null {
    const { seq } = row;
    const follows = row.prev_hash === this.#at.hash;
    if (isItself(row)) {
      if (follows) return null;
      // It is as it was written, so what it names as the one before it was there.
      return this.#at.seq === this.#checkpoint.seq
        ? { seq: this.#at.seq, problem: 'removed', detail: `record ${seq} follows another than the checkpoint's` }
        : { seq: this.#at.seq, problem: 'changed', detail: `record ${seq} was made after one with another hash` };
    }
    if (!follows && row.prev_hash === this.#before) {
      return {
        seq: this.#at.seq,
        problem: 'inserted',
        detail: `record ${seq} was made right after ${this.#at.seq - 1}`
      };
    }
    return { seq, problem: 'changed', detail: 'its content has another hash than it was written with' };
  }

  #notePruning({ action, detail }: Row) {
    if (action !== PRUNED) return;
    const { through, hash } = JSON.parse(detail) as { through?: unknown; hash?: unknown };
    if (typeof through === 'number' && through > this.#pruned.seq) this.#pruned = { seq: through, hash: String(hash) };
  }

  end(head: AuditMark): AuditFault | null {
    const { seq, hash } = this.#at;
    if (seq < head.seq) {
      return {
        seq: seq + 1,
        problem: 'cut',
        detail: `the newest record was ${head.seq}, and the last one there is ${seq}`
      };
    }
    if (hash !== head.hash && head.seq > 0) {
      return { seq, problem: 'changed', detail: 'its hash is not the one that was noted when it was written' };
    }
    const gone = this.#checkpoint;
    const isSaid = gone.seq < this.#pruned.seq || (gone.seq === this.#pruned.seq && gone.hash === this.#pruned.hash);
    if (gone.seq > 0 && !isSaid) {
      return {
        seq: gone.seq,
        problem: 'removed',
        detail: `no record says that all up to ${gone.seq} were to be removed`
      };
    }
    const anchor = this.#anchor;
    if (!anchor || this.#anchored || anchor.seq === 0) return null;
    return anchor.seq > seq
      ? { seq: seq + 1, problem: 'cut', detail: `record ${anchor.seq} was kept, and the last one there is ${seq}` }
      : { seq: anchor.seq, problem: 'anchor', detail: 'it was removed by retention; keep a newer one' };
  }
}

/** What retention records before it removes anything of the log. */
export const PRUNED = 'audit.pruned';

function isItself(row: Row): boolean {
  try {
    return hashOf(row) === row.hash;
  } catch {
    return false; // its detail is no JSON any more
  }
}

/** What the event log has heard of the records, in their order. */
class Told {
  readonly #marks: AsyncGenerator<AuditMark>;
  #next: AuditMark | null | undefined;

  constructor(journal: Reads, after: number, cursor: number) {
    this.#marks = marksIn(journal, after, cursor);
  }

  async contradicts(row: Row): Promise<AuditFault | null> {
    const mark = await this.#peek();
    if (!mark || mark.seq > row.seq) return null;
    this.#next = undefined;
    if (mark.seq < row.seq) {
      return { seq: mark.seq, problem: 'missing', detail: 'the event log knows of it, and it is not there' };
    }
    if (mark.hash === row.hash) return null;
    return { seq: row.seq, problem: 'changed', detail: `the event log has its hash as ${mark.hash}` };
  }

  /** Of records behind the last one there is. */
  async more(last: number): Promise<AuditFault | null> {
    const mark = await this.#peek();
    if (!mark || mark.seq <= last) return null;
    return { seq: last + 1, problem: 'cut', detail: `the event log knows of record ${mark.seq}` };
  }

  async #peek(): Promise<AuditMark | null> {
    if (this.#next === undefined) {
      const { value, done } = await this.#marks.next();
      this.#next = done ? null : (value as AuditMark);
    }
    return this.#next;
  }
}

/** Of records after this one, in rows up to this cursor. */
async function* marksIn(journal: Reads, after: number, cursor: number): AsyncGenerator<AuditMark> {
  for (let position = 0; ; ) {
    const { rows, scannedTo } = await journal.readEvents(position, BATCH, { event_types: ['audit.recorded'] });
    for (const row of rows) {
      const { seq, hash } = row.payload.record as AuditMark;
      if (row.cursor <= cursor && seq > after) yield { seq, hash };
    }
    if (scannedTo <= position || scannedTo >= cursor) return;
    position = scannedTo;
  }
}
