import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { selectorMachine } from '../../machines/selector.ts';
import type { Finding, Healed } from '../../machines/selector-context.ts';
import { Rehearsal } from '../support/rehearsal.ts';

const print = { role: 'button', tag: 'button', name: 'post', attributes: {}, classes: [], around: [], near: [] };
const near = (selector = '#send', sure = true): Healed => ({
  selector,
  likeness: 0.8,
  second: 0.1,
  sure,
  fingerprint: { ...print, name: selector }
});
const finding = (state: Finding['state'], healed: Healed | null = null): Finding => ({
  name: 'post.submit',
  state,
  tried: [{ selector: '#post', found: state === 'ok' ? 1 : 0 }],
  selector: state === 'ok' ? '#post' : null,
  fingerprint: state === 'ok' ? print : null,
  healed,
  why: state === 'ok' ? null : 'it is not there'
});
const ok = () => finding('ok');
const healed = (selector?: string, sure?: boolean) => finding('healed', near(selector, sure));

class Entry extends Rehearsal {
  #sweeps = 0;

  constructor() {
    super('selector', selectorMachine, { platform: 'example', name: 'post.submit' }, 'example:post.submit');
  }

  /** The next sweep, or the one that is given. */
  sweep(found: Finding, commandId = `sweep-${++this.#sweeps}`): this {
    this.send({ type: 'selector.found', finding: found, sweep: true, commandId });
    return this;
  }

  met(found: Finding, commandId = 'c1'): this {
    this.send({ type: 'selector.found', finding: found, sweep: false, commandId });
    return this;
  }

  decide(decision: 'accept' | 'reject', selector?: string): boolean {
    return this.send({ type: 'selector.decide', decision, by: 'ann', ...(selector ? { selector } : {}) });
  }

  settled(commandId = 'c1') {
    return this.tells.filter(({ to }) => to === `command/${commandId}`).map(({ event }) => event.outcome);
  }
}

