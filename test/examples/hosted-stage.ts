import assert from 'node:assert/strict';
import type { AnyStateMachine } from 'xstate';
import type { ActorHost, ActorRecord, EventRow, Journal } from '../../actors/host/contract.ts';
import { createEmbeddedHost } from '../../actors/host/embedded-host.ts';
import { defineAll } from '../../actors/kernel/definition.ts';
import { isControlError } from '../../schemas/errors.ts';
import { StepClock } from '../support/step-clock.ts';
import type { Asked, Hands } from './hands.ts';
import { json, type Life, life, type Outcome, type Picture, type Stage } from './life.ts';
import { settled } from './settled.ts';

/** A data directory, in memory or on disk, that outlives the process. */
export interface Storage {
  open(): Journal;
  /** The process that had `journal` is gone. */
  crashed(journal: Journal): Promise<void>;
}

interface Process {
  host: ActorHost;
  hands: Hands;
  alive: boolean;
}

/** The same machine here: kernel, embedded host and a journal, in as many processes as it is crashed. */
export class HostedStage implements Stage {
  readonly #make: (hands: Hands) => AnyStateMachine;
  readonly #newHands: () => Hands;
  readonly #input: Record<string, unknown>;
  readonly #storage: Storage;
  readonly #kind: string;
  readonly #address: string;
  readonly #clock = new StepClock();
  readonly #childKinds: string[];
  readonly #emitted: { by: string; said: string }[] = [];
  #process: Process | undefined;
  /** Rows of the log, of all processes. */
  readonly rows: EventRow[] = [];

  constructor(options: {
    kind: string;
    machine: (hands: Hands) => AnyStateMachine;
    hands: () => Hands;
    input: Record<string, unknown>;
    storage: Storage;
  }) {
    this.#make = options.machine;
    this.#newHands = options.hands;
    this.#input = options.input;
    this.#storage = options.storage;
    this.#kind = options.kind;
    this.#address = `${options.kind}/one`;
    const defined = defineAll({ kind: this.#kind, machine: options.machine(options.hands()), durable: true });
    this.#childKinds = defined.map(({ kind }) => kind).filter((kind) => kind !== this.#kind);
  }

  async begin() {
    await this.#boot();
    await this.#running.host.create(this.#address, this.#input);
    await this.#still();
  }

  async send(event: { type: string }, andCrash = false) {
    try {
      await this.#running.host.send(this.#address, event);
    } catch (error) {
      // XState drops what a state does not accept; here it is a row and the sender hears of it.
      if (!isControlError(error, 'EVENT_REJECTED')) throw error;
      if (!andCrash) assert.equal(this.rows.at(-1)?.type, 'event.rejected');
    }
    if (andCrash) await this.#restart();
    await this.#still();
  }

  async advance(ms: number) {
    this.#clock.move(ms);
    await this.#still();
  }

  async settle(index: number, outcome: Outcome) {
    await this.#answer(this.#running.hands.waiting[index], outcome);
  }

  async settleLate(index: number, outcome: Outcome) {
    await this.#answer(this.#running.hands.abandoned[index], outcome);
  }

  async #answer(asked: Asked | undefined, outcome: Outcome) {
    if (!asked) return;
    if ('fails' in outcome) asked.reject(outcome.fails);
    else asked.resolve(outcome.output);
    await this.#still();
  }

  /** Afterwards every effect that was running runs again under the same id, and knows that it is resumed. */
  async crash() {
    const before = this.#running.hands.waiting.map(({ effect }) => effect?.id);
    await this.#restart();
    await this.#still();
    const { waiting } = this.#running.hands;
    assert.deepEqual(
      waiting.map(({ effect }) => effect?.id),
      before
    );
    assert.ok(
      waiting.every(({ effect }) => effect?.resumed),
      'an effect that was started before knows it'
    );
  }

  async picture(): Promise<Picture> {
    const lives: Record<string, Life> = {};
    const emitted: Record<string, string[]> = {};
    const { journal } = this.#running.host;
    const root = (await journal.loadActors([this.#address]))[0] as ActorRecord;
    const children: ActorRecord[] = [];
    for (const kind of this.#childKinds) children.push(...(await journal.queryActors({ kind, limit: 500 })).items);
    const record = (at: ActorRecord, place: string) => {
      lives[place] = life(at.snapshot);
      const own = this.#emitted.filter(({ by }) => by === at.address);
      if (own.length > 0) emitted[place] = own.map(({ said }) => said);
      const below = children.filter(({ snapshot }) => snapshot.parent?.address === at.address).sort(byBirth);
      const seen = new Map<string, number>();
      for (const child of below) {
        const id = child.snapshot.parent?.child as string;
        const nth = seen.get(id) ?? 0;
        seen.set(id, nth + 1);
        record(child, `${place ? `${place}.` : ''}${id}[${nth}]`);
      }
    };
    record(root, '');
    return {
      lives,
      waiting: this.#running.hands.waiting.map(({ name, input }) => `${name} ${JSON.stringify(input)}`),
      emitted
    };
  }

  async end() {
    const stopped = this.#running.host.stop();
    // Work that does not heed its signal is waited for, and the time for that is over.
    this.#clock.move(60_000);
    await stopped;
  }

  get #running(): Process {
    assert.ok(this.#process, 'not begun');
    return this.#process;
  }

  async #restart() {
    const process = this.#running;
    process.alive = false;
    await this.#storage.crashed(process.host.journal);
    await this.#boot();
  }

  async #boot() {
    const hands = this.#newHands();
    const host = createEmbeddedHost({
      journal: this.#storage.open(),
      kinds: [{ kind: this.#kind, machine: this.#make(hands), durable: true, foreign: true }],
      clock: this.#clock.of(() => process.alive),
      defer: (run) => queueMicrotask(() => process.alive && run()),
      // Nothing of a step may live in memory alone.
      cacheSize: 0
    });
    const process: Process = { host, hands, alive: true };
    host.onCommit((rows) => {
      if (!process.alive) return;
      this.rows.push(...rows);
      for (const { payload, type, actorKind, actorId } of rows) {
        const { actor, from, to, event, step, why, told_by, ...said } = payload as Record<string, unknown>;
        if (event !== type) continue;
        this.#emitted.push({ by: `${actorKind}/${actorId}`, said: JSON.stringify(json({ type, ...said })) });
      }
    });
    this.#process = process;
    await host.start();
  }

  /** Until all mail is durable and what came of it too. A disk answers when it does; nothing else is waited for. */
  async #still() {
    do await settled();
    while (this.#running.host.status.backlog > 0);
    await settled();
  }
}

/** The number of the parent's step is the end of a child's address. */
const byBirth = (a: ActorRecord, b: ActorRecord) => stepIn(a.address) - stepIn(b.address);
const stepIn = (address: string) => Number(address.slice(address.lastIndexOf('.') + 1));
