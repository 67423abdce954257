/** A driver slot stepped by hand, and where it is in each of its two regions. */
import assert from 'node:assert/strict';
import { driverMachine } from '../../machines/driver.ts';
import type { WatchNews } from '../../machines/driver-context.ts';
import type { DriverLimits } from '../../machines/driver-limits.ts';
import { Rehearsal } from '../support/rehearsal.ts';

export const driver = (limits: Partial<DriverLimits> = {}) =>
  new Rehearsal('driver', driverMachine, { slot: 'slot-1', limits }, 'slot-1');
/** One region of a state path. */
export const regionOf = (state: string, region: 'slot' | 'health') =>
  state
    .split(',')
    .find((path) => path.startsWith(`${region}.`))
    ?.slice(region.length + 1) ?? '';
export const at = (d: Rehearsal) => regionOf(d.state, 'slot');
export const health = (d: Rehearsal) => regionOf(d.state, 'health');
/** Without what happened in the other region. */
export const pathOf = (d: Rehearsal, region: 'slot' | 'health' = 'slot') =>
  d.path.map((state) => regionOf(state, region)).filter((state, i, all) => state !== all[i - 1]);
export const open = (fencing = 7) => ({ type: 'driver.open', sessionId: 's1', fencing, device: 'desktop' });
export const told = (d: Rehearsal) => d.toldTo('supervisor/main');
export const lastTold = (d: Rehearsal): Record<string, unknown> => d.tells.at(-1)?.event ?? {};

export function busy(fencing = 7) {
  const d = driver();
  d.send(open(fencing));
  d.done('preflight', null).done('boot', null).done('open', null).done('configure', null);
  assert.equal(at(d), 'READY.busy');
  return d;
}

export function idle() {
  const d = driver();
  d.send({ type: 'driver.boot' });
  d.done('preflight', null).done('boot', null);
  assert.equal(at(d), 'READY.idle');
  return d;
}

/** Walks up the ladder to where it cools down. */
export function climb(d: Rehearsal, appiumStays: boolean) {
  d.done('probe', { appium: 'usable', display: 'usable', driver: 'gone', browser: 'running' });
  d.done('deleteSession', false).done('killDriverGroup', null).done('killBrowser', { appiumStays });
  if (!appiumStays) d.done('killAppiumGroup', null);
  return d.done('sweep', { left: [] });
}

export const news = (d: Rehearsal, output: WatchNews) => d.done('watch', output);
export const miss = (d: Rehearsal, probe: 'page' | 'driver' | 'appium' = 'page') =>
  news(d, { kind: 'missed', probe, why: `its ${probe} gave no answer` });
