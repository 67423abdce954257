import { assign, fromPromise, setup } from 'xstate';
import type { Failure } from '../schemas/errors.ts';
import {
  cooldownMs,
  type DriverContext,
  type DriverEffects,
  type DriverEvent,
  type DriverInput,
  FAILURE_LIMIT,
  FAILURE_WINDOW_MS,
  quarantineMs
} from './driver-context.ts';
import { hostActions, SUPERVISOR } from './protocol.ts';

export type { DriverContext, DriverEffects, DriverEvent, DriverInput } from './driver-context.ts';

/** What no try of ours can mend. */
const FOR_A_PERSON = ['PREREQUISITE_MISSING', 'REMOTE_AUTOMATION_OFF', 'DRIVER_UNKILLABLE'];

const notProvided = async (): Promise<never> => {
  throw new Error('the drivers of actors/driver provide this');
};
const asked = <K extends keyof DriverEffects>(_: K) =>
  fromPromise<DriverEffects[K]['output'], DriverEffects[K]['input']>(notProvided);

const failureIn = (event: unknown): { code: string; why: string } => {
  const { error } = event as { error?: Failure };
  return error
    ? { code: error.code, why: error.message }
    : { code: 'DRIVER_LOST', why: 'it took longer than its limit' };
};

const words = setup({
  types: { input: {} as DriverInput, context: {} as DriverContext, events: {} as DriverEvent },
  actors: {
    preflight: asked('preflight'),
    boot: asked('boot'),
    open: asked('open'),
    configure: asked('configure'),
    watch: asked('watch'),
    close: asked('close'),
    probe: asked('probe'),
    deleteSession: asked('deleteSession'),
    killDriverGroup: asked('killDriverGroup'),
    killBrowser: asked('killBrowser'),
    killAppiumGroup: asked('killAppiumGroup'),
    sweep: asked('sweep'),
    shutDown: asked('shutDown')
  },
  actions: {
    ...hostActions,
    lease: assign(({ event }) =>
      event.type === 'driver.open'
        ? { sessionId: event.sessionId, fencing: event.fencing, device: event.device, closing: false, why: null }
        : {}
    ),
    unlease: assign({ sessionId: null, fencing: null, closing: false }),
    noteClose: assign({ closing: true }),
    noteFailure: assign(({ context, event }) => {
      const failure = failureIn(event);
      const recent = context.failures.filter((at) => event.at - at < FAILURE_WINDOW_MS);
      return {
        failure,
        failures: [...recent, event.at],
        consecutive: context.consecutive + 1,
        appiumStays: false,
        why: failure.why
      };
    }),
    noteForPerson: assign(({ event }) => {
      const failure = failureIn(event);
      return { failure, why: failure.why };
    }),
    noteQuarantine: assign(({ context }) => ({
      quarantines: context.quarantines + 1,
      trial: true,
      failures: [],
      why: `quarantined after repeated failures, the last: ${context.failure?.why ?? 'unknown'}`
    })),
    /** A browser has really worked here. */
    noteWorking: assign({ consecutive: 0, quarantines: 0, trial: false, failure: null, why: null })
  },
  guards: {
    isLeased: ({ context }) => context.fencing !== null,
    isOurLease: ({ context, event }) => event.type === 'driver.close' && event.fencing === context.fencing,
    mustClose: ({ context }) => context.closing,
    isForPerson: ({ event }) => FOR_A_PERSON.includes(failureIn(event).code),
    failsTooOften: ({ context }) => context.trial || context.failures.length >= FAILURE_LIMIT,
    appiumStays: ({ context }) => context.appiumStays
  },
  delays: {
    cooldown: ({ context }) => cooldownMs(context),
    quarantine: ({ context }) => quarantineMs(context),
    preflightLimit: 10_000,
    /** Display 10 s, Appium 15 s and its end, one warming browser. */
    bootLimit: 90_000,
    openLimit: 70_000,
    configureLimit: 20_000,
    closeLimit: 15_000,
    rungLimit: 20_000,
    shutDownLimit: 45_000,
    humanLimit: 60_000,
    holdLimit: 600_000
  }
});

type With = { context: DriverContext };
const slotOnly = ({ context }: With) => ({ slot: context.slot });

const tell = (event: (context: DriverContext) => { type: string; [key: string]: unknown }) => ({
  type: 'tell' as const,
  params: ({ context }: With) => ({ to: SUPERVISOR, event: { ...event(context), slot: context.slot } })
});
const tellFailed = (state: 'RECOVERING' | 'NEEDS_HUMAN' | 'QUARANTINED') =>
  tell(({ fencing, failure }) => ({
    type: 'driver.failed',
    fencing,
    state,
    ...(failure ?? { code: 'INTERNAL', why: '' })
  }));
