import assert from 'node:assert/strict';
import { existsSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import pino from 'pino';
import { assign, setup } from 'xstate';
import { ArtifactStore } from '../../actors/executor/artifacts.ts';
import { createEmbeddedHost } from '../../actors/host/embedded-host.ts';
import { Connection } from '../../actors/journal/connection.ts';
import { openSqliteJournal } from '../../actors/journal/sqlite-journal.ts';
import { startRetention } from '../../server/retention.ts';
import { actorOf, batchOf, eventsFrom } from '../actors/journal/samples.ts';
import { startManager } from '../support/manager.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openHarness } from './harness.ts';
import { Stream } from './stream.ts';

const DAY = 86_400_000;
const T = 1_700_000_000_000;

const counter = setup({ types: { context: {} as { count: number } } }).createMachine({
  id: 'counter',
  context: { count: 0 },
  on: { add: { actions: assign({ count: ({ context }) => context.count + 1 }) } }
});

/** A journal of so many old events, by a host that goes on. */
async function stage(
  t: TestContext,
  { events = 0, days = 30, keep = 10_000_000, auditDays = 365, now = T + 365 * DAY } = {}
) {
  const directory = await temporaryFolder(t);
  const journal = openSqliteJournal({ directory, synchronous: 'OFF' });
  await journal.open();
  const text = 'x'.repeat(300);
  const payload = { actor: { kind: 'command', id: 'c1' }, from: null, to: 'X', event: 'x', text };
  for (let at = 0; at < events; at += 5_000) {
    await journal.commit(batchOf({ events: eventsFrom(at + 1, Math.min(5_000, events - at), { payload }) }));
  }
  await journal.close();
  const host = createEmbeddedHost({
    journal: openSqliteJournal({ directory, synchronous: 'OFF' }),
    kinds: [{ kind: 'counter', machine: counter, durable: true }]
  });
  await host.start();
  const store = new ArtifactStore(directory);
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  const start = () => startRetention({ host, store, days, events: keep, auditDays, logger, now: () => now });
  t.after(() => host.stop());
  return { directory, host, store, lines, start };
}

describe('retention', () => {
  it('removes what is old by age while commands go on, and the database file gets smaller', async (t) => {
    const { directory, host, start, lines } = await stage(t, { events: 60_000 });
    const file = join(directory, 'journal.db');
    const before = statSync(file).size;
    await host.create('counter/one', {});
    const retention = start();
    t.after(() => retention.stop());
    // As many as find time meanwhile.
    let isRunning = true;
    const run = retention.run().finally(() => {
      isRunning = false;
    });
    let sent = 0;
    while (isRunning) {
      await host.send('counter/one', { type: 'add' });
      sent++;
    }
    const removed = await run;
    assert.equal(removed.events, 60_000);
    assert.ok(removed.bytes > before / 2, `${removed.bytes} bytes of ${before} went`);
    assert.ok(statSync(file).size < before / 2, `${statSync(file).size} bytes of ${before} are left`);
    assert.equal((await host.read('counter/one'))?.context.count, sent);
    assert.deepEqual(await host.journal.bounds(), { tail: 60_001, head: host.head });
    assert.equal(host.head, 60_001 + sent);
    assert.match(lines.join(''), /"events":60000.*removed what is old/);
    assert.match((await retention.check.check()).why ?? '', /keeps 30 days .* it removed 60000 events/);
  });

  it('removes by count whatever the age, and leaves the newest', async (t) => {
    const { host, start } = await stage(t, { events: 3_000, days: 36_500, keep: 1_000 });
    const retention = start();
    await retention.run();
    assert.deepEqual(await host.journal.bounds(), { tail: 2_001, head: 3_000 });
    await retention.stop();
    assert.equal((await host.create('counter/one', {})).lastCursor, 3_001, 'cursors go on');
  });

  it('forgets an ended actor in memory too, and files that no artifact names, but none that was just stored', async (t) => {
    const { directory, host, store, start } = await stage(t);
    const stored = async (id: string, command_id: string | null, text: string, ageMs: number) => {
      const { sha256, size } = await store.store(Buffer.from(text), 'screenshot', 'image/png');
      const path = join(directory, 'artifacts', sha256.slice(0, 2), sha256);
      const time = new Date(Date.now() - ageMs);
      utimesSync(path, time, time);
      if (id === '') return path;
      const row = { id, command_id, kind: 'screenshot', media_type: 'image/png', sha256, size, created_at: T };
      await host.write([{ into: 'artifacts', row }]);
      return path;
    };
    const files = {
      old: await stored('1', 'old', 'a', DAY),
      shared: await stored('2', 'old', 'b', DAY),
      lost: await stored('', null, 'c', DAY),
      fresh: await stored('', null, 'd', 0)
    };
    await stored('3', 'living', 'b', DAY);
    // Known to the host as it was, so that its cache has it.
    await host.journal.commit(
      batchOf({
        actors: [
          actorOf('counter/old', { status: 'done', updatedAt: T }),
          actorOf('command/old', { status: 'done', updatedAt: T }),
          actorOf('command/living', { updatedAt: T })
        ]
      })
    );
    await assert.rejects(host.send('counter/old', { type: 'add' }));
    assert.ok(await host.read('counter/old'));
    const retention = start();
    const removed = await retention.run();
    assert.deepEqual([removed.actors, removed.files], [2, 1]);
    assert.equal(await host.read('counter/old'), undefined);
    const left = () => Object.entries(files).flatMap(([name, path]) => (existsSync(path) ? [name] : []));
    assert.deepEqual(left(), ['shared', 'lost', 'fresh']);
    // What a crash left is found by the sweep that follows the first run.
    await retention.swept;
    await retention.stop();
    assert.deepEqual(left(), ['shared', 'fresh']);
  });

  it('says in its check what went wrong, and ends when it is told to', async (t) => {
    const { host, start, lines } = await stage(t, { events: 10 });
    host.journal.prune = async () => {
      throw new Error('the disk is full');
    };
    const retention = start();
    await retention.run();
    assert.match((await retention.check.check()).why ?? '', /it failed: the disk is full/);
    assert.equal((await retention.check.check()).ok, true);
    assert.match(lines.join(''), /could not be removed/);
    await retention.stop();
  });

  it('leaves a database as large as it is that was made before it could shrink', async (t) => {
    const directory = await temporaryFolder(t);
    const file = join(directory, 'journal.db');
    const old = await Connection.open(file, 'create');
    await old.exec('PRAGMA journal_mode = WAL; CREATE TABLE x (y); DROP TABLE x; PRAGMA auto_vacuum = NONE');
    await old.close();
    const journal = openSqliteJournal({ directory });
    t.after(() => journal.close());
    await journal.open();
    await journal.commit(batchOf({ events: eventsFrom(1, 1_000) }));
    await journal.prune({ keep: 1 }, 10_000);
    assert.equal((await journal.vacuum(1_000_000)).freeBytes, 0);
  });

  it('tells a reader that is behind of the gap, on the stream and in pages, and nobody else', async (t) => {
    const h = await openHarness(t, { telemetry: { tailRows: 10 } });
    for (let i = 0; i < 40; i++) await h.note(`n${i}`);
    const { head } = h.host;
    const streams: Stream[] = [];
    t.after(() => {
      for (const stream of streams) stream.end();
    });
    const subscribed = (subscription: { cursor?: string; consumer?: string }) => {
      const stream = new Stream(h);
      streams.push(stream);
      return stream.send({ type: 'subscribe', ...subscription });
    };
    const books = await subscribed({ cursor: '0', consumer: 'books' });
    await books.upTo(5);
    await books.send({ type: 'ack', cursor: '5' });
    await books.frame('acked');
    books.end();
    for (let more = true; more; ) ({ more } = await h.host.prune({ keep: 20 }, 7));
    const { tail } = await h.host.journal.bounds();
    assert.equal(tail, head - 19);
    const gap = (from: string) => ({ type: 'gap', from, to: String(tail - 1), reason: 'retention' });

    const behind = await subscribed({ cursor: '3' });
    await behind.frame('caught_up');
    assert.deepEqual(await behind.frame('gap'), gap('4'));
    assert.equal(behind.cursors[0], tail);

    const again = await subscribed({ consumer: 'books' });
    assert.deepEqual(await again.frame('gap'), gap('6'));

    const abreast = await subscribed({ cursor: String(tail - 1) });
    await abreast.frame('caught_up');
    assert.ok(!abreast.frames.some((frame) => frame.type === 'gap'), 'who is right at the tail misses nothing');
    assert.equal(abreast.cursors.length, 20);

    const page = (await h.api('GET', '/v1/events?cursor=3&limit=5')).body;
    assert.deepEqual({ type: 'gap', ...page.gap }, gap('4'));
    assert.equal(page.items[0].cursor, String(tail));
  });

  it('is set by options, and runs by itself', async (t) => {
    const manager = await startManager(t, { args: ['--retention-events', '1000', '--retention-days', '7'] });
    const ready = await manager.request<{ checks: { name: string; why: string }[] }>('GET', '/ready');
    const check = ready.body.checks.find(({ name }) => name === 'retention');
    assert.match(check?.why ?? '', /keeps 7 days and at most 1000 events/);
    await manager.stop();
  });
});
