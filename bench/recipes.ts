/**
 * The same hot command (a key press, on a desktop that does nothing, so that only the way there and back is measured)
 * one after the other: a shell each, the line protocol, datagram, stream; and what is the least that such sockets cost,
 * a bare echo of the same bytes. In many short rounds, each in another order, because a machine's speed changes from
 * second to second: a ratio is that of two 95th percentiles of the same round, and what is printed the median of them.
 *
 * All go through a bare socket, requests of version 1 with a new id each, so that the server remembers them, and their
 * replies read; then the same through the client library (`troupe/recipes`). The log is written meanwhile. The server is
 * what is installed: compiled, in a process of its own, with the echoes beside it.
 * A processor that has nothing to do for a moment sleeps, and a sleeping one takes longer to hear of a datagram than the
 * datagram costs. Who presses keys meets a machine that is awake, so for as long as it takes all ways alike have one, by
 * what the kernel has for this (`support/awake.ts`); `--sleepy` measures a machine that may sleep, which is the same
 * on a machine that has no such thing. What is printed says which it was.
 * Not measured: what a desktop takes (an X server about 50 µs a key), many clients at once.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import unixDgram from 'unix-dgram';
import { keepAwake } from './support/awake.ts';
import { compiled } from './support/compiled.ts';

const ROUNDS = 100;
/** The first rounds warm up. */
const WARMING = 8;
const REQUESTS = 200;
/** Shells are slow and all alike. */
const SHELLS = 5;
const COMMAND = { type: 'keystroke', key: 'F13' } as const;

interface Ready {
  recipes: { stream: string; datagram: string };
  control: string;
  token: string;
  echo: { datagram: string; stream: string };
}

