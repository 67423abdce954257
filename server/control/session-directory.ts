/**
 * Which session an account has open, and how many commands wait in it, answered at once: two commands that come together
 * must find the same session. Kept from the log; what is promised and not yet in the log is held here.
 */
import type { SessionInput } from '../../actors/command/kinds.ts';
import type { ActorHost, ActorRecord, EventRow } from '../../actors/host/contract.ts';

export type { SessionInput };

export interface OpenSession {
  sessionId: string;
  accountId: string | null;
  platform: string;
  state: string;
}

export interface SessionDirectory {
  /** An open session: neither CLOSED nor FAILED. */
  get(sessionId: string): OpenSession | undefined;
  /** The session new work of an account goes to, promised ones included. */
  find(accountId: string, platform: string): OpenSession | undefined;
  /** How the session must be made, while it is promised and not yet seen in the log. */
  promised(sessionId: string): SessionInput | undefined;
  /** Promises a session; `release` when nothing came of it. The promise stands until all who made it released it. */
  promise(input: SessionInput): () => void;
  /** Commands that wait in a session. */
  waiting(sessionId: string): number;
  /** Sessions that wait for a browser, promised ones included. */
  inLine(): number;
  /** Counts a command that is about to be made; the returned function takes it back. */
  enter(commandId: string, sessionId: string): () => void;
  close(): void;
}

const ENDED = ['CLOSED', 'FAILED'];
/**
 * A session that closes takes no more work: the account's next command gets a new one. It counts as closing from when
 * it was asked to, though what runs in it may keep it BUSY for a while.
 */
const TAKES_NO_WORK = [...ENDED, 'CLOSING'];
/** In these a session asks for a browser. */
const ASKS = ['CREATED', 'QUEUED', 'LOST'];
const WAITS = ['CREATED', 'QUEUED', 'AWAITING_APPROVAL'];

interface Entry extends OpenSession {
  cursor: number;
}

export async function openSessionDirectory(host: ActorHost): Promise<SessionDirectory> {
  const directory = new Directory();
  const stop = host.onCommit((rows) => {
    for (const row of rows) directory.see(row);
  });
  directory.close = stop;
  /** Sessions that an accepted command is about to make. */
  const awaited = new Map<string, SessionInput>();
  for (const kind of ['session', 'command']) {
    for (let page: string | null | undefined; page !== null; ) {
      const found = await host.journal.queryActors({ kind, status: 'active', limit: 500, ...(page ? { page } : {}) });
      for (const record of found.items) {
        directory.know(record);
        const input = kind === 'command' ? (record.snapshot.context.createSession as SessionInput | null) : null;
        if (input) awaited.set(input.sessionId, input);
      }
      page = found.next;
    }
  }
  for (const [sessionId, input] of awaited) {
    if (directory.get(sessionId) || (await host.read(`session/${sessionId}`))) continue;
    if (!directory.get(sessionId)) directory.promise(input);
  }
  directory.opened();
  return directory;
}

class Directory implements SessionDirectory {
  readonly #sessions = new Map<string, Entry>();
  readonly #inLine = new Set<string>();
  readonly #byAccount = new Map<string, string>();
  readonly #promises = new Map<string, { input: SessionInput; holders: number }>();
  readonly #commands = new Map<string, { sessionId: string; waits: boolean; cursor: number }>();
  readonly #waiting = new Map<string, number>();
  /** What ended while the start was still reading: the pages it reads may not know yet. */
  #endedMeanwhile: Set<string> | undefined = new Set();
  close = () => {};

  opened(): void {
    this.#endedMeanwhile = undefined;
  }

  get(sessionId: string): OpenSession | undefined {
    return this.#sessions.get(sessionId);
  }

  find(accountId: string, platform: string): OpenSession | undefined {
    const sessionId = this.#byAccount.get(accountKey(accountId, platform));
    return sessionId === undefined ? undefined : this.#sessions.get(sessionId);
  }

  promised(sessionId: string): SessionInput | undefined {
    return this.#promises.get(sessionId)?.input;
  }

