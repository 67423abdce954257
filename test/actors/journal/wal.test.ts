import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Connection } from '../../../actors/journal/connection.ts';
import { walDamage } from '../../../actors/journal/wal.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const FRAME = 24 + 4096;
const HEADER = 32;

async function opened(t: TestContext, path: string) {
  const database = await Connection.open(path, 'create');
  t.after(() => database.close());
  await database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');
  return database;
}

const write = (database: Connection, pages: number) =>
  database.exec(`INSERT INTO t (text) VALUES ('${'x'.repeat(4_000 * pages)}')`);

/** A database with so many transactions of three pages or more in its log; and a copy of both as a kill leaves them. */
async function killed(t: TestContext, transactions: number) {
  const folder = await temporaryFolder(t);
  const database = await opened(t, join(folder, 'a.db'));
  await database.exec('CREATE TABLE t (text TEXT)');
  for (let n = 0; n < transactions; n += 1) await write(database, 2);
  const copy = () => readFileSync(join(folder, 'a.db-wal'));
  return { folder, database, copy };
}

/** Indexes of the frames that end a transaction. */
const commitsOf = (log: Buffer) =>
  Array.from({ length: Math.floor((log.length - HEADER) / FRAME) }, (_, i) => i).filter(
    (i) => log.readUInt32BE(HEADER + i * FRAME + 4) > 0
  );

describe('a write-ahead log', () => {
  it('that is not there, empty, whole, or cut anywhere is not damaged', async (t) => {
    const { folder, copy } = await killed(t, 4);
    const path = join(folder, 'wal');
    assert.equal(await walDamage(path), null);
    const log = copy();
    assert.ok(commitsOf(log).length === 5, 'four, and the table');
    for (let bytes = 0; bytes <= log.length; bytes += 331) {
      writeFileSync(path, log.subarray(0, bytes));
      assert.equal(await walDamage(path), null, `cut at ${bytes}`);
    }
  });

  it('is damaged when any bit of it is another, but for its last two transactions', async (t) => {
    const { folder, copy } = await killed(t, 5);
    const path = join(folder, 'wal');
    const log = copy();
    const sure = HEADER + (commitsOf(log).at(-3)! + 1) * FRAME;
    for (let at = HEADER; at < sure; at += 97) {
      const other = Buffer.from(log);
      other[at]! ^= 1 << (at % 8);
      writeFileSync(path, other);
      const found = await walDamage(path);
      const begin = HEADER + Math.floor((at - HEADER) / FRAME) * FRAME;
      assert.match(String(found), new RegExp(`damaged at byte ${begin} of ${log.length}`), `a bit at ${at}`);
    }
    writeFileSync(path, Buffer.concat([Buffer.alloc(HEADER), log.subarray(HEADER)]));
    assert.match(String(await walDamage(path)), /does not begin/);
  });

  it('is not damaged by what is left of the round before it', async (t) => {
    const { folder, database, copy } = await killed(t, 6);
    const before = copy().length;
    await database.all('PRAGMA wal_checkpoint(RESTART)');
    await write(database, 2);
    await write(database, 2);
    const log = copy();
    assert.equal(log.length, before, 'the end is of the former round');
    const path = join(folder, 'wal');
    writeFileSync(path, log);
    assert.equal(await walDamage(path), null);
  });

  it('is not damaged by what failed commits have left behind its end', async (t) => {
    const { folder, database, copy } = await killed(t, 3);
    // Three times the same log goes on in another way, and each time less far: so it looks where commits failed at last.
    const twins = ['b.db', 'c.db'];
    for (const twin of twins) {
      for (const end of ['', '-wal']) copyFileSync(join(folder, `a.db${end}`), join(folder, `${twin}${end}`));
    }
    await write(database, 30);
    const logs = [copy()];
    for (const [i, twin] of twins.entries()) {
      const other = await opened(t, join(folder, twin));
      await write(other, i === 0 ? 14 : 5);
      logs.unshift(readFileSync(join(folder, `${twin}-wal`)));
    }
    const [short, middle, long] = logs as [Buffer, Buffer, Buffer];
    assert.ok(short.length < middle.length && middle.length < long.length);
    assert.ok(short.subarray(0, HEADER).equals(long.subarray(0, HEADER)), 'one round');
    const path = join(folder, 'wal');
    const left = Buffer.concat([short, middle.subarray(short.length), long.subarray(middle.length)]);
    writeFileSync(path, left);
    assert.equal(await walDamage(path), null);
  });
});
