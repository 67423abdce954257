/**
 * What the audit log costs: commands made with the record that one leaves when it is accepted, against the same without,
 * by turns in one run, each on a database of its own with fsync. Processor time of all threads, and commands a second.
 *
 * Not measured: HTTP, which is the same for both, a database larger than memory, and the run of a command.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMachine } from 'xstate';
import type { ActorHost, Write } from '../actors/host/contract.ts';
import { createEmbeddedHost } from '../actors/host/embedded-host.ts';
import { openSqliteJournal } from '../actors/journal/sqlite-journal.ts';
import { commandMachine } from '../machines/command.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 15);
const COMMANDS = 512;
/** As many as a busy control plane answers at a time. */
const AT_ONCE = 64;

/** Takes what commands tell it, and answers nothing: they wait. */
const session = createMachine({ on: { 'command.submitted': { actions: [] } } });

const input = {
  sessionId: 's',
  createSession: null,
  flow: {
    name: 'f',
    version: 1,
    platforms: ['*'],
    actions: [{ attempt: 'LIKE', effect: 'write', steps: [{ type: 'click', selectors: ['button'] }] }]
  },
  approval: null,
  deadlineAt: null,
  allowScript: false
};

const folder = await mkdtemp(join(tmpdir(), 'troupe-bench-'));
try {
  const hosts = { without: await begun('without'), with: await begun('with') };
  const cpu = { without: [] as number[], with: [] as number[] };
  const rate = { without: [] as number[], with: [] as number[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const order = round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const);
    for (const name of order) {
      const [from, used] = [performance.now(), process.cpuUsage()];
      await makeCommands(hosts[name], name === 'with');
      const { user, system } = process.cpuUsage(used);
      // The first round warms up.
      if (round === 0) continue;
      cpu[name].push((user + system) / COMMANDS);
      rate[name].push(COMMANDS / ((performance.now() - from) / 1_000));
    }
  }
  for (const host of Object.values(hosts)) await host.stop();
  console.log(`audit: commands made with their record and without, median of ${ROUNDS} rounds of ${COMMANDS}`);
  for (const name of ['without', 'with'] as const) {
    const figures = [`${median(cpu[name]).toFixed(0)} µs`, `${median(rate[name]).toFixed(0)} /s`];
    console.log(`  ${name.padEnd(10)}${figures.map((figure) => figure.padStart(12)).join('')}`);
  }
  const ratios = [ratioOf(cpu), ratioOf(rate)].map((ratio) => `${ratio.toFixed(2)} ×`);
  console.log(`  ratio     ${ratios.map((ratio) => ratio.padStart(12)).join('')}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function begun(name: string): Promise<ActorHost> {
  const kinds = [
    { kind: 'command', machine: commandMachine, durable: true },
    { kind: 'session', machine: session, durable: true }
  ];
  const host = createEmbeddedHost({ journal: openSqliteJournal({ directory: join(folder, name) }), kinds });
  await host.start();
  await host.create('session/s', {});
  return host;
}

async function makeCommands(host: ActorHost, isAudited: boolean): Promise<void> {
  for (let made = 0; made < COMMANDS; made += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => makeCommand(host, isAudited)));
  }
}

function makeCommand(host: ActorHost, isAudited: boolean) {
  const [commandId, correlationId, key] = [randomUUID(), randomUUID(), randomUUID()];
  const requester = { service: 'bench', instance_id: 'one' };
  const envelope = {
    version: '1.0',
    command_id: commandId,
    correlation_id: correlationId,
    idempotency_key: key,
    requester,
    target: { account_id: 'alice', platform: 'example' },
    type: 'flow.run',
    payload: { flow: 'f', params: { post_url: 'https://example.org/p/1', text: `comment ${key}` } }
  };
  const bodyHash = createHash('sha256').update(JSON.stringify(envelope)).digest('hex');
  const writes: Write[] = [
    {
      into: 'idempotency',
      row: { service: 'bench', key, body_hash: bodyHash, command_id: commandId, created_at: Date.now() }
    }
  ];
  if (isAudited) {
    const detail = { type: 'flow.run', body_hash: bodyHash, requester: { ...requester }, flow: 'f', flow_version: 1 };
    const row = { action: 'command.accepted', outcome: 'accepted', service: 'bench', token_id: 't', detail };
    writes.push({ into: 'audit', row });
  }
  return host.create(`command/${commandId}`, { ...input, commandId, correlationId, envelope }, { writes });
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

/** The median of each round's, with against without. */
function ratioOf(of: Record<'without' | 'with', number[]>): number {
  return median(of.with.map((value, round) => value / (of.without[round] as number)));
}
