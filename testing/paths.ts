/** Paths through a machine: the fewest that cover what a criterion asks for, walked in virtual time, and judged. */
import type { EventRow, MachineEvent } from '../actors/host/contract.ts';
import type { TelemetryRow } from '../actors/kernel/telemetry.ts';
import type { Trace } from '../schemas/generated/contracts.ts';
import { cover, type Route } from './cover.ts';
import { explore, statesOf } from './explore.ts';
import { CRITERIA, type Criterion, Goals } from './goals.ts';
import { brokenInvariants, type LogFacts, type Violation } from './invariants.ts';
import type { TestedKind } from './kinds.ts';
import { NOON } from './noon.ts';
import { record, type TraceMove } from './trace.ts';
import { type Move, type Trod, VirtualActor } from './virtual.ts';

export { CRITERIA, type Criterion } from './goals.ts';
export { NOON } from './noon.ts';

/** What was asked for and no path reaches. */
export interface Uncovered {
  goal: string;
  /** unreachable: all there is to reach with these samples was looked at. bound: the search ended before that. */
  why: 'unreachable' | 'bound';
}

export interface PathSet {
  kind: string;
  criterion: Criterion;
  /** What comes to the actor, and all that comes of it. */
  paths: Trace[];
  /** States, transitions, pairs or outcomes of guards. */
  covered: number;
  total: number;
  uncovered: Uncovered[];
  /** Places that were looked at, and whether that is all there are. */
  explored: { places: number; exhausted: boolean };
  /** What the invariants say of the log of each path. */
  violations: (Violation & { path: number })[];
  /** Paths on which the actor failed: the machine threw, or nobody handled an effect's failure. */
  failures: { path: number; why: string }[];
  /** Inputs among the samples that the machine does not take. */
  refused: { input: Record<string, unknown>; why: string }[];
}

export interface PathOptions {
  /** Default: transitions. */
  criterion?: Criterion;
  /** Places that are looked at, at most. Default 3,000. */
  limit?: number;
  /** Beside those of `invariants`, by name. */
  invariants?: Record<string, (facts: LogFacts) => Violation[]>;
}

export const DEFAULT_LIMIT = 3_000;

/**
 * The fewest paths found that cover every state, transition, pair of transitions in a row, or both outcomes of every
 * guard. The same kind gives the same paths.
 * @throws Error when the machine takes none of the inputs, or there is no such criterion
 */
export function pathsOf(kind: TestedKind, options: PathOptions = {}): PathSet {
  const { criterion = 'transitions', limit = DEFAULT_LIMIT, invariants = {} } = options;
  if (!CRITERIA.includes(criterion)) {
    throw new Error(`criterion '${criterion}' is none; there are ${CRITERIA.join(', ')}`);
  }
  const actor = new VirtualActor(kind);
  const goals = new Goals(criterion, kind.machine, actor.watched.declared);
  const explored = explore(actor, goals, limit);
  const refused = explored.refused.map(({ input, why }) => ({ input: kind.samples.inputs[input] ?? {}, why }));
  if (explored.births.length === 0) {
    const why = refused[0]?.why ?? 'its schema gives none';
    throw new Error(`'${kind.kind}' begins with no input there is (${why}); give it samples.inputs`);
  }
  const covered = new Set<number>();
  const walks = cover(explored, goals).map((route) => follow(actor, goals, route, covered));
  const paths = walks.map((walked, i) => traceOf(actor, `path ${i + 1} of ${walks.length}, for ${criterion}`, walked));
  const logs = walks.map(({ trods }) => logOf(trods));
  return {
    kind: kind.kind,
    criterion,
    paths,
    covered: covered.size,
    total: goals.names.length,
    uncovered: goals.names.flatMap((goal, i) =>
      covered.has(i) ? [] : [{ goal, why: explored.exhausted ? ('unreachable' as const) : ('bound' as const) }]
    ),
    explored: { places: explored.vertices.length, exhausted: explored.exhausted },
    violations: logs.flatMap((rows, i) => {
      const own = Object.values(invariants).flatMap((judge) => judge({ rows, ended: false }));
      return [...judged(rows), ...own].map((violation) => ({ ...violation, path: i + 1 }));
    }),
    failures: logs.flatMap((rows, i) =>
      rows.flatMap(({ type, payload }) =>
        type === 'actor.failed'
          ? [{ path: i + 1, why: `${payload.event} in ${payload.from}: ${payload.why ?? ''}` }]
          : []
      )
    ),
    refused
  };
}

