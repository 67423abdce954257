import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { Connection } from '../../../actors/journal/connection.ts';
import { stubInstance, temporaryFolder, troupe } from './harness.ts';

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
