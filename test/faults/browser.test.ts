/** The fault table of the driver contract, row by row, in the middle of a comment, on one real WebKit and one Appium. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { comment, commentsOf, needsBrowser, putFlow, stillWorks } from '../e2e/stage.ts';
import { processesOf } from '../support/processes.ts';
import { assertGoesThrough, ENDS_APPIUM, type FaultRow, faultStage, KEEPS_APPIUM, suffers, UNKNOWN } from './stage.ts';
import { tell } from './table.ts';
import { strike } from './victims.ts';

/** As short as a loaded machine bears that is not to be taken for a hung one. */
const LIMITS = {
  probe_driver_ms: 2_000,
  probe_page_ms: 2_000,
  probe_display_ms: 2_000,
  misses: 2,
  read_ms: 6_000,
  act_ms: 8_000,
  navigate_ms: 10_000,
  delete_ms: 1_000,
  grace_ms: 500,
  backoff_first_ms: 100,
  failures: 100
};
const PROBES = 'two probes of 2 s';
const DEADLINE = 'deadline of one command, 8 s';
const AT_ONCE = 'the next look, 0.5 s';
/*
 * Who notices first is a race, and each has its own words. The look at the processes names the one that has ended; a
 * command hears from WebKitWebDriver, from our driver executable or from Appium, by how far it had come; a probe says
 * what gave no answer. Each list is of all true ones.
 */
/** A connection that broke: not yet made, kept and closed, while it was written to, or read from. */
const BROKEN = /socket hang up|ECONNRESET|ECONNREFUSED|EPIPE|\baborted\b/;
/** Appium's words for it, by what it was doing: it had not yet sent, it was being answered, it waited for an answer. */
const DRIVER_GONE = either(/the driver executable has ended|cannot be proxied|[Cc]ould not proxy command/, BROKEN);
/** WebKitWebDriver mostly gives no message, and then Appium tells the status, or what it thinks of a session it forgot. */
const SESSION_GONE =
  /page crash or hang|invalid session id|status code 404|the session has ended|either terminated or not started/;
const BROWSER_GONE = either(/the browser has ended/, SESSION_GONE);
const NO_ANSWER = /no answer/;
const CLICK = 'POST .*/element/[^/]+/click$';

/** What any of them matches. */
function either(...words: RegExp[]): RegExp {
  return new RegExp(words.map(({ source }) => source).join('|'));
}

