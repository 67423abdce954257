/**
 * One run of the whole runtime from one seed: the real kernel, host, machines and invariants; virtual time, a storage
 * that loses what was not synced, a disk that is full now and then, browsers that die, clients that retry, and a process
 * that is killed at any moment and started again.
 */
import { commandKinds } from '../../actors/command/kinds.ts';
import type { ActorHost, EventRow } from '../../actors/host/contract.ts';
import { createEmbeddedHost } from '../../actors/host/embedded-host.ts';
import { SUPERVISOR } from '../../machines/protocol.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import { MemoryJournal } from '../support/memory-journal.ts';
import { SimulatedHands } from './hands.ts';
import { brokenInvariants, type Evidence } from './invariants.ts';
import { Random } from './random.ts';
import { SimulatedSite } from './site.ts';
import { VirtualTime } from './virtual-time.ts';

export interface Outcome {
  seed: number;
  broken: string[];
  boots: number;
  rows: number;
  states: Record<string, number>;
  /** The log in short, to compare two runs of one seed. */
  trace: string;
}

const flow = {
  name: 'comment',
  platforms: ['*'],
  actions: [
    { attempt: 'OPEN', effect: 'read', steps: [{ type: 'navigate', url: 'http://site/' }] },
    { attempt: 'COMMENT', effect: 'write', steps: [{ type: 'click', selectors: ['button'] }] },
    { attempt: 'LIKE', effect: 'write', steps: [{ type: 'click', selectors: ['button'] }] }
  ]
};

