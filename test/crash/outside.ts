import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

export interface Call {
  /** The Idempotency-Key it came with: the id of the effect. */
  key: string;
  errand: string;
  action: string;
  resumed: boolean;
  /** Of the manager that called. */
  pid: number;
}

export interface Outside {
  readonly url: string;
  /** In the order they came. */
  readonly calls: Call[];
  /** Each time work was really done: once per key. */
  readonly done: Call[];
  /** Called once, when work is done and before its answer is sent. */
  afterWork: ((call: Call) => void) | undefined;
}

/** The world outside: an HTTP server that honours an idempotency key, as a payment service does, and keeps count. */
export async function startOutside(t: Pick<TestContext, 'after'>, takesMs: () => number): Promise<Outside> {
  const receipts = new Map<string, string>();
  const outside = { calls: [] as Call[], done: [] as Call[], afterWork: undefined as Outside['afterWork'] };
  const server = createServer(async (request, response) => {
    let body = '';
    try {
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
    } catch {
      return; // killed while it was sending: nothing was asked for
    }
    const call: Call = { key: String(request.headers['idempotency-key']), ...JSON.parse(body) };
    outside.calls.push(call);
    await delay(takesMs());
    if (!receipts.has(call.key)) {
      receipts.set(call.key, `receipt ${receipts.size + 1}`);
      outside.done.push(call);
    }
    const { afterWork } = outside;
    outside.afterWork = undefined;
    afterWork?.(call);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ receipt: receipts.get(call.key) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return Object.assign(outside, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/work` });
}
