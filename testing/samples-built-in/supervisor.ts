import type { MachineSamples } from '../../actors/user-config/define.ts';
import type { SupervisorContext } from '../../machines/supervisor.ts';

/** Of each lease, and of one that is over. */
const ofLease = ({ slots }: SupervisorContext) => [
  ...slots.flatMap(({ sessionId, fencing }) =>
    sessionId === null || fencing === null ? [] : [{ sessionId, fencing }]
  ),
  { sessionId: 's1', fencing: 1 }
];
const ofSlot =
  (fields: object = {}) =>
  ({ slots }: SupervisorContext) =>
    slots.map(({ slot, fencing }) => ({ slot, fencing, ...fields }));
const asked = { accountId: null, platform: 'example', browser: 'safari', device: 'desktop', priority: 3 };

export const supervisor: MachineSamples = {
  inputs: [{ slots: 1, epoch: 1 }],
  events: { 'supervisor.drain': [{}, { within_ms: 1_000, leaving: true }] },
  told: {
    'slot.request': [
      { sessionId: 's1', ...asked },
      { sessionId: 's2', ...asked }
    ],
    'slot.withdraw': [{ sessionId: 's1' }],
    'slot.release': (context: SupervisorContext) => ofLease(context).map((lease) => ({ ...lease, reason: 'asked' })),
    'slot.hold': ofLease,
    'slot.unhold': ofLease,
    'driver.ready': ofSlot(),
    'driver.idle': ofSlot({ warm: true }),
    'driver.failed': ofSlot({ code: 'DRIVER_LOST', why: 'it is gone', state: 'RECOVERING' }),
    'driver.closed': ofSlot(),
    'driver.drained': ofSlot(),
    'driver.worn': ofSlot({ why: 'it is old' }),
    'driver.parked': ofSlot({ why: 'a person had it too long' }),
    'tell.refused': [
      { to: 'session/s1', told: 'slot.ready', why: 'it has ended' },
      { to: 'driver/slot-1', told: 'driver.boot', why: 'it has ended' }
    ],
    // Its own word, by a timer; of a session that waits no more it comes late.
    'slot.expired': []
  }
};
