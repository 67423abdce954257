/** Stands before a deployment on loopback, and does to requests what networks do: later, twice, or without an answer. */
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What becomes of one request. */
export interface Mishap {
  /** It is sent on so much later, ms. */
  delayMs?: number;
  /** It is sent once more, when the first has been answered. */
  twice?: boolean;
  /** The connection is cut before it is sent on, or when the answer is there. */
  cut?: 'before' | 'after';
}

export interface Copy {
  path: string;
  sent: string;
  status: number;
  body: string;
}

export interface MishapProxy {
  /** http://127.0.0.1:PORT */
  url: string;
  /** ws://127.0.0.1:PORT */
  telemetryUrl: string;
  /** Where requests go on to; it may have moved. */
  to(upstream: { url: string; telemetryUrl: string }): void;
  /** Happens to the next request that changes something. */
  next(mishap: Mishap): void;
  /** Nothing happens any more to what comes. */
  calm(): void;
  /** Second answers that no client saw since it was last asked. */
  copies(): Copy[];
  close(): Promise<void>;
}

interface Whole {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export async function openProxy(first: { url: string; telemetryUrl: string }): Promise<MishapProxy> {
  let upstream = first;
  let waiting: Mishap[] = [];
  let copies: Copy[] = [];
  const pass = (method: string, path: string, headers: IncomingMessage['headers'], body: Buffer) =>
    new Promise<Whole>((resolve, reject) => {
      const { hostname, port, host } = new URL(upstream.url);
      const sent = ask(
        { hostname, port, method, path, headers: { ...headers, host }, agent: false },
        async (answer) => {
          try {
            resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: await whole(answer) });
          } catch (error) {
            reject(error);
          }
        }
      );
      sent.once('error', reject).end(body);
    });

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url: path = '/', headers } = request;
    const body = await whole(request);
    const mishap: Mishap = (method === 'GET' ? undefined : waiting.shift()) ?? {};
    if (mishap.delayMs !== undefined) await delay(mishap.delayMs);
    if (mishap.cut === 'before') return void response.destroy();
    const answer = await pass(method, path, headers, body);
    if (mishap.twice) {
      const { status, body: said } = await pass(method, path, headers, body);
      copies.push({ path, sent: String(body), status, body: String(said) });
    }
    if (mishap.cut === 'after') return void response.destroy();
    response.writeHead(answer.status, answer.headers).end(answer.body);
  };
  // What cannot be passed on has no answer, as without a proxy.
  const control = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  const sockets = new Set<Socket>();
  const telemetry = createSocketServer((near) => {
    const { hostname, port } = new URL(upstream.telemetryUrl);
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  const ports = await Promise.all([listening(control), listening(telemetry)]);
  return {
    url: `http://127.0.0.1:${ports[0]}`,
    telemetryUrl: `ws://127.0.0.1:${ports[1]}`,
    to(next) {
      upstream = next;
    },
    next(mishap) {
      waiting.push(mishap);
    },
    calm() {
      waiting = [];
    },
    copies() {
      const those = copies;
      copies = [];
      return those;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      control.closeAllConnections();
      await Promise.all([control, telemetry].map((server) => new Promise((resolve) => server.close(resolve))));
    }
  };
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

async function whole(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
