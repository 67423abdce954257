/**
 * The embedded host: one process, one journal, one mailbox for everybody.
 *
 * Mail is taken in order and stepped into a `Draft`; the draft is written in one transaction; only then does anything
 * become real: effects start, timers are armed, tells become mail, callers are answered, listeners hear of the rows.
 * While a commit is on its way to the disk, what arrives meanwhile gathers for the next one: that is the group commit.
 *
 * What a crash loses: mail that was not committed, so nobody was told it was taken. What it keeps: everything else. On
 * start late timers fire in order, undelivered tells are delivered, actors that accept it hear `host.resumed`, and
 * effects without a result are started again with `resumed: true`.
 *
 * A commit that fails drops its draft. Callers are told; mail from inside stays at the front of the queue and is tried
 * again, so a full disk stops the actors and loses nothing.
 */
import { randomUUID } from 'node:crypto';
import { ControlError, type Failure, toFailure } from '../../schemas/errors.ts';
import { GENESIS, readHead } from '../audit/chain.ts';
import { splitAddress } from '../kernel/step.ts';
import { Machines } from '../kernel/versions.ts';
import type {
  ActorHost,
  ActorKind,
  ActorRecord,
  ActorView,
  Address,
  AuditEntry,
  EffectRow,
  EventRow,
  HostStatus,
  Journal,
  MachineEvent,
  Pruned,
  RetentionLimits,
  TellRow,
  Write
} from './contract.ts';
import { asControlError, Draft, viewOf, whyHeld } from './draft.ts';
import { type EffectResult, EffectRunner } from './effect-runner.ts';
import { Inbox, inOrder } from './inbox.ts';
import { type InsideMail, type Mail, type Sender, senderOf } from './mail.ts';
import { RecordCache } from './record-cache.ts';
import { forgottenKinds, thoseToResume, undelivered, unsettledEffects } from './recovery.ts';
import { type Clock, systemClock, TimerQueue } from './timer-queue.ts';
import { noVersions, Origins, outdated, unseenVersions, upgradeActors } from './upgrade.ts';
import { Watchers } from './watchers.ts';

/** Clocks are kept right by small steps; more than this is worth a word. */
const CLOCK_TOLERANCE_MS = 1_000;

export interface EmbeddedHostOptions {
  journal: Journal;
  kinds: ActorKind[];
  /** Volatile actors made at every start, before anything is resumed. */
  roots?: (opened: { boot: number }) => { address: Address; input: Record<string, unknown> }[];
  clock?: Clock;
  newId?: () => string;
  /** How the next batch is put off to another turn of the event loop. Default setImmediate. */
  defer?: (run: () => void) => void;
  /** How mail from inside reaches the mailbox. Default: at once. A simulation has it come late, twice, out of order. */
  carry?: (mail: InsideMail, arrive: () => void) => void;
  /** Most mail in one commit. Default 2,000. */
  maxBatch?: number;
  /** How long stepping may hold the event loop before it lets others run, ms. Default 8. */
  sliceMs?: number;
  /** Records of durable actors kept in memory. Default 10,000, and 64 MiB. */
  cacheSize?: number;
  cacheBytes?: number;
  /** Timers of durable actors read at a time; at most twice as many are in memory. Default 5,000. */
  timerWindow?: number;
  /** How long an aborted effect may take to let go, ms. Default 5,000. */
  letGoMs?: number;
  /** Between two tries of a commit that failed, ms. Default 500. */
  retryMs?: number;
  /** Put into the payload of every event of this process: `{ driver: 'stub' }` when nothing is really driven. */
  mark?: Record<string, unknown>;
  /** Told of what nobody waits for: a failed commit, an actor that broke. */
  onTrouble?: (failure: Failure, what: string) => void;
}

export function createEmbeddedHost(options: EmbeddedHostOptions): ActorHost {
  return new EmbeddedHost(options);
}

