import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { accountMachine, placeFor } from '../../machines/account.ts';
import { limitsOf, nextPlace } from '../../machines/account-limits.ts';
import type { AccountSettings, ActionLimits } from '../../schemas/generated/contracts.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (text: string) => Date.parse(text);
const none: ActionLimits = { per_hour: null, per_day: null, apart_s: null, hours: null };
const when = (limits: Partial<ActionLimits>, others: number[], now: number, zone = 'UTC') => {
  const found = nextPlace({ ...none, ...limits }, zone, others, now);
  return found && [new Date(found.at).toISOString(), found.limit];
};

describe('the next place', () => {
  const now = at('2026-03-10T12:00:00Z');

  it('is now when nothing speaks against it', () => {
    assert.deepEqual(when({}, [now], now), ['2026-03-10T12:00:00.000Z', null]);
    assert.deepEqual(when({ apart_s: 60, per_hour: 2 }, [now - 61_000], now), ['2026-03-10T12:00:00.000Z', null]);
  });

  it('is so far from the one before, and from the one promised after it', () => {
    assert.deepEqual(when({ apart_s: 60 }, [now - 20_000], now), ['2026-03-10T12:00:40.000Z', 'apart_s']);
    assert.deepEqual(when({ apart_s: 60 }, [now + 30_000], now), ['2026-03-10T12:01:30.000Z', 'apart_s']);
  });

  it('is where the fullest hour, or day, has let one go', () => {
    const two = [now - 50 * MINUTE, now - 10 * MINUTE];
    assert.deepEqual(when({ per_hour: 2 }, two, now), ['2026-03-10T12:10:00.000Z', 'per_hour']);
    assert.deepEqual(when({ per_day: 2 }, two, now), ['2026-03-11T11:10:00.000Z', 'per_day']);
    assert.deepEqual(when({ per_hour: 3 }, two, now), ['2026-03-10T12:00:00.000Z', null]);
  });

  it('is inside the hours of the account’s own clock', () => {
    const hours = { from: '09:00', to: '21:00' };
    assert.deepEqual(when({ hours }, [], at('2026-03-10T21:00:00Z')), ['2026-03-11T09:00:00.000Z', 'hours']);
    assert.deepEqual(when({ hours }, [], at('2026-03-10T20:59:59Z')), ['2026-03-10T20:59:59.000Z', null]);
    const night = { from: '22:30', to: '02:00' };
    assert.deepEqual(when({ hours: night }, [], at('2026-03-10T01:59:00Z')), ['2026-03-10T01:59:00.000Z', null]);
    assert.deepEqual(when({ hours: night }, [], at('2026-03-10T02:00:00Z')), ['2026-03-10T22:30:00.000Z', 'hours']);
    assert.deepEqual(when({ hours }, [], at('2026-03-10T12:00:00Z'), 'Pacific/Auckland'), [
      '2026-03-10T20:00:00.000Z',
      'hours'
    ]);
    assert.deepEqual(when({ hours }, [], at('2026-03-10T01:00:00Z'), 'Asia/Kathmandu'), [
      '2026-03-10T03:15:00.000Z',
      'hours'
    ]);
  });

  it('is right on the days on which clocks change', () => {
    const hours = { from: '09:00', to: '21:00' };
    // Berlin: 02:00 is 03:00 on 29 March, 03:00 is 02:00 on 25 October.
    assert.deepEqual(when({ hours }, [], at('2026-03-28T22:00:00Z'), 'Europe/Berlin'), [
      '2026-03-29T07:00:00.000Z',
      'hours'
    ]);
    assert.deepEqual(when({ hours }, [], at('2026-10-24T22:00:00Z'), 'Europe/Berlin'), [
      '2026-10-25T08:00:00.000Z',
      'hours'
    ]);
    // 02:30 does not come at all: from the first minute that is after it.
    const gone = { from: '02:30', to: '05:00' };
    assert.deepEqual(when({ hours: gone }, [], at('2026-03-29T00:00:00Z'), 'Europe/Berlin'), [
      '2026-03-29T01:00:00.000Z',
      'hours'
    ]);
    // 02:30 comes twice: the first counts.
    assert.deepEqual(when({ hours: gone }, [], at('2026-10-25T00:00:00Z'), 'Europe/Berlin'), [
      '2026-10-25T00:30:00.000Z',
      'hours'
    ]);
  });

  it('never makes one too many in any hour or day, nor two too near, however they come', () => {
    const limits = { per_hour: 3, per_day: 7, apart_s: 300, hours: { from: '09:00', to: '21:00' } };
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 * HOUR }), { minLength: 1, maxLength: 25 }), (pauses) => {
        const sent: number[] = [];
        let clock = at('2026-10-24T06:00:00Z');
        for (const pause of pauses) {
          clock += pause;
          const next = nextPlace(limits, 'Europe/Berlin', sent, clock)!;
          assert.ok(next.at >= clock);
          sent.push(next.at);
        }
        sent.sort((a, b) => a - b);
        for (const one of sent) {
          assert.ok(sent.filter((other) => other > one - HOUR && other <= one).length <= 3);
          assert.ok(sent.filter((other) => other > one - 24 * HOUR && other <= one).length <= 7);
          assert.ok(sent.every((other) => other === one || Math.abs(other - one) >= 300_000));
          assert.equal(when(limits, [], one, 'Europe/Berlin')?.[1], null, 'inside its hours');
        }
        assert.equal(new Set(sent).size, sent.length);
      }),
      { numRuns: 60 }
    );
  });

  it('has defaults for messages of real people, and for nothing else', () => {
    const settings: AccountSettings = { time_zone: 'UTC', approval: 'messages', test_account: false, limits: {} };
    const messages = { per_hour: 10, per_day: 30, apart_s: 60, hours: { from: '09:00', to: '21:00' } };
    assert.deepEqual(limitsOf(settings, 'message'), messages);
    assert.deepEqual(limitsOf(settings, 'comment'), none);
    assert.deepEqual(limitsOf({ ...settings, test_account: true }, 'message'), none);
    const set = { ...settings, limits: { message: { per_hour: 2, hours: null }, like: { per_day: 9 } } };
    assert.deepEqual(limitsOf(set, 'message'), { ...messages, per_hour: 2, hours: null });
    assert.deepEqual(limitsOf(set, 'like'), { ...none, per_day: 9 });
    assert.deepEqual(limitsOf({ ...set, limits: { message: null } }, 'message'), messages);
  });
});

