/** Persons: they cancel, pause, take over, hand back, close, allow, deny, let expire, and look where the program cannot tell. */
import type { ActorHost, ActorView, MachineEvent } from '../../actors/host/contract.ts';
import { isControlError } from '../../schemas/errors.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface PeopleWorld {
  time: VirtualTime;
  random: Random;
  host(): ActorHost | undefined;
  /** Addresses that were ever seen in the log. */
  sessions(): string[];
  /** What they let out instead of what a command asks for. */
  edit(command: ActorView, text: string): object;
  slots: string[];
}

const HOLDS = ['session.pause', 'session.takeover', 'session.resume', 'session.handback'];

export class People {
  readonly #world: PeopleWorld;
  /** What they did, by event, as far as somebody took it. */
  readonly acts = new Map<string, number>();
  /** Sessions that somebody is seeing to. */
  readonly #helped = new Set<string>();

  constructor(world: PeopleWorld) {
    this.#world = world;
  }

  /** Somebody sees to a command: may cancel it, and answers its approval or does not. */
  see(commandId: string, needsApproval: boolean) {
    const { random } = this.#world;
    const cancel = { type: 'command.cancel', reason: 'changed my mind' };
    if (random.chance(0.2)) this.#later(40_000, () => this.#tell(`command/${commandId}`, cancel));
    if (!needsApproval) return;
    const answer = random.of(['allow', 'allow', 'edit', 'deny', 'both', 'edit and deny', 'nobody']);
    const decide = (decision: 'allow' | 'deny', by: string) =>
      this.#later(60_000, () => this.#answer(commandId, { type: 'approval.decide', decision, by }));
    if (answer === 'allow' || answer === 'both') decide('allow', 'ann');
    if (answer.startsWith('edit')) {
      const text = `what ann made of ${commandId}`;
      this.#later(60_000, () =>
        this.#answer(commandId, { type: 'approval.decide', decision: 'allow', by: 'ann' }, text)
      );
    }
    if (answer === 'deny' || answer === 'both' || answer === 'edit and deny') decide('deny', 'bob');
  }

  /** Somebody looks after sessions and slots. */
  wander(times: number, forMs: number) {
    const { random, sessions, slots } = this.#world;
    for (let i = 0; i < times; i++) {
      this.#later(forMs, () => {
        const type = random.of([...HOLDS, ...HOLDS, 'session.close', 'driver.retry']);
        const address = type === 'driver.retry' ? `driver/${random.of(slots)}` : random.of(sessions());
        if (address) return this.#tell(address, { type });
      });
    }
  }

  /** Something in a session asks for a person: one comes, has it for a while and hands it back, until nothing asks any more. */
  help(session: string, again = false) {
    if (!again && this.#helped.has(session)) return;
    this.#helped.add(session);
    this.#world.time.at(this.#world.random.between(5_000, 120_000), async () => {
      const view = await this.#read(session);
      if (view && (view.status !== 'active' || !view.context.needs)) return void this.#helped.delete(session);
      const isDriving = view?.state.startsWith('HUMAN_DRIVING') === true;
      if (view) await this.#tell(session, { type: isDriving ? 'session.handback' : 'session.takeover' });
      this.help(session, true);
    });
  }

  #later(withinMs: number, act: () => Promise<unknown> | undefined) {
    this.#world.time.at(this.#world.random.between(0, withinMs), () => void act());
  }

  async #answer(commandId: string, event: MachineEvent, text?: string, tries = 20): Promise<void> {
    const command = await this.#read(`command/${commandId}`);
    const isAsked = command?.state.startsWith('AWAITING_APPROVAL') === true;
    const said = isAsked && text !== undefined ? { ...event, edited: this.#world.edit(command, text) } : event;
    const taken = isAsked && (await this.#tell(`approval/${command.context.approvalId}`, said));
    if (taken || tries === 0 || command?.status === 'done') return;
    this.#world.time.at(3_000, () => void this.#answer(commandId, event, text, tries - 1));
  }

  async #read(address: string): Promise<ActorView | undefined> {
    try {
      return await this.#world.host()?.read(address);
    } catch (error) {
      if (!isControlError(error)) throw error;
      return undefined;
    }
  }

  /** true when somebody took it. */
  async #tell(address: string, event: MachineEvent): Promise<boolean> {
    try {
      const told = await this.#world.host()?.send(address, event);
      if (!told) return false;
      const how = 'edited' in event ? 'edited' : event.decision;
      const name = 'decision' in event ? `${event.type} ${how}` : event.type;
      this.acts.set(name, (this.acts.get(name) ?? 0) + 1);
      return true;
    } catch (error) {
      if (!isControlError(error)) throw error;
      return false;
    }
  }
}
