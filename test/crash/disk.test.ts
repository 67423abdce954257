import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ownFileSystem } from '../support/own-file-system.ts';
import { Arena, seedOf } from './arena.ts';
import { buildShim, dataFolder } from './process.ts';

const DISK_BYTES = 24 * 1024 * 1024;

/** Always another, so that it is never the replay of one that was taken. */
const aWish = (idempotency_key: string) => ({
  idempotency_key,
  version: '1.0',
  requester: { service: 'admin', instance_id: 'one' },
  type: 'flow.run',
  target: { platform: 'example', account_id: 'account-1' },
  payload: { flow: 'comment_on_post', params: { post_url: 'http://127.0.0.1:1/p/1', text: randomUUID() } }
});

/** Writes are refused and say why, reads go on, /ready tells it. */
async function refusesWrites(arena: Arena, why: RegExp) {
  const refused = await arena.askUntil(
    'POST',
    '/v1/commands',
    (status) => status === 503,
    () => {
      const key = randomUUID();
      arena.load.promised.keys.add(key);
      return aWish(key);
    }
  );
  assert.equal(refused.body.code, 'JOURNAL_UNAVAILABLE', JSON.stringify(refused.body));
  assert.match(String(refused.body.detail), why);
  const [known] = arena.load.promised.commands.values();
  assert.equal((await arena.ask('GET', `/v1/commands/${known}`)).status, 200);
  assert.equal((await arena.ask('GET', '/v1/events?limit=10')).status, 200);
  const ready = await arena.askUntil('GET', '/ready', (status) => status === 503);
  const checks = ready.body.checks as { name: string; state: string; why: string }[];
  return checks.find(({ name }) => name === 'database')!;
}

describe('a manager whose disk', () => {
  it('is full refuses what does not fit, keeps what it promised, and goes on once there is room', async (t) => {
    const { fs, why } = { why: '', ...(await ownFileSystem(t, DISK_BYTES)) };
    if (!fs) return t.skip(why);
    const { path, seenAs, wrapper } = fs;
    const arena = await Arena.open(t, seedOf(t), { data: join(path, 'data'), seenAs: join(seenAs, 'data'), wrapper });
    const ballast = join(seenAs, 'ballast');
    const fill = () => {
      for (let piece = 1 << 20; piece >= 1; piece >>= 1) {
        try {
          for (;;) appendFileSync(ballast, Buffer.alloc(piece));
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
        }
      }
    };
    await arena.troupe.started();
    await arena.goesOn();

    fill();
    const database = await refusesWrites(arena, /full|I\/O error/);
    t.diagnostic(`/ready: database ${database.state}: ${database.why}`);
    rmSync(ballast);
    await arena.goesOn();

    fill();
    await refusesWrites(arena, /full|I\/O error/);
    await arena.troupe.kill();
    arena.kills.add('while the disk is full');
    fill();
    const said = await arena.troupe.refused('DATA_DIR_UNWRITABLE', [
      /data/,
      /full|ENOSPC|I\/O error/,
      /room on its disk/
    ]);
    t.diagnostic(said.trim());
    rmSync(ballast);
    await arena.troupe.started();
    await arena.goesOn();
    await arena.judge(t, 'disk full, twice: 503 JOURNAL_UNAVAILABLE, reads go on, starts are refused, then goes on');
  });

  it('fails in its calls does the same', async (t) => {
    const shim = buildShim();
    if ('why' in shim) return t.skip(shim.why);
    const data = dataFolder(t);
    const wish = `${data}.fails`;
    const arena = await Arena.open(t, seedOf(t), { data, env: { LD_PRELOAD: shim.path, CRASH_SHIM_FAIL: wish } });
    const { EIO, EROFS, EDQUOT } = constants.errno;
    await arena.troupe.started();
    for (const [call, errno] of [
      ['fsync', EIO],
      ['pwrite', EROFS],
      ['pwrite', EDQUOT]
    ]) {
      await arena.goesOn();
      writeFileSync(wish, `${call} ${errno}`);
      const database = await refusesWrites(arena, /I\/O error|full/);
      assert.equal(database.state, 'down');
      rmSync(wish);
    }
    await arena.goesOn();
    await arena.judge(
      t,
      'fsync and write fail (EIO, EROFS, EDQUOT): 503 JOURNAL_UNAVAILABLE, reads go on, then goes on'
    );
  });

  it('is read-only is not started on, and has all of it once it can be written', async (t) => {
    const { fs, why } = { why: '', ...(await ownFileSystem(t, DISK_BYTES)) };
    if (!fs) return t.skip(why);
    const { path, seenAs, wrapper } = fs;
    const arena = await Arena.open(t, seedOf(t), { data: join(path, 'data'), seenAs: join(seenAs, 'data'), wrapper });
    await arena.troupe.started();
    await arena.goesOn();
    await arena.troupe.kill();
    arena.kills.add('before the disk is read-only');
    remount(wrapper, path, 'ro');
    const said = await arena.troupe.refused('DATA_DIR_UNWRITABLE', [/data/, /read-only|EROFS/, /permissions/]);
    t.diagnostic(said.trim());
    remount(wrapper, path, 'rw');
    await arena.troupe.started();
    await arena.judge(t, 'read-only file system: the start is refused with DATA_DIR_UNWRITABLE, nothing is lost');
  });
});

function remount([command, ...args]: string[], path: string, how: 'ro' | 'rw') {
  const { status, stderr } = spawnSync(command!, [...args, 'mount', '-o', `remount,${how}`, path], {
    encoding: 'utf8'
  });
  assert.equal(status, 0, stderr);
}
