/** A process that opens a browser, says so, and waits to be killed. Argument: its data directory. */
import { join } from 'node:path';
import { ProcessLedger } from '../../../actors/driver/ledger.ts';
import { defaultLimits } from '../../../actors/driver/limits.ts';
import { platformOf } from '../../../actors/driver/platform.ts';
import { BrowserPool } from '../../../actors/driver/pool.ts';
import { Slot } from '../../../actors/driver/slot.ts';

const dataDir = process.argv[2] as string;
const slot = new Slot('slot-1', {
  dataDir,
  environment: process.env,
  ledger: new ProcessLedger(join(dataDir, 'processes')),
  pool: new BrowserPool(),
  platform: platformOf(),
  limits: defaultLimits
});
const { signal } = new AbortController();
await slot.boot({ warm: false, device: 'desktop' }, signal);
await slot.open('desktop', signal);
await slot.configure(1, signal);
console.log('ready');
setInterval(() => {}, 60_000);
