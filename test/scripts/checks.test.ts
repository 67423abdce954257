/** What a reviewer would otherwise run by hand. Part of `npm test`, so that a fresh clone's test is the whole check. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../actors/package-root.ts';

function passes(program: string, ...args: string[]): void {
  const command = join(packageRoot(), 'node_modules/.bin', program);
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: packageRoot(), encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${args.join(' ')}\n${stdout}${stderr}`);
}

describe('the sources', () => {
  it('are formatted and linted', () => passes('biome', 'check', '.'));
  it('have types that agree', () => passes('tsc', '-p', '.'));
  it('of the page have types that agree', () => passes('tsc', '-p', 'inspector'));
  it('are what the generated files were generated from', () => passes('tsx', 'scripts/generate.ts', '--check'));
});
