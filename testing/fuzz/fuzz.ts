/** `troupe test fuzz`: sequences of commands against a deployment, the shortest that fails, and how to do it again. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { TroupeError } from '../../client/errors.ts';
import type { TestedKind } from '../kinds.ts';
import { Deployment, NotTested } from '../live/deployment.ts';
import type { Deviation } from '../live/life.ts';
import { Reached } from '../live/reached.ts';
import { assertSame, definitionOf, schemaOf } from '../live/run.ts';
import { commandsOf, type Model } from './commands.ts';
import type { Target } from './target.ts';
import { Found, World } from './world.ts';

export interface FuzzOptions {
  seed: number;
  /** What a failure printed: that one sequence again. */
  path?: string;
  /** Sequences. Default 30. */
  runs?: number;
  /** Of one sequence. Default 20. */
  maxCommands?: number;
  /** That send at the same time. Default 2; 1: nothing races. */
  clients?: number;
  anyVersion?: boolean;
  /** For all of it, shrinking too, ms. Default 10 minutes. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** After each sequence, also of shrinking. */
  onRun?(run: { commands: number; found: boolean; shrinking: boolean }): void;
}

export interface FuzzReport {
  kind: string;
  seed: number;
  /** Sequences that were done, without those of shrinking. */
  runs: number;
  commands: number;
  actors: number;
  /** Steps of actors that were held against the machine. */
  steps: number;
  /** Transitions that the deployment really took. */
  covered: number;
  total: number;
  missing: string[];
  failure: Failure | null;
}

export interface Failure {
  /** The shortest sequence that still fails, a command each. */
  commands: string[];
  /** With the same seed, that sequence again. */
  path: string;
  shrinks: number;
  deviations: Deviation[];
}

/**
 * The same seed, options and samples give the same sequences. What a real deployment makes of them depends on how its
 * scheduler lets requests, effects and timers meet: so does whether a failure of a race comes again.
 * @throws NotTested when the deployment cannot be reached, refuses, has another machine, or the time is over
 */
export async function fuzzLive(target: Target, kind: TestedKind, options: FuzzOptions): Promise<FuzzReport> {
  const { seed, runs = 30, maxCommands = 20, clients = 2, anyVersion = false, timeoutMs = 600_000, signal } = options;
  schemaOf(kind);
  await assertSame(new Deployment(target.endpoint), kind, anyVersion);
  const path = options.path === undefined ? undefined : pathOf(options.path);
  const name = `fuzz-${randomUUID().slice(0, 8)}`;
  const reached = new Reached('transitions', definitionOf(kind));
  const counted = { runs: 0, commands: 0, actors: 0, steps: 0 };
  /** Of the shortest sequence so far that failed. */
  let last: Pick<Failure, 'deviations' | 'commands'> = { deviations: [], commands: [] };
  let names = 0;
  const until = Date.now() + timeoutMs;
  let stopped: unknown;

  const sequence = sequenceOf(fc.oneof(...commandsOf(kind, target, { clients })), maxCommands);
  let isShrinking = false;
  const property = fc.asyncProperty(sequence, async (commands) => {
    if (stopped !== undefined) return;
    if (signal?.aborted || Date.now() > until) {
      stopped = signal?.aborted ? signal.reason : new NotTested(`${timeoutMs / 1000} s are over`, 'timed out');
      return;
    }
    let world: World | undefined;
    let found = false;
    try {
      world = await World.open(target, kind, `${name}-${++names}`);
      const real = world;
      await fc.asyncModelRun<Model, World, false, Model>(() => ({ model: { made: 0, ends: 0 }, real }), commands);
      const taken = await world.finish();
      counted.actors += world.lives.length;
      counted.steps += taken.length;
      reached.add(taken);
    } catch (error) {
      if (!(error instanceof Found)) {
        // Not for fast-check to make smaller: nothing was found out.
        stopped = error;
        return;
      }
      found = true;
      last = { deviations: error.deviations, commands: world?.done ?? [] };
      throw error;
    } finally {
      await world?.close();
      options.onRun?.({ commands: commands.length, found, shrinking: isShrinking });
      counted.runs += isShrinking ? 0 : 1;
      counted.commands += isShrinking ? 0 : commands.length;
      isShrinking ||= found;
    }
  });
  const details = await checked(property, {
    seed,
    numRuns: path === undefined ? runs : 1,
    endOnFailure: path !== undefined,
    ...(path === undefined ? {} : { path })
  });
  const failure = details.failed
    ? { ...last, path: details.counterexamplePath ?? '', shrinks: details.numShrinks }
    : null;
  if (!failure && stopped !== undefined) throw stopped instanceof TroupeError ? notTested(stopped) : stopped;
  return {
    kind: kind.kind,
    seed,
    ...counted,
    covered: reached.count,
    total: reached.total,
    missing: reached.missing,
    failure
  };
}

/** @throws NotTested where the path leads nowhere: it is of other commands */
async function checked<T>(property: fc.IAsyncProperty<T>, parameters: fc.Parameters<T>): Promise<fc.RunDetails<T>> {
  try {
    return await fc.check(property, parameters);
  } catch (cause) {
    if (parameters.path === undefined) throw cause;
    const why = 'its sequences are others with this seed and these flags; give the flags that it was printed with';
    throw new NotTested(`--path '${parameters.path}' leads nowhere: ${why}`, 'usage', cause);
  }
}

const notTested = (error: TroupeError) => new NotTested(`${error.code}: ${error.message}`, 'unreachable', error);

/**
 * Not fc.commands: that takes the last command that was done for the one that failed, and here all is judged at the end.
 * An array is made shorter anywhere but at its end, so how many of it are done is a number that gets smaller too; most
 * numbers there are leave the array whole.
 */
export const sequenceOf = <T>(command: fc.Arbitrary<T>, maxCommands: number): fc.Arbitrary<T[]> =>
  fc
    .tuple(
      fc.array(command, { minLength: 1, maxLength: maxCommands, size: 'max' }),
      fc.integer({ min: 1, max: 3 * maxCommands })
    )
    .map(([commands, done]) => commands.slice(0, done));

/** Which sequence it was, and how it was made shorter: `3:0:1`. @throws NotTested */
function pathOf(text: string): string {
  if (/^\d+(:\d+)*$/.test(text)) return text;
  throw new NotTested(`--path '${text}' is not what a failure prints, such as 3:0:1`, 'usage');
}
