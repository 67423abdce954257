/** The recipe sockets, real ones: what may come over them, and what comes back. The desktop is a list of what it was told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import pino from 'pino';
import unixDgram from 'unix-dgram';
import type { Desktop, DesktopCommand, Done } from '../../../actors/desktop/contract.ts';
import { isRecipeReply } from '../../../actors/desktop/recipe-schema.ts';
import { createRecipeClient } from '../../../client/recipes.ts';
import type { RecipeReply } from '../../../schemas/generated/contracts.ts';
import { recipePaths } from '../../../server/recipes/place.ts';
import { startRecipes } from '../../../server/recipes/recipes.ts';
import type { StreamLimits } from '../../../server/recipes/stream.ts';

type Reply = RecipeReply & Record<string, unknown>;

async function recipesFor(
  t: TestContext,
  { limits, folder }: { limits?: Partial<StreamLimits>; folder?: string } = {}
) {
  const dataDir = folder ?? mkdtempSync(join(tmpdir(), 'troupe-recipes-'));
  const told: DesktopCommand[] = [];
  /** Set: the next command waits until it is called. */
  const held: (() => void)[] = [];
  let hold = false;
  const desktop: Desktop = {
    about: 'a list',
    run(command) {
      told.push(command);
      if (!hold) return {};
      return new Promise<Done>((resolve) => held.push(() => resolve({})));
    },
    close: async () => {}
  };
  const created: Record<string, unknown>[] = [];
  const recipes = await startRecipes({
    host: {
      create: async (_, input) => {
        created.push(input);
        return {} as never;
      }
    },
    dataDir,
    paths: recipePaths(dataDir, undefined),
    desktop,
    runFlow: async ({ name }) => `command-of-${name}`,
    logger: pino({ level: 'silent' }),
    ...(limits ? { limits } : {})
  });
  t.after(async () => {
    for (const go of held.splice(0)) go();
    await recipes.close(1_000);
    if (!folder) rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    recipes,
    dataDir,
    told,
    created,
    path: join(dataDir, 'recipes/recipes.sock'),
    hold: () => {
      hold = true;
    },
    letGo: () => {
      hold = false;
      for (const go of held.splice(0)) go();
    }
  };
}

/** A client of the stream that hears line by line. */
async function open(t: TestContext, path: string) {
  const socket = connect(path);
  await once(socket, 'connect');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;
  const ask = async (line: unknown): Promise<Reply> => {
    socket.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
    return JSON.parse(await next());
  };
  return { socket, next, ask };
}

const key = (name: string, more: object = {}) => ({ v: 1, type: 'keystroke', key: name, ...more });
const codeOf = ({ error }: Reply) => error?.code;
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};

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
    const cases: [unknown, string][] = [
      ['{nope', 'malformed'],
      ['{"v":1', 'malformed'],
      [`{"v":${'['.repeat(100_000)}`, 'malformed'],
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
    hold();
    socket.write(
      `${JSON.stringify(key('a', { id: 'a', timeout_ms: 60 }))}\n${JSON.stringify(key('b', { id: 'b', timeout_ms: 20 }))}\n`
    );
    const replies = [JSON.parse(await next()), JSON.parse(await next())] as Reply[];
    assert.deepEqual(
      replies.map((reply) => [reply.id, codeOf(reply)]),
      [
        ['b', 'timeout'],
        ['a', 'timeout']
      ]
    );
    letGo();
    socket.write(`${JSON.stringify(key('c'))}\n`);
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
    const { ask } = await open(t, path);
    assert.equal((await ask({ v: 1, type: 'run_macro', name: 'm2' })).ok, true);
    assert.equal(told.length, 2);
    for (const name of ['m1', 'self', 'wrong']) {
      assert.equal(codeOf(await ask({ v: 1, type: 'run_macro', name })), 'invalid_argument', name);
    }
  });

  it('speaks the line protocol, in order, and the newline JSON form', async (t) => {
    const { path, told } = await recipesFor(t);
    const { socket, next } = await open(t, path);
    socket.write('PING\nOPEN_APP Notes\nOPEN_APP_TOGGLE Notes\nOPEN_WITH_APP Notes:/tmp/a:b\nRUN none\nRUN\nWAT\n');
    const answers: string[] = [];
    for (let n = 0; n < 7; n++) answers.push(await next());
    assert.deepEqual(answers.slice(0, 4), ['PONG', 'OK', 'OK', 'OK']);
    for (const answer of answers.slice(4)) assert.match(answer, /^ERR /);
    assert.deepEqual(told.at(-1), { type: 'open_with_app', app: 'Notes', target: '/tmp/a:b' });
    socket.write(
      '{"op":"paste","request_id":"r","run_id":7,"tool_call_id":"t","args":{"text":"x"}}\n{"op":"paste","request_id":"q"}\n'
    );
    const good = JSON.parse(await next());
    assert.deepEqual([good.ok, good.op, good.request_id, good.run_id, good.tool_call_id], [true, 'paste', 'r', 7, 't']);
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
    t.after(() => deaf.destroy());
    const flood = `${JSON.stringify(key('f'))}\n`.repeat(50_000);
    deaf.write(flood);
    const { ask } = await open(t, path);
    for (let n = 0; n < 20; n++) assert.equal((await ask(key('a', { id: `n${n}` }))).ok, true);
    await new Promise((resolve) => deaf.resume().once('close', resolve));
    assert.ok(told.length < 50_020, 'it was not read from any more, and closed');
  });
});

