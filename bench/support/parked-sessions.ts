/**
 * A data directory with any number of sessions at rest, as a host leaves it. One session is really opened, by the real
 * host, machines and stub driver, and parked; the others are its rows under other names, since a hundred thousand real
 * ones would take minutes. `test/actors/host/scale.test.ts` has a host take them up.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commandKinds } from '../../actors/command/kinds.ts';
import { SUPERVISOR, stubDrivers } from '../../actors/driver/drivers.ts';
import { createStubExecutor } from '../../actors/executor/stub.ts';
import type { ActorHost, ActorRecord, Batch, EventRow, Journal, TimerRow } from '../../actors/host/contract.ts';
import { createEmbeddedHost, type EmbeddedHostOptions } from '../../actors/host/embedded-host.ts';
import { openSqliteJournal } from '../../actors/journal/sqlite-journal.ts';

export const PLATFORM = 'instagram';
export const sessionId = (i: number) => `parked-${String(i).padStart(8, '0')}`;
export const accountId = (i: number) => `account-${String(i).padStart(8, '0')}`;

const TEMPLATE = { session: 'parked-template', account: 'account-template' };
const DAY_MS = 86_400_000;
const PER_COMMIT = 1_000;

/** The host of a process with the stub driver, without the planes. */
export function stubHost(journal: Journal, options: Partial<EmbeddedHostOptions> = {}): ActorHost {
  const drivers = stubDrivers();
  return createEmbeddedHost({
    journal,
    kinds: [...commandKinds({ executor: createStubExecutor(), journal }), ...drivers.kinds],
    roots: ({ boot }) => [{ address: SUPERVISOR, input: { slots: 1, epoch: boot, ...drivers.supervised } }],
    ...options
  });
}

export const sessionInput = (id: string, account: string) => ({
  sessionId: id,
  accountId: account,
  platform: PLATFORM,
  browser: 'safari',
  device: 'desktop',
  idleLimitMs: 1,
  parkLimitMs: DAY_MS
});

interface Template {
  record: ActorRecord;
  timers: TimerRow[];
  /** The session's own, then others of the log it made. */
  rows: EventRow[];
}

/** One that was really opened and parked. */
async function template(directory: string): Promise<Template> {
  const path = join(directory, 'template.db');
  const journal = openSqliteJournal({ path, synchronous: 'OFF' });
  const host = stubHost(journal);
  await host.start();
  const address = `session/${TEMPLATE.session}`;
  await host.create(address, sessionInput(TEMPLATE.session, TEMPLATE.account));
  await host.waitFor(address, ({ state }) => state === 'PARKED.resting', { timeoutMs: 60_000 });
  const [record] = await journal.loadActors([address]);
  const timers = (await journal.timersAfter(null, 100)).filter((row) => row.address === address);
  const { rows } = await journal.readEvents(0, 1_000);
  const isOwn = (row: EventRow) => row.actorId === TEMPLATE.session;
  await host.stop();
  for (const end of ['', '-wal', '-shm']) await rm(path + end, { force: true });
  return {
    record: record as ActorRecord,
    timers,
    rows: [...rows.filter(isOwn), ...rows.filter((row) => !isOwn(row))]
  };
}

/**
 * @param directory made when missing; its journal must not be there yet
 * @param events of all sessions together, at least as many as sessions
 */
export async function makeParkedSessions(
  directory: string,
  { sessions, events, endsInMs = DAY_MS }: { sessions: number; events: number; endsInMs?: number }
): Promise<void> {
  const journal = openSqliteJournal({ directory, synchronous: 'OFF' });
  await journal.open();
  const { record, timers, rows } = await template(directory);
  const perSession = Math.ceil(events / sessions);
  const from = Date.now() - 1_000;
  let cursor = 0;
  for (let first = 0; first < sessions; first += PER_COMMIT) {
    const batch = emptyBatch();
    for (let i = first; i < Math.min(sessions, first + PER_COMMIT); i++) {
      const named = <T>(value: T): T =>
        JSON.parse(
          JSON.stringify(value).replaceAll(TEMPLATE.session, sessionId(i)).replaceAll(TEMPLATE.account, accountId(i))
        ) as T;
      for (let n = 0; n < perSession && cursor < events; n++) {
        cursor++;
        const row = named(rows[n % rows.length] as EventRow);
        batch.events.push({ ...row, cursor, eventId: `event-${cursor}`, emittedAt: from + cursor / 1_000 });
      }
      // Each has its own end, over the time there is.
      const dueAt = Date.now() + Math.floor((endsInMs * (i + 1)) / sessions);
      const { snapshot, ...rest } = named(record);
      const due = Object.fromEntries(Object.keys(snapshot.timers).map((id) => [id, dueAt]));
      batch.actors.push({
        ...rest,
        snapshot: { ...snapshot, timers: due },
        createdAt: from + i / 1_000,
        deadlineAt: dueAt,
        lastCursor: cursor
      });
      batch.timers.set.push(...timers.map((timer) => ({ ...named(timer), dueAt })));
    }
    await journal.commit(batch);
  }
  await journal.close();
}

export const emptyBatch = (): Batch => ({
  events: [],
  actors: [],
  timers: { set: [], cleared: [] },
  effects: { declared: [], settled: [] },
  tells: { sent: [], consumed: [] },
  writes: []
});
