/** What a journal from before the counts makes of its log when it is opened. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bucketOf } from '../../../actors/host/stays.ts';
import { Connection } from '../../../actors/journal/connection.ts';
import { migrate, migrations } from '../../../actors/journal/migrations.ts';

/** The last version without them. */
const BEFORE = 10;

it('counts what its log has of moves and stays, and of nothing else', async (t) => {
  const database = await Connection.open(':memory:', 'create');
  t.after(() => database.close());
  const all = migrations();
  await migrate(database, 0, all.slice(0, BEFORE));
  await database.exec(`INSERT INTO machines (kind, version, label, definition, first_seen_at)
    VALUES ('k', 'old', NULL, '{}', 1), ('k', 'new', NULL, '{}', 2)`);
  let cursor = 0;
  const row = (id: string, at: number, step: number, from: string | null, to: string, type = 'k.changed') =>
    database.run(
      `INSERT INTO events (cursor, event_id, emitted_at, severity, type, actor_kind, actor_id, step, payload)
        VALUES (?, 'e', ?, 'info', ?, 'k', ?, ?, ?)`,
      [++cursor, at, type, id, step, JSON.stringify({ from, to, event: 'go' })]
    );
  await row('1', 0, 1, null, 'A');
  await row('1', 10, 2, 'A', 'B');
  await row('2', 11, 1, null, 'A');
  await row('1', 12, 2, 'B', 'B', 'event.rejected');
  // One step that passes through C: nobody stayed there.
  await row('1', 5_010, 3, 'B', 'C');
  await row('1', 5_010, 3, 'C', 'A');
  await row('1', 5_011, 4, 'A', 'A');
  await row('1', 5_040, 5, 'A', 'B');
  // Deeper than SQLite reads.
  await database.run(
    `INSERT INTO events (cursor, event_id, emitted_at, severity, type, actor_kind, actor_id, step, payload)
      VALUES (?, 'e', 1, 'info', 'k.changed', 'k', '3', 1, ?)`,
    [++cursor, `${'['.repeat(2_000)}${']'.repeat(2_000)}`]
  );
  await database.exec(`INSERT INTO actors (address, kind, id, machine_version, step, status, state, phase, snapshot,
    created_at, updated_at, last_cursor) VALUES ('k/1', 'k', '1', 'new', 5, 'active', 'B', 'B', '{}', 0, 5040, 8),
    ('k/9', 'k', '9', 'new', 5, 'done', 'B', 'B', '{}', 0, 7, 8)`);

  await migrate(database, BEFORE, all.slice(0, BEFORE + 1));

  const moves = await database.all('SELECT * FROM moves ORDER BY from_state, to_state');
  const move = (from_state: string, to_state: string, count: number) => ({
    ...{ kind: 'k', version: 'new', from_state, to_state },
    ...{ event: 'go', count }
  });
  assert.deepEqual(moves, [move('A', 'A', 1), move('A', 'B', 2), move('B', 'C', 1), move('C', 'A', 1)]);
  const stays = await database.all('SELECT * FROM stays ORDER BY state, bucket');
  const stay = (state: string, ms: number) => ({ kind: 'k', state, bucket: bucketOf(ms), count: 1 });
  assert.deepEqual(stays, [stay('A', 30), stay('B', 5_000)]);
  assert.deepEqual(await database.all('SELECT id, entered_at FROM actors ORDER BY id'), [
    { id: '1', entered_at: 5_040 },
    { id: '9', entered_at: 0 }
  ]);
});
