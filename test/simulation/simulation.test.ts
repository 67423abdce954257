/**
 * `npm test -- test/simulation/simulation.test.ts`: SEEDS=5000 for more of them, SEED=17 to run one again and see its log.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { World } from './world.ts';

const seeds = Number(process.env.SEEDS ?? 1_000);
const only = process.env.SEED === undefined ? undefined : Number(process.env.SEED);

describe('the runtime under a simulated host that crashes', () => {
  it(`keeps every invariant over ${only === undefined ? `${seeds} seeds` : `seed ${only}`}`, async (t) => {
    let [crashes, rows] = [0, 0];
    const states: Record<string, number> = {};
    const first = only ?? 1;
    for (let seed = first; seed < first + (only === undefined ? seeds : 1); seed++) {
      const outcome = await new World(seed).run();
      if (only !== undefined) t.diagnostic(outcome.trace);
      assert.deepEqual(outcome.broken, [], `seed ${seed}; SEED=${seed} runs it again`);
      crashes += outcome.boots - 1;
      rows += outcome.rows;
      for (const [state, count] of Object.entries(outcome.states)) states[state] = (states[state] ?? 0) + count;
    }
    t.diagnostic(`${crashes} crashes, ${rows} rows, commands ${JSON.stringify(states)}`);
    if (only === undefined && seeds >= 100) {
      assert.ok(crashes > seeds, 'the simulation crashes');
      for (const state of ['SUCCEEDED', 'CANCELLED', 'FAILED OUTCOME_UNKNOWN', 'FAILED DEADLINE_EXCEEDED'])
        assert.ok((states[state] ?? 0) > 0, `some are ${state}`);
    }
  });

  it('gives one run for one seed', async () => {
    for (const seed of [3, 17, 99]) {
      const [a, b] = [await new World(seed).run(), await new World(seed).run()];
      assert.equal(a.trace, b.trace);
    }
  });
});
