import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { packageRoot } from '../../actors/package-root.ts';
import { day } from './day.ts';

/** Without what is another each time: ids, hours, and how wide a column is for it. */
const alike = (text: string) =>
  text
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID')
    .replace(/\b[0-9a-f]{64}\b/g, 'HASH')
    .replace(/\b[0-9a-f]{8}\b/g, 'ID')
    .replace(/\b\d{4}-\d{2}-\d{2}\b/g, 'DAY')
    .replace(/\b\d{2}:\d{2}:\d{2}(\.\d+)?\b/g, 'TIME')
    // As far as it had got when it was answered.
    .replace(/^(CREATED|QUEUED|AWAITING_APPROVAL) +UUID/m, 'ACCEPTED UUID')
    .replace(/ +/g, ' ');

it("one person's day in the README is what happens", async () => {
  const readme = readFileSync(join(packageRoot(), 'README.md'), 'utf8');
  const [, shown = ''] = /```console\n([\s\S]*?)\n```/.exec(readme) ?? [];
  assert.ok(shown.startsWith('$ npx troupe run'), 'the README shows it');
  assert.equal(alike(shown), alike(await day()), 'npx tsx test/scripts/day.ts prints it anew');
});
