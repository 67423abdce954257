/** Programs that ask for things over REST: they retry what was not answered with the same key, and are many at once. */

import { isControlError } from '../../schemas/errors.ts';
import type { AcceptCommand } from '../../server/control/accept-command.ts';
import type { Faults } from './faults.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Acknowledgement {
  service: string;
  key: string;
  commandId: string;
  /** ms */
  at: number;
}

export interface Ask {
  flow: 'look' | 'comment' | 'make' | 'message';
  params: Record<string, string>;
  account: string;
}

export interface ClientsWorld {
  time: VirtualTime;
  random: Random;
  faults: Faults;
  /** undefined while no process takes commands. */
  accept(): { accept: AcceptCommand; isAlive(): boolean } | undefined;
  newId(): string;
  onAcknowledged(acknowledgement: Acknowledgement, ask: Ask): void;
}

/** The process is there and cannot take it now. */
const AGAIN = ['NOT_READY', 'DRAINING', 'JOURNAL_UNAVAILABLE', 'SESSION_QUEUE_FULL'];
/** A client gives up after so many tries. */
const TRIES = 60;

export class Clients {
  readonly #world: ClientsWorld;
  /** Answers that are no acknowledgement, by code. */
  readonly refusals = new Map<string, number>();

  constructor(world: ClientsWorld) {
    this.#world = world;
  }

  /** Asks once, however many times it takes to send it. */
  ask(ask: Ask, { inMs, key, deadlineMs }: { inMs: number; key: string; deadlineMs?: number | undefined }) {
    const { time, random, faults, newId } = this.#world;
    time.at(inMs, () => {
      const body = {
        version: '1.0',
        ...(random.chance(0.5) ? { command_id: newId() } : {}),
        idempotency_key: key,
        ...(random.chance(0.5) ? { correlation_id: newId() } : {}),
        requester: { service: 'orchestrator', instance_id: '1' },
        target: { account_id: ask.account, platform: 'x' },
        type: 'flow.run',
        payload: { flow: ask.flow, params: ask.params },
        priority: random.between(1, 5),
        ...(deadlineMs === undefined ? {} : { deadline_at: new Date(time.wall + deadlineMs).toISOString() })
      };
      void this.#send(body, ask, 1);
      if (faults.strikes('a client sends twice at once')) void this.#send(body, ask, 1);
      if (!faults.strikes('another client sends the same key')) return;
      // The same wish of another service: another command, and the same thing on the page.
      const { command_id: _, ...rest } = body;
      const other = { ...rest, requester: { service: 'standby', instance_id: '2' } };
      time.at(random.between(0, 20_000), () => void this.#send(other, ask, 1));
    });
  }

  async #send(body: { idempotency_key: string; requester: { service: string } }, ask: Ask, tries: number) {
    const { time, random, faults, accept, onAcknowledged } = this.#world;
    const again = () =>
      tries < TRIES &&
      time.at(random.between(100, 3_000) * Math.min(tries, 10), () => void this.#send(body, ask, tries + 1));
    const server = accept();
    if (!server) return again();
    // A process that is killed answers nobody: the client's own patience brings it back.
    const patience = time.at(35_000, again);
    const { service } = body.requester;
    try {
      const client = { tokenId: 't', service, scopes: ['admin'], accounts: null, expiresAt: null };
      const { command } = await server.accept(structuredClone(body), client);
      if (!server.isAlive() || faults.strikes('an answer to a client is lost')) return;
      time.cancel(patience);
      onAcknowledged({ service, key: body.idempotency_key, commandId: command.id, at: time.now }, ask);
    } catch (error) {
      if (!server.isAlive()) return;
      if (!isControlError(error)) throw error;
      time.cancel(patience);
      if (AGAIN.includes(error.code)) again();
      else this.refusals.set(error.code, (this.refusals.get(error.code) ?? 0) + 1);
    }
  }
}
