/** What a run, and many of them, have to say. */
import type { Violation } from '../../testing/invariants.ts';
import { names } from './invariants.ts';
import type { Moment, Outcome } from './world.ts';

/** Lines before the violation, and after it. */
const BEFORE = 40;
const AFTER = 3;

export const line = ({ at, text, cursor }: Moment) =>
  `${String(at - 1_700_000_000_000).padStart(9)} ms ${cursor === null ? '      ' : `#${cursor}`.padEnd(6)} ${text}`;

/** All of it, to compare two runs of one seed. */
export const trace = ({ timeline }: Outcome) => timeline.map(line).join('\n');

/** The lines that are about the same actors, up to where it was seen, and a few more. */
export function around({ timeline }: Outcome, { about, cursor }: Violation): string {
  const near = new Set(about);
  for (const moment of timeline) {
    // What a command has to do with: its session, its approval, its slot.
    if (moment.about.some((address) => about.includes(address))) for (const address of moment.about) near.add(address);
  }
  near.delete('command/null');
  near.delete('session/null');
  const those = timeline.filter((moment) => moment.about.length === 0 || moment.about.some((one) => near.has(one)));
  const found = cursor === null ? -1 : those.findIndex((moment) => moment.cursor !== null && moment.cursor >= cursor);
  const end = found < 0 ? those.length : found + 1 + AFTER;
  const start = Math.max(0, end - BEFORE - AFTER - 1);
  const left = start > 0 ? [`… ${start} earlier lines about them`] : [];
  return [...left, ...those.slice(start, end).map(line)].join('\n');
}

/** The one command that shows it again. */
export const replay = (seed: number, mutant?: string) =>
  `npm run test:simulation -- --seed ${seed}${mutant === undefined ? '' : ` --mutant '${mutant}'`}`;

/** A seed that failed: what is broken, the log around the first of it, and how to see it again. */
export function failure(outcome: Outcome, command: string): string {
  const [first] = outcome.broken as [Violation, ...Violation[]];
  const others = outcome.broken.slice(1).map(({ invariant, why }) => `  also: ${invariant}: ${why}`);
  return [
    `seed ${outcome.seed} breaks '${first.invariant}': ${first.why}`,
    ...others.slice(0, 5),
    ...(others.length > 5 ? [`  and ${others.length - 5} more`] : []),
    '',
    around(outcome, first),
    '',
    `again: ${command}`
  ].join('\n');
}

/** Over many seeds. */
export class Tally {
  seeds = 0;
  crashes = 0;
  rows = 0;
  slowestMs = 0;
  readonly actors = new Map<string, number>();
  readonly states = new Map<string, number>();
  readonly faults = new Map<string, number>();
  readonly acts = new Map<string, number>();
  readonly refusals = new Map<string, number>();

  add({ boots, rows, actors, states, faults, acts, refusals, slowestMs }: Outcome) {
    this.seeds += 1;
    this.crashes += boots - 1;
    this.rows += rows;
    this.slowestMs = Math.max(this.slowestMs, slowestMs);
    for (const [from, to] of [
      [Object.entries(actors), this.actors],
      [Object.entries(states), this.states],
      [faults, this.faults],
      [acts, this.acts],
      [refusals, this.refusals]
    ] as [Iterable<[string, number]>, Map<string, number>][]) {
      for (const [name, count] of from) to.set(name, (to.get(name) ?? 0) + count);
    }
  }

  toString(): string {
    const list = (counts: Map<string, number>) =>
      [...counts]
        .sort((a, b) => b[1] - a[1])
        .map(([name, count]) => `${name} ${count}`)
        .join(', ');
    const faults = [...this.faults.values()].reduce((sum, count) => sum + count, 0);
    return [
      `${this.seeds} seeds: ${this.crashes} crashes and restarts, ${this.rows} rows`,
      `actors: ${list(this.actors)}`,
      `commands: ${list(this.states)}`,
      `answers to clients other than an acknowledgement: ${list(this.refusals)}`,
      `persons: ${list(this.acts)}`,
      `${faults} faults: ${list(this.faults)}`,
      `the slowest command ended ${Math.round(this.slowestMs / 1000)} s of virtual time after the last fault`,
      `${names.length} invariants: ${names.join('; ')}`
    ].join('\n');
  }
}
