/** What of a criterion a deployment really went through: its steps are taken once more by a machine that can be watched. */
import type { Definition } from '../../actors/kernel/definition.ts';
import { birth, step } from '../../actors/kernel/step.ts';
import { type Criterion, Goals } from '../goals.ts';
import type { Fields } from '../samples.ts';
import { type Declared, type Seen, type Watched, watched } from '../watched.ts';
import type { Taken } from './judge.ts';

export class Reached {
  readonly #watched: Watched;
  readonly #definition: Definition;
  readonly #goals: Goals;
  readonly #reached = new Set<number>();

  constructor(criterion: Criterion, definition: Definition) {
    this.#watched = watched(definition.machine);
    this.#definition = { ...definition, machine: this.#watched.machine };
    this.#goals = new Goals(criterion, definition.machine, this.#watched.declared);
  }

  get count(): number {
    return this.#reached.size;
  }

  get total(): number {
    return this.#goals.names.length;
  }

  /** Names of what was not reached. */
  get missing(): string[] {
    return this.#goals.names.filter((_, i) => !this.#reached.has(i));
  }

  /** The steps of one life, in order. */
  add(lived: readonly Taken[]): void {
    let tail: readonly number[] = [];
    for (const taken of lived) {
      const states = [...new Set([...taken.through, taken.after.state])];
      const seen = this.#again(taken) ?? this.#byStates(taken);
      for (const goal of this.#goals.reachedBy({ states, seen }, tail)) this.#reached.add(goal);
      tail = seen.taken.at(-1) ?? tail;
    }
  }

  /** Undefined where it does not come again, because nobody knows what its event carried. */
  #again({ before, event, cause, after, at }: Taken): Seen | undefined {
    this.#watched.look();
    try {
      if (before === null) birth(this.#definition, after.address, event.input as Fields, at);
      else {
        const result = step(this.#definition, before, event, cause, at);
        if (result.kind !== 'stepped' || result.step.record.state !== after.state) return undefined;
      }
      return this.#watched.look();
    } catch {
      return undefined;
    }
  }

  /** Where just one transition leads from one state to the next, that was it. */
  #byStates({ before, event, through }: Taken): Seen {
    let from = before?.state;
    let type = event.type;
    const taken: number[][] = [];
    for (const to of through) {
      const fitting = this.#watched.declared.flatMap((one, i) =>
        from !== undefined && one.event === type && isIn(from, one.source) && leads(one, from, to) ? [{ i, one }] : []
      );
      const depth = Math.max(...fitting.map(({ one }) => one.source.length));
      const inner = fitting.filter(({ one }) => one.source.length === depth);
      if (inner.length === 1) taken.push([(inner[0] as { i: number }).i]);
      from = to;
      type = 'always';
    }
    return { taken, asked: [] };
  }
}

/** `READY.idle` is in READY; a state with regions is in each of theirs. */
const isIn = (state: string, path: string): boolean =>
  path === '' || state.split(',').some((leaf) => leaf === path || leaf.startsWith(`${path}.`));

const leads = ({ targets }: Declared, from: string, to: string): boolean =>
  targets.length === 0 ? from === to : targets.every((target) => isIn(to, target));