describe('a fault in the middle of a comment', needsBrowser(), () => {
  const stage = faultStage(LIMITS);
  /** Shows a page once that is busy for a minute; then the one asked for. */
  const busy = createServer((request, response) => {
    const { searchParams, pathname } = new URL(request.url!, 'http://localhost');
    if (pathname !== '/busy') return response.writeHead(404).end();
    if (wasBusy) return response.writeHead(302, { location: searchParams.get('next')! }).end();
    wasBusy = true;
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(
      '<!doctype html><title>busy</title><script>for (const end = Date.now() + 60000; Date.now() < end; );</script>'
    );
  });
  let wasBusy = false;
  before(() => new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve)));
  after(() => {
    busy.close();
    busy.closeAllConnections();
  });

  const rows: FaultRow[] = [
    {
      fault: 'page process dies',
      during: 'made',
      strike: ({ manager }) => strike(manager.data, 'WebKitWebProcess', 'SIGKILL'),
      symptom: SESSION_GONE,
      path: KEEPS_APPIUM,
      never: ['RECOVERING.killAppiumGroup'],
      bound: AT_ONCE
    },
    {
      fault: 'page process dies, nothing made yet',
      during: 'asked',
      strike: ({ manager }) => strike(manager.data, 'WebKitWebProcess', 'SIGKILL'),
      symptom: SESSION_GONE,
      path: KEEPS_APPIUM,
      bound: AT_ONCE,
      ends: UNKNOWN
    },
    {
      fault: 'browser dies',
      during: 'made',
      strike: ({ manager }) => strike(manager.data, 'MiniBrowser', 'SIGKILL'),
      symptom: BROWSER_GONE,
      path: KEEPS_APPIUM,
      bound: AT_ONCE
    },
    {
      fault: 'renderer hangs',
      during: 'made',
      strike: ({ manager }) => strike(manager.data, 'WebKitWebProcess', 'SIGSTOP'),
      symptom: either(NO_ANSWER, /page crash or hang/),
      path: KEEPS_APPIUM,
      bound: DEADLINE
    },
    {
      fault: 'busy script',
      during: 'before',
      strike: () => {
        wasBusy = false;
      },
      wish: ({ site }) => ({
        url: `http://127.0.0.1:${(busy.address() as AddressInfo).port}/busy?${new URLSearchParams({ next: site.postUrl(1) })}`
      }),
      symptom: NO_ANSWER,
      path: KEEPS_APPIUM,
      bound: DEADLINE
    },
    {
      fault: 'WebKitWebDriver dies',
      during: 'made',
      strike: ({ manager }) => strike(manager.data, 'WebKitWebDriver', 'SIGKILL'),
      // Its group goes with it, and the driver executable ends because of that.
      symptom: either(DRIVER_GONE, BROWSER_GONE),
      path: KEEPS_APPIUM,
      bound: AT_ONCE
    },
    {
      fault: 'WebKitWebDriver hangs',
      during: 'made',
      strike: ({ manager }) => strike(manager.data, 'WebKitWebDriver', 'SIGSTOP'),
      symptom: NO_ANSWER,
      path: KEEPS_APPIUM,
      bound: DEADLINE
    },
    {
      fault: 'driver executable dies',
      during: 'made',
      strike: ({ manager }) => strike(manager.data, 'safaridriver', 'SIGKILL'),
      symptom: DRIVER_GONE,
      path: KEEPS_APPIUM,
      bound: AT_ONCE
    },
    {
      fault: 'driver executable dies at the click',
      during: 'before',
      strike: ({ plant }) => plant({ kind: 'crash', match: CLICK }),
      symptom: DRIVER_GONE,
      path: KEEPS_APPIUM,
      bound: AT_ONCE,
      ends: UNKNOWN
    },
    {
      fault: 'driver executable dies at a navigation',
      during: 'before',
      strike: ({ plant }) => plant({ kind: 'crash', match: 'POST .*/url$' }),
      symptom: DRIVER_GONE,
      path: KEEPS_APPIUM,
      bound: AT_ONCE
    },
    {
      fault: 'driver executable hangs',
      during: 'made',
      strike: ({ manager }) => strike(manager.data, 'safaridriver', 'SIGSTOP'),
      symptom: either(/it hangs: its driver executable gave no answer in 2000 ms, 2 of 2 times/, NO_ANSWER),
      path: KEEPS_APPIUM,
      bound: PROBES
    },
    {
      fault: 'answer to the click is lost',
      during: 'before',
      strike: ({ plant }) => plant({ kind: 'drop', match: CLICK }),
      symptom: either(BROKEN, /cannot be proxied|UNKNOWN|witness/),
      path: [],
      bound: DEADLINE
    },
    {
      fault: 'click answered 200 and not done',
      during: 'before',
      strike: ({ plant }) => plant({ kind: 'lose-click', match: CLICK }),
      symptom: /DELIVERED/,
      path: null,
      bound: 'three clicks without a witness'
    },
    {
      fault: 'Appium killed',
      during: 'made',
      strike: ({ manager }) => strike(manager.data, 'Appium', 'SIGKILL'),
      symptom: either(/Appium has ended/, BROKEN),
      path: ENDS_APPIUM,
      bound: AT_ONCE
    },
    {
      fault: 'Appium told to stop with a hung driver',
      during: 'made',
      strike: ({ manager }) => {
        strike(manager.data, 'safaridriver', 'SIGSTOP');
        strike(manager.data, 'Appium', 'SIGTERM');
      },
      // Told to stop it forgets its sessions at once and then waits for the driver: whoever asks meanwhile hears that.
      symptom: either(NO_ANSWER, /Appium has ended|either terminated or not started/, DRIVER_GONE),
      path: ENDS_APPIUM,
      bound: PROBES
    },
    {
      fault: 'X server dead',
      during: 'made',
      strike: ({ manager }) => strike(manager.data, 'Xvfb', 'SIGKILL'),
      // Everything that has a window on it ends as well.
      symptom: either(/its X server has ended/, BROWSER_GONE),
      path: ENDS_APPIUM,
      bound: AT_ONCE
    },
    {
      fault: 'X server hangs',
      during: 'made',
      strike: ({ manager }) => strike(manager.data, 'Xvfb', 'SIGSTOP'),
      // The browser stands still as soon as it wants something of it.
      symptom: either(/its X server gave no answer in 2000 ms, 2 of 2 times/, NO_ANSWER),
      path: ENDS_APPIUM,
      bound: PROBES
    },
    {
      fault: 'alert',
      during: 'before',
      strike: () => {},
      wish: ({ site }) => ({ url: site.postUrl(1, 'variant=alert-submit') }),
      symptom: /alert: You are about to post a comment\./,
      path: null,
      bound: 'its text is read first'
    },
    {
      fault: 'stale node',
      during: 'before',
      // The button it found is another one before the click reaches the browser.
      strike: ({ plant }) => plant({ kind: 'slow', match: CLICK, delayMs: 4_000 }),
      wish: ({ site }) => ({ url: site.postUrl(1, 'variant=stale&every=3000') }),
      symptom: /DELIVERED/,
      path: null,
      bound: 'it is looked up again'
    },
    {
      fault: 'non-BMP text (emoji)',
      during: 'before',
      strike: () => {},
      wish: () => ({ text: 'emoji 👩‍🚀🏳️‍🌈 שלום' }),
      symptom: /👩‍🚀🏳️‍🌈/,
      path: null,
      bound: 'it is read back before the click'
    }
  ];
  for (const row of rows) it(row.fault, (t) => suffers(t, stage, row).then(() => {}));

  it('page never ends loading, twice', async (t) => {
    const { site, manager } = stage;
    const flow = await putFlow(stage, 'opens_soon', ([open]) => {
      Object.assign(open!.steps[0]!, { timeout: 1_500 });
    });
    const from = await stage.head();
    const began = performance.now();
    const ends: string[] = [];
    for (const text of ['never loads 1', 'never loads 2']) {
      const { command_id } = await manager.send(
        comment(site, { text, flow, url: site.postUrl(1, 'variant=never-body') })
      );
      ends.push((await manager.commandEnd(command_id)).error?.code ?? 'none');
      assert.equal(commentsOf(site, text), 0);
    }
    assert.deepEqual(ends, ['NAVIGATION_TIMEOUT', 'NAVIGATION_TIMEOUT']);
    await stage.untilRow(from, ({ payload }) => payload.why === 'recycled: 2 pages in a row did not end loading');
    await stillWorks(stage, 'after pages that never loaded');
    await stage.isWell();
    const path = await stage.pathSince(from);
    assertGoesThrough(path, ['READY.closing', 'READY.idle', 'DRAINING', 'COLD', 'OPENING', 'READY.busy']);
    tell(t, {
      fault: 'page never ends loading, twice',
      symptom: 'NAVIGATION_TIMEOUT',
      path: path.join(' › '),
      bound: 'load limit of the step, 1.5 s',
      ms: Math.round(performance.now() - began),
      effects: 0,
      end: 'FAILED; the slot is recycled'
    });
  });

  it('the manager is told to end while a driver hangs', async (t) => {
    const { site, manager } = stage;
    const held = site.hold('after', 'comment');
    const text = 'ended with a hung driver';
    await manager.send(comment(site, { text }));
    await held.arrived;
    strike(manager.data, 'safaridriver', 'SIGSTOP');
    const began = performance.now();
    await manager.stop();
    held.release();
    assert.deepEqual(processesOf(manager.data), []);
    assert.equal(commentsOf(site, text), 1);
    tell(t, {
      fault: 'the manager is told to end while a driver hangs',
      symptom: 'DELETE is not answered',
      path: 'DRAINING',
      bound: 'DELETE 1 s, SIGTERM to SIGKILL 0.5 s',
      ms: Math.round(performance.now() - began),
      effects: commentsOf(site, text),
      end: 'exit 0, no process left'
    });
  });
});
