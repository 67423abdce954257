import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toNumber } from '../../../actors/executor/extract.ts';

describe('a number on a page', () => {
  it('is the first in the text, as people write it', () => {
    const seen: [string | null, number | null][] = [
      ['3 likes', 3],
      ['1,234', 1234],
      ['1 234,5', 12345],
      ['-4.5 points', -4.5],
      ['1.1K', 1100],
      ['12k views', 12_000],
      ['3.4M', 3_400_000],
      ['2B', 2_000_000_000],
      ['5 km away', 5],
      ['5km away', 5],
      ['5m', 5],
      ['7 Mondays', 7],
      ['none', null],
      ['', null],
      [null, null]
    ];
    for (const [text, number] of seen) assert.equal(toNumber(text), number, String(text));
  });
});
