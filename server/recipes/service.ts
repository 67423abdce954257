/**
 * Requests become replies here, whatever socket they came over.
 *
 * There is one keyboard, one clipboard and one window in front, so commands run one at a time in the order in which
 * requests came: the lane. A command that is over at once, as a key press is, is answered in the same turn of the event
 * loop. What takes longer holds the lane, and those behind it wait, each no longer than its own time.
 *
 * The reply is sent first; then the trace goes to the log's queue (`trace-feed.ts`).
 */
import { Deadline, type Desktop, type Done, RecipeError, type RecipeErrorCode } from '../../actors/desktop/contract.ts';
import type { Macros, Step } from '../../actors/desktop/macros.ts';
import type { RecipeReply, RecipeResult, RunFlow } from '../../schemas/generated/contracts.ts';
import { Familiar } from './familiar.ts';
import { type Entry, Remembered } from './remembered.ts';
import { replyText } from './reply-text.ts';
import { isRefusal, type Refusal, type Request, readObject, readRequest, unreadable } from './request.ts';
import { errorForLog, type Trace, type TraceFeed, type Transport } from './trace.ts';

/** Requests that may wait for the lane. */
const MOST_WAITING = 1_000;
/** A command whose time is over gets so long to let go of the desktop, ms; then the next one begins all the same. */
const LET_GO_MS = 2_000;

/** Hands a flow to a command actor. @throws RecipeError */
export type RunFlows = (flow: RunFlow, context: FlowContext) => Promise<string>;

export interface FlowContext {
  /** Of the request. */
  id: string | null;
  /** Which of its commands: `3`, or of a macro with its step, `3.0`. */
  place: string;
  source: string | null;
}

/** When and how a request came. Times are `performance.now()`, ms with fractions. */
export interface Arrival {
  at: number;
  /** Decoding began. */
  readAt: number;
  transport: Transport;
}

export type Send = (reply: string | null) => void;

interface Job {
  request: Request;
  arrival: Arrival;
  answer: (reply: RecipeReply) => void;
  decodedAt: number;
  startedAt: number;
  /** The last command that ended did so; before, it was started. */
  at: number;
  endsAt: number;
  /** Answered already: its time ran out while it waited. */
  isOver: boolean;
  timer: NodeJS.Timeout | undefined;
  results: RecipeResult[];
}

export interface RecipeServiceOptions {
  desktop: Desktop;
  macros: Macros;
  runFlow: RunFlows;
  feed: Pick<TraceFeed, 'push'>;
  remembered?: Remembered;
}

