import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Example } from './catalogue.ts';
import { Hands } from './hands.ts';
import { HostedStage, type Storage } from './hosted-stage.ts';
import type { Outcome, Stage } from './life.ts';
import { PlainStage } from './plain-stage.ts';

/** One thing that happens to a machine, the same on both sides. */
export type Happening =
  /** One of the events the state accepts now. */
  | { pick: number; andCrash?: true }
  | { send: { type: string; [key: string]: unknown }; andCrash?: true }
  | { advance: number }
  | { settle: number; outcome: Outcome }
  | { settleLate: number; outcome: Outcome }
  | { crash: true };

export const happening = ({ events, outcomes, times }: Example): fc.Arbitrary<Happening> => {
  const settles = outcomes.length === 0 ? [] : [{ arbitrary: outcome(outcomes, 'settle'), weight: 4 }];
  const late = outcomes.length === 0 ? [] : [{ arbitrary: outcome(outcomes, 'settleLate'), weight: 1 }];
  return fc.oneof(
    { arbitrary: fc.nat(99).map((pick) => ({ pick })), weight: 6 },
    { arbitrary: fc.constantFrom(...events).map((send) => ({ send })), weight: 2 },
    { arbitrary: fc.constantFrom(...times).map((advance) => ({ advance })), weight: 3 },
    ...(settles as { arbitrary: fc.Arbitrary<Happening>; weight: number }[]),
    ...(late as { arbitrary: fc.Arbitrary<Happening>; weight: number }[]),
    { arbitrary: fc.constant({ crash: true } as const), weight: 1 },
    { arbitrary: fc.nat(99).map((pick) => ({ pick, andCrash: true }) as const), weight: 1 }
  );
};

const outcome = (outcomes: readonly Outcome[], field: 'settle' | 'settleLate') =>
  fc
    .tuple(fc.constantFrom(0, 0, 1, 2), fc.constantFrom(...outcomes))
    .map(([index, outcome]) => ({ [field]: index, outcome }) as unknown as Happening);

async function happen(stage: Stage, it: Exclude<Happening, { pick: number }>) {
  if ('send' in it) return stage.send(it.send, it.andCrash);
  if ('advance' in it) return stage.advance(it.advance);
  if ('settle' in it) return stage.settle(it.settle, it.outcome);
  if ('settleLate' in it) return stage.settleLate(it.settleLate, it.outcome);
  return stage.crash();
}

export type Subject = Pick<Example, 'kind' | 'machine' | 'input'> & Partial<Pick<Example, 'events'>>;

/**
 * Runs both sides through the same and compares them after each happening.
 * @returns the side here, ended, for what else a test wants to know of it.
 * @throws AssertionError naming the happening after which they differ.
 */
export async function compare(
  { kind, machine, input, events = [] }: Subject,
  happenings: readonly Happening[],
  storage: Storage
): Promise<{ hosted: HostedStage; states: string[] }> {
  const hands = new Hands();
  const plain = new PlainStage(machine(hands), input, hands);
  const hosted = new HostedStage({ kind, machine, hands: () => new Hands(), input, storage });
  const states: string[] = [];
  try {
    await Promise.all([plain.begin(), hosted.begin()]);
    await same('at birth');
    for (const [index, given] of happenings.entries()) {
      const it = 'pick' in given ? { ...given, send: picked(given.pick) } : given;
      await happen(plain, it);
      await happen(hosted, it);
      await same(`after happening ${index + 1}, ${JSON.stringify(it)}`);
    }
  } finally {
    await plain.end();
    await hosted.end();
  }
  return { hosted, states };

  function picked(index: number) {
    const legal = plain.legal(events);
    return legal[index % legal.length] ?? { type: 'nothing.is.legal' };
  }

  async function same(when: string) {
    const [there, here] = [await plain.picture(), await hosted.picture()];
    assert.deepEqual(here, there, `${kind}: ${when}`);
    states.push(JSON.stringify(here.lives['']?.value));
  }
}

/** Where both sides are after the happenings, for what is known to differ. */
export async function both({ kind, machine, input }: Subject, happenings: readonly Happening[], storage: Storage) {
  const hands = [new Hands(), new Hands()] as const;
  const plain = new PlainStage(machine(hands[0]), input, hands[0]);
  const hosted = new HostedStage({ kind, machine, hands: () => hands[1], input, storage });
  for (const stage of [plain, hosted]) {
    await stage.begin();
    for (const it of happenings) await happen(stage, it as Exclude<Happening, { pick: number }>);
  }
  const pictures = { there: await plain.picture(), here: await hosted.picture(), rows: hosted.rows };
  await plain.end();
  await hosted.end();
  return pictures;
}
