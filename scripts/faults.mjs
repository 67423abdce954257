#!/usr/bin/env node
/** `npm run test:faults [-- FILE …]`: the tests of `test/faults/`, and at the end each fault with what came of it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGroup } from './setup/process-group.mjs';
import { root, runScript, setup } from './setup.mjs';

/** A slow machine takes a few times the four minutes of a quiet one. */
const LIMIT_MS = 20 * 60_000;

await runScript(async () => {
  await setup({ browser: 'wanted' });
  const folder = mkdtempSync(join(tmpdir(), 'troupe-faults-'));
  const table = join(folder, 'table.jsonl');
  writeFileSync(table, '');
  process.env.FAULTS_TABLE = table;
  const options = [`--test-timeout=${LIMIT_MS}`, '--test-reporter=spec', '--test-concurrency=1'];
  const files = process.argv.length > 2 ? process.argv.slice(2) : everyTest();
  try {
    const status = await runGroup(process.execPath, ['--import', 'tsx', '--test', ...options, ...files], { cwd: root });
    if (status !== 0)
      process.stdout.write('\nNot every fault was survived as it should be; the table has those that were.');
    print(readFileSync(table, 'utf8'));
    return status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function everyTest() {
  return readdirSync(join(root, 'test/faults'))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test/faults', name))
    .sort();
}

/** @param {string} lines one JSON object a fault: see test/faults/table.ts */
function print(lines) {
  const rows = lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const columns = {
    fault: (row) => row.fault,
    symptom: (row) => row.symptom,
    'noticed by': (row) => row.bound,
    time: (row) => (row.ms === null ? '-' : `${(row.ms / 1000).toFixed(1)} s`),
    writes: (row) => (row.effects === null ? '-' : String(row.effects)),
    end: (row) => row.end,
    'recovery path': (row) => row.path
  };
  const names = Object.keys(columns);
  const lengths = names.map((name) => Math.max(name.length, ...rows.map((row) => columns[name](row).length)));
  const line = (cells) => cells.map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(lengths[i]))).join('  ');
  const all = [names, ...rows.map((row) => names.map((name) => columns[name](row)))];
  process.stdout.write(`\n${all.map(line).join('\n')}\n`);
}
