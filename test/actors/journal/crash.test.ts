import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { startChild } from '../../support/child.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const committing = fileURLToPath(new URL('./child-commits.ts', import.meta.url));
const KILLS = 6;

describe('a journal whose process is killed with -9 in the middle of commits', () => {
  it(`has every acknowledged batch whole, and no other in part, after each of ${KILLS} kills`, async (t) => {
    const directory = await temporaryFolder(t);
    let acknowledged = -1;
    for (let kills = 0; kills < KILLS; kills += 1) {
      const first = acknowledged + 1;
      const child = startChild(committing, [directory, String(first)]);
      t.after(() => child.kill());
      // Not always at the same place: after 3, 10, 17 … batches.
      await child.until((lines) => lines.length >= 3 + kills * 7);
      await child.kill();

      const journal = openSqliteJournal({ directory });
      const { head, boot } = await journal.open();
      t.after(() => journal.close());
      assert.equal(boot, 2 * kills + 2, 'a killed process has opened it too');
      const last = Number(child.lines.at(-1));
      const whole = await wholeBatches(journal, head);
      // At most the one batch whose commit was done and not yet heard of.
      assert.ok(whole === last + 1 || whole === last + 2, `acknowledged ${last + 1} batches, ${whole} are there`);
      acknowledged = whole - 1;
      await journal.close();
    }
  });
});

/** How many batches there are, each checked to be there in all its tables. */
async function wholeBatches(journal: ReturnType<typeof openSqliteJournal>, head: number): Promise<number> {
  const { rows } = await journal.readEvents(0, 1_000_000);
  assert.deepEqual(
    rows.map((row) => row.cursor),
    Array.from({ length: head }, (_, index) => index + 1)
  );
  const { rows: tells } = await journal.outbox(['session', 'command', 'a'], 0, 1_000_000);
  const ledger = await journal.find('ledger', {}, 1_000_000);
  const batches = tells.length;
  assert.equal(ledger.length, batches);
  const perActor = groupCount(rows.map((row) => row.actorId));
  assert.equal(perActor.size, batches);
  for (let n = 0; n < batches; n += 1) {
    assert.equal(tells[n]?.event.n, n);
    assert.equal(perActor.get(`c${n}`), (n % 7) + 1, `events of batch ${n}`);
  }
  const records = await journal.loadActors(Array.from({ length: batches }, (_, n) => `command/c${n}`));
  assert.equal(records.length, batches);
  return batches;
}

function groupCount(keys: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
