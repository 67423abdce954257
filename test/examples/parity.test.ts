/**
 * The examples, here and under a plain `createActor`: the same events, promise outcomes and steps of the clock, and after
 * each of them the same value, context, status and output, of children too. RUNS=2000 for more runs; a failure prints
 * its seed and the shortest script, and SEED=… runs it again.
 */
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { examples } from './catalogue.ts';
import { compare, happening } from './script.ts';
import { disk, memory } from './storage.ts';

const runs = Number(process.env.RUNS ?? 100);
const seed = Number(process.env.SEED ?? 20_261_120);

for (const example of examples) {
  describe(`the ${example.kind} of examples/`, () => {
    const script = fc.array(happening(example), { minLength: 1, maxLength: 40, size: 'max' });

    it(`is the same machine here, over ${runs} runs with crashes`, async (t) => {
      let happenings = 0;
      const states = new Set<string>();
      await fc.assert(
        fc.asyncProperty(script, async (list) => {
          const seen = await compare(example, list, memory());
          happenings += list.length;
          for (const state of seen.states) states.add(state);
        }),
        { seed, numRuns: runs, includeErrorInReport: true }
      );
      t.diagnostic(`${happenings} happenings, ${states.size} different states: ${[...states].sort().join(' ')}`);
    });

    it('is the same on disk', async (t) => {
      const [list = []] = fc.sample(fc.array(happening(example), { minLength: 30, maxLength: 30 }), {
        seed,
        numRuns: 1
      });
      await compare(example, list, await disk(t));
    });
  });
}
