/** The first seeds of `npm run test:simulation`, which runs thousands. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure, replay, Tally, trace } from './report.ts';
import { World } from './world.ts';

/** Beside somebody who waits for the tests of a change, fewer. */
const SEEDS = process.env.CI ? 1_000 : 300;

/** In parts, each well within the limit of one test on a slow machine. */
const PART = 250;

describe('the runtime under a simulated host', () => {
  const tally = new Tally();
  for (let first = 1; first <= SEEDS; first += PART) {
    const last = Math.min(first + PART - 1, SEEDS);
    it(`keeps every invariant with seeds ${first} to ${last}`, async () => {
      for (let seed = first; seed <= last; seed++) {
        const outcome = await new World(seed).run();
        tally.add(outcome);
        if (outcome.broken.length > 0) assert.fail(failure(outcome, replay(seed)));
      }
    });
  }

  it('has crashed, and has come to every end', (t) => {
    for (const said of `${tally}`.split('\n')) t.diagnostic(said);
    assert.ok(tally.crashes > SEEDS, 'the simulation crashes');
    for (const state of [
      'SUCCEEDED',
      'CANCELLED',
      'FAILED OUTCOME_UNKNOWN',
      'FAILED DEADLINE_EXCEEDED',
      'FAILED APPROVAL_DENIED',
      'FAILED APPROVAL_EXPIRED'
    ]) {
      assert.ok((tally.states.get(state) ?? 0) > 0, `some are ${state}`);
    }
  });

  it('gives one run for one seed', async () => {
    for (const seed of [3, 17, 99, 140]) {
      const [a, b] = [await new World(seed).run(), await new World(seed).run()];
      assert.equal(trace(a), trace(b));
    }
  });
});
