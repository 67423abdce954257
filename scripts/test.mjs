#!/usr/bin/env node
/**
 * `npm test [-- FILE …]`: sets up what is missing, then runs every `.test.ts` file under `test/`, or the files named.
 * Options of `node --test` pass through: `npm test -- --test-name-pattern=lease`.
 */
import { readdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { runGroup } from './setup/process-group.mjs';
import { root, runScript, setup } from './setup.mjs';

/** No test may hang the run; the longest takes a few minutes on a slow machine. */
const TEST_LIMIT_MS = 10 * 60_000;

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('-'));
const named = args.filter((arg) => !arg.startsWith('-'));

await runScript(async () => {
  await setup({ tests: true });
  const files = named.length > 0 ? named : everyTest();
  return runGroup(
    process.execPath,
    [
      '--import',
      'tsx',
      '--test',
      '--test-reporter=spec',
      `--test-timeout=${TEST_LIMIT_MS}`,
      `--test-concurrency=${concurrency()}`,
      ...options,
      ...files
    ],
    { cwd: root }
  );
});

/** Node 20's `--test` expands no globs. */
function everyTest() {
  return readdirSync(join(root, 'test'), { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .sort();
}

/**
 * A browser test keeps a WebKit, an X server and an Appium busy: two files at once fill two cores, and a third makes each
 * of them wait for a processor in the middle of what a page does. Each may take a gigabyte and a half.
 */
function concurrency() {
  const fit = Math.max(1, Math.floor(totalmem() / (1.5 * 2 ** 30)));
  return Math.min(fit, Math.max(2, Math.min(4, Math.floor(availableParallelism() / 2))));
}
