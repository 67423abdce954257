/**
 * What a client can do to the real process over real sockets. After each attack one that behaves is served, and at the end
 * nothing of them is left.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import type { Problem } from '../../schemas/generated/contracts.ts';
import { type Manager, startManager } from '../support/manager.ts';

const MIB = 1024 * 1024;

let manager: Manager;
let drips: Drip[] = [];
let sparse: Record<string, number>;
const ends: (() => unknown)[] = [];

before(async () => {
  manager = await startManager({ after: (end) => ends.push(end) });
  await serves();
  sparse = await gauges();
  // As long as everything else goes on.
  drips = Array.from({ length: 200 }, () => new Drip());
});

afterEach(() => serves());

after(async () => {
  for (const drip of drips) drip.socket.destroy();
  for (const end of ends.reverse()) await end();
});

/** One that behaves: a read, a command to its end, and what the stream tells of it. */
async function serves(): Promise<void> {
  const flows = await manager.request('GET', '/v1/flows');
  assert.equal(flows.status, 200);
  const target = { platform: 'x', account_id: 'well-behaved' };
  const params = { post_url: 'https://x.test/1', text: 'hello' };
  const { command_id } = await manager.send({ target, payload: { flow: 'comment_on_post', params } });
  assert.equal((await manager.commandEnd(command_id)).state, 'SUCCEEDED');
  const stream = await manager.subscribe({ cursor: '0', filters: { command_id } });
  const heard = await stream.until(({ type }) => type === 'caught_up');
  assert.ok(heard.some(({ type }) => type === 'event'));
  await stream.drop();
}

async function gauges(): Promise<Record<string, number>> {
  const { body } = await manager.request<string>('GET', '/metrics');
  return Object.fromEntries([...body.matchAll(/^(\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));
}

/** Half a request, and then nothing. */
class Drip {
  readonly socket: Socket;
  readonly over: Promise<string>;

  constructor() {
    this.socket = connect(portOf(manager.url), '127.0.0.1');
    // What drips its body is held to a longer limit by the same clock: control.test.ts has both, with limits of its own.
    this.socket.write('POST /v1/commands HTTP/1.1\r\nHost: localhost\r\n');
    this.over = heardOf(this.socket);
  }
}

const portOf = (url: string) => Number(new URL(url).port);

/** All that comes until the other side hangs up. */
async function heardOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.on('error', () => {});
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

const closeOf = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));

/** The bytes as they are; resolves when the other side hangs up. */
async function send(bytes: string | Buffer, url = manager.url): Promise<string> {
  const socket = connect(portOf(url), '127.0.0.1');
  socket.write(bytes);
  return heardOf(socket);
}

interface Heard {
  status: number;
  headers: Map<string, string>;
  body: string;
}

function parsed(text: string): Heard {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = new Map(
    lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]).map(([n, v]) => [n.toLowerCase(), v])
  );
  return { status: Number(first.split(' ')[1]), headers, body: rest.join('\r\n\r\n') };
}

/** Exactly one answer, which says no, in our words, with every header that it needs. */
function refused(text: string, statuses: number[], what: string): Problem {
  assert.equal(
    text.match(/HTTP\/1\.1 \d{3}/g)?.length,
    1,
    `${what}: one answer, not ${JSON.stringify(text.slice(0, 400))}`
  );
  const { status, headers, body } = parsed(text);
  assert.ok(statuses.includes(status), `${what}: ${status} ${body.slice(0, 300)}`);
  hardened(headers, what);
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/, what);
  return JSON.parse(body) as Problem;
}

function hardened(headers: Map<string, string>, what: string): void {
  assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
  assert.equal(headers.get('x-frame-options'), 'DENY', what);
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/, what);
  assert.equal(headers.get('referrer-policy'), 'no-referrer', what);
  assert.match(headers.get('x-request-id') ?? '', /^[\w-]+$/, what);
  for (const none of ['set-cookie', 'access-control-allow-origin', 'x-powered-by', 'server'])
    assert.equal(headers.get(none), undefined, `${what}: ${none}`);
}

