/** The vocabulary of the driver machine: its actions, guards and delays by name, and what it tells. */
import { assign, fromPromise, raise, setup } from 'xstate';
import type { Failure } from '../schemas/errors.ts';
import {
  cooldownMs,
  type DriverContext,
  type DriverEffects,
  type DriverEvent,
  type DriverInput,
  inWords,
  type Probe,
  quarantineMs,
  tooMuch,
  type Watched,
  type WatchNews,
  wornBecause
} from './driver-context.ts';
import { stateLimits } from './driver-limits.ts';
import { hostActions, SUPERVISOR } from './protocol.ts';

/** What no try of ours can mend. */
const FOR_A_PERSON = ['PREREQUISITE_MISSING', 'REMOTE_AUTOMATION_OFF', 'DRIVER_UNKILLABLE'];

const notProvided = async (): Promise<never> => {
  throw new Error('the drivers of actors/driver provide this');
};
const asked = <K extends keyof DriverEffects>(_: K) =>
  fromPromise<DriverEffects[K]['output'], DriverEffects[K]['input']>(notProvided);

const failureIn = (event: unknown): { code: string; why: string } => {
  const { error, code, why } = event as { error?: Failure; code?: string; why?: string };
  if (error) return { code: error.code, why: error.message };
  if (code !== undefined && why !== undefined) return { code, why };
  return { code: 'DRIVER_LOST', why: 'it took longer than its limit' };
};

/** What a watch that goes on has told. */
const newsIn = (event: unknown): WatchNews => (event as { output: WatchNews }).output;
const leftIn = (event: unknown): string[] => (event as { output: { left: string[] } }).output.left;
const missesAfter = ({ misses }: DriverContext, probe: Probe): number => (misses[probe] ?? 0) + 1;
/** What its health says, unless its states say something already: that a person drives it, for one. */
const saying = ({ why, suspicion: before }: DriverContext, suspicion: string | null) => ({
  suspicion,
  why: why === null || why === before ? suspicion : why
});

