/** The simulation can fail: each fault of ours is found, the printed seed shows it again, and without it that seed is well. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { watched } from './invariants.ts';
import { mutants } from './mutants.ts';
import { failure, replay, trace } from './report.ts';
import { type Outcome, World } from './world.ts';

/** Found by then, or not at all. */
const SEEDS = 150;

/** What gives each away. */
const breaks: Record<string, string[]> = {
  'an effect starts before its step is on the disk': [watched.journalThenAct],
  'a torn batch is kept by half': ['cursors have no hole', 'an actor goes on from where it was', watched.noTrouble],
  'the outbox forgets what was heard': ['a tell is heard once', watched.inOrder],
  'timers are not kept': ['every accepted command ends', 'what is acknowledged exists and ends'],
  'a tell is delivered as often as it arrives': ['a tell is heard once', watched.inOrder],
  'an old lease opens the browser of the new one': ['a slot has one holder, and old fencing is refused'],
  'a click is sent again when its answer is late': [
    'an effect id commits at most once',
    'a write happens at most once, unless nobody could know'
  ],
  'what is sent is not noted before': ['what is said of a write is true'],
  'what nobody knows is called undone': ['what is said of a write is true'],
  'the ledger is not asked': ['a write happens at most once, unless nobody could know'],
  'nobody is asked': ['a message goes out only as a person allowed it'],
  'nobody counts what an account sends': ['messages of an account are as far apart as its limit says'],
  'a write that met the limit of the site begins anew, sent or not': [
    'a write happens at most once, unless nobody could know',
    'what is said of a write is true',
    'an effect id commits at most once'
  ],
  'an account that was asked for slowness goes on too soon': [
    'who was asked for slowness reaches nobody before the cool-down is over'
  ],
  'every answer is a yes': ['a message goes out only as a person allowed it']
};

async function firstFailure(name: string): Promise<Outcome> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = await new World(seed, mutants[name]).run();
    if (outcome.broken.length > 0) return outcome;
  }
  return assert.fail(`not found in ${SEEDS} seeds`);
}

describe('a program in which', () => {
  it('something is wrong on purpose is looked for below', () =>
    assert.deepEqual(Object.keys(breaks), Object.keys(mutants)));

  for (const [name, mutant] of Object.entries(mutants)) {
    it(`${name}, is found`, async (t) => {
      const found = await firstFailure(name);
      const { seed, broken } = found;
      t.diagnostic(`seed ${seed}: ${broken[0]?.why}`);
      assert.ok(
        broken.some(({ invariant }) => breaks[name]?.includes(invariant)),
        broken[0]?.invariant
      );

      const said = failure(found, replay(seed, name));
      assert.match(said, new RegExp(`^seed ${seed} breaks `));
      assert.ok(said.endsWith(`again: npm run test:simulation -- --seed ${seed} --mutant '${name}'`));

      const again = await new World(seed, mutant).run();
      assert.deepEqual(again.broken, broken);
      assert.equal(trace(again), trace(found));
      assert.deepEqual((await new World(seed).run()).broken, [], 'it is the mutant that is at fault');
    });
  }
});
