import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ActorHost, ActorQuery, ActorRecord, EventRow } from '../../actors/host/contract.ts';
import {
  openSessionDirectory,
  type SessionDirectory,
  type SessionInput
} from '../../server/control/session-directory.ts';
import { actorOf, batchOf, eventAt, nobody } from '../actors/journal/samples.ts';
import { MemoryJournal } from '../support/memory-journal.ts';

const subjectOf = (session_id: string, account_id: string | null) => ({
  ...nobody,
  session_id,
  account_id,
  platform: 'x'
});

/** A log that a test writes by hand: an actor moves, and whoever listens hears of it. */
class Log {
  readonly journal = new MemoryJournal();
  /** Records that were read from the journal. */
  read = 0;
  /** Called between a read of the journal and its answer. */
  meanwhile = async () => {};
  #head = 0;
  #listeners: ((rows: EventRow[], head: number) => void)[] = [];

  readonly host = {
    journal: {
      queryActors: async (query: ActorQuery) => {
        const found = await this.journal.queryActors(query);
        this.read += found.items.length;
        await this.meanwhile();
        return found;
      },
      loadActors: async (addresses: string[]) => {
        const found = await this.journal.loadActors(addresses);
        this.read += found.length;
        await this.meanwhile();
        return found;
      }
    },
    onCommit: (listener: (rows: EventRow[], head: number) => void) => {
      this.#listeners.push(listener);
      return () => {};
    }
  } as unknown as ActorHost;

