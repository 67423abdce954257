/** What a driver slot knows and is told, what it asks of the world, and how long it waits before trying again. */
import type {
  DriverBoot,
  DriverClose,
  DriverDrain,
  DriverHold,
  DriverOpen,
  DriverRetry,
  DriverUnhold
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
