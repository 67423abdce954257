import assert from 'node:assert/strict';
import type { AnyStateMachine } from 'xstate';
import type { ActorRecord, EffectRow, MachineEvent, TellRow, Write } from '../../actors/host/contract.ts';
import { acceptedEvents, type Definition, define, restore } from '../../actors/kernel/definition.ts';
import { birth, type Cause, type Step, step } from '../../actors/kernel/step.ts';
import type { TelemetryRow } from '../../actors/kernel/telemetry.ts';

/** One actor stepped by hand in virtual time: no host, no journal, no effects but those the test answers. */
export class Rehearsal {
  readonly definition: Definition;
  readonly rows: TelemetryRow[] = [];
  readonly tells: TellRow[] = [];
  readonly writes: Write[] = [];
  record: ActorRecord;
  now = 1_700_000_000_000;
  #effects: EffectRow[] = [];
  #timers = new Map<string, { dueAt: number; event: MachineEvent }>();

  constructor(
    kind: string,
    machine: AnyStateMachine,
    input: Record<string, unknown>,
    id = 'one',
    parent?: { address: string; child: string }
  ) {
    this.definition = define({ kind, machine, durable: true });
    const first = birth(this.definition, `${kind}/${id}`, input, this.now, parent);
    this.record = first.record;
    this.#apply(first);
  }

  get state(): string {
    return this.record.state;
  }

  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it knows to be there
  get context(): any {
    return this.record.snapshot.context;
  }

  get accepts(): string[] {
    return acceptedEvents(restore(this.definition, this.record.snapshot));
  }

  /** Effects declared and not over, by child id. */
  get running(): string[] {
    return this.#effects.map(({ child }) => child);
  }

  effect(child: string): EffectRow {
    const row = this.#effects.find((effect) => effect.child === child);
    assert.ok(row, `effect '${child}' is not running in ${this.state}; running: ${this.running.join(', ') || 'none'}`);
    return row;
  }

  /** @returns whether the event was accepted. */
  send(event: MachineEvent, cause: Cause = {}): boolean {
    this.now += 1;
    const result = step(this.definition, this.record, event, cause, this.now);
    if (result.kind === 'stepped') this.#apply(result.step);
    if (result.kind === 'rejected') this.rows.push(result.row);
    return result.kind === 'stepped';
  }

  done(child: string, output: unknown): this {
    const { id } = this.effect(child);
    this.send({ type: `xstate.done.actor.${child}`, output, actorId: child }, { effect: id });
    return this;
  }

  broke(child: string, error: { code: string; message?: string; details?: Record<string, unknown> }): this {
    const { id } = this.effect(child);
    const failure = { message: error.code, ...error };
    this.send({ type: `xstate.error.actor.${child}`, error: failure, actorId: child }, { effect: id });
    return this;
  }

  /** Moves the clock, firing what falls due in order. */
  advance(ms: number): this {
    const until = this.now + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(([, { dueAt }]) => dueAt <= until)
        .sort((a, b) => a[1].dueAt - b[1].dueAt)[0];
      if (!due) break;
      const [id, { dueAt, event }] = due;
      this.#timers.delete(id);
      this.now = Math.max(this.now, dueAt - 1);
      this.send(event, { timer: id });
    }
    this.now = Math.max(this.now, until);
    return this;
  }

  /** States entered, in order, one entry a row that changed state. */
  get path(): string[] {
    return this.rows.filter((row) => row.payload.from !== row.payload.to).map((row) => row.payload.to);
  }

  /** Types of the rows at or above info. */
  get types(): string[] {
    return this.rows.filter(({ severity }) => severity !== 'debug').map(({ type }) => type);
  }

  toldTo(address: string): string[] {
    return this.tells.filter(({ to }) => to === address).map(({ event }) => event.type);
  }

  #apply({ record, rows, effects, settled, timers, cleared, tells, writes }: Step) {
    this.record = record;
    this.rows.push(...rows);
    this.tells.push(...tells);
    this.writes.push(...writes);
    this.#effects = [...this.#effects, ...effects].filter(({ id }) => !settled.includes(id));
    for (const id of cleared) this.#timers.delete(id);
    for (const { id, dueAt, event } of timers) this.#timers.set(id, { dueAt, event });
    assert.deepEqual(JSON.parse(JSON.stringify(record)), record, 'a record is JSON');
  }
}
