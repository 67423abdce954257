/** The last check: a browser of a slot of its own opens a page that is served here. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessLedger } from '../../actors/driver/ledger.ts';
import { defaultLimits } from '../../actors/driver/limits.ts';
import { platformOf } from '../../actors/driver/platform.ts';
import { BrowserPool } from '../../actors/driver/pool.ts';
import { Slot } from '../../actors/driver/slot.ts';
import type { WebDriverSession } from '../../actors/webdriver/client.ts';
import { describe } from '../../schemas/errors.ts';
import type { Finding } from './doctor-checks.ts';

const TITLE = 'Troupe was here';
const TITLE_LIMIT_MS = 5_000;

/** A navigation may be answered before the new document has its title. */
async function titleOf(browser: WebDriverSession, signal: AbortSignal): Promise<string> {
  const until = performance.now() + TITLE_LIMIT_MS;
  for (;;) {
    const title = await browser.title({ signal });
    if (title !== '' || performance.now() > until) return title;
    await sleep(50, undefined, { signal });
  }
}

/** The same way a session's browser is started: display, Appium, driver, browser; nothing of it is left. */
export async function openRealPage(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Finding> {
  const started = performance.now();
  const dataDir = await mkdtemp(join(tmpdir(), 'troupe-doctor-'));
  const ledger = new ProcessLedger(join(dataDir, 'processes'));
  const page = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end(`<!doctype html><title>${TITLE}</title><h1>${TITLE}</h1>`)
  );
  const killAll = () => ledger.sweepNow();
  process.once('exit', killAll);
  const pool = new BrowserPool();
  let slot: Slot | undefined;
  try {
    const platform = platformOf();
    slot = new Slot('doctor', { dataDir, environment: env, ledger, pool, platform, limits: defaultLimits });
    slot.preflight();
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    await slot.boot({ warm: false, device: 'desktop' }, signal);
    await slot.open('desktop', signal);
    await slot.configure(1, signal);
    const browser = pool.get({ slot: 'doctor', fencing: 1 });
    await browser.navigate(`http://127.0.0.1:${(page.address() as AddressInfo).port}/`, { signal });
    const title = await titleOf(browser, signal);
    const { length } = await browser.screenshot({ signal });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (title === TITLE && length > 0) return { state: 'ok', detail: `opened and photographed in ${seconds} s` };
    return { state: 'fail', detail: `the page's title is '${title}', not '${TITLE}'`, cure: 'look at the browser' };
  } catch (error) {
    signal.throwIfAborted();
    return { state: 'fail', detail: describe(error), cure: 'mend what is named above, then run doctor again' };
  } finally {
    await slot?.shutDown().catch(() => {});
    process.off('exit', killAll);
    killAll();
    page.close();
    page.closeAllConnections();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 }).catch(() => {});
  }
}
