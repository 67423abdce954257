/** A machine whose processors do not sleep while something short is measured. */
import { closeSync, openSync, writeSync } from 'node:fs';

/** The kernel's own: as long as it is open, none sleeps deeper than wakes in so many µs. Documentation/power/pm_qos_interface. */
const DEVICE = '/dev/cpu_dma_latency';

/** @returns null where the system has nothing of the kind, or it is not for us: Linux has, for root */
export function keepAwake(): { how: string; release(): void } | null {
  try {
    const device = openSync(DEVICE, 'w');
    // A signed 32-bit number of µs.
    writeSync(device, Buffer.alloc(4));
    return { how: DEVICE, release: () => closeSync(device) };
  } catch {
    return null;
  }
}
