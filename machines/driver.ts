import { health } from './driver-health.ts';
import { ladder } from './driver-ladder.ts';
import { defaultLimits } from './driver-limits.ts';
import {
  failed,
  late,
  overdue,
  slotOnly,
  tell,
  tellClosed,
  tellFailed,
  tellIdle,
  tellWorn,
  watching,
  words
} from './driver-words.ts';

export type { DriverContext, DriverEffects, DriverEvent, DriverInput } from './driver-context.ts';

const closeLater = [{ guard: 'isOurLease' as const, actions: 'noteClose' as const }, late];
/** A lease's browser may be closed by that lease alone. */
const closes = [{ guard: 'isOurLease' as const, target: 'closing' as const }, late];
/** A recycled slot may be used again; one that was drained is no more. */
const ended = [{ guard: 'isRecycled' as const, target: 'COLD', actions: tellIdle(false) }, { target: 'CLOSED' }];
/** The telemetry of the state around would call for a person every minute. */
const quietly = { telemetry: { type: 'driver.changed', severity: 'debug' as const, take: { slot: 'slot' } } };
/** What its health has against it. */
const broken = { 'slot.broken': overdue };
const take = {
  slot: 'slot',
  fencing: 'fencing',
  code: 'failure.code',
  suspicion: 'suspicion',
  sessions: 'sessions',
  failures: 'consecutive',
  up_since_ms: 'upSince',
  resident_bytes: 'bytes',
  worn: 'worn'
};

/**
 * One slot: one Appium, one driver executable, one browser.
 *
 * ```
 *            driver.boot, driver.open                        driver.ready
 *  COLD ─▶ PREFLIGHT ─▶ BOOTING ─▶ OPENING ─▶ CONFIGURING ─▶ READY.busy ⇄ held ─▶ parking
 *   ▲          │           │          ▲  │          │          │ driver.close, parked
 *   │          │           ├──▶ READY.idle ◀── READY.closing ◀─┘
 *   │          │           │       │  ▲  │          │          │
 *   │          ▼           ▼       ▼  │  ▼          ▼          ▼      any failure, any limit, slot.broken
 *   │     NEEDS_HUMAN    RECOVERING{probe ▶ deleteSession ▶ killDriverGroup ▶ killBrowser ▶ (killAppiumGroup) ▶
 *   │          │                   sweep ▶ cooldown} ── Appium stays ──▶ READY.idle
 *   ├──────────┘                      │  └─ five in a minute, or on trial ──▶ QUARANTINED ─┐
 *   ├─────────────────────────────────┘                                                    │
 *   ├──────────────────────────────────────────────────────── one trial after 60 s … 10 min ┘
 *   └──── DRAINING ◀──driver.recycle── READY.idle
 *  anywhere ──driver.drain──▶ DRAINING ─▶ CLOSED
 * ```
 * The ladder never kills Appium first: that orphans driver and browser. A browser lost is told at once, the ladder runs
 * after; `driver.idle` says when the slot can be used again. Beside all of it runs its health (`driver-health.ts`).
 */
