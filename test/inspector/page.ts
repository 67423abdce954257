/** A tab on the inspector, signed in as who may everything, that remembers what a good page never does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import type { Manager } from '../support/manager.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Tab {
  page: Page;
  /** Everything but the path after /inspector. */
  open(path: string): Promise<void>;
  /** @throws AssertionError with the rules a reader with a screen reader, or weak eyes, would trip over */
  isAccessible(): Promise<void>;
  /** Requests to anywhere but the two planes, and errors on the console but those that `expected` fits. */
  isClean(expected?: RegExp): void;
  close(): Promise<void>;
}

export interface TabOptions {
  theme?: 'light' | 'dark';
  /** px. Default 1280 by 800. */
  width?: number;
  height?: number;
  /** false: nobody is signed in. */
  signedIn?: boolean;
}

export async function openTab(
  browser: Browser,
  { url, wsUrl, token }: Pick<Manager, 'url' | 'wsUrl' | 'token'>,
  { theme = 'light', width = 1280, height = 800, signedIn = true }: TabOptions = {}
): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
  // A slow machine is no failure.
  context.setDefaultTimeout(30_000);
  const kept = [...(signedIn ? [['session', 'token', token]] : []), ['local', 'theme', theme]];
  const sets = kept.map(([store, name, value]) => `${store}Storage.setItem('troupe.${name}', '${value}');`);
  await context.addInitScript(sets.join(' '));
  const page = await context.newPage();
  const errors: string[] = [];
  const foreign: string[] = [];
  const ours = [new URL(url).host, new URL(wsUrl).host];
  const asked = (address: string) => {
    const { host, protocol } = new URL(address);
    if (!ours.includes(host) && protocol !== 'blob:') foreign.push(address);
  };
  page.on('request', (request) => asked(request.url()));
  page.on('websocket', (socket) => asked(socket.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
  });
  return {
    page,
    async open(path) {
      await page.goto(`${url}/inspector${path}`);
    },
    async isAccessible() {
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run()
      );
      const found = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join('\n')}`
      );
      assert.deepEqual(found, [], page.url());
    },
    isClean(expected) {
      assert.deepEqual(foreign, []);
      assert.deepEqual(
        errors.filter((error) => !expected?.test(error)),
        []
      );
    },
    close: () => context.close()
  };
}
