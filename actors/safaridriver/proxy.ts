/**
 * Safari's side of the driver: one session at a time, refused and ended as safaridriver does, everything else handed to
 * WebKitWebDriver as it came.
 */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { toSafari, toWebKit } from './capabilities.ts';
import type { Faults } from './faults.ts';
import type { Upstream } from './upstream.ts';

const PAIRED = 'The Safari instance is already paired with another WebDriver session.';

export interface ProxyOptions {
  startUpstream(): Promise<Upstream>;
  faults: Faults;
  /** POST /session and no answer, ms. Default 30 000. */
  newSessionLimitMs?: number;
  /** DELETE /session and no answer, ms; the browser is ended either way. Default 3 000. */
  deleteLimitMs?: number;
}

interface Answer {
  status: number;
  body: string;
}

export class SafariProxy {
  readonly #options: ProxyOptions;
  readonly #server: http.Server;
  /** Set from the moment a session is asked for until its browser is gone. */
  #upstream: Promise<Upstream> | undefined;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#server = http.createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        reply(response, failure(500, 'unknown error', String(error)));
      });
    });
    // Appium keeps its connections; one we close while it sends is a command that fails for nothing.
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  /** Takes no more requests, and ends the browser. */
  async close(): Promise<void> {
    this.#server.close();
    await this.#endUpstream();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const fault = this.#options.faults.take(method, url);
    if (fault?.kind === 'crash') process.kill(process.pid, 'SIGKILL');
    if (fault?.kind === 'hang') process.kill(process.pid, 'SIGSTOP');
    if (fault?.kind === 'slow') await delay(fault.delayMs ?? 1000);
    if (fault?.kind === 'error') return reply(response, failure(500, 'unknown error', 'a fault on purpose'));
    if (fault?.kind === 'lose-click') return reply(response, { status: 200, body: '{"value":null}' });
    if (fault?.kind === 'drop') response.write = response.end = closes(response);

    if (method === 'GET' && url === '/status') return reply(response, this.#status());
    if (method === 'POST' && url === '/session') return reply(response, await this.#newSession(await text(request)));
    if (method === 'DELETE' && /^\/session\/[^/]+$/.test(url)) return reply(response, await this.#delete(url));
    const upstream = await this.#upstream;
    if (!upstream) return reply(response, failure(404, 'invalid session id', ''));
    return passOn(request, response, upstream.port);
  }

  #status(): Answer {
    const ready = this.#upstream === undefined;
    return { status: 200, body: JSON.stringify({ value: { ready, message: ready ? 'No sessions' : PAIRED } }) };
  }

  async #newSession(body: string): Promise<Answer> {
    if (this.#upstream) return failure(500, 'session not created', PAIRED);
    const starting = this.#options.startUpstream();
    this.#upstream = starting;
    const limitMs = this.#options.newSessionLimitMs ?? 30_000;
    try {
      const { port } = await starting;
      const asked = JSON.stringify(toWebKit(JSON.parse(body)));
      const answer = await exchange(port, 'POST', '/session', asked, limitMs);
      if (answer.status !== 200) await this.#endUpstream();
      return { status: answer.status, body: JSON.stringify(toSafari(JSON.parse(answer.body))) };
    } catch (error) {
      await this.#endUpstream();
      return failure(500, 'session not created', error instanceof Error ? error.message : String(error));
    }
  }

  /** Answered only when the browser is gone: the next session then meets no trace of this one. */
  async #delete(url: string): Promise<Answer> {
    const upstream = await this.#upstream;
    if (!upstream) return failure(404, 'invalid session id', '');
    const limitMs = this.#options.deleteLimitMs ?? 3000;
    const answer = await exchange(upstream.port, 'DELETE', url, '', limitMs).catch(() => undefined);
    if (answer && answer.status !== 200) return answer;
    await this.#endUpstream();
    return { status: 200, body: '{"value":null}' };
  }

  async #endUpstream(): Promise<void> {
    const ending = this.#upstream;
    await ending?.then((upstream) => upstream.end()).catch(() => {});
    if (this.#upstream === ending) this.#upstream = undefined;
  }
}

/** No connection is kept to WebKitWebDriver: one it closes as we send would cost a command, a new one costs 0.1 ms. */
function passOn(request: IncomingMessage, response: ServerResponse, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const { connection: _, ...headers } = request.headers;
    const onward = http.request(
      { host: '127.0.0.1', port, method: request.method, path: request.url, headers, agent: false },
      (answer) => {
        const { connection: __, 'keep-alive': ___, ...answerHeaders } = answer.headers;
        response.writeHead(answer.statusCode ?? 500, answerHeaders);
        answer.pipe(response);
        answer.once('end', resolve);
        answer.once('error', reject);
      }
    );
    onward.once('error', reject);
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  });
}

function exchange(port: number, method: string, path: string, body: string, limitMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
      text(answer).then((received) => {
        clearTimeout(limit);
        resolve({ status: answer.statusCode ?? 500, body: received });
      }, reject);
    });
    const limit = setTimeout(
      () => request.destroy(new Error(`WebKitWebDriver gave no answer to ${method} ${path} in ${limitMs} ms`)),
      limitMs
    );
    request.once('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    request.end(body);
  });
}

async function text(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const failure = (status: number, error: string, message: string): Answer => ({
  status,
  body: JSON.stringify({ value: { error, message, stacktrace: '' } })
});

function reply(response: ServerResponse, { status, body }: Answer): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body)
  });
  response.end(body);
}

/** In place of `end` and `write`: what was done stays done, and nobody is told. */
const closes = (response: ServerResponse) => (): never => response.socket?.destroy() as never;