const slot = words.createStateConfig({
  id: 'slot',
  on: {
    'driver.drain': { target: '.DRAINING', actions: 'noteDrain' },
    'driver.close': late,
    'driver.boot': late,
    'driver.hold': late,
    'driver.unhold': late,
    'slot.broken': late
  },
  initial: 'COLD',
  states: {
    COLD: {
      entry: ['noteDown', watching('nothing')],
      on: {
        'driver.boot': { target: 'PREFLIGHT', actions: 'noteBoot' },
        'driver.open': { target: 'PREFLIGHT', actions: 'lease' }
      }
    },
    PREFLIGHT: {
      invoke: { id: 'preflight', src: 'preflight', input: slotOnly, onDone: 'BOOTING', onError: failed },
      on: { 'driver.close': closeLater },
      after: { preflightLimit: overdue }
    },
    BOOTING: {
      invoke: {
        id: 'boot',
        src: 'boot',
        input: ({ context }) => ({
          slot: context.slot,
          warm: context.fencing === null && !context.bare,
          device: context.device
        }),
        onDone: [
          { guard: 'mustClose', target: 'READY.closing', actions: 'noteUp' },
          { guard: 'isLeased', target: 'OPENING', actions: 'noteUp' },
          { guard: 'isBare', target: 'READY.idle', actions: ['noteUp', tellIdle(true)] },
          { target: 'READY.idle', actions: ['noteUp', 'noteWorking', tellIdle(true)] }
        ],
        onError: failed
      },
      on: { 'driver.close': closeLater },
      after: { bootLimit: overdue }
    },
    OPENING: {
      entry: watching('start'),
      invoke: {
        id: 'open',
        src: 'open',
        input: ({ context }) => ({ slot: context.slot, device: context.device }),
        onDone: [
          { guard: 'mustClose', target: 'READY.closing', actions: 'noteSession' },
          { target: 'CONFIGURING', actions: 'noteSession' }
        ],
        onError: failed
      },
      // Given up, a POST /session leaves a browser nobody knows: it is waited for, then closed.
      on: { 'driver.close': closeLater, ...broken },
      after: { openLimit: overdue }
    },
    CONFIGURING: {
      invoke: {
        id: 'configure',
        src: 'configure',
        input: ({ context }) => ({ slot: context.slot, fencing: context.fencing as number }),
        onDone: {
          target: 'READY.busy',
          actions: ['noteWorking', watching('browser'), tell(({ fencing }) => ({ type: 'driver.ready', fencing }))]
        },
        onError: failed
      },
      on: { 'driver.close': [{ guard: 'isOurLease', target: 'READY.closing' }, late], ...broken },
      after: { configureLimit: overdue }
    },
    READY: {
      on: broken,
      initial: 'idle',
      states: {
        idle: {
          entry: ['noWhy', watching('spare')],
          on: {
            'driver.open': { target: '#slot.OPENING', actions: 'lease' },
            'driver.recycle': { target: '#slot.DRAINING', actions: 'noteRecycle' }
          },
          after: { ageLimit: { actions: ['noteAge', tellWorn] } }
        },
        busy: {
          on: {
            'driver.close': closes,
            'driver.hold': [{ guard: 'isOurLease', target: 'held' }, late]
          },
          after: { ageLimit: { actions: ['noteAge', tellWorn] } }
        },
        held: {
          entry: 'noteHeld',
          exit: 'noWhy',
          on: {
            'driver.close': closes,
            'driver.unhold': [{ guard: 'isOurLease', target: 'busy' }, late]
          },
          after: { holdLimit: 'parking' }
        },
        parking: {
          entry: ['noteParked', tell(({ fencing, why }) => ({ type: 'driver.parked', fencing, why }))],
          on: { 'driver.close': closes },
          after: { parkLimit: 'closing' }
        },
        closing: {
          entry: watching('start'),
          invoke: {
            id: 'close',
            src: 'close',
            input: slotOnly,
            onDone: { target: 'idle', actions: ['noteClosed', tellClosed, 'unlease', tellIdle(true)] },
            onError: overdue
          },
          after: { closeLimit: overdue }
        }
      }
    },
    RECOVERING: ladder,
    NEEDS_HUMAN: {
      meta: {
        telemetry: { type: 'human.required', severity: 'error', take: { slot: 'slot', code: 'failure.code' } }
      },
      entry: [tellFailed('NEEDS_HUMAN'), 'unlease', watching('nothing')],
      initial: 'waiting',
      states: {
        waiting: { after: { humanLimit: 'checking' }, on: { 'driver.retry': 'checking' } },
        checking: {
          meta: quietly,
          invoke: {
            id: 'preflight',
            src: 'preflight',
            input: slotOnly,
            onDone: [
              { guard: 'wasRefused', target: 'trying' },
              { target: '#slot.COLD', actions: ['noWhy', tellIdle(false)] }
            ],
            onError: { target: 'waiting', actions: 'noteForPerson' }
          },
          after: { preflightLimit: 'waiting' }
        },
        // Whether Safari may be automated now only a browser can say.
        trying: {
          meta: quietly,
          invoke: {
            id: 'boot',
            src: 'boot',
            input: ({ context }) => ({ slot: context.slot, warm: true, device: context.device }),
            onDone: { target: '#slot.READY.idle', actions: ['noteUp', 'noteWorking', tellIdle(true)] },
            onError: [
              { guard: 'isForPerson', target: 'waiting', actions: 'noteForPerson' },
              { target: '#slot.RECOVERING', actions: 'noteFailure' }
            ]
          },
          after: { bootLimit: overdue }
        }
      }
    },
    QUARANTINED: {
      meta: {
        telemetry: { type: 'driver.changed', severity: 'error', take: { slot: 'slot', code: 'failure.code' } }
      },
      entry: ['noteQuarantine', tellFailed('QUARANTINED')],
      on: { 'driver.retry': { target: 'COLD', actions: tellIdle(false) } },
      after: { quarantine: { target: 'COLD', actions: tellIdle(false) } }
    },
    DRAINING: {
      entry: watching('nothing'),
      on: { 'driver.drain': { actions: 'noteDrain' } },
      invoke: { id: 'shutDown', src: 'shutDown', input: slotOnly, onDone: ended, onError: ended },
      after: { shutDownLimit: ended }
    },
    CLOSED: {
      type: 'final',
      entry: [tell(() => ({ type: 'driver.drained' })), 'unlease', 'endHealth']
    }
  }
});

export const driverMachine = words.createMachine({
  id: 'driver',
  type: 'parallel',
  meta: {
    telemetry: { type: 'driver.changed', take },
    subject: { session_id: 'sessionId' }
  },
  context: ({ input }) => ({
    slot: input.slot,
    limits: { ...defaultLimits, ...input.limits },
    sessionId: null,
    fencing: null,
    device: 'desktop',
    bare: false,
    closing: false,
    failures: [],
    consecutive: 0,
    quarantines: 0,
    trial: false,
    appiumStays: false,
    failure: null,
    why: null,
    watched: 'nothing',
    misses: {},
    suspicion: null,
    sessions: 0,
    upSince: null,
    bytes: null,
    worn: null,
    recycling: false
  }),
  states: { slot, health }
});
