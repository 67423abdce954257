/**
 * What our actors tell each other, and the host actions a machine declares it with. Data only.
 *
 * ```
 * command ──command.submitted──▶ session ──slot.request──▶ supervisor ──driver.open──▶ driver
 * command ◀──session.granted──── session ◀──slot.granted── supervisor ◀──driver.ready── driver
 * ```
 */
import type { Failure } from '../schemas/errors.ts';
import type { AccountSettings, ApprovalPreview, LimitedKind, Reach } from '../schemas/generated/contracts.ts';
import type { Finding } from './selector-context.ts';

/** Proof that the sender may drive: an old `fencing` is refused by whoever holds the browser. */
export interface Lease {
  slot: string;
  /** Strictly increasing over all leases ever given from one data directory. */
  fencing: number;
}

// command → session/<id>
export type CommandSubmitted = { type: 'command.submitted'; commandId: string; priority: number };
/** The command has ended, or gave up waiting: whatever it held or asked for is free. */
export type CommandReleased = { type: 'command.released'; commandId: string };
/** It met what only a person gets past; it goes on when it is granted the browser again. */
export type CommandBlocked = { type: 'command.blocked'; commandId: string; failure: Failure };
// session → command/<id>
export type SessionQueued = { type: 'session.queued'; sessionId: string; position: number; why: string };
export type SessionGranted = { type: 'session.granted'; sessionId: string; lease: Lease };
export type SessionRefused = { type: 'session.refused'; sessionId: string; code: string; message: string };
/** The session a `session.close` command asked to close is closed. */
export type SessionClosed = { type: 'session.closed'; sessionId: string };
/** The browser died under the command; another `session.granted` follows, or `session.refused`. */
export type SessionLost = { type: 'session.lost'; sessionId: string; why: string };

// session → supervisor/main
export type SlotRequest = {
  type: 'slot.request';
  sessionId: string;
  accountId: string | null;
  platform: string;
  browser: string;
  device: string;
  priority: number;
};
export type SlotRelease = { type: 'slot.release'; sessionId: string; fencing: number; reason: string };
/** Given up before a slot was granted. */
export type SlotWithdraw = { type: 'slot.withdraw'; sessionId: string };
/** A person drives: the browser is kept for them, for a while at most. */
export type SlotHold = { type: 'slot.hold'; sessionId: string; fencing: number };
/** They have given it back. */
export type SlotUnhold = { type: 'slot.unhold'; sessionId: string; fencing: number };
// supervisor → session/<id>
export type SlotQueued = { type: 'slot.queued'; position: number };
/** A slot is set aside and its browser is being opened. */
export type SlotGranted = { type: 'slot.granted'; lease: Lease };
export type SlotRefused = { type: 'slot.refused'; code: string; message: string };
/** The browser answers: commands may run. */
export type SlotReady = { type: 'slot.ready'; lease: Lease };
export type SlotLost = { type: 'slot.lost'; lease: Lease; code: string; why: string };
export type SlotReleased = { type: 'slot.released'; lease: Lease };
/** Others wait for a browser, or it should be started anew: a session with nothing to do should give its one up. */
export type SlotWanted = { type: 'slot.wanted' };
/** A person had it too long: the session should keep what it can and give the browser back, soon. */
export type SlotParked = { type: 'slot.parked'; lease: Lease; why: string };

// supervisor → driver/<slot>
/**
 * Start everything, and a browser that is closed again, so that the next session opens quickly. `bare`: without the
 * browser, for the only one there can be is in use.
 */
