/** One path through a machine, walked by an actor of a deployment. */
import type { ActorSummary, EventEnvelope, Trace, TraceStep } from '../../schemas/generated/contracts.ts';
import type { TestedKind } from '../kinds.ts';
import { sampled } from '../samples.ts';
import { type Deployment, type Follower, isOf } from './deployment.ts';
import type { Intake } from './intake.ts';
import { type Against, judge, type Verdict } from './judge.ts';
import { deviation, type Life } from './life.ts';
import { settle } from './settle.ts';

export interface Walk {
  path: Trace;
  life: Life;
  verdict: Verdict;
  outcome: 'walked' | 'not walked' | 'differs';
  /** Of one that was not walked to its end: at which step, and what was there instead. */
  why: string | null;
  /** Steps of the path that were taken. */
  steps: number;
}

export interface Walking {
  deployment: Deployment;
  follower: Follower;
  kind: TestedKind;
  intake: Intake;
  against: Against;
  /** States whose illegal events have been tried. */
  tried: Set<string>;
  /** For the end of an effect and for a timer, ms. */
  waitMs: number;
  signal?: AbortSignal;
}

/** A timer that is due in less may fire while something else is tried. */
const SOON_MS = 5_000;

/** The walk does not go on as the path has it; that is no fault of anybody. */
class Left extends Error {}

export async function walkPath(walking: Walking, path: Trace, id: string): Promise<Walk> {
  const { deployment, follower, kind, intake, against } = walking;
  const { input = {} } = path.start;
  const life: Life = {
    address: `${kind.kind}/${id}`,
    input: intake.input(input) ?? input,
    requests: [],
    rows: [],
    looks: []
  };
  const cursor = follower.rows.at(-1)?.cursor ?? follower.from;
  const born = await deployment.make(kind.kind, id, input);
  const walk: Walk = { path, life, verdict: judge(life, against, false), outcome: 'differs', why: null, steps: 0 };
  if (born.kind !== 'accepted') {
    const why = born.kind === 'rejected' ? born.state : born.why;
    if (born.kind === 'lost') return { ...walk, outcome: 'not walked', why: `it was not made: ${why}` };
    walk.verdict.deviations.push(deviation('fit was refused', life, `the input ${JSON.stringify(input)}: ${why}`));
    return walk;
  }
  life.looks.push(born.actor);
  try {
    await tryIllegal(walking, life, born.actor, path.steps.length === 0);
    let number = 1;
    for (const [i, step] of path.steps.entries()) {
      if (!step.expect.rejected) number += 1;
      try {
        const actor = await (step.by === 'client' ? send : comes)(walking, life, step, number);
        if (actor) await tryIllegal(walking, life, actor, i === path.steps.length - 1);
      } catch (error) {
        if (!(error instanceof Left)) throw error;
        walk.why = `step ${i + 1} of ${path.steps.length}, '${step.event.type}': ${error.message}`;
        break;
      }
      walk.steps = i + 1;
    }
  } finally {
    const look = await deployment.look(life.address);
    if (look) life.looks.push(look);
  }
  const replayed = await deployment.replay(cursor, [kind.kind]);
  walk.verdict = await settle(deployment, against, life, replayed, follower.of(life.address));
  walk.outcome = walk.verdict.deviations.length > 0 ? 'differs' : walk.why === null ? 'walked' : 'not walked';
  return walk;
}

/**
 * @param number of the step that it is to become
 * @returns the actor as it is then; undefined where it has not moved
 */
async function send({ deployment, intake }: Walking, life: Life, step: TraceStep, number: number) {
  const event = intake.event(step.event) ?? step.event;
  const { answer } = await deployment.tell(life, event);
  if (answer.kind === 'lost') throw new Left(`no answer came (${answer.why})`);
  if (answer.kind === 'refused') return undefined;
  if (answer.kind === 'rejected') {
    if (step.expect.rejected) return undefined;
    throw new Left(`it was refused in ${answer.state}, where the actor was by itself or by what the machine is`);
  }
  life.looks.push(answer.actor);
  const { step: is, state } = answer.actor;
  if (is !== number) throw new Left(`the actor had moved by itself before it came, to ${state}`);
  if (state !== step.expect.state) throw new Left(`it led to ${state}, not to ${step.expect.state}`);
  return answer.actor;
}