export class World {
  readonly #seed: number;
  readonly #random: Random;
  readonly #time = new VirtualTime();
  readonly #site = new SimulatedSite();
  readonly #acknowledged: string[] = [];
  readonly #violations: string[] = [];
  #journal: MemoryJournal;
  #host: ActorHost | undefined;
  #hands: SimulatedHands | undefined;
  #life = 0;
  readonly #boots: number[] = [];
  #ids = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#journal = this.#storage();
  }

  async run(): Promise<Outcome> {
    const commands = this.#random.between(1, 8);
    for (let i = 0; i < commands; i++) this.#client(`c${i}`, this.#random.between(0, 30_000));
    this.#boot();
    const crashes = this.#random.between(0, 4);
    for (let i = 0; i < crashes; i++) {
      await this.#time.runFor(this.#random.between(1, 40_000));
      this.#crash();
      await this.#time.runFor(this.#random.between(0, 2_000));
      this.#boot();
    }
    await this.#time.runFor(3 * 3_600_000);
    return this.#judge();
  }

  #boot() {
    const life = ++this.#life;
    this.#boots.push(life);
    const isAlive = () => this.#life === life;
    const hands = new SimulatedHands({ time: this.#time, random: this.#random, site: this.#site, isAlive });
    const host = createEmbeddedHost({
      journal: this.#journal,
      kinds: [...commandKinds({ executor: hands.executor(), journal: this.#journal }), ...hands.driverKinds()],
      roots: ({ boot }) => [{ address: SUPERVISOR, input: { slots: 2, epoch: boot } }],
      clock: this.#time.clock(isAlive),
      defer: (run) => void this.#time.at(this.#random.between(0, 2), () => isAlive() && run()),
      newId: () => `id-${++this.#ids}`,
      sliceMs: Number.POSITIVE_INFINITY,
      maxBatch: this.#random.between(1, 20),
      cacheSize: this.#random.between(1, 20),
      onTrouble: (failure, what) => {
        if (failure.code !== 'JOURNAL_UNAVAILABLE') this.#violations.push(`${what}: ${failure.message}`);
      }
    });
    this.#hands = hands;
    host.start().then(
      () => {
        if (isAlive()) this.#host = host;
      },
      (error) => {
        // A full disk at the start ends the process with the reason; somebody starts it again.
        if (!isControlError(error, 'JOURNAL_UNAVAILABLE')) this.#violations.push(`start: ${error}`);
        if (!isAlive()) return;
        this.#crash();
        const { length } = this.#boots;
        this.#time.at(1_000, () => this.#boots.length === length && this.#boot());
      }
    );
  }

  /** kill -9: nothing of the process runs any more, and what it had not synced is gone. */
  #crash() {
    this.#life++;
    this.#violations.push(...(this.#hands?.violations ?? []));
    this.#host = undefined;
    this.#journal = this.#storage(this.#journal);
  }

  /** A journal on the same durable state. A commit takes time; a crash may fall before it, or between it and its answer. */
  #storage(before?: MemoryJournal): MemoryJournal {
    const life = this.#life + 1;
    const onCommit = (apply: () => void) =>
      new Promise<void>((resolve, reject) => {
        const isAlive = () => this.#life <= life;
        this.#time.at(this.#random.between(0, 30), () => {
          if (!isAlive()) return;
          if (this.#random.chance(0.01)) {
            reject(new ControlError('JOURNAL_UNAVAILABLE', { reason: 'the disk is full' }));
            return;
          }
          try {
            apply();
          } catch (error) {
            reject(error);
            return;
          }
          this.#time.at(this.#random.between(0, 10), () => isAlive() && resolve());
        });
      });
    return before ? before.crash({ onCommit }) : new MemoryJournal({ onCommit });
  }

  /** Sends one command, again and again with the same id until somebody says it is accepted; may cancel it later. */
  #client(commandId: string, ms: number) {
    this.#time.at(ms, () => void this.#submit(commandId));
    if (this.#random.chance(0.25)) {
      this.#time.at(ms + this.#random.between(0, 20_000), () => void this.#tell(commandId, { type: 'command.cancel' }));
    }
  }

  async #submit(commandId: string) {
    const again = () => this.#time.at(this.#random.between(100, 3_000), () => void this.#submit(commandId));
    const host = this.#host;
    if (!host) return again();
    const life = this.#life;
    const account = `a${commandId.charCodeAt(1) % 3}`;
    const sessionId = `s-${account}`;
    // A process that is killed answers nobody: the client's own patience brings it back.
    const patience = again();
    try {
      await host.create(`command/${commandId}`, {
        commandId,
        correlationId: commandId,
        sessionId,
        createSession: {
          sessionId,
          accountId: account,
          platform: 'x',
          browser: 'safari',
          device: 'desktop',
          idleLimitMs: 3_600_000 * 8,
          parkLimitMs: 86_400_000
        },
        envelope: {
          version: '1.0',
          requester: { service: 't', instance_id: '1' },
          target: { account_id: account, platform: 'x' },
          type: 'flow.run',
          payload: { flow: 'comment', params: {} },
          priority: this.#random.between(1, 5)
        },
        flow,
        approval: null,
        deadlineAt: this.#random.chance(0.1) ? this.#time.now + this.#random.between(1_000, 60_000) : null,
        allowScript: false
      });
    } catch (error) {
      if (!isControlError(error, 'ACTOR_EXISTS')) return;
    }
    if (life !== this.#life) return;
    this.#time.cancel(patience);
    this.#acknowledged.push(commandId);
  }

  async #tell(commandId: string, event: { type: string }) {
    try {
      await this.#host?.send(`command/${commandId}`, event);
    } catch (error) {
      if (!isControlError(error)) throw error;
    }
  }

  async #judge(): Promise<Outcome> {
    const log: EventRow[] = [];
    for (let after = 0; ; ) {
      const { rows, scannedTo } = await this.#journal.readEvents(after, 1_000);
      log.push(...rows);
      if (scannedTo <= after || rows.length === 0) break;
      after = scannedTo;
    }
    const { items: actors } = await this.#journal.queryActors({ limit: 500 });
    const evidence: Evidence = {
      log,
      actors,
      acknowledged: this.#acknowledged,
      site: this.#site,
      boots: this.#boots.length
    };
    const states: Record<string, number> = {};
    for (const { kind, state, snapshot } of actors) {
      if (kind !== 'command') continue;
      const code = (snapshot.context.error as { code: string } | null)?.code;
      const end = code && code !== state ? `${state} ${code}` : state;
      states[end] = (states[end] ?? 0) + 1;
    }
    return {
      seed: this.#seed,
      broken: [...this.#violations, ...(this.#hands?.violations ?? []), ...brokenInvariants(evidence)],
      boots: this.#boots.length,
      rows: log.length,
      states,
      trace: log
        .map(
          ({ actorKind, actorId, type, payload, emittedAt }) =>
            `${emittedAt} ${actorKind}/${actorId} ${type} ${payload.to}`
        )
        .join('\n')
    };
  }
}
