import { type Agent, type IncomingMessage, request } from 'node:http';

/** One HTTP exchange with a driver. Nothing here is ever sent twice. */
export interface Exchange {
  agent: Agent;
  url: URL;
  method: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  headers: Record<string, string>;
  /** Time left, ms. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface Answer {
  status: number;
  /** Parsed JSON; undefined when the body was none. */
  body: unknown;
}

/** Why there is no answer. `sent`: the driver may have received the command, so what it asked for may have happened. */
export class NoAnswer extends Error {
  readonly kind: 'timeout' | 'aborted' | 'broken';
  readonly sent: boolean;

  constructor(kind: NoAnswer['kind'], sent: boolean, reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.name = 'NoAnswer';
    this.kind = kind;
    this.sent = sent;
  }
}

const ANSWER_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Sends one request and reads its answer. A kept socket the peer closed while the request left is reported as broken
 * and sent: `node:http` does not repeat a request by itself, and neither does this, for a click repeated is two clicks.
 * @throws NoAnswer
 */
export function exchange({ agent, url, method, body, headers, timeoutMs, signal }: Exchange): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    if (signal?.aborted) return reject(new NoAnswer('aborted', false, 'aborted before it was sent'));
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    let connected = false;
    const outgoing = request(url, {
      agent,
      method,
      headers: {
        accept: 'application/json',
        ...(payload && { 'content-type': 'application/json; charset=utf-8', 'content-length': payload.length }),
        ...headers
      }
    });

    const finish = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const giveUp = (kind: NoAnswer['kind'], reason: string, cause?: unknown) =>
      finish(() => {
        // The socket goes with the request: its answer, if one still comes, must not be read as the next one's.
        outgoing.destroy();
        reject(new NoAnswer(kind, connected, reason, cause));
      });
    const onAbort = () => giveUp('aborted', 'aborted by its caller');
    const timer = setTimeout(() => giveUp('timeout', `no answer in ${timeoutMs} ms`), Math.max(timeoutMs, 0));
    signal?.addEventListener('abort', onAbort, { once: true });

    outgoing.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => (connected = true));
      else connected = true;
    });
    outgoing.on('error', (cause) => giveUp('broken', cause.message || 'the connection broke', cause));
    outgoing.on('response', (incoming) =>
      read(incoming).then(
        (answer) => finish(() => resolve(answer)),
        (cause) => giveUp('broken', cause instanceof Error ? cause.message : String(cause), cause)
      )
    );
    outgoing.end(payload);
  });
}

async function read(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ANSWER_LIMIT_BYTES) throw new Error(`the driver's answer is over ${ANSWER_LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return { status: incoming.statusCode ?? 0, body: parse(text) };
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
