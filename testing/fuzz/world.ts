/** The actors of one run of a fuzz, what was done to them, and how it all ends: nothing lost, nothing twice, no rule broken. */
import type { EventRow, MachineEvent } from '../../actors/host/contract.ts';
import { splitAddress } from '../../actors/kernel/step.ts';
import type { ActorSummary, EventEnvelope, Problem } from '../../schemas/generated/contracts.ts';
import { brokenInvariants, invariants } from '../invariants.ts';
import type { TestedKind } from '../kinds.ts';
import { Deployment, Follower } from '../live/deployment.ts';
import { type Intake, intakeOf } from '../live/intake.ts';
import type { Against, Taken } from '../live/judge.ts';
import { type Answer, type Deviation, deviation, type Life, type Request } from '../live/life.ts';
import { definitionOf } from '../live/run.ts';
import { settle } from '../live/settle.ts';
import { type Fields, sampled } from '../samples.ts';
import type { Target } from './target.ts';

/** Something was found; fast-check makes the sequence shorter as long as this is thrown. */
export class Found extends Error {
  readonly deviations: Deviation[];

  constructor(deviations: Deviation[]) {
    super(deviations.map(({ what, why, address }) => `${what}: ${why} (${address})`).join('\n'));
    this.name = 'Found';
    this.deviations = deviations;
  }
}

/** A creation that is not answered is tried again as often. */
const MOST_TRIES = 5;

export class World {
  readonly target: Target;
  readonly kind: TestedKind;
  readonly intake: Intake;
  readonly lives: Life[] = [];
  /** Commands that were really done, as they read. */
  readonly done: string[] = [];
  readonly deployment: Deployment;
  readonly #against: Against;
  readonly #name: string;
  readonly #deviations: Deviation[] = [];
  readonly #kinds: string[] | undefined;
  readonly #from: string;
  readonly #follower: Follower;

  private constructor(target: Target, kind: TestedKind, deployment: Deployment, name: string, from: string) {
    this.target = target;
    this.kind = kind;
    this.intake = intakeOf(kind.schema ?? {});
    this.deployment = deployment;
    this.#against = { definition: definitionOf(kind), samples: kind.samples };
    this.#name = name;
    this.#kinds = target.alone ? undefined : [kind.kind];
    this.#from = from;
    this.#follower = new Follower(deployment, from, this.#kinds);
  }

  static async open(target: Target, kind: TestedKind, name: string): Promise<World> {
    const deployment = new Deployment(target.endpoint);
    return new World(target, kind, deployment, name, await deployment.client.head());
  }

  life = (slot: number): Life => this.lives[slot % this.lives.length] as Life;

  async make(nth: number): Promise<void> {
    const { inputs } = this.kind.samples;
    const given = inputs[nth % inputs.length] as Fields;
    const id = `${this.#name}-${this.lives.length + 1}`;
    const address = `${this.kind.kind}/${id}`;
    const life: Life = { address, input: this.intake.input(given) ?? given, requests: [], rows: [], looks: [] };
    this.lives.push(life);
    for (let tries = 1; ; tries++) {
      const answer = await this.deployment.make(this.kind.kind, id, given);
      this.#noteCopies(life);
      if (answer.kind === 'accepted') {
        life.looks.push(answer.actor);
        return;
      }
      // Sent again with its id, it is one that exists when it was made without an answer.
      if (answer.kind === 'refused' && answer.code === 'ACTOR_EXISTS' && tries > 1) return;
      if (answer.kind === 'lost' && tries < MOST_TRIES) {
        // One mishap after the other would be no network.
        this.target.proxy?.calm();
        continue;
      }
      const why = answer.kind === 'rejected' ? answer.state : answer.why;
      const what = answer.kind === 'lost' ? 'acknowledged and lost' : 'fit was refused';
      this.#deviations.push(deviation(what, life, `making it with ${JSON.stringify(given)}: ${why}`));
      return;
    }
  }

  async makeAgain(slot: number): Promise<void> {
    const life = this.life(slot);
    const answer = await this.deployment.make(this.kind.kind, splitAddress(life.address)[1], life.input ?? {});
    this.#noteCopies(life);
    if (answer.kind === 'lost' || (answer.kind === 'refused' && answer.code === 'ACTOR_EXISTS')) return;
    const why = `making it again was answered as ${answer.kind === 'refused' ? answer.code : answer.kind}`;
    this.#deviations.push(deviation('made twice', life, why));
  }