const tellIdle = (warm: boolean) => tell(() => ({ type: 'driver.idle', warm }));
const tellClosed = tell(({ fencing }) => ({ type: 'driver.closed', fencing }));

/** Whatever fails while starting: a person's matter, or the ladder's. */
const failed = [
  { guard: 'isForPerson' as const, target: '#driver.NEEDS_HUMAN', actions: 'noteForPerson' as const },
  { target: '#driver.RECOVERING', actions: 'noteFailure' as const }
];
const overdue = { target: '#driver.RECOVERING', actions: 'noteFailure' as const };
/** The browser of the lease, until something is wrong with it. */
const watchLeased = {
  id: 'watch' as const,
  src: 'watch' as const,
  input: ({ context }: With) => ({ slot: context.slot, fencing: context.fencing }),
  onError: overdue
};
/** Word of a lease that is over. */
const late = {};
const closeLater = [{ guard: 'isOurLease' as const, actions: 'noteClose' as const }, late];

/**
 * One slot: one Appium, one driver executable, one browser.
 *
 * ```
 *            driver.boot, driver.open                        driver.ready
 *  COLD ─▶ PREFLIGHT ─▶ BOOTING ─▶ OPENING ─▶ CONFIGURING ─▶ READY.busy ⇄ held
 *   ▲          │           │          ▲  │          │          │ driver.close
 *   │          │           ├──▶ READY.idle ◀── READY.closing ◀─┘
 *   │          │           │       │  ▲  │          │          │
 *   │          ▼           ▼       ▼  │  ▼          ▼          ▼      any failure, any limit
 *   │     NEEDS_HUMAN    RECOVERING{probe ▶ deleteSession ▶ killDriverGroup ▶ killBrowser ▶ (killAppiumGroup) ▶
 *   │          │                   sweep ▶ cooldown} ── Appium stays ──▶ READY.idle
 *   ├──────────┘                      │  └─ five in a minute, or on trial ──▶ QUARANTINED ─┐
 *   ├─────────────────────────────────┘                                                    │
 *   └──────────────────────────────────────────────────────── one trial after 60 s … 10 min ┘
 *  anywhere ──driver.drain──▶ DRAINING ─▶ CLOSED
 * ```
 * The ladder never kills Appium first: that orphans driver and browser. A browser lost is told at once, the ladder runs
 * after; `driver.idle` says when the slot can be used again.
 */