export type DriverBoot = { type: 'driver.boot'; bare?: boolean };
export type DriverOpen = { type: 'driver.open'; sessionId: string; fencing: number; device: string };
export type DriverClose = { type: 'driver.close'; fencing: number; reason: string };
/** A person takes the browser; its time does not run out while they have it. */
export type DriverHold = { type: 'driver.hold'; fencing: number };
export type DriverUnhold = { type: 'driver.unhold'; fencing: number };
/** End everything and be cold again; only of a slot that no session has. */
export type DriverRecycle = { type: 'driver.recycle'; why: string };
/** End everything, a session that runs included. */
export type DriverDrain = { type: 'driver.drain' };
// driver → supervisor/main
export type DriverReady = { type: 'driver.ready'; slot: string; fencing: number };
/** Free for a session. `warm`: it is booted. `worn`: it should be recycled first. `trial`: out of quarantine, on trial. */
export type DriverIdle = { type: 'driver.idle'; slot: string; warm: boolean; worn?: string | null; trial?: boolean };
/** It works, and should be recycled as soon as no session has it. */
export type DriverWorn = { type: 'driver.worn'; slot: string; why: string };
/** A person has held it too long: unless it is given back soon it is closed, and `driver.closed` follows. */
export type DriverParked = { type: 'driver.parked'; slot: string; fencing: number; why: string };
/** `fencing`: the lease that is lost by it. `state`: what the slot does now; `driver.idle` follows when it is over. */
export type DriverFailed = {
  type: 'driver.failed';
  slot: string;
  fencing: number | null;
  code: string;
  why: string;
  state: 'RECOVERING' | 'NEEDS_HUMAN' | 'QUARANTINED';
};
/** The browser was ended as asked; `driver.idle` follows. */
export type DriverClosed = { type: 'driver.closed'; slot: string; fencing: number };
/** Nothing of the slot is left. */
export type DriverDrained = { type: 'driver.drained'; slot: string };

// an operator → driver/<slot>
/** Somebody has mended what the slot waits for. */
export type DriverRetry = { type: 'driver.retry' };
// an operator → supervisor/main
/**
 * No new sessions; what runs may finish, within `within_ms`. `leaving`: the process ends, and whoever waits goes on
 * when it is started again; otherwise they are refused.
 */
export type SupervisorDrain = { type: 'supervisor.drain'; within_ms?: number; leaving?: boolean };

// anyone who may → command, session, approval
export type CommandCancel = { type: 'command.cancel'; reason?: string };
/** `commandId`: the command to tell once it is closed. */
export type SessionClose = { type: 'session.close'; reason?: string; commandId?: string };
export type SessionPause = { type: 'session.pause' };
export type SessionResume = { type: 'session.resume' };
/** `by`: who drives from now on. */
export type SessionTakeover = { type: 'session.takeover'; by?: string };
/** What the person who drives does now: never what was typed, only how much. */
export type SessionInput_ = {
  type: 'session.input';
  input: { type: string; x?: number; y?: number; length?: number; key?: string; origin?: string };
  by: string;
};
/** It was done, or could not be. */
export type SessionInputDone = { type: 'session.input_done'; code: string | null };
export type SessionHandback = { type: 'session.handback' };
export type ApprovalDecide = {
  type: 'approval.decide';
  decision: 'allow' | 'deny';
  by: string;
  note?: string;
  edited?: EditedAction;
};
/** Allowed with other params than were asked for: what goes out then, and its own hash. */
export interface EditedAction {
  /** All of them. */
  params: Record<string, unknown>;
  /** Those that changed. */
  changed: Record<string, unknown>;
  actionHash: string;
  preview: ApprovalPreview;
  /** Of each action of the flow, in order. */
  reaches: Reach[];
}
export type ApprovalWithdraw = { type: 'approval.withdraw'; reason?: string };
// approval → command/<id>
export type ApprovalResolved = {
  type: 'approval.resolved';
  approvalId: string;
  /** Of what was allowed, which is another than was asked for when it was edited. */
  actionHash: string;
  state: 'ALLOWED' | 'DENIED' | 'EXPIRED';
  note: string | null;
  edited?: Pick<EditedAction, 'params' | 'reaches'>;
};

