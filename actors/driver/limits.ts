/** How long each thing may take, in ms where the name says so; the defaults are the driver contract's. */
export interface DriverLimits {
  displayBootMs: number;
  appiumBootMs: number;
  newSessionMs: number;
  /** Window handles and `return 1`, after opening, each. */
  smokeMs: number;
  /** W3C timeouts of every session; implicit is always 0. */
  scriptMs: number;
  pageLoadMs: number;
  deleteMs: number;
  /** SIGTERM to SIGKILL. */
  graceMs: number;
  /** Appium ends a session that gets no command for so long; the lease tick keeps it. */
  newCommandTimeoutMs: number;
  leaseTickMs: number;
  /** Between two looks at the process ids, which cost no command. */
  livenessMs: number;
  probeAppiumMs: number;
  probePageMs: number;
  /** So many page probes in a row without an answer: hung. */
  misses: number;
}

export const defaultLimits: DriverLimits = {
  displayBootMs: 10_000,
  appiumBootMs: 15_000,
  newSessionMs: 45_000,
  smokeMs: 3_000,
  scriptMs: 10_000,
  pageLoadMs: 30_000,
  deleteMs: 5_000,
  graceMs: 3_000,
  newCommandTimeoutMs: 120_000,
  leaseTickMs: 30_000,
  livenessMs: 500,
  probeAppiumMs: 5_000,
  probePageMs: 15_000,
  misses: 3
};
