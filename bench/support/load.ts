/** Runs in a process of its own: sends what it is told over keep-alive connections, so many at a time, and counts. */
import { Agent, request } from 'node:http';

export interface Load {
  url: string;
  token: string;
  bodies: string[];
  connections: number;
}

export interface Counted {
  /** Status → how many. */
  statuses: Record<number, number>;
  seconds: number;
  /** ms, sorted. */
  latencies: number[];
}

process.on('message', async (load: Load) => process.send?.(await run(load)));

async function run({ url, token, bodies, connections }: Load): Promise<Counted> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const statuses: Counted['statuses'] = {};
  const latencies: number[] = [];
  let next = 0;
  const sender = async () => {
    while (next < bodies.length) {
      const body = bodies[next++] as string;
      const from = performance.now();
      const status = await post(url, token, body, agent);
      latencies.push(performance.now() - from);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: connections }, sender));
  const seconds = (performance.now() - from) / 1000;
  agent.destroy();
  return { statuses, seconds, latencies: latencies.sort((a, b) => a - b) };
}

const post = (url: string, token: string, body: string, agent: Agent): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body)
    };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', reject);
    sent.end(body);
  });
