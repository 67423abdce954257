/**
 * A client of `WS /v1/stream`: what it asks for, and the pump that feeds it.
 *
 * ```
 * connected ──subscribe──▶ subscribed, (gap), event…, caught_up, event… ──unsubscribe──▶ unsubscribed
 *     │ token, scope, query, frame, time           └──subscribe──▶ anew, from its own cursor
 *     ▼
 * error {code, message}, then close: 4001 token · 4003 scope · 4008 no subscribe in time · 4009 frame
 * ```
 * The pump reads the log from its position, sends, and reads on.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventFilter } from '../../actors/host/contract.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { ServerFrame, StreamFilters, SubscribeFrame } from '../../schemas/generated/contracts.ts';
import { withinAccounts } from '../auth/accounts.ts';
import type { Client } from '../auth/tokens.ts';
import { parse } from '../contracts.ts';
import { readQuery } from '../control/query.ts';
import type { Consumers } from './consumers.ts';
import { eventFrame } from './event-view.ts';
import { filterParameters, intersect } from './filters.ts';
import { BATCH, CLOSE, LogClient, type LogClientDeps } from './log-client.ts';

export interface StreamClientDeps extends LogClientDeps {
  consumers: Consumers;
  /** @throws ControlError SUBSCRIBED_TOO_OFTEN */
  subscribed: (client: Client) => Promise<void>;
}

export class StreamClient extends LogClient<StreamClientDeps> {
  #queryFilters: StreamFilters = {};
  #consumer: string | undefined;
  /** Aborts when another subscription takes its place, or the connection ends. */
  #subscription: AbortController | undefined;

  /** 0 before it subscribed. */
  get behind(): number {
    return this.#subscription && !this.over ? Math.max(0, this.deps.log.head - this.position) : 0;
  }

  protected begin(): void {
    this.#queryFilters = readQuery(this.deps.query, filterParameters);
    withinAccounts(this.client, this.#queryFilters);
    const { subscribeMs } = this.deps.limits;
    const late = new ControlError('SUBSCRIBE_TIMEOUT', { waitedMs: subscribeMs });
    this.after(subscribeMs, () => this.#subscription ?? this.fail(late, CLOSE.late));
  }

  protected stop(): void {
    this.#subscription?.abort();
  }

  protected async handle(sent: unknown): Promise<void> {
    const frame = parse.clientFrame(sent);
    switch (frame.type) {
      case 'subscribe':
        return await this.#subscribe(frame);
      case 'unsubscribe':
        this.#subscription?.abort();
        return this.say({ type: 'unsubscribed' });
      case 'ack':
        return this.#ack(frame.cursor);
      case 'ping':
        return this.say({ type: 'pong' });
      case 'pong':
        return;
    }
  }

  async #subscribe({ cursor, consumer, filters = {} }: SubscribeFrame): Promise<void> {
    const { log, consumers } = this.deps;
    // It would be rounded, and answered as another.
    if (cursor !== undefined && !Number.isSafeInteger(Number(cursor)))
      throw new ControlError('CURSOR_INVALID', { cursor });
    await this.deps.subscribed(this.client);
    this.#subscription?.abort();
    const subscription = new AbortController();
    this.#subscription = subscription;
    this.#consumer = consumer;
    const kept =
      cursor === undefined && consumer !== undefined
        ? await consumers.position(this.client.service, consumer)
        : undefined;
    if (this.over) return;
    const filter = intersect(this.#queryFilters, filters);
    const own = filter && withinAccounts(this.client, filter);
    this.position = cursor === undefined ? (kept ?? log.head) : Number(cursor);
    this.say({ type: 'subscribed', cursor: String(log.head) });
    this.#pump(own, subscription.signal).catch((error) => {
      if (!subscription.signal.aborted) this.fail(error, CLOSE.ours);
    });
  }

  /** Answered once it is durable; frames that follow need not wait for that. */
  #ack(text: string): void {
    const cursor = Number(text);
    if (this.#consumer === undefined) {
      throw new ControlError('FRAME_MALFORMED', { reason: 'ack is for a subscription that names a consumer' });
    }
    if (cursor > this.position) throw new ControlError('ACK_AHEAD', { cursor: text, sent: String(this.position) });
    const { service } = this.client;
    this.deps.consumers.ack(service, this.#consumer, cursor).then(
      (kept) => this.say({ type: 'acked', cursor: String(kept) }),
      (error) => {
        // Reads go on where nothing can be written: it is not answered, and the next one, once it is kept, covers it.
        if (!isControlError(error, 'JOURNAL_UNAVAILABLE')) this.fail(error, CLOSE.ours);
      }
    );
  }

  // The pump

  async #pump(filter: EventFilter | undefined, signal: AbortSignal): Promise<void> {
    const { log } = this.deps;
    let isCaughtUp = false;
    while (!signal.aborted) {
      const read = filter
        ? await log.read(this.position, BATCH, filter)
        : // Nothing can match: it hears of gaps and of the end of the replay all the same.
          { ...(await log.read(this.position, 1, {})), rows: [], position: Math.max(this.position, log.head) };
      if (signal.aborted) return;
      if (read.gap) {
        const { from, to, reason } = read.gap;
        this.say({ type: 'gap', from: String(from), to: String(to), reason });
      }
      for (const row of read.rows) {
        this.sendText(eventFrame(row));
        this.position = row.cursor;
        if (this.isBehind) await this.drained(signal);
        if (signal.aborted) return;
      }
      this.position = read.position;
      if (!isCaughtUp && this.position >= log.head) {
        isCaughtUp = true;
        this.say({ type: 'caught_up', cursor: String(this.position) });
      }
      if (this.position < log.head) await nextTurn();
      else await log.grown(this.position, signal);
    }
  }

  private say(frame: ServerFrame): void {
    this.send(frame);
  }
}
