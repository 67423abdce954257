import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Connection } from '../../../actors/journal/connection.ts';
import { openSqliteJournal, type SqliteJournalOptions } from '../../../actors/journal/sqlite-journal.ts';
import { type ErrorCode, isControlError } from '../../../schemas/errors.ts';
import { startChild } from '../../support/child.ts';
import { onOwnFileSystem } from '../../support/namespaces.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { actorOf, batchOf, eventAt, eventsFrom } from './samples.ts';

const code =
  (expected: ErrorCode, text = /./) =>
  (error: unknown) =>
    isControlError(error, expected) && text.test(error.message);

async function openedJournal(t: TestContext, options: SqliteJournalOptions) {
  const journal = openSqliteJournal(options);
  t.after(() => journal.close());
  await journal.open();
  return journal;
}

/** A journal with some rows, closed in order; where its database is. */
async function closedJournal(t: TestContext, events = eventsFrom(1, 2_000)) {
  const directory = await temporaryFolder(t);
  const journal = await openedJournal(t, { directory, synchronous: 'OFF' });
  await journal.commit(batchOf({ events, actors: [actorOf('command/c1')] }));
  await journal.close();
  return { directory, path: join(directory, 'journal.db') };
}

function overwrite(path: string, at: number, bytes: Buffer) {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

describe('a journal whose disk is full', () => {
  it('refuses what does not fit, keeps what is there readable, and goes on when there is room', async (t) => {
    const directory = await temporaryFolder(t);
    const journal = await openedJournal(t, { directory, maxBytes: 1_000_000, synchronous: 'OFF' });
    const big = (n: number) => ({
      id: `a/b#${n}.0`,
      from: null,
      to: 'a/b',
      event: { type: 'x', text: 'x'.repeat(50_000) }
    });
    let sent = 0;
    const send = async () => {
      await journal.commit(batchOf({ events: eventsFrom(sent + 1, 1), tells: { sent: [big(sent)], consumed: [] } }));
      sent += 1;
    };
    await assert.rejects(
      async () => {
        while (sent < 1_000) await send();
      },
      code('JOURNAL_UNAVAILABLE', /full/)
    );
    assert.ok(sent > 5, 'much of it fitted');
    assert.deepEqual(await journal.bounds(), { tail: 1, head: sent });
    assert.equal((await journal.pending()).tells, sent, 'nothing of the batch that did not');
    await assert.rejects(send(), code('JOURNAL_UNAVAILABLE', /full/));

    const consumed = Array.from({ length: sent }, (_, n) => `a/b#${n}.0`);
    await journal.commit(batchOf({ tells: { sent: [], consumed } }));
    await send();
    assert.equal((await journal.pending()).tells, 1);
  });

  const childFills = fileURLToPath(new URL('./child-fills-disk.ts', import.meta.url));
  const fill = async (t: TestContext, how: string, wrapper: string[], directory: string) => {
    const child = startChild(childFills, [directory, how], wrapper);
    t.after(() => child.kill());
    assert.equal(await child.ended, 0, child.stderr());
    const { before, whileFull, after } = JSON.parse(child.lines.at(-1)!);
    assert.equal(whileFull.refused.code, 'JOURNAL_UNAVAILABLE');
    assert.equal(whileFull.again, 'JOURNAL_UNAVAILABLE');
    assert.deepEqual(whileFull.bounds, { tail: 1, head: before });
    assert.equal(whileFull.read, 1);
    assert.equal(whileFull.ghost, 0);
    assert.deepEqual(after, {
      head: before + 50,
      probe: { ok: true, why: null },
      opened: { tail: 1, head: before + 50, boot: 2 }
    });
    return whileFull;
  };

  it('does so on a real file system that is full', async (t) => {
    if (process.platform !== 'linux') return t.skip('file systems are mounted for tests on Linux only');
    const directory = await temporaryFolder(t);
    const { wrapper, why } = { why: '', ...onOwnFileSystem(directory, 12_000_000) };
    if (!wrapper) return t.skip(why);
    const { refused } = await fill(t, 'ballast', wrapper, directory);
    assert.match(refused.message, /full/);
  });

  it('does so when writing fails in another way, here past a limit of file size', async (t) => {
    if (spawnSync('prlimit', ['--version']).status !== 0) return t.skip('prlimit of util-linux is not here');
    const directory = await temporaryFolder(t);
    const { refused, probe } = await fill(t, 'limit', ['prlimit', '--fsize=3000000:unlimited'], directory);
    assert.match(refused.message, /I\/O error/);
    assert.equal(probe.ok, false);
    assert.match(probe.why, /I\/O error/);
  });
});

describe('a journal that another process', () => {
  it('holds locked refuses after a while, and takes the same batch once it is let go', async (t) => {
    const directory = await temporaryFolder(t);
    const journal = await openedJournal(t, { directory, busyLimitMs: 50 });
    const other = await Connection.open(join(directory, 'journal.db'), 'read-write');
    t.after(() => other.close());
    await other.exec('BEGIN IMMEDIATE');
    await assert.rejects(journal.commit(batchOf({ events: eventsFrom(1, 1) })), code('JOURNAL_UNAVAILABLE', /locked/));
    assert.equal((await journal.probe()).ok, false);
    assert.deepEqual(await journal.bounds(), { tail: 0, head: 0 });
    await other.exec('ROLLBACK');
    await journal.commit(batchOf({ events: eventsFrom(1, 1) }));
  });

  it('reads for a long time is written all the same, and the reader sees what was there when it began', async (t) => {
    const directory = await temporaryFolder(t);
    const journal = await openedJournal(t, { directory, busyLimitMs: 0 });
    await journal.commit(batchOf({ events: eventsFrom(1, 1) }));
    const other = await Connection.open(join(directory, 'journal.db'), 'read-write');
    t.after(() => other.close());
    const count = async () => (await other.get<{ n: number }>('SELECT count(*) AS n FROM events'))!.n;
    await other.exec('BEGIN');
    assert.equal(await count(), 1);
    for (let n = 0; n < 5; n += 1) await journal.commit(batchOf({ events: eventsFrom(2 + n * 1_000, 1_000) }));
    assert.equal(await count(), 1);
    await other.exec('COMMIT');
    assert.equal(await count(), 5_001);
  });
});

describe('a damaged journal', () => {
  const refusesUnchanged = async (path: string, expected: ErrorCode, text?: RegExp) => {
    const before = readFileSync(path);
    await assert.rejects(openSqliteJournal({ path }).open(), code(expected, text));
    assert.ok(before.equals(readFileSync(path)), 'the file is as it was');
  };

  it('is not opened when pages in its middle are garbage', async (t) => {
    const { path } = await closedJournal(t);
    const pages = Math.floor(statSync(path).size / 4096);
    overwrite(path, Math.floor(pages / 2) * 4096, Buffer.alloc(8 * 4096, 0xff));
    await refusesUnchanged(path, 'JOURNAL_DAMAGED', /restore a backup/);
  });

  it('is not opened when its end is missing', async (t) => {
    const { path } = await closedJournal(t);
    writeFileSync(path, readFileSync(path).subarray(0, 20_000));
    await refusesUnchanged(path, 'JOURNAL_DAMAGED');
  });

  it('is not opened when it is no database', async (t) => {
    const path = join(await temporaryFolder(t), 'journal.db');
    writeFileSync(path, 'this is a letter to my aunt\n'.repeat(1_000));
    await refusesUnchanged(path, 'JOURNAL_DAMAGED', /not a database/);
  });

  it("is not opened when it is somebody else's database", async (t) => {
    const path = join(await temporaryFolder(t), 'journal.db');
    const other = await Connection.open(path, 'create');
    await other.exec('CREATE TABLE recipes (name TEXT)');
    await other.close();
    await refusesUnchanged(path, 'JOURNAL_DAMAGED', /recipes/);
  });

  it('is not opened when a table is gone', async (t) => {
    const { path } = await closedJournal(t);
    const other = await Connection.open(path, 'read-write');
    await other.exec('DROP TABLE meta');
    await other.close();
    await refusesUnchanged(path, 'JOURNAL_DAMAGED', /meta/);
  });

  it('of a newer program is not opened', async (t) => {
    const { path } = await closedJournal(t);
    const other = await Connection.open(path, 'read-write');
    await other.exec('PRAGMA user_version = 9999');
    await other.close();
    await refusesUnchanged(path, 'JOURNAL_TOO_NEW', /9999/);
  });

  it('says so when it is read, where it is too large to be checked whole at each start', async (t) => {
    // Rows that fill their page each, so that any page of the middle is one of the log's own.
    const text = 'x'.repeat(3_000);
    const events = eventsFrom(1, 18_000, { payload: { ...eventAt(1).payload, text } });
    const { directory, path } = await closedJournal(t, events);
    assert.ok(statSync(path).size > 64 * 1024 * 1024);
    overwrite(path, 6_000 * 4096, Buffer.alloc(500 * 4096, 0xff));
    const journal = await openedJournal(t, { directory });
    await assert.rejects(async () => {
      for (let after = 0; after < 18_000; after += 100) await journal.readEvents(after, 100);
    }, code('JOURNAL_DAMAGED'));
    // What is not damaged is still read.
    assert.equal((await journal.readEvents(0, 1)).rows.length, 1);
    assert.equal((await journal.loadActors(['command/c1'])).length, 1);
  });

  it('says so when a text in it is no JSON any more', async (t) => {
    const { directory, path } = await closedJournal(t, eventsFrom(1, 1));
    const other = await Connection.open(path, 'read-write');
    await other.exec(`UPDATE events SET payload = '{"actor":'`);
    await other.close();
    const journal = await openedJournal(t, { directory });
    await assert.rejects(journal.readEvents(0, 1), code('JOURNAL_DAMAGED'));
  });
});

describe('a journal in a place that cannot be written', () => {
  it('is not opened where a file is in the way', async (t) => {
    const folder = await temporaryFolder(t);
    writeFileSync(join(folder, 'file'), '');
    const opening = openSqliteJournal({ directory: join(folder, 'file', 'data') }).open();
    await assert.rejects(opening, code('DATA_DIR_UNWRITABLE'));
  });

  it('is not opened when its folder is read-only', async (t) => {
    const folder = await temporaryFolder(t);
    if (process.getuid?.() === 0) {
      // Modes do not bind root; a read-only file system does.
      const { wrapper, why } = { why: '', ...onOwnFileSystem(folder, 1_000_000) };
      if (!wrapper) return t.skip(why);
      const readOnly = ['sh', '-c', 'mount -o remount,ro "$0" && exec "$@"', folder];
      const child = startChild(
        fileURLToPath(new URL('./child-opens.ts', import.meta.url)),
        [folder],
        [...wrapper, ...readOnly]
      );
      t.after(() => child.kill());
      await child.ended;
      assert.equal(child.lines.at(-1), 'DATA_DIR_UNWRITABLE', child.stderr());
      return;
    }
    chmodSync(folder, 0o500);
    t.after(() => chmodSync(folder, 0o700));
    await assert.rejects(openSqliteJournal({ directory: folder }).open(), code('DATA_DIR_UNWRITABLE'));
  });

  it('is made in a folder that is not there yet, for its owner only', async (t) => {
    const directory = join(await temporaryFolder(t), 'a', 'b');
    await openedJournal(t, { directory });
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.ok(existsSync(join(directory, 'journal.db')));
  });

  it('is opened again by the same object never, and by the next one after a failure', async (t) => {
    const directory = join(await temporaryFolder(t), 'data');
    writeFileSync(directory, 'in the way');
    await assert.rejects(openSqliteJournal({ directory }).open(), code('DATA_DIR_UNWRITABLE'));
    spawnSync('rm', [directory]);
    mkdirSync(directory);
    const journal = await openedJournal(t, { directory });
    await assert.rejects(journal.open(), /opened once/);
  });
});

describe('a journal after an unclean end', () => {
  it('has its write-ahead log read back', async (t) => {
    const directory = await temporaryFolder(t);
    const journal = await openedJournal(t, { directory });
    await journal.commit(batchOf({ events: eventsFrom(1, 10) }));
    // What a killed process leaves: the file and its log as they are now.
    const left = await temporaryFolder(t);
    for (const name of ['journal.db', 'journal.db-wal'])
      writeFileSync(join(left, name), readFileSync(join(directory, name)));
    const next = openSqliteJournal({ directory: left });
    t.after(() => next.close());
    assert.deepEqual(await next.open(), { tail: 1, head: 10, boot: 2 });
  });

  it('moves its write-ahead log into the database when it is closed in order', async (t) => {
    const { directory } = await closedJournal(t);
    assert.ok(!existsSync(join(directory, 'journal.db-wal')));
  });
});
