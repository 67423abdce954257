import { createEmptyActor } from 'xstate';
import { ControlError, type Failure, toFailure } from '../../schemas/errors.ts';
import type { Definition } from '../kernel/definition.ts';
import { logicOf } from '../kernel/fitness.ts';
import type { Address, EffectRow } from './contract.ts';
import type { Clock } from './timer-queue.ts';

export type EffectResult = { output: unknown } | { error: Failure };

interface Running {
  row: EffectRow;
  abort: AbortController;
  /** Settles, never rejects, when the promise has let go. */
  done: Promise<void>;
}

/** What XState hands a promise creator, and beside it who the effect is. */
type Creator = (args: Record<string, unknown>) => PromiseLike<unknown>;

/**
 * Runs effects: starts them once their transition is durable, aborts them when their state was left, and lets the next
 * effect of the same actor wait, bounded, until an aborted one has let go.
 */
export class EffectRunner {
  readonly #clock: Clock;
  readonly #letGoMs: number;
  readonly #settled: (row: EffectRow, result: EffectResult) => void;
  readonly #running = new Map<string, Running>();
  /** Aborted and not yet gone, by actor. */
  readonly #leaving = new Map<Address, Set<Promise<void>>>();

  constructor(options: {
    clock: Clock;
    /** How long an aborted effect may take before the next one starts regardless, ms. */
    letGoMs: number;
    settled: (row: EffectRow, result: EffectResult) => void;
  }) {
    this.#clock = options.clock;
    this.#letGoMs = options.letGoMs;
    this.#settled = options.settled;
  }

  get size(): number {
    return this.#running.size;
  }

  has(id: string): boolean {
    return this.#running.has(id);
  }

  countOf(kind: string): number {
    let count = 0;
    for (const { row } of this.#running.values()) if (row.address.startsWith(`${kind}/`)) count++;
    return count;
  }

  start(definition: Definition, row: EffectRow, resumed: boolean) {
    const abort = new AbortController();
    const done = this.#run(definition, row, resumed, abort.signal);
    this.#running.set(row.id, { row, abort, done });
  }

  /** The effect's state was left: its signal aborts and its result, if one still comes, is nobody's. */
  abort(id: string, reason: string) {
    const running = this.#running.get(id);
    if (!running) return;
    this.#running.delete(id);
    const { address } = running.row;
    const leaving = this.#leaving.get(address) ?? new Set();
    this.#leaving.set(address, leaving.add(running.done));
    void running.done.then(() => {
      leaving.delete(running.done);
      if (leaving.size === 0) this.#leaving.delete(address);
    });
    running.abort.abort(new ControlError('CANCELLED', { reason }));
  }

  /** Aborts everything and waits, bounded, for it to let go. */
  async stop(reason: string) {
    for (const id of [...this.#running.keys()]) this.abort(id, reason);
    await this.#bounded([...this.#leaving.values()].flatMap((set) => [...set]));
  }

  async #run(definition: Definition, row: EffectRow, resumed: boolean, signal: AbortSignal): Promise<void> {
    const leaving = this.#leaving.get(row.address);
    if (leaving) await this.#bounded([...leaving]);
    let result: EffectResult;
    try {
      signal.throwIfAborted();
      const output = await creatorOf(
        definition,
        row.src
      )({
        input: row.input ?? undefined,
        signal,
        self: this.#self(row),
        system: undefined,
        emit: () => {},
        effect: { id: row.id, resumed }
      });
      result = { output: asJson(output, row.src) };
    } catch (error) {
      result = { error: toFailure(error, 'EFFECT_FAILED') };
    }
    if (!this.#running.has(row.id)) return;
    this.#running.delete(row.id);
    this.#settled(row, result);
  }

  async #bounded(promises: Promise<void>[]) {
    if (promises.length === 0) return;
    let handle: unknown;
    const limit = new Promise<void>((resolve) => {
      handle = this.#clock.setTimeout(resolve, this.#letGoMs);
    });
    await Promise.race([Promise.all(promises), limit]);
    this.#clock.clearTimeout(handle);
  }

  #self = (row: EffectRow) => Object.assign(createEmptyActor(), { id: row.child });
}

/** The function inside `fromPromise` logic. */
function creatorOf({ machine, kind }: Definition, src: string): Creator {
  const logic = logicOf(machine, src) as { config?: Creator } | undefined;
  if (typeof logic?.config !== 'function') {
    throw new ControlError('MACHINE_UNFIT', { kind, place: `effect '${src}'`, reason: 'it is not promise logic' });
  }
  return logic.config;
}

/** What an effect returns lives on in a snapshot: it is made JSON here, where the place of a mistake is still known. */
function asJson(output: unknown, src: string): unknown {
  if (output === undefined) return undefined;
  try {
    return JSON.parse(JSON.stringify(output) ?? 'null');
  } catch (cause) {
    throw new ControlError('EFFECT_FAILED', { src, reason: `its result is not JSON: ${String(cause)}` }, cause);
  }
}
