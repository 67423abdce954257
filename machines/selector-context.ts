import type { Fingerprint, SelectorState, SelectorTried } from '../schemas/generated/contracts.ts';
import type { SelectorAwaited, SelectorDecide, SelectorFound } from './protocol.ts';

/** What an entry of the selector registry is made with, what it remembers, and what it can be told. */

export interface SelectorInput {
  platform: string;
  name: string;
  at: number;
}

/** The nearest element by fingerprint, when no candidate found any. */
export interface Healed {
  /** By which it can be found again. */
  selector: string;
  /** 0 to 1, and that of the next nearest; see `actors/executor/page/fingerprint.js`. */
  likeness: number;
  second: number;
  /** Name or id are as before. Sweeps alone accept nothing else. */
  sure: boolean;
  fingerprint: Fingerprint;
}

/** One look at one name, on one page. */
export interface Finding {
  name: string;
  state: Exclude<SelectorState, 'unknown'>;
  tried: SelectorTried[];
  /** The candidate that found it. */
  selector: string | null;
  /** Of the element it found; of a list there is none. */
  fingerprint: Fingerprint | null;
  /** With state healed. */
  healed: Healed | null;
  why: string | null;
}

export interface Quarantined extends Healed {
  /** ms since 1970 */
  since: number;
  /** In a row. */
  cleanSweeps: number;
}

export interface Promoted {
  selector: string;
  version: number;
  since: number;
  by: 'person' | 'sweeps';
  decidedBy: string | null;
  note: string | null;
}

export interface SelectorContext {
  platform: string;
  name: string;
  /** One more with each candidate accepted or taken back. */
  version: number;
  tried: SelectorTried[];
  /** The candidate that found it when it was last found. */
  selector: string | null;
  fingerprint: Fingerprint | null;
  healed: Quarantined | null;
  promoted: Promoted[];
  /** Selectors a person said no to: what they find is not healed again. */
  rejected: string[];
  counts: { ok: number; ambiguous: number; healed: number; missing: number };
  /** The state of the look at hand. */
  seen: Finding['state'] | null;
  /** The command whose look it was. */
  commandId: string | null;
  sweptAt: number | null;
  sweptBy: string | null;
  lastSeenAt: number | null;
  /** Commands that wait for the decision. */
  waiting: string[];
  why: string | null;
}

/** An entry nobody has looked at. */
export const unseen: Omit<SelectorContext, 'platform' | 'name'> = {
  version: 1,
  tried: [],
  selector: null,
  fingerprint: null,
  healed: null,
  promoted: [],
  rejected: [],
  counts: { ok: 0, ambiguous: 0, healed: 0, missing: 0 },
  seen: null,
  commandId: null,
  sweptAt: null,
  sweptBy: null,
  lastSeenAt: null,
  waiting: [],
  why: 'nobody has looked at it yet; sweep its platform'
};

export type SelectorEvent = (SelectorFound | SelectorAwaited | SelectorDecide) & { at: number };
