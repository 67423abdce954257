/**
 * The inspector in a real Chromium, on 10,000 living actors and 1,000,000 events, while 2,000 events a second arrive: how
 * soon it can be used, how many frames a second each view draws and how long the worst takes, how far behind the log it
 * is, and what its heap does. The events are steps of 4,000 of the actors, made by the host, journaled and streamed as
 * any other (`support/inspected.ts`). The figures beside are those of the same run: the page before anybody is signed in,
 * which loads the same files and shows a form, and the page while nothing happens.
 *
 * The instance, the page, and this are three processes that share the machine, so what each takes of it is printed too.
 *
 *     npm run bench -- inspector --minutes 10
 *
 * `--minutes` is how long the events arrive, default 1; `ACTORS` and `EVENTS` of the environment make it smaller,
 * `PER_SECOND` slower. Not measured: other browsers, a screen: Chromium draws into memory, without a graphics card.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromiumMissing, launchChromium } from '../test/support/chromium.ts';
import { lookAt, openWatched, type Watched } from './support/frames.ts';
import type { Where } from './support/inspected.ts';
import { makeParkedSessions } from './support/parked-sessions.ts';

const ACTORS = Number(process.env.ACTORS ?? 10_000);
const EVENTS = Number(process.env.EVENTS ?? 1_000_000);
const PER_SECOND = Number(process.env.PER_SECOND ?? 2_000);
/** Of the actors, those that move: so many that a commit that waits for a busy disk keeps none from its next step. */
const TICKERS = Math.min(4_000, ACTORS);
/** Of a look at the frames. */
const LOOK_MS = 5_000;
const AT_ONCE = 200;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 24 * 60)) {
  console.error(`inspector: --minutes '${values.minutes}' is not a number of minutes from 0 to 1440`);
  process.exit(2);
}
if (chromiumMissing) {
  console.log(`inspector: not measured here: ${chromiumMissing}`);
  process.exit(0);
}

const folder = await mkdtemp(join(tmpdir(), 'troupe-bench-'));
const data = join(folder, 'data');
await makeParkedSessions(data, { sessions: ACTORS - TICKERS, events: EVENTS });
const instance = fork(new URL('./support/inspected.ts', import.meta.url), [data, String(PER_SECOND), String(TICKERS)], {
  execArgv: process.execArgv
});
const ended = once(instance, 'exit').then(([code]) => Promise.reject(new Error(`the instance ended with ${code}`)));
ended.catch(() => {});
const [{ control: at, token }] = (await Promise.race([once(instance, 'message'), ended])) as [Where];
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
const browser = await launchChromium();

try {
  await ofEach((id) => post('/v1/actors/ticker', { id }));

  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const unsigned = await context.newPage();
  const formMs = await timed(async () => {
    await unsigned.goto(`${at}/inspector`);
    await unsigned.getByLabel('Token').waitFor();
  });
  await unsigned.close();
  const watched = await openWatched(browser, context, { token });
  const { page } = watched;
  const readyMs = await timed(async () => {
    await page.goto(`${at}/inspector`);
    await page.getByText('live', { exact: true }).waitFor({ timeout: 300_000 });
    await page.locator('.happening [data-cursor]').first().waitFor();
  });

  const [load] = loadavg();
  console.log(
    `inspector: ${figure(ACTORS)} living actors, ${figure(EVENTS)} events, ${minutes} min at ${figure(PER_SECOND)}/s;` +
      ` ${availableParallelism()} cores, load ${load?.toFixed(1)} at the start`
  );
  line('sign-in form can be used', `${Math.round(formMs)} ms`);
  line('everything can be used', `${Math.round(readyMs)} ms`, `${(readyMs / formMs).toFixed(1)} × the form`);
  line('heap, quiet', mebibytes(await watched.heap()));

  const views: [string, string][] = [
    ['Now', ''],
    ['Machines', '/machines/ticker'],
    ['Actor', '/actors/ticker/t0'],
    ['Timeline', '/timeline'],
    ['Actors', '/actors'],
    ['Actors that run', '/actors?tone=run']
  ];
  console.log(
    `\n  ${'view'.padEnd(18)}${['frames/s', 'worst', 'quiet', 'worst', 'events/s', 'behind', 'worst'].map((one) => one.padStart(10)).join('')}` +
      `   CPU, % of a core: page (script, style and layout), browser, instance`
  );
  const quiet = new Map<string, Looked>();
  for (const [name, path] of views) quiet.set(name, await look(watched, path));
  const begun = { at: performance.now(), head: await head() };
  await ofEach((id) => post(`/v1/actors/ticker/${id}/events`, { type: 'ticker.start' }));
  for (const [name, path] of views) row(name, await look(watched, path), quiet.get(name) as Looked);
  await goTo(watched, '');
  console.log();
  line('heap after the first views', mebibytes(await watched.heap()));
  for (let minute = 1; minute <= minutes; minute++) {
    await pause(Math.max(0, minute * 60_000 - (performance.now() - begun.at)));
    line(`heap after ${minute} min`, mebibytes(await watched.heap()));
  }
  const told = await head();
  const seconds = (performance.now() - begun.at) / 1_000;
  await ofEach((id) => post(`/v1/actors/ticker/${id}/events`, { type: 'ticker.stop' }));
  const last = await head();
  await page.locator(`[data-cursor="${last}"]`).waitFor();
  const { received, gaps } = await watched.received();
  line('events, in all', figure(last - begun.head), `${figure(Math.round((told - begun.head) / seconds))} a second`);
  line('of the stream the page had', figure(received), `${gaps} missing or twice`);
} finally {
  await browser.close();
  if (instance.connected) instance.disconnect();
  await ended.catch(() => {});
  await rm(folder, { recursive: true, force: true });
}

