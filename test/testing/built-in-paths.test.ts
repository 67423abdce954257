/** The kinds that are always there: what paths reach of them, and that a real host goes the same way. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { builtInTestedKinds } from '../../testing/kinds.ts';
import { type PathSet, pathsOf, walk } from '../../testing/paths.ts';
import { replay } from '../../testing/trace.ts';
import { walkHosted } from './hosted-walk.ts';

const kinds = builtInTestedKinds();

/** Transitions that are not reached, and why that is right. */
const UNREACHED: Record<string, Record<string, string>> = {
  command: {
    'RUNNING.PREPARING.looking xstate.done.actor.prepare [isUnasked] → AWAITING_APPROVAL.asking':
      'a second lock: whoever has to be asked was asked before a browser was'
  },
  session: {
    'LOST.deciding always [lostTooOften] → FAILED': 'beyond the bound: five losses and more than ten events away',
    'READY always [needsPerson] → HUMAN_REQUIRED': 'beyond the bound: a need that outlives its browser'
  }
};

describe('the kinds that are always there', () => {
  for (const kind of kinds) {
    const known = Object.keys(UNREACHED[kind.kind] ?? {});
    let set: PathSet;

    it(`${kind.kind}: each state is reached`, () => {
      const { uncovered } = pathsOf(kind, { criterion: 'states' });
      assert.deepEqual(uncovered, []);
    });

    it(`${kind.kind}: each transition is taken, and nothing breaks an invariant on the way`, () => {
      set = pathsOf(kind, { limit: 800 });
      assert.deepEqual(
        set.uncovered.map(({ goal }) => goal).filter((goal) => !known.includes(goal)),
        [],
        'reached, or among those that are known'
      );
      assert.deepEqual(set.violations, []);
      assert.deepEqual(set.failures, []);
      assert.deepEqual(set.refused, []);
    });

    it(`${kind.kind}: each path comes out the same when it is replayed, and in a real host`, async () => {
      for (const path of set.paths) {
        const { difference } = replay(path, { kind: kind.kind, machine: kind.machine, foreign: false });
        assert.equal(difference, null);
        const predicted = [path.start.expect?.state, ...path.steps.map(({ expect }) => expect.state)];
        assert.deepEqual(walk(kind, path).states, predicted);
        assert.deepEqual(await walkHosted(kind, path), predicted, path.about);
      }
    });
  }
});