/** What was predicted is walked once more, move by move: times differ where two ways lead to one place. */
function follow(actor: VirtualActor, goals: Goals, [birth, ...edges]: Route, covered: Set<number>) {
  const input = actor.kind.samples.inputs[birth?.input ?? 0] ?? {};
  const trods = [actor.begin(input)];
  let tail: readonly number[] = [];
  const note = (trod: Trod) => {
    const trodden = { states: trod.rejected ? [] : statesOf(trod), seen: trod.seen };
    for (const goal of goals.reachedBy(trodden, tail)) covered.add(goal);
    tail = trod.seen.taken.at(-1) ?? tail;
  };
  note(trods[0] as Trod);
  const moves: Move[] = [];
  for (const { move } of edges) {
    const trod = actor.take((trods.at(-1) as Trod).place, move as Move);
    if (!trod) throw new Error(`${move?.type} does not come again where it came before; this is a mistake of ours`);
    note(trod);
    trods.push(trod);
    moves.push(move as Move);
  }
  return { input, trods, moves };
}

function traceOf(
  { definition }: VirtualActor,
  about: string,
  { input, trods, moves }: ReturnType<typeof follow>
): Trace {
  return record(definition, {
    about,
    start: { id: 'one', at: NOON, input },
    moves: moves.map(({ by, type }, i): TraceMove => {
      const trod = trods[i + 1] as Trod;
      const after_ms = trod.place.now - (trods[i] as Trod).place.now;
      return { by, ...(by === 'timer' ? { timer: type } : {}), after_ms, event: trod.event };
    })
  });
}

/** As a journal would have it. */
function logOf(trods: Trod[]): EventRow[] {
  const rows = trods.flatMap(({ rows, place }) => rows.map((row) => ({ row, at: place.now })));
  return rows.map(({ row, at }, i) => asLogged(row, i + 1, at));
}

const asLogged = (row: TelemetryRow, cursor: number, emittedAt: number): EventRow => ({
  ...row,
  cursor,
  eventId: `virtual-${cursor}`,
  emittedAt
});

/** What others did is not in the log of one actor: what an invariant says of them is nothing it can know. */
function judged(rows: EventRow[]): Violation[] {
  const there = new Set(rows.map(({ actorKind, actorId }) => `${actorKind}/${actorId}`));
  return brokenInvariants({ rows, ended: false }).filter(({ about }) => about.every((address) => there.has(address)));
}

export interface Walk {
  /** What the log of it would have. */
  rows: EventRow[];
  /** After the actor is made, and after each step. */
  states: string[];
  /** What the invariants say of that log. */
  violations: Violation[];
}

/**
 * Walks a path in virtual time, event by event as it stands there, and judges what the log of it would have. Whether each
 * step comes out as the path says is for `replay` to tell.
 * @throws Error where nothing could bring what the path has next
 */
export function walk(kind: TestedKind, path: Trace): Walk {
  const actor = new VirtualActor(kind);
  const trods = [actor.begin(path.start.input ?? {})];
  for (const [i, { by, event, timer }] of path.steps.entries()) {
    const { place } = trods.at(-1) as Trod;
    const trod = actor.bring(place, by, event as MachineEvent, timer);
    if (!trod) throw new Error(`step ${i + 1}: nothing brings '${timer ?? event.type}' to ${place.record.state}`);
    trods.push(trod);
  }
  const rows = logOf(trods);
  const states = trods.map(({ place }) => place.record.state);
  return { rows, states, violations: judged(rows) };
}
