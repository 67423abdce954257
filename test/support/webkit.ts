import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { WebDriverClient, type WebDriverSession } from '../../actors/webdriver/client.ts';

/** Why no WebKit can be driven here; null when one can. */
export function webkitMissing(): string | null {
  if (process.platform !== 'linux') return 'WebKitWebDriver is on Linux only';
  for (const file of ['/usr/bin/WebKitWebDriver', '/usr/bin/Xvfb']) {
    if (!existsSync(file)) return `${file} is not installed (webkit2gtk-driver, xvfb)`;
  }
  return miniBrowser() ? null : 'no MiniBrowser under /usr/lib/*/webkit2gtk-4.*';
}

function miniBrowser(): string | undefined {
  const found: string[] = [];
  for (const triplet of readdirSync('/usr/lib')) {
    for (const version of ['webkit2gtk-4.1', 'webkit2gtk-4.0', 'webkitgtk-6.0']) {
      const path = `/usr/lib/${triplet}/${version}/MiniBrowser`;
      if (existsSync(path)) found.push(path);
    }
  }
  return found[0];
}

export interface WebKit {
  client: WebDriverClient;
  session: WebDriverSession;
  /** The driver's process; killing its group loses the browser. */
  driver: ChildProcess;
  /** A new session in place of one that was lost. */
  reopen(): Promise<WebDriverSession>;
  close(): Promise<void>;
}

/** A real WebKit in an X server of its own, driven by WebKitWebDriver directly: no Appium, no slot. */
export async function openWebKit({ width = 1280, height = 900, pageLoadStrategy = 'none' } = {}): Promise<WebKit> {
  const xvfb = spawn(
    '/usr/bin/Xvfb',
    ['-displayfd', '3', '-screen', '0', `${width}x${height}x24`, '-nolisten', 'tcp'],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      detached: true
    }
  );
  const display = `:${(await firstLine(xvfb.stdio[3] as Readable)).trim()}`;
  const port = await freePort();
  const driver = spawn('/usr/bin/WebKitWebDriver', [`--port=${port}`], {
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, DISPLAY: display, NO_AT_BRIDGE: '1', WAYLAND_DISPLAY: '', GDK_BACKEND: 'x11' }
  });
  const end = () => {
    killGroup(driver);
    killGroup(xvfb);
  };
  process.once('exit', end);
  const client = new WebDriverClient(`http://127.0.0.1:${port}`, { slot: 'test' });
  const reopen = () =>
    client.newSession({
      alwaysMatch: {
        browserName: 'MiniBrowser',
        unhandledPromptBehavior: 'ignore',
        pageLoadStrategy,
        timeouts: { implicit: 0, script: 10_000, pageLoad: 30_000 },
        'webkitgtk:browserOptions': { binary: miniBrowser(), args: ['--automation'] }
      }
    });
  const webkit: WebKit = {
    client,
    session: undefined as unknown as WebDriverSession,
    driver,
    async reopen() {
      webkit.session = await reopen();
      return webkit.session;
    },
    async close() {
      await webkit.session.delete({ timeoutMs: 5_000 }).catch(() => {});
      client.close();
      process.removeListener('exit', end);
      end();
      await Promise.all([exited(driver), exited(xvfb)]);
    }
  };
  try {
    await listening(client);
    await webkit.reopen();
    return webkit;
  } catch (error) {
    end();
    throw error;
  }
}

async function listening(client: WebDriverClient): Promise<void> {
  const until = Date.now() + 30_000;
  for (;;) {
    try {
      await client.status();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function firstLine(stream: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(text);
    });
    stream.on('end', () => reject(new Error('Xvfb ended before it had a display')));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

const exited = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()));
