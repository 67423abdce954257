/**
 * One run of the whole runtime from one seed: the real kernel, host, machines and acceptance of commands; virtual time, a
 * storage that loses what was not synced, browsers that fail, clients that retry, persons who interfere, and a process
 * that is killed at any moment and started again.
 *
 * For a while everything goes wrong (`faults.ts`); then nothing does any more, and what was accepted must end. The run
 * is judged by what it leaves behind (`invariants.ts`, `testing/invariants.ts`), not by the machines.
 */
import { commandKinds } from '../../actors/command/kinds.ts';
import { BrowserPool } from '../../actors/driver/pool.ts';
import type { StepExecutor } from '../../actors/executor/contract.ts';
import type { ActorHost, ActorKind, ActorRecord, Batch, Journal, Tables } from '../../actors/host/contract.ts';
import { createEmbeddedHost } from '../../actors/host/embedded-host.ts';
import type { InsideMail } from '../../actors/host/mail.ts';
import { SUPERVISOR } from '../../machines/protocol.ts';
import { isControlError } from '../../schemas/errors.ts';
import { type AcceptCommand, commandAcceptor } from '../../server/control/accept-command.ts';
import { type Control, defaultLimits } from '../../server/control/deps.ts';
import { openFlowRegistry } from '../../server/control/flow-registry.ts';
import { openSessionDirectory } from '../../server/control/session-directory.ts';
import type { Violation } from '../../testing/invariants.ts';
import { type Acknowledgement, type Ask, Clients } from './clients.ts';
import { DriverHands, simulatedDriverKinds } from './driver-hands.ts';
import { editedMessage } from './edits.ts';
import { type Exchange, simulatedExecutor } from './executor-hands.ts';
import { type Fault, Faults } from './faults.ts';
import { flows } from './flows.ts';
import { APART_S, brokenInvariants } from './invariants.ts';
import type { Life } from './life.ts';
import { type OnEffect, observed } from './observed.ts';
import { People } from './people.ts';
import { Random } from './random.ts';
import { SimulatedSite } from './site.ts';
import { OutsideSlot } from './slots.ts';
import { SimulatedStorage, type StorageFlaws } from './storage.ts';
import { VirtualTime } from './virtual-time.ts';
import { Watch } from './watch.ts';

/** What a test breaks on purpose, to see that it is found. */
export interface Mutant {
  storage?: StorageFlaws;
  kinds?(kinds: ActorKind[]): ActorKind[];
  pool?(): BrowserPool;
  /** Changes what runs share; returns how to mend it. */
  patch?(): () => void;
  /** The executor sends a click again when its answer is late. */
  sendsAgain?: boolean;
  /** It does not note that it sends. */
  sendsUnnoted?: boolean;
}

export interface Outcome {
  seed: number;
  broken: Violation[];
  /** Processes that were started. */
  boots: number;
  rows: number;
  /** How often each transition was taken. */
  moves: Tables['moves'][];
  /** By kind. */
  actors: Record<string, number>;
  /** Commands by how they ended. */
  states: Record<string, number>;
  faults: Map<Fault, number>;
  /** What persons did. */
  acts: Map<string, number>;
  /** Answers to clients that are no acknowledgement, by code. */
  refusals: Map<string, number>;
  /** The longest a command took to end once the faults were over, ms. */
  slowestMs: number;
  timeline: Moment[];
}

/** One line of what happened: a row of the log, or something outside of it. */
export interface Moment {
  at: number;
  text: string;
  cursor: number | null;
  /** Addresses and ids it is about; empty: everybody. */
  about: string[];
}

/** What the process that runs now touches the world with. One runs at a time, and one world: see `World`. */
interface Running {
  life: Life;
  journal: Journal;
  executor: StepExecutor;
  driver: DriverHands;
  onEffect: OnEffect;
  write: ActorHost['write'];
}
let running: Running | undefined;
const now = (): Running => running as Running;

/** Made once, for to make a machine takes as long as to run it: an effect finds its process when it starts. */
const kinds: ActorKind[] = [
  ...commandKinds({
    executor: {
      prepare: (...given) => now().executor.prepare(...given),
      attempt: (...given) => now().executor.attempt(...given),
      verify: (...given) => now().executor.verify(...given),
      reconcile: (...given) => now().executor.reconcile(...given)
    },
    journal: {
      find: (...given) => now().journal.find(...given)
    },
    write: (writes) => now().write(writes)
  }),
  ...simulatedDriverKinds(() => now().driver)
];
const observedKinds = kinds.map((kind) => observed(kind, now));

