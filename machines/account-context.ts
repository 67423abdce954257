import type { AccountSettings, LimitedKind } from '../schemas/generated/contracts.ts';
import type { LimitName } from './account-limits.ts';
import type { AccountLimited, AccountSet, PlaceAsk, PlaceSettle, PlaceTake } from './protocol.ts';

export interface AccountInput {
  platform: string;
  accountId: string;
  at: number;
}

/** One that went out, is going out, or is promised to go out. */
export interface Place {
  commandId: string;
  /** Of its flow. */
  action: string;
  kind: LimitedKind;
  /** ms since 1970: when it went out, or is to. */
  at: number;
  /** Handed to a command that attempts it now, or has. The others only keep their turn. */
  taken: boolean;
  /** What keeps a turn from being at once. */
  limit: LimitName | null;
}

export interface AccountContext {
  platform: string;
  accountId: string;
  settings: AccountSettings;
  setBy: string | null;
  /** Of kinds that have limits, of the last day. */
  places: Place[];
  /** The site asked for slowness. `times`: in a row. ms */
  coolDown: { until: number; lastsMs: number; times: number; why: string } | null;
  why: string;
}

export type AccountEvent = (AccountSet | PlaceAsk | PlaceTake | PlaceSettle | AccountLimited) & { at: number };
