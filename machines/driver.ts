import { assign, fromPromise, setup } from 'xstate';
import type { Failure } from '../schemas/errors.ts';
import {
  type DriverBoot,
  type DriverClose,
  type DriverDrain,
  type DriverHold,
  type DriverOpen,
  type DriverRetry,
  type DriverUnhold,
  hostActions,
  SUPERVISOR
} from './protocol.ts';

export interface DriverInput {
  slot: string;
  at: number;
}

export interface DriverContext {
  slot: string;
  sessionId: string | null;
  fencing: number | null;
  device: string;
  /** driver.close came before the browser was open: close it as soon as it is. */
  closing: boolean;
  /** When failures happened, ms since 1970; only those restart intensity still looks at. */
  failures: number[];
  /** Since a browser was last ready; each doubles the wait before the next try. */
  consecutive: number;
  /** In a row; each doubles the time until the next trial. */
  quarantines: number;
  /** Out of quarantine on trial: one failure and it is back. */
  trial: boolean;
  /** The last recovery left Appium running. */
  appiumStays: boolean;
  failure: { code: string; why: string } | null;
  why: string | null;
}

export type DriverEvent = (
  | DriverBoot
  | DriverOpen
  | DriverClose
  | DriverHold
  | DriverUnhold
  | DriverDrain
  | DriverRetry
) & { at: number };

/** What the machine asks of the world. Each is bounded in time and honours its signal. */
export interface DriverEffects {
  preflight: { input: { slot: string }; output: null };
  /** `warm`: open a browser and close it again, so that the next one opens quickly. */
  boot: { input: { slot: string; warm: boolean; device: string }; output: null };
  open: { input: { slot: string; device: string }; output: null };
  configure: { input: { slot: string; fencing: number }; output: null };
  /** Never succeeds: it fails when the slot does. `fencing` null: no browser is open. */
  watch: { input: { slot: string; fencing: number | null }; output: never };
  close: { input: { slot: string }; output: null };
  probe: { input: { slot: string }; output: { appium: string; display: string; driver: string; browser: string } };
  deleteSession: { input: { slot: string }; output: boolean };
  killDriverGroup: { input: { slot: string }; output: null };
  killBrowser: { input: { slot: string }; output: { appiumStays: boolean } };
  killAppiumGroup: { input: { slot: string }; output: null };
  /** `left`: command lines of what would not die. */
  sweep: { input: { slot: string }; output: { left: string[] } };
  shutDown: { input: { slot: string }; output: null };
}

/** Restart intensity: so many failures within the window quarantine the slot. */
export const FAILURE_LIMIT = 5;
export const FAILURE_WINDOW_MS = 60_000;
/** Waiting before the next try: full jitter under a ceiling that doubles. */
const COOLDOWN_FIRST_MS = 500;
const COOLDOWN_MOST_MS = 30_000;
const QUARANTINE_FIRST_MS = 60_000;
const QUARANTINE_MOST_MS = 600_000;
/** What no try of ours can mend. */
const FOR_A_PERSON = ['PREREQUISITE_MISSING', 'REMOTE_AUTOMATION_OFF', 'DRIVER_UNKILLABLE'];

const notProvided = async (): Promise<never> => {
  throw new Error('the drivers of actors/driver provide this');
};
const asked = <K extends keyof DriverEffects>(_: K) =>
  fromPromise<DriverEffects[K]['output'], DriverEffects[K]['input']>(notProvided);

/** 0 up to 1, the same for the same text: a pure machine has no dice. FNV-1a, then mixed, for its high bits move little. */
function jitter(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Before the next try, ms. The time of the failure spreads slots that failed together. */
export function cooldownMs({ slot, consecutive, failures }: DriverContext): number {
  const ceiling = Math.min(COOLDOWN_MOST_MS, COOLDOWN_FIRST_MS * 2 ** Math.max(0, consecutive - 1));
  return Math.round(ceiling * jitter(`${slot}/${consecutive}/${failures.at(-1) ?? 0}`));
}

/** Until the next trial, ms. */
export const quarantineMs = ({ quarantines }: DriverContext): number =>
  Math.min(QUARANTINE_MOST_MS, QUARANTINE_FIRST_MS * 2 ** Math.max(0, quarantines - 1));

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
          invoke: {
            id: 'watch',
            src: 'watch',
            input: ({ context }) => ({ slot: context.slot, fencing: context.fencing }),
            onError: overdue
          },
          on: {
            'driver.close': [{ guard: 'isOurLease', target: 'closing' }, late],
            'driver.hold': 'held'
          }
        },
        held: {
          entry: assign({ why: 'a person drives it' }),
          exit: assign({ why: null }),
          invoke: {
            id: 'watch',
            src: 'watch',
            input: ({ context }) => ({ slot: context.slot, fencing: context.fencing }),
            onError: overdue
          },
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
