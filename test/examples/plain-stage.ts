import { type AnyActorRef, type AnyStateMachine, createActor, SimulatedClock, StateMachine } from 'xstate';
import type { Hands } from './hands.ts';
import { json, type Life, life, type Outcome, type Picture, type Stage } from './life.ts';
import { settled } from './settled.ts';

/** The machine as XState itself runs it: one actor in memory, a clock that is moved. */
export class PlainStage implements Stage {
  readonly #clock = new SimulatedClock();
  readonly #hands: Hands;
  readonly #actor: AnyActorRef;
  readonly #machines: { ref: AnyActorRef; place: string }[] = [];
  readonly #emitted: Record<string, string[]> = {};

  constructor(machine: AnyStateMachine, input: Record<string, unknown>, hands: Hands) {
    this.#hands = hands;
    this.#actor = createActor(machine, {
      input,
      clock: this.#clock,
      inspect: (event) => {
        if (event.type === '@xstate.event' && event.event.type === 'xstate.init')
          this.#note(event.actorRef as AnyActorRef);
      }
    });
    this.#actor.subscribe({ error: () => {} });
  }

  /** Those of the events that would move it. */
  legal<E extends { type: string }>(events: readonly E[]): E[] {
    return events.filter((event) => this.#actor.getSnapshot().can(event));
  }

  async begin() {
    (this.#actor as unknown as { start(): void }).start();
    await settled();
  }

  async send(event: { type: string }) {
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event);
    await settled();
  }

  async advance(ms: number) {
    this.#clock.increment(ms);
    await settled();
  }

  async settle(index: number, outcome: Outcome) {
    const asked = this.#hands.waiting[index];
    if (!asked) return;
    if ('fails' in outcome) asked.reject(outcome.fails);
    else asked.resolve(outcome.output);
    await settled();
  }

  async settleLate(index: number, outcome: Outcome) {
    const asked = this.#hands.abandoned[index];
    if (!asked) return;
    if ('fails' in outcome) asked.reject(outcome.fails);
    else asked.resolve(outcome.output);
    await settled();
  }

  async crash() {}

  async picture(): Promise<Picture> {
    const lives: Record<string, Life> = {};
    for (const { ref, place } of this.#machines) {
      const { value, context, status, output, error } = ref.getSnapshot();
      lives[place] = life({ value, context, status, output, error });
    }
    return {
      lives,
      waiting: this.#hands.waiting.map(({ name, input }) => `${name} ${JSON.stringify(input)}`),
      emitted: this.#emitted
    };
  }

  async end() {
    (this.#actor as unknown as { stop(): void }).stop();
    await settled();
  }

  /** An actor starts. One that XState made while it resolved a transition, and stopped in the same, never does. */
  #note(ref: AnyActorRef) {
    if (!((ref as unknown as { logic: unknown }).logic instanceof StateMachine)) return;
    const parent = this.#machines.find((known) => known.ref === ref._parent)?.place;
    const prefix = parent ? `${parent}.` : '';
    const before = this.#machines.filter(({ ref: other }) => other._parent === ref._parent && other.id === ref.id);
    const place = parent === undefined ? '' : `${prefix}${ref.id}[${before.length}]`;
    this.#machines.push({ ref, place });
    ref.on('*', (event) => {
      this.#emitted[place] = [...(this.#emitted[place] ?? []), JSON.stringify(json(event))];
    });
  }
}
