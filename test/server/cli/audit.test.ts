import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import pino from 'pino';
import { Connection } from '../../../actors/journal/connection.ts';
import { makeBackup } from '../../../server/backup.ts';
import { startRetention } from '../../../server/retention.ts';
import { type Harness, openHarness } from '../harness.ts';
import { stubInstance, temporaryFolder, troupe } from './harness.ts';

const DAY = 86_400_000;

/** Removes of the audit log all that is there by now, as it would be a year later. */
async function pruned(h: Harness, t: TestContext): Promise<void> {
  const retention = startRetention({
    host: h.host,
    store: h.files,
    days: 36_500,
    events: 10_000_000,
    auditDays: 1,
    logger: pino({ level: 'silent' }),
    now: () => Date.now() + 2 * DAY
  });
  t.after(() => retention.stop());
  await retention.run();
  await retention.stop();
}

describe('troupe audit verify', () => {
  it('passes on a log whose oldest part went by age, again and again, and on one that was restored from a backup', async (t) => {
    const h = await openHarness(t);
    const verified = async () => (await h.api('GET', '/v1/audit/verify')).body;
    for (let i = 1; i <= 3; i++) {
      for (const account of ['ann', 'ben']) {
        await h.api('PUT', `/v1/accounts/${account}-${i}`, { body: { platform: 'x', home: null } });
      }
      const before = await verified();
      await pruned(h, t);
      const { items } = (await h.api('GET', '/v1/audit?limit=500')).body;
      assert.deepEqual(
        items.map(({ action }: { action: string }) => action),
        ['audit.pruned'],
        'what is left says what went'
      );
      assert.ok(items[0].detail.through > before.head.seq, 'the record of the look before is gone too');
      const after = await verified();
      assert.deepEqual([after.ok, after.fault, after.checked], [true, null, 1]);
      assert.deepEqual(after.checkpoint.seq, items[0].detail.through);
    }
    await h.api('PUT', '/v1/accounts/cleo', { body: { platform: 'x', home: null } });
    const { head } = await verified();
    const anchor = `${head.seq}:${head.hash}`;
    const copy = join(temporaryFolder(t), 'copy');
    await makeBackup(h.dataDir, copy, new AbortController().signal);
    // The original goes on; the copy is an instance of its own.
    await h.api('PUT', '/v1/accounts/dora', { body: { platform: 'x', home: null } });
    for (const start of [1, 2]) {
      const restored = await stubInstance(copy);
      t.after(() => restored.stop());
      const whole = await troupe(['audit', 'verify', '--anchor', anchor, '--data', copy]);
      assert.deepEqual([whole.code, whole.json[0].ok, whole.json[0].fault], [0, true, null], `start ${start}`);
      assert.ok(whole.json[0].head.seq > head.seq, 'it has records of its own by now');
      await restored.stop();
    }
    assert.equal((await verified()).ok, true);
  });
});

it('troupe audit lists records, and verify says whether they are as they were written', async (t) => {
  const data = temporaryFolder(t);
  const instance = await stubInstance(data);
  t.after(() => instance.stop());
  const audit = (...more: string[]) => troupe(['audit', ...more, '--data', data]);

  const [newest, ...others] = (await audit()).json;
  assert.equal(others.at(-1).seq, 1);
  assert.equal(newest.seq, others.length + 1);
  assert.ok(others.some(({ action }: { action: string }) => action === 'process.started'));
  const shown = await troupe(['audit', '--data', data, '--action', 'process.started'], { columns: 200 });
  assert.match(shown.out, /SEQ +AT +WHO +WHAT +OUTCOME/);
  assert.match(shown.out, /process\.started +done +process\/troupe/);

  const whole = await audit('verify');
  assert.deepEqual([whole.code, whole.json[0].ok], [0, true]);
  const { seq, hash } = whole.json[0].head;
  assert.equal((await audit('verify', '--anchor', `${seq}:${hash}`)).code, 0);
  assert.equal((await audit('verify', '--anchor', `${seq}:${'0'.repeat(64)}`)).code, 1);
  const wrong = await audit('verify', '--anchor', 'nonsense');
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /'nonsense' is not SEQ:HASH/);

  const database = await Connection.open(join(data, 'journal.db'), 'read-write');
  await database.exec(
    "PRAGMA busy_timeout = 60000; DROP TRIGGER audit_is_not_changed; UPDATE audit SET service = 'x' WHERE seq = 2"
  );
  await database.close();
  const broken = await troupe(['audit', 'verify', '--data', data], { columns: 200 });
  assert.equal(broken.code, 1);
  assert.match(broken.out, /broken at record 2 \(changed\)/);
});
