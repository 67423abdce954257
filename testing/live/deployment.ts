/** A deployment as a client has it: makes actors, tells them, reads them, hears the stream. */
import { setTimeout as delay } from 'node:timers/promises';
import type { MachineEvent } from '../../actors/host/contract.ts';
import { type Client, createClient } from '../../client/client.ts';
import { TroupeError } from '../../client/errors.ts';
import type { TlsOptions } from '../../client/tls.ts';
import type { ActorSummary, EventEnvelope, MachineSummary } from '../../schemas/generated/contracts.ts';
import type { Fields } from '../samples.ts';
import type { Answer, Life, Request } from './life.ts';

export interface Endpoint {
  /** http://HOST:PORT */
  url: string;
  /** ws://HOST:PORT */
  telemetryUrl: string;
  token: string;
  tls?: TlsOptions;
  /** Tries in a row to come back to a stream that is lost. Default 5, some six seconds. */
  streamRetries?: number;
}

/** It is not there, or is not what it should be: nothing was found out about the machine. */
export class NotTested extends Error {
  readonly why: 'unreachable' | 'denied' | 'usage' | 'timed out';

  constructor(message: string, why: NotTested['why'], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'NotTested';
    this.why = why;
  }
}

export class Deployment {
  readonly client: Client;
  readonly #streamRetries: number;
  #ticks = 0;

  /** The client sends nothing again that would count twice; reads, and what was turned away with 429, it does. */
  constructor({ url, telemetryUrl, token, tls, streamRetries = 5 }: Endpoint) {
    this.#streamRetries = streamRetries;
    this.client = createClient({ url, telemetryUrl, token, ...(tls ? { tls } : {}) });
  }

  /** The machine it has. @throws NotTested */
  async machine(kind: string): Promise<MachineSummary> {
    return this.asked(() => this.client.request<MachineSummary>('GET', `/v1/machines/${kind}`));
  }

  /** What is asked so has to be answered. @throws NotTested */
  async asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TroupeError)) throw error;
      const why =
        error.status === 401 || error.status === 403
          ? 'denied'
          : ['UNREACHABLE', 'NOT_TROUPE'].includes(error.code)
            ? 'unreachable'
            : 'usage';
      throw new NotTested(`${error.code}: ${error.message}`, why, error);
    }
  }

  /** Begins and ends are counted, so that it can be told what came before what. */
  tick = (): number => ++this.#ticks;

  async make(kind: string, id: string, input: Fields): Promise<Answer> {
    return answered(this.client.request<ActorSummary>('POST', `/v1/actors/${kind}`, { body: { id, input } }));
  }

  /** Sends an event and writes down in the life what came of it. */
  async tell(life: Life, event: MachineEvent, more: { unfit?: boolean } = {}): Promise<Request> {
    const request: Request = {
      event,
      begun: this.tick(),
      ended: Number.POSITIVE_INFINITY,
      answer: { kind: 'lost', why: 'it has not come yet' },
      ...more
    };
    life.requests.push(request);
    request.answer = await answered(
      this.client.request<ActorSummary>('POST', `${pathOf(life.address)}/events`, { body: event })
    );
    // Of one that was not answered nobody knows until when it may be taken.
    if (request.answer.kind !== 'lost') request.ended = this.tick();
    return request;
  }

  /** The actor as it is, or was right after a row; undefined where that is not known any more. */
  async look(address: string, at?: string): Promise<ActorSummary | undefined> {
    const query = at === undefined ? '' : `?at=${at}`;
    try {
      return await this.client.request<ActorSummary>('GET', `${pathOf(address)}${query}`);
    } catch (error) {
      if (error instanceof TroupeError && error.status >= 400 && error.status < 500) return undefined;
      throw error;
    }
  }

  /** The stream after a cursor, of these kinds or of all. */
  events(cursor: string, kinds: string[] | undefined, signal: AbortSignal, onCaughtUp?: () => void) {
    return this.client.events({
      cursor,
      signal,
      retries: this.#streamRetries,
      ...(onCaughtUp ? { onCaughtUp } : {}),
      ...(kinds ? { filters: { actor_kinds: kinds } } : {})
    });
  }

  /** Every row of these kinds after a cursor, up to now, from the stream. */
  async replay(cursor: string, kinds?: string[]): Promise<EventEnvelope[]> {
    const rows: EventEnvelope[] = [];
    let caughtUp = false;
    const ending = new AbortController();
    const onCaughtUp = () => {
      caughtUp = true;
      ending.abort();
    };
    for await (const row of this.events(cursor, kinds, ending.signal, onCaughtUp)) rows.push(row);
    if (!caughtUp) throw new NotTested('the stream ended before its replay had come to now', 'unreachable');
    return rows;
  }
}

export const pathOf = (address: string): string => {
  const slash = address.indexOf('/');
  return `/v1/actors/${address.slice(0, slash)}/${encodeURIComponent(address.slice(slash + 1))}`;
};

export const isOf = (address: string) => {
  const slash = address.indexOf('/');
  const [kind, id] = [address.slice(0, slash), address.slice(slash + 1)];
  return ({ payload: { actor } }: EventEnvelope) => actor.kind === kind && actor.id === id;
};

async function answered(asked: Promise<ActorSummary>): Promise<Answer> {
  try {
    return { kind: 'accepted', actor: await asked };
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error;
    const { code, status, message, details } = error;
    if (code === 'EVENT_REJECTED') {
      return { kind: 'rejected', state: String(details.state), legal: (details.legal ?? []) as string[] };
    }
    // It may stand before the deployment or in it: whether it was taken is open.
    if (status === 0 || status >= 500 || code === 'NOT_TROUPE') return { kind: 'lost', why: `${code}: ${message}` };
    return { kind: 'refused', code, why: message };
  }
}

/** What is heard of the stream while things are done. */
export class Follower {
  readonly rows: EventEnvelope[] = [];
  /** The cursor it began after. */
  readonly from: string;
  readonly #ending = new AbortController();
  readonly #waiting = new Set<() => void>();
  #failure: unknown;
  readonly #ended: Promise<void>;

  constructor(deployment: Deployment, cursor: string, kinds?: string[]) {
    this.from = cursor;
    this.#ended = this.#hear(deployment, cursor, kinds);
  }

  async #hear(deployment: Deployment, cursor: string, kinds?: string[]): Promise<void> {
    try {
      for await (const row of deployment.events(cursor, kinds, this.#ending.signal)) {
        this.rows.push(row);
        for (const look of [...this.#waiting]) look();
      }
    } catch (error) {
      this.#failure = error;
      for (const look of [...this.#waiting]) look();
    }
  }

  of(address: string): EventEnvelope[] {
    return this.rows.filter(isOf(address));
  }

  /** @returns false when it has not come in that time; throws what ended the stream */
  async until(holds: () => boolean, limitMs: number, signal?: AbortSignal): Promise<boolean> {
    if (holds()) return true;
    const waiting = new AbortController();
    const came = new Promise<boolean>((resolve, reject) => {
      const look = () => {
        if (this.#failure !== undefined) reject(this.#failure);
        else if (holds()) resolve(true);
        else return;
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
    const signals = signal ? AbortSignal.any([signal, waiting.signal]) : waiting.signal;
    try {
      return await Promise.race([came, delay(limitMs, false, { signal: signals })]);
    } finally {
      waiting.abort();
    }
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#ended;
  }
}