describe('recipe datagrams', () => {
  const bound = (t: TestContext, dataDir: string) => {
    const socket = unixDgram.createSocket('unix_dgram');
    socket.bind(join(dataDir, 'me'));
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
    for (const text of ['', 'nope', '{"v":9}', `{"v":1,"type":"paste","text":"${'x'.repeat(70_000)}"}`]) {
      await send(text);
    }
    await until(() => replies.length === 4);
    assert.deepEqual(replies.map(codeOf), ['malformed', 'malformed', 'unsupported_version', 'too_large']);
    assert.equal(told.length, 0);
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

describe('the place of the recipe sockets', () => {
  const why = async (t: TestContext, folder: string) =>
    (await (await recipesFor(t, { folder })).recipes.check.check()).why ?? '';
  const temporary = (t: TestContext) => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-place-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  };

  it('is ours alone: mode 0600 in 0700', async (t) => {
    const { dataDir } = await recipesFor(t);
    const modeOf = (path: string) => lstatSync(join(dataDir, path)).mode & 0o777;
    assert.deepEqual(
      ['recipes', 'recipes/recipes.sock', 'recipes/recipes.sock.dgram'].map(modeOf),
      [0o700, 0o600, 0o600]
    );
  });

  it('is left when it ends, and taken over from one that was killed', async (t) => {
    const folder = temporary(t);
    mkdirSync(join(folder, 'recipes'), { mode: 0o700 });
    for (const name of ['recipes.sock', 'recipes.sock.dgram']) {
      // A bound socket that is closed without being removed is what a killed process leaves.
      const dead = unixDgram.createSocket('unix_dgram');
      dead.bind(join(folder, 'recipes', name));
      dead.close();
    }
    const { recipes } = await recipesFor(t, { folder });
    assert.ok(recipes.stream && recipes.datagram);
    await recipes.close(0);
    assert.equal(existsSync(join(folder, 'recipes/recipes.sock')), false);
  });

  it('is not taken from one that runs, nor from a file, nor from a link', async (t) => {
    const { dataDir } = await recipesFor(t);
    assert.match(await why(t, dataDir), /not served; .*in use by a server that runs/);
    const folder = temporary(t);
    mkdirSync(join(folder, 'recipes'), { mode: 0o700 });
    writeFileSync(join(folder, 'recipes/recipes.sock'), 'mine');
    assert.match(await why(t, folder), /in use by a file that is no socket/);
    rmSync(join(folder, 'recipes/recipes.sock'));
    symlinkSync('/etc/passwd', join(folder, 'recipes/recipes.sock'));
    assert.match(await why(t, folder), /in use by a symbolic link/);
  });

  it('is no folder that others may use, no link, and no path that a socket cannot have', async (t) => {
    const open = temporary(t);
    mkdirSync(join(open, 'recipes'));
    chmodSync(join(open, 'recipes'), 0o777);
    assert.match(await why(t, open), /mode is 777/);
    const linked = temporary(t);
    symlinkSync(open, join(linked, 'recipes'));
    assert.match(await why(t, linked), /symbolic link/);
    const long = join(temporary(t), 'x'.repeat(100));
    mkdirSync(long);
    assert.match(await why(t, long), /at most 10[37] bytes/);
  });
});
