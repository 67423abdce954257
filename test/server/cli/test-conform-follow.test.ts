/** A monitor on a whole instance, which drives nothing; what lies is a stream in between. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import type { EventEnvelope, GapFrame, MachineSummary } from '../../../schemas/generated/contracts.ts';
import { sharedInstance, troupe } from './harness.ts';

const COMMENT = ['comment_on_post', '--platform', 'example', '--param', 'post_url=http://127.0.0.1:9/post/1'];
const TIMEOUT = { timeout: 300_000 };
const shared = sharedInstance();

/** null: it is kept back. */
type Lie = (event: EventEnvelope, near: WebSocket) => EventEnvelope | GapFrame | null;

/** The stream of the instance, with each of its events as `lie` has it. */
async function lyingStream(t: TestContext, lie: Lie): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on('connection', (near, request) => {
    const { authorization = '' } = request.headers;
    const far = new WebSocket(`${shared.instance.endpoints.telemetry}${request.url}`, { headers: { authorization } });
    const asked: string[] = [];
    far.on('open', () => {
      for (const text of asked.splice(0)) far.send(text);
    });
    near.on('message', (data) =>
      far.readyState === WebSocket.OPEN ? far.send(String(data)) : asked.push(String(data))
    );
    far.on('message', (data) => {
      const frame = JSON.parse(String(data));
      const said = frame.type === 'event' ? lie(frame.event, near) : frame;
      if (said !== null) near.send(JSON.stringify('payload' in said ? { ...frame, event: said } : said));
    });
    far.on('error', () => near.terminate()).on('close', () => near.terminate());
    near.on('error', () => far.terminate()).on('close', () => far.terminate());
  });
  await new Promise<void>((resolve) => server.once('listening', () => resolve()));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What is read over REST, with one answer as `say` has it. */
