import type { ActorHost, ActorKind, Batch, EffectContext } from '../../actors/host/contract.ts';
import type { Violation } from '../../testing/invariants.ts';
import { watched } from './invariants.ts';
import type { SimulatedStorage } from './storage.ts';
import type { VirtualTime } from './virtual-time.ts';

/** States that explain nothing: work is done there, or nobody waits. */
const AT_REST = ['READY', 'BUSY', 'slot.COLD', 'slot.READY.idle', 'slot.READY.busy', 'RUNNING.accepting'];
/** Nothing bounds how long. `test/machines/deadlines.test.ts` says why each may. */
const MAY_LAST = ['slot.COLD', 'slot.READY.idle', 'slot.READY.busy', 'RUNNING.accepting'];
/** Of a driver, what its slot does; its health lasts as long as it does. */
const mainState = (state: string) => state.split(',').find((one) => one.startsWith('slot.')) ?? state;

/** Of its tells' names, and of the lines they go by. */
const isVolatile = (name: string) => /^(supervisor|driver)\//.test(name);

/** Looks on while a run goes on, for what cannot be seen afterwards. */
export class Watch {
  readonly violations: Violation[] = [];
  readonly #storage: SimulatedStorage;
  readonly #time: VirtualTime;
  /** Started effects, by id, and in which life last. */
  readonly #started = new Map<string, number>();
  readonly #driving = new Map<string, string>();
  /** How often each tell was heard; a volatile sender names its tells anew in each process. */
  readonly heard = new Map<string, number>();
  #lives = 1;
  /** From and to of each tell. */
  readonly #lines = new Map<string, string>();
  /** The last tell heard of each sender by each receiver: step and index. */
  readonly #heard = new Map<string, [number, number]>();

  constructor(storage: SimulatedStorage, time: VirtualTime) {
    this.#storage = storage;
    this.#time = time;
  }

  /** An effect is about to begin. */
  effect({ id, resumed }: EffectContext, { durable }: ActorKind, life: number) {
    const [step = ''] = id.split('.').slice(0, -1).length > 0 ? [id.slice(0, id.lastIndexOf('.'))] : [];
    const address = id.slice(0, id.lastIndexOf('#'));
    const committed = this.#storage.steps.get(step);
    if (committed === undefined || (!durable && committed !== life)) {
      this.#report(watched.journalThenAct, `effect ${id} started and its step is not in the log`, address);
    }
    const end = address.startsWith('command/') && this.#storage.ended.get(address.slice('command/'.length));
    if (end) this.#report(watched.nothingAfterTheEnd, `effect ${id} started after ${end}`, address);
    const before = this.#started.get(id);
    if (durable && before !== undefined && (before === life || !resumed)) {
      this.#report(watched.oneStart, `effect ${id} started twice${resumed ? ', resumed' : ''}`, address);
    }
    this.#started.set(id, life);
  }

  /** A write goes on in a slot until the returned function is called. */
  driving(slot: string, commandId: string): () => void {
    const other = this.#driving.get(slot);
    if (other)
      this.#report(watched.oneDriver, `${commandId} and ${other} drive ${slot} at once`, `command/${commandId}`);
    this.#driving.set(slot, commandId);
    return () => void this.#driving.delete(slot);
  }

  /** A new process: volatile actors count their steps anew. */
  restart() {
    for (const line of [...this.#heard.keys()].filter(isVolatile)) this.#heard.delete(line);
    // What they told is void; forgetting it is no hearing.
    for (const id of [...this.#lines.keys()].filter(isVolatile)) this.#lines.delete(id);
    this.#driving.clear();
    this.#lives += 1;
  }

  /** What became durable. */
  batch({ actors, tells }: Batch) {
    for (const { address, status, state, snapshot, deadlineAt } of actors) {
      const isWorking = Object.values(snapshot.children).some(({ effect }) => effect !== undefined);
      if (status === 'active') this.#explained(address, state, isWorking, snapshot.context.why, deadlineAt);
      else if (state === 'FAILED' && !snapshot.context.why)
        this.#report(watched.explained, `${address} FAILED without a why`, address);
    }
    for (const { id, from, to } of tells.sent) if (from !== null) this.#lines.set(id, `${from} to ${to}`);
    for (const id of tells.consumed) {
      const line = this.#lines.get(id);
      if (line !== undefined) this.#inOrder(id, line);
      else if (isVolatile(id)) continue;
      const name = isVolatile(id) ? `${id} of process ${this.#lives}` : id;
      this.heard.set(name, (this.heard.get(name) ?? 0) + 1);
    }
  }

  /** Actors that are in no table. */
  volatile(host: ActorHost) {
    for (const kind of ['supervisor', 'driver']) {
      for (const { address, status, state, why, deadlineAt } of host.volatileActors(kind)) {
        if (status === 'active') this.#explained(address, mainState(state), deadlineAt !== null, why, deadlineAt);
      }
    }
  }

  trouble(why: string, what: string) {
    this.#report(watched.noTrouble, why, what.replace(/^actor /, ''));
  }

  #explained(address: string, state: string, isWorking: boolean, why: unknown, deadlineAt: number | null) {
    const says = typeof why === 'string' && why !== '';
    if (!says && !isWorking && !AT_REST.includes(state)) {
      this.#report(watched.explained, `${address} waits in ${state} and says no why`, address);
    }
    if (deadlineAt === null && !MAY_LAST.includes(state)) {
      this.#report(watched.explained, `${address} waits in ${state} without a deadline`, address);
    }
  }

  #inOrder(id: string, line: string) {
    const [, step, index] = /#(\d+)\.(\d+)$/.exec(id) ?? [];
    const now: [number, number] = [Number(step), Number(index)];
    const before = this.#heard.get(line);
    if (before && (now[0] < before[0] || (now[0] === before[0] && now[1] < before[1]))) {
      this.#report(
        watched.inOrder,
        `${id} was heard after #${before.join('.')}, ${line}`,
        line.split(' ')[0] as string
      );
    }
    this.#heard.set(line, now);
  }

  #report(invariant: string, why: string, ...about: string[]) {
    this.violations.push({ invariant, why: `${why} (at ${this.#time.now})`, about, cursor: this.#storage.head });
  }
}