export class RecipeService {
  readonly #desktop: Desktop;
  readonly #macros: Macros;
  readonly #runFlow: RunFlows;
  readonly #feed: Pick<TraceFeed, 'push'>;
  readonly #remembered: Remembered;
  readonly #familiar = new Familiar();
  readonly #waiting: Job[] = [];
  #running = false;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor({ desktop, macros, runFlow, feed, remembered = new Remembered() }: RecipeServiceOptions) {
    this.#desktop = desktop;
    this.#macros = macros;
    this.#runFlow = runFlow;
    this.#feed = feed;
    this.#remembered = remembered;
  }

  /**
   * One request of version 1 as it came from a socket.
   * @param at `performance.now()` when it was received
   * @param send gets the reply as JSON, once; null when none is wanted
   */
  take(bytes: Buffer, at: number, transport: Transport, send: Send) {
    const arrival: Arrival = { at, readAt: at, transport };
    if (this.takeFamiliar(bytes, arrival, send)) return;
    const object = readObject(bytes);
    if (typeof object === 'string') {
      return this.refuse(unreadable(object), arrival, (reply) => send(replyText(reply)));
    }
    this.takeObject(object, bytes, arrival, send);
  }

  /** The same of one that came before but for its id; false when it did not. */
  takeFamiliar(bytes: Buffer, arrival: Arrival, send: Send): boolean {
    const request = this.#familiar.find(bytes);
    if (request) this.#takeRequest(request, arrival, send);
    return request !== undefined;
  }

  /** The same of one that is parsed already. */
  takeObject(object: Record<string, unknown>, bytes: Buffer, arrival: Arrival, send: Send) {
    const request = readRequest(object);
    if (!isRefusal(request)) {
      this.#familiar.keep(bytes, request);
      return this.#takeRequest(request, arrival, send);
    }
    const answer: (reply: string) => void = request.ack ? send : () => send(null);
    this.refuse(request, arrival, (reply) => answer(replyText(reply)));
  }

  #takeRequest(request: Request, arrival: Arrival, send: Send) {
    const answer: (reply: string) => void = request.ack ? send : () => send(null);
    const { id } = request;
    if (id === null) return this.submit(request, arrival, (reply) => answer(replyText(reply)));
    if (this.#remembered.isRepeated(id, arrival.at, answer)) return;
    const entry: Entry = { at: arrival.at, reply: undefined, waiting: undefined };
    let isBusy = false;
    this.submit(request, arrival, (reply) => {
      const text = replyText(reply);
      answer(text);
      this.#remembered.settle(entry, text);
      isBusy = reply.error?.code === 'busy';
      if (isBusy) this.#remembered.forget(id);
    });
    // Here and not before: most are answered already, and nothing else has run in between.
    if (!isBusy) this.#remembered.add(id, entry);
  }

  /** Answers what cannot be run, and says so in the log. */
  refuse(refusal: Refusal, arrival: Arrival, answer: (reply: RecipeReply) => void) {
    const now = performance.now();
    const { id, meta, code, message, index } = refusal;
    const timing = timingOf(arrival, now, now, now);
    const error = { code, message, ...(index === undefined ? {} : { index }) };
    answer({ v: 1, id, ok: false, timing_us: timing, error });
    this.#feed.push({
      id,
      meta,
      transport: arrival.transport,
      types: [],
      decoded: false,
      dispatched: false,
      timing,
      error: errorForLog(error)
    });
  }

  submit(request: Request, arrival: Arrival, answer: (reply: RecipeReply) => void) {
    const decodedAt = performance.now();
    const job: Job = {
      request,
      arrival,
      answer,
      decodedAt,
      startedAt: 0,
      at: 0,
      endsAt: arrival.at + request.timeoutMs,
      isOver: false,
      timer: undefined,
      results: []
    };
    if (this.#closed) return this.#end(job, decodedAt, failure('busy', 'the process is ending; send it again soon'));
    if (!this.#running) return this.#start(job, decodedAt);
    if (this.#waiting.length >= MOST_WAITING) {
      return this.#end(job, decodedAt, failure('busy', `${MOST_WAITING} requests wait already; send it again later`));
    }
    const rest = Math.max(0, job.endsAt - decodedAt);
    job.timer = setTimeout(() => this.#end(job, performance.now(), late(request)), rest);
    this.#waiting.push(job);
  }

  /** No new requests; resolves when those that run or wait have ended. */
  close(): Promise<void> {
    this.#closed = true;
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #start(job: Job, now: number) {
    job.startedAt = now;
    const running = this.#run(job);
    if (!running) return;
    this.#running = true;
    void running.then(() => {
      this.#running = false;
      this.#next();
    });
  }

  #next() {
    while (!this.#running) {
      const job = this.#waiting.shift();
      if (!job) {
        for (const resolve of this.#idle.splice(0)) resolve();
        return;
      }
      clearTimeout(job.timer);
      if (!job.isOver) this.#start(job, performance.now());
    }
  }

  /**
   * Nothing when it is over and answered, else a promise of that. Never rejects. The clock is read once a command: one
   * begins when the one before it is done.
   */
  #run(job: Job): Promise<void> | undefined {
    const { commands } = job.request;
    const deadline = new Deadline(job.endsAt);
    job.at = job.startedAt;
    for (let index = 0; index < commands.length; index++) {
      const pending = this.#runOne(job, index, deadline);
      if (pending instanceof Promise) return this.#runRest(job, index, pending, deadline);
      if (pending) return void this.#end(job, job.at, { ...pending, index });
    }
    this.#end(job, job.at);
  }

  async #runRest(job: Job, first: number, pending: Promise<Failed | undefined>, deadline: Deadline): Promise<void> {
    let letGo: NodeJS.Timeout | undefined;
    const abandoned = new Promise<'abandoned'>((resolve) => {
      letGo = setTimeout(
        () => {
          const index = job.results.length;
          const failed = settle(job, index, undefined, tooLate(job.request));
          if (failed) this.#end(job, job.at, { ...failed, index });
          deadline.abort();
          letGo = setTimeout(resolve, LET_GO_MS, 'abandoned');
        },
        Math.max(0, job.endsAt - performance.now())
      );
    });
    const rest = async () => {
      for (let index = first; index < job.request.commands.length; index++) {
        const failed = await (index === first ? pending : this.#runOne(job, index, deadline));
        if (failed) return this.#end(job, job.at, { ...failed, index });
        if (job.isOver) return;
      }
      this.#end(job, job.at);
    };
    await Promise.race([rest(), abandoned]);
    clearTimeout(letGo);
  }

  /** One command of a request: itself, or all steps of its macro. Its result is put down. */
  #runOne(job: Job, index: number, deadline: Deadline): Failed | undefined | Promise<Failed | undefined> {
    if (job.at >= deadline.at) return late(job.request);
    let done: Outcome | undefined;
    try {
      const steps = this.#macros.open(job.request.commands[index]!);
      for (let n = 0; n < steps.length; n++) {
        const result = this.#step(steps, n, job, index, deadline);
        if (result instanceof Promise) return this.#runSteps(job, index, deadline, { steps, n, result, done });
        done = done ? { ...done, ...result } : result;
      }
    } catch (error) {
      return settle(job, index, done, error);
    }
    return settle(job, index, done);
  }

  /** From a step on that is not over at once. */
  async #runSteps(
    job: Job,
    index: number,
    deadline: Deadline,
    from: { steps: Step[]; n: number; result: Promise<Outcome>; done: Outcome | undefined }
  ): Promise<Failed | undefined> {
    const { steps, n } = from;
    let { done } = from;
    try {
      done = { ...done, ...(await from.result) };
      for (let next = n + 1; next < steps.length && !job.isOver; next++) {
        if (deadline.passed) return settle(job, index, done, tooLate(job.request));
        done = { ...done, ...(await this.#step(steps, next, job, index, deadline)) };
      }
    } catch (error) {
      return settle(job, index, done, error);
    }
    return settle(job, index, done);
  }

  #step(steps: Step[], n: number, job: Job, index: number, deadline: Deadline): Outcome | Promise<Outcome> {
    const step = steps[n]!;
    if (step.type !== 'flow') return this.#desktop.run(step, deadline);
    const { id, commands, meta } = job.request;
    const place = commands[index]?.type === 'run_macro' ? `${index}.${n}` : String(index);
    const context = { id, place, source: meta?.source ?? null };
    return this.#runFlow(step, context).then((id) => ({ command_id: id }));
  }

  #end(job: Job, now: number, error?: Failed) {
    if (job.isOver) return;
    job.isOver = true;
    const { request, arrival, results } = job;
    const wasStarted = job.startedAt > 0;
    const timing = timingOf(arrival, job.decodedAt, wasStarted ? job.startedAt : now, now);
    const reply: RecipeReply = { v: 1, id: request.id, ok: error === undefined, timing_us: timing };
    if (results.length > 0) reply.results = results;
    if (error) reply.error = error;
    job.answer(reply);
    const trace: Trace = {
      id: request.id,
      meta: request.meta,
      transport: arrival.transport,
      types: request.commands.map(({ type }) => type),
      decoded: true,
      dispatched: wasStarted,
      timing
    };
    if (error) trace.error = errorForLog(error);
    const commandId = results.find((result) => result.command_id)?.command_id;
    if (commandId) trace.commandId = commandId;
    this.#feed.push(trace);
  }
}

