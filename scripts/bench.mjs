#!/usr/bin/env node
/** `npm run bench [-- NAME … --OPTION VALUE …]`: runs every `bench/NAME.ts`, or those named, one after the other, with the options. */
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
  const asked = process.argv.slice(2);
  const first = asked.findIndex((one) => one.startsWith('--'));
  const names = first < 0 ? asked : asked.slice(0, first);
  const options = first < 0 ? [] : asked.slice(first);
  if (options.length > 0 && names.length === 0) throw new SetupError('options are for benchmarks that are named', 2);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown) throw new SetupError(`no benchmark '${unknown}'; there are: ${known.join(', ')}`, 2);
  await setup({ browser: 'wanted' });
  for (const name of names.length > 0 ? names : known) {
    const code = await runGroup(process.execPath, ['--import', 'tsx', join('bench', `${name}.ts`), ...options], {
      cwd: root
    });
    if (code !== 0) return code;
  }
  return 0;
});
