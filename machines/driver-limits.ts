/**
 * How long each thing of a slot may take, and how often it may go wrong. The same list is the option `driver_limits`
 * (`schemas/config.schema.json`, in snake case), with the same defaults: those of the driver contract. In ms where the
 * name says so.
 */
export interface DriverLimits {
  // Starting
  displayBootMs: number;
  appiumBootMs: number;
  /** POST /session. */
  newSessionMs: number;
  /** After a POST /session without an answer: how long its session is looked for, to be adopted. */
  adoptMs: number;
  /** Waits before asking again when another session has the browser; after the last one both are ended. */
  pairedRetryMs: readonly number[];
  /** Window handles and `return 1`, after opening, each. */
  smokeMs: number;

  // W3C timeouts of every session; implicit is always 0
  scriptMs: number;
  pageLoadMs: number;

  // Every command of a session, from being asked to being answered, its turn included
  readMs: number;
  actMs: number;
  /** Outlasts the page-load limit on purpose: the browser's own answer says more. */
  navigateMs: number;

  // Ending
  deleteMs: number;
  /** SIGTERM to SIGKILL. */
  graceMs: number;
  /** The same for Safari, which takes longer. */
  safariGraceMs: number;

  // Watching
  /** Appium ends a session that gets no command for so long; the lease tick keeps it. */
  newCommandTimeoutMs: number;
  leaseTickMs: number;
  /** Between two looks at the process ids, which cost no command. */
  livenessMs: number;
  /** Each probe is made this often, and may take as long. */
  probeAppiumMs: number;
  probeDriverMs: number;
  probePageMs: number;
  probeDisplayMs: number;
  /** So many misses in a row of one probe: hung. */
  misses: number;

  // Going on
  /** Restart intensity: so many failures within the window quarantine the slot. */
  failures: number;
  failureWindowMs: number;
  /** Before the next try: full jitter under a ceiling that doubles from the first to the most. */
  backoffFirstMs: number;
  backoffMostMs: number;
  /** Until the next trial of a quarantined slot: doubles from the first to the most. */
  quarantineFirstMs: number;
  quarantineMostMs: number;

  // Recycling, between sessions
  recycleSessions: number;
  recycleAgeMs: number;
  /** Resident, of all processes of the slot. */
  recycleBytes: number;
  /** Page loads in a row that did not end. */
  recyclePageLoads: number;

  /** A person may have the browser so long. */
  holdMs: number;
}

export const defaultLimits: DriverLimits = {
  displayBootMs: 10_000,
  appiumBootMs: 15_000,
  newSessionMs: 45_000,
  adoptMs: 5_000,
  pairedRetryMs: [2_000, 4_000],
  smokeMs: 3_000,
  scriptMs: 10_000,
  pageLoadMs: 30_000,
  readMs: 10_000,
  actMs: 15_000,
  navigateMs: 35_000,
  deleteMs: 5_000,
  graceMs: 3_000,
  safariGraceMs: 10_000,
  newCommandTimeoutMs: 120_000,
  leaseTickMs: 30_000,
  livenessMs: 500,
  probeAppiumMs: 5_000,
  probeDriverMs: 5_000,
  probePageMs: 15_000,
  probeDisplayMs: 5_000,
  misses: 3,
  failures: 5,
  failureWindowMs: 60_000,
  backoffFirstMs: 500,
  backoffMostMs: 30_000,
  quarantineFirstMs: 60_000,
  quarantineMostMs: 600_000,
  recycleSessions: 50,
  recycleAgeMs: 4 * 3_600_000,
  recycleBytes: 1_500_000_000,
  recyclePageLoads: 2,
  holdMs: 600_000
};

/**
 * How long the states of the machine may last: what they do, each with its own limit, and some room. They end a state
 * whose effect, bounded as it is, did not come back.
 */
export const stateLimits = {
  preflight: () => 10_000,
  /** Display, Appium and its end, one warming browser. */
  boot: (l: DriverLimits) => l.displayBootMs + l.appiumBootMs + l.graceMs + opening(l) + l.deleteMs + 7_000,
  open: (l: DriverLimits) => opening(l) + 20_000,
  configure: (l: DriverLimits) => 4 * l.smokeMs + 8_000,
  close: (l: DriverLimits) => l.deleteMs + 10_000,
  /** One rung of the ladder: a look, or the end of a group with the grace it is given. */
  rung: (l: DriverLimits) => Math.max(l.deleteMs, 2 * l.probeAppiumMs, l.safariGraceMs) + 10_000,
  shutDown: (l: DriverLimits) => l.deleteMs + 2 * Math.max(l.graceMs, l.safariGraceMs) + 20_000
};

const opening = (l: DriverLimits) => l.newSessionMs + l.adoptMs + l.pairedRetryMs.reduce((sum, ms) => sum + ms, 0);
