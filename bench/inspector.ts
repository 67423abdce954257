/**
 * The inspector in a real Chromium, on 10,000 living actors and 1,000,000 events, while 2,000 events a second arrive: how
 * soon it can be used, how many frames a second it draws, and what its heap does. The figures beside are those of the
 * same run: the page before anybody is signed in, which loads the same files and shows a form, and the page while
 * nothing happens. The instance, the page and what makes the events share the machine.
 *
 *     npm run bench -- inspector --minutes 10
 *
 * `--minutes` is how long the events arrive, default 1; `ACTORS` and `EVENTS` of the environment make it smaller. Not
 * measured: other browsers, a screen: Chromium draws into memory, without a graphics card.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pino from 'pino';
import type { CDPSession, Page } from 'playwright-core';
import { setup } from 'xstate';
import { readConfig } from '../server/config.ts';
import { startTroupe } from '../server/start.ts';
import { readUserConfig } from '../server/user-config/read.ts';
import { chromiumMissing, launchChromium } from '../test/support/chromium.ts';
import { makeParkedSessions } from './support/parked-sessions.ts';

const ACTORS = Number(process.env.ACTORS ?? 10_000);
const EVENTS = Number(process.env.EVENTS ?? 1_000_000);
const PER_SECOND = 2_000;
/** Of a look at the frames. */
const LOOK_MS = 5_000;
const TICKERS = 200;

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

/** Goes round by itself once it is started: an event for each half of a round. */
const ticker = setup({ delays: { half: (TICKERS / PER_SECOND) * 1_000 } }).createMachine({
  id: 'ticker',
  initial: 'still',
  states: {
    still: { on: { 'ticker.start': 'tick' } },
    tick: { after: { half: 'tock' }, on: { 'ticker.stop': 'still' } },
    tock: { after: { half: 'tick' }, on: { 'ticker.stop': 'still' } }
  }
});
const closed = { type: 'object', additionalProperties: false };
const schema = { events: { 'ticker.start': closed, 'ticker.stop': closed } };

const folder = await mkdtemp(join(tmpdir(), 'troupe-bench-'));
const browser = await launchChromium();
const data = join(folder, 'data');
await makeParkedSessions(data, { sessions: ACTORS, events: EVENTS });
const troupe = await startTroupe(
  readConfig({ data, driver: 'stub', recipes: false, control: '127.0.0.1:0', telemetry: '127.0.0.1:0' } as never, {}),
  {
    logger: pino({ level: 'silent' }),
    environment: {},
    version: 'bench',
    registered: readUserConfig({ machines: [{ kind: 'ticker', machine: ticker, schema }] }, join(folder, 'c.ts'))
  }
);
const at = troupe.endpoints.control;
const headers = { authorization: `Bearer ${troupe.adminToken.token}`, 'content-type': 'application/json' };

try {
  for (let n = 0; n < TICKERS; n++) await post('/v1/actors/ticker', { id: `t${n}` });

  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const unsigned = await context.newPage();
  const formMs = await timed(async () => {
    await unsigned.goto(`${at}/inspector`);
    await unsigned.getByLabel('Token').waitFor();
  });
  await context.addInitScript(`sessionStorage.setItem('troupe.token', ${JSON.stringify(troupe.adminToken.token)})`);
  await unsigned.close();

  const page = await context.newPage();
  const readyMs = await timed(async () => {
    await page.goto(`${at}/inspector`);
    await page.getByText('live', { exact: true }).waitFor({ timeout: 300_000 });
    await page.locator('.happening [data-cursor]').first().waitFor();
  });
  const session = await context.newCDPSession(page);
  const idle = { fps: await framesPerSecond(page), heap: await heapOf(session) };

  console.log(
    `inspector: ${figure(ACTORS)} living actors, ${figure(EVENTS)} events, ${minutes} min at ${PER_SECOND}/s`
  );
  line('sign-in form can be used', `${Math.round(formMs)} ms`);
  line('everything can be used', `${Math.round(readyMs)} ms`, readyMs / formMs, 'of the form');
  line('frames a second, quiet', idle.fps.toFixed(1));

  await tell('ticker.start');
  const views: [string, string][] = [
    ['Now', ''],
    ['Timeline', '/timeline'],
    ['Actors', '/actors'],
    ['Machines', '/machines/ticker']
  ];
  const begun = { at: performance.now(), head: await head() };
  for (const [name, path] of views) {
    await goTo(page, path);
    await pause(1_000);
    const from = { at: performance.now(), head: await head() };
    const fps = await framesPerSecond(page);
    const rate = (((await head()) - from.head) / (performance.now() - from.at)) * 1_000;
    line(
      `frames a second, ${name}`,
      fps.toFixed(1),
      fps / idle.fps,
      `of quiet, at ${figure(Math.round(rate))} events/s`
    );
  }
  await goTo(page, '');
  const first = await heapOf(session);
  await pause(Math.max(0, minutes * 60_000 - (performance.now() - begun.at)));
  const last = await heapOf(session);
  line('heap, quiet', mebibytes(idle.heap));
  line('heap after the first views', mebibytes(first), first / idle.heap, 'of quiet');
  line(`heap after ${minutes} min`, mebibytes(last), last / first, 'of that before');
  line('events it was told', figure((await head()) - begun.head));
  await tell('ticker.stop');
  line('frames a second, after', (await framesPerSecond(page)).toFixed(1));
} finally {
  await browser.close();
  await troupe.stop();
  await rm(folder, { recursive: true, force: true });
}

async function tell(type: string): Promise<void> {
  for (let n = 0; n < TICKERS; n++) await post(`/v1/actors/ticker/t${n}/events`, { type });
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

/** As a link of the page does it: nothing is loaded anew. */
async function goTo(page: Page, path: string): Promise<void> {
  const to = JSON.stringify(`/inspector${path}`);
  await page.evaluate(`history.pushState(null, '', ${to}); dispatchEvent(new PopStateEvent('popstate'))`);
}

/** Text, so that no compiler puts names into it that the page does not have. */
function framesPerSecond(page: Page): Promise<number> {
  return page.evaluate(`new Promise((resolve) => {
    const begun = performance.now();
    let frames = 0;
    const next = (now) => {
      frames++;
      if (now - begun < ${LOOK_MS}) requestAnimationFrame(next);
      else resolve((frames * 1000) / (now - begun));
    };
    requestAnimationFrame(next);
  })`);
}

/** Bytes, once what is garbage is gone. */
async function heapOf(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await task();
  return performance.now() - begun;
}

function line(name: string, value: string, ratio?: number, of = ''): void {
  const beside = ratio === undefined ? '' : `${ratio.toFixed(2).padStart(8)} × ${of}`;
  console.log(`  ${name.padEnd(30)}${value.padStart(12)}${beside}`);
}

function figure(count: number): string {
  return count.toLocaleString('en-US');
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
