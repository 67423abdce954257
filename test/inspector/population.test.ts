import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LiveActor, Population } from '../../inspector/state/population.ts';
import { type Tone, toneOf } from '../../inspector/state/tone.ts';

const STATES = [
  'QUEUED.waiting',
  'RUNNING.PREPARING.looking',
  'AWAITING_APPROVAL.asking',
  'FAILED',
  'SUCCEEDED',
  'CLOSED'
];
const KINDS = ['command', 'session', 'approval'];
const TONES: Tone[] = ['run', 'wait', 'ask', 'good', 'bad', 'idle'];

/** The same numbers in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

function actor(
  kind: string,
  id: string,
  state: string,
  since: number,
  status: LiveActor['status'] = 'active'
): LiveActor {
  const address = `${kind}/${id}`;
  return { address, kind, id, state, status, why: null, since, lastCursor: '1', accountId: null, platform: null };
}

describe('the population of the page', () => {
  it('counts and orders as if it went through all, whatever moves, stays, ends and is let go', () => {
    const below = numbers(7);
    const population = new Population();
    for (let at = 1; at <= 5_000; at++) {
      const [kind, id] = [KINDS[below(3)] as string, String(below(60))];
      const known = population.get(`${kind}/${id}`);
      if (below(12) === 0) population.remove(`${kind}/${id}`);
      else if (known && below(3) === 0) population.put({ ...known, why: `told at ${at}` });
      else population.put(actor(kind, id, STATES[below(6)] as string, at, below(9) === 0 ? 'error' : 'active'));
      if (at % 250 === 0) agrees(population);
    }
    population.settle();
    agrees(population);
    population.clear();
    assert.equal(population.size, 0);
    assert.equal(population.living().size, 0);
  });

  it('is in order once it is settled, in whatever order it was read', () => {
    const population = new Population();
    for (const since of [3, 1, 2]) population.put(actor('command', String(since), 'QUEUED', since));
    population.settle();
    assert.deepEqual([...population.living().keys()], ['command/1', 'command/2', 'command/3']);
  });
});

function agrees(population: Population): void {
  const all = [...population.values()];
  for (const kind of KINDS) {
    const counts: Record<string, number> = {};
    for (const { state } of all.filter((one) => one.kind === kind && one.status === 'active')) {
      counts[state] = (counts[state] ?? 0) + 1;
    }
    const sorted = (entries: Iterable<[string, number]>) => [...entries].sort(([a], [b]) => a.localeCompare(b));
    assert.deepEqual(sorted(population.statesOf(kind)), sorted(Object.entries(counts)));
  }
  const work = all.filter(({ kind }) => kind !== 'approval').sort((a, b) => a.since - b.since);
  for (const tone of TONES) {
    const own = work.filter((one) => toneOf(one) === tone && (one.status === 'active' || tone === 'bad'));
    assert.deepEqual([...population.toned(tone).values()], own, tone);
  }
  const living = work.filter(({ status, state }) => status === 'active' && !/^(SUCCEEDED|CLOSED)/.test(state));
  assert.deepEqual([...population.living().values()], living);
}
