/** The processes of one slot by the names the fault table gives them, to be killed, stopped and counted. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ProcessLedger, type Role } from '../../actors/driver/ledger.ts';
import { groupMembers, isSame, type ProcessIdentity } from '../../actors/process/identity.ts';

export type Victim = 'WebKitWebProcess' | 'MiniBrowser' | 'WebKitWebDriver' | 'safaridriver' | 'Appium' | 'Xvfb';

/** Those that enter themselves in the ledger; the others are in the group of WebKitWebDriver. */
const ROLES: Partial<Record<Victim, Role>> = {
  WebKitWebDriver: 'browser',
  safaridriver: 'driver',
  Appium: 'appium',
  Xvfb: 'display'
};

/** All that live now: a browser has one WebKitWebProcess a page, and sometimes one in reserve. */
export function findVictims(data: string, victim: Victim, slot = 'slot-1'): ProcessIdentity[] {
  const living = new ProcessLedger(join(data, 'processes')).entries(slot).filter((entry) => isSame(entry));
  const role = ROLES[victim];
  if (role) return living.filter((entry) => entry.role === role);
  return living
    .filter((entry) => entry.role === 'browser')
    .flatMap(({ group }) => groupMembers(group))
    .filter(({ command }) => command.includes(`/${victim}`));
}

/** @returns how many heard it; one that ended meanwhile did not */
export function signalVictims(data: string, victim: Victim, signal: NodeJS.Signals, slot?: string): number {
  let heard = 0;
  for (const { pid } of findVictims(data, victim, slot)) {
    try {
      process.kill(pid, signal);
      heard += 1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return heard;
}

/** @throws AssertionError when there is none */
export function strike(data: string, victim: Victim, signal: NodeJS.Signals, slot?: string): void {
  assert.ok(signalVictims(data, victim, signal, slot) > 0, `there is no ${victim} to send ${signal}`);
}
