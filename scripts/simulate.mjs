#!/usr/bin/env node
/** `npm run test:simulation [-- --seeds 2000 --first 1 --seed N]`: see `test/simulation/run.ts`. */
import { runGroup } from './setup/process-group.mjs';
import { root, runScript, setup } from './setup.mjs';

await runScript(async () => {
  await setup({ browser: 'no' });
  const file = ['--import', 'tsx', 'test/simulation/run.ts'];
  return runGroup(process.execPath, [...file, ...process.argv.slice(2)], { cwd: root });
});
