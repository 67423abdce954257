/**
 * Every actor the page knows and, counted as they move, how many are where. A view asks for a number or for those of one
 * tone; it never goes through all of them.
 */
import { type Standing, type Tone, toneOf } from './tone.ts';

export interface LiveActor extends Standing {
  address: string;
  kind: string;
  id: string;
  status: 'active' | 'done' | 'error';
  why: string | null;
  /** ms since 1970 */
  since: number;
  lastCursor: string;
  accountId: string | null;
  platform: string | null;
}

/** An approval stands for a command that waits too, and the supervisor for the process: neither is work of its own. */
const ASIDE = new Set(['approval', 'supervisor']);
export const isWork = (kind: string): boolean => !ASIDE.has(kind);

type Ordered = Map<string, LiveActor>;

export class Population {
  readonly #all: Ordered = new Map();
  /** Kind → state path → how many living actors. */
  readonly #states = new Map<string, Map<string, number>>();
  /** Longest in its state first: who moves goes to the end. */
  readonly #living: Ordered = new Map();
  readonly #tones = new Map<Tone, Ordered>();

  get size(): number {
    return this.#all.size;
  }

  get(address: string): LiveActor | undefined {
    return this.#all.get(address);
  }

  values(): IterableIterator<LiveActor> {
    return this.#all.values();
  }

  /** Living actors of a kind, by the path of the state they are in. */
  statesOf(kind: string): ReadonlyMap<string, number> {
    return this.#states.get(kind) ?? NONE;
  }

  /** Work that lives, longest in its state first. */
  living(): ReadonlyMap<string, LiveActor> {
    return this.#living;
  }

  /** Work that lives, or is in trouble, and stands so; longest in its state first. */
  toned(tone: Tone): ReadonlyMap<string, LiveActor> {
    return this.#tones.get(tone) ?? NONE;
  }

  put(actor: LiveActor): void {
    const known = this.#all.get(actor.address);
    this.#all.set(actor.address, actor);
    const [was, is] = [known && placeOf(known), placeOf(actor)];
    const moved = !known || known.since !== actor.since;
    if (known?.state !== actor.state || known.status !== actor.status) {
      if (known) this.#count(known, -1);
      this.#count(actor, 1);
    }
    if (was?.tone && (moved || was.tone !== is.tone)) this.#tones.get(was.tone)?.delete(actor.address);
    if (is.tone) this.#ofTone(is.tone).set(actor.address, actor);
    if (was?.isLiving && (moved || !is.isLiving)) this.#living.delete(actor.address);
    if (is.isLiving) this.#living.set(actor.address, actor);
  }

  remove(address: string): void {
    const known = this.#all.get(address);
    if (!known) return;
    this.#all.delete(address);
    this.#living.delete(address);
    this.#count(known, -1);
    const { tone } = placeOf(known);
    if (tone) this.#tones.get(tone)?.delete(address);
  }

  /** Puts all in order anew: they were read in another. */
  settle(): void {
    const all = [...this.#all.values()].sort((a, b) => a.since - b.since);
    this.clear();
    for (const actor of all) this.put(actor);
  }

  clear(): void {
    for (const each of [this.#all, this.#states, this.#living, this.#tones]) each.clear();
  }

  #count({ kind, state, status }: LiveActor, by: 1 | -1): void {
    if (status !== 'active') return;
    const states = this.#states.get(kind) ?? new Map<string, number>();
    this.#states.set(kind, states);
    const count = (states.get(state) ?? 0) + by;
    if (count === 0) states.delete(state);
    else states.set(state, count);
  }

  #ofTone(tone: Tone): Ordered {
    const known = this.#tones.get(tone);
    if (known) return known;
    const made: Ordered = new Map();
    this.#tones.set(tone, made);
    return made;
  }
}

const NONE = new Map<string, never>();

function placeOf(actor: LiveActor): { tone: Tone | null; isLiving: boolean } {
  if (ASIDE.has(actor.kind)) return { tone: null, isLiving: false };
  const tone = toneOf(actor);
  return { tone: actor.status === 'active' || tone === 'bad' ? tone : null, isLiving: isLiving(actor) };
}

/** What has ended stays in its last state; its tone tells. */
const isLiving = ({ status, state }: LiveActor) => status === 'active' && !/^(SUCCEEDED|CANCELLED|CLOSED)/.test(state);

/** The log says where an actor is and not that this is the end of it. */
export const isEnded = ({ state, status }: LiveActor): boolean =>
  status !== 'active' || /^(SUCCEEDED|FAILED|CANCELLED|CLOSED|ALLOWED|DENIED|EXPIRED|WITHDRAWN)/.test(state);
