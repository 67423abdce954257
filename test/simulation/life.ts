import { ControlError } from '../../schemas/errors.ts';
import type { Fault, Faults } from './faults.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** One life of the process, as its hands see it: from its start to the moment it is killed. */
export interface Life {
  number: number;
  time: VirtualTime;
  random: Random;
  faults: Faults;
  isAlive(): boolean;
  /** kill -9 */
  kill(): void;
}

/** Virtual time passes. What a killed process waits for never comes. */
export function wait({ time, isAlive }: Life, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      time.cancel(entry);
      reject(signal?.reason);
    };
    const entry = time.at(ms, () => {
      signal?.removeEventListener('abort', abort);
      if (isAlive()) resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** A line of code at which the process may be killed. */
export function killPoint(life: Life, fault: Fault): Promise<void> {
  if (!life.isAlive()) return new Promise(() => {});
  if (!life.faults.strikes(fault)) return Promise.resolve();
  life.kill();
  return new Promise(() => {});
}

export const silence = (path: string, waitedMs: number) =>
  new ControlError('DRIVER_TIMEOUT', { method: 'POST', path, waitedMs, sent: true });