describe('an entry of the selector registry', () => {
  it('keeps what a look found, and tells the stream of each sweep', () => {
    const e = new Entry().sweep(ok()).sweep(ok());
    assert.equal(e.state, 'ok');
    assert.deepEqual([e.context.selector, e.context.fingerprint, e.context.why], ['#post', print, null]);
    assert.deepEqual(e.context.counts, { ok: 2, ambiguous: 0, healed: 0, missing: 0 });
    assert.deepEqual(e.types, ['selector.changed', 'selector.changed', 'selector.changed']);
    assert.equal(e.writes.length, 2);
    assert.deepEqual(
      e.writes.map(({ into }) => into),
      ['selector_sweeps', 'selector_sweeps']
    );
  });

  it('says missing with what was tried, from a transition', () => {
    const e = new Entry().sweep(ok()).sweep(finding('missing'));
    const row = e.rows.at(-1)!;
    assert.deepEqual([row.type, row.severity, row.payload.to], ['selector.missing', 'error', 'missing']);
    assert.deepEqual(row.payload.tried, [{ selector: '#post', found: 0 }]);
    assert.equal(e.context.fingerprint, print, 'what it looked like is not forgotten');
  });

  it('accepts by itself after three sweeps in a row that find the same, surely', () => {
    const e = new Entry().sweep(ok()).sweep(healed()).sweep(healed());
    assert.equal(e.state, 'healed');
    e.sweep(healed());
    assert.equal(e.state, 'ok');
    assert.equal(e.context.version, 2);
    assert.deepEqual(
      e.context.promoted.map((one: { selector: string; by: string; version: number }) => [
        one.selector,
        one.by,
        one.version
      ]),
      [['#send', 'sweeps', 2]]
    );
    assert.equal(e.context.fingerprint.name, '#send');
  });

  it('begins to count anew when a sweep finds another, none, or it well', () => {
    for (const between of [healed('#other'), finding('missing'), finding('ambiguous'), ok()]) {
      const e = new Entry().sweep(healed()).sweep(healed()).sweep(between).sweep(healed()).sweep(healed());
      assert.equal(e.state, 'healed', between.state);
      assert.equal(e.context.healed.cleanSweeps, 2);
    }
  });

  it('counts a sweep once, however often it is told of it, and a command’s look never', () => {
    const e = new Entry();
    for (let i = 0; i < 5; i += 1) e.sweep(healed(), 'the same').met(healed());
    assert.equal(e.state, 'healed');
    assert.equal(e.context.healed.cleanSweeps, 1);
    assert.equal(e.context.counts.healed, 1);
  });

  it('is accepted by nobody but a person when it is not sure', () => {
    const e = new Entry();
    for (let i = 0; i < 10; i += 1) e.sweep(healed('#send', false));
    assert.equal(e.state, 'healed');
    assert.ok(e.decide('accept'));
    assert.equal(e.state, 'ok');
    assert.deepEqual([e.context.promoted[0].by, e.context.promoted[0].decidedBy], ['person', 'ann']);
  });

  it('takes a decision only about what is in quarantine', () => {
    const e = new Entry();
    assert.equal(e.decide('accept'), false);
    e.sweep(healed('#new'));
    assert.equal(e.decide('accept', '#old'), false);
    assert.equal(e.decide('reject', '#old'), false);
    assert.equal(e.decide('accept', '#new'), true);
    assert.equal(e.decide('accept', '#new'), false);
  });

  it('never heals again to what a person rejected, and takes a promoted one back', () => {
    const e = new Entry().sweep(healed());
    e.decide('reject');
    assert.equal(e.state, 'missing');
    e.sweep(healed());
    assert.equal(e.state, 'missing');
    assert.match(e.context.why, /#send.*rejected/);
    e.sweep(healed('#other'));
    e.decide('accept');
    assert.equal(e.decide('reject', '#other'), true);
    assert.deepEqual([e.state, e.context.promoted, e.context.version], ['missing', [], 3]);
    assert.deepEqual(e.context.rejected, ['#send', '#other']);
  });

  it('tells the commands that wait, once', () => {
    const wait = (e: Entry, commandId = 'c1') =>
      e.met(healed('#send'), commandId).send({ type: 'selector.awaited', commandId, selector: '#send' });
    const accepted = new Entry();
    wait(accepted);
    wait(accepted, 'c2');
    wait(accepted);
    assert.deepEqual(accepted.context.waiting, ['c1', 'c2']);
    accepted.decide('accept');
    assert.deepEqual(
      [accepted.settled(), accepted.settled('c2'), accepted.context.waiting],
      [['accepted'], ['accepted'], []]
    );
    const rejected = new Entry();
    wait(rejected);
    rejected.decide('reject');
    assert.deepEqual(rejected.settled(), ['rejected']);
    const back = new Entry();
    wait(back);
    back.sweep(ok());
    assert.deepEqual(back.settled(), ['accepted'], 'the layout is as it was: look again');
    const late = new Entry().sweep(ok());
    late.send({ type: 'selector.awaited', commandId: 'c1', selector: '#send' });
    assert.deepEqual(late.settled(), ['accepted']);
    const refused = new Entry().sweep(healed());
    refused.decide('reject');
    wait(refused);
    assert.deepEqual(refused.settled(), ['rejected']);
  });

  it('says after a month that nobody has looked, and goes on', () => {
    const e = new Entry().sweep(ok()).advance(31 * 24 * 3_600_000);
    assert.equal(e.state, 'ok');
    assert.match(e.context.why, /30 days/);
    assert.equal(e.sweep(ok()).context.why, null);
  });

  it('promotes nothing without a person or three clean sweeps, whatever it is told in whatever order', () => {
    const told = fc.record({
      found: fc.oneof(
        fc.constantFrom(ok(), finding('missing'), finding('ambiguous')),
        fc.record({ selector: fc.constantFrom('#a', '#b'), sure: fc.boolean() }).map((h) => healed(h.selector, h.sure))
      ),
      sweep: fc.boolean()
    });
    fc.assert(
      fc.property(fc.array(told, { maxLength: 15 }), (looks) => {
        const e = new Entry();
        let streak: string[] = [];
        for (const { found, sweep } of looks) {
          const before = e.context.promoted.length;
          if (sweep) e.sweep(found);
          else e.met(found);
          const same = found.state === 'healed' && streak.every((one) => one === found.healed?.selector);
          streak = found.state !== 'healed' ? [] : same ? streak : [];
          if (sweep && found.healed) streak.push(found.healed.selector);
          if (e.context.promoted.length > before) {
            assert.ok(streak.length >= 3 && found.healed?.sure, `promoted after ${streak}`);
            streak = [];
          }
        }
      })
    );
  });
});
