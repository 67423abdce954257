/** One request a datagram: who is answered, who is not, and what there is where there are none. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import unixDgram from 'unix-dgram';
import { createRecipeClient } from '../../../client/recipes.ts';
import { codeOf, key, open, type Reply, recipesFor, until } from './harness.ts';

/** Bound, sends without end, and its loop never turns, so that it reads nothing. */
const DEAF = `
  const socket = require(${JSON.stringify(createRequire(import.meta.url).resolve('unix-dgram'))}).createSocket('unix_dgram');
  socket.bind(process.argv[1]);
  require('node:fs').writeSync(1, 'bound');
  for (let n = 0; ; n++) {
    const bytes = Buffer.from(JSON.stringify({ v: 1, id: 'deaf-' + n, type: 'keystroke', key: 'f' }));
    socket.send(bytes, 0, bytes.length, process.argv[2], () => {});
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }`;

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('recipe datagrams', () => {
  const bound = (t: TestContext, dataDir: string, name = 'me') => {
    const socket = unixDgram.createSocket('unix_dgram');
    socket.bind(join(dataDir, name));
    t.after(() => socket.close());
    const replies: Reply[] = [];
    socket.on('message', (bytes) => replies.push(JSON.parse(bytes.toString())));
    const send = (text: string) =>
      new Promise<Error | undefined>((resolve) => {
        const bytes = Buffer.from(text);
        socket.send(bytes, 0, bytes.length, join(dataDir, 'recipes/recipes.sock.dgram'), resolve);
      });
    return { replies, send };
  };

  it('are answered where their sender is bound, and not when no answer is wanted', async (t) => {
    const { dataDir, told } = await recipesFor(t);
    const { replies, send } = bound(t, dataDir);
    await send(JSON.stringify(key('a', { id: 'quiet', ack: false })));
    await send(JSON.stringify(key('b', { id: 'loud' })));
    await until(() => replies.length > 0);
    assert.deepEqual([replies.length, replies[0]?.id, told.length], [1, 'loud', 2]);
  });

  it('that do not fit are each refused', async (t) => {
    const { dataDir, told } = await recipesFor(t);
    const { replies, send } = bound(t, dataDir);
    for (const text of ['', 'nope', '[]', '{"v":9}', `{"v":1,"type":"paste","text":"${'x'.repeat(70_000)}"}`]) {
      await send(text);
    }
    await until(() => replies.length === 5);
    assert.deepEqual(replies.map(codeOf), ['malformed', 'malformed', 'malformed', 'unsupported_version', 'too_large']);
    assert.equal(told.length, 0);
  });

  it('have up to 64 KiB', async (t) => {
    const { dataDir, told } = await recipesFor(t);
    const { replies, send } = bound(t, dataDir);
    for (const [n, bytes] of [65_535, 65_536, 65_537].entries()) {
      const text = JSON.stringify(key('a', { id: `n${bytes}` }));
      await send(`${text.slice(0, -1)}${' '.repeat(bytes - text.length)}}`);
      await until(() => replies.length > n);
    }
    assert.deepEqual(
      replies.map((reply) => [reply.ok, codeOf(reply)]),
      [
        [true, undefined],
        [true, undefined],
        [false, 'too_large']
      ]
    );
    assert.equal(told.length, 2);
  });

  it('of a sender that is not bound run, and nobody is answered', async (t) => {
    const { dataDir, told } = await recipesFor(t);
    const socket = unixDgram.createSocket('unix_dgram');
    t.after(() => socket.close());
    for (const text of [JSON.stringify(key('a', { id: 'one' })), 'nope', JSON.stringify(key('b', { id: 'one' }))]) {
      const bytes = Buffer.from(text);
      socket.send(bytes, 0, bytes.length, join(dataDir, 'recipes/recipes.sock.dgram'), () => {});
    }
    await until(() => told.length > 0);
    const { replies, send } = bound(t, dataDir);
    await send(JSON.stringify(key('c', { id: 'one' })));
    await until(() => replies.length === 1);
    // What ran for nobody is remembered as well.
    assert.deepEqual([replies[0]?.ok, told.length], [true, 1]);
  });

  it('of one sender fill 64 places, and those of another are still taken', async (t) => {
    const { dataDir, told, hold, letGo } = await recipesFor(t);
    hold();
    const many = bound(t, dataDir, 'many');
    const other = bound(t, dataDir, 'other');
    // The kernel holds few datagrams for a socket, and says when it holds no more.
    for (let n = 0; n < 70; n++) while (await many.send(JSON.stringify(key('a', { id: `many-${n}` })))) await turn();
    await until(() => many.replies.length === 6);
    assert.deepEqual(new Set(many.replies.map(codeOf)), new Set(['busy']));
    await other.send(JSON.stringify(key('b', { id: 'other' })));
    letGo();
    await until(() => other.replies.length === 1);
    assert.deepEqual([other.replies[0]?.ok, told.length], [true, 65]);
    // Nothing of it ran, so its id may come again.
    await many.send(JSON.stringify(key('c', { id: many.replies[0]?.id })));
    await until(() => told.length === 66);
  });

  it('of a sender that reads no replies hold nobody up', async (t) => {
    const { dataDir, told } = await recipesFor(t);
    const deaf = spawn(process.execPath, [
      '-e',
      DEAF,
      join(dataDir, 'deaf'),
      join(dataDir, 'recipes/recipes.sock.dgram')
    ]);
    t.after(() => deaf.kill('SIGKILL'));
    await once(deaf.stdout, 'data');
    const good = bound(t, dataDir);
    for (let n = 1; n <= 20; n++) {
      const before = told.length;
      // The queue may be full of the other's for a moment: then the kernel says so and nothing was sent.
      while (await good.send(JSON.stringify(key('a', { id: `good-${n}` })))) await until(() => told.length > before);
      await until(() => good.replies.length === n);
    }
    assert.ok(good.replies.every(({ ok }) => ok));
    assert.ok(told.length > 20);
  });

  it('are not there where their module cannot be loaded: the stream is, and /ready says so', async (t) => {
    const why = 'unix-dgram cannot be loaded: no such module';
    const { recipes, path, told } = await recipesFor(t, { loadDatagrams: async () => ({ module: undefined, why }) });
    assert.equal(recipes.datagram, null);
    const { ok, why: said } = await recipes.check.check();
    assert.ok(ok);
    assert.match(said ?? '', /only the stream: unix-dgram cannot be loaded: no such module/);
    const { ask } = await open(t, path);
    assert.equal((await ask(key('a'))).ok, true);
    const client = createRecipeClient({ path });
    t.after(() => client.close());
    assert.equal((await client.send({ type: 'keystroke', key: 'b' }))?.ok, true);
    assert.deepEqual([told.length, client.counts.streamed, client.counts.fallbacks], [2, 1, 1]);
  });
});