const head = (line: string, ...headers: string[]) =>
  `${[line, 'Host: localhost', `Authorization: Bearer ${manager.token}`, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;
const get = (path: string) => head(`GET ${path} HTTP/1.1`);
const post = (body: string | Buffer, path = '/v1/commands', ...headers: string[]) =>
  Buffer.concat([
    Buffer.from(
      head(
        `POST ${path} HTTP/1.1`,
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        ...headers
      )
    ),
    Buffer.from(body)
  ]);

describe('a request whose end is not where it says', () => {
  /** Were it taken for a request of its own, there would be a token for it. */
  const inner = () => {
    const body = JSON.stringify({ service: 'smuggled', scopes: ['read:*'] });
    return `POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${manager.token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  const start = 'POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const shapes: [string, () => string][] = [
    ['a length and chunks', () => `${start}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner()}`],
    ['two lengths', () => `${start}Content-Length: 0\r\nContent-Length: 5\r\n\r\n${inner()}`],
    ['a length with a sign', () => `${start}Content-Length: +5\r\n\r\n{"a"}${inner()}`],
    ['a negative length', () => `${start}Content-Length: -1\r\n\r\n${inner()}`],
    ['a length in hex', () => `${start}Content-Length: 0x5\r\n\r\n{"a"}${inner()}`],
    ['two lengths in one', () => `${start}Content-Length: 5, 5\r\n\r\n{"a"}${inner()}`],
    ['chunks that are called otherwise', () => `${start}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner()}`],
    [
      'chunks that are not the last coding',
      () => `${start}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner()}`
    ],
    ['a space before the colon', () => `${start}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner()}`],
    [
      'a chunk longer than numbers go',
      () => `${start}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n${inner()}`
    ],
    ['a chunk of no number', () => `${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n${inner()}`],
    [
      'a header that is folded',
      () => `${start}Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${inner()}`
    ],
    ['a NUL in a header', () => `${start}X-A: a\0b\r\nContent-Length: 0\r\n\r\n${inner()}`],
    ['a carriage return alone', () => `${start}X-A: a\rContent-Length: 5\r\n\r\n${inner()}`],
    ['no version', () => `GET /v1/flows\r\n\r\n${inner()}`],
    ['a version there is not', () => `GET /v1/flows HTTP/3.7\r\nHost: localhost\r\n\r\n${inner()}`],
    ['no host', () => 'GET /v1/flows HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['no HTTP at all', () => `\x16\x03\x01\x02\x00\x01\x00\x01\xfc${randomBytes(64).toString('latin1')}\r\n\r\n`]
  ];
  for (const [what, bytes] of shapes) {
    it(`(${what}) is refused, and nothing behind it is heard`, async () => {
      for (const url of [manager.url, manager.wsUrl]) refused(await send(bytes(), url), [400, 426, 501], what);
      const tokens = await manager.request<{ items: { service: string }[] }>('GET', '/v1/tokens');
      assert.ok(!tokens.body.items.some(({ service }) => service === 'smuggled'), what);
    });
  }

  it('and one with a header twice is refused by its name', async () => {
    for (const [name, value] of [
      ['Host', 'evil.test'],
      ['Authorization', 'Bearer other'],
      ['Content-Type', 'text/plain'],
      ['Origin', 'http://localhost']
    ]) {
      const twice = post('{}', '/v1/commands', 'Origin: http://localhost', `${name}: ${value}`);
      assert.equal(refused(await send(twice), [400], `${name} twice`).code, 'HEADER_REPEATED');
    }
  });
});

