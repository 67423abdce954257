/** Saves one profile over and over until it is killed, each time larger by one cookie: `saver.ts FOLDER`. */
import { join } from 'node:path';
import { KeyRing } from '../../../actors/profile/key-ring.ts';
import { merge } from '../../../actors/profile/storage-state.ts';
import { ProfileStore } from '../../../actors/profile/store.ts';
import { rowsIn } from './rows.ts';

const folder = process.argv[2]!;
const rows = await rowsIn(folder);
const store = new ProfileStore(KeyRing.open(join(folder, 'keys.json')), rows);
for (let count = 1; ; count += 1) {
  const cookies = Array.from({ length: count }, (_, i) => ({
    name: `c${i}`,
    value: 'v'.repeat(200),
    domain: 'a.test',
    path: '/',
    secure: false,
    httpOnly: false
  }));
  await store.update({ platform: 'x', accountId: 'ann' }, (was) => ({
    state: merge(was, { url: 'http://a.test/', at: count, cookies, local: { count: String(count) } }),
    proved: true
  }));
  process.stdout.write(`${count}\n`);
}
