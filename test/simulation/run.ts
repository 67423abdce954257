/**
 * `npm run test:simulation -- [--seeds 2000] [--first 1] [--seed N] [--mutant NAME] [--keep-going] [--coverage FILE]`: that many
 * seeds one after another, or one with its whole log. Ends with 1 at the first seed that breaks an invariant, or after all
 * of them. With a mutant it is our own program that is at fault, on purpose. With a file, how often each transition was
 * taken is written to it: `npm run test:coverage` writes what the inspector draws beside production.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CoverageTally } from './coverage.ts';
import { mutants } from './mutants.ts';
import { failure, replay, Tally, trace } from './report.ts';
import { World } from './world.ts';

const options = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mutant: { type: 'string' },
    coverage: { type: 'string' },
    'keep-going': { type: 'boolean', default: false }
  }
}).values;

const number = (name: 'seeds' | 'first' | 'seed', text: string) => {
  if (/^\d{1,9}$/.test(text) && (name === 'seed' || Number(text) > 0)) return Number(text);
  console.error(`--${name} ${JSON.stringify(text)}: must be a whole number`);
  process.exit(2);
};

const only = options.seed === undefined ? undefined : number('seed', options.seed);
const first = only ?? number('first', options.first);
const seeds = only === undefined ? number('seeds', options.seeds) : 1;
if (options.mutant !== undefined && !Object.hasOwn(mutants, options.mutant)) {
  console.error(`--mutant ${JSON.stringify(options.mutant)}: there are ${Object.keys(mutants).join(', ')}`);
  process.exit(2);
}
const mutant = options.mutant === undefined ? {} : mutants[options.mutant];
const tally = new Tally();
const coverage = new CoverageTally();
const began = performance.now();
let failed = 0;

for (let seed = first; seed < first + seeds; seed++) {
  const outcome = await new World(seed, mutant).run();
  tally.add(outcome);
  coverage.add(outcome.moves);
  if (only !== undefined) console.log(`${trace(outcome)}\n`);
  if (outcome.broken.length > 0) {
    failed += 1;
    console.log(failure(outcome, replay(seed, options.mutant)));
    if (!options['keep-going']) break;
  }
}
console.log(`${tally}`);
if (options.coverage !== undefined) writeFileSync(options.coverage, `${coverage}`);
console.log(`${failed} seeds failed, ${((performance.now() - began) / 1000).toFixed(1)} s`);
process.exitCode = failed > 0 ? 1 : 0;