export const words = setup({
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
        ? {
            sessionId: event.sessionId,
            fencing: event.fencing,
            device: event.device,
            bare: false,
            closing: false,
            why: null
          }
        : {}
    ),
    unlease: assign({ sessionId: null, fencing: null, closing: false }),
    noteBoot: assign(({ event }) => ({ bare: event.type === 'driver.boot' && event.bare === true })),
    noteClose: assign({ closing: true }),
    noteUp: assign({ upSince: ({ event }) => event.at, sessions: 0, bytes: null, worn: null }),
    noteSession: assign({ sessions: ({ context }) => context.sessions + 1 }),
    noteDown: assign({ upSince: null, sessions: 0, bytes: null, worn: null, recycling: false }),
    noteFailure: assign(({ context, event }) => {
      const failure = failureIn(event);
      const recent = context.failures.filter((at) => event.at - at < context.limits.failureWindowMs);
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
    noteWorking: assign({ consecutive: 0, quarantines: 0, trial: false, failure: null, why: null }),
    /** None of the states' own: its health may have one. */
    noWhy: assign({ why: ({ context }) => context.suspicion }),
    noteHeld: assign({ why: 'a person drives it' }),
    noteParked: assign(({ context }) => ({
      why: `parked: a person had it for ${inWords(context.limits.holdMs)}`
    })),
    noteRecycle: assign(({ event }) =>
      event.type === 'driver.recycle' ? { recycling: true, why: `recycled: ${event.why}` } : {}
    ),
    noteDrain: assign({ recycling: false, why: 'it was asked to end' }),
    noteMiss: assign(({ context, event }) => {
      const news = newsIn(event);
      if (news.kind !== 'missed') return {};
      const times = missesAfter(context, news.probe);
      return {
        misses: { ...context.misses, [news.probe]: times },
        ...saying(context, `${news.why}, ${times} of ${context.limits.misses} times`)
      };
    }),
    noteAnswer: assign(({ context, event }) => {
      const news = newsIn(event);
      if (news.kind !== 'answered') return {};
      const { [news.probe]: _, ...misses } = context.misses;
      return Object.keys(misses).length > 0 ? { misses } : { misses, ...saying(context, null) };
    }),
    noteNews: assign(({ context, event }) => {
      const news = newsIn(event);
      if (news.kind === 'worn') return { worn: context.worn ?? news.why };
      if (news.kind !== 'measured') return {};
      const { bytes } = news;
      return {
        bytes,
        worn: context.worn ?? (bytes >= context.limits.recycleBytes ? tooMuch(bytes, context.limits) : null)
      };
    }),
    noteAppium: assign({
      appiumStays: ({ event }) => (event as unknown as { output: { appiumStays: boolean } }).output.appiumStays
    }),
    noteLeft: assign(({ event }) => {
      const why = `these processes do not end, reboot or find out why: ${leftIn(event).join(', ')}`;
      return { failure: { code: 'DRIVER_UNKILLABLE', why }, why };
    }),
    noteClosed: assign(({ context, event }) => {
      const { output } = event as unknown as { output: DriverEffects['close']['output'] };
      const bytes = output.bytes ?? context.bytes;
      return { bytes, worn: wornBecause({ ...context, bytes }, event.at) };
    }),
    noteAge: assign(({ context, event }) => ({ worn: wornBecause(context, event.at) })),
    /** There is something else to watch now, and nothing known against it. */
    noteWatched: assign(({ context, event }) =>
      event.type === 'health.watch' ? { watched: event.watched, misses: {}, ...saying(context, null) } : {}
    ),
    noteUnwatched: assign({ watched: 'nothing' }),
    sayBroken: raise(({ event }) => ({ type: 'slot.broken' as const, ...failureIn(event), at: event.at })),
    sayHung: raise(({ context, event }) => ({
      type: 'slot.broken' as const,
      code: 'DRIVER_LOST',
      why: `it hangs: ${context.suspicion}`,
      at: event.at
    })),
    watch: raise((_, { watched }: { watched: Watched }) => ({ type: 'health.watch' as const, watched, at: 0 })),
    endHealth: raise({ type: 'health.end' as const, at: 0 })
  },
  guards: {
    isLeased: ({ context }) => context.fencing !== null,
    isOurLease: ({ context, event }) => 'fencing' in event && event.fencing === context.fencing,
    isBare: ({ context }) => context.bare,
    mustClose: ({ context }) => context.closing,
    isForPerson: ({ event }) => FOR_A_PERSON.includes(failureIn(event).code),
    failsTooOften: ({ context }) => context.trial || context.failures.length >= context.limits.failures,
    appiumStays: ({ context }) => context.appiumStays,
    isMiss: ({ event }) => newsIn(event).kind === 'missed',
    isLastMiss: ({ context, event }) => {
      const news = newsIn(event);
      return news.kind === 'missed' && missesAfter(context, news.probe) >= context.limits.misses;
    },
    isAnswer: ({ event }) => newsIn(event).kind === 'answered',
    /** And nothing else is amiss. */
    isLastAnswer: ({ context, event }) => {
      const news = newsIn(event);
      return news.kind === 'answered' && Object.keys(context.misses).every((probe) => probe === news.probe);
    },
    wearsOut: ({ context, event }) => {
      const news = newsIn(event);
      if (context.worn !== null) return false;
      return news.kind === 'worn' || (news.kind === 'measured' && news.bytes >= context.limits.recycleBytes);
    },
    isNothing: ({ event }) => event.type === 'health.watch' && event.watched === 'nothing',
    areLeft: ({ event }) => leftIn(event).length > 0,
    wasRefused: ({ context }) => context.failure?.code === 'REMOTE_AUTOMATION_OFF',
    isRecycled: ({ context }) => context.recycling
  },
  delays: {
    cooldown: ({ context }) => cooldownMs(context),
    quarantine: ({ context }) => quarantineMs(context),
    preflightLimit: () => stateLimits.preflight(),
    bootLimit: ({ context }) => stateLimits.boot(context.limits),
    openLimit: ({ context }) => stateLimits.open(context.limits),
    configureLimit: ({ context }) => stateLimits.configure(context.limits),
    closeLimit: ({ context }) => stateLimits.close(context.limits),
    rungLimit: ({ context }) => stateLimits.rung(context.limits),
    shutDownLimit: ({ context }) => stateLimits.shutDown(context.limits),
    humanLimit: 60_000,
    holdLimit: ({ context }) => context.limits.holdMs,
    /** For the session to keep what it can of the browser. */
    parkLimit: 30_000,
    ageLimit: ({ context, event }) =>
      Math.max(0, (context.upSince ?? event.at) + context.limits.recycleAgeMs - event.at)
  }
});

type With = { context: DriverContext };
export const slotOnly = ({ context }: With) => ({ slot: context.slot });

export const tell = (event: (context: DriverContext) => { type: string; [key: string]: unknown }) => ({
  type: 'tell' as const,
  params: ({ context }: With) => ({ to: SUPERVISOR, event: { ...event(context), slot: context.slot } })
});
export const tellFailed = (state: 'RECOVERING' | 'NEEDS_HUMAN' | 'QUARANTINED') =>
  tell(({ fencing, failure }) => ({
    type: 'driver.failed',
    fencing,
    state,
    ...(failure ?? { code: 'INTERNAL', why: '' })
  }));
export const tellIdle = (warm: boolean) =>
  tell(({ worn, trial }) => ({
    type: 'driver.idle',
    warm,
    ...(warm && worn !== null ? { worn } : {}),
    ...(trial ? { trial } : {})
  }));
export const tellClosed = tell(({ fencing }) => ({ type: 'driver.closed', fencing }));
export const tellWorn = tell(({ worn }) => ({ type: 'driver.worn', why: worn ?? '' }));

export const watching = (watched: Watched) => ({ type: 'watch' as const, params: { watched } });

/** Whatever fails while starting: a person's matter, or the ladder's. */
export const failed = [
  { guard: 'isForPerson' as const, target: '#slot.NEEDS_HUMAN', actions: 'noteForPerson' as const },
  { target: '#slot.RECOVERING', actions: 'noteFailure' as const }
];
export const overdue = { target: '#slot.RECOVERING', actions: 'noteFailure' as const };
/** Word of a lease that is over. */
export const late = {};
