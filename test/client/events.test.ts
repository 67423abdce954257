import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createClient } from '../../client/index.ts';
import { type OpenSocket, openInBrowser, openSocket } from '../../client/socket.ts';
import { listen } from '../../client/stream.ts';
import { sharedHarness } from '../server/harness.ts';
import { cuttingProxy } from '../support/cutting-proxy.ts';

const shared = sharedHarness();
const origin = (stream: string) => stream.replace('/v1/stream', '');
const clientAt = (telemetryUrl = origin(shared.h.stream)) =>
  createClient({ url: shared.h.url, telemetryUrl, token: shared.h.admin, service: 'admin' });

describe('the events of a client', () => {
  it('come each once and in order, though the connection is cut many times', { timeout: 300_000 }, async (t) => {
    const { h } = shared;
    const proxy = await cuttingProxy(t, Number(new URL(h.stream).port));
    const cursor = await clientAt().head();
    const wanted = Array.from({ length: 120 }, (_, i) => `cut ${i}`);
    // Half of it is replayed, half comes while it listens.
    for (const text of wanted.slice(0, 60)) await h.note(text);
    const later = wanted.slice(60);
    const heard: string[] = [];
    let lost = 0;
    const stream = clientAt(`ws://${proxy.host}`).events({
      cursor,
      filters: { actor_kinds: ['notes'] },
      onLost: () => lost++
    });
    for await (const event of stream) {
      heard.push((event.payload as unknown as { text: string }).text);
      const next = heard.length >= 60 ? later.shift() : undefined;
      if (next) await h.note(next);
      if (heard.length % 10 === 0) proxy.cut();
      if (heard.length === wanted.length) break;
    }
    assert.deepEqual(heard, wanted);
    assert.ok(lost >= 5, `cut ${lost} times`);
  });

  it('wait for a slow reader: what is kept for it is bounded, and nothing is lost', { timeout: 300_000 }, async () => {
    const { h } = shared;
    const cursor = await clientAt().head();
    const wanted = Array.from({ length: 1_300 }, (_, i) => `slow ${i}`);
    for (let i = 0; i < wanted.length; i += 100) await h.note(...wanted.slice(i, i + 100));
    for (const [name, open] of [
      ['held back', openSocket],
      ['closed, as a browser must', browsers()]
    ] as const) {
      let holds = 0;
      let sockets = 0;
      const counted: OpenSocket = async (...args) => {
        sockets++;
        const socket = await open(...args);
        return {
          ...socket,
          hold: () => {
            holds++;
            socket.hold();
          }
        };
      };
      const endpoint = { telemetryUrl: origin(h.stream), token: h.admin };
      const cursors: number[] = [];
      for await (const frame of listen(endpoint, { cursor, filters: { actor_kinds: ['notes'] } }, counted)) {
        assert.notEqual(frame.type, 'gap');
        if (frame.type === 'event') cursors.push(Number(frame.event.cursor));
        // Others have their turn, as while a reader writes to a database: until it was held back once.
        for (let turns = 0; holds === 0 && turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
        if (cursors.length === wanted.length) break;
      }
      assert.ok(holds > 0, name);
      assert.ok(open === openSocket ? sockets === 1 : sockets > 1, `${name}: ${sockets} sockets`);
      assert.equal(new Set(cursors).size, wanted.length, name);
      assert.deepEqual(
        cursors,
        [...cursors].sort((a, b) => a - b),
        name
      );
    }
  });

  it('begin with what comes from now on when there is no cursor, also behind a cut', {
    timeout: 300_000
  }, async (t) => {
    const { h } = shared;
    const proxy = await cuttingProxy(t, Number(new URL(h.stream).port));
    await h.note('before');
    const heard: string[] = [];
    let lost = false;
    for await (const event of clientAt(`ws://${proxy.host}`).events({
      filters: { actor_kinds: ['notes'] },
      onSubscribed: () => proxy.cut(),
      onLost: () => {
        if (!lost) void h.note('while nobody was connected');
        lost = true;
      }
    })) {
      heard.push((event.payload as unknown as { text: string }).text);
      break;
    }
    assert.deepEqual(heard, ['while nobody was connected']);
  });

  it('throw for a cursor that the log does not know, or say so and go on', { timeout: 300_000 }, async () => {
    const { h } = shared;
    await assert.rejects(clientAt().events({ cursor: '999999999' }).next(), {
      name: 'TroupeError',
      code: 'EVENTS_GONE'
    });
    const gaps: string[] = [];
    const stream = clientAt().events({
      cursor: '999999999',
      filters: { actor_kinds: ['notes'] },
      onGap: ({ reason }) => void gaps.push(reason),
      onCaughtUp: () => void h.note('behind the gap')
    });
    const { value } = await stream.next();
    assert.equal(value?.type, 'note.added');
    await stream.return();
    assert.deepEqual(gaps, ['unknown_cursor']);
  });

  it('end with the signal and with the loop, and leave no connection behind', { timeout: 300_000 }, async () => {
    const { h } = shared;
    const ending = new AbortController();
    const stream = clientAt().events({ signal: ending.signal, onSubscribed: () => ending.abort() });
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
    assert.deepEqual(await clientAt().events({ signal: AbortSignal.abort() }).next(), { done: true, value: undefined });
    for await (const _ of clientAt().events({ cursor: '0' })) break;
    while (h.plane.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('are refused with the code of the server', { timeout: 300_000 }, async () => {
    const { h } = shared;
    const at = (token: string) => createClient({ url: h.url, telemetryUrl: origin(h.stream), token });
    await assert.rejects(at('none').events().next(), { code: 'UNAUTHENTICATED' });
    await assert.rejects(
      at(await h.token(['flow.run:*']))
        .events()
        .next(),
      { code: 'FORBIDDEN' }
    );
    const filters = { severity: ['loud' as 'info'] };
    await assert.rejects(clientAt().events({ filters }).next(), { code: 'FRAME_MALFORMED' });
  });

  it('give up when nobody answers', { timeout: 300_000 }, async (t) => {
    const proxy = await cuttingProxy(t, 1);
    let lost = 0;
    const stream = clientAt(`ws://${proxy.host}`).events({ retries: 2, onLost: () => lost++ });
    await assert.rejects(stream.next(), { code: 'UNREACHABLE', status: 0 });
    assert.equal(lost, 2);
  });
});

/** The branch for browsers, on a WebSocket with the browser's interface: that of `ws` has it. */
function browsers(): OpenSocket {
  return async (...args) => {
    const { WebSocket } = await import('ws');
    const globals = globalThis as unknown as { WebSocket?: unknown };
    const before = globals.WebSocket;
    globals.WebSocket = WebSocket;
    try {
      return await openInBrowser(...args);
    } finally {
      if (before === undefined) delete globals.WebSocket;
      else globals.WebSocket = before;
    }
  };
}