export const driverMachine = words.createMachine({
  id: 'driver',
  meta: {
    telemetry: {
      type: 'driver.changed',
      take: { slot: 'slot', fencing: 'fencing', code: 'failure.code' }
    },
    subject: { session_id: 'sessionId' }
  },
  context: ({ input }) => ({
    slot: input.slot,
    sessionId: null,
    fencing: null,
    device: 'desktop',
    closing: false,
    failures: [],
    consecutive: 0,
    quarantines: 0,
    trial: false,
    appiumStays: false,
    failure: null,
    why: null
  }),
  on: {
    'driver.drain': '.DRAINING',
    'driver.close': late,
    'driver.boot': late
  },
  initial: 'COLD',
  states: {
    COLD: {
      on: {
        'driver.boot': 'PREFLIGHT',
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
        input: ({ context }) => ({ slot: context.slot, warm: context.fencing === null, device: context.device }),
        onDone: [
          { guard: 'mustClose', target: 'READY.closing' },
          { guard: 'isLeased', target: 'OPENING' },
          { target: 'READY.idle', actions: ['noteWorking', tellIdle(true)] }
        ],
        onError: failed
      },
      on: { 'driver.close': closeLater },
      after: { bootLimit: overdue }
    },
    OPENING: {
      invoke: {
        id: 'open',
        src: 'open',
        input: ({ context }) => ({ slot: context.slot, device: context.device }),
        onDone: [{ guard: 'mustClose', target: 'READY.closing' }, { target: 'CONFIGURING' }],
        onError: failed
      },
      // Given up, a POST /session leaves a browser nobody knows: it is waited for, then closed.
      on: { 'driver.close': closeLater },
      after: { openLimit: overdue }
    },
    CONFIGURING: {
      invoke: {
        id: 'configure',
        src: 'configure',
        input: ({ context }) => ({ slot: context.slot, fencing: context.fencing as number }),
        onDone: {
          target: 'READY.busy',
          actions: ['noteWorking', tell(({ fencing }) => ({ type: 'driver.ready', fencing }))]
        },
        onError: failed
      },
      on: { 'driver.close': [{ guard: 'isOurLease', target: 'READY.closing' }, late] },
      after: { configureLimit: overdue }
    },
    READY: {
      initial: 'idle',
      states: {
        idle: {
          entry: assign({ why: null }),
          invoke: {
            id: 'watch',
            src: 'watch',
            input: ({ context }) => ({ slot: context.slot, fencing: null }),
            onError: overdue
          },
          on: { 'driver.open': { target: '#driver.OPENING', actions: 'lease' } }
        },
        busy: {
          invoke: watchLeased,
          on: {
            'driver.close': [{ guard: 'isOurLease', target: 'closing' }, late],
            'driver.hold': 'held'
          }
        },
        held: {
          entry: assign({ why: 'a person drives it' }),
          exit: assign({ why: null }),
          invoke: watchLeased,
          on: {
            'driver.close': [{ guard: 'isOurLease', target: 'closing' }, late],
            'driver.unhold': 'busy'
          },
          after: { holdLimit: 'busy' }
        },
        closing: {
          invoke: {
            id: 'close',
            src: 'close',
            input: slotOnly,
            onDone: { target: 'idle', actions: [tellClosed, 'unlease', tellIdle(true)] },
            onError: overdue
          },
          after: { closeLimit: overdue }
        }
      }
    },
    RECOVERING: {
      meta: {
        telemetry: {
          type: 'driver.changed',
          severity: 'warn',
          take: { slot: 'slot', fencing: 'fencing', code: 'failure.code' }
        }
      },
      entry: [tellFailed('RECOVERING'), 'unlease'],
      initial: 'probe',
      states: {
        probe: rung('probe', 'deleteSession'),
        deleteSession: rung('deleteSession', 'killDriverGroup'),
        killDriverGroup: rung('killDriverGroup', 'killBrowser'),
        killBrowser: {
          invoke: {
            id: 'killBrowser',
            src: 'killBrowser',
            input: slotOnly,
            onDone: {
              target: 'deciding',
              actions: assign({ appiumStays: ({ event }) => event.output.appiumStays })
            },
            onError: 'killAppiumGroup'
          },
          after: { rungLimit: 'killAppiumGroup' }
        },
        deciding: { always: [{ guard: 'appiumStays', target: 'sweep' }, { target: 'killAppiumGroup' }] },
        killAppiumGroup: rung('killAppiumGroup', 'sweep'),
        sweep: {
          invoke: {
            id: 'sweep',
            src: 'sweep',
            input: slotOnly,
            onDone: [
              {
                guard: ({ event }) => event.output.left.length > 0,
                target: '#driver.NEEDS_HUMAN',
                actions: assign(({ event }) => {
                  const why = `these processes do not end, reboot or find out why: ${event.output.left.join(', ')}`;
                  return { failure: { code: 'DRIVER_UNKILLABLE', why }, why };
                })
              },
              { target: 'cooldown' }
            ],
            onError: 'cooldown'
          },
          after: { rungLimit: 'cooldown' }
        },
        cooldown: { after: { cooldown: 'recovered' } },
        recovered: {
          always: [
            { guard: 'failsTooOften', target: '#driver.QUARANTINED' },
            { guard: 'appiumStays', target: '#driver.READY.idle', actions: tellIdle(true) },
            { target: '#driver.COLD', actions: tellIdle(false) }
          ]
        }
      }
    },
    NEEDS_HUMAN: {
      meta: {
        telemetry: { type: 'human.required', severity: 'error', take: { slot: 'slot', code: 'failure.code' } }
      },
      entry: [tellFailed('NEEDS_HUMAN'), 'unlease'],
      initial: 'waiting',
      states: {
        waiting: { after: { humanLimit: 'checking' }, on: { 'driver.retry': 'checking' } },
        checking: {
          // Quietly: the telemetry of the state above would call for a person every minute.
          meta: { telemetry: { type: 'driver.changed', severity: 'debug', take: { slot: 'slot' } } },
          invoke: {
            id: 'preflight',
            src: 'preflight',
            input: slotOnly,
            onDone: { target: '#driver.COLD', actions: [assign({ why: null }), tellIdle(false)] },
            onError: { target: 'waiting', actions: 'noteForPerson' }
          },
          after: { preflightLimit: 'waiting' }
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
      entry: assign({ why: 'it was asked to end' }),
      on: { 'driver.drain': late },
      invoke: { id: 'shutDown', src: 'shutDown', input: slotOnly, onDone: 'CLOSED', onError: 'CLOSED' },
      after: { shutDownLimit: 'CLOSED' }
    },
    CLOSED: {
      type: 'final',
      entry: [tell(() => ({ type: 'driver.drained' })), 'unlease']
    }
  }
});

/** One rung of the ladder: done, failed or overdue, the next one follows. */
function rung<K extends 'probe' | 'deleteSession' | 'killDriverGroup' | 'killAppiumGroup', T extends string>(
  src: K,
  next: T
) {
  return {
    invoke: { id: src, src, input: slotOnly, onDone: next, onError: next },
    after: { rungLimit: next }
  } as const;
}
