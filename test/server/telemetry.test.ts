import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import type { EventRow } from '../../actors/host/contract.ts';
import { ControlError } from '../../schemas/errors.ts';
import { conforms } from '../../server/contracts.ts';
import { intersect } from '../../server/telemetry/filters.ts';
import { type Harness, openHarness, sharedHarness, uuid } from './harness.ts';
import { Stream, type StreamOptions } from './stream.ts';

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const texts = (count: number, size = 1) => range(1, count).map((i) => `${i} `.padEnd(size, '.'));

async function subscribe(h: Harness, frame: Record<string, unknown> = {}, options: StreamOptions = {}) {
  const stream = new Stream(h, options);
  await stream.send({ type: 'subscribe', ...frame });
  return stream;
}

describe('a subscription', () => {
  it('replays in order, says when it is caught up, and goes on live', async (t) => {
    const h = await openHarness(t);
    await h.note(...texts(300));
    const before = h.host.head;
    const stream = await subscribe(h, { cursor: '0' });
    await stream.frame('caught_up');
    await h.note('live');
    await stream.upTo(before + 1);
    assert.deepEqual(stream.cursors, range(1, before + 1));
    const kinds = stream.frames.map(({ type }) => type);
    assert.equal(kinds[0], 'subscribed');
    assert.equal(kinds.filter((kind) => kind === 'caught_up').length, 1);
    assert.equal(kinds.indexOf('caught_up'), before + 1, 'after the replay, before the live');
    for (const frame of stream.frames) assert.deepEqual(conforms('troupe:stream#/$defs/ServerFrame', frame), []);
    stream.end();
  });

  it('without a cursor hears only what comes from now on', async (t) => {
    const h = await openHarness(t);
    await h.note('before');
    const stream = await subscribe(h);
    const { cursor } = await stream.frame('subscribed');
    assert.equal(cursor, String(h.host.head));
    assert.equal((await stream.frame('caught_up')).cursor, cursor);
    await h.note('after');
    await stream.upTo(Number(cursor) + 1);
    assert.deepEqual(stream.cursors, [Number(cursor) + 1]);
    stream.end();
  });

  it('misses and repeats nothing while the log grows under its replay, in memory and out of it', async (t) => {
    const h = await openHarness(t, { telemetry: { tailRows: 50 } });
    await h.note(...texts(500));
    const streams: Stream[] = [];
    for (let i = 0; i < 10; i++) {
      streams.push(await subscribe(h, { cursor: String(i * 40) }));
      await h.note(...texts(60));
    }
    const { head } = h.host;
    for (const [i, stream] of streams.entries()) {
      await stream.upTo(head);
      assert.deepEqual(stream.cursors, range(i * 40 + 1, head));
      assert.equal(stream.frames.filter(({ type }) => type === 'caught_up').length, 1);
      stream.end();
    }
  });

  it('is resumed by cursor after the connection broke, in the middle of a flow', async (t) => {
    const h = await openHarness(t);
    const heard: number[] = [];
    const sent = range(1, 20).map(() => h.send({ target: { platform: 'x' } }));
    for (let round = 0; round < 15; round++) {
      const stream = await subscribe(h, { cursor: String(heard.at(-1) ?? 0) });
      await stream.until(({ events, frames }) => events.length > 3 || frames.some(({ type }) => type === 'caught_up'));
      stream.end();
      heard.push(...stream.cursors);
      await stream.closed;
    }
    for (const answer of await Promise.all(sent)) await h.ended(answer.body.command_id);
    const { head } = h.host;
    const last = await subscribe(h, { cursor: String(heard.at(-1) ?? 0) });
    if ((heard.at(-1) ?? 0) < head) await last.upTo(head);
    heard.push(...last.cursors);
    assert.deepEqual(heard, range(1, heard.length));
    assert.ok(heard.length >= head);
    last.end();
  });

  it('is replaced by another on the same connection, and ended by unsubscribe', async (t) => {
    const h = await openHarness(t);
    await h.note('one', 'two');
    const stream = await subscribe(h, { cursor: '0' });
    await stream.frame('caught_up');
    const first = stream.events.length;
    await stream.send({ type: 'subscribe', cursor: '1' });
    await stream.frame('caught_up', 1);
    assert.deepEqual(stream.cursors.slice(first), range(2, h.host.head));
    await stream.send({ type: 'unsubscribe' });
    await stream.frame('unsubscribed');
    const heard = stream.events.length;
    await h.note('three');
    await stream.send({ type: 'ping' });
    await stream.frame('pong');
    assert.equal(stream.events.length, heard);
    await stream.send({ type: 'subscribe', cursor: String(h.host.head - 1) });
    await stream.frame('caught_up', 2);
    assert.equal(stream.cursors.at(-1), h.host.head);
    stream.end();
  });

  it('carries the transitions of a command as they are in the log', async (t) => {
    const h = await openHarness(t);
    const correlation_id = uuid();
    const stream = await subscribe(h, { filters: { correlation_id, actor_kinds: ['command'] } });
    await stream.frame('caught_up');
    const { body } = await h.send({ correlation_id });
    const view = await h.ended(body.command_id);
    await stream.upTo(Number(view.last_cursor));
    const page = (await h.api('GET', `/v1/events?limit=500&actor_kinds=command&correlation_id=${correlation_id}`)).body;
    assert.deepEqual(stream.events, page.items);
    assert.equal(stream.events.at(-1)?.payload.to, 'SUCCEEDED');
    stream.end();
  });
});

