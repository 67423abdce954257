/** What one client may have of it, over all its connections, and that another does not notice. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { type Answer, openHarness } from './harness.ts';
import { Stream } from './stream.ts';

describe('a client that asks too often', () => {
  it('hears 429 and when to come again, whichever of its tokens it asks with, and another is served', async (t) => {
    const h = await openHarness(t, { limits: { requests: 2 } });
    const [first, second, other] = [
      await h.token(['read:*'], 'eager'),
      await h.token(['read:*'], 'eager'),
      await h.token(['read:*'], 'patient')
    ];
    const ask = (at: number) => h.api('GET', '/v1/flows', { token: at % 2 ? first : second });
    let over: Answer[] = [];
    while (over.length === 0) {
      const asked = await Promise.all(Array.from({ length: 20 }, (_, at) => ask(at)));
      over = asked.filter(({ status }) => status === 429);
    }
    for (const { headers, body } of over) {
      assert.equal(body.code, 'RATE_LIMITED');
      assert.ok(Number(headers.get('retry-after')) >= 1);
    }
    assert.equal((await h.api('GET', '/v1/flows', { token: other })).status, 200);
    assert.equal((await h.api('GET', '/health', { token: null })).status, 200);
  });
});

describe('the stream', () => {
  it('takes so many connections of one client, and of another all the same', async (t) => {
    const h = await openHarness(t, { telemetry: { clientConnections: 2 } });
    const token = await h.token(['read:*'], 'many');
    const open = async (bearer: string) => {
      const stream = new Stream(h, { token: bearer });
      await stream.send({ type: 'subscribe' });
      await stream.frame('caught_up');
      return stream;
    };
    const [first, second] = [await open(token), await open(token)];
    const third = new Stream(h, { token });
    assert.equal((await third.closed).code, 1013);
    assert.equal((await third.frame('error')).code, 'CLIENT_STREAMS_FULL');
    const other = await open(h.admin);
    first.socket.close();
    await first.closed;
    while (h.plane.size > 2) await new Promise(setImmediate);
    const again = await open(token);
    for (const stream of [second, other, again]) stream.end();
  });

  it('takes so many subscriptions of one client a minute, over all its connections', async (t) => {
    const h = await openHarness(t, { telemetry: { subscribesPerMinute: 3 } });
    const streams = [new Stream(h), new Stream(h)];
    for (const stream of streams) await stream.send({ type: 'subscribe' });
    const [first, second] = streams as [Stream, Stream];
    await first.frame('caught_up');
    await second.frame('caught_up');
    await first.send({ type: 'subscribe' });
    await first.frame('subscribed', 1);
    await second.send({ type: 'subscribe' });
    assert.equal((await second.closed).code, 1013);
    assert.equal((await second.frame('error')).code, 'SUBSCRIBED_TOO_OFTEN');
    const other = new Stream(h, { token: await h.token(['read:*'], 'other') });
    await other.send({ type: 'subscribe' });
    await other.frame('caught_up');
    for (const stream of [first, other]) stream.end();
  });

  it('as Server-Sent Events too', async (t) => {
    const h = await openHarness(t, { limits: { streams: 1 } });
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${h.admin}` };
    const held = new AbortController();
    const first = await fetch(`${h.url}/v1/stream`, { headers, signal: held.signal });
    assert.equal(first.status, 200);
    const second = await h.api('GET', '/v1/stream', { headers });
    assert.deepEqual([second.status, second.body.code], [429, 'CLIENT_STREAMS_FULL']);
    const other = await h.token(['read:*'], 'other');
    const theirs = await fetch(`${h.url}/v1/stream`, {
      headers: { ...headers, authorization: `Bearer ${other}` },
      signal: held.signal
    });
    assert.equal(theirs.status, 200);
    held.abort();
    // Its place is free again as soon as it is gone.
    for (;;) {
      const again = new AbortController();
      const { status } = await fetch(`${h.url}/v1/stream`, { headers, signal: again.signal });
      again.abort();
      if (status === 200) break;
      await new Promise(setImmediate);
    }
  });
});

describe('a client that does not read', () => {
  it('what it asked for is hung up on, and holds nothing any more', async (t) => {
    const h = await openHarness(t, { http: { idleMs: 500 } });
    const socket = connect(Number(new URL(h.url).port), '127.0.0.1');
    socket.pause();
    const ask = `GET /v1/machines/command HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${h.admin}\r\n\r\n`;
    socket.on('error', () => {});
    // More than the kernel takes for it; it hears of nothing, as long as it does not read.
    socket.write(ask.repeat(2_000));
    while ((await h.connections()) === 0) await new Promise(setImmediate);
    while ((await h.connections()) > 0) await new Promise(setImmediate);
    socket.destroy();
  });
});
