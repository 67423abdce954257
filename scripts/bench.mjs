#!/usr/bin/env node
/** `npm run bench [-- NAME …]`: runs every `bench/NAME.ts`, or those named, one after the other. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runGroup } from './setup/process-group.mjs';
import { SetupError } from './setup/say.mjs';
import { root, runScript, setup } from './setup.mjs';

await runScript(async () => {
  const known = readdirSync(join(root, 'bench'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => basename(name, '.ts'))
    .sort();
  const names = process.argv.slice(2);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown) throw new SetupError(`no benchmark '${unknown}'; there are: ${known.join(', ')}`, 2);
  await setup({ browser: 'wanted' });
  for (const name of names.length > 0 ? names : known) {
    const code = await runGroup(process.execPath, ['--import', 'tsx', join('bench', `${name}.ts`)], { cwd: root });
    if (code !== 0) return code;
  }
  return 0;
});