describe('filters', () => {
  const shared = sharedHarness();

  it('of query and frame both apply, in replay and live alike', async () => {
    const { h } = shared;
    const run = async (account_id: string) => {
      const { body } = await h.send({ target: { account_id, platform: 'x' } });
      return Number((await h.ended(body.command_id)).last_cursor);
    };
    const replayed = await run('ann');
    await run('ben');
    const filters = { actor_kinds: ['command'], severity: ['info'] };
    const query = '?account_id=ann&event_types=status.changed,action.verified';
    const stream = await subscribe(h, { cursor: '0', filters }, { query });
    await stream.frame('caught_up');
    assert.ok(stream.cursors.includes(replayed));
    await run('ben');
    const live = await run('ann');
    await stream.upTo(live);
    for (const event of stream.events) {
      assert.equal(event.target.account_id, 'ann');
      assert.equal(event.payload.actor.kind, 'command');
      assert.equal(event.severity, 'info');
      assert.ok(['status.changed', 'action.verified'].includes(event.type));
    }
    const all = await subscribe(h, { cursor: '0', filters: { account_id: 'ann' } });
    await all.frame('caught_up');
    const expected = all.events.filter(
      ({ type, severity, payload }) =>
        payload.actor.kind === 'command' && severity === 'info' && ['status.changed', 'action.verified'].includes(type)
    );
    assert.deepEqual(stream.events, expected);
    for (const open of [stream, all]) open.end();
  });

  it('that contradict each other let nothing through, and the subscription lives', async () => {
    const { h } = shared;
    const stream = await subscribe(h, { cursor: '0', filters: { account_id: 'ben' } }, { query: '?account_id=ann' });
    assert.equal((await stream.frame('caught_up')).cursor, String(h.host.head));
    assert.deepEqual(stream.events, []);
    stream.end();
  });

  it('are met in pairs', () => {
    assert.deepEqual(intersect({ severity: ['info', 'warn'] }, { severity: ['warn', 'error'] }), {
      severity: ['warn']
    });
    assert.deepEqual(intersect({ session_id: 'a' }, { platform: 'x', severity: [] }), {
      session_id: 'a',
      platform: 'x'
    });
    assert.equal(intersect({ severity: ['info'] }, { severity: ['error'] }), undefined);
    assert.equal(intersect({ session_id: 'a' }, { session_id: 'b' }), undefined);
  });
});

describe('a gap', () => {
  it('is told for a cursor the log has not reached, which then goes on from its head', async (t) => {
    const h = await openHarness(t);
    const stream = await subscribe(h, { cursor: '1000000' });
    const head = String(h.host.head);
    const gap = await stream.frame('gap');
    assert.deepEqual(gap, { type: 'gap', from: '1000000', to: head, reason: 'unknown_cursor' });
    await stream.frame('caught_up');
    await h.note('on');
    await stream.upTo(Number(head) + 1);
    assert.deepEqual(stream.cursors, [Number(head) + 1]);
    stream.end();
  });

  it('is told for what retention took, and then comes what there is', async (t) => {
    let tail = 1;
    const h = await openHarness(t, { around: (host) => pruned(host, () => tail), telemetry: { tailRows: 10 } });
    await h.note(...texts(100));
    tail = 41;
    const stream = await subscribe(h, { cursor: '5' });
    await stream.frame('caught_up');
    assert.deepEqual(await stream.frame('gap'), { type: 'gap', from: '6', to: '40', reason: 'retention' });
    assert.deepEqual(stream.cursors, range(41, h.host.head));
    const page = (await h.api('GET', '/v1/events?cursor=5&limit=10')).body;
    assert.deepEqual(page.gap, { from: '6', to: '40', reason: 'retention' });
    assert.equal(page.items[0].cursor, '41');
    const first = (await h.api('GET', '/v1/events?limit=1')).body;
    assert.equal(first.gap, undefined, 'who names no cursor misses nothing');
    stream.end();
  });
});

