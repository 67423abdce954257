import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { videoFacts } from '../../../actors/executor/media.ts';
import { videoFile } from '../../site/assets.ts';

describe('a file that has to be a video', () => {
  const file = videoFile();
  const text = (words: string) => new TextEncoder().encode(words);

  it('is one when its header says how long it plays', async () => {
    assert.deepEqual(await videoFacts(file), { durationMs: 1_200 });
  });

  for (const [what, bytes, why] of [
    ['nothing', new Uint8Array(), /it is empty/],
    [
      'a page of the site',
      text('<!doctype html><title>Log in</title>'),
      /it is no video: it begins with "<!doctype html>/
    ],
    ['bytes of no kind', new Uint8Array(4_096).fill(7), /it is no video/],
    ['what was cut off in its header', file.subarray(0, 300), /cut off|cannot be read|no time/],
    ['a file type and nothing else', file.subarray(0, 32), /cut off|cannot be read|no time/]
  ] as const) {
    it(`is none when it is ${what}`, async () => {
      const facts = await videoFacts(bytes);
      assert.match(typeof facts === 'string' ? facts : JSON.stringify(facts), why);
    });
  }
});