async function comes({ deployment, follower, waitMs, signal }: Walking, life: Life, step: TraceStep, number: number) {
  const rowOf = (row: EventEnvelope) => row.type !== 'event.rejected' && (row.payload.step ?? 0) >= number;
  const rows = () => follower.of(life.address).filter(rowOf);
  if (step.expect.rejected) throw new Left('word that is refused cannot be given from outside');
  if (rows().length === 0) {
    const actor = await deployment.look(life.address);
    const dueMs = actor?.deadline_at ? Date.parse(actor.deadline_at) - Date.parse(actor.entered_at) : 0;
    const isWaitingFor = actor && actor.step < number;
    if (isWaitingFor && step.by === 'timer' && dueMs > waitMs) {
      throw new Left(
        `its timer is due ${dueMs / 1000} s after ${actor.state} began, and ${waitMs / 1000} s are waited`
      );
    }
    if (isWaitingFor && actor.running?.length === 0 && actor.deadline_at === null) {
      throw new Left(`nothing of its own runs in ${actor.state}, and others bring it`);
    }
  }
  if (!(await follower.until(() => rows().length > 0, waitMs, signal))) {
    throw new Left(`it did not come in ${waitMs / 1000} s`);
  }
  const now = rows().filter(({ payload }) => payload.step === number);
  const [first] = now;
  if (!first) throw new Left('what came instead moved nothing');
  if (first.payload.event !== step.event.type) {
    throw new Left(
      `'${first.payload.event}' came, which the deployment's outside gave, and led to ${first.payload.to}`
    );
  }
  // A step of several rows is whole once the actor is read past it.
  const actor = await deployment.look(life.address);
  if (actor) life.looks.push(actor);
  const whole = await deployment.look(life.address, now.at(-1)?.cursor);
  const state = actor?.step === number ? actor.state : (whole?.state ?? first.payload.to);
  if (state !== step.expect.state)
    throw new Left(`it led to ${state}, not to ${step.expect.state}: what it carried was another`);
  return actor?.step === number ? actor : undefined;
}

/**
 * In a state that is come to for the first time: whatever it does not take is refused, with what it takes. Where
 * something runs that may end meanwhile, a state that takes it could come first, so there only at the end of the path.
 */
async function tryIllegal(walking: Walking, life: Life, actor: ActorSummary, isLast: boolean): Promise<void> {
  const { deployment, kind, against, tried, intake, follower, waitMs, signal } = walking;
  if (tried.has(actor.state)) return;
  const isSeen = () => follower.of(life.address).some(({ cursor }) => BigInt(cursor) >= BigInt(actor.last_cursor));
  if (!(await follower.until(isSeen, waitMs, signal))) return;
  life.rows = follower.rows.filter(isOf(life.address));
  const { record, deviations } = judge(life, against, true);
  if (!record || record.step !== actor.step || deviations.length > 0) return;
  const { children, timers } = record.snapshot;
  const isRunning = Object.values(children).some(({ effect, address }) => (effect ?? address) !== undefined);
  const isSoon = Object.values(timers).some((dueAt) => dueAt < record.updatedAt + SOON_MS);
  if (!isLast && (isRunning || isSoon)) return;
  tried.add(actor.state);
  for (const type of intake.types) {
    if (actor.accepts.includes(type)) continue;
    const [fields] = sampled(kind.samples.events[type], record.snapshot.context);
    if (!fields) continue;
    const event = { ...fields, type };
    await deployment.tell(life, intake.event(event) ?? event);
  }
}
