/** What a driver slot knows and is told, what it asks of the world, and how long it waits before trying again. */
import type { DriverLimits } from './driver-limits.ts';
import type {
  DriverBoot,
  DriverClose,
  DriverDrain,
  DriverHold,
  DriverOpen,
  DriverRecycle,
  DriverRetry,
  DriverUnhold
} from './protocol.ts';

export interface DriverInput {
  slot: string;
  /** Those that differ from the contract's. */
  limits?: Partial<DriverLimits>;
  at: number;
}

/** What is probed, each for itself. Appium alone is never believed: it says ready while the driver behind it hangs. */
export type Probe = 'appium' | 'driver' | 'page' | 'display';

/**
 * How much of a slot there is to watch. start: display, Appium, their processes. spare: the driver executable too.
 * browser: the page and all processes too.
 */
export type Watched = 'nothing' | 'start' | 'spare' | 'browser';

export interface DriverContext {
  slot: string;
  limits: DriverLimits;
  sessionId: string | null;
  fencing: number | null;
  device: string;
  /** It is booted without a browser. */
  bare: boolean;
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
  watched: Watched;
  /** In a row, by probe. */
  misses: Partial<Record<Probe, number>>;
  /** What the health region has to say, while it is not healthy. */
  suspicion: string | null;
  /** Browsers given to sessions since it was booted. */
  sessions: number;
  /** ms since 1970, when it was booted; null while it is not. */
  upSince: number | null;
  /** Resident, of all its processes, when last measured. */
  bytes: number | null;
  /** Why it is to be recycled as soon as no session has it. */
  worn: string | null;
  /** It ends to be started anew, not for good. */
  recycling: boolean;
}

/** Said by the slot's states to its health: from now on so much is there to watch. */
type HealthWatch = { type: 'health.watch'; watched: Watched };
/** Nothing of the slot is left. */
type HealthEnd = { type: 'health.end' };
/** Said by its health to the slot's states: what is watched has ended, or is hung. */
type SlotBroken = { type: 'slot.broken'; code: string; why: string };

export type DriverEvent = (
  | DriverBoot
  | DriverOpen
  | DriverClose
  | DriverHold
  | DriverUnhold
  | DriverRecycle
  | DriverDrain
  | DriverRetry
  | HealthWatch
  | HealthEnd
  | SlotBroken
) & { at: number };

/** What a watch that goes on has to tell. `worn`: it works, and should be recycled. */
export type WatchNews =
  | { kind: 'missed'; probe: Probe; why: string }
  | { kind: 'answered'; probe: Probe }
  | { kind: 'measured'; bytes: number }
  | { kind: 'worn'; why: string };

/** What the machine asks of the world. Each is bounded in time and honours its signal. */
export interface DriverEffects {
  preflight: { input: { slot: string }; output: null };
  /** `warm`: open a browser and close it again, so that the next one opens quickly. */
  boot: { input: { slot: string; warm: boolean; device: string }; output: null };
  open: { input: { slot: string; device: string }; output: null };
  configure: { input: { slot: string; fencing: number }; output: null };
  /**
   * Settles when there is news; fails when the slot does: a process has ended, or the lease's holder says so.
   * `fencing` null: no browser is open. `misses` are probes to be made again at once.
   */
  watch: {
    input: {
      slot: string;
      fencing: number | null;
      watched: Watched;
      misses: DriverContext['misses'];
      bytes: number | null;
      worn: boolean;
    };
    output: WatchNews;
  };
  close: { input: { slot: string }; output: { bytes: number | null } };
  probe: { input: { slot: string }; output: { appium: string; display: string; driver: string; browser: string } };
  deleteSession: { input: { slot: string }; output: boolean };
  killDriverGroup: { input: { slot: string }; output: null };
  /** `spare`: a person has the window; only what drove it is ended. */
  killBrowser: { input: { slot: string; spare: boolean }; output: { appiumStays: boolean } };
  killAppiumGroup: { input: { slot: string }; output: null };
  /** `left`: command lines of what would not die. */
  sweep: { input: { slot: string }; output: { left: string[] } };
  shutDown: { input: { slot: string }; output: null };
}

/** 0 up to 1, the same for the same text: a pure machine has no dice. FNV-1a, then mixed, for its high bits move little. */
function jitter(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

const doubled = (firstMs: number, mostMs: number, times: number) =>
  Math.min(mostMs, firstMs * 2 ** Math.max(0, times - 1));

/** Before the next try, ms. The time of the failure spreads slots that failed together. */
export function cooldownMs({ slot, limits, consecutive, failures }: DriverContext): number {
  const ceiling = doubled(limits.backoffFirstMs, limits.backoffMostMs, consecutive);
  return Math.round(ceiling * jitter(`${slot}/${consecutive}/${failures.at(-1) ?? 0}`));
}

/** Until the next trial, ms. */
export const quarantineMs = ({ limits, quarantines }: DriverContext): number =>
  doubled(limits.quarantineFirstMs, limits.quarantineMostMs, quarantines);

/** Why the slot should not serve another session before it was started anew; null while it may. */
export function wornBecause({ limits, worn, sessions, upSince, bytes }: DriverContext, at: number): string | null {
  if (worn !== null) return worn;
  if (sessions >= limits.recycleSessions) return `${sessions} sessions since it was booted`;
  if (upSince !== null && at - upSince >= limits.recycleAgeMs) return `booted ${inWords(at - upSince)} ago`;
  return bytes !== null && bytes >= limits.recycleBytes ? tooMuch(bytes, limits) : null;
}

export const tooMuch = (bytes: number, { recycleBytes }: DriverLimits): string =>
  `${megabytes(bytes)} MB resident, and ${megabytes(recycleBytes)} are the limit`;

export const inWords = (ms: number): string =>
  ms >= 3_600_000
    ? `${Math.round(ms / 360_000) / 10} h`
    : ms >= 60_000
      ? `${Math.round(ms / 60_000)} min`
      : `${Math.round(ms / 1000)} s`;

const megabytes = (bytes: number) => Math.round(bytes / 1_000_000);