describe('a request that is too much', () => {
  it('in its headers is refused', async () => {
    for (const more of [
      `X-Long: ${'a'.repeat(20_000)}`,
      Array.from({ length: 3_000 }, (_, i) => `X-${i}: 1`).join('\r\n')
    ])
      assert.equal(
        refused(await send(head('GET /v1/flows HTTP/1.1', more)), [431], 'headers').code,
        'HEADERS_TOO_LARGE'
      );
    refused(await send(get(`/v1/flows/${'a'.repeat(12_000)}`)), [404], 'a long path');
    refused(await send(get(`/v1/flows?${'a=1&'.repeat(3_000)}`)), [400], 'many parameters');
  });

  it('in its body is refused, whether it says so or just goes on', async () => {
    assert.equal(refused(await send(post(`"${'x'.repeat(2 * MIB)}"`)), [413], 'by length').code, 'BODY_TOO_LARGE');
    const chunk = `${MIB.toString(16)}\r\n${'x'.repeat(MIB)}\r\n`;
    const chunked = head('POST /v1/commands HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked');
    assert.equal(
      refused(await send(`${chunked}${chunk.repeat(3)}0\r\n\r\n`), [413], 'in chunks').code,
      'BODY_TOO_LARGE'
    );
  });

  it('once it is inflated is refused before it is in memory', async () => {
    const bomb = gzipSync(Buffer.alloc(512 * MIB, ' '), { level: 9 });
    assert.ok(bomb.length < MIB);
    const was = (await gauges()).process_resident_memory_bytes ?? 0;
    const answers = Array.from({ length: 8 }, () => send(post(bomb, '/v1/commands', 'Content-Encoding: gzip')));
    for (const answer of await Promise.all(answers)) {
      assert.equal(refused(answer, [413], 'a bomb').code, 'BODY_TOO_LARGE');
    }
    const grown = ((await gauges()).process_resident_memory_bytes ?? 0) - was;
    assert.ok(grown < 512 * MIB, `eight of 512 MiB took ${Math.round(grown / MIB)} MiB`);
    refused(await send(post(bomb, '/v1/commands', 'Content-Encoding: gzip, gzip')), [415], 'two codings');
  });

  it('that is not in the coding it says is refused, and a coding that is not read here with those that are', async () => {
    for (const coding of ['gzip', 'deflate', 'br']) {
      const answer = await send(post(Buffer.from('{"version":"1.0"}'), '/v1/commands', `Content-Encoding: ${coding}`));
      const { code, detail } = refused(answer, [400], coding);
      assert.equal(code, 'JSON_MALFORMED', coding);
      assert.match(detail, /content-encoding/);
    }
    for (const coding of ['zstd', 'gzip, gzip', 'chunked']) {
      const answer = await send(post(Buffer.from('{}'), '/v1/commands', `Content-Encoding: ${coding}`));
      const { code, detail } = refused(answer, [415], coding);
      assert.equal(code, 'ENCODING_UNSUPPORTED', coding);
      assert.ok(detail.includes(`'${coding}'`), detail);
    }
  });
});

describe('a body that is no good', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const bodies: [string, string | Buffer, string][] = [
    ['nested 1,000 deep', `{"version":"1.0","payload":${deep(1_000)}}`, 'VALIDATION_FAILED'],
    ['nested as deep as fits', deep(500_000), 'VALIDATION_FAILED'],
    ['nested and never closed', '['.repeat(MIB - 1), 'JSON_MALFORMED'],
    ['that is no UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xc3, 0x28, 0x22, 0x7d]), 'JSON_MALFORMED'],
    ['with an overlong slash', Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]), 'JSON_MALFORMED'],
    ['in UTF-16', Buffer.from('{"a":1}', 'utf16le'), 'JSON_MALFORMED'],
    ['that would change what objects are', '{"__proto__":{"scopes":["admin"]}}', 'JSON_MALFORMED'],
    ['that would, in disguise', '{"a":[{"\\u005f_proto__":{}}]}', 'JSON_MALFORMED'],
    ['of one number', '7', 'JSON_MALFORMED'],
    ['of nothing', 'null', 'JSON_MALFORMED']
  ];
  for (const [what, body, code] of bodies) {
    it(`(${what}) is refused wherever one is taken`, async () => {
      for (const [method, path] of [
        ['POST', '/v1/commands'],
        ['POST', '/v1/sessions'],
        ['POST', '/v1/tokens'],
        ['POST', '/v1/sign-in'],
        ['PUT', '/v1/flows/some'],
        ['PUT', '/v1/accounts/some'],
        ['POST', '/v1/actors/supervisor/main/events']
      ] as const) {
        const bytes = Buffer.from(post(body, path).toString('latin1').replace(/^POST/, method), 'latin1');
        const problem = refused(await send(bytes), [400, 422], `${method} ${path}`);
        assert.ok(
          [code, 'VALIDATION_FAILED', 'FLOW_INVALID'].includes(problem.code),
          `${method} ${path}: ${problem.code}`
        );
      }
    });
  }
});

