import { describe, it } from 'node:test';
import { Arena, seedOf } from './arena.ts';

/** `npm run test:crash` makes more of them. */
const KILLS = Number(process.env.KILLS ?? 15);

describe('a manager under load', () => {
  it(`loses nothing and repeats nothing when it is killed with -9 ${KILLS} times at a random moment`, async (t) => {
    const arena = await Arena.open(t, seedOf(t));
    for (let kill = 0; kill < KILLS; kill += 1) await arena.killAtRandom();
    await arena.judge(t);
  });
});
