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

/** The rest takes seconds each. Kinds by turns: beside one that waits for its browser there is one that only computes. */
const LONGEST = [
  'simulation/simulation',
  'faults/browser',
  'crash/places',
  'e2e/bad-input',
  'crash/random',
  'e2e/login',
  'scripts/package',
  'e2e/selectors',
  'e2e/commands',
  'simulation/mutants',
  'inspector/inspector',
  'e2e/orphans',
  'crash/damage',
  'faults/opening',
  'crash/disk',
  'site',
  'e2e/sora',
  'scripts/checks',
  'actors/executor/studio.webkit',
  'docs/machines',
  'actors/executor/proof.webkit',
  'scripts/readme',
  'actors/executor/click.webkit',
  'support/manager',
  'actors/driver/drivers',
  'inspector/acts',
  'faults/macos',
  'e2e/messages',
  'server/cli/ending'
].map((name) => join('test', `${name}.test.ts`));

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('-'));
const named = args.filter((arg) => !arg.startsWith('-'));

await runScript(async () => {
  await setup({ tests: true });
  const limit = `--test-timeout=${TEST_LIMIT_MS}`;
  const inOrder = ['scripts/setup/run-tests.mjs', String(concurrency()), ...longestFirst(everyTest())];
  const files = named.length > 0 ? named : everyTest();
  const asAsked = ['--test', '--test-reporter=spec', `--test-concurrency=${concurrency()}`, ...options, ...files];
  const isAll = args.length === 0;
  return runGroup(process.execPath, ['--import', 'tsx', limit, ...(isAll ? inOrder : asAsked)], { cwd: root });
});

/** One that takes minutes and begins last keeps all processors but one waiting. */
function longestFirst(files) {
  const first = LONGEST.filter((file) => files.includes(file));
  return [...first, ...files.filter((file) => !first.includes(file))];
}

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