describe('a path that means another', () => {
  const up = [
    '../',
    '..%2f',
    '%2e%2e/',
    '%2e%2e%2f',
    '%252e%252e%252f',
    '..\\',
    '..%5c',
    '%c0%ae%c0%ae/',
    '....//',
    '.%00./'
  ];
  const places = ['/v1/artifacts/', '/v1/flows/', '/inspector/', '/v1/sessions/', '/v1/selector_registry/x/', '/'];

  it('leads nowhere', async () => {
    for (const place of places) {
      for (const step of up) {
        const path = place + step.repeat(8);
        for (const file of ['etc/passwd', 'admin.token', 'package.json']) {
          const { status, body, headers } = parsed(await send(get(path + file)));
          // The inspector is a page of many addresses, and none of them is a file.
          const isPage = status === 200 && place === '/inspector/' && body.startsWith('<!doctype html>');
          assert.ok(isPage || [400, 404].includes(status), `${path}${file}: ${status}`);
          assert.ok(!/root:|trp_|"dependencies"/.test(body), `${path}${file}: ${body.slice(0, 200)}`);
          hardened(headers, path);
        }
      }
    }
  });

  it('and one that is none at all neither', async () => {
    for (const name of [
      '%',
      '%zz',
      '%00',
      '%0d%0aSet-Cookie:%20a=b',
      '%ff',
      encodeURIComponent('🎭'),
      'a'.repeat(2_000)
    ]) {
      for (const place of places) {
        const { status, headers, body } = parsed(await send(get(place + name)));
        const isPage = status === 200 && place === '/inspector/' && body.startsWith('<!doctype html>');
        assert.ok(isPage || (status >= 400 && status < 500), `${place}${name.slice(0, 40)}: ${status}`);
        hardened(headers, place + name);
      }
      const flow = JSON.stringify({ actions: [{ attempt: 'A', effect: 'read', steps: [{ type: 'close' }] }] });
      const put = Buffer.from(post(flow, `/v1/flows/${name}`).toString('latin1').replace(/^POST/, 'PUT'), 'latin1');
      const { status, body } = parsed(await send(put));
      assert.ok(status >= 400 && status < 500, `PUT ${name.slice(0, 40)}: ${status} ${body.slice(0, 300)}`);
    }
  });
});

describe('a method that is not one of ours', () => {
  it('is refused', async () => {
    for (const method of ['TRACE', 'PROPFIND', 'PATCH', 'PURGE', 'SEARCH', 'M-SEARCH', 'QUERY']) {
      refused(await send(head(`${method} /v1/commands HTTP/1.1`)), [400, 404, 405, 501], method);
    }
    for (const method of ['get', 'HELO', 'GET GET'])
      refused(await send(head(`${method} /v1/flows HTTP/1.1`)), [400], method);
    assert.doesNotMatch(await send('CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n'), /^HTTP\/1\.1 2/);
    const expects = head('GET /v1/flows HTTP/1.1', 'Expect: a miracle');
    assert.equal(parsed(await send(expects)).status, 400);
  });
});

