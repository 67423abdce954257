/**
 * Accepted commands a second through the whole stack (`--driver stub`: control plane, host, SQLite with fsync), against
 * a bare Koa endpoint that only parses the same JSON. Both in this process, the sender in one of its own, in
 * alternating rounds, because a machine's speed changes from minute to minute and a ratio of one run does not.
 *
 * It does not measure a browser, nor how fast commands run: with one slot most of them wait in line, as they do in life.
 */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bodyParser } from '@koa/bodyparser';
import Koa from 'koa';
import pino from 'pino';
import { readConfig } from '../server/config.ts';
import { serve } from '../server/control/serve.ts';
import { startTroupe } from '../server/start.ts';
import type { Counted, Load } from './support/load.ts';

const ROUNDS = 5;
/** No more sessions than may wait for a browser, and far fewer commands in each than may wait in it. */
const ACCOUNTS = 40;
const PER_ACCOUNT = 10;
const CONNECTIONS = 64;

const dataDir = await mkdtemp(join(tmpdir(), 'troupe-bench-'));
const config = readConfig(
  { data: dataDir, control: '127.0.0.1:0', telemetry: '127.0.0.1:0', driver: 'stub', slots: 1, request_limit: 0 },
  {}
);
const logger = pino({ level: 'error' });
const troupe = await startTroupe(config, { logger, environment: process.env, version: 'bench' });
const bare = new Koa().use(bodyParser()).use((ctx) => {
  ctx.status = 202;
  ctx.body = { received: Object.keys(ctx.request.body as object).length };
});
const bareServed = await serve(bare.callback(), { host: '127.0.0.1', port: 0 });
const sender = fork(new URL('./support/load.ts', import.meta.url));
sender.once('exit', (code) => code === null || process.exit(1));

try {
  const { token } = troupe.adminToken;
  const targets = {
    bare: `http://127.0.0.1:${bareServed.port}/v1/commands`,
    troupe: `${troupe.endpoints.control}/v1/commands`
  };
  const rates: Record<keyof typeof targets, number[]> = { bare: [], troupe: [] };
  const latencies: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, url] of Object.entries(targets) as [keyof typeof targets, string][]) {
      const counted = await send({ url, token, bodies: commands(round), connections: CONNECTIONS });
      const { 202: accepted = 0, ...others } = counted.statuses;
      if (Object.keys(others).length > 0) throw new Error(`${name} answered ${JSON.stringify(counted.statuses)}`);
      // The first round warms up.
      if (round > 0) rates[name].push(accepted / counted.seconds);
      if (round > 0 && name === 'troupe') latencies.push(...counted.latencies);
    }
    await drained();
  }
  const [bareRate, troupeRate] = [median(rates.bare), median(rates.troupe)];
  latencies.sort((a, b) => a - b);
  const at = (share: number) => (latencies[Math.floor(latencies.length * share)] as number).toFixed(1);
  console.log('accepted commands, durable before the answer');
  console.log(`  bare Koa, JSON only   ${bareRate.toFixed(0)} /s`);
  console.log(`  Troupe, stub driver   ${troupeRate.toFixed(0)} /s   p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  console.log(`  ratio                 ${(troupeRate / bareRate).toFixed(3)}`);
} finally {
  sender.kill();
  await bareServed.close();
  await troupe.stop();
  await rm(dataDir, { recursive: true, force: true });
}

function commands(round: number): string[] {
  return Array.from({ length: ACCOUNTS * PER_ACCOUNT }, (_, i) =>
    JSON.stringify({
      version: '1.0',
      idempotency_key: randomUUID(),
      requester: { service: 'bench', instance_id: 'one' },
      target: { account_id: `account-${i % ACCOUNTS}`, platform: 'instagram' },
      type: 'flow.run',
      payload: { flow: 'comment_on_post', params: paramsOf(round, i) }
    })
  );
}

/** Another text each: an action that was done already would be found so and not be attempted. */
function paramsOf(round: number, i: number) {
  return { post_url: 'https://example.org/p/1', text: `comment ${round}.${i}` };
}

async function send(load: Load): Promise<Counted> {
  const answer = once(sender, 'message') as Promise<[Counted]>;
  sender.send(load);
  return (await answer)[0];
}

/** All that was accepted has ended, so that a round does not run on top of the one before. */
async function drained(): Promise<void> {
  const headers = { authorization: `Bearer ${troupe.adminToken.token}` };
  for (;;) {
    const states = 'CREATED,QUEUED,RUNNING,AWAITING_APPROVAL';
    const answer = await fetch(`${troupe.endpoints.control}/v1/commands?state=${states}&limit=1`, { headers });
    const { items } = (await answer.json()) as { items: { command_id: string }[] };
    const [waiting] = items;
    if (!waiting) return;
    await fetch(`${troupe.endpoints.control}/v1/commands/${waiting.command_id}?wait=10`, { headers });
  }
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
