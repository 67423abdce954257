/** What the manager holds in memory, and how many processes there are, sampled while it works. */
import { readFileSync } from 'node:fs';
import type { Manager } from '../support/manager.ts';
import { processesOf } from '../support/processes.ts';

const EVERY_MS = 5_000;
/** A program that has just started fills its caches: the first quarter is not judged. */
const QUARTERS = 4;
/** The last quarter's median over the second's, and what a collection more or less makes of a small program. */
const GROWTH = 1.2;
const SLACK_BYTES = 25e6;
/** A shorter run says nothing about memory. */
const ENOUGH_SAMPLES = 60;

interface Sample {
  bytes: number;
  processes: number;
}

export class Gauge {
  readonly #manager: Manager;
  readonly #samples: Sample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(manager: Manager) {
    this.#manager = manager;
    this.#timer = setInterval(() => this.#sample(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  now(): string {
    const { bytes, processes } = this.#samples.at(-1) ?? { bytes: 0, processes: 0 };
    return `${megabytes(bytes)}, ${processes} processes`;
  }

  broken(): string[] {
    const [, second, , last] = this.#medians();
    if (this.#samples.length < ENOUGH_SAMPLES || second === undefined || last === undefined) return [];
    return last <= second * GROWTH + SLACK_BYTES
      ? []
      : [`the manager grows: ${megabytes(second)} in the second quarter, ${megabytes(last)} in the last`];
  }

  table(): string {
    const processes = this.#samples.map((sample) => sample.processes);
    return [
      `memory of the manager  ${this.#medians().map(megabytes).join(', ')} (medians of the quarters)`,
      `processes              ${Math.min(...processes)} to ${Math.max(...processes)}`
    ].join('\n');
  }

  #medians(): number[] {
    const size = Math.ceil(this.#samples.length / QUARTERS);
    return Array.from({ length: QUARTERS }, (_, i) => this.#samples.slice(i * size, (i + 1) * size))
      .filter((quarter) => quarter.length > 0)
      .map((quarter) => quarter.map(({ bytes }) => bytes).sort((a, b) => a - b)[Math.floor(quarter.length / 2)]!);
  }

  #sample(): void {
    try {
      const status = readFileSync(`/proc/${this.#manager.pid}/status`, 'utf8');
      const bytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
      this.#samples.push({ bytes, processes: processesOf(this.#manager.data).length });
    } catch {
      // It has ended, which is said elsewhere.
    }
  }
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
