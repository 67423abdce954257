import type {
  CommandReleased,
  CommandSubmitted,
  HostResumed,
  Lease,
  SessionClose,
  SessionHandback,
  SessionPause,
  SessionResume,
  SessionTakeover,
  SlotGranted,
  SlotLost,
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
  at: number;
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
  closeReason: 'asked' | 'idle' | 'overrun' | 'driver' | 'lost' | 'restart' | null;
  /** Browsers lost since the last one that was ready. */
  losses: number;
  why: string | null;
  createdAt: number;
  readyAt: number | null;
  closedAt: number | null;
}

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
  | SlotReleased
  | SlotWanted
  | HostResumed
) & { at: number };
