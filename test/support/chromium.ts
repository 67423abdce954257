import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = ['/usr/bin/chromium', '/Applications/Chromium.app/Contents/MacOS/Chromium'];
const executablePath = places.find((place) => existsSync(place));

/** For `{ skip }` of a test that looks at a page. */
export const chromiumMissing: string | false = executablePath ? false : `no Chromium at ${places.join(' or ')}`;

/** Headless, with a profile of its own that goes away with it; close it in `after`. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync'
    ]
  });
}
