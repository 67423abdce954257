import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Connection } from '../../../actors/journal/connection.ts';
import { migrate, migrations } from '../../../actors/journal/migrations.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import type { CommandView } from '../../../schemas/generated/contracts.ts';
import { batchOf, eventsFrom } from '../../actors/journal/samples.ts';
import { assertChained, assertWhole, ENDS, readLog } from '../../e2e/log.ts';
import { type Manager, startManager } from '../../support/manager.ts';
import { temporaryFolder, troupe } from './harness.ts';

const CLIENTS = 32;

/** Sends commands for a few accounts, one after the other, until told to stop; what was acknowledged is noted. */
class Load {
  readonly acknowledged: string[] = [];
  #isOver = false;
  readonly #manager: Manager;
  readonly #clients: Promise<void>[];

  constructor(manager: Manager) {
    this.#manager = manager;
    this.#clients = Array.from({ length: CLIENTS }, (_, i) => this.#client(i));
  }

  async #client(i: number) {
    for (let n = 0; !this.#isOver; n++) {
      const { status, body } = await this.#manager.request<{ command_id: string }>('POST', '/v1/commands', {
        version: '1.0',
        idempotency_key: randomUUID(),
        requester: { service: 'admin', instance_id: `client-${i}` },
        target: { account_id: `account-${i}`, platform: 'instagram' },
        type: 'flow.run',
        payload: { flow: 'comment_on_post', params: { post_url: 'https://example.org/p/1', text: `${i}.${n}` } }
      });
      // A full line is an answer too.
      assert.ok(status === 202 || status === 429 || status === 503, `${status} ${JSON.stringify(body)}`);
      if (status === 202) this.acknowledged.push(body.command_id);
    }
  }

  async until(count: number) {
    while (this.acknowledged.length < count) await new Promise((resolve) => setImmediate(resolve));
  }

  async stop() {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }
}

/** A stopped journal with something of each kind. */
async function stopped(data: string) {
  mkdirSync(data, { recursive: true });
  const journal = openSqliteJournal({ directory: data, synchronous: 'OFF' });
  await journal.open();
  const files = ['one', 'two'].map((text) => {
    const sha256 = createHash('sha256').update(text).digest('hex');
    mkdirSync(join(data, 'artifacts', sha256.slice(0, 2)), { recursive: true });
    const path = join(data, 'artifacts', sha256.slice(0, 2), sha256);
    writeFileSync(path, text);
    return { sha256, path };
  });
  await journal.commit(
    batchOf({
      events: eventsFrom(1, 500),
      writes: files.map(({ sha256 }, i) => ({
        into: 'artifacts',
        row: {
          id: `${i}`,
          command_id: null,
          kind: 'screenshot',
          media_type: 'image/png',
          sha256,
          size: 3,
          created_at: 1
        }
      }))
    })
  );
  await journal.close();
  writeFileSync(join(data, 'admin.token'), 'trp_x\n', { mode: 0o600 });
  writeFileSync(join(data, 'profile-keys.json'), '{}', { mode: 0o600 });
  mkdirSync(join(data, 'uploads'));
  writeFileSync(join(data, 'uploads', 'picture.png'), 'picture');
  for (const name of ['troupe.lock', 'endpoints.json']) writeFileSync(join(data, name), '{}');
  for (const name of ['logs', 'slots', 'processes']) mkdirSync(join(data, name));
  return files;
}

