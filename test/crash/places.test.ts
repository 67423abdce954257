import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Arena, seedOf } from './arena.ts';
import { diskPlaces, statementPlaces } from './places.ts';
import { buildShim } from './process.ts';

/** Each place so many times; `npm run test:crash` goes twice over all of them. */
const ROUNDS = Number(process.env.ROUNDS ?? 1);

describe('a manager under load loses nothing and repeats nothing', () => {
  it('when it is killed at an exact statement, or between outside work and its result', async (t) => {
    const arena = await Arena.open(t, seedOf(t));
    const pick = (from: number, to: number) => arena.random.between(from, to);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const place of statementPlaces(pick)) await arena.dieAt(place);
      await arena.dieBeforeAnswer();
    }
    await arena.judge(t);
    assert.ok(
      arena.outside.calls.some(({ resumed }) => resumed),
      'some effect was interrupted and ran again'
    );
  });

  it('when it is killed at an exact call to the disk, or the power is cut there', async (t) => {
    const shim = buildShim();
    if ('why' in shim) return t.skip(shim.why);
    const arena = await Arena.open(t, seedOf(t));
    const pick = (from: number, to: number) => arena.random.between(from, to);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const place of diskPlaces(pick)) await arena.dieAt(place);
    }
    await arena.judge(t);
  });
});