const { values: options } = parseArgs({ options: { sleepy: { type: 'boolean', default: false } } });
const awake = options.sleepy ? null : keepAwake();
const { createRecipeClient } = await compiled<typeof import('../client/recipes.ts')>('client/recipes.js');
const folder = await mkdtemp(join(tmpdir(), 'troupe-bench-'));
const server = fork(new URL('./support/recipe-server.ts', import.meta.url), [folder]);
try {
  const [ready] = (await Promise.race([
    once(server, 'message'),
    once(server, 'exit').then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)))
  ])) as [Ready];
  const macro = { steps: [COMMAND] };
  await mkdir(join(folder, 'data/macros'), { recursive: true });
  await writeFile(join(folder, 'data/macros/hot.json'), JSON.stringify(macro));

  const path = ready.recipes.stream;
  const quick = createRecipeClient({ path });
  const streamed = createRecipeClient({ path, datagrams: false });
  const line = await openLine(path);
  const bareDatagram = openDatagram(ready.echo.datagram, join(folder, 'me'));
  const bareStream = await openLine(ready.echo.stream);
  const rawDatagram = openDatagram(ready.recipes.datagram, join(folder, 'raw'));
  const rawStream = await openLine(path);
  let sent = 0;
  // A program that hangs on a key has its request ready, but for the id.
  const rest = JSON.stringify(COMMAND).slice(1);
  const request = () => `{"v":1,"id":"bench-5b0c9a5e-7a3b-4c1d-${++sent}",${rest}`;
  const isDone = (reply: string) => JSON.parse(reply).ok === true;
  const sendOver = (client: typeof quick) => async () => (await client.send(COMMAND))?.ok === true;

  const ways: Record<string, { send: () => Promise<boolean>; requests: number }> = {
    'shell a command': { send: shell, requests: SHELLS },
    'line protocol': { send: async () => (await line.ask('RUN hot\n')) === 'OK\n', requests: REQUESTS },
    datagram: { send: async () => isDone(await rawDatagram.ask(request())), requests: REQUESTS },
    stream: { send: async () => isDone(await rawStream.ask(`${request()}\n`)), requests: REQUESTS },
    'bare datagram echo': { send: async () => (await bareDatagram.ask(request())) !== '', requests: REQUESTS },
    'bare stream echo': { send: async () => (await bareStream.ask(`${request()}\n`)) !== '', requests: REQUESTS },
    'client, datagram': { send: sendOver(quick), requests: REQUESTS },
    'client, stream': { send: sendOver(streamed), requests: REQUESTS }
  };
  const names = Object.keys(ways);
  /** µs, a list a round. */
  const times = new Map(names.map((name) => [name, [] as number[][]]));
  const failures = new Map(names.map((name) => [name, 0]));
  for (let round = -WARMING; round < ROUNDS; round++) {
    for (const name of turned(names, round)) {
      const { send, requests } = ways[name]!;
      const taken: number[] = [];
      for (let n = 0; n < requests; n++) {
        const from = performance.now();
        const ok = await send().catch(() => false);
        taken.push((performance.now() - from) * 1000);
        if (!ok) failures.set(name, failures.get(name)! + 1);
      }
      if (round >= 0) times.get(name)!.push(taken);
    }
  }
  const response = await fetch(`${ready.control}/ready`, {
    headers: { authorization: `Bearer ${ready.token}` }
  }).catch(() => undefined);
  const traces = /\d+ traces wait for the log, \d+ were lost/.exec((await response?.text()) ?? '')?.[0];
  quick.close();
  streamed.close();
  line.socket.destroy();
  bareStream.socket.destroy();
  bareDatagram.close();
  rawDatagram.close();
  rawStream.socket.destroy();

  console.log(`recipes: one command after the other, µs (${ROUNDS} rounds of ${REQUESTS}; shells ${SHELLS})`);
  const state = awake ? `is kept awake (${awake.how})` : 'may sleep between two requests';
  console.log(`  the machine ${state}`);
  const heads = ['p50', 'p95', 'p99', 'mean', 'failures', 'fallbacks'];
  console.log(`  ${''.padEnd(20)}${heads.map((one) => one.padStart(10)).join('')}`);
  const of = (name: string, share: number) => times.get(name)!.map((taken) => percentile(taken, share));
  for (const name of names) {
    const fallbacks =
      name === 'client, datagram' ? quick.counts.fallbacks : name === 'client, stream' ? streamed.counts.reconnects : 0;
    const figures = [...[0.5, 0.95, 0.99].map((share) => median(of(name, share))), mean(times.get(name)!.flat())];
    console.log(
      `  ${name.padEnd(20)}${[...figures.map((us) => us.toFixed(1)), failures.get(name), fallbacks].map((one) => String(one).padStart(10)).join('')}`
    );
  }
  const ratio = (a: string, b: string, share = 0.95) => {
    const below = of(b, share);
    return median(of(a, share).map((us, round) => us / below[round]!))
      .toFixed(2)
      .padStart(8);
  };
  console.log(`  p95 datagram / bare echo      ${ratio('datagram', 'bare datagram echo')}  (at most 3)`);
  console.log(`  p95 datagram / line protocol  ${ratio('datagram', 'line protocol')}  (at most 1)`);
  console.log(`  p50 datagram / line protocol  ${ratio('datagram', 'line protocol', 0.5)}`);
  console.log(`  p95 shell / datagram          ${ratio('shell a command', 'datagram')}  (at least 50)`);
  // How fast an idle machine wakes a process bounds both: what the barest sockets come to beside it.
  console.log(`  p95 shell / bare echo         ${ratio('shell a command', 'bare datagram echo')}`);
  if (traces) console.log(`  log                           ${traces}`);
} finally {
  awake?.release();
  const ended = once(server, 'exit');
  if (server.connected) server.disconnect();
  await ended;
  await rm(folder, { recursive: true, force: true });
}

/** Forwards and backwards in turn, each time beginning with another one: whom each way comes after changes. */
function turned(names: string[], round: number): string[] {
  const at = ((round >> 1) + WARMING) % names.length;
  const list = [...names.slice(at), ...names.slice(0, at)];
  return round & 1 ? list.reverse() : list;
}

function percentile(list: number[], share: number): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

function mean(list: number[]): number {
  return list.reduce((sum, one) => sum + one, 0) / list.length;
}

function median(list: number[]): number {
  return percentile(list, 0.5);
}

function shell(): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', ':'], { stdio: 'ignore' });
    child.once('close', (code) => resolve(code === 0));
  });
}

interface Asking {
  socket: Socket;
  ask(line: string): Promise<string>;
}

async function openLine(path: string): Promise<Asking> {
  const socket = connect(path);
  await once(socket, 'connect');
  let heard: (text: string) => void = () => {};
  socket.setEncoding('utf8').on('data', (text: string) => heard(text));
  return {
    socket,
    ask: (line) =>
      new Promise((resolve) => {
        heard = resolve;
        socket.write(line);
      })
  };
}

function openDatagram(to: string, own: string) {
  const socket = unixDgram.createSocket('unix_dgram');
  socket.bind(own);
  socket.connect(to);
  let heard: (text: string) => void = () => {};
  socket.on('message', (bytes) => heard(bytes.toString()));
  return {
    ask: (text: string) =>
      new Promise<string>((resolve) => {
        heard = resolve;
        const bytes = Buffer.from(text);
        socket.send(bytes, (error) => error && resolve('{"ok":false}'));
      }),
    close: () => socket.close()
  };
}
