/**
 * From replies that were sent to actors in the log, out of the way of the replies to come.
 *
 * Traces gather in a bounded queue. One chunk at a time goes to the host, and the next only when that is on disk; while
 * requests keep coming, chunks are small and far apart. When the journal cannot keep up or cannot be written, the oldest
 * traces go, and the next one that is written says how many went (`untraced`): recipes work without a disk, and the log
 * is not silently short. What is in the queue when the process is killed is lost, and nothing else depends on it.
 */
import { randomUUID } from 'node:crypto';
import type { RecipeInput } from '../../actors/command/kinds.ts';
import type { ActorHost } from '../../actors/host/contract.ts';
import type { Trace, TraceFeed } from './trace.ts';

/** One that is to be written, and when its request came, ms since 1970. */
type Kept = Trace & { receivedAt: number };

export interface TraceFeedOptions {
  host: Pick<ActorHost, 'create'>;
  /** Traces kept at most. */
  most?: number;
  /** A request in the last so many ms: it is busy. */
  busyMs?: number;
  /** Between two chunks while busy, ms; and after a failure. */
  pauseMs?: number;
  chunk?: { busy: number; idle: number };
  now?: () => number;
}

export class JournalFeed implements TraceFeed {
  readonly #host: Pick<ActorHost, 'create'>;
  readonly #most: number;
  readonly #busyMs: number;
  readonly #pauseMs: number;
  readonly #chunk: { busy: number; idle: number };
  readonly #now: () => number;
  #queue: Kept[] = [];
  #lastPush = 0;
  #lost = 0;
  /** Not yet told to the log. */
  #untraced = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing = false;
  #flushing = false;
  #failure: string | null = null;

  constructor({
    host,
    most = 10_000,
    busyMs = 50,
    pauseMs = 50,
    chunk = { busy: 10, idle: 20 },
    now = Date.now
  }: TraceFeedOptions) {
    this.#host = host;
    this.#most = most;
    this.#busyMs = busyMs;
    this.#pauseMs = pauseMs;
    this.#chunk = chunk;
    this.#now = now;
  }

  /** Waiting to be written; lost since the start; why the last chunk was refused. */
  get status(): { waiting: number; lost: number; failure: string | null } {
    return { waiting: this.#queue.length, lost: this.#lost, failure: this.#failure };
  }

  push(trace: Trace) {
    this.#lastPush = performance.now();
    const kept = trace as Kept;
    kept.receivedAt = this.#now() - Math.round(trace.timing.total / 1000);
    this.#queue.push(kept);
    // Cut in blocks: shifting one by one would move all the others each time.
    if (this.#queue.length > this.#most * 1.25) this.#lose(this.#queue.length - this.#most);
    this.#timer ??= setTimeout(this.#turn, this.#busyMs).unref();
  }

  /** Writes what waits, as far as the journal takes it, within the time. */
  async flush(withinMs: number): Promise<void> {
    const until = performance.now() + withinMs;
    this.#flushing = true;
    clearTimeout(this.#timer);
    while (this.#writing && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    while (this.#queue.length > 0 && performance.now() < until && (await this.#write(this.#chunk.idle)));
  }

  #turn = async (): Promise<void> => {
    const isBusy = performance.now() - this.#lastPush < this.#busyMs;
    const written = await this.#write(isBusy ? this.#chunk.busy : this.#chunk.idle);
    if (this.#flushing) return;
    this.#timer = undefined;
    if (this.#queue.length === 0) return;
    const pause = isBusy || !written ? this.#pauseMs : 0;
    this.#timer = setTimeout(this.#turn, pause).unref();
  };

  /** False when the journal refused: then they wait. */
  async #write(count: number): Promise<boolean> {
    this.#writing = true;
    const chunk = this.#queue.splice(0, count);
    const untraced = this.#untraced;
    this.#untraced = 0;
    const created = await Promise.allSettled(
      chunk.map((trace, n) =>
        this.#host.create(`recipe/${randomUUID()}`, { ...inputOf(trace, n === 0 ? untraced : 0) })
      )
    );
    this.#writing = false;
    const refused = chunk.filter((_, n) => created[n]?.status === 'rejected');
    const [first] = created.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
    this.#failure = first?.message ?? null;
    if (created[0]?.status === 'rejected') this.#untraced += untraced;
    this.#queue = refused.length > 0 ? [...refused, ...this.#queue] : this.#queue;
    return refused.length === 0;
  }

  #lose(count: number) {
    this.#queue.splice(0, count);
    this.#lost += count;
    this.#untraced += count;
  }
}

function inputOf(trace: Kept, untraced: number): RecipeInput {
  return {
    requestId: trace.id,
    recipeId: trace.meta?.recipe_id ?? null,
    source: trace.meta?.source ?? null,
    traceId: trace.meta?.trace_id ?? null,
    transport: trace.transport,
    commands: trace.types,
    decoded: trace.decoded,
    dispatched: trace.dispatched,
    timing: trace.timing,
    receivedAt: trace.receivedAt,
    error: trace.error ?? null,
    commandId: trace.commandId ?? null,
    untraced
  };
}