  promise(input: SessionInput): () => void {
    const held = this.#promises.get(input.sessionId) ?? { input, holders: 0 };
    held.holders += 1;
    this.#promises.set(input.sessionId, held);
    if (!this.#sessions.has(input.sessionId)) this.#put({ ...input, state: 'CREATED', cursor: 0 });
    return once(() => {
      held.holders -= 1;
      if (held.holders > 0 || this.#promises.get(input.sessionId) !== held) return;
      this.#promises.delete(input.sessionId);
      const entry = this.#sessions.get(input.sessionId);
      if (entry && entry.cursor === 0) this.#remove(entry);
    });
  }

  waiting(sessionId: string): number {
    return this.#waiting.get(sessionId) ?? 0;
  }

  inLine(): number {
    return this.#inLine.size;
  }

  enter(commandId: string, sessionId: string): () => void {
    this.#command(commandId, sessionId, true, 0);
    return once(() => {
      if (this.#commands.get(commandId)?.cursor === 0) this.#forget(commandId);
    });
  }

  /** An actor as it was found at the start; what the log said meanwhile is newer. */
  know(record: ActorRecord): void {
    if (this.#endedMeanwhile?.has(record.id)) return;
    const { session_id, account_id, platform } = record.subject;
    const state = firstSegment(record.state);
    if (record.kind === 'session') {
      const closing = record.snapshot.context.closing === true && !ENDED.includes(state);
      this.#session(record.id, account_id, platform ?? '', closing ? 'CLOSING' : state, record.lastCursor);
    } else if (session_id !== null) {
      this.#command(record.id, session_id, WAITS.includes(state), record.lastCursor);
    }
  }

  see(row: EventRow): void {
    const { session_id, account_id, platform } = row.subject;
    const state = firstSegment(row.payload.to);
    if (row.actorKind === 'session') {
      const { event } = row.payload;
      const closing =
        this.#sessions.get(row.actorId)?.state === 'CLOSING' ||
        (event === 'session.close' && row.type !== 'event.rejected');
      const known = closing && !ENDED.includes(state) ? 'CLOSING' : state;
      this.#session(row.actorId, account_id, platform ?? '', known, row.cursor);
    } else if (row.actorKind === 'command' && session_id !== null) {
      if (['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(state) || row.type === 'actor.failed')
        this.#forget(row.actorId);
      else this.#command(row.actorId, session_id, WAITS.includes(state), row.cursor);
    }
  }

  #session(sessionId: string, accountId: string | null, platform: string, state: string, cursor: number): void {
    const entry = this.#sessions.get(sessionId);
    if (entry && entry.cursor > cursor) return;
    this.#promises.delete(sessionId);
    if (ENDED.includes(state)) {
      this.#endedMeanwhile?.add(sessionId);
      if (entry) this.#remove(entry);
    } else {
      this.#put({ sessionId, accountId, platform, state, cursor });
    }
  }

  #put(entry: Entry): void {
    this.#sessions.set(entry.sessionId, entry);
    if (ASKS.includes(entry.state)) this.#inLine.add(entry.sessionId);
    else this.#inLine.delete(entry.sessionId);
    if (entry.accountId === null) return;
    const key = accountKey(entry.accountId, entry.platform);
    const holder = this.#byAccount.get(key);
    if (TAKES_NO_WORK.includes(entry.state)) {
      if (holder === entry.sessionId) this.#byAccount.delete(key);
    } else if (holder === undefined) {
      this.#byAccount.set(key, entry.sessionId);
    }
  }

  #remove(entry: Entry): void {
    this.#sessions.delete(entry.sessionId);
    this.#inLine.delete(entry.sessionId);
    const key = accountKey(entry.accountId ?? '', entry.platform);
    if (this.#byAccount.get(key) === entry.sessionId) this.#byAccount.delete(key);
  }

  #command(commandId: string, sessionId: string, waits: boolean, cursor: number): void {
    const known = this.#commands.get(commandId);
    if (known && known.cursor > cursor) return;
    if (known?.waits) this.#count(known.sessionId, -1);
    this.#commands.set(commandId, { sessionId, waits, cursor });
    if (waits) this.#count(sessionId, 1);
  }

  #forget(commandId: string): void {
    this.#endedMeanwhile?.add(commandId);
    const known = this.#commands.get(commandId);
    if (known?.waits) this.#count(known.sessionId, -1);
    this.#commands.delete(commandId);
  }

  #count(sessionId: string, by: number): void {
    const waiting = this.waiting(sessionId) + by;
    if (waiting > 0) this.#waiting.set(sessionId, waiting);
    else this.#waiting.delete(sessionId);
  }
}

const accountKey = (accountId: string, platform: string) => `${platform} ${accountId}`;
const firstSegment = (path: string) => path.split(/[.,]/, 1)[0] as string;

const once = (work: () => void) => {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
};