async function controlThatSays(t: TestContext, path: string, say: (body: unknown) => unknown): Promise<string> {
  const server = createServer(async (request, response) => {
    const { authorization = '' } = request.headers;
    const answer = await fetch(`${shared.instance.endpoints.control}${request.url}`, { headers: { authorization } });
    const body: unknown = await answer.json();
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(request.url === path ? say(body) : body));
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const follow = (telemetry: string, flags: string[] = [], options = {}) => {
  const token = readFileSync(join(shared.data, 'admin.token'), 'utf8').trim();
  const way = ['--url', shared.instance.endpoints.control, '--telemetry-url', telemetry, '--data', shared.data];
  return troupe(['test', 'conform', '--follow', ...way, ...flags], { env: { TROUPE_TOKEN: token }, ...options });
};
const replay = (telemetry: string, flags: string[] = []) =>
  follow(telemetry, ['--cursor', '0', '--until', 'caught-up', ...flags]);

async function raised(): Promise<EventEnvelope[]> {
  const { json } = await troupe([
    ...['tail', '--data', shared.data, '--cursor', '0', '--until', 'caught-up', '--type', 'alert.raised']
  ]);
  return json;
}

const isEnd = ({ payload }: EventEnvelope) => payload.actor.kind === 'command' && payload.to === 'SUCCEEDED';

describe('troupe test conform --follow', () => {
  let log: EventEnvelope[] = [];
  before(async () => {
    const ran = await troupe(['run', ...COMMENT, '--data', shared.data, '--param', 'text=one', '--wait']);
    assert.equal(ran.code, 0, ran.err);
    log = (await troupe(['tail', '--data', shared.data, '--cursor', '0', '--until', 'caught-up'])).json;
  });

  it('finds nothing in what runs as it must, raises nothing, and ends with 0', TIMEOUT, async () => {
    const { code, json, err } = await replay(shared.instance.endpoints.telemetry);
    assert.equal(code, 0, err);
    const [result, ...more] = json;
    assert.deepEqual(more, []);
    assert.deepEqual(
      [result.type, result.conforms, result.versions, result.not_judged, result.alerts],
      ['result', true, 'of the deployment', [], { told: 0, untold: 0 }]
    );
    assert.ok(result.legal > 10 && result.rows >= log.length, JSON.stringify(result));
    assert.match(err, /judged by the machines that the deployment has now/);
    assert.deepEqual(await raised(), []);
  });

  it('raises an alert for a move that there is none of: one, also when it looks a second time', TIMEOUT, async (t) => {
    const end = log.find(isEnd) ?? assert.fail('a command has ended');
    const lying = await lyingStream(t, (event) =>
      event.cursor === end.cursor ? { ...event, payload: { ...event.payload, to: 'NOWHERE' } } : event
    );
    for (const time of ['first', 'second']) {
      const { code, json, err } = await replay(lying);
      assert.equal(code, 1, err);
      const illegal = json.filter(({ type }) => type === 'illegal');
      assert.deepEqual(
        illegal.map(({ cursor, why }) => [cursor, why]),
        [[Number(end.cursor), 'state NOWHERE is not in the machine']]
      );
      assert.deepEqual([json.at(-1).violations, json.at(-1).alerts], [1, { told: 1, untold: 0 }], time);
      const alerts = await raised();
      assert.equal(alerts.length, 1, time);
      const { at_cursor, about, rule, source } = (alerts[0] ?? assert.fail('there is one')).payload;
      assert.deepEqual(
        [at_cursor, about, rule, source],
        [
          end.cursor,
          [`command/${end.payload.actor.id}`],
          'every move is one of the machine',
          'troupe test conform --follow'
        ]
      );
    }
    const shown = await follow(lying, ['--cursor', '0', '--until', 'caught-up'], { columns: 120 });
    assert.match(shown.out, /illegal[\s\S]*NOWHERE[\s\S]*alert [0-9a-f]{32}\n[\s\S]*it does not conform: 1 violations/);
  });

  it('raises one for an event that was kept back, and goes on after it', TIMEOUT, async (t) => {
    const at = log.findIndex((event, i) => i > 3 && log[i + 1]?.payload.actor.kind === 'command' && !isEnd(event));
    const hidden = log[at]?.cursor ?? assert.fail('there is such an event');
    const next = Number(hidden) + 1;
    const before = await raised();
    const lying = await lyingStream(t, (event) => (event.cursor === hidden ? null : event));
    const { code, json } = await replay(lying);
    assert.equal(code, 1);
    const hole = json.filter(({ type }) => type === 'cursor');
    assert.deepEqual(
      hole.map(({ cursor, why }) => [cursor, why]),
      [[next, `cursor ${hidden} is missing`]]
    );
    assert.ok(json.at(-1).rows > next, 'what came after it was judged too');
    const fresh = (await raised()).slice(before.length);
    assert.equal(fresh.length, json.at(-1).alerts.told);
    assert.equal(fresh.filter(({ payload }) => payload.rule === 'cursors have no hole').length, 1);
    await replay(lying);
    assert.equal((await raised()).length, before.length + fresh.length);
  });

  it('goes on where it was when the stream was lost, and finds nothing in that', TIMEOUT, async (t) => {
    let isCut = false;
    const lying = await lyingStream(t, (event, near) => {
      if (isCut || event.cursor !== log[5]?.cursor) return event;
      isCut = true;
      near.terminate();
      return null;
    });
    const { code, json, err } = await replay(lying);
    assert.equal(code, 0, err);
    assert.ok(isCut);
    assert.match(err, /the stream was lost/);
    assert.equal(json.at(-1).cursors.missing, 0);
  });

  it('tells rows that are gone, and judges all after them anew: it raises nothing', TIMEOUT, async (t) => {
    const before = await raised();
    const [from, to] = [log[5]?.cursor, log[12]?.cursor].map(Number) as [number, number];
    const lying = await lyingStream(t, (event) => {
      const cursor = Number(event.cursor);
      if (cursor === to) return { type: 'gap', from: String(from), to: event.cursor, reason: 'retention' };
      return cursor >= from && cursor < to ? null : event;
    });
    const { code, json, err } = await replay(lying);
    assert.equal(code, 0, err);
    assert.match(err, new RegExp(`events ${from} to ${to} are gone \\(retention\\)`));
    const { inconclusive, violations } = json.at(-1);
    assert.equal(violations, 0);
    assert.ok(inconclusive.some(({ why }: { why: string }) => why.includes('all after it is judged anew')));
    assert.equal((await raised()).length, before.length);
  });

  it('raises none for what is about an alert: there would be no end of them', TIMEOUT, async (t) => {
    const before = await raised();
    assert.ok(before.length > 0);
    const lying = await lyingStream(t, (event) =>
      event.type === 'alert.raised' ? { ...event, payload: { ...event.payload, to: 'NOWHERE' } } : event
    );
    const { code, json } = await replay(lying);
    assert.equal(code, 1);
    assert.ok(json.filter(({ type }) => type === 'illegal').length >= before.length);
    assert.equal((await raised()).length, before.length);
  });

  it('hears what happens while it listens, and ends with what it has seen at Ctrl-C', TIMEOUT, async (t) => {
    const ending = new AbortController();
    const lying = await lyingStream(t, (event) =>
      isEnd(event) ? { ...event, payload: { ...event.payload, to: 'NOWHERE' } } : event
    );
    const before = await raised();
    const followed = follow(lying, [], {
      signal: ending.signal,
      onOut: (out: string) => out.includes('"type":"alert"') && ending.abort()
    });
    // It hears from now on only what comes after it has begun: commands are sent until one was heard.
    for (let n = 0; !ending.signal.aborted; n++) {
      const ran = await troupe(['run', ...COMMENT, '--data', shared.data, '--param', `text=live ${n}`, '--wait']);
      assert.equal(ran.code, 0, ran.err);
    }
    const { code, json } = await followed;
    assert.equal(code, 1);
    assert.equal(json.at(-1).type, 'result');
    assert.ok((await raised()).length > before.length);
  });

  it('says once that its token may not raise alerts, and goes on printing', TIMEOUT, async (t) => {
    const made = await troupe(['token', 'create', '--service', 'watcher', '--allow', 'read:*', '--data', shared.data]);
    const before = await raised();
    const lying = await lyingStream(t, (event) =>
      isEnd(event) ? { ...event, payload: { ...event.payload, to: 'NOWHERE' } } : event
    );
    const { code, json, err } = await replay(lying, ['--token', made.json[0].token]);
    assert.equal(code, 1, err);
    assert.ok(json.filter(({ type }) => type === 'illegal').length > 1);
    assert.equal(err.match(/no alert could be raised/g)?.length, 1);
    assert.equal(json.at(-1).alerts.untold, json.at(-1).violations);
    assert.equal((await raised()).length, before.length);
  });

  it(
    'judges by the machines of this release when it may not read those of the deployment, and says so',
    TIMEOUT,
    async () => {
      const made = await troupe([
        'token',
        'create',
        '--service',
        'reader',
        '--allow',
        'read:events',
        '--data',
        shared.data
      ]);
      const { code, json, err } = await replay(shared.instance.endpoints.telemetry, ['--token', made.json[0].token]);
      assert.equal(code, 0, err);
      assert.match(err, /judged by the machines of this release: the token may not read those of the deployment/);
      assert.deepEqual([json.at(-1).versions, json.at(-1).not_judged], ['assumed', []]);
      assert.ok(json.at(-1).legal > 10);
    }
  );

  it('takes no hole for a fault with a token that is bound to accounts, and says so', TIMEOUT, async () => {
    const target = ['--account', 'alice', '--param', 'text=hers'];
    const ran = await troupe(['run', ...COMMENT, ...target, '--data', shared.data, '--wait']);
    assert.equal(ran.code, 0, ran.err);
    const own = ['--service', 'hers', '--allow', 'read:*', '--account', 'alice'];
    const made = await troupe(['token', 'create', ...own, '--data', shared.data]);
    const { code, json, err } = await replay(shared.instance.endpoints.telemetry, ['--token', made.json[0].token]);
    assert.equal(code, 0, err);
    assert.match(err, /bound to accounts: missing cursors are no fault/);
    const { rows, cursors, legal } = json.at(-1);
    assert.ok(legal > 5 && rows < cursors.to - cursors.from, JSON.stringify(json.at(-1)));
  });

  it('does not judge moves of a kind of which several versions live, and counts them', TIMEOUT, async (t) => {
    const control = await controlThatSays(t, '/v1/machines', (body) => {
      const { items } = body as { items: MachineSummary[] };
      for (const { kind, versions } of items) {
        if (kind === 'command') versions.push({ version: 'before', label: null, role: 'former', live: 1 });
      }
      return body;
    });
    const { code, json, err } = await replay(shared.instance.endpoints.telemetry, ['--url', control]);
    assert.equal(code, 0, err);
    const [not, ...more] = json.at(-1).not_judged;
    assert.deepEqual(
      [not.kind, not.why, more],
      ['command', 'actors of several versions live, and the stream does not say which is which', []]
    );
    assert.ok(not.rows > 5 && json.at(-1).legal > 5);
  });

  it('refuses what does not go together, and says why', TIMEOUT, async () => {
    const wrong: [argv: string[], said: RegExp][] = [
      [['--follow', 'log.jsonl'], /--follow reads a running instance, and no LOG: leave out 'log\.jsonl'/],
      [['--follow', '--limit', '3'], /--limit is for a LOG/],
      [['--follow', '--until', 'noon', '--data', shared.data], /--until 'noon' is not 'caught-up'/],
      [['log.jsonl', '--url', 'http://x'], /--url is for --follow/],
      [['log.jsonl', '--telemetry-url', 'ws://x'], /--telemetry-url is for --follow/],
      [[], /name a LOG, or --follow an instance/]
    ];
    for (const [argv, said] of wrong) {
      const { code, err } = await troupe(['test', 'conform', ...argv]);
      assert.equal(code, 2, err);
      assert.match(err, said);
    }
  });
});