  async moves(address: string, state: string, part: Partial<ActorRecord> = {}, event = 'x') {
    const status = /CLOSED|FAILED|SUCCEEDED/.test(state) ? 'done' : 'active';
    const record = actorOf(address, { state, status, ...part, lastCursor: ++this.#head });
    const row = eventAt(this.#head, {
      actorKind: record.kind,
      actorId: record.id,
      subject: record.subject,
      payload: { actor: { kind: record.kind, id: record.id }, from: null, to: state, event }
    });
    await this.journal.commit(batchOf({ events: [row], actors: [record] }));
    for (const listener of this.#listeners) listener([row], this.#head);
  }

  session(id: string, account: string | null, state = 'READY', event = 'x') {
    return this.moves(`session/${id}`, state, { subject: subjectOf(id, account) }, event);
  }

  command(id: string, sessionId: string, account: string | null, state = 'QUEUED.waiting', createSession?: unknown) {
    const record = actorOf(`command/${id}`);
    const snapshot = { ...record.snapshot, context: { createSession: createSession ?? null } };
    return this.moves(`command/${id}`, state, { subject: subjectOf(sessionId, account), snapshot });
  }
}

async function opened(limit?: number) {
  const log = new Log();
  await log.journal.open();
  return { log, open: () => openSessionDirectory(log.host, limit === undefined ? {} : { limit }) };
}

const input = (sessionId: string, accountId: string | null): SessionInput =>
  ({
    sessionId,
    accountId,
    platform: 'x',
    browser: 'safari',
    device: 'desktop',
    idleLimitMs: 1,
    parkLimitMs: 1
  }) as SessionInput;

const idOf = (directory: SessionDirectory, account: string) =>
  directory.ofAccount(account, 'x', (open) => open?.sessionId);

describe('the directory of sessions', () => {
  it('reads nothing at the start, and of thousands only what it is asked for, once', async () => {
    const { log, open } = await opened();
    for (let i = 0; i < 2_000; i++) await log.session(`s${i}`, `a${i}`, 'PARKED.resting');
    for (let i = 0; i < 5; i++) await log.command(`c${i}`, 's7', 'a7');
    const directory = await open();
    assert.equal(log.read, 0);
    assert.equal(await idOf(directory, 'a7'), 's7');
    assert.ok(log.read <= 20, `${log.read} records were read for one account`);
    const before = log.read;
    await directory.ofAccount('a7', 'x', () => assert.equal(directory.waiting('s7'), 5));
    await directory.ofSession('s7', (session) => assert.equal(session?.state, 'PARKED'));
    assert.equal(log.read, before, 'what is known is not read again');
    assert.equal(await idOf(directory, 'nobody'), undefined);
  });

  it('gives many who come at once for an account the same new session', async () => {
    const { log, open } = await opened();
    const directory = await open();
    log.meanwhile = () => new Promise((resolve) => setImmediate(resolve));
    let made = 0;
    const choose = (account: string, command: string) =>
      directory.ofAccount(account, 'x', (found) => {
        const sessionId = found?.sessionId ?? `new-${++made}`;
        directory.promise(directory.promised(sessionId) ?? input(sessionId, account));
        directory.enter(command, sessionId);
        return sessionId;
      });
    const chosen = await Promise.all(Array.from({ length: 60 }, (_, i) => choose(`a${i % 3}`, `c${i}`)));
    assert.equal(new Set(chosen).size, 3);
    assert.equal(made, 3);
    assert.equal(directory.waiting(chosen[0]!), 20);
    // Durable now; who comes later finds it, also when it is not remembered as promised.
    await log.session(chosen[0]!, 'a0', 'QUEUED');
    assert.equal(directory.promised(chosen[0]!), undefined);
    assert.equal(await choose('a0', 'late'), chosen[0]);
  });

  it('forgets a promise that nothing came of', async () => {
    const { open } = await opened();
    const directory = await open();
    const release = await directory.ofAccount('a', 'x', () => {
      const [one, two] = [directory.promise(input('s', 'a')), directory.promise(input('s', 'a'))];
      one();
      return two;
    });
    assert.equal(await idOf(directory, 'a'), 's', 'another still holds it');
    release();
    release();
    assert.equal(await idOf(directory, 'a'), undefined);
  });

  it('knows what happens while it reads', async () => {
    const { log, open } = await opened();
    await log.session('s1', 'a');
    await log.command('c1', 's1', 'a');
    await log.command('c2', 's1', 'a');
    const directory = await open();
    let once = async () => {
      once = async () => {};
      await log.session('s1', 'a', 'CLOSED');
      await log.session('s2', 'a', 'QUEUED');
    };
    log.meanwhile = () => once();
    assert.equal(await idOf(directory, 'a'), 's2');

    const other = await open();
    once = async () => {
      once = async () => {};
      await log.command('c1', 's2', 'a', 'SUCCEEDED');
      await log.command('c3', 's2', 'a');
    };
    await other.ofSession('s2', () => assert.equal(other.waiting('s2'), 1));
  });

  it('takes a session that was asked to close for one that takes no work, however it learns of it', async () => {
    const { log, open } = await opened();
    await log.session('s1', 'a', 'BUSY');
    const directory = await open();
    assert.equal(await idOf(directory, 'a'), 's1');
    await log.session('s1', 'a', 'BUSY', 'session.close');
    assert.equal(await idOf(directory, 'a'), undefined);
    await directory.ofSession('s1', (session) => assert.equal(session?.state, 'CLOSING'));

    const record = actorOf('session/s1');
    const snapshot = { ...record.snapshot, context: { closing: true } };
    await log.moves('session/s1', 'BUSY', { subject: subjectOf('s1', 'a'), snapshot });
    assert.equal(await idOf(await open(), 'a'), undefined);
  });

  it('counts those that wait for a browser', async () => {
    const { log, open } = await opened();
    await log.session('s1', 'a', 'QUEUED');
    await log.session('s2', 'b', 'LOST.waiting');
    await log.session('s3', 'c', 'PARKED.resting');
    await log.session('s4', 'd', 'QUEUED');
    log.meanwhile = async () => {
      log.meanwhile = async () => {};
      await log.session('s4', 'd', 'STARTING');
      await log.session('s5', 'e', 'QUEUED');
    };
    const directory = await open();
    assert.equal(directory.inLine(), 3);
    const release = await directory.ofAccount('f', 'x', () => directory.promise(input('s6', 'f')));
    assert.equal(directory.inLine(), 4);
    release();
    await log.session('s1', 'a', 'FAILED');
    await log.session('s3', 'c', 'QUEUED');
    assert.equal(directory.inLine(), 3);
  });

  it('says of a session that has ended or broken how it is, and of none that there is none', async () => {
    const { log, open } = await opened();
    await log.session('s1', 'a', 'CLOSED');
    await log.moves('session/s2', 'READY', { status: 'error', subject: subjectOf('s2', 'a') });
    const directory = await open();
    await directory.ofSession('s1', (session) => assert.equal(session?.state, 'CLOSED'));
    await directory.ofSession('s2', (session) => assert.equal(session?.state, 'FAILED'));
    await directory.ofSession('s3', (session) => assert.equal(session, undefined));
    assert.equal(await idOf(directory, 'a'), undefined);
  });

  it('finds the session that an accepted command is about to make', async () => {
    const { log, open } = await opened();
    await log.command('c1', 's1', 'a', 'AWAITING_APPROVAL', input('s1', 'a'));
    await log.command('c2', 's9', null, 'AWAITING_APPROVAL', input('s9', null));
    const directory = await open();
    await directory.ofAccount('a', 'x', (found) => {
      assert.equal(found?.sessionId, 's1');
      assert.equal(directory.promised('s1')?.accountId, 'a');
      assert.equal(directory.waiting('s1'), 1);
    });
    await directory.ofSession('s9', (found) => {
      assert.equal(found?.accountId, null);
      assert.equal(directory.promised('s9')?.sessionId, 's9');
    });
    await log.session('s1', 'a', 'QUEUED');
    await directory.ofAccount('a', 'x', () => assert.equal(directory.promised('s1'), undefined));
  });

  it('keeps no more than its bound, and never lets go of what is promised', async () => {
    const { log, open } = await opened(50);
    for (let i = 0; i < 300; i++) await log.session(`s${i}`, `a${i}`);
    const directory = await open();
    const release = await directory.ofAccount('mine', 'x', () => {
      const back = directory.promise(input('promised', 'mine'));
      directory.enter('c', 'promised');
      return back;
    });
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 300; i++) {
        assert.equal(await idOf(directory, `a${i}`), `s${i}`);
        assert.ok(directory.size <= 60, `${directory.size} are in memory`);
      }
    }
    await directory.ofAccount('mine', 'x', (found) => {
      assert.equal(found?.sessionId, 'promised');
      assert.equal(directory.waiting('promised'), 1);
    });
    const many = await Promise.all(Array.from({ length: 300 }, (_, i) => idOf(directory, `a${i}`)));
    assert.deepEqual(
      many,
      Array.from({ length: 300 }, (_, i) => `s${i}`)
    );
    release();
  });
});
