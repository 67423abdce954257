import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Arena, seedOf } from './arena.ts';
import { dataFolder } from './process.ts';

const preload = fileURLToPath(new URL('./clock-preload.mjs', import.meta.url));
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

describe('a manager whose clock', () => {
  it('is moved by a day, forward and back, running and over a restart, keeps its timers and its log', async (t) => {
    const data = dataFolder(t);
    const clock = `${data}.clock`;
    const move = (ms: number) => writeFileSync(clock, String(ms));
    move(0);
    const nodeArgs = ['--import', preload];
    const arena = await Arena.open(t, seedOf(t), { data, nodeArgs, env: { CRASH_CLOCK: clock }, clients: 8 });
    /** An errand that rests so long between its two pieces of work; it does rest when this resolves. */
    const rests = async (ms: number) => {
      const name = `errand-${randomUUID()}`;
      arena.load.promised.errands.add(name);
      const { status } = await arena.ask('POST', '/v1/actors/errand', { id: name, input: { name, rest_ms: ms } });
      assert.equal(status, 201);
      await until(name, 'RESTING', 'RETURNING', 'DONE');
      return name;
    };
    const until = async (name: string, ...states: string[]) => {
      const deadline = performance.now() + 120_000;
      for (;;) {
        const { body } = await arena.ask('GET', `/v1/actors/errand/${name}`);
        if (states.includes(String(body.state))) return body;
        assert.ok(performance.now() < deadline, `${JSON.stringify(body)}\n${arena.troupe.life.output()}`);
      }
    };
    await arena.troupe.started();
    await arena.goesOn();

    // Back, while it runs: nothing waits a day longer.
    let short = await rests(1_500);
    move(-DAY_MS);
    await until(short, 'DONE');
    await arena.goesOn();
    t.diagnostic('back by a day: a timer of 1.5 s fired in its time');

    // Forward: what would have been due meanwhile is late, and fires.
    const hour = await rests(HOUR_MS);
    move(0);
    short = await rests(50);
    await until(short, 'DONE');
    await until(hour, 'DONE');
    await arena.goesOn();
    t.diagnostic('forward by a day: a timer of an hour was late and fired');

    // Back, while nothing runs.
    short = await rests(1_500);
    await arena.troupe.kill();
    arena.kills.add('before the clock is moved');
    move(-DAY_MS);
    await arena.troupe.started();
    await until(short, 'DONE');
    await arena.goesOn();
    assert.match(arena.troupe.life.output(), /CLOCK_PUT_BACK/);
    t.diagnostic('back by a day over a restart: it is reported, a timer of 1.5 s fired in its time');

    // Forward, while nothing runs.
    const another = await rests(HOUR_MS);
    await arena.troupe.kill();
    arena.kills.add('before the clock is moved');
    move(0);
    await arena.troupe.started();
    await until(another, 'DONE');
    await arena.goesOn();
    t.diagnostic('forward by a day over a restart: a timer of an hour was late and fired');
    await arena.judge(
      t,
      'a clock moved by a day, forward and back, running and over a restart: timers and cursors right'
    );
  });
});
