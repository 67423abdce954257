/** Something goes wrong every few seconds: a process, an answer of the driver, or a write at the site. */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../../actors/safaridriver/faults.ts';
import { Tally } from '../crash/figures.ts';
import type { Random } from '../simulation/random.ts';
import type { Site } from '../site/site.ts';
import { signalVictims, type Victim } from './victims.ts';

const VICTIMS: Victim[] = ['WebKitWebProcess', 'MiniBrowser', 'WebKitWebDriver', 'safaridriver', 'Appium', 'Xvfb'];
const KINDS: Fault['kind'][] = ['crash', 'hang', 'slow', 'drop', 'error', 'lose-click'];
const REQUESTS = [
  'POST .*/element/[^/]+/click$',
  'POST .*/url$',
  'POST .*/execute/',
  'POST /session$',
  'DELETE /session'
];
const PAUSE_MS: [number, number] = [4_000, 14_000];

export interface SoakFaults {
  count(): number;
  table(): string;
  stop(): Promise<void>;
}

export function startFaults(options: {
  data: string;
  control: string;
  site: Site;
  slots: number;
  random: Random;
}): SoakFaults {
  const { data, control, site, slots, random } = options;
  const tally = new Tally();
  const stopping = new AbortController();
  let planted = 0;

  function strike(): void {
    const slot = `slot-${random.between(1, slots)}`;
    const what = random.next();
    if (what < 0.55) {
      const victim = random.of(VICTIMS);
      const signal = random.chance(0.6) ? 'SIGKILL' : 'SIGSTOP';
      // Between two browsers there is none to strike.
      if (signalVictims(data, victim, signal, slot) > 0) tally.add(`${signal} ${victim}`);
    } else if (what < 0.85) {
      planted += 1;
      const kind = random.of(KINDS);
      // A click that is lost is a click, and one request in the middle of none is not the driver's to invent.
      const match = kind === 'lose-click' ? (REQUESTS[0] as string) : random.of(REQUESTS);
      const fault: Fault = { id: `soak-${planted}`, kind, match, slot, delayMs: random.between(500, 15_000) };
      writeFileSync(control, JSON.stringify(fault));
      tally.add(`driver: ${kind} at ${match}`);
    } else {
      const drop = random.of(['before', 'after'] as const);
      site.fault(random.chance(0.5) ? { drop } : { delayMs: random.between(100, 3_000), drop });
      tally.add(`site: answer dropped ${drop} the write`);
    }
  }

  const running = (async () => {
    while (!stopping.signal.aborted) {
      await delay(random.between(...PAUSE_MS), undefined, { signal: stopping.signal }).catch(() => {});
      if (!stopping.signal.aborted) strike();
    }
  })();

  return {
    count: () => Object.values(tally.counts).reduce((sum, n) => sum + n, 0),
    table: () =>
      Object.entries(tally.counts)
        .sort(([, a], [, b]) => b - a)
        .map(([kind, n]) => `${String(n).padStart(5)}  ${kind}`)
        .join('\n'),
    async stop() {
      stopping.abort();
      await running;
      // What was planted and not met yet.
      writeFileSync(control, '[]');
    }
  };
}
