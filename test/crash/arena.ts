/** Everything of one crash test: the manager, its clients, the world outside, and the verdict at the end. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '../simulation/random.ts';
import { ask, type Reply } from './ask.ts';
import { type Figures, report, Tally } from './figures.ts';
import { type Follower, follow } from './follower.ts';
import { type Load, startLoad } from './load.ts';
import { type Outside, startOutside } from './outside.ts';
import type { Place } from './places.ts';
import { dataFolder, Troupe, type TroupeOptions } from './process.ts';
import { brokenJournal, brokenPromises, brokenStream, brokenWorld, evidenceOf } from './verdict.ts';

const machines = fileURLToPath(new URL('./errand/troupe.config.ts', import.meta.url));
/** All that was promised has to end in this time once nobody kills any more. */
const END_LIMIT_MS = 120_000;
/** Under load, once it is up. */
const LONGEST_LIFE_MS = 900;
/** A place is reached in this time, on the slowest machine. */
const PLACE_LIMIT_MS = 120_000;

/** CRASH_SEED makes the same choices again; which statement runs at which ms is not the seed's. */
export function seedOf(t: TestContext): number {
  const seed = process.env.CRASH_SEED ? Number(process.env.CRASH_SEED) : randomInt(2 ** 31);
  t.diagnostic(`seed ${seed}; CRASH_SEED=${seed} makes the same choices`);
  return seed;
}

export class Arena {
  readonly troupe: Troupe;
  readonly outside: Outside;
  readonly load: Load;
  readonly followers: Follower[];
  readonly kills = new Tally();
  readonly random: Random;
  /** How long its last start took. */
  #startMs = 500;

  private constructor(troupe: Troupe, outside: Outside, seed: number, clients = 32) {
    this.troupe = troupe;
    this.outside = outside;
    this.random = new Random(seed);
    this.load = startLoad(troupe, { seed, clients });
    this.followers = [follow(troupe), follow(troupe, 'crash-test')];
  }

  static async open(
    t: TestContext,
    seed: number,
    { clients, ...options }: Partial<TroupeOptions> & { clients?: number } = {}
  ): Promise<Arena> {
    const work = new Random(seed ^ 0x5eed);
    const outside = await startOutside(t, () => work.between(0, 40));
    const troupe = new Troupe(t, {
      data: dataFolder(t),
      ...options,
      args: ['--slots', '8', '--request-limit', '100000', '--machines', machines, ...(options.args ?? [])],
      env: { CRASH_OUTSIDE: outside.url, ...options.env }
    });
    const arena = new Arena(troupe, outside, seed, clients);
    // What a test leaves open when it fails.
    t.after(async () => {
      troupe.giveUp();
      await arena.load.stop();
      for (const follower of arena.followers) await follower.stop();
    });
    return arena;
  }