/** The host with a log whose rows before `tail()` are gone. */
const pruned = (host: Harness['host'], tail: () => number): Harness['host'] => {
  const journal = new Proxy(host.journal, {
    get(target, key) {
      if (key === 'bounds') return async () => ({ ...(await target.bounds()), tail: tail() });
      if (key === 'readEvents') {
        return async (after: number, limit: number, filter: object) =>
          target.readEvents(Math.max(after, tail() - 1), limit, filter);
      }
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    }
  });
  return new Proxy(host, {
    get(target, key) {
      if (key === 'journal') return journal;
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    }
  });
};

describe('a slow client', () => {
  it('is buffered within bounds, delays nobody, and misses nothing', async (t) => {
    const highWaterBytes = 64 * 1024;
    const size = 32 * 1024;
    const h = await openHarness(t, { telemetry: { highWaterBytes, tailRows: 20 } });
    const slow = await subscribe(h, { cursor: '0' });
    await slow.frame('caught_up');
    slow.socket.pause();
    const fast = await subscribe(h, { cursor: '0' });
    await fast.frame('caught_up');

    let most = 0;
    const connections = () => [...(h.plane.app.ws.server?.clients ?? [])];
    h.host.onCommit(() => {
      most = Math.max(most, ...connections().map(({ bufferedAmount }) => bufferedAmount));
    });
    for (let round = 0; round < 20; round++) await h.note(...texts(40, size));
    const { head } = h.host;
    await fast.upTo(head);
    assert.deepEqual(fast.cursors, range(1, head));
    console.log(
      JSON.stringify(fast.events[5]).length,
      h.plane.size,
      most,
      slow.events.length,
      head,
      connections().map((c) => c.bufferedAmount)
    );
    assert.ok(slow.events.length < head / 2, 'the slow one is far behind');
    assert.ok(connections().some(({ bufferedAmount }) => bufferedAmount > 0));
    assert.ok(most < highWaterBytes + 4 * size, `${most} bytes were kept for one client`);

    slow.socket.resume();
    await slow.upTo(head);
    assert.deepEqual(slow.cursors, range(1, head));
    for (const stream of [slow, fast]) stream.end();
  });
});

describe('a named consumer', () => {
  it('resumes where it acknowledged', async (t) => {
    const h = await openHarness(t);
    await h.note(...texts(20));
    const first = await subscribe(h, { cursor: '0', consumer: 'books' });
    await first.frame('caught_up');
    await first.send({ type: 'ack', cursor: '7' });
    assert.deepEqual(await first.frame('acked'), { type: 'acked', cursor: '7' });
    first.end();
    await first.closed;
    const again = await subscribe(h, { consumer: 'books' });
    await again.frame('caught_up');
    assert.deepEqual(again.cursors, range(8, h.host.head));
    const others = await subscribe(h, { consumer: 'books' }, { token: await h.token(['read:*'], 'other') });
    await others.frame('caught_up');
    assert.deepEqual(others.cursors, [], 'the name is its own for each service');
    for (const stream of [again, others]) stream.end();
  });

  it('never goes back, and is written once for many acks', async (t) => {
    let writes = 0;
    const h = await openHarness(t, {
      around: (host) =>
        new Proxy(host, {
          get(target, key) {
            const value = Reflect.get(target, key, target);
            if (key === 'write') writes += 1;
            return typeof value === 'function' ? value.bind(target) : value;
          }
        })
    });
    await h.note(...texts(600));
    const stream = await subscribe(h, { cursor: '0', consumer: 'books' });
    await stream.frame('caught_up');
    writes = 0;
    for (const cursor of range(1, 500)) await stream.send({ type: 'ack', cursor: String(cursor) });
    await stream.until(({ frames }) => frames.filter(({ type }) => type === 'acked').length === 500);
    assert.ok(writes < 250, `${writes} writes`);
    await stream.send({ type: 'ack', cursor: '3' });
    assert.equal((await stream.frame('acked', 500)).cursor, '500');
    const [row] = await h.host.journal.find('consumers', { name: 'books' });
    assert.equal(row?.cursor, 500);
    stream.end();
  });

  it('cannot acknowledge what it was not sent, nor without a name', async (t) => {
    const h = await openHarness(t);
    const ahead = await subscribe(h, { consumer: 'books' });
    await ahead.send({ type: 'ack', cursor: '999999' });
    assert.equal((await ahead.frame('error')).code, 'ACK_AHEAD');
    assert.equal((await ahead.closed).code, 4009);
    const nameless = await subscribe(h);
    await nameless.send({ type: 'ack', cursor: '1' });
    assert.equal((await nameless.frame('error')).code, 'FRAME_MALFORMED');
    assert.equal((await nameless.closed).code, 4009);
  });
});