// command → account/<platform>:<account>
/** Before it stands in line for a browser: a turn among what the account sends. `kind` null: it reaches nobody. */
export type PlaceAsk = { type: 'place.ask'; commandId: string; action: string; kind: LimitedKind | null; n: number };
/** Right before the attempt: it counts from now, unless there is no place. */
export type PlaceTake = { type: 'place.take'; commandId: string; action: string; kind: LimitedKind; n: number };
/** Of this command only the actions in `kept` count: the others were not sent, or never will be. */
export type PlaceSettle = { type: 'place.settle'; commandId: string; kept: string[] };
/** It met the site's own limit. */
export type AccountLimited = { type: 'account.limited'; commandId: string; why: string; n: number };
// the API → account/<platform>:<account>
export type AccountSet = { type: 'account.set'; settings: Partial<AccountSettings>; by: string };
// account → command/<id>; `n` as it was asked with: an answer to an older question is none
export interface Demands {
  testAccount: boolean;
  approval: AccountSettings['approval'];
}
export type PlaceOpen = { type: 'place.open'; n: number } & Demands;
export type PlaceGiven = { type: 'place.given'; n: number } & Demands;
export type PlaceWait = {
  type: 'place.wait';
  n: number;
  /** RFC 3339 */
  retryAt: string;
  waitMs: number;
  /** Which limit it is: a field of the account's limits, or the site. */
  limit: string;
  why: string;
};
/** The account was set anew, or its cool-down was: ask again. */
export type PlaceAgain = { type: 'place.again' };

// command → selector/<platform>:<name>
/** What looking for it found: in a sweep, or on the way of a command. */
export type SelectorFound = { type: 'selector.found'; finding: Finding; sweep: boolean; commandId: string };
/** The command waits until what is healed there is decided about. */
export type SelectorAwaited = { type: 'selector.awaited'; commandId: string; selector: string | null };
// an operator → selector/<platform>:<name>
export type SelectorDecide = {
  type: 'selector.decide';
  decision: 'accept' | 'reject';
  by: string;
  selector?: string;
  note?: string;
};
// selector → command/<id>
export type SelectorSettled = { type: 'selector.settled'; name: string; outcome: 'accepted' | 'rejected' };

/** The host's word to every durable actor that accepts it, once, before its effects are resumed after a restart. */
export type HostResumed = { type: 'host.resumed' };
/** The host's word to a sender that accepts it: what you told was not taken, because `to` does not exist, has ended, or refused. */
export type TellRefused = { type: 'tell.refused'; to: string; told: string; why: string };

/** Address of a name in the selector registry. Names have no colon, so two never share one. */
export const selectorAddress = (platform: string, name: string): string => `selector/${platform}:${name}`;

/** Address of an account. An account's name begins with no colon, so that no two share one. */
export const accountAddress = (platform: string, accountId: string): string =>
  `account/${platform.replaceAll(':', '::')}:${accountId}`;

export const SUPERVISOR = 'supervisor/main';

/** The event to an address, in the outbox in the same transaction as the transition. */
export interface Tell {
  to: string;
  event: { type: string; [key: string]: unknown };
}
/** A new actor. With `ifAbsent` an existing one is left as it is; without, it is an error in the log. */
export interface Create {
  address: string;
  input: Record<string, unknown>;
  ifAbsent?: boolean;
}
/** A row beside the actors' own, in the same transaction; see `Tables` of the host's contract. */
export interface Record_ {
  into: string;
  row: Record<string, unknown>;
}

/**
 * Spread into `setup({ actions })`. They have no code: the kernel reads them from the step as data, which is what
 * makes a machine pure.
 */
export const hostActions = {
  tell: (_: unknown, _params: Tell | Tell[]) => {},
  create: (_: unknown, _params: Create | Create[]) => {},
  record: (_: unknown, _params: Record_ | Record_[]) => {}
};

/**
 * What entering a state puts on the stream. On a state's `meta.telemetry`; a machine's root `meta.telemetry` is the
 * default of all its states. `take` maps a payload field to a path in context.
 */
export interface TelemetryMeta {
  type: string;
  severity?: 'debug' | 'info' | 'warn' | 'error';
  take?: Record<string, string>;
}

/** `meta` of a state that only decides where to go: its row is there for whoever reads all of the log. */
export const routing = (type: string) => ({ telemetry: { type, severity: 'debug' as const } });
