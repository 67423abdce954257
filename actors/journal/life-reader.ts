/** All that a database keeps of one actor, read and nothing else; also while a process has it open. */
import { ControlError, describe } from '../../schemas/errors.ts';
import type { ActorRecord, Address, EventRow, FormerState, Took } from '../host/contract.ts';
import { splitAddress } from '../kernel/step.ts';
import { storageFailure } from './failures.ts';
import { openUnchanged } from './living-reader.ts';
import { statesOf } from './past.ts';
import { eventRow, formerState, type StoredEvent, type StoredState } from './rows.ts';

export interface KeptLife {
  /** Its rows of the log, oldest first. */
  rows: EventRow[];
  /** What it was, oldest first; the last is what it is. */
  states: (FormerState | ActorRecord)[];
}

/**
 * @param place a data directory, or the database itself
 * @returns undefined: there is no such actor
 * @throws ControlError JOURNAL_DAMAGED, JOURNAL_TOO_NEW, JOURNAL_UNAVAILABLE
 */
export async function readLife(place: string, address: Address): Promise<KeptLife | undefined> {
  const { path, connection } = await openUnchanged(place);
  try {
    const { user_version: version } = (await connection.get<{ user_version: number }>('PRAGMA user_version'))!;
    const [kind, id] = splitAddress(address);
    const rows = await connection.all<StoredEvent>(
      'SELECT * FROM events WHERE actor_id = ? AND actor_kind = ? ORDER BY cursor',
      [id, kind]
    );
    const stored = version < PAST ? [] : await connection.all<Kept>(statesOf(version >= TOOK), [address]);
    if (rows.length === 0 && stored.length === 0) return undefined;
    try {
      return { rows: rows.map(eventRow), states: stored.map(keptState) };
    } catch (error) {
      throw new ControlError('JOURNAL_DAMAGED', { path, reason: describe(error) }, error);
    }
  } catch (error) {
    throw storageFailure(error, path);
  } finally {
    await connection.close();
  }
}

/** Versions of the journal: what actors were is kept, and what made them another. */
const [PAST, TOOK] = [14, 15];

type Kept = StoredState & { took: string | null };

const keptState = (stored: Kept): FormerState => ({
  ...formerState(stored),
  ...(stored.took === null ? {} : { took: JSON.parse(stored.took) as Took })
});
