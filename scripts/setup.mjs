#!/usr/bin/env node
/**
 * Makes a fresh clone ready: Node's version, npm dependencies, the build, and what a real browser needs. Does only what
 * is missing, so a second run takes a moment.
 *
 *   node scripts/setup.mjs [--tests] [--no-browser]
 */
import { fileURLToPath } from 'node:url';
import { ensureBuild } from './setup/build.mjs';
import { ensureDependencies } from './setup/dependencies.mjs';
import { checkNode } from './setup/node-version.mjs';
import { SetupError, say } from './setup/say.mjs';
import { ensureBrowser } from './setup/system-packages.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @param {{ browser?: 'required' | 'wanted' | 'no', tests?: boolean }} options
 *   wanted: without it a sentence is printed and the rest goes on
 * @throws SetupError
 */
export async function setup({ browser = 'required', tests = false } = {}) {
  checkNode();
  await ensureDependencies(root);
  await ensureBuild(root);
  if (browser === 'no') return;
  try {
    await ensureBrowser({ tests });
  } catch (error) {
    if (browser === 'required' || !(error instanceof SetupError)) throw error;
    say(error.message);
  }
}

/** Runs `main` and ends the process with its exit code; a SetupError is its text and nothing else. */
export async function runScript(main) {
  try {
    process.exitCode = (await main()) ?? process.exitCode ?? 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = error.exitCode;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const flags = process.argv.slice(2);
  await runScript(() =>
    setup({ browser: flags.includes('--no-browser') ? 'no' : 'required', tests: flags.includes('--tests') })
  );
}
