/**
 * A whole instance on 100,000 parked sessions and 1,000,000 events, against one on an empty data directory: both started
 * in a process of their own, by turns, in one run, because a machine's speed changes and a ratio of one run does not. Then
 * removing the oldest half of the events and giving the space back while commits go on, and a backup.
 *
 * `SESSIONS` and `EVENTS` of the environment make it smaller. Not measured: a database larger than memory, a cold disk
 * cache, browsers.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActorHost } from '../actors/host/contract.ts';
import { openSqliteJournal } from '../actors/journal/sqlite-journal.ts';
import { makeBackup } from '../server/backup.ts';
import type { Told, Wish } from './support/one-start.ts';
import { accountId, makeParkedSessions, sessionId, stubHost } from './support/parked-sessions.ts';

const SESSIONS = Number(process.env.SESSIONS ?? 100_000);
const EVENTS = Number(process.env.EVENTS ?? 1_000_000);
const ROUNDS = 5;
const PRUNE_ROWS = 1_000;
const VACUUM_BYTES = 4 * 1024 * 1024;

const folder = await mkdtemp(join(tmpdir(), 'troupe-bench-'));
try {
  const [full, empty] = [join(folder, 'full'), join(folder, 'empty')];
  const madeMs = await timed(() => makeParkedSessions(full, { sessions: SESSIONS, events: EVENTS }));
  const bytes = (await stat(join(full, 'journal.db'))).size;
  console.log(
    `scale: ${figure(SESSIONS)} parked sessions, ${figure(EVENTS)} events, ${mebibytes(bytes)} (made in ${seconds(madeMs)})`
  );

  const told: Record<'full' | 'empty', Told[]> = { full: [], empty: [] };
  for (let round = 0; round < ROUNDS; round++) {
    told.empty.push(await started({ data: empty, account: null }));
    told.full.push(await started({ data: full, account: accountId(round) }));
  }
  const line = (name: string, of: (one: Told) => number, show: (value: number) => string) => {
    const [e, f] = [median(told.empty.map(of)), median(told.full.map(of))];
    console.log(
      `  ${name.padEnd(28)}${show(e).padStart(11)}${show(f).padStart(11)}   ${(f / e).toFixed(2).padStart(6)} ×`
    );
  };
  console.log(`  ${''.padEnd(28)}${'empty'.padStart(11)}${'full'.padStart(11)}    ratio (median of ${ROUNDS} starts)`);
  line('start to ready', (one) => one.startMs, ms);
  line('heap at rest', (one) => one.heapBytes, mebibytes);
  line('resident at rest', (one) => one.rssBytes, mebibytes);
  line('first command, to its 202', (one) => one.acceptedMs, ms);
  line('first command, to its end', (one) => one.endedMs, ms);
  for (const name of Object.keys(told.full[0]?.queries ?? {})) line(name, (one) => one.queries[name] ?? 0, ms);

  const report = await timedBackup(full);
  console.log(`  backup, checked             ${seconds(report.ms)} for ${mebibytes(report.bytes)}`);
  await removing(full);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function started(wish: Wish): Promise<Told> {
  const child = fork(new URL('./support/one-start.ts', import.meta.url), {
    execArgv: [...process.execArgv, '--expose-gc']
  });
  child.send(wish);
  const [first] = await Promise.race([once(child, 'message'), once(child, 'exit').then(([code]) => [code])]);
  if (typeof first !== 'object') throw new Error(`a start ended with ${first}`);
  await once(child, 'exit').catch(() => {});
  return first as Told;
}

async function timedBackup(data: string): Promise<{ ms: number; bytes: number }> {
  let bytes = 0;
  const ms = await timed(async () => {
    ({ bytes } = await makeBackup(data, join(folder, 'copy'), new AbortController().signal));
  });
  return { ms, bytes };
}

/** The oldest half of the events, then their space, each with commits in between. */
async function removing(data: string): Promise<void> {
  const journal = openSqliteJournal({ directory: data });
  const host = stubHost(journal);
  await host.start();
  const quiet = await commitsDuring(host, () => new Promise((resolve) => setTimeout(resolve, 3_000)));
  const slices: number[] = [];
  const pruning = await commitsDuring(host, async () => {
    for (let more = true; more; ) {
      slices.push(
        await timed(async () => {
          ({ more } = await host.prune({ keep: Math.floor(EVENTS / 2) }, PRUNE_ROWS));
        })
      );
    }
  });
  const before = await journal.vacuum(0);
  const vacuuming = await commitsDuring(host, async () => {
    for (let { freeBytes } = before; freeBytes > 0; ) ({ freeBytes } = await journal.vacuum(VACUUM_BYTES));
  });
  const after = await journal.vacuum(0);
  await host.stop();
  const gone = Math.ceil(EVENTS / 2);
  console.log('  beside commits one after the other:');
  console.log(`    nothing                   commits p50 ${ms(quiet.p50)}, p99 ${ms(quiet.p99)}`);
  console.log(
    `    prune, ${PRUNE_ROWS} rows a slice   commits p50 ${ms(pruning.p50)}, p99 ${ms(pruning.p99)}; ` +
      `${figure((gone / pruning.ms) * 1_000)} events/s, a slice ${ms(median(slices))}`
  );
  console.log(
    `    vacuum, ${mebibytes(VACUUM_BYTES)} a slice  commits p50 ${ms(vacuuming.p50)}, p99 ${ms(vacuuming.p99)}; ` +
      `${mebibytes(before.bytes)} to ${mebibytes(after.bytes)} in ${seconds(vacuuming.ms)}`
  );
}

async function commitsDuring(host: ActorHost, work: () => Promise<unknown>) {
  let isOver = false;
  const times: number[] = [];
  const from = performance.now();
  const working = work().finally(() => {
    isOver = true;
  });
  for (let i = 0; !isOver; i++) {
    const event = { type: 'session.pause' };
    times.push(await timed(() => host.send(`session/${sessionId(1_000 + (i % 1_000))}`, event)));
  }
  await working;
  const ended = performance.now() - from;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] as number;
  return { ms: ended, p50: at(0.5), p99: at(0.99) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

function figure(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function seconds(value: number): string {
  return `${(value / 1_000).toFixed(1)} s`;
}

function mebibytes(value: number): string {
  return `${(value / 1024 / 1024).toFixed(0)} MiB`;
}
