import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sqlite3 from 'sqlite3';
import { Arena, seedOf } from './arena.ts';

const PAGE = 4096;

function overwrite(path: string, at: number, bytes: Buffer) {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

describe('a journal that is damaged while nobody runs', () => {
  it('is refused with its path and the cure, is not changed, and its backup goes on', async (t) => {
    const arena = await Arena.open(t, seedOf(t));
    await arena.troupe.started();
    await arena.goesOn(60);
    await arena.troupe.stop();
    const path = join(arena.troupe.data, 'journal.db');
    const backup = `${arena.troupe.data}.backup`;
    copyFileSync(path, backup);
    const { size } = statSync(path);
    const used = await pagesInUse(backup);
    const garbage = Buffer.alloc(PAGE, 0xff);
    const somewhere = () => (arena.random.of(used) - 1) * PAGE;

    const damages: Record<string, { code: string; make(): void; says?: RegExp }> = {
      'its header is overwritten': { code: 'JOURNAL_DAMAGED', make: () => overwrite(path, 0, Buffer.alloc(100)) },
      'its first page is garbage': { code: 'JOURNAL_DAMAGED', make: () => overwrite(path, 0, garbage) },
      'its second page is garbage': { code: 'JOURNAL_DAMAGED', make: () => overwrite(path, PAGE, garbage) },
      'a page is garbage': { code: 'JOURNAL_DAMAGED', make: () => overwrite(path, somewhere(), garbage) },
      'another page is zeros': {
        code: 'JOURNAL_DAMAGED',
        make: () => overwrite(path, somewhere(), Buffer.alloc(PAGE))
      },
      'half of it is missing': { code: 'JOURNAL_DAMAGED', make: () => truncateSync(path, size / 2) },
      'all but a page is missing': { code: 'JOURNAL_DAMAGED', make: () => truncateSync(path, PAGE) },
      'it is cut inside a page': { code: 'JOURNAL_DAMAGED', make: () => truncateSync(path, 1_000) },
      'it is empty': { code: 'JOURNAL_MISSING', make: () => truncateSync(path, 0), says: /admin\.token is beside it/ },
      'it is gone': { code: 'JOURNAL_MISSING', make: () => rmSync(path), says: /admin\.token is beside it/ },
      'it is a letter': { code: 'JOURNAL_DAMAGED', make: () => writeFileSync(path, 'Dear aunt,\n'.repeat(9_000)) }
    };
    for (const [how, { code, make, says = /restore a backup/ }] of Object.entries(damages)) {
      make();
      const before = existsSync(path) ? readFileSync(path) : null;
      const said = await arena.troupe.refused(code, [/journal\.db/, /restore a backup/, says]);
      t.diagnostic(`${how}: ${said.trim()}`);
      const after = existsSync(path) ? readFileSync(path) : null;
      assert.deepEqual(after, before, `${how}: the file is as it was`);
      copyFileSync(backup, path);
    }
    await arena.troupe.started();
    await arena.goesOn();
    await arena.judge(
      t,
      `a damaged, cut or missing database, ${Object.keys(damages).length} ways: the start is refused`
    );
  });
});

describe('what a killed process leaves', () => {
  it('is whole without its shared memory file, and with one that is garbage', async (t) => {
    const arena = await Arena.open(t, seedOf(t));
    const shm = join(arena.troupe.data, 'journal.db-shm');
    for (const spoil of [
      () => rmSync(shm),
      () => writeFileSync(shm, Buffer.alloc(32_768, 0xaa)),
      () => truncateSync(shm, 7)
    ]) {
      await arena.troupe.started();
      await arena.goesOn();
      await arena.troupe.kill();
      arena.kills.add('before its -shm is spoilt');
      spoil();
    }
    await arena.troupe.started();
    await arena.goesOn();
    await arena.judge(t, 'a missing, damaged or cut -shm: started as ever');
  });

  it('is refused when its write-ahead log is damaged before the end, and is whole when only its end is torn', async (t) => {
    const arena = await Arena.open(t, seedOf(t));
    await arena.troupe.started();
    await arena.goesOn(60);
    await arena.troupe.kill();
    arena.kills.add('before its log is damaged');
    const wal = join(arena.troupe.data, 'journal.db-wal');
    const kept = readFileSync(wal);
    const third = Math.floor(kept.length / 3);
    for (const [how, at, bytes] of [
      ['it does not begin as one', 0, Buffer.alloc(32)],
      ['a byte is another', third, Buffer.from([kept[third]! ^ 1])],
      ['some pages are garbage', third, Buffer.alloc(5 * PAGE, 0xee)]
    ] as const) {
      overwrite(wal, at, bytes);
      const said = await arena.troupe.refused('JOURNAL_DAMAGED', [/write-ahead log/, /restore a backup/]);
      t.diagnostic(`${how}: ${said.trim()}`);
      writeFileSync(wal, kept);
    }
    // What a power cut in the middle of a write leaves behind what was synced.
    writeFileSync(wal, Buffer.concat([kept, Buffer.alloc(3_000, 0xee)]));
    await arena.troupe.started();
    await arena.goesOn();
    await arena.judge(
      t,
      'a write-ahead log damaged before its end: the start is refused; torn at its end: started as ever'
    );
  });

  it('is not begun anew when its database is gone and its write-ahead log is there', async (t) => {
    const arena = await Arena.open(t, seedOf(t));
    await arena.troupe.started();
    await arena.goesOn();
    await arena.troupe.kill();
    arena.kills.add('before its database is lost');
    const path = join(arena.troupe.data, 'journal.db');
    const kept = readFileSync(path);
    const log = readFileSync(`${path}-wal`);
    for (const lose of [() => rmSync(path), () => truncateSync(path, 0)]) {
      lose();
      const said = await arena.troupe.refused('JOURNAL_MISSING', [/journal\.db-wal is beside it/, /restore a backup/]);
      t.diagnostic(said.trim());
      assert.ok(log.equals(readFileSync(`${path}-wal`)), 'the write-ahead log is as it was');
      writeFileSync(path, kept);
    }
    await arena.troupe.started();
    await arena.judge(t, 'a write-ahead log without its database: the start is refused, and the log kept');
  });
});

/** Root and inner pages of tables and their indexes: what is free or holds the rest of a long text may be anything. */
async function pagesInUse(path: string): Promise<number[]> {
  const database = new sqlite3.Database(path, sqlite3.OPEN_READONLY);
  const rows = await new Promise<{ rootpage: number }[]>((resolve, reject) =>
    database.all<{ rootpage: number }>('SELECT rootpage FROM sqlite_schema WHERE rootpage > 1', (error, found) =>
      error ? reject(error) : resolve(found)
    )
  );
  await new Promise((resolve) => database.close(resolve));
  return rows.map(({ rootpage }) => rootpage);
}