  /** The event of a sample; of samples that depend on the actor those for it as it is. */
  async event(slot: number, type: string, nth: number): Promise<MachineEvent> {
    const samples = this.kind.samples.events[type];
    const context = typeof samples === 'function' ? (await this.look(slot))?.context : undefined;
    const list = sampled(samples, context);
    const event = { ...(list[nth % Math.max(1, list.length)] ?? {}), type };
    return this.intake.event(event) ?? event;
  }

  async send(slot: number, event: MachineEvent): Promise<Request> {
    const life = this.life(slot);
    const isUnfit = this.intake.event(event) === undefined;
    const request = await this.deployment.tell(life, event, isUnfit ? { unfit: true } : {});
    this.#noteCopies(life);
    return request;
  }

  async look(slot: number): Promise<ActorSummary | undefined> {
    const life = this.life(slot);
    const actor = await this.deployment.look(life.address).catch(() => undefined);
    if (actor) life.looks.push(actor);
    return actor;
  }

  /** All is read and judged, and what the runs of others left is not touched. @throws Found */
  async finish(): Promise<Taken[]> {
    this.target.proxy?.calm();
    for (const slot of this.lives.keys()) await this.look(slot);
    const rows = await this.deployment.replay(this.#from, this.#kinds);
    const taken: Taken[] = [];
    for (const life of this.lives) {
      const verdict = await settle(this.deployment, this.#against, life, rows, this.#follower.of(life.address));
      this.#deviations.push(...verdict.deviations);
      taken.push(...verdict.taken);
    }
    if (this.#deviations.length === 0) this.#deviations.push(...this.#broken(rows));
    if (this.#deviations.length > 0) throw new Found(this.#deviations);
    return taken;
  }

  async close(): Promise<void> {
    await this.#follower.stop();
  }

  #broken(rows: EventEnvelope[]): Deviation[] {
    const own = new Set(this.lives.map(({ address }) => address));
    const facts = { rows: rows.map(rowOf), ended: false };
    // Of a log that others write too, only these actors' rows are here.
    const all = this.target.alone
      ? brokenInvariants(facts)
      : Object.entries(invariants).flatMap(([name, judge]) =>
          name === 'cursors have no hole'
            ? []
            : judge(facts).filter(({ about }) => about.some((address) => own.has(address)))
        );
    return all.map(({ invariant, why, about, cursor }) => ({
      what: 'invariant is broken',
      why: `${invariant}: ${why}`,
      address: about[0] ?? '',
      cursor: cursor === null ? null : String(cursor)
    }));
  }

  /** A request that was sent on twice: an event counts as two, a creation as one. */
  #noteCopies(life: Life) {
    for (const { path, sent, status, body } of this.target.proxy?.copies() ?? []) {
      if (!path.endsWith('/events')) {
        if (status !== 409)
          this.#deviations.push(deviation('made twice', life, `its copy was answered with ${status}`));
        continue;
      }
      const event = JSON.parse(sent) as MachineEvent;
      const own = this.lives.find(({ address }) => path.includes(`/${address}/`)) ?? life;
      own.requests.push({
        event: this.intake.event(event) ?? event,
        // Some time after the first, and before this: what raced with it may have come before or after.
        begun: 0,
        ended: this.deployment.tick(),
        unfit: this.intake.event(event) === undefined,
        answer: answerOf(status, body)
      });
    }
  }
}

function answerOf(status: number, body: string): Answer {
  if (status < 300) return { kind: 'accepted', actor: JSON.parse(body) as ActorSummary };
  const { code, detail, details = {} } = JSON.parse(body) as Problem;
  if (code !== 'EVENT_REJECTED') return { kind: 'refused', code, why: detail };
  return { kind: 'rejected', state: String(details.state), legal: (details.legal ?? []) as string[] };
}

/** As the log has it; the stream tells the rest of whom it is about in another form, and no rule asks. */
const rowOf = ({ cursor, event_id, emitted_at, severity, type, payload, ...about }: EventEnvelope): EventRow => ({
  cursor: Number(cursor),
  eventId: event_id,
  emittedAt: Date.parse(emitted_at),
  severity,
  type,
  actorKind: payload.actor.kind,
  actorId: payload.actor.id,
  step: payload.step ?? 0,
  subject: {
    correlation_id: about.correlation_id,
    command_id: about.command_id,
    session_id: about.target.session_id ?? null,
    account_id: about.target.account_id ?? null,
    platform: about.target.platform ?? null
  },
  payload
});
