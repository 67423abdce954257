/**
 * Which session an account has open, and how many commands wait in it: two commands that come together must find the
 * same session.
 *
 * At the start only the sessions that wait for a browser are read, which are few. What is asked for the first time (an account, a session, its line of commands) is read
 * from the journal and from then on kept up from the log; past a bound what nobody is in the middle of is let go and read
 * again when it is asked for. Who asks hands over what to do with the answer: it is done in the same turn in which the
 * answer was whole, so that from looking to promising nothing comes in between. What is promised and not yet in the log
 * is held here alone.
 */
import type { SessionInput } from '../../actors/command/kinds.ts';
import type { ActorHost, ActorQuery, ActorRecord, EventRow } from '../../actors/host/contract.ts';

export type { SessionInput };

export interface OpenSession {
  sessionId: string;
  accountId: string | null;
  platform: string;
  state: string;
}

export interface SessionDirectory {
  /**
   * `use` gets the session new work of an account goes to, promised ones included, in the turn in which it is sure.
   * @throws ControlError JOURNAL_UNAVAILABLE, and what `use` throws
   */
  ofAccount<T>(accountId: string, platform: string, use: (open: OpenSession | undefined) => T): Promise<T>;
  /** The same for one session, also one that has ended. */
  ofSession<T>(sessionId: string, use: (session: OpenSession | undefined) => T): Promise<T>;

  // Inside `use`

  /** An open or promised session, when it is the one `use` is about. */
  get(sessionId: string): OpenSession | undefined;
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

  /** Accounts and sessions in memory. */
  readonly size: number;
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
const COMMAND_ENDED = ['SUCCEEDED', 'FAILED', 'CANCELLED'];

export interface DirectoryOptions {
  /** Accounts and sessions kept in memory, about. Default 10,000. */
  limit?: number;
}

export async function openSessionDirectory(
  host: ActorHost,
  { limit = 10_000 }: DirectoryOptions = {}
): Promise<SessionDirectory> {
  const directory = new Directory(host, limit);
  directory.close = host.onCommit((rows) => {
    for (const row of rows) directory.see(row);
  });
  await directory.readThoseInLine();
  return directory;
}

/** A session that is open or promised. */
interface Room extends OpenSession {
  /** Of the newest row it is known from; 0 while it is only promised. */
  cursor: number;
  promise: { input: SessionInput; holders: number } | undefined;
  line: Line;
}

/** The living commands of a session. */
class Line {
  /** All of them are here, and not only those that were heard of. */
  isWhole = false;
  readonly #commands = new Map<string, { waits: boolean; cursor: number }>();
  /** Ended while the others were being read. */
  readonly #ended = new Set<string>();
  waiting = 0;
  /** Entered, and not yet in the log. */
  entering = 0;

  put(commandId: string, waits: boolean, cursor: number): void {
    const known = this.#commands.get(commandId);
    if ((known && known.cursor > cursor) || this.#ended.has(commandId)) return;
    this.#take(commandId);
    this.#commands.set(commandId, { waits, cursor });
    if (waits) this.waiting++;
    if (cursor === 0) this.entering++;
  }

  end(commandId: string): void {
    this.#take(commandId);
    if (!this.isWhole) this.#ended.add(commandId);
  }

  /** Nothing came of it; what is in the log by now stays. */
  leave(commandId: string): void {
    if (this.#commands.get(commandId)?.cursor === 0) this.#take(commandId);
  }

  read(): void {
    this.isWhole = true;
    this.#ended.clear();
  }

  #take(commandId: string): void {
    const known = this.#commands.get(commandId);
    if (!known) return;
    this.#commands.delete(commandId);
    if (known.waits) this.waiting--;
    if (known.cursor === 0) this.entering--;
  }
}

class Directory implements SessionDirectory {
  readonly #host: ActorHost;
  readonly #limit: number;
  readonly #rooms = new Map<string, Room>();
  /** The rooms of an account, in the order they were heard of. */
  readonly #byAccount = new Map<string, Set<Room>>();
  /** Accounts whose open sessions are all in `#rooms`. */
  readonly #whole = new Set<string>();
  /** By account or session: who asks for what is being read waits for that. */
  readonly #reading = new Map<string, Promise<unknown>>();
  /** Sessions that ended while something was being read: what was read may not know yet. */
  readonly #ended = new Set<string>();
  /** Accounts and sessions that somebody asks for now: they are not let go before the answer. */
  readonly #asked = new Map<string, number>();
  readonly #inLine = new Set<string>();
  /** Sessions that moved while those in line were being read at the start. */
  #moved: Set<string> | undefined = new Set();
  #letGoAt: number;
  close = () => {};

  constructor(host: ActorHost, limit: number) {
    this.#host = host;
    this.#limit = limit;
    this.#letGoAt = limit;
  }

  get size(): number {
    return this.#rooms.size + this.#whole.size;
  }

