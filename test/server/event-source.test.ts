import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { EventEnvelope } from '../../schemas/generated/contracts.ts';
import { assertServerSent } from '../support/described-frames.ts';
import { type Harness, openHarness } from './harness.ts';

interface Message {
  event: string;
  id: string | null;
  data: Record<string, unknown>;
}

/** As a browser's EventSource reads it, over a connection that can be cut. */
class Source {
  readonly messages: Message[] = [];
  readonly #cut = new AbortController();
  readonly #done: Promise<void>;
  #woken = () => {};

  constructor(t: TestContext, h: Harness, query = '', headers: Record<string, string> = {}) {
    this.#done = this.#read(h, query, headers);
    t.after(() => this.cut());
  }

  get rows(): EventEnvelope[] {
    return this.messages.filter(({ event }) => event === 'message').map(({ data }) => data as unknown as EventEnvelope);
  }
  get cursors(): number[] {
    return this.rows.map(({ cursor }) => Number(cursor));
  }
  get lastId(): string | undefined {
    return this.messages.findLast(({ id }) => id !== null)?.id ?? undefined;
  }

  async until(holds: (source: this) => boolean): Promise<this> {
    while (!holds(this)) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#woken = resolve;
        }),
        this.#done.then(() => {
          if (!holds(this)) throw new Error(`ended first; heard ${JSON.stringify(this.messages.slice(-2))}`);
        })
      ]);
    }
    return this;
  }

  named = (event: string) => this.until(({ messages }) => messages.some((one) => one.event === event));
  end = () => this.#done;

  async cut(): Promise<void> {
    this.#cut.abort();
    await this.#done;
  }

  async #read(h: Harness, query: string, headers: Record<string, string>): Promise<void> {
    try {
      const response = await fetch(`${h.url}/v1/stream${query}`, {
        headers: { accept: 'text/event-stream', authorization: `Bearer ${h.admin}`, ...headers },
        signal: this.#cut.signal
      });
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
        this.#woken();
      }
    } catch (error) {
      // Cut off by either side: what was heard stays.
      const isCut = this.#cut.signal.aborted || (error as Error).message === 'terminated';
      if (!isCut) throw error;
    }
  }

  #take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
    );
    const data = fields.get('data');
    if (data === undefined) return;
    const message: Message = {
      event: fields.get('event') ?? 'message',
      id: fields.get('id') ?? null,
      data: JSON.parse(data)
    };
    assertServerSent(message.event, message.data);
    this.messages.push(message);
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe('the log as Server-Sent Events', () => {
  it('replays in order, says when it is caught up, and goes on live', async (t) => {
    const h = await openHarness(t);
    await h.note(...range(1, 250).map(String));
    const before = h.host.head;
    const source = new Source(t, h, '?cursor=0');
    await source.named('caught_up');
    assert.deepEqual(source.cursors, range(1, before));
    assert.equal(source.messages[0]?.event, 'subscribed');
    await h.note('live');
    await source.until(({ cursors }) => cursors.at(-1) === before + 1);
    assert.ok(
      source.rows.every(
        (row, at) => source.messages.find(({ id }) => id === row.cursor) && row.cursor === String(at + 1)
      )
    );
  });

  it('misses and repeats nothing over many cuts, by Last-Event-ID alone', async (t) => {
    const h = await openHarness(t);
    const writing = (async () => {
      for (const round of range(1, 40)) await h.note(...range(1, 20).map((at) => `${round}.${at}`));
    })();
    const heard: number[] = [];
    let last: string | undefined;
    for (let cut = 0; cut < 25; cut++) {
      // The address stays what it was: where the client got to is in the header, as an EventSource sends it.
      const source = new Source(t, h, '?cursor=0', last === undefined ? {} : { 'last-event-id': last });
      await source.until(
        ({ rows, messages }) => rows.length >= 7 || messages.some(({ event }) => event === 'caught_up')
      );
      await source.cut();
      heard.push(...source.cursors);
      last = source.lastId ?? last;
    }
    await writing;
    const rest = new Source(t, h, '', { 'last-event-id': last ?? '0' });
    await rest.until(({ messages }) => messages.some(({ event }) => event === 'caught_up'));
    heard.push(...rest.cursors);
    assert.deepEqual(heard, range(1, h.host.head));
  });

  it('is filtered at the server, and hears only what comes when it names no cursor', async (t) => {
    const h = await openHarness(t);
    await h.note('before');
    const source = new Source(t, h, '?event_types=note.added');
    await source.named('caught_up');
    await h.send();
    await h.note('after');
    await source.until(({ rows }) => rows.length > 0);
    assert.deepEqual(
      source.rows.map(({ type, payload }) => [type, payload.text]),
      [['note.added', 'after']]
    );
  });

  it('says what is missing when the cursor is none of this log', async (t) => {
    const h = await openHarness(t);
    const source = new Source(t, h, '?cursor=999999');
    await source.named('gap');
    const gap = source.messages.find(({ event }) => event === 'gap');
    assert.deepEqual(gap?.data, { from: '999999', to: String(h.host.head), reason: 'unknown_cursor' });
  });

  it('feeds who does not read no further than a socket holds, and others all the same', async (t) => {
    const h = await openHarness(t);
    await h.note(...range(1, 200).map((at) => `${at} `.padEnd(20_000, '.')));
    const lazy = await fetch(`${h.url}/v1/stream?cursor=0`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${h.admin}` }
    });
    const quick = new Source(t, h, '?cursor=0');
    await quick.named('caught_up');
    assert.equal(quick.cursors.length, h.host.head);
    // What it left unread is still there, in order, when it begins to read.
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of lazy.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes('event: caught_up')) break;
    }
    const ids = [...text.matchAll(/\n\nid: (\d+)\ndata/g)].map((match) => Number(match[1]));
    assert.deepEqual(ids, range(1, h.host.head));
  });

  it('ends when the process is told to stop', async (t) => {
    const h = await openHarness(t);
    const source = new Source(t, h);
    await source.named('caught_up');
    h.drain();
    await source.end();
  });

  it('refuses other media types, bad cursors and whoever may not read events', async (t) => {
    const h = await openHarness(t);
    const ask = (headers: Record<string, string>, query = '', token?: string) =>
      h.api('GET', `/v1/stream${query}`, { headers, ...(token === undefined ? {} : { token }) });
    const accept = 'text/event-stream';
    const json = await ask({ accept: 'application/json' });
    assert.deepEqual([json.status, json.body.code], [406, 'NOT_ACCEPTABLE']);
    const cursor = await ask({ accept, 'last-event-id': 'x' });
    assert.deepEqual([cursor.status, cursor.body.code], [400, 'CURSOR_INVALID']);
    const unknown = await ask({ accept }, '?colour=red');
    assert.deepEqual([unknown.status, unknown.body.code], [400, 'QUERY_INVALID']);
    const other = await ask({ accept }, '', await h.token(['flow.run:*']));
    assert.deepEqual([other.status, other.body.code], [403, 'FORBIDDEN']);
  });
});
