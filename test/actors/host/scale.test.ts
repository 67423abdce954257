/** What a host reads at its start and keeps in memory does not grow with who rests: counted, never timed. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import type { ActorHost, ActorRecord, EventRow, Journal } from '../../../actors/host/contract.ts';
import type { EmbeddedHostOptions } from '../../../actors/host/embedded-host.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { makeParkedSessions, sessionId, sessionInput, stubHost } from '../../../bench/support/parked-sessions.ts';
import { openSessionDirectory } from '../../../server/control/session-directory.ts';

const SESSIONS = 5_000;
const WINDOW = 200;

/** A journal, and how many rows each of its reads gave. */
function counted(journal: Journal) {
  const rows: Record<string, number> = {};
  const sizeOf = (answer: unknown): number => {
    if (Array.isArray(answer)) return answer.length;
    const { items, rows } = (answer ?? {}) as { items?: unknown[]; rows?: unknown[] };
    return (items ?? rows ?? []).length;
  };
  const counting = new Proxy(journal, {
    get(target, name: keyof Journal) {
      const member = target[name] as (...args: unknown[]) => unknown;
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        const answer = await member.apply(target, args);
        rows[name] = (rows[name] ?? 0) + sizeOf(answer);
        return answer;
      };
    }
  });
  return { journal: counting, rows };
}

describe(`a host with ${SESSIONS} sessions at rest`, () => {
  let made: string;
  before(async () => {
    made = await mkdtemp(join(tmpdir(), 'troupe-scale-'));
    await makeParkedSessions(made, { sessions: SESSIONS, events: 4 * SESSIONS });
  });
  const started = async (
    t: TestContext,
    options: Partial<EmbeddedHostOptions> = {},
    { from = made, watch = (_: ActorHost, _rows: EventRow[]) => {} } = {}
  ) => {
    const directory = await mkdtemp(join(tmpdir(), 'troupe-scale-'));
    await cp(from, directory, { recursive: true });
    const { journal, rows } = counted(openSqliteJournal({ directory, synchronous: 'OFF' }));
    const host = stubHost(journal, { timerWindow: WINDOW, cacheSize: 100, ...options });
    t.after(async () => {
      await host.stop();
      await rm(directory, { recursive: true });
    });
    host.onCommit((committed) => watch(host, committed));
    await host.start();
    return { host, rows };
  };
  const parked = (record: ActorRecord) => record.state === 'PARKED.resting';

  it('reads at the start the nearest timers and nobody who rests', async (t) => {
    const { host, rows } = await started(t);
    assert.deepEqual(host.status.recovered, { actors: SESSIONS, timers: SESSIONS, effects: 0, tells: 0 });
    assert.equal(rows.timersAfter, WINDOW);
    assert.equal(rows.queryActors ?? 0, 0);
    assert.equal(rows.loadActors ?? 0, 0);
    const { length } = Object.keys(rows);
    assert.ok(length > 3, 'its reads were seen');
    const sessions = await openSessionDirectory(host);
    t.after(async () => sessions.close());
    assert.equal(rows.queryActors ?? 0, 0);
    assert.ok(host.status.held.timers <= WINDOW + 20, `${host.status.held.timers} timers`);
    assert.ok(host.status.held.records <= 20, `${host.status.held.records} records`);
  });

  it('keeps no more in memory however many are asked for and move', async (t) => {
    const { host, rows } = await started(t);
    for (let i = 0; i < 2_000; i += 100) {
      const some = Array.from({ length: 100 }, (_, n) => `session/${sessionId(i + n)}`);
      await Promise.all(some.map((address) => host.read(address)));
      await Promise.all(some.map((address) => host.send(address, { type: 'session.pause' })));
      const { records, timers } = host.status.held;
      assert.ok(records <= 120, `${records} records`);
      assert.ok(timers <= 2 * WINDOW + 20, `${timers} timers`);
    }
    assert.ok((rows.loadActors ?? 0) >= 2_000, 'they were read when they were asked for');
  });

  it('closes each whose time is over while nobody was there, in order, a window at a time', async (t) => {
    const late = await mkdtemp(join(tmpdir(), 'troupe-scale-'));
    t.after(() => rm(late, { recursive: true }));
    // Over for an hour, the first the longest.
    await makeParkedSessions(late, { sessions: 1_000, events: 1_000, endsInMs: -3_600_000 });
    const closed: string[] = [];
    let most = 0;
    let done = () => {};
    const all = new Promise<void>((resolve) => {
      done = resolve;
    });
    const watch = (watched: ActorHost, rows: EventRow[]) => {
      most = Math.max(most, watched.status.held.timers);
      const ends = rows.filter(({ actorKind, payload }) => actorKind === 'session' && payload.to === 'CLOSED');
      closed.push(...ends.map(({ actorId }) => actorId));
      if (closed.length === 1_000) done();
    };
    const { host } = await started(t, {}, { from: late, watch });
    await all;
    // The generator gives the last session the earliest end.
    const order = Array.from({ length: 1_000 }, (_, i) => sessionId(999 - i));
    assert.deepEqual(closed, order);
    assert.ok(most <= 2 * WINDOW + 20, `${most} timers`);
    assert.equal((await host.journal.pending()).timers, 0);
  });

  it('takes them for what it would have made itself', async (t) => {
    const { host } = await started(t);
    await host.create('session/real', sessionInput('real', 'someone'));
    await host.waitFor('session/real', ({ state }) => state === 'PARKED.resting', { timeoutMs: 60_000 });
    const [real, made] = await host.journal.loadActors(['session/real', `session/${sessionId(7)}`]);
    assert.ok(real && made && parked(real) && parked(made));
    const shapeOf = ({ snapshot, ...record }: ActorRecord) => [
      Object.keys(record).sort(),
      Object.keys(snapshot.context).sort(),
      snapshot.value,
      Object.keys(snapshot.timers),
      record.machineVersion,
      record.step,
      record.resumes
    ];
    assert.deepEqual(shapeOf(made), shapeOf(real));
    const closed = await host.send(`session/${sessionId(7)}`, { type: 'session.close' });
    assert.equal(closed.state, 'CLOSED');
  });
});
