/**
 * `WS /v1/inspect`: Stately's inspector on the log. It asks for nothing, so it is told at once: the actors that live, and
 * what happens from then on; with `?cursor=` everything after that. The stream's filters are in the address.
 *
 * It may say `{type: 'xstate.event', event, sessionId}`, as `@xstate/inspect` did: the actor is told that event, when the token has
 * the scope `actor:KIND`. What is refused is answered with an `error` frame; the connection stays.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ActorHost, EventFilter, EventRow } from '../../actors/host/contract.ts';
import { ControlError, isControlError } from '../../schemas/errors.ts';
import type { MachineNode } from '../../schemas/generated/contracts.ts';
import { maySee, withinAccounts } from '../auth/accounts.ts';
import { parse } from '../contracts.ts';
import { cursor, readQuery } from '../control/query.ts';
import type { TellActor } from '../control/tell-actor.ts';
import { filterParameters, intersect } from './filters.ts';
import { actorMet, addressOf, type KnownMachine, knownMachine, metInRow, rowEvents } from './inspect-events.ts';
import { BATCH, CLOSE, LogClient, type LogClientDeps } from './log-client.ts';

export interface InspectDeps extends LogClientDeps {
  host: ActorHost;
  /** Kinds that are in no table. */
  volatileKinds: readonly string[];
  machineOf: (kind: string) => MachineNode | undefined;
  tell: TellActor;
}

/** Of those that live, so many are told at once; others when they move. The newest come first. */
const MOST_LIVING = 1_000;
const PAGE = 100;
/** Actors it is remembered that they were told; one that is forgotten is told again when it moves. */
const MOST_MET = 20_000;

export class InspectClient extends LogClient<InspectDeps> {
  readonly #feeding = new AbortController();
  readonly #machines = new Map<string, KnownMachine | undefined>();
  /** With the cursor it was told at: what led there is not told after it. */
  readonly #met = new Map<string, number>();

  get behind(): number {
    return this.over ? 0 : Math.max(0, this.deps.log.head - this.position);
  }

  protected begin(): void {
    const { cursor: asked, ...filters } = readQuery(this.deps.query, {
      ...filterParameters,
      cursor,
      code: (value: string) => value
    });
    const { code: _, ...own } = filters;
    const filter = withinAccounts(this.client, intersect(own, {}) ?? {});
    this.position = asked ?? this.deps.log.head;
    this.#feed(filter, asked === undefined).catch((error) => {
      if (!this.#feeding.signal.aborted) this.fail(error, CLOSE.ours);
    });
  }

  protected stop(): void {
    this.#feeding.abort();
  }

  protected async handle(frame: unknown): Promise<void> {
    const { event, sessionId } = parse.inspectFrame(frame);
    const [kind = '', ...id] = sessionId.split('/');
    try {
      await this.deps.tell(this.client, kind, id.join('/'), eventOf(event));
    } catch (error) {
      if (!isControlError(error) || error.status >= 500) throw error;
      this.deps.refused(error, this.client);
      this.send(this.errorFrame(error));
    }
  }

  async #feed(filter: EventFilter, tellsLiving: boolean): Promise<void> {
    const { log } = this.deps;
    const { signal } = this.#feeding;
    if (tellsLiving) await this.#living(filter);
    while (!signal.aborted) {
      const read = await log.read(this.position, BATCH, filter);
      if (signal.aborted) return;
      if (read.gap) {
        const { from, to, reason } = read.gap;
        this.send({ type: 'gap', from: String(from), to: String(to), reason });
      }
      for (const row of read.rows) {
        await this.#row(row);
        if (signal.aborted) return;
      }
      this.position = read.position;
      if (this.position < log.head) await nextTurn();
      else await log.grown(this.position, signal);
    }
  }

  async #row(row: EventRow): Promise<void> {
    const machine = this.#machine(row.actorKind);
    const address = addressOf(row);
    this.position = row.cursor;
    if ((this.#met.get(address) ?? 0) >= row.cursor) return;
    if (!this.#met.has(address)) this.#meet(actorMet(metInRow(row), machine), 0);
    for (const event of rowEvents(row, machine)) this.send(event);
    if (this.isBehind) await this.drained(this.#feeding.signal);
  }

  /** As they are now; what happens meanwhile comes after, from the log. */
  async #living(filter: EventFilter): Promise<void> {
    const { host, volatileKinds } = this.deps;
    const { signal } = this.#feeding;
    const { account_id, session_id, platform, correlation_id, actor_kinds } = filter;
    const accounts = typeof account_id === 'string' ? [account_id] : account_id;
    const isMeant = (kind: string, account: string | null) =>
      (actor_kinds === undefined || actor_kinds.includes(kind)) &&
      (accounts === undefined || (account !== null && accounts.includes(account))) &&
      maySee(this.client, account);
    for (const actor of volatileKinds.flatMap((kind) => host.volatileActors(kind))) {
      if (session_id ?? platform ?? correlation_id) break;
      if (isMeant(actor.kind, actor.subject.account_id)) this.#meetLiving(actor);
    }
    const query = {
      status: 'active' as const,
      limit: PAGE,
      ...(account_id === undefined ? {} : { account_id }),
      ...(session_id === undefined ? {} : { session_id }),
      ...(platform === undefined ? {} : { platform }),
      ...(correlation_id === undefined ? {} : { correlation_id })
    };
    let page: string | undefined;
    for (let told = 0; told < MOST_LIVING && !signal.aborted; told += PAGE) {
      const found = await host.journal.queryActors({ ...query, ...(page === undefined ? {} : { page }) });
      for (const { address } of found.items) {
        const actor = await host.read(address);
        if (actor && isMeant(actor.kind, actor.subject.account_id)) this.#meetLiving(actor);
        if (this.isBehind) await this.drained(signal);
        if (signal.aborted) return;
      }
      if (found.next === null) return;
      page = found.next;
    }
  }

  #meetLiving(actor: NonNullable<Awaited<ReturnType<ActorHost['read']>>>): void {
    const met = {
      address: actor.address,
      state: actor.state,
      status: actor.status,
      context: { why: actor.why },
      parent: actor.parent,
      at: actor.updatedAt,
      cursor: actor.lastCursor
    };
    this.#meet(actorMet(met, this.#machine(actor.kind)), actor.lastCursor);
  }

  #meet(event: ReturnType<typeof actorMet>, cursor: number): void {
    this.send(event);
    this.#met.set(event.sessionId, cursor);
    if (this.#met.size > MOST_MET) this.#met.delete(this.#met.keys().next().value as string);
  }

  #machine(kind: string): KnownMachine | undefined {
    if (!this.#machines.has(kind)) {
      const root = this.deps.machineOf(kind);
      this.#machines.set(kind, root && knownMachine(root));
    }
    return this.#machines.get(kind);
  }
}

/** An event as XState 5 has it, as text, or in the envelope that XState 4's inspector put around it. */
function eventOf(event: string | Record<string, unknown>): unknown {
  if (typeof event === 'string') {
    if (!event.trimStart().startsWith('{')) return { type: event };
    try {
      return eventOf(JSON.parse(event) as Record<string, unknown>);
    } catch (error) {
      throw new ControlError('FRAME_MALFORMED', { reason: (error as Error).message.slice(0, 200) }, error);
    }
  }
  if (event.$$type !== 'scxml') return event;
  const { name, data } = event as { name?: unknown; data?: Record<string, unknown> };
  return { ...(typeof data === 'object' ? data : {}), type: data?.type ?? name };
}
