/**
 * The examples, here and under a plain `createActor`: the same events, promise outcomes and steps of the clock, and after
 * each of them the same value, context, status and output, of children too. RUNS=2000 for more runs; a failure prints
 * its seed and the shortest script, and SEED=… runs it again.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { examples } from './catalogue.ts';
import { compare, type Happening, happening } from './script.ts';
import { disk, memory } from './storage.ts';
import { type Story, stories } from './stories.ts';

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

    const story = stories.find(({ kind }) => kind === example.kind) as Story;
    const crashing = story.happenings.flatMap((it): Happening[] => [it, { crash: true }]);
    for (const [how, list, storage] of [
      ['', story.happenings, memory],
      [', with a crash after every happening', crashing, memory],
      [', on disk, with a crash after every happening', crashing, disk]
    ] as const) {
      it(`goes through its story${how}`, async (t) => {
        const { states } = await compare(example, list, await storage(t));
        const missing = story.passes.filter((value) => !states.includes(JSON.stringify(value)));
        assert.deepEqual(missing, [], `it passed ${[...new Set(states)].join(' ')}`);
      });
    }
  });
}
