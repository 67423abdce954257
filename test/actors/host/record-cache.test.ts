import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecordCache, roughBytes } from '../../../actors/host/record-cache.ts';
import { actorOf, withContext } from '../journal/samples.ts';

describe('the cache of records', () => {
  it('keeps the number it may, the least recently used going first', () => {
    const cache = new RecordCache(3);
    for (const id of ['a', 'b', 'c']) cache.set(actorOf(`job/${id}`), true);
    cache.get('job/a');
    cache.set(actorOf('job/d'), true);
    cache.trim();
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].filter((id) => cache.has(`job/${id}`)),
      ['a', 'c', 'd']
    );
  });

  it('keeps the bytes it may, and counts them right whatever comes and goes', () => {
    const big = (id: string, chars: number) => withContext(`job/${id}`, { text: 'x'.repeat(chars) });
    const cache = new RecordCache(1_000, 100_000);
    for (let i = 0; i < 500; i++) {
      cache.pin([big(`${i % 40}`, (i * 977) % 30_000)]);
      if (i % 7 === 0) cache.forget(`job/${i % 40}`);
      cache.trim();
      assert.ok(cache.bytes <= 100_000);
    }
    assert.ok(cache.size > 1);
    for (let i = 0; i < 40; i++) cache.forget(`job/${i}`);
    assert.deepEqual([cache.size, cache.bytes], [0, 0]);
  });

  it('never lets go of actors that are nowhere else', () => {
    const cache = new RecordCache(1, 1);
    for (const id of ['a', 'b']) cache.set(actorOf(`driver/${id}`), false);
    cache.set(actorOf('job/a'), true);
    cache.trim();
    assert.equal(cache.volatile().length, 2);
    assert.equal(cache.has('job/a'), false);
  });

  it('takes the size of a value within a factor of two of its text, when most of it is text', () => {
    const value = { list: Array.from({ length: 50 }, (_, i) => ({ name: `name ${i}`, text: 'x'.repeat(100) })) };
    const { length } = JSON.stringify(value);
    assert.ok(roughBytes(value) > length / 2 && roughBytes(value) < length * 2);
  });
});
