/**
 * A page of the inspector and what is seen from outside of how it does: its frames, what its stream brought, how old the
 * newest of that is, its heap, and what it takes of the machine. All that runs in the page is text, so that no compiler
 * puts names into it that the page does not have.
 */
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';

export interface Watched {
  page: Page;
  session: CDPSession;
  /** Of all of the browser's processes, s of CPU time. */
  cpu(): Promise<number>;
  /** Bytes, once what is garbage is gone. */
  heap(): Promise<number>;
  /** Rows that came with the stream, and how many of them were not the one after the last. */
  received(): Promise<{ received: number; gaps: number }>;
}

/** Counts what comes in and reads nothing of it but where its cursor and its time are: a page has work enough. */
const COUNT_FRAMES = `
  globalThis.stream = { received: 0, gaps: 0, cursor: 0, emittedAt: 0 };
  globalThis.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (!data.startsWith('{"type":"event"')) return;
        const at = data.indexOf('"cursor":"') + 10;
        const cursor = Number(data.slice(at, data.indexOf('"', at)));
        if (stream.received > 0 && cursor !== stream.cursor + 1) stream.gaps++;
        stream.received++;
        stream.cursor = cursor;
        stream.last = data;
      });
    }
  };`;

/** The newest row that is drawn says when it was emitted; a view without rows, when the newest that came was. */
const LOOK = `(ms) => new Promise((resolve) => {
  const begun = performance.now();
  let [frames, last, worst] = [0, begun, 0];
  const behind = [];
  const read = () => {
    const cursors = [...document.querySelectorAll('.virtual [data-cursor]')];
    const newest = cursors.reduce((best, one) => Number(one.dataset.cursor) > Number(best?.dataset.cursor ?? 0) ? one : best, undefined);
    const text = newest?.querySelector('.mono')?.textContent;
    const day = new Date().toISOString().slice(0, 11);
    const at = text ? Date.parse(day + text + 'Z') : Date.parse(/"emitted_at":"([^"]+)"/.exec(stream.last ?? '')?.[1]);
    behind.push(Date.now() - at);
  };
  const timer = setInterval(read, 200);
  const next = (now) => {
    frames++;
    worst = Math.max(worst, now - last);
    last = now;
    if (now - begun < ms) return requestAnimationFrame(next);
    clearInterval(timer);
    behind.sort((a, b) => a - b);
    resolve({
      fps: (frames * 1000) / (now - begun),
      worstMs: worst,
      behindMs: behind[behind.length >> 1] ?? 0,
      mostBehindMs: behind.at(-1) ?? 0
    });
  };
  requestAnimationFrame(next);
})`;

/** A tab that is signed in and nowhere yet. */
export async function openWatched(
  browser: Browser,
  context: BrowserContext,
  { token }: { token: string }
): Promise<Watched> {
  await context.addInitScript(`sessionStorage.setItem('troupe.token', ${JSON.stringify(token)}); ${COUNT_FRAMES}`);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const whole = await browser.newBrowserCDPSession();
  await session.send('Performance.enable', { timeDomain: 'timeTicks' });
  return {
    page,
    session,
    async cpu() {
      const { processInfo } = await whole.send('SystemInfo.getProcessInfo');
      return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
    },
    async heap() {
      await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize;
    },
    async received() {
      return (await page.evaluate('({ received: stream.received, gaps: stream.gaps })')) as {
        received: number;
        gaps: number;
      };
    }
  };
}

/** CPU as shares of one core. */
export async function lookAt({ page, session, cpu }: Watched, ms: number) {
  const metrics = async () => {
    const found = await session.send('Performance.getMetrics');
    const of = (name: string) => found.metrics.find((one) => one.name === name)?.value ?? 0;
    return {
      at: performance.now() / 1_000,
      page: of('TaskDuration'),
      script: of('ScriptDuration'),
      style: of('LayoutDuration') + of('RecalcStyleDuration'),
      browser: await cpu()
    };
  };
  const before = await metrics();
  const frames = (await page.evaluate(`(${LOOK})(${ms})`)) as {
    fps: number;
    worstMs: number;
    behindMs: number;
    mostBehindMs: number;
  };
  const after = await metrics();
  const share = (name: 'page' | 'script' | 'style' | 'browser') =>
    (after[name] - before[name]) / (after.at - before.at);
  return {
    ...frames,
    pageCpu: share('page'),
    scriptCpu: share('script'),
    styleCpu: share('style'),
    browserCpu: share('browser')
  };
}