/** The same in each process of each run, for none puts a flow: to compile their schemas takes longer than a run. */
const nothingPut = { journal: { find: async () => [] } } as unknown as ActorHost;
const registry = openFlowRegistry(nothingPut, flows);

/** What a process says of its troubles when its disk fails and its clock is set. */
const EXPECTED = ['JOURNAL_UNAVAILABLE', 'CLOCK_PUT_BACK'];
/** Faults end by then at the latest, ms. */
const CHAOS_MS = 300_000;
/** What was accepted has ended so long after the last fault, ms. */
const BOUND_MS = 3_600_000;
const APPROVAL_MS = 180_000;
const CLOCK_JUMPS = ['the clock jumps ahead', 'the clock jumps back'] as const;
const ACCOUNTS = ['account-1', 'account-2', 'account-3'];
/** A seed whose kills all meet kill points is cut short no more than so often. */
const KILLS = 12;

/** Run one after the other: two at once would share their hands. */
export class World {
  readonly #seed: number;
  readonly #random: Random;
  readonly #time = new VirtualTime();
  readonly #site = new SimulatedSite();
  readonly #faults: Faults;
  readonly #storage: SimulatedStorage;
  readonly #watch: Watch;
  readonly #clients: Clients;
  readonly #people: People;
  readonly #mutant: Mutant;
  readonly #slots: Map<string, OutsideSlot>;
  readonly #acknowledged: Acknowledgement[] = [];
  readonly #exchanges: Exchange[] = [];
  readonly #moments: Moment[] = [];
  readonly #sessions = new Set<string>();
  readonly #asked = new Map<string, Ask>();
  #isCalm = false;
  #boundMs = BOUND_MS;
  #life: Life | undefined;
  #lives = 0;
  #kills = 0;
  #host: ActorHost | undefined;
  #accept: AcceptCommand | undefined;
  #ids = 0;
  #wishes = 0;

