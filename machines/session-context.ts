import type { Failure } from '../schemas/errors.ts';
import type { ArtifactRef } from './command-context.ts';
import type {
  CommandBlocked,
  CommandReleased,
  CommandSubmitted,
  HostResumed,
  Lease,
  SessionClose,
  SessionHandback,
  SessionInput_,
  SessionInputDone,
  SessionPause,
  SessionResume,
  SessionTakeover,
  SlotGranted,
  SlotLost,
  SlotParked,
  SlotQueued,
  SlotReady,
  SlotRefused,
  SlotReleased,
  SlotWanted
} from './protocol.ts';

/** What a session is made with, what it remembers, and what it can be told. */

export interface SessionInput {
  sessionId: string;
  accountId: string | null;
  platform: string;
  browser: string;
  device: string;
  /** READY this long without a command: its browser is given back. ms */
  idleLimitMs: number;
  /** PARKED this long without a command: closed, reason idle. ms */
  parkLimitMs: number;
  /** The login of its account is put into each new browser and kept from it. Default: no. */
  keepsProfile?: boolean;
  at: number;
}

/** What became of the account's stored login. */
export interface ProfileOutcome {
  /**
   * none: nothing is stored. proved, expired: what the account's logged-in predicate says. unproved: nothing says so.
   * unreadable: it is stored and does not open.
   */
  state: 'none' | 'proved' | 'unproved' | 'expired' | 'unreadable';
  why: string;
  /** Why a person has to log in. */
  failure: Failure | null;
  /** The page that showed nobody logged in. */
  artifacts: ArtifactRef[];
}

/** What the hands of a session are handed: whose login, and the browser it is about. */
export interface ProfileInput {
  lease: Lease;
  accountId: string;
  platform: string;
}

/** Something only a person gets past. */
export interface PersonNeed {
  /** login: seen by the session itself. command: met by the command that has it. */
  by: 'login' | 'command';
  failure: Failure;
}

export interface SessionContext extends Omit<SessionInput, 'at'> {
  lease: Lease | null;
  /** The command that drives now. */
  current: string | null;
  /** Waiting commands, in the order they came; the next is the most urgent, then the oldest. */
  queue: { commandId: string; priority: number }[];
  /** Commands to tell once the session is closed. */
  closers: string[];
  /** Close as soon as nothing runs. */
  closing: boolean;
  /** Others wait for a browser. */
  wanted: boolean;
  /** A person wants it as soon as nothing runs. */
  held: 'pause' | 'takeover' | null;
  /** Who took it over. */
  heldBy: string | null;
  /** What that person does now. */
  input: SessionInput_['input'] | null;
  /** What they have done since they took it; absent in sessions of former versions. */
  inputs?: number;
  needs: PersonNeed | null;
  profile: Pick<ProfileOutcome, 'state' | 'why'> | null;
  closeReason: 'asked' | 'idle' | 'overrun' | 'driver' | 'lost' | 'restart' | null;
  /** Browsers lost since the last one that was ready. */
  losses: number;
  why: string | null;
  createdAt: number;
  readyAt: number | null;
  closedAt: number | null;
}

type Ended<Id extends string, T> =
  | { type: `xstate.done.actor.${Id}`; output: T }
  | { type: `xstate.error.actor.${Id}`; error: Failure };

export type SessionEvent = (
  | CommandSubmitted
  | CommandReleased
  | SessionClose
  | SessionPause
  | SessionResume
  | SessionTakeover
  | SessionHandback
  | SlotQueued
  | SlotGranted
  | SlotRefused
  | SlotReady
  | SlotLost
  | SlotParked
  | SlotReleased
  | SlotWanted
  | HostResumed
  | CommandBlocked
  | SessionInput_
  | SessionInputDone
  | Ended<'restore', ProfileOutcome>
  | Ended<'check', ProfileOutcome>
  | Ended<'save', null>
) & { at: number };
