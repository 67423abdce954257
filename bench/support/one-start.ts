/** Runs in a process of its own: starts a whole instance on a data directory, once, and says what that took. */
import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import { readConfig } from '../../server/config.ts';
import { startTroupe } from '../../server/start.ts';

export interface Wish {
  data: string;
  /** An account whose session is parked; null: any new one. */
  account: string | null;
}

export interface Told {
  startMs: number;
  /** At rest, after a collection. */
  heapBytes: number;
  rssBytes: number;
  /** From POST to the 202. */
  acceptedMs: number;
  /** From POST to its end, its browser opened again. */
  endedMs: number;
  /** Median of some, each asked for alone. */
  queries: Record<string, number>;
}

const QUERIES = {
  'sessions, newest 50': '/v1/sessions?limit=50',
  'sessions that are PARKED': '/v1/sessions?state=PARKED&limit=50',
  'sessions of an account': '/v1/sessions?account_id=ACCOUNT',
  'commands, newest 50': '/v1/commands?limit=50',
  'events from the tail': '/v1/events?cursor=0&limit=500',
  'events of a session': '/v1/events?cursor=0&session_id=parked-00000042&limit=500',
  'how many in each state': '/v1/machines'
};

process.once('message', async (wish: Wish) => {
  process.send?.(await run(wish));
  process.exit(0);
});

async function run({ data, account }: Wish): Promise<Told> {
  const flags = { data, control: '127.0.0.1:0', telemetry: '127.0.0.1:0', driver: 'stub', request_limit: 0 };
  const config = readConfig(flags, {});
  const from = performance.now();
  const logger = pino({ level: 'error' });
  const troupe = await startTroupe(config, { logger, environment: process.env, version: 'bench' });
  const startMs = performance.now() - from;
  const headers = { authorization: `Bearer ${troupe.adminToken.token}`, 'content-type': 'application/json' };
  const ask = async (path: string, body?: object) => {
    const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
    const answer = await fetch(troupe.endpoints.control + path, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  };
  await ask('/health');
  const gc = (globalThis as { gc?: () => void }).gc;
  await pause(500);
  gc?.();
  const { heapUsed: heapBytes, rss: rssBytes } = process.memoryUsage();

  const asked = performance.now();
  const { command_id } = await ask('/v1/commands', {
    version: '1.0',
    requester: { service: 'admin', instance_id: 'bench' },
    target: { account_id: account ?? 'somebody', platform: 'instagram' },
    type: 'flow.run',
    payload: { flow: 'comment_on_post', params: { post_url: 'https://example.org/p/1', text: 'first' } }
  });
  const acceptedMs = performance.now() - asked;
  const { state } = await ask(`/v1/commands/${command_id}?wait=60`);
  if (state !== 'SUCCEEDED') throw new Error(`the first command is ${state}`);
  const endedMs = performance.now() - asked;

  const queries: Told['queries'] = {};
  for (const [name, path] of Object.entries(QUERIES)) {
    const times: number[] = [];
    for (let i = 0; i < 9; i++) {
      const begun = performance.now();
      await ask(path.replace('ACCOUNT', account ?? 'somebody'));
      times.push(performance.now() - begun);
    }
    queries[name] = times.sort((a, b) => a - b)[4] as number;
  }
  await troupe.stop();
  return { startMs, heapBytes, rssBytes, acceptedMs, endedMs, queries };
}
