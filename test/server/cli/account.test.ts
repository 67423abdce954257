import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sharedInstance, troupe } from './harness.ts';

const shared = sharedInstance();

const account = (...argv: string[]) => troupe(['account', ...argv, '--data', shared.data]);
const set = (...argv: string[]) => account('set', 'ada', '--platform', 'example', ...argv);

describe('troupe account', () => {
  it('sets what is named and leaves the rest', async () => {
    const first = await set(
      '--time-zone',
      'Europe/Berlin',
      '--limit',
      'message.per_hour=2',
      '--limit',
      'like.apart_s=5'
    );
    assert.equal(first.code, 0, first.err);
    const second = await set(
      '--limit',
      'message.hours=08:00-10:30',
      '--limit',
      'like=default',
      '--test-account',
      'yes'
    );
    const { limits, time_zone, test_account } = second.json[0];
    assert.deepEqual([time_zone, test_account], ['Europe/Berlin', true]);
    assert.equal(limits.message.per_hour, 2);
    assert.deepEqual(limits.message.hours, { from: '08:00', to: '10:30' });
    assert.equal(limits.like.apart_s, null);
    assert.equal((await set('--limit', 'message.hours=none')).json[0].limits.message.hours, null);
  });

  it('shows one and all of them, to people and in a pipe', async () => {
    await set('--approval', 'required', '--limit', 'message.per_day=7', '--test-account', 'no');
    assert.equal((await account('show', 'ada')).json[0].account_id, 'ada');
    assert.equal((await account('list')).json[0].account_id, 'ada');
    const shown = await troupe(['account', 'show', 'ada', '--data', shared.data], {
      columns: 200,
      env: { NO_COLOR: '1' }
    });
    assert.match(shown.out, /^ada +example +none +everything/m);
    assert.match(shown.out, /^message +0 of 2 +0 of 7/m);
    assert.match(
      (await troupe(['account', 'list', '--data', shared.data], { columns: 200 })).out,
      /^ACCOUNT +PLATFORM/
    );
  });

  it('ends with 2 for what is wrong, whoever says so, and with 1 for what is not there', async () => {
    for (const wrong of [
      ['--limit', 'message'],
      ['--limit', 'message.often=1'],
      ['--limit', 'message.hours=9-21'],
      ['--limit', 'message.per_hour=many'],
      ['--test-account', 'maybe']
    ]) {
      assert.equal((await set(...wrong)).code, 2, wrong.join(' '));
    }
    const refused = await set('--time-zone', 'Middle/Earth');
    assert.equal(refused.code, 2);
    assert.match(refused.err, /no IANA time zone/);
    assert.equal((await account('show', 'nobody')).code, 1);
  });
});
