/**
 * Durable rows a second of a group commit, against the same rows in transactions of the same size put in one at a time:
 * same tables, same indexes, same `synchronous=FULL`, same disk, in turn, in one run. What counts is the ratio.
 *
 * Not measured: more than one process, a database larger than memory, the host above it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActorRecord, Batch, EventRow, Journal } from '../actors/host/contract.ts';
import { Connection } from '../actors/journal/connection.ts';
import { migrate, migrations } from '../actors/journal/migrations.ts';
import { eventColumns, eventScalars } from '../actors/journal/rows.ts';
import { openSqliteJournal } from '../actors/journal/sqlite-journal.ts';

const ROUNDS = 9;
const BATCH_ROWS = 1_000;
const BATCHES = 10;
const STEPS = 200;

const folder = await mkdtemp(join(tmpdir(), 'troupe-bench-'));
try {
  const journal = openSqliteJournal({ directory: folder });
  await journal.open();
  const single = await Connection.open(join(folder, 'single.db'), 'create');
  await single.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768');
  await migrate(single, 0, migrations());
  const insert = `INSERT INTO events (${eventColumns.join(', ')}) VALUES (${eventColumns.map(() => '?').join(', ')})`;

  const rate = { batch: 0, single: 0 };
  const ratios: number[] = [];
  let head = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const batches = Array.from({ length: BATCHES }, (_, n) => eventsFrom(head + 1 + n * BATCH_ROWS, BATCH_ROWS));
    const together = await timed(async () => {
      for (const events of batches) await journal.commit(batchOf(events));
    });
    const oneByOne = await timed(async () => {
      for (const events of batches) {
        await single.run('BEGIN IMMEDIATE');
        for (const event of events) await single.run(insert, eventScalars(event));
        await single.run('COMMIT');
      }
    });
    const rows = BATCHES * BATCH_ROWS;
    head += rows;
    rate.batch = Math.max(rate.batch, rows / together);
    rate.single = Math.max(rate.single, rows / oneByOne);
    ratios.push(oneByOne / together);
  }
  await single.close();
  const steps = await stepsPerSecond(journal, head);
  await journal.close();

  ratios.sort((a, b) => a - b);
  const figure = (value: number) => Math.round(value).toLocaleString('en').padStart(9);
  console.log(`journal: events by one json_each statement a batch of ${BATCH_ROWS}`);
  console.log(`  group commit    ${figure(rate.batch)} durable rows/s (best of ${ROUNDS})`);
  console.log(`  single inserts  ${figure(rate.single)} durable rows/s (best of ${ROUNDS})`);
  console.log(
    `  ratio           ${ratios[Math.floor(ROUNDS / 2)]!.toFixed(1).padStart(9)} × (median of ${ROUNDS}; ${ratios[0]!.toFixed(1)} to ${ratios.at(-1)!.toFixed(1)})`
  );
  console.log(
    `  whole steps     ${figure(steps)} durable steps/s: event, snapshot, timer and tell of ${STEPS} actors a commit`
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Each of `STEPS` actors moves in every commit: what a host writes, not the log alone. */
async function stepsPerSecond(journal: Journal, from: number): Promise<number> {
  const rounds = 20;
  let head = from;
  const seconds = await timed(async () => {
    for (let step = 1; step <= rounds; step += 1) {
      const events = eventsFrom(head + 1, STEPS);
      const addresses = events.map((_, index) => `command/bench-${index}`);
      await journal.commit({
        ...batchOf(events),
        actors: addresses.map((address) => actorOf(address, step)),
        timers: {
          set: addresses.map((address) => ({ address, id: 'deadline', dueAt: step, event: { type: 'xstate.after' } })),
          cleared: []
        },
        tells: {
          sent: addresses.map((from) => ({ id: `${from}#${step}.0`, from, to: 'session/s', event: { type: 'x' } })),
          consumed: addresses.map((from) => `${from}#${step - 1}.0`)
        }
      });
      head += STEPS;
    }
  });
  return (rounds * STEPS) / seconds;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
}

function batchOf(events: EventRow[]): Batch {
  return {
    events,
    actors: [],
    timers: { set: [], cleared: [] },
    effects: { declared: [], settled: [] },
    tells: { sent: [], consumed: [] },
    writes: []
  };
}

/** Ten events of each command, as a run of one is. */
function eventsFrom(first: number, count: number): EventRow[] {
  return Array.from({ length: count }, (_, index) => {
    const cursor = first + index;
    const id = `00000000-0000-4000-8000-${String(Math.floor(cursor / 10)).padStart(12, '0')}`;
    return {
      cursor,
      eventId: `10000000-0000-4000-8000-${String(cursor).padStart(12, '0')}`,
      emittedAt: 1_700_000_000_000 + cursor,
      severity: 'info',
      type: 'status.changed',
      actorKind: 'command',
      actorId: id,
      step: cursor % 10,
      subject: { correlation_id: `k${id}`, command_id: id, session_id: 's1', account_id: 'demo', platform: 'x' },
      payload: { actor: { kind: 'command', id }, from: 'QUEUED', to: 'RUNNING.PREPARING', event: 'session.granted' }
    };
  });
}

function actorOf(address: string, step: number): ActorRecord {
  return {
    address,
    kind: 'command',
    id: address.split('/')[1]!,
    machineVersion: 'v1',
    step,
    status: 'active',
    state: 'RUNNING.PREPARING',
    snapshot: {
      value: { RUNNING: 'PREPARING' },
      context: { envelope: { type: 'flow.run' }, text: 'x'.repeat(1_000), step },
      status: 'active',
      children: {},
      timers: {}
    },
    subject: { correlation_id: address, command_id: address, session_id: 's1', account_id: 'demo', platform: 'x' },
    createdAt: 1_700_000_000_000,
    updatedAt: step,
    enteredAt: step,
    deadlineAt: null,
    lastCursor: step,
    resumes: true
  };
}