describe('a connection is closed', () => {
  const shared = sharedHarness({ telemetry: { frameBytes: 4096 } });

  const refusals: [
    name: string,
    code: number,
    error: string,
    frame: object | string | Buffer,
    options?: StreamOptions
  ][] = [
    ['without a token', 4001, 'UNAUTHENTICATED', { type: 'subscribe' }, { token: null }],
    ['with a wrong token', 4001, 'UNAUTHENTICATED', { type: 'subscribe' }, { token: 'trp_wrong' }],
    [
      'with a wrong token in the protocol',
      4001,
      'UNAUTHENTICATED',
      { type: 'subscribe' },
      { token: null, protocols: ['bearer.trp_wrong'] }
    ],
    ['for an unknown query parameter', 4009, 'QUERY_INVALID', { type: 'subscribe' }, { query: '?colour=red' }],
    ['for a wrong query parameter', 4009, 'QUERY_INVALID', { type: 'subscribe' }, { query: '?severity=loud' }],
    ['for what is not JSON', 4009, 'FRAME_MALFORMED', '{"type":'],
    ['for a binary frame', 4009, 'FRAME_MALFORMED', Buffer.from('{"type":"subscribe"}')],
    ['for a list', 4009, 'FRAME_MALFORMED', '[]'],
    ['for an unknown frame', 4009, 'FRAME_MALFORMED', { type: 'dance' }],
    ['for a frame of ours', 4009, 'FRAME_MALFORMED', { type: 'subscribed', cursor: '1' }],
    ['for an unknown field', 4009, 'FRAME_MALFORMED', { type: 'subscribe', colour: 'red' }],
    ['for an unknown filter', 4009, 'FRAME_MALFORMED', { type: 'subscribe', filters: { colour: 'red' } }],
    ['for a cursor that is none', 4009, 'FRAME_MALFORMED', { type: 'subscribe', cursor: '-1' }],
    ['for a cursor that no number holds', 4009, 'CURSOR_INVALID', { type: 'subscribe', cursor: '9007199254740993' }],
    ['for a cursor as a number', 4009, 'FRAME_MALFORMED', { type: 'subscribe', cursor: 1 }],
    ['for a frame nested too deep', 4009, 'FRAME_MALFORMED', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`],
    ['for a frame too large', 4009, 'FRAME_TOO_LARGE', { type: 'subscribe', consumer: 'x'.repeat(5000) }]
  ];
  for (const [name, code, error, frame, options] of refusals) {
    it(`${name}, after saying ${error}`, async () => {
      const stream = new Stream(shared.h, options);
      await stream.send(frame);
      assert.equal((await stream.closed).code, code);
      const said = stream.frames.filter(({ type }) => type === 'error');
      assert.deepEqual(
        said.map((frame) => frame.type === 'error' && frame.code),
        [error]
      );
      assert.deepEqual(conforms('troupe:stream#/$defs/ServerFrame', said[0]), []);
      assert.equal(stream.frames.at(-1)?.type, 'error', 'nothing comes after it');
    });
  }

  it('for a token that may not read', async () => {
    const { h } = shared;
    const stream = new Stream(h, { token: await h.token(['flow.run:*']) });
    assert.equal((await stream.closed).code, 4003);
    assert.equal((await stream.frame('error')).code, 'FORBIDDEN');
  });

  it('when its token is revoked while it listens', async (t) => {
    const h = await openHarness(t, { telemetry: { pingMs: 20 } });
    const token = await h.token(['read:*']);
    const stream = await subscribe(h, {}, { token });
    await stream.frame('caught_up');
    const { tokenId } = await h.tokens.authenticate(token);
    await h.tokens.revoke(tokenId);
    assert.equal((await stream.closed).code, 4001);
  });

  it('when it does not subscribe in time', async (t) => {
    const h = await openHarness(t, { telemetry: { subscribeMs: 50 } });
    const stream = new Stream(h);
    assert.equal((await stream.closed).code, 4008);
    assert.equal((await stream.frame('error')).code, 'SUBSCRIBE_TIMEOUT');
  });

  it('when nothing is heard of it, and not while it answers pings', async (t) => {
    const h = await openHarness(t, { telemetry: { pingMs: 20, silentMs: 2_000 } });
    const dead = await subscribe(h, {}, { autoPong: false });
    await dead.frame('caught_up');
    const alive = await subscribe(h);
    await alive.frame('caught_up');
    assert.equal((await dead.closed).code, 1006);
    assert.equal(alive.socket.readyState, WebSocket.OPEN);
    alive.end();
  });

  it('when the process ends, saying so', async () => {
    const ends: (() => Promise<void>)[] = [];
    const h = await openHarness({ after: (end) => void ends.push(end) });
    const stream = await subscribe(h);
    await stream.frame('caught_up');
    for (const end of ends) await end();
    assert.equal((await stream.closed).code, 1001);
    assert.equal(h.plane.size, 0);
  });

  it('with INTERNAL when the log cannot be read, and the text stays in our log', async (t) => {
    let broken = false;
    const h = await openHarness(t, {
      telemetry: { tailRows: 2 },
      around: (host) => {
        const journal = new Proxy(host.journal, {
          get(target, key) {
            if (key === 'readEvents' && broken) return () => Promise.reject(new Error('secret path'));
            const value = Reflect.get(target, key, target);
            return typeof value === 'function' ? value.bind(target) : value;
          }
        });
        return new Proxy(host, {
          get(target, key) {
            if (key === 'journal') return journal;
            const value = Reflect.get(target, key, target);
            return typeof value === 'function' ? value.bind(target) : value;
          }
        });
      }
    });
    await h.note(...texts(20));
    broken = true;
    const stream = await subscribe(h, { cursor: '0' });
    assert.equal((await stream.closed).code, 1011);
    const error = await stream.frame('error');
    assert.equal(error.code, 'INTERNAL');
    assert.ok(!error.message.includes('secret'));
    assert.ok(h.logged.some((line) => line.includes('secret path')));
  });
});

describe('the handshake', () => {
  const shared = sharedHarness();

  it('takes the token as a browser can send it, and names a protocol back', async () => {
    const { h } = shared;
    for (const [protocols, expected] of [
      [[`bearer.${h.admin}`], `bearer.${h.admin}`],
      [['troupe', `bearer.${h.admin}`], 'troupe']
    ] as const) {
      const stream = await subscribe(h, {}, { token: null, protocols: [...protocols] });
      await stream.frame('caught_up');
      assert.equal(stream.socket.protocol, expected);
      stream.end();
    }
  });

  it('is refused elsewhere, and plain HTTP is told what this is', async () => {
    const { h } = shared;
    const elsewhere = new WebSocket(h.stream.replace('/stream', '/other'));
    const refused = await new Promise<Error>((resolve) => elsewhere.once('error', resolve));
    assert.match(refused.message, /404/);
    const url = h.stream.replace('ws:', 'http:');
    const plain = await fetch(url);
    assert.equal(plain.status, 426);
    assert.equal(((await plain.json()) as { code: string }).code, 'UPGRADE_REQUIRED');
    assert.equal((await fetch(url.replace('/stream', '/other'))).status, 404);
  });

  it('is refused when there are too many', async (t) => {
    const h = await openHarness(t, { telemetry: { connections: 1 } });
    const first = await subscribe(h);
    await first.frame('caught_up');
    const second = new WebSocket(h.stream);
    assert.match((await new Promise<Error>((resolve) => second.once('error', resolve))).message, /503/);
    first.end();
  });

  it('on a port that is taken is PORT_IN_USE', async (t) => {
    const h = await openHarness(t);
    const { createTelemetryPlane } = await import('../../server/telemetry/plane.ts');
    const { hostname, port } = new URL(h.stream);
    const { logger } = await import('./quiet.ts');
    const plane = createTelemetryPlane({
      ...h.deps,
      limits: {},
      logger,
      tell: async () => assert.fail('nothing is told')
    });
    await assert.rejects(
      plane.listen({ host: hostname, port: Number(port) }),
      (error) => error instanceof ControlError && error.code === 'PORT_IN_USE'
    );
  });
});

describe('a row of the log', () => {
  it('is announced once, in the order of cursors', async (t) => {
    const h = await openHarness(t);
    const rows: EventRow[] = [];
    h.host.onCommit((batch) => rows.push(...batch));
    const from = h.host.head;
    await Promise.all([h.note(...texts(50)), ...range(1, 10).map(() => h.send({ target: { platform: 'x' } }))]);
    assert.deepEqual(
      rows.map(({ cursor }) => cursor),
      range(from + 1, from + rows.length)
    );
  });
});
