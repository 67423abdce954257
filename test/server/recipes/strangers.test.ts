/** Who connects is asked of the kernel: another user's process hears that it may not, and has no effect. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { isWelcome, type LoadPeerUid, loadPeerUid } from '../../../server/recipes/peer.ts';
import { key, open, recipesFor, until } from './harness.ts';

/** Says what it is given, and then what it hears until it is closed. */
const SAY = `
  const socket = require('node:net').connect(process.argv[1]);
  socket.write(process.argv[2]);
  socket.on('error', (error) => process.stdout.write(error.code));
  socket.pipe(process.stdout);`;
const NOBODY = 65_534;

describe('who connects to the recipe stream', () => {
  const own = process.getuid?.() as number;
  const isRoot = own === 0;
  const stranger: LoadPeerUid = async () => ({ uidOf: () => 4_242, why: null });
  const hear = async (t: TestContext, path: string, said?: string) => {
    const socket = connect(path);
    t.after(() => socket.destroy());
    if (said !== undefined) socket.write(said);
    let heard = '';
    socket.setEncoding('utf8').on('data', (part) => {
      heard += part;
    });
    // One that says too much is closed while it says it.
    socket.on('error', () => {});
    await once(socket, 'close');
    return heard;
  };
  const patient = { limits: { farewellMs: 60_000 } };

  it('is known here, and one of ours is served', async (t) => {
    const { path, recipes, refusals, logged } = await recipesFor(t);
    const { uidOf, why } = await loadPeerUid();
    assert.equal(why, null);
    const { socket, ask } = await open(t, path);
    assert.equal(uidOf?.(socket), own);
    assert.equal((await ask(key('a'))).ok, true);
    assert.deepEqual([refusals, logged], [[], []]);
    assert.doesNotMatch((await recipes.check.check()).why ?? '', /not asked for|turned away/);
  });

  const asOther = { skip: !isRoot && 'only root can be somebody else' };
  it('is turned away when it is another user, who was let in by wider modes', asOther, async (t) => {
    const { path, dataDir, told, recipes, refusals, logged } = await recipesFor(t, patient);
    for (const folder of [dataDir, join(dataDir, 'recipes')]) chmodSync(folder, 0o755);
    chmodSync(path, 0o666);
    const as = async (uid: number, said: string) => {
      const child = spawn(process.execPath, ['-e', SAY, path, `${said}\n`], {
        uid,
        gid: uid,
        cwd: '/',
        stdio: ['ignore', 'pipe', 'inherit']
      });
      t.after(() => child.kill('SIGKILL'));
      // Where Node itself is nobody else's.
      const failed = once(child, 'error').then(([error]) => (error as NodeJS.ErrnoException).code ?? '');
      return Promise.race([text(child.stdout), failed]);
    };
    const why = `user ${NOBODY} is not user 0, whose recipes these are`;
    const [line, older, current] = await Promise.all([
      as(NOBODY, 'OPEN_APP Notes'),
      as(NOBODY, '{"op":"paste","request_id":"r","args":{"text":"x"}}'),
      as(NOBODY, JSON.stringify(key('a', { id: 'mine' })))
    ]);
    if (line === 'EACCES') return t.skip('Node or the temporary folder is in a place that only root may enter');
    assert.equal(line, `ERR not_permitted: ${why}\n`);
    const { ok, request_id: request, error } = JSON.parse(older);
    assert.deepEqual([ok, request, error], [false, 'r', `not_permitted: ${why}`]);
    const reply = JSON.parse(current);
    assert.deepEqual([reply.v, reply.id, reply.ok], [1, 'mine', false]);
    assert.deepEqual(reply.error, { code: 'not_permitted', message: why });
    assert.deepEqual(told, []);
    // Whoever we are is served as before.
    const { ask } = await open(t, path);
    assert.equal((await ask(key('b'))).ok, true);
    assert.deepEqual(
      logged.map(({ uid, failure }) => [uid, failure]),
      [[NOBODY, why]]
    );
    assert.deepEqual(
      refusals.map(({ from, action, detail }) => [from, action, detail?.code]),
      Array(3).fill([`uid ${NOBODY}`, 'access.refused', 'not_permitted'])
    );
    assert.match((await recipes.check.check()).why ?? '', /3 connections of other users were turned away/);
  });

  it('hears it in its own words', async (t) => {
    const { path, told } = await recipesFor(t, { ...patient, loadPeerUid: stranger });
    assert.match(
      await hear(t, path, 'PING\n'),
      /^ERR not_permitted: user 4242 is not user \d+, whose recipes these are\n$/
    );
    assert.match(JSON.parse(await hear(t, path, '{"op":"ping"}\n')).error, /^not_permitted: user 4242/);
    for (const [said, expected] of [
      ['{"v":1,"id":"i"}\n', 'i'],
      ['{]\n', null],
      [`{${'x'.repeat(70_000)}`, null]
    ] as const) {
      const { id, error } = JSON.parse(await hear(t, path, said));
      assert.deepEqual([id, error.code], [expected, 'not_permitted'], said.slice(0, 20));
    }
    assert.deepEqual(told, []);
  });

  it('hears it after a moment when it says nothing, or half a line', async (t) => {
    const { path, told } = await recipesFor(t, { limits: { farewellMs: 20 }, loadPeerUid: stranger });
    for (const said of [undefined, '{"v":1,"id":"i"']) {
      const { v, error } = JSON.parse(await hear(t, path, said));
      assert.deepEqual([v, error.code], [1, 'not_permitted']);
    }
    assert.deepEqual(told, []);
  });

  it('takes no place of ours, however often it connects', async (t) => {
    let isOurs = true;
    const { path, logged } = await recipesFor(t, {
      limits: { clients: 2, farewellMs: 20 },
      loadPeerUid: async () => ({ uidOf: () => (isOurs ? own : 4_242), why: null })
    });
    const { ask } = await open(t, path);
    isOurs = false;
    for (const answer of await Promise.all(Array.from({ length: 200 }, () => hear(t, path)))) {
      assert.equal(JSON.parse(answer).error.code, 'not_permitted');
    }
    assert.equal((await ask(key('a'))).ok, true, 'who was there before is still there');
    assert.equal(logged.length, 1, 'one user is one line');
  });

  it('is turned away when the kernel does not say who it is', async (t) => {
    const { path, refusals } = await recipesFor(t, {
      ...patient,
      loadPeerUid: async () => ({
        why: null,
        uidOf() {
          throw new Error('errno 92');
        }
      })
    });
    assert.match(
      await hear(t, path, 'PING\n'),
      /^ERR not_permitted: whose process this is cannot be known: errno 92\n$/
    );
    assert.equal(refusals[0]?.from, 'uid unknown');
  });

  it('is not asked for where koffi cannot be loaded: the modes decide, and /ready says so', async (t) => {
    const why = 'koffi cannot be loaded: no such module';
    const { path, recipes } = await recipesFor(t, { loadPeerUid: async () => ({ uidOf: undefined, why }) });
    const { ask } = await open(t, path);
    assert.equal((await ask(key('a'))).ok, true);
    const { ok, why: said } = await recipes.check.check();
    assert.ok(ok);
    assert.match(said ?? '', /the modes of folder and socket decide: koffi cannot be loaded: no such module/);
  });

  it('does not hold the end up while it is told', async (t) => {
    const { path, recipes, refusals } = await recipesFor(t, { ...patient, loadPeerUid: stranger });
    const heard = hear(t, path);
    await until(() => refusals.length === 1);
    await recipes.close(0);
    assert.equal(await heard, '');
  });

  it('may be ourselves or root, and nobody else', () => {
    assert.deepEqual(
      [1000, 0, 1001, 0xffff_ffff].map((uid) => isWelcome(uid, 1000)),
      [true, true, false, false]
    );
    assert.deepEqual(
      [0, 1000].map((uid) => isWelcome(uid, 0)),
      [true, false]
    );
  });
});
