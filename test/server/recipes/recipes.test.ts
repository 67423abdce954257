/** The recipe stream and the client library: what may come over a socket, and what comes back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { RecipeError } from '../../../actors/desktop/contract.ts';
import { isRecipeReply } from '../../../actors/desktop/recipe-schema.ts';
import { createRecipeClient } from '../../../client/recipes.ts';
import { codeOf, key, open, type Reply, recipesFor, until } from './harness.ts';

describe('the recipe stream', () => {
  it('runs commands in order and answers as the contract says', async (t) => {
    const { path, told } = await recipesFor(t);
    const { ask } = await open(t, path);
    const commands = [
      { type: 'open_app', app: 'Notes' },
      { type: 'enter', text: 'hi' },
      { type: 'flow', name: 'greet' }
    ];
    const reply = await ask({ v: 1, id: 'one', type: 'batch', commands });
    assert.ok(isRecipeReply({ ...reply, results: reply.results?.slice(0, 2) }), JSON.stringify(isRecipeReply.errors));
    assert.deepEqual(
      reply.results?.map(({ type, ok, command_id }) => [type, ok, command_id]),
      [
        ['open_app', true, undefined],
        ['enter', true, undefined],
        ['flow', true, 'command-of-greet']
      ]
    );
    assert.deepEqual(told, commands.slice(0, 2));
  });

  it('refuses what does not fit with a code and a place, and the connection goes on', async (t) => {
    const { path, told } = await recipesFor(t);
    const { ask } = await open(t, path);
    const nested = '['.repeat(100_000) + ']'.repeat(100_000);
    const cases: [unknown, string][] = [
      ['{nope', 'malformed'],
      ['{"v":1', 'malformed'],
      [`{"v":${'['.repeat(100_000)}`, 'malformed'],
      ['{}', 'malformed'],
      [`{"v":${nested}}`, 'unsupported_version'],
      [`{"v":1,"type":${nested}}`, 'invalid_argument'],
      [`{"v":1,"type":"keystroke","key":${nested}}`, 'invalid_argument'],
      [`{"v":1,"type":"keystroke","key":"a","meta":{"source":${nested}}}`, 'invalid_argument'],
      [`{"v":1,"type":"batch","commands":${nested}}`, 'invalid_argument'],
      [{ type: 'paste', text: 'x' }, 'malformed'],
      [{ v: 2, type: 'paste', text: 'x' }, 'unsupported_version'],
      [{ v: '1', type: 'paste', text: 'x' }, 'unsupported_version'],
      [{ v: 1, type: 'rm' }, 'unknown_command'],
      [{ v: 1, type: 'batch', commands: [key('a'), { type: 'rm' }] }, 'unknown_command'],
      [{ v: 1 }, 'invalid_argument'],
      [{ v: 1, type: 'batch' }, 'invalid_argument'],
      [{ v: 1, type: 'batch', commands: [] }, 'invalid_argument'],
      [{ v: 1, type: 'batch', commands: Array(101).fill({ type: 'paste', text: '' }) }, 'invalid_argument'],
      [{ v: 1, type: 'batch', commands: [{ type: 'keystroke', key: 'a' }], key: 'a' }, 'invalid_argument'],
      [key('a', { wat: 1 }), 'invalid_argument'],
      [key('a', { mods: ['hyper'] }), 'invalid_argument'],
      [key('a', { id: 'x'.repeat(129) }), 'invalid_argument'],
      [key('a', { timeout_ms: -1 }), 'invalid_argument'],
      [key('a', { commands: [] }), 'invalid_argument'],
      [{ v: 1, type: 'paste', text: 'x'.repeat(262_145) }, 'invalid_argument'],
      [{ v: 1, type: 'run_macro', name: '../../etc/passwd' }, 'invalid_argument'],
      [{ v: 1, type: 'run_macro', name: 'none' }, 'invalid_argument'],
      ['{"v":1,"type":"__proto__"}', 'unknown_command']
    ];
    for (const [sent, code] of cases) assert.equal(codeOf(await ask(sent)), code, JSON.stringify(sent).slice(0, 80));
    assert.deepEqual(told, []);
    assert.equal((await ask(key('a'))).ok, true);
  });

  it('refuses bytes that are no UTF-8', async (t) => {
    const { path } = await recipesFor(t);
    const { socket, next } = await open(t, path);
    socket.write(
      Buffer.concat([Buffer.from('{"v":1,"type":"paste","text":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}\n')])
    );
    assert.match(await next(), /"malformed".*UTF-8/);
  });

  it('answers a line that is too long once and goes on at the next', async (t) => {
    const { path, told } = await recipesFor(t);
    const { socket, next, ask } = await open(t, path);
    socket.write(`{"v":1,"type":"paste","text":"${'x'.repeat(3 * 1024 * 1024)}"}\n`);
    assert.equal(codeOf(JSON.parse(await next())), 'too_large');
    assert.equal((await ask(key('b'))).ok, true);
    assert.equal(told.length, 1);
    // In the line protocol as a line of it, and in its place.
    socket.write(`PING\nRUN ${'x'.repeat(1024 * 1024)}\nPING\n`);
    const answers = [await next(), await next(), await next()];
    assert.deepEqual(answers, ['PONG', 'ERR too_large: a line has at most 1048576 bytes', 'PONG']);
    const most = JSON.stringify(key('c'));
    assert.equal((await ask(most + ' '.repeat(1024 * 1024 - most.length))).ok, true, 'exactly 1 MiB');
  });

  it('runs an id once, however often it comes, also while it still runs', async (t) => {
    const { path, told, hold, letGo } = await recipesFor(t);
    const { socket, next, ask } = await open(t, path);
    const first = await ask(key('a', { id: 'same' }));
    assert.deepEqual(await ask(key('b', { id: 'same' })), first);
    hold();
    for (let n = 0; n < 3; n++) socket.write(`${JSON.stringify(key('c', { id: 'slow' }))}\n`);
    await until(() => told.length === 2);
    letGo();
    const replies = [await next(), await next(), await next()];
    assert.equal(new Set(replies).size, 1);
    assert.equal(told.length, 2);
  });

  it('says what the desktop said, in the codes of the contract', async (t) => {
    const { path } = await recipesFor(t, {
      run(command) {
        if (command.type === 'open_app') throw new RecipeError('app_not_found', "no application 'Nope'");
        if (command.type === 'open_with_app')
          return Promise.reject(new RecipeError('not_permitted', 'not on the list'));
        throw new Error('the display is gone');
      }
    });
    const { ask } = await open(t, path);
    const errorOf = async (command: object) => (await ask({ v: 1, ...command })).error;
    assert.deepEqual(await errorOf({ type: 'open_app', app: 'Nope' }), {
      code: 'app_not_found',
      message: "no application 'Nope'",
      index: 0
    });
    assert.equal((await errorOf({ type: 'open_with_app', app: 'a', target: 'b' }))?.code, 'not_permitted');
    assert.deepEqual(await errorOf({ type: 'paste', text: '' }), {
      code: 'internal',
      message: 'the display is gone',
      index: 0
    });
  });

  it('serves many clients at once, each with many requests, and each hears its own', async (t) => {
    const { path, told } = await recipesFor(t, { run: () => new Promise((resolve) => setImmediate(resolve, {})) });
    const clients = await Promise.all(Array.from({ length: 50 }, () => open(t, path)));
    const sent = clients.map(({ socket }, client) => {
      const ids = Array.from({ length: 20 }, (_, n) => `${client}-${n}`);
      socket.write(ids.map((id) => `${JSON.stringify(key('a', { id }))}\n`).join(''));
      return ids;
    });
    for (const [client, ids] of sent.entries()) {
      const heard: (string | null)[] = [];
      while (heard.length < ids.length) heard.push(JSON.parse(await clients[client]!.next()).id);
      assert.deepEqual(heard.sort(), ids.sort());
    }
    assert.equal(told.length, 1_000);
  });

  it('stops a batch at its first failure and says which ran', async (t) => {
    const { path, told } = await recipesFor(t);
    const { ask } = await open(t, path);
    const commands = [
      { type: 'paste', text: 'x' },
      { type: 'run_macro', name: 'none' },
      { type: 'paste', text: 'y' }
    ];
    const reply = await ask({ v: 1, type: 'batch', commands });
    assert.deepEqual([reply.error?.index, reply.results?.map(({ ok }) => ok)], [1, [true, false]]);
    assert.equal(told.length, 1);
  });

  it('gives up what takes too long, and what waits behind it in its own time', async (t) => {
    const { path, told, hold, letGo } = await recipesFor(t);
    const { socket, next } = await open(t, path);
    socket.write('RUN none\n');
    await next();
    hold();
    const send = (line: object) => socket.write(`${JSON.stringify(line)}\n`);
    send(key('a', { id: 'a', timeout_ms: 2_000 }));
    await until(() => told.length === 1);
    send(key('b', { id: 'b', timeout_ms: 20 }));
    const replies = [JSON.parse(await next()), JSON.parse(await next())] as Reply[];
    assert.deepEqual(
      replies.map((reply) => [reply.id, codeOf(reply)]),
      [
        ['b', 'timeout'],
        ['a', 'timeout']
      ]
    );
    // The one that had begun is among those that ran: what came of it nobody knows. The other had not.
    assert.deepEqual(
      replies.map(({ error, results }) => [error?.index, results?.map(({ type, ok }) => [type, ok])]),
      [
        [undefined, undefined],
        [0, [['keystroke', false]]]
      ]
    );
    letGo();
    send(key('c'));
    assert.equal(JSON.parse(await next()).ok, true);
    assert.deepEqual(
      told.map((command) => 'key' in command && command.key),
      ['a', 'c']
    );
  });

  it('runs macros, and macros in macros, eight deep', async (t) => {
    const { path, dataDir, told } = await recipesFor(t);
    const folder = join(dataDir, 'macros');
    mkdirSync(folder);
    const write = (name: string, steps: unknown) =>
      writeFileSync(join(folder, `${name}.json`), JSON.stringify({ steps }));
    for (let n = 1; n < 9; n++) write(`m${n}`, [{ type: 'run_macro', name: `m${n + 1}` }]);
    write('m9', [
      { type: 'keystroke', key: 'x' },
      { type: 'paste', text: 'y' }
    ]);
    write('self', [{ type: 'run_macro', name: 'self' }]);
    write('wrong', [{ type: 'rm' }]);
    write('long', Array(100).fill({ type: 'run_macro', name: 'steps' }));
    write('steps', Array(100).fill({ type: 'keystroke', key: 'x' }));
    writeFileSync(join(folder, 'broken.json'), '{"steps":[');
    const { ask } = await open(t, path);
    assert.equal((await ask({ v: 1, type: 'run_macro', name: 'm2' })).ok, true);
    assert.equal(told.length, 2);
    for (const name of ['m1', 'self', 'wrong', 'long', 'broken']) {
      assert.equal(codeOf(await ask({ v: 1, type: 'run_macro', name })), 'invalid_argument', name);
    }
    assert.equal(told.length, 2);
    // An edit counts at once.
    write('m9', [{ type: 'enter', text: 'anew' }]);
    assert.equal((await ask({ v: 1, type: 'run_macro', name: 'm2' })).ok, true);
    assert.deepEqual(told.at(-1), { type: 'enter', text: 'anew' });
  });

  it('hands over each flow of a macro, as itself', async (t) => {
    const { path, dataDir, flows } = await recipesFor(t);
    mkdirSync(join(dataDir, 'macros'));
    const steps = ['one', 'two'].map((name) => ({ type: 'flow', name }));
    writeFileSync(join(dataDir, 'macros/both.json'), JSON.stringify({ steps }));
    const { ask } = await open(t, path);
    const commands = [steps[0], { type: 'run_macro', name: 'both' }];
    const { ok, results } = await ask({ v: 1, id: 'i', type: 'batch', commands });
    assert.deepEqual([ok, results?.map((one) => one.command_id)], [true, ['command-of-one', 'command-of-two']]);
    assert.deepEqual(
      flows.map(({ name, id, place }) => [name, id, place]),
      [
        ['one', 'i', '0'],
        ['one', 'i', '1.0'],
        ['two', 'i', '1.1']
      ]
    );
  });

  it('speaks the line protocol, in order, and the newline JSON form', async (t) => {
    const { path, dataDir, told } = await recipesFor(t);
    mkdirSync(join(dataDir, 'macros'));
    const steps = [{ type: 'keystroke', key: 'x' }];
    writeFileSync(join(dataDir, 'macros/one.json'), JSON.stringify({ steps }));
    const { socket, next } = await open(t, path);
    const lines = ['PING', 'OPEN_APP Notes', 'OPEN_APP_TOGGLE Notes', 'OPEN_WITH_APP Notes:/tmp/a:b', 'RUN one\r'];
    const wrong = ['RUN none', 'RUN', 'OPEN_WITH_APP Notes', 'W\u001b[31mAT', `RUN ${'x'.repeat(200)}`, 'ping'];
    socket.write(`${[...lines, ...wrong].join('\n')}\n`);
    for (const answer of ['PONG', 'OK', 'OK', 'OK', 'OK']) assert.equal(await next(), answer);
    for (const line of wrong) assert.match(await next(), /^ERR (malformed|invalid_argument): [ -~]+$/, line);
    assert.deepEqual(told, [
      { type: 'open_app', app: 'Notes' },
      { type: 'open_app', app: 'Notes', toggle: true },
      { type: 'open_with_app', app: 'Notes', target: '/tmp/a:b' },
      ...steps
    ]);
    socket.write(
      '{"op":"paste","request_id":"r","run_id":7,"tool_call_id":"t","args":{"text":"x"}}\n{"op":"paste","request_id":"q"}\n'
    );
    const good = JSON.parse(await next());
    assert.deepEqual([good.ok, good.op, good.request_id, good.run_id, good.tool_call_id], [true, 'paste', 'r', 7, 't']);
    assert.deepEqual([typeof good.ts_ms, typeof good.dur_us, good.result[0].type], ['number', 'number', 'paste']);
    assert.match(JSON.parse(await next()).error, /invalid_argument/);
  });

  it('answers a client that has ended its side, also without a last newline', async (t) => {
    const { path } = await recipesFor(t);
    const socket = connect({ path, allowHalfOpen: true });
    t.after(() => socket.destroy());
    socket.end(JSON.stringify(key('a', { id: 'last' })));
    const [bytes] = await once(socket, 'data');
    assert.equal(JSON.parse(String(bytes)).id, 'last');
  });

  it('closes the most silent of too many clients, and serves the others', async (t) => {
    const { path, recipes } = await recipesFor(t, { limits: { clients: 20 } });
    const silent: Socket[] = [];
    for (let n = 0; n < 500; n++) silent.push(connect(path).on('error', () => {}));
    t.after(() => silent.map((socket) => socket.destroy()));
    const { ask } = await open(t, path);
    assert.equal((await ask(key('a'))).ok, true);
    assert.match((await recipes.check.check()).why ?? '', /recipes.sock/);
  });

  it('does not let one that sends without reading hold up another', async (t) => {
    const { path, told } = await recipesFor(t, { limits: { patienceMs: 200 } });
    const deaf = connect(path);
    deaf.on('error', () => {}).pause();
    // From now on: on a busy machine its patience is over, and it is closed, before the others are through.
    const closed = new Promise((resolve) => deaf.once('close', resolve));
    t.after(() => deaf.destroy());
    const flood = `${JSON.stringify(key('f'))}\n`.repeat(50_000);
    deaf.write(flood);
    const { ask } = await open(t, path);
    for (let n = 0; n < 20; n++) assert.equal((await ask(key('a', { id: `n${n}` }))).ok, true);
    // It still has something to send, and so it hears of its end without reading.
    await closed;
    assert.ok(told.length < 50_020, 'it was not read from any more, and closed');
  });
});

describe('the recipe client', () => {
  it('sends datagrams, and what is too long for one over the stream', async (t) => {
    const { path, told } = await recipesFor(t);
    const client = createRecipeClient({ path, source: 'test' });
    t.after(() => client.close());
    assert.equal((await client.send({ type: 'keystroke', key: 'a' }))?.ok, true);
    assert.equal((await client.send({ type: 'paste', text: 'x'.repeat(100_000) }))?.ok, true);
    assert.equal(await client.send({ type: 'keystroke', key: 'b' }, { ack: false }), null);
    await until(() => told.length === 3);
    assert.deepEqual({ ...client.counts }, { datagrams: 2, streamed: 1, fallbacks: 0, reconnects: 0 });
  });

  it('finds a server that was started anew, with datagrams', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-client-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const first = await recipesFor(t, { folder });
    const client = createRecipeClient({ path: first.path, ackMs: 60_000 });
    t.after(() => client.close());
    assert.equal((await client.send({ type: 'keystroke', key: 'a' }))?.ok, true);
    await first.recipes.close(0);
    const second = await recipesFor(t, { folder });
    for (const name of ['b', 'c']) assert.equal((await client.send({ type: 'keystroke', key: name }))?.ok, true);
    assert.deepEqual([first.told.length, second.told.length], [1, 2]);
    assert.deepEqual({ ...client.counts }, { datagrams: 3, streamed: 0, fallbacks: 0, reconnects: 0 });
    await second.recipes.close(0);
    await assert.rejects(client.send({ type: 'keystroke', key: 'd' }), { name: 'RecipeUnreachable' });
  });

  it('asks over the stream when no reply comes, and the command has run once', async (t) => {
    const { path, told, hold, letGo } = await recipesFor(t);
    const client = createRecipeClient({ path, ackMs: 20 });
    t.after(() => client.close());
    hold();
    const reply = client.send({ type: 'keystroke', key: 'a' });
    await until(() => client.counts.streamed === 1);
    letGo();
    assert.equal((await reply)?.ok, true);
    assert.deepEqual([told.length, client.counts.fallbacks], [1, 1]);
  });

  it('connects the stream again once, and says so when nobody is there', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-client-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'recipes.sock');
    let connections = 0;
    const rude = createServer((socket) => {
      connections++;
      socket.on('error', () => {}).once('data', () => socket.destroy());
    }).listen(path);
    await once(rude, 'listening');
    t.after(() => rude.close());
    const client = createRecipeClient({ path });
    t.after(() => client.close());
    await assert.rejects(client.send({ type: 'keystroke', key: 'a' }), { name: 'RecipeUnreachable' });
    assert.deepEqual([connections, client.counts.reconnects], [2, 1]);
  });
});
