/** Real drivers under a real host, in a folder of their own that goes away with everything they started. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createDrivers, type Drivers } from '../../../actors/driver/drivers.ts';
import { type LedgerEntry, ProcessLedger } from '../../../actors/driver/ledger.ts';
import type { DriverLimits } from '../../../actors/driver/limits.ts';
import { type Platform, platformOf } from '../../../actors/driver/platform.ts';
import type { ActorHost, ActorView, EventRow } from '../../../actors/host/contract.ts';
import { createEmbeddedHost } from '../../../actors/host/embedded-host.ts';
import { openSqliteJournal } from '../../../actors/journal/sqlite-journal.ts';
import { type Lease, SUPERVISOR } from '../../../machines/protocol.ts';
import { sessionMachine } from '../../../machines/session.ts';

/** For `{ skip }`: why no browser can be driven on this machine. */
export const browserMissing: string | false = (() => {
  try {
    if (process.platform !== 'linux') return 'the tests end browsers by force, and on macOS that is the Safari you use';
    platformOf().preflight(process.env);
    return false;
  } catch (error) {
    return (error as Error).message;
  }
})();

/** A machine at its limit is slow, not broken: conditions are awaited so long before a test gives up. */
const PATIENCE_MS = 90_000;

export interface Stage {
  dataDir: string;
  drivers: Drivers;
  host: ActorHost;
  ledger: ProcessLedger;
  /** @param over of the session's input */
  create(id: string, over?: Record<string, unknown>): Promise<void>;
  /** Opens a session and waits until it is ready. */
  open(id: string, over?: Record<string, unknown>): Promise<Lease>;
  until(address: string, what: string, holds: (view: ActorView) => boolean): Promise<ActorView>;
  stateOf(address: string): Promise<string | undefined>;
  living(role: LedgerEntry['role'], slot?: string): LedgerEntry[];
  /** States the slot was in, in order, from the log. */
  path(slot: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function stage(
  t: TestContext,
  options: {
    slots?: number;
    limits?: Partial<DriverLimits>;
    /** Of the supervisor's input. */
    supervisor?: Record<string, unknown>;
    environment?: NodeJS.ProcessEnv;
    dataDir?: string;
    platform?: Platform;
  } = {}
): Promise<Stage> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'troupe-drivers-'));
  const drivers = createDrivers({
    dataDir,
    environment: { ...process.env, ...options.environment },
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.platform ? { platform: options.platform } : {})
  });
  const ledger = new ProcessLedger(join(dataDir, 'processes'));
  const journal = openSqliteJournal({ directory: dataDir });
  const host = createEmbeddedHost({
    journal,
    kinds: [...drivers.kinds, { kind: 'session', machine: sessionMachine, durable: true }],
    roots: ({ boot }) => [
      {
        address: SUPERVISOR,
        input: { slots: options.slots ?? 1, epoch: boot, driverLimits: options.limits ?? {}, ...options.supervisor }
      }
    ]
  });
  const killNow = () => drivers.killNow();
  process.once('exit', killNow);
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await host.stop();
    await drivers.stop();
    process.off('exit', killNow);
  };
  t.after(async () => {
    await stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  await drivers.start();
  await host.start();

  const until: Stage['until'] = async (address, what, holds) => {
    const view = await host.waitFor(address, holds, { timeoutMs: PATIENCE_MS });
    if (view) return view;
    const now = await host.read(address);
    assert.fail(`${address} never was ${what}; it is ${now?.state}: ${now?.why}`);
  };
  const create: Stage['create'] = async (id, over = {}) => {
    await host.create(`session/${id}`, {
      sessionId: id,
      accountId: null,
      platform: 'example',
      browser: 'safari',
      device: 'desktop',
      idleLimitMs: 600_000,
      parkLimitMs: 86_400_000,
      ...over
    });
  };
  return {
    dataDir,
    drivers,
    host,
    ledger,
    stop,
    until,
    create,
    async open(id, over) {
      await create(id, over);
      const view = await until(`session/${id}`, 'ready', ({ state }) => state === 'READY' || state === 'FAILED');
      assert.equal(view.state, 'READY', `session ${id}: ${view.why}`);
      return view.context.lease as Lease;
    },
    stateOf: async (address) => (await host.read(address))?.state,
    living: (role, slot) => ledger.entries(slot).filter((entry) => entry.role === role && stillThere(entry)),
    async path(slot) {
      const { rows } = await journal.readEvents(0, 500, { actor_kinds: ['driver'], actor_id: slot });
      return slotPath(rows);
    }
  };
}

/** One region of a driver's state: `slot` is where it is, `health` how. */
export const regionOf = (state: string, region: 'slot' | 'health'): string =>
  state
    .split(',')
    .find((path) => path.startsWith(`${region}.`))
    ?.slice(region.length + 1) ?? '';
export const isIdle = ({ state }: Pick<ActorView, 'state'>) => regionOf(state, 'slot') === 'READY.idle';
export const isRecovering = ({ state }: Pick<ActorView, 'state'>) => regionOf(state, 'slot').startsWith('RECOVERING');
/** The states of a region that rows of one slot tell of, in order. */
export const slotPath = (rows: EventRow[], region: 'slot' | 'health' = 'slot'): string[] =>
  rows.map(({ payload }) => regionOf(payload.to, region)).filter((state, index, all) => state !== all[index - 1]);

const stillThere = (entry: LedgerEntry): boolean => {
  try {
    return process.kill(entry.pid, 0);
  } catch {
    return false;
  }
};

/** Resolves once `holds`; fails the test after a time no working machine needs. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const until = Date.now() + PATIENCE_MS; !(await holds()); await new Promise((r) => setTimeout(r, 50))) {
    if (Date.now() > until) assert.fail(`never: ${what}`);
  }
}
