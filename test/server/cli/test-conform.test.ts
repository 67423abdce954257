import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import sqlite3 from 'sqlite3';
import { sharedInstance, temporaryFolder, troupe } from './harness.ts';

const COMMENT = ['comment_on_post', '--platform', 'example', '--param', 'post_url=http://127.0.0.1:9/post/1'];
const TIMEOUT = { timeout: 300_000 };
const shared = sharedInstance();
const conform = (...argv: string[]) => troupe(['test', 'conform', ...argv]);

/** Changes a copy of the database behind everybody's back. */
async function changed(t: Parameters<typeof temporaryFolder>[0], sql: string): Promise<string> {
  const path = join(temporaryFolder(t), 'journal.db');
  for (const end of ['', '-wal']) copyFileSync(join(shared.data, `journal.db${end}`), `${path}${end}`);
  const database = new sqlite3.Database(path);
  await new Promise<void>((resolve, reject) => database.exec(sql, (error) => (error ? reject(error) : resolve())));
  await new Promise<void>((resolve) => database.close(() => resolve()));
  return path;
}

describe('troupe test conform', () => {
  before(async () => {
    for (const text of ['one', 'two']) {
      const ran = await troupe(['run', ...COMMENT, '--data', shared.data, '--param', `text=${text}`, '--wait']);
      assert.equal(ran.code, 0, ran.err);
    }
  });

  it('reads the database of an instance that runs, and judges each row by its version', TIMEOUT, async () => {
    const { code, json, err } = await conform(shared.data);
    assert.equal(code, 0, err);
    const result = json.at(-1);
    assert.deepEqual(
      [result.type, result.conforms, result.versions, result.not_judged, result.illegal],
      ['result', true, 'of each row', [], 0]
    );
    assert.ok(result.legal > 10, `${result.legal}`);
  });

  it('reads what an export gives, and says that lines do not say their version', TIMEOUT, async (t) => {
    const { out } = await troupe(['export', 'timeline', '--data', shared.data]);
    const file = join(temporaryFolder(t), 'log.jsonl');
    writeFileSync(file, out);
    const { code, json } = await conform(file);
    assert.equal(code, 0);
    assert.deepEqual([json.at(-1).versions, json.at(-1).rows], ['assumed', out.trimEnd().split('\n').length]);
    const shown = await troupe(['test', 'conform', file], { columns: 120, env: { NO_COLOR: '1' } });
    assert.match(shown.out, /the lines do not say of which version/);
    assert.match(shown.out, /it conforms\n$/);

    const lines = out.trimEnd().split('\n');
    writeFileSync(file, `${lines.toSpliced(3, 1).join('\n')}\n`);
    const holed = await conform(file);
    assert.deepEqual([holed.code, holed.json[0].type, holed.json[0].line], [1, 'cursor', 4]);
  });

  it('says the first illegal row of a database with what was legal there, and ends with 1', TIMEOUT, async (t) => {
    const path = await changed(
      t,
      `UPDATE events SET payload = json_set(payload, '$.to', 'SUCCEEDED') WHERE cursor = (
         SELECT min(cursor) FROM events WHERE actor_kind = 'command' AND json_extract(payload, '$.from') LIKE 'QUEUED%')`
    );
    const { code, json } = await conform(path);
    assert.equal(code, 1);
    assert.equal(json[0].type, 'illegal');
    assert.match(json[0].why, /there is no transition QUEUED\S* ─▶ SUCCEEDED/);
    assert.ok(json[0].legal.length > 0 && json[0].version.length >= 16);
    const shown = await troupe(['test', 'conform', path], { columns: 120, env: { NO_COLOR: '1' } });
    assert.match(
      shown.out,
      /^illegal {2}cursor \d+ {2}command\/[\s\S]*legal: [\s\S]*it does not conform: \d+ violations\n$/
    );
  });

  it('does not call legal what ran by a machine that nobody knows, and counts it', TIMEOUT, async (t) => {
    const path = await changed(
      t,
      `UPDATE machines SET version = 'gone' WHERE kind = 'command'; UPDATE former SET machine_version = 'lost' WHERE kind = 'command';
       UPDATE actors SET machine_version = 'lost' WHERE kind = 'command'`
    );
    const { code, json } = await conform(path);
    assert.equal(code, 0);
    const [not] = json.at(-1).not_judged;
    assert.deepEqual(
      [not.kind, not.version, not.why],
      ['command', 'lost', 'the machine of its version is not known here']
    );
    assert.ok(not.rows > 5);
  });

  it('ends with 2 for what is no log, with the line', TIMEOUT, async (t) => {
    const folder = temporaryFolder(t);
    const bad = join(folder, 'bad');
    writeFileSync(bad, '{"cursor":');
    const cut = await conform(bad);
    assert.deepEqual(
      [cut.code, cut.err],
      [2, `troupe: ${bad}: line 1: the last line is cut short: "{\\"cursor\\":"\n`]
    );
    writeFileSync(bad, '');
    assert.match((await conform(bad)).err, /there is no event in it/);
    assert.match((await conform(join(folder, 'none'))).err, /there is no '.*none'; give a data directory/);
    assert.equal((await conform(bad, '--limit', 'x')).code, 2);
    assert.equal((await conform()).code, 2);
  });
});
