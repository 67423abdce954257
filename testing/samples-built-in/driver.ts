import type { MachineSamples } from '../../actors/user-config/define.ts';
import type { DriverContext, WatchNews } from '../../machines/driver-context.ts';

/** It is worn after two sessions, and tries again at once. */
const limits = { recycleSessions: 2, backoffFirstMs: 1, backoffMostMs: 1 };

const lost = { code: 'DRIVER_LOST', message: 'its process has ended' };
const missing = { code: 'PREREQUISITE_MISSING', message: 'Xvfb is not there' };
const off = { code: 'REMOTE_AUTOMATION_OFF', message: 'Safari may not be automated' };
const starting = { done: [null], error: [lost, missing, off] };
const rung = { error: [lost] };

const ofLease = ({ fencing }: DriverContext) => (fencing === null ? [] : [{ fencing }, { fencing: 0 }]);
const news: WatchNews[] = [
  { kind: 'missed', probe: 'appium', why: 'Appium does not answer' },
  { kind: 'missed', probe: 'page', why: 'the page does not answer' },
  { kind: 'answered', probe: 'appium' },
  { kind: 'answered', probe: 'page' },
  { kind: 'measured', bytes: 1_000_000 },
  { kind: 'worn', why: 'it was measured too often' }
];

export const driver: MachineSamples = {
  inputs: [
    { slot: 'slot-1', limits },
    { slot: 'slot-1', limits: { ...limits, failures: 1, misses: 1 } }
  ],
  events: { 'driver.retry': [{}] },
  told: {
    'driver.boot': [{}, { bare: true }],
    'driver.open': [{ sessionId: 's1', fencing: 7, device: 'desktop' }],
    'driver.close': ofLease,
    'driver.hold': ofLease,
    'driver.unhold': ofLease,
    'driver.recycle': [{ why: 'it is worn' }],
    'driver.drain': [{}],
    // What its regions say to each other.
    'health.watch': [],
    'health.end': [],
    'slot.broken': []
  },
  outcomes: {
    preflight: starting,
    boot: starting,
    open: starting,
    configure: starting,
    // Where nothing is watched, there is no news.
    watch: {
      done: ({ watched }: DriverContext) => (watched === 'nothing' ? [] : news),
      error: [lost]
    },
    close: { done: [{ bytes: null }], error: [lost] },
    probe: { done: [{ appium: 'gone', display: 'gone', driver: 'gone', browser: 'gone' }], error: [lost] },
    deleteSession: { done: [true], error: [lost] },
    killDriverGroup: { done: [null], ...rung },
    killBrowser: { done: [{ appiumStays: true }, { appiumStays: false }], ...rung },
    killAppiumGroup: { done: [null], ...rung },
    sweep: { done: [{ left: [] }, { left: ['MiniBrowser'] }], ...rung },
    shutDown: { done: [null], ...rung }
  }
};
