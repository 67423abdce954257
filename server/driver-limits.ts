import type { SupervisorLimits } from '../actors/driver/drivers.ts';
import type { DriverLimits } from '../actors/driver/limits.ts';
import type { Config } from '../schemas/generated/contracts.ts';
import { camelCase } from './camel-case.ts';

/** The option `driver_limits` in its two parts: what the supervisor keeps of the line, and what each slot keeps to. */
export function driverLimits({ driver_limits: { queue_length, queue_wait_ms, drain_ms, ...rest } }: Config): {
  line: Partial<SupervisorLimits>;
  slots: Partial<DriverLimits>;
} {
  const line = { queueLength: queue_length, queueWaitMs: queue_wait_ms, drainMs: drain_ms };
  const slots = Object.fromEntries(Object.entries(rest).map(([name, value]) => [camelCase(name), value]));
  return { line: given(line), slots };
}

const given = <T extends object>(limits: T) =>
  Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
