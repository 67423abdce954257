/** `troupe test run`: paths through a machine, walked by actors of a deployment, and all that is seen held against the machine. */
import { randomUUID } from 'node:crypto';
import { define } from '../../actors/kernel/definition.ts';
import type { MachineSchema } from '../../actors/user-config/define.ts';
import type { Trace } from '../../schemas/generated/contracts.ts';
import type { TestedKind } from '../kinds.ts';
import { type Criterion, pathsOf } from '../paths.ts';
import { type Deployment, Follower, NotTested } from './deployment.ts';
import { intakeOf } from './intake.ts';
import type { Deviation } from './life.ts';
import { Reached } from './reached.ts';
import { type Walk, walkPath } from './walk.ts';

export interface RunOptions {
  /** Default: transitions. */
  criterion?: Criterion;
  /** The deployment may have another version of the machine. */
  anyVersion?: boolean;
  /** For the end of an effect and for a timer, ms. Default 10 s. */
  waitMs?: number;
  /** For all of it, ms. Default 10 minutes. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** After each path. */
  onWalk?(walk: Walk, path: number): void;
}

export interface LiveReport {
  kind: string;
  version: { here: string; there: string };
  criterion: Criterion;
  walks: Walk[];
  walked: number;
  notWalked: number;
  deviations: Deviation[];
  /** Of the criterion, what the deployment really went through. */
  covered: number;
  total: number;
  missing: string[];
  /** Steps that were judged, and of them those whose event carried what nobody could tell. */
  steps: number;
  unknown: number;
}

/** @throws NotTested when the deployment cannot be reached, refuses, or has another machine */
export async function runLive(deployment: Deployment, kind: TestedKind, options: RunOptions = {}): Promise<LiveReport> {
  const { criterion = 'transitions', anyVersion = false } = options;
  const definition = definitionOf(kind);
  const { version: there } = await assertSame(deployment, kind, anyVersion);
  const schema = schemaOf(kind);
  const { paths } = pathsOf(kind, { criterion });
  const reached = new Reached(criterion, definition);
  const walks = await deployment.asked(() => walkAll(deployment, { ...kind, schema }, paths, options));
  for (const { verdict } of walks) reached.add(verdict.taken);
  const taken = walks.flatMap(({ verdict }) => verdict.taken);
  return {
    kind: kind.kind,
    version: { here: definition.version, there },
    criterion,
    walks,
    walked: walks.filter(({ outcome }) => outcome === 'walked').length,
    notWalked: walks.filter(({ outcome }) => outcome === 'not walked').length,
    deviations: walks.flatMap(({ verdict }) => verdict.deviations),
    covered: reached.count,
    total: reached.total,
    missing: reached.missing,
    steps: taken.length,
    unknown: taken.filter(({ known }) => !known).length
  };
}

async function walkAll(
  deployment: Deployment,
  kind: TestedKind & { schema: MachineSchema },
  paths: readonly Trace[],
  { waitMs = 10_000, timeoutMs = 600_000, signal, onWalk }: RunOptions
): Promise<Walk[]> {
  const until = Date.now() + timeoutMs;
  const follower = new Follower(deployment, await deployment.client.head(), [kind.kind]);
  const walking = {
    deployment,
    follower,
    kind,
    intake: intakeOf(kind.schema),
    against: { definition: definitionOf(kind), samples: kind.samples },
    tried: new Set<string>(),
    waitMs,
    ...(signal ? { signal } : {})
  };
  const run = randomUUID().slice(0, 8);
  const walks: Walk[] = [];
  try {
    for (const [i, path] of paths.entries()) {
      signal?.throwIfAborted();
      if (Date.now() > until) {
        const why = `${i} of ${paths.length} paths were walked in ${timeoutMs / 1000} s; --timeout gives more`;
        throw new NotTested(why, 'timed out');
      }
      const walk = await walkPath(walking, path, `test-${run}-${i + 1}`);
      walks.push(walk);
      onWalk?.(walk, i + 1);
    }
  } finally {
    await follower.stop();
  }
  return walks;
}

export function definitionOf({ kind, machine, actorKind: { foreign = false, context } }: TestedKind) {
  return define({ kind, machine, durable: true, foreign, ...(context ? { context } : {}) });
}

/** Kinds that are always there and that clients make and move by paths of their own. */
const OWN_PATHS = ['command', 'session', 'approval'];

/** @throws NotTested where nobody outside makes and moves one by events */
export function schemaOf({ kind, schema, actorKind }: TestedKind): MachineSchema {
  if (schema) return schema;
  if (actorKind.foreign)
    throw new NotTested(`'${kind}' takes nothing over REST: its machine was registered without a schema`, 'usage');
  const way = OWN_PATHS.includes(kind)
    ? `'troupe test run ${kind}' walks it by its own paths`
    : `'troupe test conform' holds what the log has of it against its machine`;
  throw new NotTested(`nobody outside makes and moves a ${kind} by events; ${way}`, 'usage');
}

/** @throws NotTested */
export async function assertSame(deployment: Deployment, kind: TestedKind, anyVersion: boolean) {
  const there = await deployment.machine(kind.kind);
  const { version } = definitionOf(kind);
  if (there.version !== version && !anyVersion) {
    throw new NotTested(
      `the deployment has version ${there.version} of '${kind.kind}', and the machine here is ${version}; ` +
        'name the file it runs with --machines, or hold it against this one all the same with --any-version',
      'usage'
    );
  }
  return there;
}
