import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Inbox, inOrder } from '../../../actors/host/inbox.ts';

const tell = (id: string, from: string | null = 'a/1', to = 'b/1') => ({ id, from, to, event: { type: 'x' } });
const [one, two, three] = [tell('a/1#1.0'), tell('a/1#1.1'), tell('a/1#2.0')];

describe('the inbox', () => {
  it('delivers in the order of the sender’s steps, whatever the order of arrival', () => {
    const inbox = new Inbox();
    for (const told of [one, two, three]) inbox.expect(told);
    assert.deepEqual(inbox.arrive(three), []);
    assert.deepEqual(inbox.arrive(one), [one]);
    assert.deepEqual(inbox.arrive(two), [two, three]);
  });

  it('drops what was heard, and what nobody sent', () => {
    const inbox = new Inbox();
    inbox.expect(one);
    assert.deepEqual(inbox.arrive(one), [one]);
    assert.deepEqual(inbox.arrive(one), []);
    assert.deepEqual(inbox.arrive(two), []);
  });

  it('delivers once what arrives twice while it waits for an earlier one', () => {
    const inbox = new Inbox();
    for (const told of [one, two, two]) inbox.expect(told);
    assert.deepEqual([inbox.arrive(two), inbox.arrive(two), inbox.arrive(one)], [[], [], [one, two]]);
  });

  it('lets no sender wait for another, and no receiver for another', () => {
    const inbox = new Inbox();
    const others = [tell('a/2#1.0', 'a/2'), tell('a/1#1.5', 'a/1', 'b/2')];
    for (const told of [one, ...others]) inbox.expect(told);
    for (const told of others) assert.deepEqual(inbox.arrive(told), [told]);
  });
});

describe('an outbox that is found in any order, and twice', () => {
  it('is put in order by number, not by text, and once', () => {
    const late = tell('a/1#10.0');
    const other = tell('c/1#1.0', 'c/1');
    assert.deepEqual(inOrder([late, other, three, one, two, one]), [one, other, two, three, late]);
  });

  it('knows what came back to its sender from what was told', () => {
    const [back, again] = [tell('a/1#3.0!', null), tell('a/1#12.0!', null)];
    assert.deepEqual(inOrder([again, back]), [back, again]);
  });
});