  constructor(seed: number, mutant: Mutant = {}) {
    this.#seed = seed;
    this.#mutant = mutant;
    this.#random = new Random(seed);
    const fork = (name: string) => this.#random.fork(name);
    this.#faults = new Faults(fork('faults'), (fault) => this.#note(fault));
    const slots = fork('slots').between(1, 3);
    this.#slots = new Map(Array.from({ length: slots }, (_, i) => [`slot-${i + 1}`, new OutsideSlot(`slot-${i + 1}`)]));
    this.#storage = new SimulatedStorage((batch) => this.#durable(batch), mutant.storage);
    this.#watch = new Watch(this.#storage, this.#time);
    this.#clients = new Clients({
      time: this.#time,
      random: fork('clients'),
      faults: this.#faults,
      newId: () => this.#newId(),
      accept: () => {
        const [accept, life] = [this.#accept, this.#life];
        return accept && life && { accept, isAlive: life.isAlive };
      },
      onAcknowledged: (acknowledgement, ask) => this.#acknowledge(acknowledgement, ask)
    });
    this.#people = new People({
      time: this.#time,
      random: fork('people'),
      host: () => this.#host,
      sessions: () => [...this.#sessions],
      edit: editedMessage,
      slots: [...this.#slots.keys()]
    });
  }

  /** What a run has left behind. */
  get storage(): SimulatedStorage {
    return this.#storage;
  }

  async run(): Promise<Outcome> {
    const mend = this.#mutant.patch?.();
    try {
      return await this.#run();
    } finally {
      mend?.();
    }
  }

  async #run(): Promise<Outcome> {
    const random = this.#random.fork('plan');
    const chaos = random.between(30_000, CHAOS_MS);
    for (let i = random.between(1, 8); i > 0; i--) this.#wish(random, random.between(0, chaos / 4));
    this.#people.wander(random.between(0, 8), chaos);
    this.#boot();
    for (const fault of CLOCK_JUMPS) {
      if (this.#faults.strikes(fault)) this.#jump(fault, random.between(0, chaos));
    }
    const begun = this.#time.now;
    for (let kills = random.between(0, 4); kills > 0; kills--) {
      await this.#time.runFor(random.between(1, chaos / 3));
      if (this.#time.now - begun > chaos) break;
      if (random.chance(0.2)) await this.#stop();
      else this.#kill('at any moment');
    }
    await this.#time.runFor(Math.max(0, begun + chaos - this.#time.now));
    this.#faults.end();
    this.#isCalm = true;
    this.#note('from here on nothing goes wrong any more');
    const calmAt = this.#time.now;
    // A client that was told nothing asks again within a minute.
    await this.#time.runFor(120_000);
    await this.#time.runFor(this.#boundMs, () => this.#allEnded());
    // What is on its way to the site arrives, and now and then everything may go to rest.
    await this.#time.runFor(this.#seed % 20 === 0 ? 30 * 3_600_000 : 30_000);
    return this.#judge(calmAt);
  }

  // The process

  #boot() {
    const number = ++this.#lives;
    const random = this.#random.fork(`life ${number}`);
    const isAlive = () => this.#life?.number === number;
    const life: Life = {
      number,
      time: this.#time,
      random,
      faults: this.#faults,
      isAlive,
      kill: () => isAlive() && this.#kill('at that line')
    };
    this.#life = life;
    this.#note(`process ${number} starts`);
    // The sweep of what a killed predecessor left. A session it had asked for may still open after it.
    for (const slot of this.#slots.values()) slot.endAll();
    const journal = this.#storage.open(life);
    const slot = (name: string) => this.#slots.get(name) as OutsideSlot;
    const pool = this.#mutant.pool?.() ?? new BrowserPool();
    running = {
      life,
      journal,
      executor: simulatedExecutor({
        life,
        site: this.#site,
        pool,
        slot,
        head: () => this.#storage.head,
        onExchange: (exchange) => this.#exchanges.push(exchange),
        onDriving: (name, commandId) => this.#watch.driving(name, commandId),
        sendsAgain: this.#mutant.sendsAgain ?? false,
        sendsUnnoted: this.#mutant.sendsUnnoted ?? false
      }),
      driver: new DriverHands({ life, slot, pool }),
      onEffect: (effect, of) => this.#watch.effect(effect, of, number),
      write: (writes) => host.write(writes)
    };
    const host = createEmbeddedHost({
      journal,
      kinds: this.#mutant.kinds?.(kinds).map((kind) => observed(kind, now)) ?? observedKinds,
      roots: ({ boot }) => [{ address: SUPERVISOR, input: { slots: this.#slots.size, epoch: boot } }],
      clock: this.#time.clock(isAlive, () => (this.#faults.strikes('a timer is late') ? random.between(1, 20_000) : 0)),
      defer: (run) => void this.#time.at(random.between(0, 2), () => isAlive() && run()),
      newId: () => this.#newId(),
      carry: this.#faults.isHostile ? (mail, arrive) => this.#carry(life, mail, arrive) : (_, arrive) => arrive(),
      sliceMs: Number.POSITIVE_INFINITY,
      maxBatch: random.between(1, 20),
      cacheSize: random.between(1, 20),
      onTrouble: (failure, what) => {
        if (!EXPECTED.includes(failure.code)) this.#watch.trouble(`${what}: ${failure.message}`, what);
      }
    });
    void this.#serve(host, life);
  }

  async #serve(host: ActorHost, life: Life) {
    try {
      await host.start();
      for (const accountId of ACCOUNTS) await this.#setAccount(host, accountId);
      const control = {
        host,
        flows: await registry,
        sessions: await openSessionDirectory(host),
        platforms: ['x'],
        selectors: { get: () => undefined },
        limits: { ...defaultLimits, approvalMs: APPROVAL_MS },
        now: () => this.#time.wall,
        newId: () => this.#newId()
      };
      if (!life.isAlive()) return;
      this.#host = host;
      // What accepts commands reads no more of it.
      this.#accept = commandAcceptor(control as unknown as Control);
    } catch (error) {
      // A disk that cannot be read or written at the start ends the process with the reason; somebody starts it again.
      if (!isControlError(error, 'JOURNAL_UNAVAILABLE')) this.#watch.trouble(`start: ${error}`, 'start');
      if (life.isAlive()) this.#kill('at its start, with a reason');
    }
  }

  /** Whatever the time of day is, messages are so far apart and no farther. */
  async #setAccount(host: ActorHost, accountId: string) {
    const address = `account/x:${accountId}`;
    const known = await host.read(address);
    if (known?.context.setBy) return;
    if (!known) await host.create(address, { platform: 'x', accountId });
    const message = { hours: null, per_hour: null, per_day: null, apart_s: APART_S };
    await host.send(address, { type: 'account.set', settings: { limits: { message } }, by: 'admin' });
  }

  /** kill -9: nothing of the process runs any more, and what it had not synced is gone. */
  #kill(where: string) {
    this.#note(`process ${this.#life?.number} is killed ${where}`);
    this.#end();
    this.#kills += 1;
    if (this.#kills >= KILLS) this.#faults.end();
    // Whoever starts it again waits longer the oftener it has failed.
    const inMs = this.#random.between(0, 500 * Math.min(this.#kills, 20));
    this.#time.at(inMs, () => this.#life === undefined && this.#boot());
  }

  /** SIGTERM: it finishes what it can and goes. */
  async #stop() {
    const [host, life] = [this.#host, this.#life];
    if (!host || !life) return;
    this.#note(`process ${life.number} is asked to stop`);
    this.#accept = undefined;
    let stopped = false;
    void host.stop({ graceMs: 5_000 }).then(() => {
      stopped = true;
    });
    await this.#time.runFor(60_000, () => stopped || !life.isAlive());
    if (!life.isAlive()) return;
    if (!stopped && !host.status.journalError) this.#watch.trouble('a stop took more than a minute', 'stop');
    this.#end();
    this.#boot();
  }

  #end() {
    if (this.#host) this.#watch.volatile(this.#host);
    this.#life = undefined;
    this.#host = undefined;
    this.#accept = undefined;
    this.#watch.restart();
  }

  /** Mail that comes twice and out of order, now and then. */
  #carry({ isAlive, random }: Life, mail: InsideMail, arrive: () => void) {
    const later = (ms: number) => void this.#time.at(random.between(1, ms), () => isAlive() && arrive());
    const twice = { tell: 'a tell comes twice', timer: 'a timer fires twice', effect: 'a result comes twice' } as const;
    if (mail.kind !== 'resume' && this.#faults.strikes(twice[mail.kind])) later(5_000);
    if (mail.kind === 'tell' && this.#faults.strikes('a tell is overtaken')) later(2_000);
    else arrive();
  }

  // The outside

  #wish(random: Random, inMs: number) {
    const flow = random.of(['look', 'comment', 'comment', 'make', 'message'] as const);
    const account = random.of(ACCOUNTS);
    const text = `text ${++this.#wishes}`;
    const params = {
      look: { post: 'p1' },
      comment: { post: `p${random.between(1, 2)}`, text },
      make: { post: 'p3', text },
      message: { to: `friend-${random.between(1, 2)}`, text }
    }[flow] as Record<string, string>;
    const deadlineMs = random.chance(0.15) ? random.between(1_000, 120_000) : undefined;
    this.#clients.ask({ flow, params, account }, { inMs, key: `key ${this.#wishes}`, deadlineMs });
  }

  #acknowledge(acknowledgement: Acknowledgement, ask: Ask) {
    const { commandId, key } = acknowledgement;
    this.#acknowledged.push(acknowledgement);
    this.#note(`${key} is acknowledged as ${commandId}`, `command/${commandId}`);
    if (this.#asked.has(commandId)) return;
    this.#asked.set(commandId, ask);
    this.#people.see(commandId, ask.flow === 'message');
  }

  /** What the program cannot tell a person looks for, and asks for anew if it is not there. */
  #lookFor(commandId: string) {
    this.#time.at(60_000, () => {
      const ask = this.#asked.get(commandId);
      const isThere = this.#site.happenings.some(({ text }) => text === ask?.params.text);
      if (!ask || isThere || this.#isCalm) return;
      this.#note(`a person does not find what ${commandId} was for, and asks again`, `command/${commandId}`);
      this.#clients.ask(ask, { inMs: 0, key: `key ${++this.#wishes} instead` });
    });
  }

  #jump(fault: 'the clock jumps ahead' | 'the clock jumps back', inMs: number) {
    const ms = this.#random.between(1_000, 2 * 3_600_000);
    // What was set before it and is read from the disk after it is due by the clock, which is that much farther.
    if (fault === 'the clock jumps back') this.#boundMs += ms;
    this.#time.at(inMs, () => {
      this.#time.jump(fault === 'the clock jumps ahead' ? ms : -ms);
      this.#note(`${fault} by ${ms} ms`);
    });
  }

  // The judgement

  #durable(batch: Batch) {
    for (const row of batch.events) {
      const { actorKind, actorId, type, payload, cursor, subject } = row;
      const { error, to } = payload as { error?: { code: string }; to: string };
      if (to === 'FAILED' && error?.code === 'OUTCOME_UNKNOWN') this.#lookFor(actorId);
      if (actorKind === 'session' && to.startsWith('HUMAN_REQUIRED')) this.#people.help(`session/${actorId}`);
      if (actorKind === 'session') this.#sessions.add(`session/${actorId}`);
      const slot = typeof payload.slot === 'string' ? [`driver/${payload.slot}`] : [];
      const about = [
        `${actorKind}/${actorId}`,
        `command/${subject.command_id}`,
        `session/${subject.session_id}`,
        ...slot
      ];
      const why = typeof payload.why === 'string' ? ` (${payload.why})` : '';
      const text = `${actorKind}/${actorId} ${type} ${payload.from ?? '·'} ─▶ ${payload.to || '·'} on ${payload.event}${why}`;
      this.#moments.push({ at: this.#time.now, text, cursor, about });
    }
    this.#watch.batch(batch);
  }

  #allEnded(): boolean {
    return this.#acknowledged.every(({ commandId }) => this.#storage.ended.has(commandId));
  }

  async #judge(calmAt: number): Promise<Outcome> {
    if (this.#host) this.#watch.volatile(this.#host);
    const journal = await this.#storage.inspect();
    const actors: ActorRecord[] = [];
    for (let page: string | null | undefined; page !== null; ) {
      const found = await journal.queryActors({ limit: 500, ...(page ? { page } : {}) });
      actors.push(...found.items);
      page = found.next;
    }
    const broken = [
      ...this.#watch.violations,
      ...brokenInvariants({
        rows: this.#storage.rows,
        actors,
        acknowledged: this.#acknowledged,
        site: this.#site,
        exchanges: this.#exchanges,
        heard: this.#watch.heard,
        clockJumped: CLOCK_JUMPS.some((fault) => this.#faults.counts.has(fault)),
        bound: { from: calmAt, ms: this.#boundMs }
      })
    ];
    const ended = this.#storage.rows.filter(
      ({ row }) => row.actorKind === 'command' && this.#storage.ended.get(row.actorId) === row.payload.to
    );
    const states: Record<string, number> = {};
    const counts: Record<string, number> = {};
    for (const { kind, state, snapshot } of actors) {
      counts[kind] = (counts[kind] ?? 0) + 1;
      if (kind !== 'command') continue;
      const code = (snapshot.context.error as { code: string } | null)?.code;
      const end = code && code !== state ? `${state} ${code}` : state;
      states[end] = (states[end] ?? 0) + 1;
    }
    return {
      seed: this.#seed,
      broken,
      boots: this.#lives,
      rows: this.#storage.rows.length,
      moves: await journal.find('moves', {}, 100_000),
      actors: counts,
      states,
      faults: this.#faults.counts,
      acts: this.#people.acts,
      refusals: this.#clients.refusals,
      slowestMs: Math.max(0, ...ended.map(({ at }) => at - calmAt)),
      timeline: this.#timeline()
    };
  }

  #timeline(): Moment[] {
    const landed = this.#site.happenings.map(({ at, account, verb, target, text, commandId }) => ({
      at,
      cursor: null,
      about: [`command/${commandId}`],
      text: `the site: ${account} ${verb} ${target} '${text}'`
    }));
    return [...this.#moments, ...landed].sort((a, b) => a.at - b.at);
  }

  #note(text: string, ...about: string[]) {
    this.#moments.push({ at: this.#time.now, text, cursor: null, about });
  }

  #newId = () => `00000000-0000-4000-8000-${(++this.#ids).toString(16).padStart(12, '0')}`;
}
