#!/usr/bin/env node
/** `npm run soak [-- --minutes 20 --slots 2 --seed N]`: see `test/faults/soak.ts`. */
import { runGroup } from './setup/process-group.mjs';
import { root, runScript, setup } from './setup.mjs';

await runScript(async () => {
  await setup({ browser: 'wanted' });
  const file = ['--import', 'tsx', 'test/faults/soak.ts'];
  return runGroup(process.execPath, [...file, ...process.argv.slice(2)], { cwd: root });
});