  /** Starts it and kills it at some moment: one time of five in its start, else under load. */
  async killAtRandom(): Promise<void> {
    const inStart = this.random.chance(0.2);
    const share = this.random.next();
    const begin = performance.now();
    const { up } = this.troupe.start();
    if (inStart) {
      await delay(share * this.#startMs);
    } else {
      await up;
      this.#startMs = performance.now() - begin;
      await delay(share * LONGEST_LIFE_MS);
    }
    await this.troupe.kill();
    const found = await up;
    this.kills.add('url' in found ? 'at random under load' : 'at random in its start');
  }

  /** Starts it and lets it die at the place. */
  async dieAt(place: Place): Promise<void> {
    const { up, child } = this.troupe.start(place);
    const limit = setTimeout(() => child.kill('SIGTERM'), PLACE_LIMIT_MS);
    if (place.atTheEnd) {
      await up;
      await delay(this.random.between(100, 400));
      child.kill('SIGTERM');
    }
    await this.troupe.life.ended;
    clearTimeout(limit);
    // On a machine this slow it gives its end up before it comes there, which is an end of its own.
    if (place.atTheEnd && this.troupe.life.output().includes('did not end in time')) {
      return this.kills.add('at the limit of its end');
    }
    await this.troupe.diedAt(place);
    this.kills.add(place.kind);
  }

  /** Starts it and kills it when the outside has done some work whose answer it has not heard. */
  async dieBeforeAnswer(): Promise<void> {
    await this.troupe.started();
    const skip = this.random.between(0, 20);
    let worked = 0;
    const again = () => {
      this.outside.afterWork = () => {
        worked += 1;
        if (worked <= skip) return again();
        this.troupe.life.child.kill('SIGKILL');
      };
    };
    again();
    await this.troupe.life.ended;
    this.kills.add('between outside work and its result');
  }

  /** Resolves once so many more wishes were answered: all goes on. */
  async goesOn(wishes = 20): Promise<void> {
    const count = () => this.load.promised.commands.size + this.load.promised.errands.size;
    const aim = count() + wishes;
    for (const deadline = Date.now() + END_LIMIT_MS; count() < aim; await delay(20)) {
      assert.ok(
        Date.now() < deadline,
        `${aim - count()} of ${wishes} wishes were not answered:\n${this.troupe.life.output()}`
      );
    }
  }

  async ask(method: string, path: string, body?: unknown): Promise<Reply> {
    const up = await this.troupe.whenUp();
    assert.ok(up);
    return ask(up.url, up.token, method, path, body);
  }

  /** Asks again until the answer is as wanted. @throws Error with the last one */
  async askUntil(method: string, path: string, wanted: (status: number) => boolean, body?: () => unknown) {
    for (const deadline = Date.now() + PLACE_LIMIT_MS; ; await delay(30)) {
      const answer = await this.ask(method, path, body?.());
      if (wanted(answer.status)) return answer;
      assert.ok(Date.now() < deadline, `${method} ${path} is still ${JSON.stringify(answer)}`);
    }
  }

  /** Lets all that was promised come to its end, ends the process in order, and judges. */
  async judge(t: TestContext, trouble?: string): Promise<void> {
    if (this.troupe.life.child.exitCode !== null || this.troupe.life.child.signalCode !== null) {
      await this.troupe.started();
    }
    await this.load.stop();
    const head = await this.#allEnded();
    for (const follower of this.followers) await follower.until(head);
    await this.troupe.stop();
    this.troupe.giveUp();
    for (const follower of this.followers) await follower.stop();

    const evidence = await evidenceOf(this.#journal(t));
    // What the orderly end still logged was sent too, or is in the file only.
    const told = { ...evidence, rows: evidence.rows.slice(0, this.followers[0]!.events.length) };
    const wrong = [
      ...this.load.wrong,
      ...brokenJournal(evidence),
      ...brokenPromises(evidence, this.load.promised),
      ...brokenWorld(evidence, this.outside),
      ...this.followers.flatMap(({ wrong }) => wrong),
      ...brokenStream(told, this.followers[0]!.events),
      ...brokenStream(
        { ...evidence, rows: evidence.rows.slice(0, this.followers[1]!.events.length) },
        this.followers[1]!.events
      )
    ];
    assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} things are broken`);
    const { promised, answers } = this.load;
    const ends = new Tally();
    for (const { kind, state, error } of evidence.actors) if (kind === 'command') ends.add(error ?? state);
    t.diagnostic(
      `answers ${JSON.stringify(answers)}; commands ${JSON.stringify(ends.counts)}; boots ${evidence.boots}`
    );
    t.diagnostic(`the streams connected ${this.followers.map(({ connections }) => connections).join(' and ')} times`);
    const figures: Figures = {
      ...(trouble === undefined ? {} : { trouble }),
      runs: this.troupe.lives,
      kills: this.kills.counts,
      acknowledged: promised.commands.size + promised.errands.size,
      effects: new Set(this.outside.calls.map(({ key }) => key)).size,
      resumed: this.outside.calls.filter(({ resumed }) => resumed).length,
      rows: evidence.rows.length
    };
    report(t, figures);
  }

  /** SQLite looks through the link by which another view of the file system is seen: there it gets a copy. */
  #journal(t: TestContext): string {
    const path = join(this.troupe.data, 'journal.db');
    if (!path.startsWith('/proc/')) return path;
    const copy = join(dataFolder(t), 'journal.db');
    copyFileSync(path, copy);
    return copy;
  }

  /** @returns the head of the log then. @throws Error when something does not end */
  async #allEnded(): Promise<number> {
    const ended = ['SUCCEEDED', 'FAILED', 'CANCELLED', 'DONE'];
    for (const deadline = Date.now() + END_LIMIT_MS; ; await delay(100)) {
      const read = async (path: string) => (await this.ask('GET', path)).body;
      const living: Record<string, number> = {};
      for (const kind of ['command', 'errand']) {
        const { live } = await read(`/v1/machines/${kind}`);
        for (const [state, n] of Object.entries(live as Record<string, number>)) {
          if (n > 0 && !ended.includes(state)) living[`${kind} ${state}`] = n;
        }
      }
      if (Object.keys(living).length === 0) {
        const { head } = await read('/v1/events?limit=1');
        return Number(head);
      }
      assert.ok(Date.now() < deadline, `not ended in ${END_LIMIT_MS} ms: ${JSON.stringify(living)}`);
    }
  }
}
