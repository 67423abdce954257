import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { packageRoot } from '../../actors/package-root.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A folder as a user of the package has it: `troupe` and `xstate` are installed there, and these files are in it. */
export async function userProject(t: Pick<TestContext, 'after'>, files: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder(t);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(packageRoot(), join(folder, 'node_modules/troupe'));
  symlinkSync(join(packageRoot(), 'node_modules/xstate'), join(folder, 'node_modules/xstate'));
  for (const [name, text] of Object.entries({ 'package.json': '{ "private": true, "type": "module" }', ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}
