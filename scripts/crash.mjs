#!/usr/bin/env node
/**
 * `npm run test:crash [-- --kills N] [--rounds N] [--seed S] [FILE …]`: the tests of `test/crash/` and that of kills with
 * a real browser, and at the end what they did. `--kills` (default 40) at random moments each, `--rounds` (default 2)
 * over every exact place; a seed makes the same choices again.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runGroup } from './setup/process-group.mjs';
import { SetupError } from './setup/say.mjs';
import { root, runScript, setup } from './setup.mjs';

/** Of the default run a quarter of an hour; of many kills hours. */
const LIMIT_MS = 30 * 60_000;
const MS_PER_KILL = 30_000;

await runScript(async () => {
  const { kills, rounds, seed, files } = readArgs();
  await setup({ browser: 'wanted' });
  const folder = mkdtempSync(join(tmpdir(), 'troupe-crash-'));
  const figures = join(folder, 'figures.jsonl');
  writeFileSync(figures, '');
  process.env.CRASH_FIGURES = figures;
  process.env.KILLS = String(kills);
  process.env.ROUNDS = String(rounds);
  if (seed !== undefined) process.env.CRASH_SEED = seed;
  try {
    const status = await runGroup(
      process.execPath,
      [
        '--import',
        'tsx',
        '--test',
        '--test-reporter=spec',
        `--test-timeout=${LIMIT_MS + (kills + 30 * rounds) * MS_PER_KILL}`,
        '--test-concurrency=1',
        ...(files.length > 0 ? files : everyTest())
      ],
      { cwd: root }
    );
    if (status !== 0) process.stdout.write('\nNot all of it held; the figures are of the tests that passed.');
    summarise(readFileSync(figures, 'utf8'));
    return status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function readArgs() {
  const options = { kills: { type: 'string' }, rounds: { type: 'string' }, seed: { type: 'string' } };
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new SetupError(error.message);
  }
  const { values, positionals } = parsed;
  const number = (name, fallback) => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isSafeInteger(value) || value < 0) throw new SetupError(`--${name} ${values[name]}: not a count`);
    return value;
  };
  if (values.seed !== undefined) number('seed');
  return { kills: number('kills', 40), rounds: number('rounds', 2), seed: values.seed, files: positionals };
}

function everyTest() {
  const own = readdirSync(join(root, 'test/crash')).filter((name) => name.endsWith('.test.ts'));
  return [...own.sort().map((name) => join('test/crash', name)), 'test/e2e/crash.test.ts'];
}

/** @param {string} lines one JSON object a test: see test/crash/figures.ts */
function summarise(lines) {
  const total = {};
  const kills = {};
  const troubles = [];
  for (const line of lines.split('\n').filter(Boolean)) {
    const { kills: own = {}, trouble, ...numbers } = JSON.parse(line);
    if (trouble) troubles.push(trouble);
    for (const [kind, n] of Object.entries(own)) kills[kind] = (kills[kind] ?? 0) + n;
    for (const [name, n] of Object.entries(numbers)) total[name] = (total[name] ?? 0) + n;
  }
  const all = Object.values(kills).reduce((sum, n) => sum + n, 0);
  const { runs = 0, acknowledged = 0, effects = 0, resumed = 0, rows = 0 } = total;
  const figures = [
    `${runs} runs of the process, ${all} of them killed:`,
    ...Object.entries(kills).map(([kind, n]) => `  ${String(n).padStart(5)}  ${kind}`),
    `${acknowledged} commands and errands acknowledged, none lost and none twice`,
    `${effects} effects, ${resumed} of them started again after a crash, none done twice outside`,
    `${rows} rows of the log, without hole or repeat`,
    ...(troubles.length > 0 ? [`${troubles.length} troubles:`, ...troubles.map((trouble) => `  ${trouble}`)] : [])
  ];
  process.stdout.write(`\n${figures.join('\n')}\n`);
}
