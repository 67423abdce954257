import { strict as assert } from 'node:assert';
import { AUDIT, auditMachine } from '../../machines/audit.ts';
import { ControlError, type Failure, isControlError, toFailure } from '../../schemas/errors.ts';
import { seal } from '../audit/chain.ts';
import { carry, type Origin } from '../kernel/carry.ts';
import { acceptedEvents, type Definition, restore } from '../kernel/definition.ts';
import { birth, type Cause, deadlineOf, type Step, splitAddress, step, stop } from '../kernel/step.ts';
import type { TelemetryRow } from '../kernel/telemetry.ts';
import { Machines } from '../kernel/versions.ts';
import type {
  ActorRecord,
  ActorView,
  Address,
  AuditMark,
  Batch,
  EffectRow,
  EventRow,
  FormerState,
  MachineEvent,
  PersistedSnapshot,
  Put,
  Tables,
  TellRow,
  TimerRow,
  Write
} from './contract.ts';
import type { Mail, Sender } from './mail.ts';
import { formerStates } from './past.ts';
import { Usage } from './usage.ts';

/** What a draft asks of the host it is drafted for. */
export interface DraftSources {
  machines: Machines;
  /** What is known of a version that is not the newest. */
  origin(kind: string, version: string): Origin | undefined;
  /** An actor as it is committed, or undefined. */
  committed(address: Address): ActorRecord | undefined;
  now(): number;
  newId(): string;
  head: number;
  /** The newest record of the audit log. */
  chain: AuditMark;
  /** Put into every event's payload. */
  mark?: Record<string, unknown>;
}

/**
 * One group commit in the making: mail goes in, a `Batch` for the journal comes out, and beside it what becomes real
 * once that batch is durable. Nothing outside the draft changes before, so a failed commit only drops the draft.
 */
export class Draft {
  readonly actors = new Map<Address, ActorRecord>();
  readonly rows: EventRow[] = [];
  readonly #former: FormerState[] = [];
  readonly settled: string[] = [];
  readonly #effects: EffectRow[] = [];
  /** The last word on each timer that any step of the batch touched: how it is set, or that it is cleared. */
  readonly #timers = new Map<string, { address: Address; id: string; row: TimerRow | null }>();
  readonly tells: TellRow[] = [];
  readonly #consumed: string[] = [];
  readonly #writes: Put[] = [];
  readonly #usage = new Usage();
  /** Who told what is being taken; null: nobody that is an actor. */
  #toldBy: Address | null = null;
  #chain: AuditMark;
  readonly #answers: (() => void)[] = [];
  readonly #senders: Sender[] = [];
  readonly #sources: DraftSources;
  #head: number;

  constructor(sources: DraftSources) {
    this.#sources = sources;
    this.#head = sources.head;
    this.#chain = sources.chain;
  }

  get head(): number {
    return this.#head;
  }

  /** The newest record of the audit log. */
  get chain(): AuditMark {
    return this.#chain;
  }