class EmbeddedHost implements ActorHost {
  readonly journal: Journal;
  readonly #machines: Machines;
  readonly #origins = new Origins();
  readonly #options: Required<Omit<EmbeddedHostOptions, 'kinds' | 'journal'>>;
  readonly #clock: Clock;
  readonly #cache: RecordCache;
  readonly #timers: TimerQueue;
  readonly #effects: EffectRunner;
  readonly #inbox = new Inbox();
  readonly #listeners = new Set<(rows: EventRow[], head: number) => void>();
  readonly #watchers: Watchers;
  #mail: Mail[] = [];
  #inFlight = 0;
  #pumping = false;
  #idle: (() => void)[] = [];
  #head = 0;
  #chain = GENESIS;
  #state: HostStatus['state'] = 'stopped';
  #recovered: HostStatus['recovered'] = { actors: 0, timers: 0, effects: 0, tells: 0 };
  #versions = noVersions();
  /** Ids of effects that began in this process, while those of the one before are looked through. */
  #declared: Set<string> | undefined;
  #journalError: Failure | null = null;
  #retry: unknown;

  constructor({ journal, kinds, ...options }: EmbeddedHostOptions) {
    this.journal = journal;
    this.#options = {
      roots: () => [],
      clock: systemClock,
      newId: randomUUID,
      defer: (run) => void setImmediate(run),
      carry: (_, arrive) => arrive(),
      maxBatch: 2_000,
      sliceMs: 8,
      cacheSize: 10_000,
      cacheBytes: 64 * 1024 * 1024,
      timerWindow: 5_000,
      letGoMs: 5_000,
      retryMs: 500,
      mark: {},
      onTrouble: () => {},
      ...options
    };
    this.#clock = this.#options.clock;
    this.#watchers = new Watchers(this.#clock);
    this.#machines = new Machines(kinds);
    this.#cache = new RecordCache(this.#options.cacheSize, this.#options.cacheBytes);
    this.#timers = new TimerQueue({
      clock: this.#clock,
      fire: (timer) => this.#carry({ kind: 'timer', address: timer.address, timer }),
      isKept: (address) => this.#isDurable(address),
      load: async (place, limit) => {
        await this.#untilCalm();
        return this.journal.timersAfter(place, limit);
      },
      onTrouble: (error) => this.#options.onTrouble(toFailure(error), 'the next timers could not be read'),
      onClockBack: (ms) => this.#noteClockBack(ms),
      retryMs: this.#options.retryMs,
      window: this.#options.timerWindow
    });
    this.#effects = new EffectRunner({
      clock: this.#clock,
      letGoMs: this.#options.letGoMs,
      settled: (row, result) => this.#effectSettled(row, result)
    });
  }

  get head(): number {
    return this.#head;
  }

  get status(): HostStatus {
    return {
      state: this.#state,
      recovered: this.#recovered,
      versions: this.#versions,
      journalError: this.#journalError,
      backlog: this.#mail.length + this.#inFlight,
      held: {
        records: this.#cache.size,
        bytes: this.#cache.bytes,
        timers: this.#timers.size,
        effects: this.#effects.size
      }
    };
  }

  create(address: Address, input: Record<string, unknown>, { writes = [] }: { writes?: Write[] } = {}) {
    return this.#ask((sender) => ({ kind: 'create', address, input, writes, sender }));
  }

  send(address: Address, event: MachineEvent, { writes = [] }: { writes?: Write[] } = {}) {
    return this.#ask((sender) => ({ kind: 'send', address, event, writes, sender }));
  }

  async write(writes: Write[], entry?: AuditEntry) {
    await this.#ask((sender) => ({
      address: null,
      writes,
      sender,
      ...(entry ? { kind: 'note', entry } : { kind: 'write' })
    }));
  }

  async prune(limits: RetentionLimits, slice: number): Promise<Pruned> {
    const pruned = await this.journal.prune(limits, slice);
    for (const address of pruned.actors) this.#cache.forget(address);
    return pruned;
  }

  async read(address: Address): Promise<ActorView | undefined> {
    if (!this.#isKnown(address)) return undefined;
    const record = this.#cache.get(address) ?? (await this.journal.loadActors([address]))[0];
    return record && this.#view(this.#cache.get(address) ?? record);
  }

  async readAt(addresses: Address[], at: number): Promise<ActorView[]> {
    const records = await this.journal.actorsAt(addresses, at);
    return records.map((record) => viewOf(this.#machines.of(record), record));
  }

  volatileActors(kind: string): ActorView[] {
    const records = this.#cache.volatile().filter((record) => record.kind === kind);
    return records.map((record) => this.#view(record));
  }

  async waitFor(
    address: Address,
    until: (view: ActorView) => boolean,
    options: { timeoutMs: number; signal?: AbortSignal }
  ): Promise<ActorView | undefined> {
    return this.#watchers.waitFor(address, until, { ...options, read: () => this.read(address) });
  }

  onCommit(listener: (rows: EventRow[], head: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start() {
    this.#state = 'starting';
    const { head, boot } = await this.journal.open();
    this.#head = head;
    this.#chain = await readHead(this.journal);
    const behindMs = await this.#clockBehind();
    this.#declared = new Set();
    const tells = inOrder(await undelivered(this.journal, this.#machines, this.#isVolatile));
    // What is told from now on waits for what the same sender told before.
    for (const tell of tells) this.#inbox.expect(tell);
    await this.#upgrade();
    const { byKind, ...pending } = await this.journal.pending();
    for (const { address, input } of this.#options.roots({ boot })) await this.#make(address, input);

    await this.#resumeActors();
    for (const { failure, what } of forgottenKinds(byKind, this.#machines)) this.#options.onTrouble(failure, what);
    // What began earlier goes on before anything new begins.
    await this.#resumeEffects();
    for (const tell of tells) this.#carry({ kind: 'tell', address: tell.to, tell });
    await this.#timers.start(behindMs);
    this.#recovered = pending;
    this.#state = 'running';
  }

  async stop({ graceMs = 0 }: { graceMs?: number } = {}) {
    if (this.#state === 'stopping' || this.#state === 'stopped') return;
    this.#state = 'stopping';
    const until = this.#clock.now() + graceMs;
    // Between two effects of a command there is mail and no effect.
    const isBusy = () => this.#effects.countOf('command') > 0 || (this.#pumping && !this.#journalError);
    while (isBusy() && this.#clock.now() < until) await this.#pause(50);
    this.#timers.stop();
    await this.#effects.stop('the process is shutting down');
    if (!this.#journalError) await this.#untilIdle();
    this.#clock.clearTimeout(this.#retry);
    this.#state = 'stopped';
    for (const mail of this.#mail) senderOf(mail)?.reject(new ControlError('DRAINING', {}));
    this.#mail = [];
    await this.journal.close();
  }

  // Mail

  #ask(make: (sender: Sender) => Mail): Promise<ActorView> {
    if (this.#state !== 'running') return Promise.reject(this.#notNow());
    return new Promise((resolve, reject) => this.#post(make({ resolve, reject })));
  }

  #notNow(): ControlError {
    return this.#state === 'starting'
      ? new ControlError('NOT_READY', { what: 'the host', why: 'it is still starting' })
      : new ControlError('DRAINING', {});
  }

  #make(address: Address, input: Record<string, unknown>): Promise<ActorView> {
    return new Promise((resolve, reject) =>
      this.#post({ kind: 'create', address, input, writes: [], sender: { resolve, reject } })
    );
  }

  #writeNow(writes: Write[]): Promise<ActorView> {
    return new Promise((resolve, reject) =>
      this.#post({ kind: 'write', address: null, writes, sender: { resolve, reject } })
    );
  }

  #post(mail: Mail) {
    if (this.#state === 'stopped') return;
    this.#mail.push(mail);
    this.#wake();
  }

  #carry(mail: InsideMail) {
    this.#options.carry(mail, () => this.#arrived(mail));
  }

  #arrived(mail: InsideMail) {
    if (mail.kind !== 'tell') return this.#post(mail);
    for (const tell of this.#inbox.arrive(mail.tell)) this.#post({ kind: 'tell', address: tell.to, tell });
  }

  /** Durable in the outbox: on its way. */
  #deliver(tells: TellRow[]) {
    for (const tell of tells) this.#inbox.expect(tell);
    for (const tell of tells) this.#carry({ kind: 'tell', address: tell.to, tell });
  }

  #wake() {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#options.defer(() => void this.#pump());
  }

  async #pump() {
    while (this.#mail.length > 0 && this.#state !== 'stopped') {
      const taken = this.#mail.splice(0, this.#options.maxBatch);
      this.#inFlight = taken.length;
      const committed = await this.#commit(taken);
      this.#inFlight = 0;
      if (!committed) break;
    }
    this.#pumping = false;
    if (this.#mail.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** false when the journal refused: then the mail from inside is back in the queue and a new try is set for later. */
  async #commit(taken: Mail[]): Promise<boolean> {
    const draft = new Draft({
      machines: this.#machines,
      origin: this.#origins.get,
      committed: (address) => this.#cache.get(address),
      now: () => this.#clock.now(),
      newId: this.#options.newId,
      head: this.#head,
      chain: this.#chain,
      mark: this.#options.mark
    });
    try {
      await this.#load(taken);
      await this.#fill(draft, taken);
      if (!draft.isEmpty) await this.journal.commit(draft.batch());
    } catch (error) {
      this.#commitFailed(taken, asControlError(error));
      return false;
    }
    this.#journalError = null;
    this.#makeReal(draft);
    return true;
  }

  async #load(taken: Mail[]) {
    const missing = new Set<Address>();
    for (const { address } of taken) {
      if (address !== null && !this.#cache.has(address) && this.#isDurable(address)) missing.add(address);
    }
    if (missing.size === 0) return;
    this.#cache.pin(await this.journal.loadActors([...missing]));
  }

  async #fill(draft: Draft, taken: Mail[]) {
    let sliceEnds = performance.now() + this.#options.sliceMs;
    for (const mail of taken) {
      draft.take(mail);
      if (performance.now() < sliceEnds) continue;
      await new Promise<void>((resolve) => this.#options.defer(resolve));
      sliceEnds = performance.now() + this.#options.sliceMs;
    }
  }

  #commitFailed(taken: Mail[], error: ControlError) {
    this.#journalError = toFailure(error);
    this.#options.onTrouble(this.#journalError, 'commit');
    const kept: Mail[] = [];
    for (const mail of taken) {
      const sender = senderOf(mail);
      if (sender) sender.reject(error);
      else kept.push(mail);
    }
    this.#cache.trim();
    this.#mail = [...kept, ...this.#mail];
    if (this.#mail.length === 0) return;
    this.#clock.clearTimeout(this.#retry);
    this.#retry = this.#clock.setTimeout(() => this.#wake(), this.#options.retryMs);
  }

  /** The batch is on disk: everything it declares happens now, and not before. */
  #makeReal(draft: Draft) {
    this.#head = draft.head;
    this.#chain = draft.chain;
    for (const record of draft.actors.values()) {
      this.#cache.set(record, this.#isDurable(record.address));
      if (record.status === 'error') {
        this.#options.onTrouble(record.snapshot.error as Failure, `actor ${record.address}`);
      }
    }
    this.#cache.trim();
    for (const timer of draft.clearedTimers) this.#timers.clear(timer);
    for (const row of draft.setTimers) this.#timers.set(row);
    for (const id of draft.settled) this.#effects.abort(id, 'its state was left');
    for (const row of draft.startedEffects) {
      this.#declared?.add(row.id);
      this.#startEffect(draft.actors.get(row.address) as ActorRecord, row, false);
    }
    this.#deliver(draft.tells);
    draft.answer();
    if (draft.rows.length > 0) for (const listener of this.#listeners) listener(draft.rows, this.#head);
    for (const record of draft.actors.values()) this.#watchers.tell(record.address, () => this.#view(record));
  }

  // Effects

  /** @param record the actor whose machine it is of: of one that is held nothing runs */
  #startEffect(record: ActorRecord, row: EffectRow, resumed: boolean) {
    const definition = this.#machines.of(record);
    if (definition && !this.#effects.has(row.id)) this.#effects.start(definition, row, resumed);
  }

  #effectSettled(row: EffectRow, result: EffectResult) {
    const event: MachineEvent =
      'error' in result
        ? { type: `xstate.error.actor.${row.child}`, error: result.error, actorId: row.child }
        : { type: `xstate.done.actor.${row.child}`, output: result.output, actorId: row.child };
    this.#carry({ kind: 'effect', address: row.address, effect: row, event });
  }

  // Start and stop

  /** Before anything else moves: living actors whose machine has a newer version. */
  async #upgrade() {
    const unseen = await unseenVersions(this.#machines, this.journal, this.#clock.now());
    if (unseen.length > 0) await this.#writeNow(unseen);
    const living = await this.journal.livingVersions();
    await this.#origins.load(this.journal, outdated(living, this.#machines));
    this.#versions = await upgradeActors(living, {
      journal: this.journal,
      machines: this.#machines,
      origins: this.#origins,
      post: (mail) => this.#post(mail),
      pin: (records) => this.#cache.pin(records),
      untilIdle: () => this.#untilIdle(),
      onTrouble: this.#options.onTrouble
    });
  }

  /** Every living durable actor whose state accepts it hears `host.resumed`. */
  async #resumeActors() {
    for await (const addresses of thoseToResume(this.journal, this.#machines)) {
      for (const address of addresses) this.#post({ kind: 'resume', address });
      await this.#untilCalm();
    }
    await this.#untilIdle();
  }

  /** What is still asked for after the actors heard of the restart is started again; the rest is over. */
  async #resumeEffects() {
    for await (const { row, record } of unsettledEffects(this.journal, (address) => this.#cache.get(address))) {
      // What was declared since the start runs, or has run.
      if (!this.#declared?.has(row.id)) this.#startEffect(record, row, true);
    }
    this.#declared = undefined;
  }

  /** The clock before the newest event of the log, ms: it was put back while nothing ran. */
  async #clockBehind(): Promise<number> {
    if (this.#head === 0) return 0;
    const [newest] = (await this.journal.readEvents(this.#head - 1, 1)).rows;
    const behindMs = Math.max(0, (newest?.emittedAt ?? 0) - this.#clock.now());
    if (behindMs >= CLOCK_TOLERANCE_MS) this.#noteClockBack(behindMs);
    return behindMs;
  }

  #noteClockBack(ms: number) {
    const now = new Date(this.#clock.now()).toISOString();
    const failure = toFailure(new ControlError('CLOCK_PUT_BACK', { seconds: Math.round(ms / 1000), now }));
    this.#options.onTrouble(failure, 'the clock');
  }

  /** Until there is less mail than goes into a commit; a host that has too much all the time lets it come after a second. */
  async #untilCalm() {
    for (let turn = 0; turn < 50 && this.#mail.length >= this.#options.maxBatch; turn++) await this.#pause(20);
  }

  #untilIdle(): Promise<void> {
    if (this.#mail.length === 0 && !this.#pumping) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #pause = (ms: number) => new Promise<void>((resolve) => this.#clock.setTimeout(resolve, ms));
  #view = (record: ActorRecord): ActorView => {
    const sources = { machines: this.#machines, origin: this.#origins.get, now: () => this.#clock.now() };
    return viewOf(this.#machines.of(record), record, whyHeld(sources, record));
  };
  #isKnown = (address: Address) => this.#machines.get(splitAddress(address)[0]) !== undefined;
  #isVolatile = (address: Address) => this.#isKnown(address) && !this.#isDurable(address);
  #isDurable = (address: Address) => this.#machines.isDurable(splitAddress(address)[0]);
}
