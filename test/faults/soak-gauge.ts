/** What the manager holds in memory, and how many processes there are, sampled while it works. */
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
  /** Resident. */
  bytes: number;
  /** In use on the heap; what is not yet collected counts, so the least of a quarter is what it really keeps. */
  heap: number;
  processes: number;
}

export class Gauge {
  readonly #manager: Manager;
  readonly #samples: Sample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(manager: Manager) {
    this.#manager = manager;
    this.#timer = setInterval(() => void this.#sample(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  now(): string {
    const { bytes, processes } = this.#samples.at(-1) ?? { bytes: 0, processes: 0 };
    return `${megabytes(bytes)} resident, ${processes} processes`;
  }

  broken(): string[] {
    if (this.#samples.length < ENOUGH_SAMPLES) return [];
    const { resident, heap } = this.#quarters();
    return Object.entries({ resident, heap }).flatMap(([what, [, second = 0, , last = 0]]) =>
      last <= second * GROWTH + SLACK_BYTES
        ? []
        : [`the manager grows: ${what} ${megabytes(second)} in the second quarter, ${megabytes(last)} in the last`]
    );
  }

  table(): string {
    const processes = this.#samples.map((sample) => sample.processes);
    const { resident, heap } = this.#quarters();
    return [
      `resident               ${resident.map(megabytes).join(', ')} (medians of the quarters)`,
      `heap                   ${heap.map(megabytes).join(', ')} (least of the quarters)`,
      `processes              ${Math.min(...processes)} to ${Math.max(...processes)}`
    ].join('\n');
  }

  #quarters(): { resident: number[]; heap: number[] } {
    const size = Math.ceil(this.#samples.length / QUARTERS);
    const quarters = Array.from({ length: QUARTERS }, (_, i) => this.#samples.slice(i * size, (i + 1) * size)).filter(
      (quarter) => quarter.length > 0
    );
    return {
      resident: quarters.map((quarter) => median(quarter.map(({ bytes }) => bytes))),
      heap: quarters.map((quarter) => Math.min(...quarter.map(({ heap }) => heap)))
    };
  }

  async #sample(): Promise<void> {
    const answer = await this.#manager.request<string>('GET', '/metrics').catch(() => undefined);
    if (!answer) return; // It has ended, which is said elsewhere.
    const read = (name: string) => Number(new RegExp(`^${name} ([0-9.e+]+)$`, 'm').exec(answer.body)![1]);
    this.#samples.push({
      bytes: read('process_resident_memory_bytes'),
      heap: read('nodejs_heap_size_used_bytes'),
      processes: processesOf(this.#manager.data).length
    });
  }
}

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
