import { appendFileSync } from 'node:fs';
import type { TestContext } from 'node:test';

/** What a test did, for the sum at the end of `npm run test:crash`. */
export interface Figures {
  /** Starts of the process. */
  runs?: number;
  /** Kind → how often it was killed so. */
  kills?: Record<string, number>;
  /** Commands and errands whose acceptance was answered. */
  acknowledged?: number;
  /** Started effects, counted outside. */
  effects?: number;
  /** Effects that a crash had interrupted and that ran again. */
  resumed?: number;
  rows?: number;
  /** A trouble that was made, and what was seen. */
  trouble?: string;
}

export function report(t: TestContext, figures: Figures): void {
  const { kills = {}, trouble, ...numbers } = figures;
  const parts = [
    ...(trouble ? [trouble] : []),
    ...Object.entries(numbers).map(([name, n]) => `${n} ${name}`),
    ...Object.entries(kills).map(([kind, n]) => `${n} ${kind}`)
  ];
  t.diagnostic(parts.join(', '));
  if (process.env.CRASH_FIGURES) appendFileSync(process.env.CRASH_FIGURES, `${JSON.stringify(figures)}\n`);
}

export class Tally {
  readonly counts: Record<string, number> = {};

  add(kind: string) {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }
}
