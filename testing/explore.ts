/**
 * Where an actor can come to, as far as its samples and a bound lead. Contexts make that endless, so the order matters.
 * A place that was come to by something new is gone on from at once. Else two lines take turns. In one comes next
 * whichever control state (its states, what runs, which timer is next) was gone on from least often with its input; in the
 * other whichever control state and shape of context (which fields are null, true, empty, small counts). So what is rare
 * is come to early, and no counter keeps the rest waiting.
 */
import type { Goals, Trodden } from './goals.ts';
import { controlOf, keyOf, type Move, type Place, shapeOf, type Trod, type VirtualActor } from './virtual.ts';

export interface Edge {
  from: Vertex | null;
  to: Vertex;
  /** null: it is made, with this input. */
  move: Move | null;
  input: number;
  trodden: Trodden;
}

/** One of the places that go on alike. */
export interface Vertex {
  number: number;
  place: Place;
  out: Edge[];
}

export interface Explored {
  /** One for each input that the machine takes. */
  births: Edge[];
  vertices: Vertex[];
  /** Goals that something explored reaches. */
  reached: Set<number>;
  /** Every move from every place was made: what is not reached is not reachable with these samples. */
  exhausted: boolean;
  /** Inputs the machine does not take, and why. */
  refused: { input: number; why: string }[];
}

/** @param limit places that are gone on from */
export function explore(actor: VirtualActor, goals: Goals, limit: number): Explored {
  const search = new Search(actor, goals);
  const refused: Explored['refused'] = [];
  for (const [input, given] of actor.kind.samples.inputs.entries()) {
    try {
      search.note(null, null, input, actor.begin(given, input));
    } catch (error) {
      refused.push({ input, why: error instanceof Error ? error.message : String(error) });
    }
  }
  let left = limit;
  for (let next = search.next(); next; next = search.next()) {
    if (left-- <= 0 || (search.isDone && search.isKnown(next))) {
      return { ...search.found, exhausted: false, refused };
    }
    search.goOnFrom(next);
  }
  return { ...search.found, exhausted: true, refused };
}

/** Vertices by how often others of their class were gone on from; of those alike the oldest first. */
class Line {
  readonly #classOf: (place: Place) => string;
  readonly #times = new Map<string, number>();
  readonly #ranks: { list: Vertex[]; at: number }[] = [];

  constructor(classOf: (place: Place) => string) {
    this.#classOf = classOf;
  }

  add(vertex: Vertex) {
    this.#put(vertex, this.times(vertex));
  }

  times = ({ place }: Vertex): number => this.#times.get(this.#classOf(place)) ?? 0;

  note(vertex: Vertex) {
    this.#times.set(this.#classOf(vertex.place), this.times(vertex) + 1);
  }

  /** Removed from it. */
  next(isOver: (vertex: Vertex) => boolean): Vertex | undefined {
    for (let rank = 0; rank < this.#ranks.length; rank++) {
      const line = this.#ranks[rank];
      while (line && line.at < line.list.length) {
        const vertex = line.list[line.at++] as Vertex;
        if (isOver(vertex)) continue;
        const times = this.times(vertex);
        if (times <= rank) return vertex;
        this.#put(vertex, times);
      }
      if (line) this.#ranks[rank] = { list: [], at: 0 };
    }
    return undefined;
  }

  #put(vertex: Vertex, rank: number) {
    while (this.#ranks.length <= rank) this.#ranks.push({ list: [], at: 0 });
    this.#ranks[rank]?.list.push(vertex);
  }
}

class Search {
  readonly found = { births: [] as Edge[], vertices: [] as Vertex[], reached: new Set<number>() };
  readonly #actor: VirtualActor;
  readonly #goals: Goals;
  readonly #byKey = new Map<string, Vertex>();
  /** Come to by something that reached a goal first. */
  readonly #fresh: Vertex[] = [];
  readonly #lines = [
    new Line((place) => `${place.input} ${controlOf(place)}`),
    new Line((place) => `${controlOf(place)} ${shapeOf(place)}`)
  ] as const;
  #turn = 0;
  readonly #over = new Set<Vertex>();
  /** For pairs, the last transitions into a place. */
  readonly #last = new Map<Vertex, Set<string>>();

  constructor(actor: VirtualActor, goals: Goals) {
    this.#actor = actor;
    this.#goals = goals;
  }

  get isDone(): boolean {
    return this.found.reached.size === this.#goals.names.length;
  }

  /** A control state that was gone on from before. */
  isKnown = (vertex: Vertex): boolean => this.#lines[0].times(vertex) > 0;

  next(): Vertex | undefined {
    const isOver = (vertex: Vertex) => this.#over.has(vertex);
    for (let vertex = this.#fresh.shift(); vertex; vertex = this.#fresh.shift()) if (!isOver(vertex)) return vertex;
    this.#turn += 1;
    // Each has all that is waiting.
    return this.#lines[this.#turn % this.#lines.length]?.next(isOver);
  }

  goOnFrom(vertex: Vertex) {
    this.#over.add(vertex);
    for (const line of this.#lines) line.note(vertex);
    for (const move of this.#actor.movesFrom(vertex.place)) {
      const trod = this.#actor.take(vertex.place, move);
      // What is refused without a guard being asked shows nothing.
      if (!trod || (trod.rejected && trod.seen.asked.length === 0)) continue;
      this.note(vertex, move, 0, trod);
    }
  }

  note(from: Vertex | null, move: Move | null, input: number, trod: Trod) {
    const key = keyOf(trod.place);
    let to = this.#byKey.get(key);
    if (!to) {
      to = { number: this.found.vertices.length, place: trod.place, out: [] };
      this.#byKey.set(key, to);
      this.found.vertices.push(to);
      for (const line of this.#lines) line.add(to);
    }
    const trodden: Trodden = { states: trod.rejected ? [] : statesOf(trod), seen: trod.seen };
    const edge: Edge = { from, to, move, input, trodden };
    (from?.out ?? this.found.births).push(edge);
    const isPairs = this.#goals.criterion === 'pairs';
    const before = from === null || !isPairs ? [[]] : [...(this.#last.get(from) ?? [''])].map(numbersIn);
    const known = this.found.reached.size;
    for (const last of before) this.#reach(trodden, last);
    if (this.found.reached.size > known) this.#fresh.push(to);
    const tail = trodden.seen.taken.at(-1);
    if (isPairs && tail) this.#noteTail(to, tail);
  }

  /** Another way into a place that was gone on from makes other pairs with the ways out of it. */
  #noteTail(to: Vertex, tail: number[]) {
    const known = this.#last.get(to) ?? new Set<string>();
    this.#last.set(to, known);
    const name = tail.join(' ');
    if (known.has(name)) return;
    known.add(name);
    for (const { trodden } of to.out) this.#reach(trodden, tail);
  }

  #reach(trodden: Trodden, last: readonly number[]) {
    for (const goal of this.#goals.reachedBy(trodden, last)) this.found.reached.add(goal);
  }
}

const numbersIn = (text: string): number[] => (text === '' ? [] : text.split(' ').map(Number));

/** A microstep that enters nothing has a row of its own all the same, and the same states. */
export const statesOf = ({ rows, place }: Trod): string[] => [
  ...new Set([...rows.map(({ payload }) => payload.to), place.record.state])
];