  async ofAccount<T>(accountId: string, platform: string, use: (open: OpenSession | undefined) => T): Promise<T> {
    const key = accountKey(accountId, platform);
    return this.#asking(key, async () => {
      for (;;) {
        const open = this.#openOf(key);
        if (!this.#whole.has(key)) await this.#once(key, () => this.#readAccount(key, accountId, platform));
        else if (!open || open.line.isWhole) return use(open);
        else await this.#once(`line ${open.sessionId}`, () => this.#readLine(open));
      }
    });
  }

  async ofSession<T>(sessionId: string, use: (session: OpenSession | undefined) => T): Promise<T> {
    const key = sessionKey(sessionId);
    return this.#asking(key, async () => {
      for (;;) {
        const room = this.#rooms.get(sessionId);
        if (!room) {
          const found = await this.#once(key, () => this.#readSession(sessionId));
          if (!this.#rooms.has(sessionId) && (!found || ENDED.includes(found.state))) return use(found);
        } else if (room.line.isWhole) {
          return use(room);
        } else {
          await this.#once(`line ${sessionId}`, () => this.#readLine(room));
        }
      }
    });
  }

  async #asking<T>(key: string, work: () => Promise<T>): Promise<T> {
    this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const others = (this.#asked.get(key) as number) - 1;
      if (others > 0) this.#asked.set(key, others);
      else this.#asked.delete(key);
    }
  }

  get(sessionId: string): OpenSession | undefined {
    return this.#rooms.get(sessionId);
  }

  promised(sessionId: string): SessionInput | undefined {
    return this.#rooms.get(sessionId)?.promise?.input;
  }

  promise(input: SessionInput): () => void {
    const room =
      this.#rooms.get(input.sessionId) ??
      this.#put({ ...input, state: 'CREATED', cursor: 0, promise: undefined, line: new Line() });
    const held = room.promise ?? { input, holders: 0 };
    room.promise = held;
    held.holders++;
    if (room.cursor === 0) this.#inLine.add(room.sessionId);
    return once(() => {
      held.holders--;
      if (held.holders > 0 || room.promise !== held) return;
      room.promise = undefined;
      if (room.cursor > 0) return;
      this.#inLine.delete(room.sessionId);
      this.#remove(room);
    });
  }

  waiting(sessionId: string): number {
    return this.#rooms.get(sessionId)?.line.waiting ?? 0;
  }

  inLine(): number {
    return this.#inLine.size;
  }

  enter(commandId: string, sessionId: string): () => void {
    const line = this.#rooms.get(sessionId)?.line;
    line?.put(commandId, true, 0);
    return once(() => line?.leave(commandId));
  }

  // The log

  see(row: EventRow): void {
    const state = firstSegment(row.payload.to);
    // Of somebody who does not exist.
    if (state === '') return;
    if (row.actorKind === 'session') this.#seeSession(row, state);
    const { session_id } = row.subject;
    if (row.actorKind !== 'command' || session_id === null) return;
    const line = this.#rooms.get(session_id)?.line;
    if (COMMAND_ENDED.includes(state) || row.type === 'actor.failed') line?.end(row.actorId);
    else line?.put(row.actorId, WAITS.includes(state), row.cursor);
  }

  #seeSession({ actorId, cursor, subject, type, payload }: EventRow, state: string): void {
    const room = this.#rooms.get(actorId);
    this.#moved?.add(actorId);
    if (ASKS.includes(state) && type !== 'actor.failed') this.#inLine.add(actorId);
    else this.#inLine.delete(actorId);
    const { account_id: accountId } = subject;
    const platform = subject.platform ?? '';
    if (ENDED.includes(state) || type === 'actor.failed') {
      if (this.#reading.size > 0) this.#ended.add(actorId);
      if (room) this.#remove(room);
      return;
    }
    const isAskedFor = accountId !== null && this.#whole.has(accountKey(accountId, platform));
    if (!room && !isAskedFor && this.#reading.size === 0) return;
    const closes = room?.state === 'CLOSING' || (payload.event === 'session.close' && type !== 'event.rejected');
    this.#know({ sessionId: actorId, accountId, platform, state: closes ? 'CLOSING' : state }, cursor);
  }

  /** What the log or the journal says of an open session; the newer counts. */
  #know(session: OpenSession, cursor: number): void {
    const room = this.#rooms.get(session.sessionId);
    if (this.#ended.has(session.sessionId) || (room && room.cursor > cursor)) return;
    if (!room) this.#put({ ...session, cursor, promise: undefined, line: new Line() });
    else Object.assign(room, { state: session.state, cursor, promise: undefined });
  }

  // The journal

  async readThoseInLine(): Promise<void> {
    for await (const { id } of this.#living({ kind: 'session', state: ASKS })) {
      if (!this.#moved?.has(id)) this.#inLine.add(id);
    }
    this.#moved = undefined;
  }

  /** One read of a thing at a time. */
  #once<T>(key: string, read: () => Promise<T>): Promise<T> {
    const under = this.#reading.get(key) as Promise<T> | undefined;
    if (under) return under;
    this.#letGo();
    const reading = read().finally(() => {
      this.#reading.delete(key);
      if (this.#reading.size === 0) this.#ended.clear();
    });
    this.#reading.set(key, reading);
    return reading;
  }

  async #readAccount(key: string, account_id: string, platform: string): Promise<void> {
    const toMake: SessionInput[] = [];
    for await (const record of this.#living({ account_id, platform })) {
      if (record.kind === 'session') this.#knowRecord(record);
      else if (record.kind === 'command') toMake.push(...awaitedBy(record));
    }
    for (const input of toMake) {
      if (!this.#rooms.has(input.sessionId)) await this.#readSession(input.sessionId);
    }
    this.#whole.add(key);
  }

  /** An open one is in memory afterwards; one that has ended is only told of. */
  async #readSession(sessionId: string): Promise<OpenSession | undefined> {
    const [record] = await this.#host.journal.loadActors([`session/${sessionId}`]);
    if (record?.status === 'active') this.#knowRecord(record);
    if (record) return asOpenSession(record);
    // Accepted commands that are about to make it.
    for await (const command of this.#living({ kind: 'command', session_id: sessionId })) {
      const [input] = awaitedBy(command);
      if (input?.sessionId !== sessionId || this.#rooms.has(sessionId) || this.#ended.has(sessionId)) continue;
      // Nobody holds it: read again, it is the same.
      const promise = { input, holders: 0 };
      this.#put({ ...input, state: 'CREATED', cursor: 0, promise, line: new Line() });
    }
    return this.#rooms.get(sessionId);
  }

  async #readLine({ sessionId, line }: Room): Promise<void> {
    for await (const record of this.#living({ kind: 'command', session_id: sessionId })) {
      line.put(record.id, WAITS.includes(firstSegment(record.state)), record.lastCursor);
    }
    line.read();
  }

  async *#living(query: Omit<ActorQuery, 'status' | 'limit' | 'page'>) {
    for (let page: string | null | undefined; page !== null; ) {
      const found: { items: ActorRecord[]; next: string | null } = await this.#host.journal.queryActors({
        ...query,
        status: 'active',
        limit: 500,
        ...(page === undefined ? {} : { page })
      });
      yield* found.items;
      page = found.next;
    }
  }

  #knowRecord(record: ActorRecord): void {
    this.#know(asOpenSession(record), record.lastCursor);
  }

  // Rooms

  #openOf(key: string): Room | undefined {
    for (const room of this.#byAccount.get(key) ?? []) if (!TAKES_NO_WORK.includes(room.state)) return room;
    return undefined;
  }

  #put(room: Room): Room {
    this.#rooms.set(room.sessionId, room);
    if (room.accountId !== null) {
      this.#byAccount.set(keyOf(room), (this.#byAccount.get(keyOf(room)) ?? new Set()).add(room));
    }
    return room;
  }

  #remove(room: Room): void {
    if (this.#rooms.get(room.sessionId) !== room) return;
    this.#rooms.delete(room.sessionId);
    const rooms = this.#byAccount.get(keyOf(room));
    rooms?.delete(room);
    if (rooms?.size === 0) this.#byAccount.delete(keyOf(room));
  }

  /** Past the bound: all that nobody is in the middle of. */
  #letGo(): void {
    if (this.size < this.#letGoAt) return;
    for (const key of this.#whole) if (!this.#asked.has(key)) this.#whole.delete(key);
    for (const room of this.#rooms.values()) {
      const isAsked = this.#asked.has(keyOf(room)) || this.#asked.has(sessionKey(room.sessionId));
      if (!isAsked && !room.promise?.holders && room.line.entering === 0) this.#remove(room);
    }
    this.#letGoAt = Math.max(this.#limit, 2 * this.size);
  }
}

function asOpenSession({ id, subject, state, status, snapshot }: ActorRecord): OpenSession {
  const first = firstSegment(state);
  const closes = snapshot.context.closing === true && !ENDED.includes(first);
  const broke = status !== 'active' && !ENDED.includes(first);
  return {
    sessionId: id,
    accountId: subject.account_id,
    platform: subject.platform ?? '',
    state: broke ? 'FAILED' : closes ? 'CLOSING' : first
  };
}

/** How a command would have its session made, if nobody has. */
function awaitedBy({ snapshot }: ActorRecord): SessionInput[] {
  const input = snapshot.context.createSession as SessionInput | null;
  return input ? [input] : [];
}

const accountKey = (accountId: string, platform: string) => `account ${platform} ${accountId}`;
const keyOf = ({ accountId, platform }: OpenSession) => accountKey(accountId ?? '', platform);
const sessionKey = (sessionId: string) => `session ${sessionId}`;
const firstSegment = (path: string) => path.split(/[.,]/, 1)[0] as string;

const once = (work: () => void) => {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
};
