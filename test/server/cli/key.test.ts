import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { stubInstance, temporaryFolder, troupe } from './harness.ts';

it('troupe key lists, rotates and removes keys, and prints none', async (t) => {
  const data = temporaryFolder(t);
  const instance = await stubInstance(data);
  t.after(() => instance.stop());
  const key = (...more: string[]) => troupe(['key', ...more, '--data', data]);
  const file = join(data, 'profile-keys.json');
  assert.equal(statSync(file).mode & 0o777, 0o600, 'made on the first start');

  const [first] = (await key('list')).json;
  assert.deepEqual({ ...first, key_id: '', created_at: '' }, { key_id: '', active: true, created_at: '', profiles: 0 });
  const active = await key('remove', first.key_id);
  assert.equal(active.code, 1);
  assert.match(active.err, /PROFILE_KEY_IN_USE/);
  const rotated = await key('rotate');
  assert.deepEqual([rotated.code, rotated.json[0].resealed, rotated.json[0].failed], [0, 0, []]);
  const shown = await troupe(['key', 'list', '--data', data], { columns: 120 });
  assert.match(shown.out, /KEY_ID +STATE +CREATED +LOGINS/);
  assert.match(shown.out, new RegExp(`${rotated.json[0].key_id} +active`));
  assert.match(shown.out, new RegExp(`${first.key_id} +old`));
  assert.deepEqual([(await key('remove', first.key_id)).code, (await key('remove', 'k1')).code], [0, 1]);
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { active: string; keys: { id: string; key: string }[] };
  assert.deepEqual([kept.active, kept.keys.length], [rotated.json[0].key_id, 1]);
  const said = `${shown.out}${rotated.out}`;
  for (const { key: secret } of kept.keys) assert.ok(!said.includes(secret));
});
