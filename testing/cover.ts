/**
 * The fewest paths that together reach all that was reached: candidates are the shortest ways to each place and one move
 * on; the one that reaches most of what is left is taken, again and again. Then each is made as short as it can be.
 */
import type { Edge, Explored } from './explore.ts';
import type { Goals } from './goals.ts';

/** Edges from an actor's making on. */
export type Route = Edge[];

interface Stop {
  edge: Edge;
  before: Stop | null;
  length: number;
  /** What the last microstep took: for pairs. */
  tail: readonly number[];
  goals: Set<number>;
}

export function cover({ births, reached }: Explored, goals: Goals): Route[] {
  const { all, candidates } = stops(births, goals);
  const left = new Set(reached);
  const chosen: Stop[] = [];
  // What a candidate adds only gets less: one that adds most is found without looking at all of them each time.
  let bounds = candidates.map((stop) => ({ stop, adds: stop.goals.size }));
  while (left.size > 0) {
    bounds.sort((a, b) => b.adds - a.adds || a.stop.length - b.stop.length);
    let best: (typeof bounds)[number] | undefined;
    for (const bound of bounds) {
      if (best && bound.adds < best.adds) break;
      bound.adds = [...bound.stop.goals].filter((goal) => left.has(goal)).length;
      if (!best || bound.adds > best.adds || (bound.adds === best.adds && bound.stop.length < best.stop.length)) {
        best = bound;
      }
    }
    if (!best || best.adds === 0) break;
    chosen.push(best.stop);
    for (const goal of best.stop.goals) left.delete(goal);
    bounds = bounds.filter(({ adds }) => adds > 0);
  }
  const kept = shortened(chosen, all);
  // Where it came from counts with pairs: nothing can be put in between.
  return goals.criterion === 'pairs' ? kept.map(routeOf) : joined(kept, goals);
}

/** Breadth first: the shortest way to each place, for pairs to each with each last transition. */
function stops(births: Edge[], goals: Goals): { all: Stop[]; candidates: Stop[] } {
  const isPairs = goals.criterion === 'pairs';
  const seen = new Set<string>();
  const all: Stop[] = [];
  const isPassed = new Set<Stop>();
  const add = (edge: Edge, before: Stop | null): Stop | undefined => {
    const own = goals.reachedBy(edge.trodden, before?.tail ?? []);
    const tail = edge.trodden.seen.taken.at(-1) ?? before?.tail ?? [];
    const place = isPairs ? `${edge.to.number} ${tail.join(' ')}` : String(edge.to.number);
    const isNew = !seen.has(place);
    const adds = before === null || own.some((goal) => !before.goals.has(goal));
    if (!isNew && !adds) return undefined;
    const stop: Stop = {
      edge,
      before,
      length: (before?.length ?? 0) + 1,
      tail,
      goals: adds ? new Set([...(before?.goals ?? []), ...own]) : (before as Stop).goals
    };
    if (before && adds) isPassed.add(before);
    all.push(stop);
    if (!isNew) return undefined;
    seen.add(place);
    return stop;
  };
  let ring = births.flatMap((edge) => add(edge, null) ?? []);
  while (ring.length > 0) ring = ring.flatMap((stop) => stop.edge.to.out.flatMap((edge) => add(edge, stop) ?? []));
  return { all, candidates: all.filter((stop) => !isPassed.has(stop)) };
}

/** Each only as long as what the others do not reach takes, and without those of which nothing is left. */
function shortened(chosen: Stop[], all: Stop[]): Stop[] {
  const kept = [...chosen];
  for (let i = kept.length - 1; i >= 0; i--) {
    const others = new Set(kept.flatMap((stop, j) => (j === i ? [] : [...stop.goals])));
    const needed = [...(kept[i] as Stop).goals].filter((goal) => !others.has(goal));
    if (needed.length === 0) kept.splice(i, 1);
    // The nearest come first.
    else kept[i] = all.find((stop) => needed.every((goal) => stop.goals.has(goal))) as Stop;
  }
  return kept;
}

/** What leads back to where it begins is walked on the way of another path that comes by, not on one of its own. */
function joined(kept: Stop[], goals: Goals): Route[] {
  const routes = kept.map(routeOf);
  for (let i = routes.length - 1; i >= 0; i--) {
    const loop = (kept[i] as Stop).edge;
    if (loop.from !== loop.to) continue;
    const others = new Set(kept.flatMap((stop, j) => (j === i ? [] : [...stop.goals])));
    const own = goals.reachedBy(loop.trodden, []);
    if ([...(kept[i] as Stop).goals].some((goal) => !others.has(goal) && !own.includes(goal))) continue;
    const host = routes.findIndex((route, j) => j !== i && route.some(({ to }) => to === loop.from));
    if (host < 0) continue;
    const at = (routes[host] as Route).findIndex(({ to }) => to === loop.from);
    (routes[host] as Route).splice(at + 1, 0, loop);
    (kept[host] as Stop).goals = new Set([...(kept[host] as Stop).goals, ...own]);
    kept.splice(i, 1);
    routes.splice(i, 1);
  }
  return routes;
}

function routeOf(stop: Stop): Route {
  const route: Route = [];
  for (let at: Stop | null = stop; at; at = at.before) route.unshift(at.edge);
  return route;
}