describe('troupe backup', () => {
  it('of an instance that 32 clients write to has all that was acknowledged, and starts as one of its own', async (t) => {
    const folder = temporaryFolder(t);
    const target = join(folder, 'copies', 'one');
    const manager = await startManager(t, { args: ['--request-limit', '0', '--slots', '4'] });
    const load = new Load(manager);
    await load.until(CLIENTS * 3);
    const before = [...load.acknowledged];
    const making = troupe(['backup', target, '--data', manager.data]);
    await load.until(before.length + CLIENTS);
    const made = await making;
    const meanwhile = load.acknowledged.length - before.length;
    await load.stop();
    assert.equal(made.code, 0, made.err);
    const [report] = made.json;
    t.diagnostic(`${before.length} acknowledged before, ${meanwhile} while it was copied; ${JSON.stringify(report)}`);
    assert.ok(report.living > 0 && report.head > 0);
    assert.deepEqual(report.others, ['admin.token', 'profile-keys.json']);
    await manager.stop();

    const copy = await startManager(t, { data: target, args: ['--request-limit', '0', '--slots', '4'] });
    assert.equal(copy.token, manager.token);
    for (const id of before) {
      const { state } = await copy.commandEnd(id, { timeoutMs: 200_000 });
      assert.ok(ENDS.includes(state));
    }
    const { body } = await copy.request<{ items: CommandView[] }>('GET', '/v1/commands?limit=500');
    for (const { command_id } of body.items) await copy.commandEnd(command_id, { timeoutMs: 200_000 });
    const log = await readLog(copy);
    assertWhole(log);
    assertChained(log);
    for (const id of before) {
      const ends = log.filter(
        ({ payload: { actor, from, to } }) => actor.id === id && from !== to && ENDS.includes(to)
      );
      assert.equal(ends.length, 1, `${id} ended ${ends.length} times`);
    }
    await copy.stop();
  });

  it('of a stopped instance has its artifacts, token, keys and uploads, and nothing of its process', async (t) => {
    const folder = temporaryFolder(t);
    const [data, target] = [join(folder, 'data'), join(folder, 'copy')];
    const files = await stopped(data);
    mkdirSync(target);
    const { code, out, err } = await troupe(['backup', target, '--data', data], { columns: 100 });
    assert.equal(code, 0, err);
    assert.match(out, /events +500, cursors 1 to 500/);
    assert.match(out, /artifacts +2 files/);
    assert.match(out, /beside +admin.token, profile-keys.json, uploads/);
    const names = ['admin.token', 'artifacts', 'backup.json', 'journal.db', 'profile-keys.json', 'uploads'];
    assert.deepEqual(readdirSync(target).sort(), names);
    assert.deepEqual(readdirSync(folder).sort(), ['copy', 'data'], 'nothing half-made is left');
    assert.equal(statSync(target).mode & 0o777, 0o700);
    assert.equal(statSync(join(target, 'admin.token')).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(target, 'uploads', 'picture.png'), 'utf8'), 'picture');
    for (const { sha256 } of files) assert.ok(existsSync(join(target, 'artifacts', sha256.slice(0, 2), sha256)));
    assert.equal(JSON.parse(readFileSync(join(target, 'backup.json'), 'utf8')).to, target);
    const journal = openSqliteJournal({ directory: target });
    t.after(() => journal.close());
    assert.deepEqual(await journal.open(), { head: 500, tail: 1, boot: 2 });
  });

  it('goes nowhere where something is', async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, 'data');
    await stopped(data);
    const taken = join(folder, 'taken');
    mkdirSync(taken);
    writeFileSync(join(taken, 'mine.txt'), 'mine');
    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const [target, why] of [
      [taken, /'mine.txt' is in it/],
      [data, /inside/],
      [join(data, 'copy'), /inside/],
      [file, /no folder/]
    ] as const) {
      const { code, err } = await troupe(['backup', target, '--data', data]);
      assert.equal(code, 2, target);
      assert.match(err, /BACKUP_TARGET_TAKEN/);
      assert.match(err, why);
    }
    assert.deepEqual(readdirSync(taken), ['mine.txt']);
    assert.deepEqual(readdirSync(folder).sort(), ['data', 'file', 'taken']);
  });

  it('says that there is nothing to copy, or no room or right to', async (t) => {
    const folder = temporaryFolder(t);
    const none = await troupe(['backup', join(folder, 'copy'), '--data', join(folder, 'none')]);
    assert.equal(none.code, 1);
    assert.match(none.err, /BACKUP_FAILED.*no journal\.db/);
    const data = join(folder, 'data');
    await stopped(data);
    const under = join(folder, 'file');
    writeFileSync(under, '');
    const nowhere = await troupe(['backup', join(under, 'copy'), '--data', data]);
    assert.notEqual(nowhere.code, 0);
    assert.deepEqual(readdirSync(folder).sort(), ['data', 'file']);
  });

  it('of a damaged journal is none, and says so; of a missing or damaged artifact it says which', async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, 'data');
    const [one, two] = await stopped(data);
    writeFileSync(one!.path, 'other');
    chmodSync(two!.path, 0o600);
    writeFileSync(two!.path, 'two');
    const lame = await troupe(['backup', join(folder, 'lame'), '--data', data]);
    assert.equal(lame.code, 1);
    assert.deepEqual(lame.json[0].damaged, [one!.sha256]);
    assert.match(lame.err, new RegExp(`damaged in the original: artifact ${one!.sha256}`));
    assert.equal(lame.json[0].files, 1);

    const path = join(data, 'journal.db');
    const { size } = statSync(path);
    const file = openSync(path, 'r+');
    for (let at = 8_192; at < size; at += 4_096) writeSync(file, Buffer.alloc(512, 0xff), 0, 512, at);
    closeSync(file);
    const broken = await troupe(['backup', join(folder, 'broken'), '--data', data]);
    assert.equal(broken.code, 1);
    assert.match(broken.err, /JOURNAL_DAMAGED/);
    assert.ok(!existsSync(join(folder, 'broken')));
    assert.deepEqual(readdirSync(folder).sort(), ['data', 'lame']);
  });

  it('leaves nothing when it is told to end', async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, 'data');
    await stopped(data);
    const ending = new AbortController();
    ending.abort();
    const { code } = await troupe(['backup', join(folder, 'copy'), '--data', data], { signal: ending.signal });
    assert.equal(code, 130);
    assert.deepEqual(readdirSync(folder), ['data']);
  });

  it('of a database that was made before it could shrink can', async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, 'data');
    mkdirSync(data);
    const old = await Connection.open(join(data, 'journal.db'), 'create');
    await old.exec('PRAGMA journal_mode = WAL');
    await migrate(old, 0, migrations().slice(0, 1));
    await old.close();
    const { code, err } = await troupe(['backup', join(folder, 'copy'), '--data', data]);
    assert.equal(code, 0, err);
    const journal = openSqliteJournal({ directory: join(folder, 'copy') });
    t.after(() => journal.close());
    await journal.open();
    await journal.commit(batchOf({ events: eventsFrom(1, 2_000) }));
    await journal.prune({ keep: 1 }, 10_000);
    const { freeBytes, bytes } = await journal.vacuum(0);
    assert.ok(freeBytes > 0);
    assert.ok((await journal.vacuum(freeBytes)).bytes < bytes);
  });
});
