/** The last check: a browser of a slot of its own opens a page that is served here. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessLedger } from '../../actors/driver/ledger.ts';
import { defaultLimits } from '../../actors/driver/limits.ts';
import { platformOf } from '../../actors/driver/platform.ts';
import { BrowserPool } from '../../actors/driver/pool.ts';
import { Slot } from '../../actors/driver/slot.ts';
import { open } from '../../actors/executor/navigate.ts';
import { Page } from '../../actors/executor/page.ts';
import { describe } from '../../schemas/errors.ts';
import type { Finding } from './doctor-finding.ts';

const TITLE = 'Troupe was here';

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
    await open(new Page(browser, signal), `http://127.0.0.1:${(page.address() as AddressInfo).port}/`);
    const title = await browser.title({ signal });
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
