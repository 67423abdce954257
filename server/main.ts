#!/usr/bin/env node
/**
 * The process: its environment, its streams, its signals. What it does is in `cli/`; this file alone reads
 * `process.env`.
 *
 * The first SIGINT or SIGTERM ends things in order. A second one ends the process at once; whatever was started then
 * dies in the handlers of `exit`, which run on every way out but SIGKILL.
 */
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { runCli } from './cli/program.ts';

/** A terminal sends Ctrl-C to everybody and npm passes it on once more: so soon it is still the first. */
const SAME_WISH_MS = 500;
/** After the command has ended, for what it forgot to close. */
const LINGER_MS = 2_000;

const ending = new AbortController();
let endingSince = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!ending.signal.aborted) {
      endingSince = Date.now();
      ending.abort();
    } else if (Date.now() - endingSince > SAME_WISH_MS) {
      process.exit(128 + constants.signals[signal]);
    }
  });
}

process.on('uncaughtException', (error) => {
  writeSync(2, `troupe: this is a fault of ours: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});

// `troupe tail | head` ends when head has enough.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  out: process.stdout,
  err: process.stderr,
  signal: ending.signal
});
setTimeout(() => process.exit(), LINGER_MS).unref();
