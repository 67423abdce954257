/**
 * The log of a database, read and nothing else, with the version of the machine that took each move: of one that a
 * process has open, of one that was closed, of a copy. All of one moment, a page in memory at a time.
 */
import { ControlError, describe } from '../../schemas/errors.ts';
import type { EventRow, Tables } from '../host/contract.ts';
import { storageFailure } from './failures.ts';
import { openUnchanged } from './living-reader.ts';
import { eventRow, type StoredEvent } from './rows.ts';

/** Rows read at a time. */
const PAGE = 2_000;

export interface LogReader {
  /** Of the database. */
  path: string;
  machines(): Promise<Tables['machines'][]>;
  /**
   * From the oldest row that is kept. `version`: of the machine that took the move; null: of before that was kept.
   */
  rows(): AsyncGenerator<(EventRow & { version: string | null })[], void>;
  /** Effects that the ledger has more than once. */
  effectsTwice(): Promise<{ effect_id: string; count: number }[]>;
  moves(): Promise<Tables['moves'][]>;
  close(): Promise<void>;
}

/**
 * @param place a data directory, or the database itself
 * @throws ControlError JOURNAL_DAMAGED, JOURNAL_TOO_NEW, JOURNAL_UNAVAILABLE
 */
export async function openLogReader(place: string): Promise<LogReader> {
  const { path, connection } = await openUnchanged(place);
  const read = async <T>(sql: string, params: (string | number)[] = []): Promise<T[]> => {
    try {
      return await connection.all<T>(sql, params);
    } catch (error) {
      throw storageFailure(error, path);
    }
  };
  const has = async (table: string) =>
    (await read("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", [table])).length > 0;
  const parsed = (row: StoredEvent): EventRow => {
    try {
      return eventRow(row);
    } catch (error) {
      throw new ControlError('JOURNAL_DAMAGED', { path, reason: `event ${row.cursor}: ${describe(error)}` }, error);
    }
  };
  return {
    path,
    machines: async () => ((await has('machines')) ? read<Tables['machines']>('SELECT * FROM machines') : []),
    moves: async () => ((await has('moves')) ? read<Tables['moves']>('SELECT * FROM moves') : []),
    async *rows() {
      const kept = (await has('former')) ? await keptFrom(read) : Number.POSITIVE_INFINITY;
      for (let after = 0; ; ) {
        const rows = await read<StoredEvent>(`SELECT * FROM events WHERE cursor > ? ORDER BY cursor LIMIT ${PAGE}`, [
          after
        ]);
        if (rows.length === 0) return;
        const last = (rows.at(-1) as StoredEvent).cursor;
        const versions = last <= kept ? new Map<number, string>() : await versionsOf(read, after, last);
        yield rows.map((row) => ({
          ...parsed(row),
          version: row.cursor > kept ? (versions.get(row.cursor) ?? null) : null
        }));
        after = last;
      }
    },
    effectsTwice: () =>
      read(
        `SELECT effect_id, count(*) AS count FROM ledger WHERE effect_id IS NOT NULL
         GROUP BY effect_id HAVING count(*) > 1 ORDER BY effect_id LIMIT 100`
      ),
    close: () => connection.close()
  };
}

type Read = <T>(sql: string, params?: (string | number)[]) => Promise<T[]>;

/** Of before this cursor nobody kept what actors were. */
async function keptFrom(read: Read): Promise<number> {
  const [row] = await read<{ value: number }>("SELECT value FROM meta WHERE key = 'past'");
  return row?.value ?? 0;
}

/** A row is of the state that was in force right after it. */
async function versionsOf(read: Read, after: number, to: number): Promise<Map<number, string>> {
  const rows = await read<{ cursor: number; version: string | null }>(
    `SELECT cursor, coalesce(
        (SELECT machine_version FROM former INDEXED BY former_by_address
          WHERE former.address = actor_kind || '/' || actor_id AND former.until > cursor ORDER BY former.until LIMIT 1),
        (SELECT machine_version FROM actors WHERE actors.address = actor_kind || '/' || actor_id),
        (SELECT machine_version FROM standing WHERE standing.address = actor_kind || '/' || actor_id)
      ) AS version FROM events WHERE cursor > ? AND cursor <= ?`,
    [after, to]
  );
  return new Map(rows.flatMap(({ cursor, version }) => (version === null ? [] : [[cursor, version]])));
}
