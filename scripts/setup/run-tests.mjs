#!/usr/bin/env node
/**
 * `node --import tsx [options of tests] run-tests.mjs CONCURRENCY FILE …`: what `node --test` does, but in the order
 * given: Node 20's command line sorts the files by name, and one that takes minutes and comes last keeps all
 * processors but one waiting.
 */
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const [concurrency, ...files] = process.argv.slice(2);
const limit = process.execArgv.find((arg) => arg.startsWith('--test-timeout='));

const events = run({
  files,
  concurrency: Number(concurrency),
  ...(limit ? { timeout: Number(limit.split('=')[1]) } : {})
});
events.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
events.compose(new spec()).pipe(process.stdout);
