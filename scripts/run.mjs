#!/usr/bin/env node
/** `npm start` and `npm run demo`: sets up what is missing, then is `troupe ARGS` in this very process. */
import { pathToFileURL } from 'node:url';
import { root, runScript, setup } from './setup.mjs';

const args = process.argv.slice(2);
const stub = process.env.TROUPE_DRIVER === 'stub' || /--driver[= ]stub\b/.test(args.join(' '));

await runScript(async () => {
  // The planes are of use without a browser, and /ready says that it is missing; a demo without one shows nothing.
  await setup({ browser: stub ? 'no' : args[0] === 'demo' ? 'required' : 'wanted' });
  const main = `${root}dist/server/main.js`;
  process.argv = [process.argv[0], main, ...args];
  await import(pathToFileURL(main).href);
});
