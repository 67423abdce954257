import type { Create, Record_, Tell } from '../../machines/protocol.ts';
import { ControlError } from '../../schemas/errors.ts';
import type {
  ActorRecord,
  Address,
  EffectRow,
  MachineEvent,
  PersistedSnapshot,
  TellRow,
  TimerRow,
  Write
} from '../host/contract.ts';
import { childKind, type Definition } from './definition.ts';
import { isMachine, logicOf } from './fitness.ts';
import type { Action } from './microsteps.ts';

/** Where an event comes from, for what is checked before the machine sees it: an effect, a timer, a child's end. */
export type Cause = {
  effect?: string;
  timer?: string;
  /** Of the timer: it may have been set anew under its name while its firing was on the way. */
  dueAt?: number;
  child?: Address;
};

/** What XState holds for another actor: a child by its id, the parent, or itself. */
interface Ref {
  id: string;
}
interface Send {
  to: Ref;
  event: MachineEvent;
  id?: string;
  delay?: number;
}
/** What XState says of a child that is to start. */
interface Spawned {
  id: string | ((...args: never[]) => string) | undefined;
  src: unknown;
  input: unknown;
  actorRef: Ref;
}
export const PARENT = '#parent';
/** A `sendTo` with a delay: a timer of the sender's that becomes a tell. */
export const DELAYED_SEND = 'troupe.send';

/** Sorts the actions of one step. Later actions win over earlier ones of the same step: a timer set after its cancel stays. */
export class Collector {
  readonly children: PersistedSnapshot['children'];
  readonly timers: Record<string, number>;
  readonly effects: EffectRow[] = [];
  readonly settled: string[] = [];
  readonly timerRows: TimerRow[] = [];
  readonly cleared: string[] = [];
  tells: TellRow[] = [];
  readonly writes: Write[] = [];
  readonly #definition: Definition;
  readonly #address: Address;
  readonly #id: string;
  readonly #parent: PersistedSnapshot['parent'];
  readonly #step: number;
  readonly #now: number;
  /** To children that this step has yet to start. */
  #early: Send[] = [];
  #index = 0;

  constructor(definition: Definition, record: ActorRecord, step: number, now: number) {
    this.children = { ...record.snapshot.children };
    this.timers = { ...record.snapshot.timers };
    this.#definition = definition;
    this.#address = record.address;
    this.#id = record.id;
    this.#parent = record.snapshot.parent;
    this.#step = step;
    this.#now = now;
  }

  /** The event itself was an effect's result, a child's end or a timer's firing: that one is over. */
  finish({ effect, child, timer }: Cause) {
    const ended = Object.entries(this.children).find(
      ([, running]) =>
        (effect !== undefined && running.effect === effect) || (child !== undefined && running.address === child)
    )?.[0];
    if (ended !== undefined) {
      if (effect !== undefined) this.settled.push(effect);
      this.#keepName(ended);
    }
    if (timer !== undefined) this.#clear(timer);
  }

  take(action: Action) {
    switch (action.type) {
      case 'xstate.spawnChild':
        return this.#spawn(action.params as Spawned);
      case 'xstate.stopChild':
        return this.#stop((action.params as { id?: string } | undefined)?.id);
      case 'xstate.raise': {
        const { event, id, delay } = action.params as { event: MachineEvent; id?: string; delay?: number };
        // Without a delay XState has taken it inside the step.
        return typeof delay === 'number' ? this.#after(delay, event, id) : undefined;
      }
      case 'xstate.sendTo':
        return this.#sendTo(action.params as Send);
      case 'xstate.emit': // a row: see `collect`
      case 'xstate.cancel':
        return this.#clear((action.params as { sendId: string }).sendId);
      case 'xstate.log':
        return;
      case 'tell': {
        for (const { to, event } of listOf(action.params as Tell | Tell[])) this.#tell(to, event);
        return;
      }
      case 'create': {
        for (const { address, input, ifAbsent } of listOf(action.params as Create | Create[])) {
          this.#tell(address, { type: 'actor.create', input, ifAbsent: ifAbsent ?? false });
        }
        return;
      }
      case 'record': {
        this.writes.push(...(listOf(action.params as Record_ | Record_[]) as unknown as Write[]));
        return;
      }
      default:
        throw new ControlError('MACHINE_UNFIT', {
          kind: this.#definition.kind,
          place: `action '${action.type}'`,
          reason: 'it has code of its own, which a crash would lose; use tell, create, record or an invoked promise'
        });
    }
  }