describe('a page of somebody else', () => {
  const asked = (host: string, ...more: string[]) =>
    [`Host: ${host}`, `Authorization: Bearer ${manager.token}`, 'Connection: close', ...more].join('\r\n');

  it('whose name was made to lead here is not answered, on either plane', async () => {
    const port = portOf(manager.url);
    for (const host of [
      `evil.test:${port}`,
      'localhost.evil.test',
      '127.0.0.1.evil.test',
      'evil.test@127.0.0.1',
      'a b',
      '%'
    ]) {
      for (const url of [manager.url, manager.wsUrl]) {
        const problem = refused(await send(`GET /health HTTP/1.1\r\n${asked(host)}\r\n\r\n`, url), [400, 421], host);
        assert.ok(['HOST_UNKNOWN', 'REQUEST_MALFORMED'].includes(problem.code), problem.code);
      }
    }
    for (const host of [
      `localhost:${port}`,
      'LOCALHOST',
      `127.0.0.1:${port}`,
      '[::1]',
      'app.localhost',
      'localhost.'
    ]) {
      assert.equal(parsed(await send(`GET /health HTTP/1.1\r\n${asked(host)}\r\n\r\n`)).status, 200, host);
    }
  });

  it('changes nothing and opens no stream, and reads nothing that it could show itself', async () => {
    const body = '{}';
    const write = (origin: string) =>
      `POST /v1/sign-in/links HTTP/1.1\r\n${asked('127.0.0.1', `Origin: ${origin}`, 'Content-Type: application/json', 'Content-Length: 2')}\r\n\r\n${body}`;
    const open = (origin: string) =>
      `GET /v1/stream HTTP/1.1\r\n${[`Host: 127.0.0.1`, `Authorization: Bearer ${manager.token}`, `Origin: ${origin}`, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='].join('\r\n')}\r\n\r\n`;
    for (const origin of ['https://evil.test', 'null', 'http://127.0.0.1.evil.test', 'file://', 'http://10.1.2.3']) {
      assert.equal(refused(await send(write(origin)), [403], origin).code, 'ORIGIN_REFUSED');
      assert.equal(refused(await send(open(origin), manager.wsUrl), [403], origin).code, 'ORIGIN_REFUSED');
      const read = parsed(await send(`GET /v1/flows HTTP/1.1\r\n${asked('127.0.0.1', `Origin: ${origin}`)}\r\n\r\n`));
      assert.equal(read.status, 200);
      hardened(read.headers, origin);
    }
    const own = parsed(await send(write(`http://localhost:${portOf(manager.url)}`)));
    assert.equal(own.status, 201, own.body);
    hardened(own.headers, 'its own page');
    const preflight = head(
      'OPTIONS /v1/commands HTTP/1.1',
      'Origin: https://evil.test',
      'Access-Control-Request-Method: POST'
    );
    assert.equal(parsed(await send(preflight)).headers.get('access-control-allow-methods'), undefined);
  });
});

describe('one who guesses', () => {
  it('is told to wait, and who comes from the same place with a good token or code is not', async () => {
    const guess = async () => {
      const token = randomBytes(9).toString('hex');
      const lines = [
        'GET /v1/flows HTTP/1.1',
        'Host: localhost',
        `Authorization: Bearer ${token}`,
        'Connection: close'
      ];
      return parsed(await send(`${lines.join('\r\n')}\r\n\r\n`));
    };
    const answers = await Promise.all(Array.from({ length: 200 }, guess));
    const statuses = answers.map(({ status }) => status);
    assert.deepEqual([...new Set(statuses)].sort(), [401, 429]);
    const over = answers.find(({ status }) => status === 429) as Heard;
    assert.equal((JSON.parse(over.body) as Problem).code, 'REFUSED_TOO_OFTEN');
    assert.ok(Number(over.headers.get('retry-after')) >= 1);
    const link = await manager.request<{ code: string }>('POST', '/v1/sign-in/links');
    const wrong = await manager.request<Problem>('POST', '/v1/sign-in', { code: 'guess' }, { authorization: '' });
    assert.equal(wrong.status, 429);
    const right = await manager.request('POST', '/v1/sign-in', { code: link.body.code }, { authorization: '' });
    assert.equal(right.status, 201);
    await serves();
    assert.match(manager.output(), /over 60 refused tokens or codes within a minute/);
    assert.ok(((await gauges()).troupe_auth_refusals_total ?? 0) >= 201);
  });

  it('at the stream is closed, however many at once', async () => {
    const sockets = Array.from(
      { length: 150 },
      () => new WebSocket(`${manager.wsUrl}/v1/stream`, { headers: { authorization: 'Bearer x' } })
    );
    const codes = await Promise.all(sockets.map(closeOf));
    assert.deepEqual([...new Set(codes)], [4001]);
  });
});

