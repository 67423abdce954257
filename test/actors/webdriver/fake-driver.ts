import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
  socket: Socket;
}

/** A driver that answers as a test says, and keeps what it was asked. */
export interface FakeDriver {
  url: string;
  seen: Seen[];
  /** The most commands it ever had at once. */
  peak: number;
  answer: (seen: Seen, response: ServerResponse) => void;
  /** Resolves when this many requests have come. */
  asked(count: number): Promise<void>;
  close(): Promise<void>;
}

export const reply = (response: ServerResponse, status: number, value: unknown): void => {
  const body = JSON.stringify({ value });
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
};

export async function startFakeDriver(): Promise<FakeDriver> {
  let now = 0;
  let waiting: (() => void)[] = [];
  const driver: FakeDriver = {
    url: '',
    seen: [],
    peak: 0,
    answer: (_, response) => reply(response, 200, null),
    async asked(count) {
      while (driver.seen.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    }
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    now += 1;
    driver.peak = Math.max(driver.peak, now);
    response.on('close', () => {
      now -= 1;
    });
    const seen: Seen = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: text ? JSON.parse(text) : undefined,
      socket: request.socket
    };
    driver.seen.push(seen);
    for (const wake of waiting.splice(0)) wake();
    waiting = [];
    driver.answer(seen, response);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  driver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return driver;
}
