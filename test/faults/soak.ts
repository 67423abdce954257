/**
 * `npm run soak -- --minutes 20 [--slots 2] [--seed N]`: flows of several accounts on real browsers, with a fault every
 * few seconds, and at the end the site's word, the journal's and the process table's. Ends with 1 when something is
 * broken. A seed makes the same choices again; which of them meets which moment is not the seed's.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { brokenJournal, evidenceOf } from '../crash/verdict.ts';
import { strangersTo } from '../e2e/stage.ts';
import { Random } from '../simulation/random.ts';
import { startSite } from '../site/site.ts';
import { startManager } from '../support/manager.ts';
import { processesOf } from '../support/processes.ts';
import { startFaults } from './soak-faults.ts';
import { startFlows } from './soak-flows.ts';
import { Gauge } from './soak-gauge.ts';

const LIMITS = {
  probe_driver_ms: 3_000,
  probe_page_ms: 4_000,
  probe_display_ms: 3_000,
  read_ms: 8_000,
  act_ms: 10_000,
  navigate_ms: 12_000,
  delete_ms: 2_000,
  grace_ms: 1_000,
  quarantine_first_ms: 3_000,
  quarantine_most_ms: 10_000
};
/** Once no fault strikes any more, everything that was accepted ends in this time. */
const END_LIMIT_MS = 5 * 60_000;

const { minutes, slots, seed } = readArguments();
const data = mkdtempSync(join(tmpdir(), 'troupe-soak-'));
const control = join(data, 'fault.json');
const undo: (() => unknown)[] = [];
const broken: string[] = [];
const site = await startSite({ visitor: 'alice' });
try {
  const manager = await startManager(
    { after: (fn) => undo.push(fn) },
    {
      data,
      driver: 'safari',
      args: ['--slots', String(slots), '--request-limit', '100000', '--driver-limits', JSON.stringify(LIMITS)],
      env: { TROUPE_SAFARIDRIVER_CONTROL: control }
    }
  );
  console.log(`soak of ${minutes} minutes, ${slots} slots, --seed ${seed}`);
  const random = new Random(seed);
  const flows = await startFlows(manager, site, random.fork('flows'));
  const faults = startFaults({ data, control, site, slots, random: random.fork('faults') });
  const gauge = new Gauge(manager);
  for (const end = Date.now() + minutes * 60_000; Date.now() < end; ) {
    await delay(Math.min(60_000, end - Date.now()));
    console.log(`${gauge.now()}; ${flows.summary()}; ${faults.count()} faults`);
  }
  await faults.stop();
  gauge.stop();
  broken.push(...(await flows.finish(END_LIMIT_MS)), ...gauge.broken());

  const strangers = strangersTo(manager).map(({ pid, command }) => `orphan ${pid} ${command.slice(0, 120)}`);
  broken.push(...strangers);
  await manager.stop();
  const left = processesOf(data).map(({ pid, command }) => `left at the end: ${pid} ${command.slice(0, 120)}`);
  broken.push(...left);
  const evidence = await evidenceOf(join(data, 'journal.db'));
  broken.push(...brokenJournal(evidence));

  const recoveries = evidence.rows.filter(
    ({ actor, from, to }) => actor.startsWith('driver/') && to.includes('RECOVERING.probe') && from !== to
  ).length;
  console.log(`\n${flows.table()}\n\n${faults.table()}\n\n${gauge.table()}\n`);
  console.log(`recoveries             ${recoveries}`);
  console.log(`rows of the log        ${evidence.rows.length}, without hole or repeat`);
  console.log(`orphan processes       ${strangers.length + left.length}`);
} finally {
  for (const end of undo.reverse()) await end();
  await site.close();
  rmSync(data, { recursive: true, force: true });
}
for (const one of broken) console.log(`BROKEN ${one}`);
console.log(broken.length === 0 ? 'nothing is broken' : `${broken.length} things are broken; --seed ${seed}`);
process.exitCode = broken.length === 0 ? 0 : 1;

function readArguments(): { minutes: number; slots: number; seed: number } {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '20' },
      slots: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) }
    }
  });
  const number = (name: keyof typeof values, least: number) => {
    const value = Number(values[name]);
    if (Number.isFinite(value) && value >= least && (name === 'minutes' || Number.isInteger(value))) return value;
    console.error(`--${name} ${JSON.stringify(values[name])}: must be a number of at least ${least}`);
    process.exit(2);
  };
  return { minutes: number('minutes', 0.1), slots: number('slots', 1), seed: number('seed', 0) };
}
