import type { FileHandle } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Browsers } from '../../actors/executor/executor.ts';
import type { Registry } from '../../actors/executor/registry.ts';
import type { ActorHost, ActorKind } from '../../actors/host/contract.ts';
import type { Accounts } from '../../actors/profile/accounts.ts';
import type { ProfileStore } from '../../actors/profile/store.ts';
import type { Refusals } from '../auth/refusals.ts';
import type { SignIn } from '../auth/sign-in.ts';
import type { Tokens } from '../auth/tokens.ts';
import type { Layout } from '../inspector/layout.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ActorIntake } from '../user-config/intake.ts';
import type { FlowRegistry } from './flow-registry.ts';
import type { IsOurs } from './names.ts';
import type { ReadinessCheck } from './readiness.ts';
import type { RefusalLog } from './refused.ts';
import type { SessionDirectory } from './session-directory.ts';

/** The bytes of artifacts, by their SHA-256 alone: no name of a client's ever becomes a path. */
export interface ArtifactFiles {
  /** For reading; the caller closes it. @throws ControlError ARTIFACT_NOT_FOUND */
  open(sha256: string): Promise<{ handle: FileHandle; size: number }>;
}

export interface ControlLimits {
  bodyBytes: number;
  /** Commands that may wait in one session. */
  sessionQueue: number;
  /** How long a person may take. */
  approvalMs: number;
  /** Each check of /ready. */
  checkMs: number;
  /** Result lists. */
  pageDefault: number;
  pageMax: number;
  /** Of one client, a second; 0 is no limit. */
  requests: number;
  /** Server-Sent Events that one client may have open. */
  streams: number;
  /** `?wait=` at most this. */
  waitSeconds: number;
}

export const defaultLimits: ControlLimits = {
  bodyBytes: 1024 * 1024,
  sessionQueue: 100,
  approvalMs: 24 * 60 * 60_000,
  checkMs: 2_000,
  pageDefault: 50,
  pageMax: 500,
  requests: 0,
  streams: 100,
  waitSeconds: 60
};

/** Everything the control plane needs; it reads no environment and starts nothing. */
export interface ControlDeps {
  host: ActorHost;
  tokens: Tokens;
  /** Counts refused tokens and codes, over both planes. Default: of its own. */
  refusals?: Refusals;
  /** Has who was refused, over both planes. Default: of its own. */
  refused?: RefusalLog;
  /** Names under which it is reached, see `names.ts`. Default: addresses and localhost. */
  isOurs?: IsOurs;
  signIn: SignIn;
  layout: Layout;
  metrics: Metrics;
  /** Where the telemetry plane listens, ws://HOST:PORT; for the page, which asks when all is up. */
  telemetry: () => string;
  flows: FlowRegistry;
  /** The selectors that ship, and those of registered platforms. */
  selectors: Registry;
  sessions: SessionDirectory;
  artifacts: ArtifactFiles;
  accounts: Accounts;
  profiles: ProfileStore;
  /** The open ones, for a person who drives; without it nothing is really driven, and no login is kept. */
  browsers?: Browsers;
  kinds: ActorKind[];
  /** What actors of registered kinds take from outside. */
  intakes?: ReadonlyMap<string, ActorIntake>;
  /** Names a target may have as its platform. */
  platforms: string[];
  checks: ReadinessCheck[];
  logger: Logger;
  /** Aborts when the process is told to stop: writes are refused from then on, long waits answer. */
  draining: AbortSignal;
  /** Nothing is really driven: every answer says so. */
  stub: boolean;
  version: string;
  limits?: Partial<ControlLimits>;
  /** ms since 1970 */
  now?: () => number;
  /** Of a command, an approval or a session that came without one. Default: a random UUID. */
  newId?: () => string;
}

/** With what may be left out filled in. */
export type Control = ControlDeps &
  Required<Pick<ControlDeps, 'intakes' | 'now' | 'newId' | 'refusals' | 'isOurs'>> & { limits: ControlLimits };