type Failed = NonNullable<RecipeReply['error']>;
/** Of a flow with its command. */
type Outcome = Done & { command_id?: string };

function settle(job: Job, index: number, done: Outcome | undefined, error?: unknown): Failed | undefined {
  if (job.isOver) return undefined;
  const from = job.at;
  job.at = performance.now();
  const { type } = job.request.commands[index]!;
  job.results.push({ type, ok: error === undefined, us: micros(job.at - from), ...done });
  return error === undefined ? undefined : asFailed(error);
}

const failure = (code: RecipeErrorCode, message: string): Failed => ({ code, message });

const late = ({ timeoutMs }: Request): Failed => failure('timeout', `not done within ${timeoutMs} ms`);

const tooLate = (request: Request) => new RecipeError('timeout', late(request).message);

function asFailed(error: unknown): Failed {
  if (error instanceof RecipeError) return failure(error.code, error.message);
  return failure('internal', error instanceof Error ? error.message : String(error));
}

/** Whole ones: a fraction is slow to write and to read, and says nothing here. */
const micros = (ms: number): number => Math.round(ms * 1_000);

function timingOf(
  { at, readAt }: Arrival,
  decodedAt: number,
  startedAt: number,
  now: number
): RecipeReply['timing_us'] {
  return {
    recv: micros(readAt - at),
    decode: micros(decodedAt - readAt),
    dispatch: micros(startedAt - decodedAt),
    exec: micros(now - startedAt),
    total: micros(now - at)
  };
}
