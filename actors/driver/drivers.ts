import { join, resolve } from 'node:path';
import type { SupervisorInput } from '../../machines/supervisor.ts';
import type { ActorKind } from '../host/contract.ts';
import { driverKinds, stubDriverKinds } from './effects.ts';
import { ProcessLedger } from './ledger.ts';
import { type DriverLimits, defaultLimits } from './limits.ts';
import { type Platform, platformOf } from './platform.ts';
import { BrowserPool } from './pool.ts';
import { Slot } from './slot.ts';

/** The address that every session asks for a browser; `main` makes it at each start. */
export { SUPERVISOR } from '../../machines/protocol.ts';
export type { SupervisorLimits } from '../../machines/supervisor.ts';

/** At the end a browser gets this long to close by itself before it is killed, ms. */
const LAST_DELETE_MS = 1_000;

/** All browsers of one process: what to host, where the open ones are, and how none is left behind. */
export interface Drivers {
  /** For the executor: the open browsers by lease. */
  pool: BrowserPool;
  kinds: ActorKind[];
  /** Into the input of the supervisor, beside slots and epoch. */
  supervised: Pick<SupervisorInput, 'driverLimits' | 'devices' | 'exclusive'>;
  /**
   * Ends what a killed predecessor left. Call it when the data directory is locked, before the host starts.
   * @returns how many processes that were
   */
  start(): Promise<number>;
  /** After the host has stopped: ends every process. Resolves when none is left. */
  stop(): Promise<void>;
  /** For `process.on('exit')`: kills without waiting. After `stop` there is nothing to kill. */
  killNow(): void;
}

export interface DriversOptions {
  dataDir: string;
  /** What children inherit: `main` hands in the process's own environment. */
  environment: NodeJS.ProcessEnv;
  limits?: Partial<DriverLimits>;
  /** Default: this system's. */
  platform?: Platform;
}

/** @throws ControlError PREREQUISITE_MISSING on a system that is neither macOS nor Linux */
export function createDrivers({
  dataDir: folder,
  environment,
  limits,
  platform = platformOf()
}: DriversOptions): Drivers {
  const dataDir = resolve(folder); // children work in other folders
  const pool = new BrowserPool();
  const ledger = new ProcessLedger(join(dataDir, 'processes'));
  const options = { dataDir, environment, ledger, pool, platform, limits: { ...defaultLimits, ...limits } };
  const slots = new Map<string, Slot>();
  const slot = (name: string): Slot => {
    const known = slots.get(name) ?? new Slot(name, options);
    slots.set(name, known);
    return known;
  };
  return {
    pool,
    kinds: driverKinds({ slot }),
    supervised: { driverLimits: limits ?? {}, devices: platform.devices, exclusive: platform.exclusive },
    start: async () => (await ledger.sweep({ graceMs: platform.graceMs(options.limits) })).killed.length,
    stop: async () => {
      await Promise.all([...slots.values()].map((one) => one.shutDown({ deleteMs: LAST_DELETE_MS })));
      await ledger.sweep({ graceMs: 0 });
    },
    killNow: () => ledger.sweepNow()
  };
}

/** `--driver stub`: every state the same, no process. */
export const stubDrivers = (limits: Partial<DriverLimits> = {}): Drivers => ({
  pool: new BrowserPool(),
  kinds: stubDriverKinds(),
  supervised: { driverLimits: limits },
  start: async () => 0,
  stop: async () => {},
  killNow: () => {}
});