  /**
   * Of all the ways to start a child only `spawn` inside `assign` is no action: nothing of it reaches the host.
   * @throws ControlError MACHINE_UNFIT
   */
  assertKnows(children: string[]) {
    const stray = children.find((id) => id !== 'undefined' && !(id in this.children));
    if (stray === undefined) return;
    const reason = 'it is started by spawn() inside assign or context, which is no action; use spawnChild with an id';
    throw new ControlError('MACHINE_UNFIT', { kind: this.#definition.kind, place: `child '${stray}'`, reason });
  }

  /** A timer goes on under another name: that of the state it is of now. */
  rename(from: string, to: string) {
    const dueAt = this.timers[from];
    if (dueAt === undefined) return;
    this.#clear(from);
    this.timers[to] = dueAt;
    this.timerRows.push({ address: this.#address, id: to, dueAt, event: { type: to } });
  }

  endAll() {
    for (const child of Object.keys(this.children)) this.#stop(child);
    for (const id of Object.keys(this.timers)) this.#clear(id);
  }

  /** A child's end, to its parent. */
  report(end: { output?: unknown; error?: unknown }) {
    if (!this.#parent) return;
    const { address, child } = this.#parent;
    const type = 'error' in end ? `xstate.error.actor.${child}` : `xstate.done.actor.${child}`;
    this.#tell(address, { type, ...end, actorId: child });
  }

  /** An ended child keeps its name until it is stopped, as in XState: `sendTo` it goes nowhere and is no mistake. */
  #keepName(child: string) {
    const { src } = this.children[child] as { src: string };
    if (child.startsWith(`${this.#address}#`)) delete this.children[child];
    else this.children[child] = { src };
  }

  #name = () => `${this.#address}#${this.#step}.${this.#index++}`;

  #spawn({ id: given, src, input, actorRef }: Spawned) {
    const name = this.#name();
    // An id that is computed has its value only in what XState made of it.
    const id = typeof given === 'function' ? actorRef.id : (given ?? name);
    const { kind, machine } = this.#definition;
    if (typeof src !== 'string') {
      const reason = 'it starts a child by its logic, which a snapshot cannot name; name it in setup({ actors })';
      throw new ControlError('MACHINE_UNFIT', { kind, place: `child '${id}'`, reason });
    }
    if (isMachine(logicOf(machine, src))) {
      const address = `${childKind(kind, src)}/${this.#id}.${id}.${this.#step}`;
      this.children[id] = { src, address };
      const parent = { address: this.#address, child: id };
      const version = this.#definition.children.get(src);
      this.#tell(address, { type: 'actor.create', input: input ?? {}, ifAbsent: false, parent, version });
      return this.#sendEarly(id);
    }
    this.children[id] = { src, effect: name };
    this.effects.push({ id: name, address: this.#address, child: id, src, input: input ?? null });
  }

  #stop(child: string | undefined) {
    const running = child === undefined ? undefined : this.children[child];
    if (child === undefined || !running) return;
    if (running.effect) this.settled.push(running.effect);
    if (running.address) this.#end(running.address);
    delete this.children[child];
  }

  /** A child whose state was left in the step that entered it never was: neither its making nor what it was sent goes out. */
  #end(address: Address) {
    const isNew = this.tells.some(({ to, event }) => to === address && event.type === 'actor.create');
    if (isNew) this.tells = this.tells.filter(({ to }) => to !== address);
    else this.#tell(address, { type: 'actor.stop' });
  }

  /** To a child machine, the parent, or itself. A promise hears nothing, as in XState. */
  #sendTo(send: Send) {
    const { to, event, id, delay } = send;
    const isParent = to.id === PARENT;
    // An entry action comes before the invoke of its state, and may write to it all the same.
    if (!isParent && !(to.id in this.children) && to.id !== this.#address) {
      this.#early.push(send);
      return;
    }
    const address = isParent ? this.#parent?.address : (this.children[to.id]?.address ?? this.#selfIf(to));
    if (address === undefined) return;
    if (typeof delay === 'number') this.#after(delay, { type: DELAYED_SEND, to: address, event }, id);
    else this.#tell(address, event);
  }

  #sendEarly(child: string) {
    const [now, later] = [
      this.#early.filter(({ to }) => to.id === child),
      this.#early.filter(({ to }) => to.id !== child)
    ];
    this.#early = later;
    for (const send of now) this.#sendTo(send);
  }

  #selfIf = (to: Ref) => (to.id === this.#address ? this.#address : undefined);

  #after(delay: number, event: MachineEvent, id = this.#name()) {
    const dueAt = this.#now + Math.max(0, delay);
    this.timers[id] = dueAt;
    this.timerRows.push({ address: this.#address, id, dueAt, event });
  }

  #clear(id: string) {
    if (!(id in this.timers)) return;
    delete this.timers[id];
    this.cleared.push(id);
  }

  #tell(to: Address, event: MachineEvent) {
    this.tells.push({ id: this.#name(), from: this.#address, to, event });
  }
}

const listOf = <T>(one: T | T[]): T[] => (Array.isArray(one) ? one : [one]);