describe('a frame that is no good', () => {
  const opened = async () => {
    const socket = new WebSocket(`${manager.wsUrl}/v1/stream`, {
      headers: { authorization: `Bearer ${manager.token}` }
    });
    await once(socket, 'open');
    return socket;
  };
  /** A frame as bytes, masked as a client's has to be unless it is not. */
  const frame = (opcode: number, payload: Buffer, { final = true, masked = true } = {}) => {
    const size = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255];
    size[0] = (size[0] as number) | (masked ? 128 : 0);
    return Buffer.concat([
      Buffer.from([(final ? 128 : 0) | opcode, ...size]),
      masked ? Buffer.alloc(4) : Buffer.alloc(0),
      payload
    ]);
  };
  const raw = (bytes: Buffer) => (socket: WebSocket) => {
    (socket as unknown as { _socket: Socket })._socket.write(bytes);
  };
  const say = (data: string | Buffer) => (socket: WebSocket) => socket.send(data);
  const wrongs: [string, (socket: WebSocket) => void, number[]][] = [
    ['too large', say('x'.repeat(70_000)), [4009]],
    ['deep', say(`{"type":"subscribe","filters":${'['.repeat(20_000)}${']'.repeat(20_000)}}`), [4009]],
    ['binary', say(randomBytes(100)), [4009]],
    ['no JSON', say('subscribe, please'), [4009]],
    ['not masked', raw(frame(1, Buffer.from('{}'), { masked: false })), [4009]],
    ['of an opcode there is not', raw(frame(3, Buffer.from('{}'))), [4009]],
    ['no UTF-8', raw(frame(1, Buffer.from([0xc3, 0x28]))), [4009]],
    [
      'compressed, which was not agreed',
      raw(Buffer.concat([Buffer.from([0xc1, 0x82, 0, 0, 0, 0]), Buffer.from('{}')])),
      [4009]
    ],
    [
      'a piece and then more of them than it may be',
      raw(
        Buffer.concat([
          frame(1, Buffer.alloc(40_000, 'x'), { final: false }),
          frame(0, Buffer.alloc(40_000, 'x'), { final: false })
        ])
      ),
      [4009]
    ],
    ['a ping that is longer than pings are', raw(frame(9, Buffer.alloc(200))), [4009]]
  ];
  for (const [what, wrong, codes] of wrongs) {
    it(`(${what}) ends its connection, with a word`, async () => {
      const socket = await opened();
      const said: string[] = [];
      socket.on('message', (data) => said.push(String(data)));
      const closed = closeOf(socket);
      wrong(socket);
      const code = await closed;
      assert.ok(codes.includes(code), `${what}: ${code} ${said}`);
      assert.match(said.join(), /FRAME_(MALFORMED|TOO_LARGE)/);
    });
  }

  it('in great number, from one who does not read, keeps nobody else waiting', async () => {
    const greedy = await Promise.all(Array.from({ length: 20 }, opened));
    for (const socket of greedy) {
      socket.pause();
      for (let i = 0; i < 200; i++) socket.send('{"type":"ping"}');
      for (let i = 0; i < 5; i++) socket.send('{"type":"subscribe","cursor":"0"}');
    }
    await serves();
    for (const socket of greedy) socket.terminate();
  });
});

describe('what drips', () => {
  it('is hung up on, and in the end nothing is left of any of it', async () => {
    for (const text of await Promise.all(drips.map(({ over }) => over))) {
      assert.equal(refused(text, [408], 'a drip').code, 'REQUEST_TIMEOUT');
    }
    const isAsBefore = async () => {
      const now = await gauges();
      const sockets = (now.process_open_fds ?? 0) <= (sparse.process_open_fds ?? 0) + 3;
      return sockets && now.troupe_stream_clients === 0;
    };
    while (!(await isAsBefore())) await new Promise((resolve) => setTimeout(resolve, 100));
    const grown = ((await gauges()).process_resident_memory_bytes ?? 0) - (sparse.process_resident_memory_bytes ?? 0);
    assert.ok(grown < 700 * MIB, `${Math.round(grown / MIB)} MiB more than before`);
    assert.doesNotMatch(manager.output(), /"level":(50|60)/, 'none of it was a fault of ours');
  });
});