  get setTimers(): TimerRow[] {
    return [...this.#timers.values()].flatMap(({ row }) => row ?? []);
  }

  get clearedTimers(): { address: Address; id: string }[] {
    return [...this.#timers.values()].flatMap(({ row, address, id }) => (row ? [] : { address, id }));
  }

  /** Declared by a step of this batch and not over by its end. */
  get startedEffects(): EffectRow[] {
    const settled = new Set(this.settled);
    return this.#effects.filter((row) => !settled.has(row.id));
  }

  get isEmpty(): boolean {
    return this.rows.length === 0 && this.#writes.length === 0 && this.#consumed.length === 0 && this.actors.size === 0;
  }

  take(mail: Mail) {
    this.#toldBy = mail.kind === 'tell' ? mail.tell.from : null;
    if ('sender' in mail) this.#senders.push(mail.sender);
    switch (mail.kind) {
      case 'create':
        return this.#create(mail);
      case 'send':
        return this.#send(mail);
      case 'note':
        return this.#note(mail);
      case 'write':
        for (const write of mail.writes) this.#put(write, undefined);
        return this.#answers.push(() => mail.sender.resolve(undefined as never));
      case 'tell':
        return this.#told(mail.tell);
      case 'timer':
        return this.#deliver(mail.address, mail.timer.event, { timer: mail.timer.id, dueAt: mail.timer.dueAt });
      case 'effect':
        if (!this.#deliver(mail.address, mail.event, { effect: mail.effect.id })) this.settled.push(mail.effect.id);
        return;
      case 'resume':
        return this.#offer(mail.address, { type: 'host.resumed' });
      case 'upgrade':
        return this.#upgrade(mail);
    }
  }

  /** Volatile actors leave their rows in the log, and what they were for whoever looks back; nothing is taken up from there. */
  batch(): Batch {
    const durable = (address: Address) => this.#sources.machines.isDurable(splitAddress(address)[0]);
    return {
      events: this.rows,
      actors: [...this.actors.values()].filter((record) => durable(record.address)),
      standing: [...this.actors.values()].filter((record) => !durable(record.address)),
      former: this.#former,
      timers: {
        set: this.setTimers.filter((row) => durable(row.address)),
        cleared: this.clearedTimers.filter((row) => durable(row.address))
      },
      effects: { declared: this.startedEffects.filter((row) => durable(row.address)), settled: this.settled },
      tells: { sent: this.tells, consumed: this.#consumed },
      writes: [
        ...this.#writes,
        ...(this.#chain === this.#sources.chain
          ? []
          : [{ into: 'audit_marks', row: { name: 'head', ...this.#chain } } satisfies Put]),
        ...this.#usage.writes
      ]
    };
  }

  /** The batch is durable: whoever waits is answered. */
  answer() {
    for (const answer of this.#answers) answer();
  }

  /** The batch is not: whoever waits is told so. */
  refuse(error: ControlError) {
    for (const sender of this.#senders) sender.reject(error);
  }

  /** The machine of an actor that is there; undefined: it is held, or its kind is not registered. */
  #definition = (record: ActorRecord | undefined) => record && this.#sources.machines.of(record);
  #forBirth = (address: Address, version?: string) =>
    this.#sources.machines.forBirth(splitAddress(address)[0], version);
  #current = (address: Address) => this.actors.get(address) ?? this.#sources.committed(address);

  #create({ address, input, writes, sender }: Mail & { kind: 'create' }) {
    const definition = this.#forBirth(address);
    if (!definition) return this.#refuseOne(sender, new ControlError('ACTOR_NOT_FOUND', { address }));
    if (this.#current(address)) return this.#refuseOne(sender, new ControlError('ACTOR_EXISTS', { address }));
    let made: Step;
    try {
      made = birth(definition, address, input, this.#sources.now());
    } catch (error) {
      return this.#refuseOne(sender, asControlError(error));
    }
    this.#apply(made, writes);
    this.#answerWith(sender, definition, address);
  }

  #send({ address, event, writes, sender }: Mail & { kind: 'send' }) {
    const record = this.#current(address);
    const definition = this.#definition(record);
    if (!record || !this.#forBirth(address)) {
      return this.#refuseOne(sender, new ControlError('ACTOR_NOT_FOUND', { address }));
    }
    if (!definition) {
      const why = whyHeld(this.#sources, record) ?? '';
      return this.#refuseOne(sender, new ControlError('ACTOR_HELD', { address, why }));
    }
    const result = step(definition, record, event, {}, this.#sources.now());
    if (result.kind === 'stepped') {
      this.#apply(result.step, writes);
      return this.#answerWith(sender, definition, address);
    }
    if (result.kind === 'rejected') {
      this.#log([result.row]);
      const { state, legal } = result;
      this.#refuseOne(sender, new ControlError('EVENT_REJECTED', { address, state, event: event.type, legal }));
    }
  }

  /** A step of the keeper of the audit log, whose row is that of the record. */
  #note({ entry, writes, sender }: Mail & { kind: 'note' }) {
    const now = this.#sources.now();
    if (!this.#current(AUDIT)) this.#apply(birth(auditKeeper, AUDIT, {}, now));
    const keeper = this.#current(AUDIT) as ActorRecord;
    const result = step(auditKeeper, keeper, { type: 'audit.note', action: entry.action }, {}, now);
    if (result.kind !== 'stepped') throw new Error(`the keeper of the audit log refused '${entry.action}'`);
    this.#apply({ ...result.step, rows: [] }, [...writes, { into: 'audit', row: { subject: AUDIT, ...entry } }]);
    this.#answers.push(() => sender.resolve(undefined as never));
  }

  #told(tell: TellRow) {
    const record = this.#current(tell.to);
    const exists = record !== undefined;
    const isBirth = tell.event.type === 'actor.create';
    // It stays in the outbox, for a start that can carry the actor on.
    if (exists && !isBirth && !this.#definition(record)) return;
    this.#consumed.push(tell.id);
    const { input, ifAbsent, parent, version } = tell.event as unknown as CreateEvent;
    const definition = this.#definition(record) ?? this.#forBirth(tell.to, isBirth ? version : undefined);
    if (isBirth && definition) {
      if (exists && ifAbsent) return;
      if (!exists) {
        try {
          return this.#apply(birth(definition, tell.to, input, this.#sources.now(), parent));
        } catch (error) {
          return this.#undeliverable(tell, toFailure(error));
        }
      }
      return this.#undeliverable(tell, toFailure(new ControlError('ACTOR_EXISTS', { address: tell.to })));
    }
    if (!exists || !definition) {
      return this.#undeliverable(tell, toFailure(new ControlError('ACTOR_NOT_FOUND', { address: tell.to })));
    }
    const { event } = tell;
    if (event.type === 'tell.refused') return this.#offer(tell.to, event);
    if (event.type === 'actor.stop') return this.#stop(tell.to, definition);
    if (tell.from !== null && isEndOfChild(event)) return void this.#deliver(tell.to, event, { child: tell.from });
    if (!this.#deliver(tell.to, event, {})) this.#bounce(tell, `it is ${this.#current(tell.to)?.state}`);
  }

  /** The host's own word to an actor: a state that does not listen for it has not refused anything. */
  #offer(address: Address, event: MachineEvent) {
    const record = this.#current(address);
    const definition = this.#definition(record);
    if (!record || !definition) return;
    const result = step(definition, record, event, {}, this.#sources.now());
    if (result.kind === 'stepped') this.#apply(result.step);
  }

  /** To the newest version of its machine, where that can be; the host hears what became of it. */
  #upgrade({ address, told }: Mail & { kind: 'upgrade' }) {
    const record = this.#current(address);
    const versions = record && this.#sources.machines.get(record.kind);
    if (!versions || record.status !== 'active') return;
    const { kind, machineVersion } = record;
    const outcome = carry(versions, record, this.#sources.origin(kind, machineVersion), this.#sources.now());
    if ('step' in outcome) this.#apply(outcome.step);
    this.#answers.push(() => told(record, outcome));
  }

  /** By its parent. One that has ended by itself meanwhile stays as it is. */
  #stop(address: Address, definition: Definition) {
    const record = this.#current(address);
    if (record?.status === 'active') this.#apply(stop(definition, record, this.#sources.now()));
  }

  /** Lets a sender that wants to know hear that what it told was not taken. */
  #bounce(tell: TellRow, why: string) {
    if (tell.from === null) return;
    const sender = this.#definition(this.#current(tell.from)) ?? this.#forBirth(tell.from);
    if (!sender?.listensFor('tell.refused')) return;
    this.tells.push({
      id: `${tell.id}!`,
      from: null,
      to: tell.from,
      event: { type: 'tell.refused', to: tell.to, told: tell.event.type, why }
    });
  }

  /** false when there was nobody to deliver to, or nothing came of it. */
  #deliver(address: Address, event: MachineEvent, cause: Cause): boolean {
    const record = this.#current(address);
    const definition = this.#definition(record);
    if (!record || !definition) return false;
    const result = step(definition, record, event, cause, this.#sources.now());
    if (result.kind === 'stepped') this.#apply(result.step);
    if (result.kind === 'rejected') {
      this.#log([result.row]);
      if (cause.timer !== undefined) this.#forgetTimer(record, cause.timer);
    }
    return result.kind === 'stepped';
  }

  /** A timer that fired and was refused has fired all the same. */
  #forgetTimer(record: ActorRecord, id: string) {
    const { [id]: _, ...timers } = record.snapshot.timers;
    this.actors.set(record.address, {
      ...(this.#current(record.address) as ActorRecord),
      snapshot: { ...record.snapshot, timers },
      deadlineAt: deadlineOf(timers)
    });
    this.#clearTimer(record.address, id);
  }

  #clearTimer(address: Address, id: string) {
    this.#timers.set(`${address} ${id}`, { address, id, row: null });
  }

  #apply(taken: Step, more: readonly Write[] = []) {
    const { record, rows, effects, settled, timers, cleared, tells, writes } = taken;
    this.#keepFormer(taken);
    const definition = this.#definition(record);
    if (definition) this.#usage.note(definition, this.#current(record.address), taken);
    this.#log(rows);
    // What it left in the audit log is told after it, and is no move of it.
    const lastCursor = rows.length > 0 ? this.#head : record.lastCursor;
    for (const write of [...more, ...writes]) this.#put(write, record);
    if (record.status === 'error') this.#put(brokenEntry(record), record);
    this.actors.set(record.address, lastCursor === record.lastCursor ? record : { ...record, lastCursor });
    this.#effects.push(...effects);
    this.settled.push(...settled);
    for (const id of cleared) this.#clearTimer(record.address, id);
    for (const row of timers) {
      this.#timers.set(`${row.address} ${row.id}`, { address: row.address, id: row.id, row });
    }
    this.tells.push(...tells);
  }

  /** A step without a row is not seen in the log: what it changed belongs to the state it was in. */
  #keepFormer({ record, rows, passed, took }: Step) {
    if (rows.length === 0) return;
    const first = this.#head + 1;
    const before = this.#current(record.address);
    this.#former.push(
      ...formerStates(
        [
          ...(before ? [{ since: before.lastCursor, record: before }] : []),
          ...passed.map(({ row, record }) => ({ since: first + row, record })),
          { since: first + rows.length - 1, record }
        ],
        before && took ? took : null
      )
    );
  }

  /** @param record the actor whose step it is of */
  #put(write: Write, record: ActorRecord | undefined) {
    if (write.into !== 'audit') return void this.#writes.push(write);
    assert(record, 'an audit record goes with the step of an actor');
    const row = seal(this.#chain, write.row, record, this.#sources.now());
    this.#chain = { seq: row.seq, hash: row.hash };
    this.#writes.push({ into: 'audit', row });
    this.#log([recordedRow(record, row)]);
  }

  #log(rows: TelemetryRow[]) {
    for (const row of rows) {
      this.#head += 1;
      this.rows.push({
        ...row,
        payload: {
          ...row.payload,
          ...(this.#toldBy === null ? {} : { told_by: this.#toldBy }),
          ...this.#sources.mark
        },
        cursor: this.#head,
        eventId: this.#sources.newId(),
        emittedAt: this.#sources.now()
      });
    }
  }

  #undeliverable(tell: TellRow, failure: Failure) {
    this.#bounce(tell, failure.message);
    const [kind, id] = splitAddress(tell.to);
    this.#log([
      {
        severity: 'warn',
        type: 'event.rejected',
        actorKind: kind,
        actorId: id,
        step: 0,
        subject: { correlation_id: null, command_id: null, session_id: null, account_id: null, platform: null },
        payload: {
          actor: { kind, id },
          from: null,
          to: '',
          event: tell.event.type,
          why: failure.message,
          sender: tell.from,
          legal: []
        }
      }
    ]);
  }

  #refuseOne(sender: Sender, error: ControlError) {
    this.#answers.push(() => sender.reject(error));
  }

  #answerWith(sender: Sender, definition: Definition, address: Address) {
    const record = this.actors.get(address) as ActorRecord;
    this.#answers.push(() => sender.resolve(viewOf(definition, record)));
  }
}

/** Whatever else is registered, it is there: nothing turns the audit log off. */
const auditKeeper = new Machines([{ kind: 'audit', machine: auditMachine, durable: false }]).forBirth(
  'audit'
) as Definition;

/** What its machine threw is in the log; that it did counts. */
const brokenEntry = ({ snapshot }: ActorRecord): Write => ({
  into: 'audit',
  row: {
    action: 'actor.failed',
    outcome: 'FAILED',
    detail: { code: (snapshot.error as Failure | undefined)?.code ?? null }
  }
});

/** That a step left a record in the audit log: its place, and the hash by which a reader can hold the log to it. */
const recordedRow = (record: ActorRecord, { seq, hash, action, outcome, ...row }: Tables['audit']): TelemetryRow => ({
  severity: 'debug',
  type: 'audit.recorded',
  actorKind: record.kind,
  actorId: record.id,
  step: record.step,
  subject: {
    correlation_id: row.correlation_id,
    command_id: row.command_id,
    session_id: row.session_id,
    account_id: row.account_id,
    platform: row.platform
  },
  payload: {
    actor: { kind: record.kind, id: record.id },
    from: record.state,
    to: record.state,
    event: action,
    step: record.step,
    record: { seq, hash, action, outcome }
  }
});

interface CreateEvent {
  input: Record<string, unknown>;
  ifAbsent: boolean;
  parent?: PersistedSnapshot['parent'];
  /** Of the machine that its parent's names. */
  version?: string;
}

/** What a child machine's last step tells its parent; an effect's result never comes as a tell. */
const isEndOfChild = ({ type }: MachineEvent) => /^xstate\.(done|error)\.actor\./.test(type);

/** null: some machine that is registered fits the actor. */
export function whyHeld(
  { machines, origin, now }: Pick<DraftSources, 'machines' | 'origin' | 'now'>,
  record: ActorRecord
): string | null {
  const versions = machines.get(record.kind);
  if (!versions || machines.of(record)) return null;
  const outcome = carry(versions, record, origin(record.kind, record.machineVersion), now());
  // A migration that did not do at the start and does now: the next start applies it.
  return outcome.kind === 'held' ? outcome.why : 'a migration failed at the start of this process';
}

/** @param held see `whyHeld`; then there is no definition */
export function viewOf(definition: Definition | undefined, record: ActorRecord, held: string | null = null): ActorView {
  const { context, status, error, parent, children } = record.snapshot;
  const why = held ?? context.why ?? (status === 'error' ? (error as Failure | undefined)?.message : null);
  return {
    address: record.address,
    kind: record.kind,
    id: record.id,
    state: record.state,
    status: record.status,
    step: record.step,
    version: record.machineVersion,
    held,
    context,
    accepts: record.status === 'active' && definition ? acceptedEvents(restore(definition, record.snapshot)) : [],
    subject: record.subject,
    parent: parent?.address ?? null,
    children: Object.fromEntries(
      Object.entries(children).map(([id, { src, address }]) => [id, { src, ...(address ? { address } : {}) }])
    ),
    why: typeof why === 'string' ? why : null,
    deadlineAt: record.deadlineAt,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    enteredAt: record.enteredAt,
    lastCursor: record.lastCursor
  };
}

export const asControlError = (error: unknown): ControlError =>
  isControlError(error) ? error : new ControlError('INTERNAL', {}, error);
