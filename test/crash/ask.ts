import { Agent, request } from 'node:http';

export interface Reply {
  status: number;
  body: Record<string, unknown>;
  headers: NodeJS.Dict<string | string[]>;
}

/** There was none in time: of an answer that never comes one learns nothing, so this is a failure of its own. */
export class NoAnswer extends Error {}

const ANSWER_LIMIT_MS = 60_000;
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/**
 * One request on a connection that is kept; less work than `fetch` for 32 clients beside what they test.
 * @throws NoAnswer, or Error of the socket
 */
export function ask(base: string, token: string, method: string, path: string, body?: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = request(base + path, { method, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', fail);
      response.once('close', () => {
        if (!response.complete) return fail(new Error('the answer broke off'));
        clearTimeout(limit);
        resolve({ status: response.statusCode!, body: JSON.parse(text), headers: response.headers });
      });
    });
    const fail = (error: Error) => {
      clearTimeout(limit);
      reject(error);
    };
    sent.once('error', fail);
    const limit = setTimeout(() => {
      sent.destroy(new NoAnswer(`${method} ${path}: no answer in ${ANSWER_LIMIT_MS} ms`));
    }, ANSWER_LIMIT_MS);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