const apart = { per_hour: null, per_day: null, apart_s: 60, hours: null };
function account(message: Partial<ActionLimits> | null = apart) {
  const one = new Rehearsal('account', accountMachine, { platform: 'x', accountId: 'ada' }, 'x:ada');
  one.send({ type: 'account.set', settings: { limits: { message } }, by: 'me' });
  let n = 0;
  const say = (type: string, commandId: string, kind: string | null = 'message') => {
    n += 1;
    one.send({ type, commandId, action: 'SEND', kind, n });
    return one.tells.at(-1)?.event as {
      type: string;
      n: number;
      retryAt: string;
      waitMs: number;
      limit: string;
      why: string;
    };
  };
  return {
    one,
    ask: (commandId: string, kind?: string | null) => say('place.ask', commandId, kind),
    take: (commandId: string, kind?: string) => say('place.take', commandId, kind),
    settle: (commandId: string, ...kept: string[]) => one.send({ type: 'place.settle', commandId, kept }),
    limited: (commandId: string) => {
      one.send({ type: 'account.limited', commandId, why: 'slow down', n: 1 });
      const told = one.tells.findLast(({ to }) => to === `command/${commandId}`)?.event as unknown;
      return told as { retryAt: string; waitMs: number };
    }
  };
}

describe('an account', () => {
  it('gives the last place to one of two, and tells the other when to come', () => {
    const { one, ask, take } = account();
    assert.equal(ask('a').type, 'place.open');
    const told = ask('b');
    assert.equal(told.type, 'place.wait');
    assert.equal(told.limit, 'apart_s');
    assert.match(told.why, /^'ada' sends one of kind message every 60 s; it goes on at /);
    assert.equal(take('a').type, 'place.given');
    one.advance(told.waitMs);
    assert.equal(ask('b').type, 'place.open');
    assert.equal(take('b').type, 'place.given');
  });

  it('judges when it is taken, not when it was promised', () => {
    const { one, ask, take } = account();
    ask('a');
    const told = ask('b');
    one.advance(told.waitMs + 30_000);
    assert.equal(ask('b').type, 'place.open');
    assert.equal(take('a').type, 'place.given', 'who is late takes it all the same');
    const late = take('b');
    assert.equal(late.type, 'place.wait');
    assert.ok(late.waitMs > 59_000 && late.waitMs <= 60_000, `${late.waitMs}`);
  });

  it('gives many that come at once a turn each', () => {
    const { ask } = account({ ...apart, per_hour: 3 });
    const waits = ['a', 'b', 'c', 'd', 'e']
      .map((id) => ask(id))
      .map(({ type, waitMs }) => (type === 'place.open' ? 0 : waitMs));
    for (const [i, ms] of waits.entries()) {
      const due = [0, MINUTE, 2 * MINUTE, HOUR, HOUR + MINUTE][i]!;
      assert.ok(Math.abs(ms - due) < 100, `${i}: ${ms}`);
    }
  });

  it('counts what was sent, gives back what was not, and lets a turn go with its command', () => {
    const { one, ask, take, settle } = account();
    ask('a');
    take('a');
    settle('a');
    assert.equal(take('b').type, 'place.given', 'nothing of a was sent');
    settle('b', 'SEND');
    assert.equal(take('c').type, 'place.wait', 'b was');
    settle('c');
    assert.deepEqual(
      one.context.places.map(({ commandId }: { commandId: string }) => commandId),
      ['b']
    );
  });

  it('asks those that wait to ask again when it is set anew', () => {
    const { one, ask } = account();
    ask('a');
    ask('b');
    one.send({ type: 'account.set', settings: { limits: { message: { ...apart, apart_s: null } } }, by: 'me' });
    assert.deepEqual(
      one.tells.filter(({ event }) => event.type === 'place.again').map(({ to }) => to),
      ['command/a', 'command/b']
    );
    assert.equal(ask('b').type, 'place.open');
    const row = one.rows.findLast(({ type, severity }) => type === 'account.changed' && severity === 'info');
    assert.deepEqual([row?.payload.set_by, row?.subject.account_id], ['me', 'ada']);
  });

  it('counts nothing of what has no limit', () => {
    const { one, ask, take } = account();
    assert.equal(ask('a', 'like').type, 'place.open');
    assert.equal(take('a', 'like').type, 'place.given');
    assert.equal(ask('b', null).type, 'place.open');
    assert.deepEqual(one.context.places, []);
  });

  it('cools down when the site asks for it, twice as long each time, for whatever acts for it', () => {
    const { one, ask, take, limited } = account();
    ask('a');
    ask('w');
    const first = limited('a');
    assert.equal(one.state, 'COOLING');
    assert.equal(first.waitMs, 15 * MINUTE);
    assert.deepEqual(limited('b').retryAt, first.retryAt, 'a second word of the same trouble');
    assert.ok(one.tells.some(({ to, event }) => to === 'command/w' && event.type === 'place.again'));
    for (const told of [ask('c', 'like'), ask('c', null), ask('c'), take('c', 'like'), take('c')]) {
      assert.equal(told.type, 'place.wait');
      assert.equal(told.limit, 'site');
      assert.equal(told.retryAt, first.retryAt);
    }
    one.advance(15 * MINUTE);
    assert.equal(one.state, 'OPEN');
    assert.equal(ask('c', 'like').type, 'place.open');
    assert.equal(limited('d').waitMs, 30 * MINUTE);
    one.advance(30 * MINUTE);
    assert.equal(limited('d').waitMs, 60 * MINUTE);
    one.advance(60 * MINUTE + 24 * HOUR);
    assert.equal(limited('d').waitMs, 15 * MINUTE, 'it is forgotten after a day');
  });

  it('does not keep one back for ever when the clock is put back', () => {
    const { one, ask, take, limited } = account();
    take('a');
    limited('b');
    one.now -= 10 * 24 * HOUR;
    const told = ask('c');
    assert.ok(told.waitMs <= 15 * MINUTE, `${told.waitMs}`);
    const content = { ...one.context, coolDown: null };
    assert.ok(placeFor(content, 'message', one.now, { turns: false })!.at <= one.now + MINUTE);
  });
});
