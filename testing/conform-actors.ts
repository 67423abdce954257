/** The actors of a log that is judged: what is kept of each for its later rows, and how many are remembered. */
import type { LogRow } from './conform.ts';

export interface Followed {
  kind: string;
  rows: LogRow[];
  step: number;
  ended: boolean;
  /** Its birth is not among the rows that were judged: what it did before nobody knows. */
  isMet: boolean;
}

/** How many actors are remembered. */
export interface ActorMemory {
  living: number;
  ended: number;
}

export class FollowedActors {
  /** Those that moved last are last. */
  readonly #actors = new Map<string, Followed>();
  /** Of these the ones that have ended, in that order. */
  readonly #ended = new Set<string>();
  readonly #memory: ActorMemory | undefined;
  readonly #onForgotten: (address: string) => void;
  #met = 0;
  #forgotten = 0;

  /** @param memory undefined: all are remembered */
  constructor(memory: ActorMemory | undefined, onForgotten: (address: string) => void) {
    this.#memory = memory;
    this.#onForgotten = onForgotten;
  }

  get(address: string): Followed | undefined {
    return this.#actors.get(address);
  }

  /** The one that the row is of, from now on. */
  meet(address: string, row: LogRow): Followed {
    let actor = this.#actors.get(address);
    if (actor) return actor;
    actor = { kind: row.actorKind, rows: [], step: -1, ended: false, isMet: row.payload.from !== null };
    this.#actors.set(address, actor);
    this.#met += 1;
    return actor;
  }

  /** It has moved; for it those are forgotten that are beyond the memory: of what lives, what has not moved for longest. */
  moved(address: string, actor: Followed): void {
    if (!this.#memory) return;
    this.#actors.delete(address);
    this.#actors.set(address, actor);
    if (actor.ended) this.#ended.add(address);
    const [oldest] = this.#ended.size > this.#memory.ended ? this.#ended : [];
    if (oldest !== undefined) this.#forget(oldest);
    if (this.#actors.size - this.#ended.size <= this.#memory.living) return;
    const still = this.#firstLiving();
    if (still === undefined) return;
    this.#forget(still);
    this.#forgotten += 1;
  }

  #firstLiving(): string | undefined {
    for (const [address, { ended }] of this.#actors) if (!ended) return address;
    return undefined;
  }

  #forget(address: string): void {
    this.#actors.delete(address);
    this.#ended.delete(address);
    this.#onForgotten(address);
  }

  clear(): void {
    this.#actors.clear();
    this.#ended.clear();
  }

  /** All that were met; one that was forgotten in between counts again. */
  get met(): number {
    return this.#met;
  }

  /** Those that lived when they were forgotten. */
  get forgotten(): number {
    return this.#forgotten;
  }

  get all(): [address: string, actor: Followed][] {
    return [...this.#actors];
  }
}

/** Of a row what the invariants look at. */
export function slimmed(row: LogRow): LogRow {
  const { cursor, emittedAt, type, actorKind, actorId, step, subject, payload, line = null } = row;
  const kept = Object.fromEntries(LOOKED_AT.flatMap((field) => (field in payload ? [[field, payload[field]]] : [])));
  return {
    cursor,
    eventId: '',
    emittedAt,
    severity: 'info',
    type,
    actorKind,
    actorId,
    step,
    subject,
    payload: kept as LogRow['payload'],
    line
  };
}

const LOOKED_AT = [
  ...['from', 'to', 'event', 'action', 'attempts', 'effect', 'already_done'],
  ...['reaches', 'index', 'approval_id', 'action_hash', 'edited', 'settings']
];

/** Of an actor what later rows are judged by: its last row, where it began, and a command's asking, attempts and proofs. */
export function kept({ kind, rows, ended }: Followed): LogRow[] {
  const last = rows.at(-1);
  if (kind !== 'command' || ended) return rows.slice(-1);
  return rows.filter(
    (row) =>
      row === last ||
      row.payload.from === null ||
      row.type.startsWith('action.') ||
      row.payload.event === 'approval.resolved' ||
      row.payload.to.startsWith('AWAITING_APPROVAL')
  );
}
