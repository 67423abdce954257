import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openSqliteJournal, type Synchronous } from '../../actors/journal/sqlite-journal.ts';
import { Arena, seedOf } from './arena.ts';
import type { Place } from './places.ts';
import { buildShim, dataFolder } from './process.ts';

/** A first start asks SQLite for a little more than this, and writes and syncs so often. */
const CALLS = 40;
const WRITES = 120;
const SYNCS = 6;
const TRIES = Number(process.env.ROUNDS ?? 1);

describe('a first start', () => {
  it('that is killed anywhere, also in its migrations, is made good by the next', async (t) => {
    const seed = seedOf(t);
    const hasShim = 'path' in buildShim();
    for (let round = 0; round < TRIES; round += 1) {
      const arena = await Arena.open(t, seed + round, { clients: 4 });
      const pick = (to: number) => arena.random.between(1, to);
      const kind = 'in a first start';
      const places: Place[] = [{ name: 'in its first start', kind, at: { point: 'call', nth: pick(CALLS) } }];
      if (hasShim) {
        const file = 'journal.db-wal';
        places.push(
          { name: 'in a write', kind, shim: { call: 'pwrite', when: 'half', file, nth: pick(WRITES) } },
          {
            name: 'by a power cut in a write',
            kind: 'power cut in a first start',
            shim: { call: 'pwrite', when: 'half', file, nth: pick(WRITES) },
            powerSeed: pick(4) - 1
          },
          {
            name: 'by a power cut before a sync',
            kind: 'power cut in a first start',
            shim: { call: 'fsync', when: 'before', file, nth: pick(SYNCS) },
            powerSeed: pick(4) - 1
          }
        );
      }
      // The first of them meets an empty folder; by turns another one is the first.
      for (const place of [...places.slice(round % places.length), ...places.slice(0, round % places.length)]) {
        await arena.dieAt(place);
      }
      await arena.troupe.started();
      await arena.goesOn(4);
      await arena.judge(t);
    }
  });
});

describe('the power cut of these tests', () => {
  it('really loses what is not synced, and only that', async (t) => {
    const shim = buildShim();
    if ('why' in shim) return t.skip(shim.why);
    const child = fileURLToPath(new URL('./child-unsynced.ts', import.meta.url));
    const commits = async (synchronous: Synchronous) => {
      const directory = dataFolder(t);
      const env = { ...process.env, LD_PRELOAD: shim.path, CRASH_SHIM_POWER: '0' };
      const args = ['--import', import.meta.resolve('tsx'), child, directory, synchronous];
      const { signal, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
      assert.equal(signal, 'SIGKILL', stderr);
      assert.equal(stdout, 'committed\n');
      const journal = openSqliteJournal({ directory });
      const { head } = await journal.open();
      await journal.close();
      return head;
    };
    assert.equal(await commits('FULL'), 10);
    assert.ok((await commits('OFF')) < 10, 'a journal that does not sync loses in a power cut');
    assert.ok((await commits('NORMAL')) < 10, 'nor does one that syncs only at checkpoints keep all');
  });
});
