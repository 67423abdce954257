#!/usr/bin/env node
/**
 * `safaridriver` for Linux: takes the arguments of Apple's, drives WebKitGTK. Appium's Safari driver finds it on its PATH
 * and starts it as it starts Apple's; nothing above it knows the difference.
 *
 * ```
 * Appium ──spawn──▶ safaridriver -p PORT --diagnose ──spawn, own group──▶ WebKitWebDriver ─▶ MiniBrowser ─▶ WebKit…
 * ```
 *
 * However this process ends, the group goes with it: by itself on a signal or when its parent is gone, and by the
 * ledger's sweep when it was killed outright.
 *
 * Environment: TROUPE_WEBKIT_DRIVER (path of WebKitWebDriver, default from PATH), TROUPE_LEDGER and TROUPE_SLOT (see
 * `ledger.ts`), TROUPE_SAFARIDRIVER_CONTROL (see `faults.ts`).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LEDGER_VARIABLE, ProcessLedger, SLOT_VARIABLE } from '../driver/ledger.ts';
import { packageRoot } from '../package-root.ts';
import { Faults } from './faults.ts';
import { SafariProxy } from './proxy.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const PARENT_POLL_MS = 500;

const program = process.env.TROUPE_WEBKIT_DRIVER ?? 'WebKitWebDriver';
const slot = process.env[SLOT_VARIABLE] ?? 'none';

function main(): void {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', short: 'p' },
      diagnose: { type: 'boolean' },
      enable: { type: 'boolean' },
      version: { type: 'boolean' }
    }
  });
  if (values.version) {
    // WebKitWebDriver 2.50 knows no --version; a session's browserVersion says WebKit's.
    const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
    console.log(`safaridriver of troupe ${version}, for WebKitGTK`);
    return;
  }
  if (values.enable) return; // nothing to enable: WebKitGTK always allows automation
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    console.error('usage: safaridriver -p PORT [--diagnose] | --enable | --version');
    process.exit(64);
  }
  serve(port);
}

function serve(port: number): void {
  const folder = process.env[LEDGER_VARIABLE];
  const ledger = folder ? new ProcessLedger(folder) : undefined;
  ledger?.record(process.pid, slot, 'driver');
  let current: Upstream | undefined;
  const proxy = new SafariProxy({
    faults: new Faults(process.env.TROUPE_SAFARIDRIVER_CONTROL, slot),
    startUpstream: async () => {
      const upstream = await startUpstream({ program, slot, ledger });
      current = upstream;
      void upstream.ended.then(() => {
        // Ended while it is still the one in use: not by us, so the session is lost and Appium must see it.
        if (current === upstream && !upstream.ending) void leave(1);
      });
      return upstream;
    }
  });

  let leaving = false;
  const leave = async (code: number) => {
    if (leaving) return;
    leaving = true;
    await proxy.close();
    ledger?.forget(process.pid);
    process.exit(code);
  };
  process.on('exit', () => current?.endNow());
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void leave(0));

  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) void leave(1);
  }, PARENT_POLL_MS).unref();

  proxy.listen(port).catch((error: Error) => {
    console.error(`safaridriver cannot listen on port ${port}: ${error.message}`);
    void leave(71);
  });
}

main();
