/**
 * Each list of rows at 1,000,000 rows against the same at 1,000, by turns in one run, with the index that SQLite walks:
 * no filter may cost what has gathered. `ROWS` of the environment makes it smaller.
 *
 * Both are asked as GET /v1/actions and its like ask: the first page of 50, and one from the middle of the list. Not
 * measured: HTTP, a database larger than memory, a cold disk cache, a filter that nothing matches for 40,000 rows.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Journal, ListedTable } from '../actors/host/contract.ts';
import { Connection } from '../actors/journal/connection.ts';
import { pageToken } from '../actors/journal/page-token.ts';
import { askable, listedTables, rowPlan } from '../actors/journal/row-search.ts';
import { openSqliteJournal } from '../actors/journal/sqlite-journal.ts';

const ROWS = Number(process.env.ROWS ?? 1_000_000);
const FEW = 1_000;
const ROUNDS = 15;
/** Values of a column that is asked by; of a command's there are as many as commands. */
const SHARED = 20;
const OF_ONE = 10;

/** Columns of a made row that are no texts; the rest is a text of which `SHARED` rows, or `OF_ONE`, have the same. */
const numbers = /^(seq|attempts|already_done|size|unread|created_at|updated_at|last_seen_at)$/;
const own = /^(id|hash|prev_hash|sha256|name)$/;
const ofOne = /^(command_id|correlation_id|post_id|token_id|session_id)$/;

const folder = await mkdtemp(join(tmpdir(), 'troupe-bench-'));
try {
  const [many, few] = [await filled('many', ROWS), await filled('few', FEW)];
  const counts = [ROWS, FEW].map((count) => count.toLocaleString('en').padStart(11));
  console.log(`queries: median of ${ROUNDS}, ms${' '.repeat(18)}${counts.join('')}      ratio   walks`);
  for (const table of listedTables) {
    for (const column of [null, ...askable(table)]) {
      const where = column === null ? {} : { [column]: `${column}-3` };
      const index = rowPlan(table, { where }).walk?.index ?? '-';
      for (const from of ['first page', 'middle'] as const) {
        if (from === 'middle' && column !== null) continue;
        const at = { many: [] as number[], few: [] as number[] };
        for (let round = 0; round <= ROUNDS; round++) {
          for (const [name, journal, rows] of [
            ['few', few, FEW],
            ['many', many, ROWS]
          ] as const) {
            const middle = { createdAt: Math.floor(rows / 2), seq: Math.floor(rows / 2) };
            const page = from === 'middle' ? { page: pageToken(middle, { where, limit: 50 } as never) } : {};
            const ms = await timed(() => journal.list(table, { where, limit: 50, ...page } as never));
            // The first round warms up.
            if (round > 0) at[name].push(ms);
          }
        }
        const [a, b] = [median(at.many), median(at.few)];
        const what = `${table} ${column === null ? from : `by ${column}`}`.padEnd(36);
        console.log(`  ${what}${shown(a)}${shown(b)}   ${(a / b).toFixed(2).padStart(8)}   ${index}`);
      }
    }
  }
  await Promise.all([many.close(), few.close()]);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function filled(name: string, rows: number): Promise<Journal> {
  const path = join(folder, `${name}.db`);
  const empty = openSqliteJournal({ path, synchronous: 'OFF' });
  await empty.open();
  await empty.close();
  const database = await Connection.open(path, 'read-write');
  await database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -262144');
  for (const table of listedTables) await fill(database, table, rows);
  await database.exec('ANALYZE; DELETE FROM sqlite_stat1; PRAGMA wal_checkpoint(TRUNCATE)');
  await database.close();
  const journal = openSqliteJournal({ path, synchronous: 'OFF' });
  await journal.open();
  return journal;
}

async function fill(database: Connection, table: ListedTable, rows: number): Promise<void> {
  const all = await database.all<{ name: string; pk: number }>(`PRAGMA table_info(${table})`);
  const columns = all.map(({ name }) => name);
  const [key, more] = all.filter(({ pk }) => pk > 0);
  const values = columns.map((column) => {
    if (numbers.test(column)) return 'i';
    if (own.test(column) || (!more && key?.name === column) || (table === 'post_stats' && column === 'command_id'))
      return `'${column}-' || i`;
    return `'${column}-' || (i / ${ofOne.test(column) ? OF_ONE : 1} % ${ofOne.test(column) ? rows : SHARED})`;
  });
  await database.exec(`INSERT INTO ${table} (${columns.join(', ')})
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) SELECT ${values.join(', ')} FROM n`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

function shown(ms: number): string {
  return ms.toFixed(2).padStart(11);
}
