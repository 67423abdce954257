/** The lane that commands wait in, and the way of their traces into the log, each alone. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Desktop, Done } from '../../../actors/desktop/contract.ts';
import { Macros } from '../../../actors/desktop/macros.ts';
import type { RecipeReply } from '../../../schemas/generated/contracts.ts';
import { RecipeService } from '../../../server/recipes/service.ts';
import type { Trace } from '../../../server/recipes/trace.ts';
import { JournalFeed } from '../../../server/recipes/trace-feed.ts';
import { until } from './harness.ts';

describe('the lane', () => {
  function lane() {
    const waiting: (() => void)[] = [];
    const desktop: Desktop = {
      about: 'waits',
      run: () => new Promise<Done>((resolve) => waiting.push(() => resolve({}))),
      close: async () => {}
    };
    const traces: Trace[] = [];
    const service = new RecipeService({
      desktop,
      macros: new Macros('/nowhere'),
      runFlow: async () => '',
      feed: { push: (trace) => traces.push(trace) }
    });
    const replies: RecipeReply[] = [];
    const say = (text: string) =>
      service.take(
        Buffer.from(text),
        performance.now(),
        'datagram',
        (reply) => reply && replies.push(JSON.parse(reply))
      );
    const take = (id: string, more: object = {}) =>
      say(JSON.stringify({ v: 1, id, type: 'keystroke', key: 'a', timeout_ms: 600_000, ...more }));
    return { service, waiting, traces, replies, take, say };
  }

  it('has places for a thousand, and says busy to the next, whose id may come again', async () => {
    const { waiting, replies, take, service } = lane();
    for (let n = 0; n <= 1_001; n++) take(`r${n}`);
    assert.deepEqual(
      replies.map(({ id, error }) => [id, error?.code]),
      [['r1001', 'busy']]
    );
    const closed = service.close();
    const pump = setInterval(() => {
      for (const go of waiting.splice(0)) go();
    });
    await closed;
    clearInterval(pump);
    assert.equal(replies.filter(({ ok }) => ok).length, 1_001);
    take('r1001');
    take('r5');
    assert.deepEqual(
      replies.slice(-2).map(({ id, ok, error }) => [id, ok, error?.message]),
      [
        ['r1001', false, 'the process is ending; send it again soon'],
        ['r5', true, undefined]
      ]
    );
  });

  it('traces each request once, also one that was refused, with what it was and never with its text', async () => {
    const { waiting, traces, take } = lane();
    take('good', { type: 'batch', key: undefined, commands: [{ type: 'paste', text: 'a secret' }] });
    take('bad', { key: 7, meta: { source: 'me' } });
    take('good', { key: 'b' });
    waiting.shift()?.();
    await until(() => traces.length === 2);
    assert.deepEqual(
      traces.map(({ id, types, decoded, dispatched, error }) => [id, types, decoded, dispatched, error?.code]),
      [
        ['bad', [], false, false, 'invalid_argument'],
        ['good', ['paste'], true, true, undefined]
      ]
    );
    assert.doesNotMatch(JSON.stringify(traces), /a secret/);
  });

  it('tells the log why it refused, and the client alone what of its own words', () => {
    const { traces, replies, take, say } = lane();
    const secret = 'hunter2 "quoted" \'twice\'\u001b[31m';
    for (const text of ['{"text":hunter2}', 'hunter2', '{"v":1,"id":"x","text":"hunter2" hunter2}']) say(text);
    take('type', { type: secret });
    take('version', { v: secret });
    take('field', { [secret.repeat(1_000)]: 1 });
    take('batch', { type: 'batch', commands: [{ type: 'paste', text: 'x' }], key: undefined, [secret]: 1 });
    take('many', { type: 'batch', commands: [{ type: secret.repeat(1_000) }], key: undefined });
    take('mod', { mods: [secret] });
    assert.deepEqual([replies.length, traces.length], [9, 9]);
    const logged = traces.map(({ error }) => error?.message ?? '');
    assert.doesNotMatch(JSON.stringify(logged), /hunter|quoted|twice|\\u001b/);
    assert.ok(logged.every((why) => why.length > 10));
    const told = replies.map(({ error }) => error?.message ?? '');
    assert.ok(told.every((why) => why.length < 400 && /^[^\p{Cc}]+$/u.test(why)));
    assert.match(told[3] ?? '', /^no command "hunter2 /);
  });
});

describe('the way of traces into the log', () => {
  const timing = { recv: 0, decode: 1, dispatch: 0, exec: 1, total: 2 };
  const trace = (id: string): Trace => ({
    id,
    meta: undefined,
    transport: 'datagram',
    types: ['keystroke'],
    decoded: true,
    dispatched: true,
    timing
  });

  it('keeps what the journal refuses, and writes it when it takes it again', async () => {
    const written: unknown[] = [];
    let isFull = true;
    const host = {
      create: async (_: string, input: Record<string, unknown>) => {
        if (isFull) throw new Error('no space left');
        written.push(input.requestId);
        return {} as never;
      }
    };
    const feed = new JournalFeed({ host, busyMs: 1, pauseMs: 1 });
    for (let n = 0; n < 50; n++) feed.push(trace(`t${n}`));
    await until(() => feed.status.failure !== null);
    assert.deepEqual(feed.status, { waiting: 50, lost: 0, failure: 'no space left' });
    isFull = false;
    await until(() => feed.status.waiting === 0 && written.length === 50);
    assert.deepEqual(
      written,
      Array.from({ length: 50 }, (_, n) => `t${n}`)
    );
    assert.equal(feed.status.failure, null);
  });

  it('loses the oldest of a flood, and says how many in the log', async () => {
    const written: Record<string, unknown>[] = [];
    const host = {
      create: async (_: string, input: Record<string, unknown>) => {
        written.push(input);
        return {} as never;
      }
    };
    const feed = new JournalFeed({ host, most: 100 });
    for (let n = 0; n < 1_000; n++) feed.push(trace(`t${n}`));
    const { waiting, lost } = feed.status;
    assert.ok(waiting >= 100 && waiting <= 125, `${waiting} wait`);
    assert.equal(waiting + lost, 1_000);
    await feed.flush(600_000);
    assert.equal(written.length, waiting);
    assert.deepEqual([written[0]?.untraced, written.at(-1)?.requestId], [lost, 't999']);
    assert.ok(written.slice(1).every(({ untraced }) => untraced === 0));
  });
});