interface Looked extends Awaited<ReturnType<typeof lookAt>> {
  /** Of the log. */
  rate: number;
  /** Of one core, 0 to 1. */
  instanceCpu: number;
}

async function look(watched: Watched, path: string): Promise<Looked> {
  await goTo(watched, path);
  await pause(1_500);
  const from = { at: performance.now(), head: await head(), cpu: await instanceCpu() };
  const looked = await lookAt(watched, LOOK_MS);
  const ms = performance.now() - from.at;
  return {
    ...looked,
    rate: (((await head()) - from.head) / ms) * 1_000,
    instanceCpu: ((await instanceCpu()) - from.cpu) / ms
  };
}

/** As a link of the page does it: nothing is loaded anew. */
async function goTo({ page }: Watched, path: string): Promise<void> {
  const to = JSON.stringify(`/inspector${path}`);
  await page.evaluate(`history.pushState(null, '', ${to}); dispatchEvent(new PopStateEvent('popstate'))`);
}

async function ofEach(task: (id: string) => Promise<void>): Promise<void> {
  for (let n = 0; n < TICKERS; n += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, TICKERS - n) }, (_, i) => task(`t${n + i}`)));
  }
}

/** ms */
async function instanceCpu(): Promise<number> {
  instance.send('cpu');
  const [{ user, system }] = (await once(instance, 'message')) as [NodeJS.CpuUsage];
  return (user + system) / 1_000;
}

/** Of the log. */
async function head(): Promise<number> {
  const response = await fetch(`${at}/v1/events?limit=1`, { headers });
  return Number(((await response.json()) as { head: string }).head);
}

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(at + path, { method: 'POST', headers, body: JSON.stringify(body) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`POST ${path}: ${response.status}`);
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await task();
  return performance.now() - begun;
}

function row(name: string, busy: Looked, quiet: Looked): void {
  const cells = [
    busy.fps.toFixed(1),
    `${Math.round(busy.worstMs)} ms`,
    quiet.fps.toFixed(1),
    `${Math.round(quiet.worstMs)} ms`,
    figure(Math.round(busy.rate)),
    `${Math.round(busy.behindMs)} ms`,
    `${Math.round(busy.mostBehindMs)} ms`
  ];
  const percent = (share: number) => Math.round(share * 100);
  const page = `${percent(busy.pageCpu)} (${percent(busy.scriptCpu)}, ${percent(busy.styleCpu)})`;
  console.log(
    `  ${name.padEnd(18)}${cells.map((cell) => cell.padStart(10)).join('')}   ${page}, ${percent(busy.browserCpu)}, ${percent(busy.instanceCpu)}`
  );
}

function line(name: string, value: string, beside = ''): void {
  console.log(`  ${name.padEnd(30)}${value.padStart(12)}   ${beside}`.trimEnd());
}

function figure(count: number): string {
  return count.toLocaleString('en-US');
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
